"""FWP104: a synchronous SQLAlchemy or SQLModel session, connection or engine used on the event
loop.
"""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, blocking

RULE = Rule(
    code="FWP104",
    name="sync-session-in-async-handler",
    summary="A synchronous database session used on the event loop holds up every request.",
    severity=Severity.ERROR,
    fix_link="https://docs.sqlalchemy.org/en/20/orm/extensions/asyncio.html#asyncio-orm",
)


def check(file: FileView) -> Iterator[Finding]:
    """Operations of synchronous sessions and connections, direct or through helpers."""
    for site in blocking.sites(file, "session"):
        path = f"it {site.row.reason}" if site.is_direct else file.chain_text(site.chain)
        message = (
            f"'{blocking.first_name(site)}' {blocking.does(site, 'blocks', 'block')} "
            f"the event loop {blocking.blocked(site)}: "
            f"{path}; {blocking.way_out(site)}."
        )
        yield blocking.report(file, RULE, site, message)
