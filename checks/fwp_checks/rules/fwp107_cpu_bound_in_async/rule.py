"""FWP107: heavy computing on the event loop."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, blocking

RULE = Rule(
    code="FWP107",
    name="cpu-bound-in-async",
    summary="Heavy computing on the event loop holds up every request while it lasts.",
    severity=Severity.WARNING,
    fix_link="https://starlette.dev/threadpool/#concurrency-limitations",
)


def check(file: FileView) -> Iterator[Finding]:
    """Calls that the catalogue knows to compute for long, direct or through helpers."""
    for site in blocking.sites(file, "cpu"):
        path = f"it {site.row.reason}" if site.is_direct else file.chain_text(site.chain)
        message = (
            f"'{blocking.first_name(site)}' {blocking.does(site, 'computes', 'compute')} "
            f"on the event loop {blocking.blocked(site)}: "
            f"{path}; {blocking.way_out(site)}."
        )
        yield blocking.report(file, RULE, site, message)
    yield from blocking.crowds(file, RULE, "cpu", "computes on the event loop")
