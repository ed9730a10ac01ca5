"""What a module binds and imports when it is imported, statement by statement."""

from __future__ import annotations

import pytest

from fwp_checks.facts.toplevel import Imported, steps


def bound(text: str) -> list[tuple[str, ...]]:
    return [step.names for step in steps(text)]


def test_statements_are_in_order() -> None:
    text = "import os.path\nfrom a import b as c\nx = y = 1\ndef f(): z = 1\nclass C: w = 1\n"
    assert bound(text) == [("os",), ("c",), ("x", "y"), ("f",), ("C",)]


def test_imports_say_what_they_take() -> None:
    [plain, relative] = steps("import a.b as c, d\nfrom .. import e\n")
    assert plain.imports == (Imported("a.b", None, 0), Imported("d", None, 0))
    assert relative.imports == (Imported("", "e", 2),)


@pytest.mark.parametrize(
    "text",
    [
        "if x:\n    import a\n",
        "if x:\n    pass\nelse:\n    import a\n",
        "try:\n    import a\nexcept ImportError:\n    pass\n",
        "try:\n    pass\nexcept ImportError:\n    import a\n",
        "for x in y:\n    import a\n",
        "while x:\n    import a\n",
        "match x:\n    case 1:\n        import a\n",
    ],
)
def test_an_import_under_a_condition_is_not_certain(text: str) -> None:
    assert [step.is_certain for step in steps(text) if step.imports] == [False]


@pytest.mark.parametrize(
    "text", ["with x:\n    import a\n", "try:\n    import a\nfinally:\n    pass\n", "import a"]
)
def test_an_import_that_always_runs_is_certain(text: str) -> None:
    assert [step.is_certain for step in steps(text) if step.imports] == [True]


@pytest.mark.parametrize("test", ["TYPE_CHECKING", "typing.TYPE_CHECKING"])
def test_what_only_type_checkers_see_is_left_out(test: str) -> None:
    assert steps(f"if {test}:\n    import a\n") == []


def test_a_text_that_cannot_be_parsed_has_no_steps() -> None:
    assert steps("def (:") == []
