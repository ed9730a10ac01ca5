"""What a report comes to: one line at the end, and counts by rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from fwp_checks.finding import Report, Severity
from fwp_plugins.formats.terminal import Line

_PLURALS = {"error": "errors", "warning": "warnings", "info": "info"}


def summary(report: Report) -> Line:
    """One line: how many findings of which severity in how many files, files skipped, and how many
    findings only preview reports.
    """
    skipped = f"; {count(len(report.skipped), 'file', 'files')} skipped" if report.skipped else ""
    withheld = f" --preview reports {len(report.withheld)} more." if report.withheld else ""
    if not report.findings:
        return [(f"No findings{skipped}.{withheld}", "warning" if skipped else "good")]
    by_severity = Counter(finding.severity for finding in report.findings)
    severities = ", ".join(
        count(by_severity[severity], severity.value, _PLURALS[severity.value])
        for severity in Severity
        if by_severity[severity]
    )
    files = len({finding.path for finding in report.findings})
    findings = count(len(report.findings), "finding", "findings")
    worst = min(by_severity, key=lambda severity: severity.rank).value
    return [
        (f"{findings}", worst),
        (f" ({severities}) in {count(files, 'file', 'files')}{skipped}.{withheld}", ""),
    ]


def statistics(report: Report) -> Iterator[Line]:
    """One line a rule: count, code, name; the most frequent first."""
    counts = Counter((finding.code, finding.rule) for finding in report.findings)
    severity = {finding.code: finding.severity.value for finding in report.findings}
    digits = len(str(max(counts.values(), default=0)))
    for (code, rule), count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        yield [(f"{count:>{digits}} ", ""), (code, severity[code]), (f" {rule}", "")]


def count(number: int, one: str, many: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{number} {one if number == 1 else many}"
