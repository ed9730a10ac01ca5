"""FWP511: an engine or a pool of connections is made anew for each request."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, openings

RULE = Rule(
    code="FWP511",
    name="engine-per-call",
    summary="An engine, or a pool of connections, is made for each request instead of once.",
    severity=Severity.ERROR,
    fix_link="https://docs.sqlalchemy.org/en/20/core/connections.html#basic-usage",
)
_RESOURCES = frozenset({"engine", "pool"})


def check(file: FileView) -> Iterator[Finding]:
    """One finding a call that makes one."""
    for found in openings.opened(file, _RESOURCES):
        yield openings.report(file, RULE, found, openings.weight(found))
