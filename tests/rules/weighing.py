"""How much the findings of a small program weigh."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from fwp_checks.finding import Severity
from fwp_checks.session import Session


def severities(root: Path, head: str, source: str) -> list[Severity]:
    """The severities of what is found in a program of one file, written to a project's empty root:
    its imports, and the rest, which may be indented. What may never happen is reported, too.
    """
    (root / "pyproject.toml").write_text("[tool.fwp]\npreview = true\n", encoding="utf-8")
    (root / "main.py").write_text(head + dedent(source), encoding="utf-8")
    report = Session.open(root, cache_dir=False).check_all()
    return [finding.severity for finding in report.findings]
