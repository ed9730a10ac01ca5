"""The cases of FWP201 to FWP213, and FWP220, against the frameworks themselves."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.proof.conventions import instructions
from tests.proof.django_runs import ROWS
from tests.proof.projects import fixed, run, write
from tests.proof.verdicts import PROVED, WHOLE_TABLES, contradictions, whole_tables
from tests.rules.markdown import Case, pages

CASES = [case for page in pages() for case in page.cases if case.rule_code in PROVED]

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="each case runs in a fork")


@pytest.mark.parametrize("code", sorted({case.rule_code for case in CASES}))
def test_rule(code: str, tmp_path: Path) -> None:
    """All cases of a rule at once, so that one process runs them."""
    pytest.importorskip("django")
    problems = told([case for case in CASES if case.rule_code == code], tmp_path)
    assert not problems, "\n".join(problems)


def told(cases: Sequence[Case], folder: Path) -> list[str]:
    """What contradicts the cases, as they are and with the edits of their findings made."""
    projects = []
    for case in cases:
        found = instructions(case)
        if not found.not_run and not found.missing:
            project = write(case, folder / case.name / "given")
            after = fixed(project, folder / case.name / "fixed")
            projects += [project] if after is None else [project, after]
    problems = []
    for project, result in zip(projects, run(projects), strict=True):
        case = project.case
        where = f"{case.page.parent.name}/rule.md:{case.line}: {case.heading} ({project.root.name})"
        if case.rule_code in WHOLE_TABLES:
            found_here = whole_tables(project.findings, result, ROWS)
        else:
            found_here = contradictions(project.findings, result)
        problems += [f"{where}\n    {problem}" for problem in found_here]
    return problems
