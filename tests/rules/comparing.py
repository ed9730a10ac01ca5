"""Compares what a run reported with what a case expects, and says where they differ."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.rules.markdown import Case, Expectation


@dataclass(frozen=True, slots=True, order=True)
class Reported:
    """One finding as any host gives it out; the path is relative to the case's root."""

    path: str
    line: int
    code: str
    message: str


def difference(case: Case, reported: Iterable[Reported]) -> str:
    """What is missing and what is unexpected, with the source lines; empty when nothing is."""
    unexpected = sorted(reported)
    missing = []
    # The longest text first: it fits the fewest messages.
    for expectation in sorted(case.expectations, key=lambda e: -len(e.text)):
        found = next((r for r in unexpected if _fits(expectation, r)), None)
        if found is None:
            missing.append(expectation)
        else:
            unexpected.remove(found)
    if not missing and not unexpected:
        return ""
    lines = [f"{case.page.parent.name}/rule.md:{case.line}: {case.heading}"]
    for expectation in sorted(missing, key=lambda e: (e.path, e.line)):
        lines.append(f'  missing     {expectation.code} "{expectation.text}"')
        lines.append(_source(case, expectation.path, expectation.line))
    for finding in unexpected:
        lines.append(f"  unexpected  {finding.code} {finding.message}")
        lines.append(_source(case, finding.path, finding.line))
    return "\n".join(lines)


def _fits(expectation: Expectation, finding: Reported) -> bool:
    return (
        (expectation.path, expectation.line, expectation.code)
        == (finding.path, finding.line, finding.code)
    ) and expectation.text in finding.message


def _source(case: Case, path: str, line: int) -> str:
    lines = case.files.get(path, "").splitlines()
    text = lines[line - 1].split("# error:")[0].strip() if 0 < line <= len(lines) else "?"
    return f"              {path}:{line}: {text}"
