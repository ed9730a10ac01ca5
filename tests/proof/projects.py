"""Cases as projects on disk, as they are and with the edits of their findings, and their runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fwp_checks.finding import Finding, Range, Severity
from fwp_checks.fixes import apply
from fwp_checks.session import Session
from tests.proof.conventions import Instructions, instructions
from tests.rules.markdown import Case

REPOSITORY = Path(__file__).parents[2]
_MOST_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Project:
    """A case written to a folder, what is reported in it, and how it is run."""

    case: Case
    root: Path
    findings: tuple[Finding, ...]
    instructions: Instructions

    @property
    def job(self) -> dict[str, Any]:
        """The project as ``running`` reads it."""
        sources = "\n".join(self.case.files.values())
        is_alchemy = "sqlalchemy" in sources or "sqlmodel" in sources
        return {
            "root": str(self.root),
            "framework": "alchemy_runs" if is_alchemy else "django_runs",
            "run": self.instructions.run,
            "rows": self.instructions.rows,
        }


def write(case: Case, root: Path) -> Project:
    """The project of a case, with the findings that the case says there are.

    (That the linter reports these and no others is what ``tests/rules`` is for.)
    """
    case.write(root)
    checked = _checked(case, root)
    found = {(f.path, f.range.line, f.code): f for f in reversed(checked.findings)}
    said = [(e.path, e.line, e.code) for e in case.expectations]
    return replace(checked, findings=tuple([found.get(key) or _only_said(key) for key in said]))


def _only_said(key: tuple[str, int, str]) -> Finding:
    path, line, code = key
    where = Range(line, 1, line, 2)
    return Finding(code, "", Severity.WARNING, path, where, "", "", "", "")


def fixed(project: Project, root: Path) -> Project | None:
    """The project with the edits of its findings made, in another folder; None if there are none.

    Edits that overlap are made one after the other.
    """
    if not any(finding.edits for finding in project.findings):
        return None
    current = replace(project, root=root)
    project.case.write(root)
    for _ in range(_MOST_ROUNDS):
        texts = {path: (root / path).read_text(encoding="utf-8") for path in project.case.files}
        applied = apply(texts, current.findings)
        if not applied.findings:
            break
        for path, text in applied.texts.items():
            (root / path).write_text(text, encoding="utf-8")
        current = _checked(project.case, root)
    return current


def run(projects: Sequence[Project]) -> list[dict[str, Any]]:
    """Run projects one after the other in one process; a result each."""
    text = json.dumps([project.job for project in projects])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.proof.running"],
        input=text,
        capture_output=True,
        encoding="utf-8",
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    results: list[dict[str, Any]] = json.loads(done.stdout)
    return results


def _checked(case: Case, root: Path) -> Project:
    report = Session.open(root, cache_dir=False).check_all()
    return Project(case, root, report.findings, instructions(case))
