"""What holds for every program: no crash, and findings that follow meaning and not spelling."""

from __future__ import annotations

import ast
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from fwp_checks.finding import Report
from fwp_checks.session import Session
from tests.engine.programs import LOCALS, TELLING, Program, programs, renamed, with_imports


def check(program: Program, *, alone: bool = False) -> Report:
    """The findings of a program; ``alone`` asks for each file on its own."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "project")
        root.mkdir()
        program.write(root)
        opened = Session.open(root, cache_dir=False)
        if not alone:
            return opened.check_all()
        reports = [opened.check(root / path) for path in sorted(program.modules, reverse=True)]
        findings = sorted(
            (finding for report in reports for finding in report.findings),
            key=lambda finding: finding.sort_key,
        )
        return Report(tuple(findings), ())


def places(report: Report) -> list[object]:
    """Everything about findings but their words."""
    return [
        (
            finding.code,
            finding.severity,
            finding.path,
            finding.range,
            [(step.path, step.range) for step in finding.trace],
        )
        for finding in report.findings
    ]


@given(programs())
def test_programs_parse(program: Program) -> None:
    for text in program.texts().values():
        ast.parse(text)


@given(programs())
def test_no_program_breaks_the_linter(program: Program) -> None:
    report = check(program)
    assert [finding for finding in report.findings if finding.code.startswith("FWP9")] == []
    assert report.skipped == ()
    for finding in report.findings:
        assert "\n" not in finding.text
        text = program.texts()[finding.path].split("\n")
        assert 1 <= finding.range.line <= finding.range.end_line <= len(text)
        assert all(step.path in program.modules for step in finding.trace)


@given(programs(), st.permutations(TELLING))
def test_names_of_local_variables_mean_nothing(program: Program, names: list[str]) -> None:
    assert places(check(renamed(program, names[: len(LOCALS)]))) == places(check(program))


@given(programs(), st.randoms(use_true_random=False))
def test_the_order_of_imports_means_nothing(program: Program, random: object) -> None:
    def shuffled(imports: tuple[str, ...]) -> list[str]:
        return random.sample(imports, len(imports))  # type: ignore[attr-defined, no-any-return]

    assert places(check(with_imports(program, shuffled))) == places(check(program))


@given(programs())
def test_files_asked_for_alone_give_the_same(program: Program) -> None:
    assert check(program, alone=True).findings == check(program).findings


@given(programs())
def test_moving_lines_keeps_fingerprints(program: Program) -> None:
    def moved(imports: tuple[str, ...]) -> list[str]:
        return ["# one line", "", *imports]

    def fingerprints(checked: Program) -> Counter[str]:
        return Counter(finding.fingerprint for finding in check(checked).findings)

    assert fingerprints(with_imports(program, moved)) == fingerprints(program)


@pytest.mark.parametrize("code", ["FWP101", "FWP102"])
def test_programs_are_worth_checking(code: str) -> None:
    def has_finding(program: Program) -> bool:
        return any(finding.code == code for finding in check(program).findings)

    found = find(
        programs(), has_finding, settings=settings(max_examples=200, phases=[Phase.generate])
    )
    assert found.modules
