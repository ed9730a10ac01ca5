"""Comments that silence findings."""

from __future__ import annotations

import marshal

import pytest

from fwp_checks.facts.comments import hides, problems, suppressions


def silenced(text: str, code: str = "FWP102") -> list[int]:
    """The lines at which a code is silenced."""
    found = suppressions(text)
    assert not problems(found)
    return [line for line in range(1, text.count("\n") + 2) if hides(found, line, code)]


def test_a_comment_is_for_its_line() -> None:
    assert silenced("a()\nb()  # fwp: ignore[FWP102] known\nc()\n") == [2]


@pytest.mark.parametrize(
    ("comment", "codes"),
    [
        ("# fwp: ignore", {"FWP101", "FWP102", "FWP201"}),
        ("#fwp:ignore[FWP1]", {"FWP101", "FWP102"}),
        ("# fwp: ignore [FWP101,FWP201] for now", {"FWP101", "FWP201"}),
        ("# FWP: ignore[FWP102]", {"FWP102"}),
        ("# noqa: E501  # fwp: ignore[FWP102]", {"FWP102"}),
        ("# fwp: ignore because [FWP102] is not true here", {"FWP101", "FWP102", "FWP201"}),
    ],
)
def test_forms(comment: str, codes: set[str]) -> None:
    found = suppressions(f"a()  {comment}\n")
    assert {code for code in ("FWP101", "FWP102", "FWP201") if hides(found, 1, code)} == codes
    assert not problems(found)


@pytest.mark.parametrize(
    ("comment", "reason"),
    [
        ("# fwp: ignore[fwp102]", "'fwp102' is not a code: codes look like FWP102 or FWP1"),
        ("# fwp: ignore[]", "'' is not a code: codes look like FWP102 or FWP1"),
        ("# fwp: ignore[FWP102, E501]", "'E501' is not a code: codes look like FWP102 or FWP1"),
        ("# fwp: ignore[FWP102", "the bracket after 'ignore' is not closed"),
        ("# fwp: ignore FWP102", "codes stand in brackets"),
        ("# fwp: noqa", "'fwp: noqa' is not known"),
        ("# fwp: ignored", "'fwp: ignored' is not known"),
    ],
)
def test_what_cannot_be_understood_silences_nothing_and_is_told(comment: str, reason: str) -> None:
    found = suppressions(f"a()\nb()  {comment}\n")
    [(line, told)] = problems(found)
    assert line == 2
    assert told.startswith(reason)
    assert not hides(found, 2, "FWP102")


def test_alone_on_its_line_it_is_for_the_next_statement() -> None:
    assert silenced("# fwp: ignore\n\n# why\na(\n  b,\n)\nc()\n") == [4, 5, 6]
    assert silenced("def f():\n    # fwp: ignore\n    return a()\n    b()\n") == [3]


def test_before_a_compound_statement_it_is_for_the_header() -> None:
    assert silenced("# fwp: ignore\ndef f(\n    a=b(),\n):\n    c()\n") == [2, 3, 4]


def test_after_a_statement_of_several_lines_it_is_for_all_of_them() -> None:
    assert silenced("x = a(\n  b,\n)  # fwp: ignore\nc()\n") == [1, 2, 3]


def test_within_a_statement_it_is_for_its_own_line_or_the_next() -> None:
    assert silenced("x = a(  # fwp: ignore\n  b(),\n  c(),\n)\n") == [1]
    assert silenced("x = a(\n  # fwp: ignore\n\n  b(),\n  c(),\n)\n") == [4]
    assert silenced("x = a(\n  b(),  # fwp: ignore\n  c(),\n)\n") == [2]


def test_a_file_is_silenced_from_anywhere() -> None:
    text = "a()\nb()\n# fwp: ignore-file[FWP1] generated\n"
    assert silenced(text) == [1, 2, 3, 4]
    assert silenced(text, "FWP201") == []


def test_several_comments_add_up() -> None:
    text = "# fwp: ignore[FWP101]\na()  # fwp: ignore[FWP102]\n"
    assert silenced(text, "FWP101") == [2]
    assert silenced(text, "FWP102") == [2]


@pytest.mark.parametrize(
    "text",
    [
        "x = '# fwp: ignore'\n",
        "'''\n# fwp: ignore\n'''\nx\n",
        "x = f'{a}# fwp: ignore'\n",
        "# fwp checks this\n",
        "x = 'unfinished\n# fwp: ignore\n",
        "a()\n# fwp: ignore",
    ],
)
def test_what_is_no_comment_or_has_no_statement_silences_nothing(text: str) -> None:
    assert suppressions(text) == {}


def test_comments_in_replacement_fields_do_not_disturb() -> None:
    assert silenced("x = f'{a[\"b\"]}'\nb()  # fwp: ignore\n") == [2]
    assert silenced("x = f'{a['b']}'\nb()  # fwp: ignore\n") == [2]


def test_the_data_can_be_stored() -> None:
    found = suppressions("a()  # fwp: ignore[FWP1]\nb()  # fwp: nothing\n")
    assert marshal.loads(marshal.dumps(dict(found))) == found
