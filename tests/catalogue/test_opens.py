"""Every row of what opens something: a program that does so is seen to, and one that is excused is
not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fwp_checks.catalogue import Catalogue
from fwp_checks.interpreter import deep_recursion
from fwp_checks.session import Session

from .programs import MARK, names_by_row, programs_for, shipped_tables

CATALOGUE = Catalogue.shipped()
TABLES = shipped_tables()


@dataclass(frozen=True, slots=True)
class Case:
    """A program, and what its marked line opens: a resource, empty for nothing."""

    label: str
    program: str
    resource: str


def cases() -> Iterator[Case]:
    """Each name of each row with the arguments it needs, and with each excuse."""
    for number, names in names_by_row(TABLES).items():
        effect, _, _, _, _, unless, when, _, resource = TABLES["effect_rows"][number]
        for name in names if effect == "opens" else ():
            for excuse in ([], *[[excuse] for excuse in unless]):
                conditions = [*when, *excuse]
                for way, program in programs_for(name, CATALOGUE, conditions).items():
                    label = f"{name} {conditions} by {way}"
                    yield Case(label, program, "" if excuse else resource)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> dict[Case, list[str]]:
    """What the handler of each program opens at the marked line."""
    root: Path = tmp_path_factory.mktemp("programs")
    (root / "pyproject.toml").write_text("", encoding="utf-8")
    programs = {f"program_{number}.py": case for number, case in enumerate(cases())}
    for path, case in programs.items():
        (root / path).write_text(case.program, encoding="utf-8")
    found: dict[Case, list[str]] = {case: [] for case in programs.values()}
    with deep_recursion():
        project = Session.open(root, cache_dir=False)._linked()
        for module in project.table.modules:
            case = programs[module.path]
            for number, scope in enumerate(module.facts.scopes):
                if scope.name != "handler":
                    continue
                frame = project.frame_of_scope(module, number)
                for opening in project.lifetimes.openings.in_function(frame):
                    line = module.facts.span(opening.term)[0]
                    if MARK in case.program.splitlines()[line - 1]:
                        found[case].append(opening.row.resource)
    return found


def test_each_row_has_a_program() -> None:
    rows = [row for row in TABLES["effect_rows"] if row[0] == "opens"]
    assert len({case.label.split()[0] for case in cases()}) >= len(rows) > 0


def test_what_rows_open_is_found(opened: dict[Case, list[str]]) -> None:
    wrong = [
        case.label for case, found in opened.items() if case.resource and found != [case.resource]
    ]
    assert wrong == []


def test_what_rows_excuse_opens_nothing(opened: dict[Case, list[str]]) -> None:
    wrong = [case.label for case, found in opened.items() if not case.resource and found]
    assert wrong == []
