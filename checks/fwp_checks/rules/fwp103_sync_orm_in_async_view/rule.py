"""FWP103: a synchronous Django ORM operation on the event loop."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, blocking

RULE = Rule(
    code="FWP103",
    name="sync-orm-in-async-view",
    summary="A synchronous Django ORM operation in async code raises SynchronousOnlyOperation.",
    severity=Severity.ERROR,
    fix_link="https://docs.djangoproject.com/en/stable/topics/async/#async-safety",
)


def check(file: FileView) -> Iterator[Finding]:
    """ORM operations that reach the database, direct or through helpers."""
    for site in blocking.sites(file, "orm"):
        path = "" if site.is_direct else f"{file.chain_text(site.chain)}; "
        if site.caught_by:
            message = (
                f"'{blocking.first_name(site)}' {blocking.does(site, 'never gets', 'never get')} "
                f"what it asks the database for {blocking.blocked(site)}: {path}"
                f"Django refuses queries on the event loop, and '{site.caught_by}' catches the "
                f"SynchronousOnlyOperation; {blocking.way_out(site)}."
            )
        else:
            message = (
                f"'{blocking.first_name(site)}' {blocking.does(site, 'raises', 'raise')} "
                f"SynchronousOnlyOperation "
                f"{blocking.blocked(site)}: {path}"
                f"Django refuses queries on the event loop; {blocking.way_out(site)}."
            )
        yield blocking.report(file, RULE, site, message)
