"""The engine against every row: what a program is expected to do is found there, and nothing else.

All programs make one project, so this also runs the engine over some ten thousand small files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from fwp_checks.catalogue import Catalogue, EffectRow
from fwp_checks.session import Session
from fwp_checks.settings import Settings

from .programs import (
    MARK,
    Program,
    example_of,
    names_by_row,
    programs_for,
    shipped_tables,
    statement,
    ways,
)

CATALOGUE = Catalogue.shipped()
TABLES = shipped_tables()
REPORTED = ("blocks", "runs_loop")
# Functions that nothing is known to call are commands if they ask somebody at a terminal.
_OF_COMMANDS = ("input",)

_WORK = "def work(*_):\n    import time\n    time.sleep(1)\n"
_ROWS = "def rows():\n    import time\n    time.sleep(1)\n    yield 1\n"
_MANAGED = (
    "import contextlib\n@contextlib.contextmanager\ndef managed():\n    import time\n"
    "    time.sleep(1)\n    yield\n"
)
# What is handed to a name that has the role, the source it needs, whether that is reported.
_HANDED = {
    "offloads": ("work", _WORK, False),
    "offloads_sync": ("work", _WORK, False),
    "calls": ("work", _WORK, True),
    "iterates": ("rows()", _ROWS, True),
    "enters": ("managed()", _MANAGED, True),
}


@dataclass(frozen=True, slots=True)
class Case:
    """A program and whether its marked line is to be reported."""

    label: str
    program: str
    reported: bool


def _holds(row: EffectRow, conditions: tuple[str, ...]) -> bool:
    """Whether a row holds for a call that has just what the conditions ask for."""
    known = set(conditions)
    for condition in conditions:
        place = condition.partition("=")[0].rpartition(":")[2]
        known.add(f"has:{place}")
    return known.issuperset(row.when) and known.isdisjoint(row.unless)


def effect_cases() -> Iterator[Case]:
    """Each name of each row: with the arguments it needs, without them, and with an excuse."""
    for names in names_by_row(TABLES).values():
        for row_name in names:
            rows = [r for r in CATALOGUE.effects(example_of(row_name)) if r.effect in REPORTED]
            variants = {()} | {row.when for row in rows}
            variants |= {(*row.when, excuse) for row in rows for excuse in row.unless}
            for conditions in sorted(variants) if rows else ():
                reported = any(
                    _holds(row, conditions) and row.kind not in _OF_COMMANDS for row in rows
                )
                for way, program in programs_for(row_name, CATALOGUE, conditions).items():
                    yield Case(f"{row_name} {conditions} by {way}", program, reported)


def role_cases() -> Iterator[Case]:
    """A blocking function or generator handed to each name that has a role."""
    for name, numbers in TABLES["roles"]["single"].items():
        blocks = any(_holds(row, ()) for row in CATALOGUE.effects(name))
        for role, arguments in (TABLES["role_rows"][number] for number in numbers):
            if role not in _HANDED:
                continue
            for argument in arguments:
                for way in ways(name, CATALOGUE):
                    reported = blocks or _HANDED[role][2]
                    made = _role_program(name, role, argument, way)
                    yield Case(f"{role} {name} {argument} by {way}", made, reported)


def _role_program(name: str, role: str, argument: str | int, way: str) -> str:
    expression, source, _ = _HANDED[role]
    program = Program(CATALOGUE)
    program.lines.append(source)
    if isinstance(argument, int):
        given = ", ".join([*["None"] * argument, expression])
    else:
        given = expression if argument == "*" else f"{argument}={expression}"
    value = CATALOGUE.gives(name, "call") or ""
    keyword = "await " if value.startswith("awaitable[") else ""
    return program.text(keyword + statement(name, way, given, program))


@dataclass(frozen=True, slots=True)
class Outcome:
    """Cases by whether their marked line is reported, and reports of any other line."""

    reported: dict[Case, bool]
    others: list[str]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """One run over a project of all cases."""
    root = tmp_path_factory.mktemp("programs")
    (root / "pyproject.toml").write_text("", encoding="utf-8")
    cases = {
        f"program_{number}.py": case for number, case in enumerate((*effect_cases(), *role_cases()))
    }
    for path, case in cases.items():
        (root / path).write_text(case.program, encoding="utf-8")
    settings = Settings(file_access="everywhere", file_metadata=True, preview=True)
    report = Session.open(root, settings=settings, cache_dir=False).check_all()
    reported = dict.fromkeys(cases.values(), False)
    others: list[str] = []
    for finding in report.findings:
        case = cases[finding.path]
        if MARK in case.program.splitlines()[finding.range.line - 1]:
            reported[case] = True
        else:
            others.append(f"{case.label}: {finding.message}")
    return Outcome(reported, others)


def test_what_rows_say_is_reported(outcome: Outcome) -> None:
    missed = [case.label for case, found in outcome.reported.items() if case.reported and not found]
    assert missed == []


def test_what_rows_excuse_is_silent(outcome: Outcome) -> None:
    wrong = [case.label for case, found in outcome.reported.items() if found and not case.reported]
    assert wrong == []


def test_nothing_else_is_reported(outcome: Outcome) -> None:
    assert outcome.others == []
