"""FWP106: an event loop is started where one is running."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, blocking

RULE = Rule(
    code="FWP106",
    name="nested-event-loop",
    summary="Starting an event loop on a running one raises RuntimeError.",
    severity=Severity.ERROR,
    fix_link="https://docs.python.org/3/library/asyncio-runner.html#asyncio.run",
)


def check(file: FileView) -> Iterator[Finding]:
    """Calls that enter an event loop, direct or through helpers."""
    for site in file.nested_loops:
        path = "" if site.is_direct else f": {file.chain_text(site.chain)}"
        message = (
            f"'{blocking.first_name(site)}' {blocking.does(site, 'starts', 'start')} "
            f"an event loop {blocking.blocked(site)}, "
            f"which already runs on one{path}; await the coroutine instead."
        )
        yield blocking.report(file, RULE, site, message)
