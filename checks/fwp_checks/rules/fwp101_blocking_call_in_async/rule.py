"""FWP101: an async function makes a blocking call itself."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, blocking

RULE = Rule(
    code="FWP101",
    name="blocking-call-in-async",
    summary="A blocking call on the event loop holds up every request of the process.",
    severity=Severity.ERROR,
    fix_link="https://fastapi.tiangolo.com/async/#path-operation-functions",
)


def check(file: FileView) -> Iterator[Finding]:
    """Blocking library calls written in a function on the event loop."""
    for site in blocking.sites(file, "direct"):
        message = (
            f"'{blocking.first_name(site)}' {blocking.does(site, 'blocks', 'block')} "
            f"the event loop {blocking.blocked(site)}: it {site.row.reason}; "
            f"{blocking.way_out(site)}."
        )
        yield blocking.report(file, RULE, site, message)
