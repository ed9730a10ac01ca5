"""FWP512: each request opens a connection of its own."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, openings

RULE = Rule(
    code="FWP512",
    name="connection-per-request",
    summary="A connection is opened for each request instead of taken from a pool.",
    severity=Severity.ERROR,
    fix_link="https://docs.sqlalchemy.org/en/20/core/pooling.html#connection-pool-configuration",
)
_RESOURCES = frozenset({"connection"})
# Opening a file takes microseconds; what else is no database is done less often.
_SEVERITIES = {"file": Severity.INFO, "queue": Severity.WARNING}


def check(file: FileView) -> Iterator[Finding]:
    """One finding a call that connects."""
    for found in openings.opened(file, _RESOURCES):
        severity = _SEVERITIES.get(found.opening.row.kind) or openings.weight(found)
        yield openings.report(file, RULE, found, severity)
