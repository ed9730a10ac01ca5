"""FWP102: an async function calls a helper that blocks."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, blocking

RULE = Rule(
    code="FWP102",
    name="blocking-call-through-helper",
    summary="A synchronous helper that blocks is called on the event loop.",
    severity=Severity.ERROR,
    fix_link="https://fastapi.tiangolo.com/async/#other-utility-functions",
)


def check(file: FileView) -> Iterator[Finding]:
    """Calls of project functions that lead to a blocking library call, at any depth."""
    for site in blocking.sites(file, "helper"):
        message = (
            f"'{blocking.first_name(site)}' {blocking.does(site, 'blocks', 'block')} "
            f"the event loop {blocking.blocked(site)}: "
            f"{file.chain_text(site.chain)}; {blocking.way_out(site)}."
        )
        yield blocking.report(file, RULE, site, message)
    yield from blocking.crowds(file, RULE, "helper", "blocks the event loop")
