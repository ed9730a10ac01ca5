"""One line a finding: ``path:line:column: CODE message link``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fwp_checks.finding import Finding, Report
from fwp_plugins.formats.source import printable
from fwp_plugins.formats.terminal import Line


def lines(report: Report, shown_path: Callable[[str], str]) -> Iterator[Line]:
    """The findings of a report; ``shown_path`` gives a path as the reader is to see it."""
    for finding in report.findings:
        yield _line(finding, shown_path(finding.path))


def _line(finding: Finding, path: str) -> Line:
    place = finding.range
    pieces: Line = [
        (f"{printable(path)}:{place.line}:{place.column}:", "path"),
        (" ", ""),
        (finding.code, finding.severity.value),
        (f" {printable(finding.message)}", ""),
    ]
    if finding.fix_link:
        pieces += [(" ", ""), (finding.fix_link, "link")]
    return pieces
