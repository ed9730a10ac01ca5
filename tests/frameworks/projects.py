"""Small projects, and what is reported of them by the function it is reported in."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

from fwp_checks.session import Session

_PLACE = re.compile(r" in ([a-z ]+) '(\w+)'")


def findings(root: Path, **files: str) -> list[str]:
    """What is reported of a project of these modules: ``app:12 FWP101 message``."""
    (root / "pyproject.toml").write_text("", encoding="utf-8")
    for name, source in files.items():
        (root / f"{name}.py").write_text(dedent(source), encoding="utf-8")
    report = Session.open(root, cache_dir=False).check_all()
    return [
        f"{finding.path.removesuffix('.py')}:{finding.range.line} {finding.code} {finding.message}"
        for finding in report.findings
    ]


def labels(root: Path, **files: str) -> dict[str, str]:
    """How messages call the functions of a project in which something is reported, by name."""
    found = (_PLACE.search(text) for text in findings(root, **files))
    return {place[2]: place[1] for place in found if place is not None}


def places(root: Path, **files: str) -> list[str]:
    """Where something is reported: ``app:12 FWP101``."""
    return [" ".join(text.split()[:2]) for text in findings(root, **files)]
