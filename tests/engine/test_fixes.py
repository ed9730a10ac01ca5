"""Edits on texts: made together or not at all, and nothing else changes, not by a byte."""

from __future__ import annotations

import codecs
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwp_checks.finding import Edit, Finding, Range, Severity
from fwp_checks.fixes import Document, apply

ENCODINGS = ("utf-8", "utf-8-sig", "latin-1", "cp1252")
CHARACTERS = "abc \t()\"'#é\n\r\f\u2028"


def finding(*edits: Edit) -> Finding:
    return Finding(
        "FWP201", "rule", Severity.ERROR, "a.py", Range(1, 1, 1, 1), "", "", "", "", (), edits
    )


def edit(line: int, column: int, end_line: int, end_column: int, text: str) -> Edit:
    return Edit("a.py", Range(line, column, end_line, end_column), text)


def insert(line: int, column: int, text: str) -> Edit:
    return edit(line, column, line, column, text)


def edited(text: str, *findings: Finding) -> str:
    return apply({"a.py": text}, findings).texts.get("a.py", text)


def place(text: str, offset: int) -> tuple[int, int] | None:
    """Line and column of an offset; None inside a line end."""
    if text[max(0, offset - 1) : offset + 1] == "\r\n":
        return None
    before = re.split(r"\r\n|\r|\n", text[:offset])
    return len(before), len(before[-1]) + 1


def test_positions_count_characters_from_one() -> None:
    assert edited("é = a()\nb = c()\n", finding(edit(2, 5, 2, 6, "d"))) == "é = a()\nb = d()\n"
    assert edited("a = b()\n", finding(insert(1, 8, ".c()"))) == "a = b().c()\n"


def test_only_python_line_ends_are_lines() -> None:
    text = "a\f\v\u2028b\rc\r\nd"
    assert edited(text, finding(edit(1, 5, 1, 6, "x"))) == "a\f\v\u2028x\rc\r\nd"
    assert edited(text, finding(edit(3, 1, 3, 2, "x"))) == "a\f\v\u2028b\rc\r\nx"


def test_new_lines_end_as_the_others_do() -> None:
    assert edited("(a)\r\n", finding(insert(1, 3, "\n.b()"))) == "(a\r\n.b())\r\n"
    assert edited("(a)", finding(insert(1, 3, "\n.b()"))) == "(a\n.b())"


def test_edits_of_several_findings_are_made_together() -> None:
    applied = apply(
        {"a.py": "f(1)\ng(2)\n", "b.py": "h(3)\n", "c.py": "\n"},
        [
            finding(edit(2, 3, 2, 4, "20"), Edit("b.py", Range(1, 1, 1, 2), "k")),
            finding(edit(1, 3, 1, 4, "10")),
            finding(),
        ],
    )
    assert applied.texts == {"a.py": "f(10)\ng(20)\n", "b.py": "k(3)\n"}
    assert len(applied.findings) == 2


@pytest.mark.parametrize(
    "second",
    [edit(1, 2, 1, 4, "x"), edit(1, 1, 1, 6, "x"), insert(1, 4, "x"), edit(1, 3, 1, 5, "x")],
)
def test_of_overlapping_edits_the_first_is_made(second: Edit) -> None:
    first = finding(edit(1, 3, 1, 5, "CD"))
    applied = apply({"a.py": "abcdef"}, [first, finding(second)])
    assert applied.texts == {"a.py": "abCDef"}
    assert applied.findings == (first,)


def test_two_insertions_at_one_place_have_no_order() -> None:
    assert edited("ab", finding(insert(1, 2, "x")), finding(insert(1, 2, "y"))) == "axb"


def test_edits_that_touch_do_not_overlap() -> None:
    three = [edit(1, 3, 1, 4, "C"), insert(1, 3, "+"), edit(1, 2, 1, 3, "B")]
    assert edited("abcd", *map(finding, three)) == "aB+Cd"


def test_what_two_findings_ask_for_is_done_once() -> None:
    shared = insert(1, 1, "import x\n")
    both = [finding(shared, insert(2, 2, "1")), finding(shared, insert(3, 2, "2"))]
    applied = apply({"a.py": "\na\nb\n"}, both)
    assert applied.texts == {"a.py": "import x\n\na1\nb2\n"}
    assert applied.findings == tuple(both)


@pytest.mark.parametrize(
    "impossible",
    [
        insert(3, 1, "x"),
        insert(1, 5, "x"),
        insert(1, 0, "x"),
        insert(0, 1, "x"),
        edit(2, 1, 1, 1, "x"),
        Edit("missing.py", Range(1, 1, 1, 1), "x"),
    ],
)
def test_a_finding_of_which_one_edit_cannot_be_made_is_left_alone(impossible: Edit) -> None:
    applied = apply({"a.py": "abc\nd"}, [finding(insert(1, 1, "y"), impossible)])
    assert (applied.texts, applied.findings) == ({}, ())


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(st.data())
def test_all_bytes_outside_the_edits_stay(encoding: str, data: st.DataObject) -> None:
    mark = codecs.BOM_UTF8 if encoding == "utf-8-sig" else b""
    plain = encoding.removesuffix("-sig")
    alphabet = CHARACTERS if plain == "utf-8" else CHARACTERS.removesuffix("\u2028")
    body = data.draw(st.text(alphabet, max_size=60))
    text = f"# coding: {plain}\n{body}"
    before = mark + text.encode(plain)
    document = Document.read(before)
    assert document is not None
    assert document.bytes_of(document.text) == before

    first, last = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    start, end = place(text, first), place(text, last)
    replacement = data.draw(st.text("xyé", max_size=5))
    if start is None or end is None:
        return
    applied = apply({"a.py": document.text}, [finding(edit(*start, *end, replacement))])
    after = document.bytes_of(applied.texts["a.py"])
    assert after == (
        mark + text[:first].encode(plain) + replacement.encode(plain) + text[last:].encode(plain)
    )


@given(st.text("ab\r\n", max_size=30), st.data())
def test_edits_do_not_depend_on_their_order(text: str, data: st.DataObject) -> None:
    offsets = [offset for offset in range(len(text) + 1) if place(text, offset)]
    cuts = sorted(data.draw(st.sets(st.sampled_from(offsets), min_size=1)))
    edits = []
    expected = text[: cuts[0]]
    for number, (start, end) in enumerate(zip(cuts, [*cuts[1:], len(text)], strict=True)):
        first, last = place(text, start), place(text, end)
        assert first and last
        edits.append(finding(edit(*first, *last, f"<{number}>")))
        expected += f"<{number}>"
    assert edited(text, *data.draw(st.permutations(edits))) == expected


@pytest.mark.parametrize(
    "data",
    [
        b"# coding: nonsense\n",
        b"# coding: utf-8\nx = '\xff'\n",
        codecs.BOM_UTF8 + b"# coding: latin-1\n",
        b"# coding: iso-2022-jp\nx = '\x1b(B'\n",
    ],
)
def test_bytes_that_a_text_would_not_give_back_are_refused(data: bytes) -> None:
    assert Document.read(data) is None


def test_characters_that_the_encoding_does_not_have() -> None:
    document = Document.read(b"# coding: latin-1\n")
    assert document is not None
    assert document.bytes_of("# coding: latin-1\n\u6f22") is None
