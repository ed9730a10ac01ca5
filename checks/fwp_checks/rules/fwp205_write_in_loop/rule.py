"""FWP205: a loop writes rows one by one."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, Status, rows

RULE = Rule(
    code="FWP205",
    name="write-in-loop",
    summary="A loop writes one row a round where one statement could write them all.",
    severity=Severity.INFO,
    fix_link="https://docs.djangoproject.com/en/stable/topics/db/optimization/#use-bulk-methods",
    status=Status.PREVIEW,
)


def check(file: FileView) -> Iterator[Finding]:
    """One finding a call in a loop, with the way to the statement."""
    for site in file.loop_sites("writes"):
        way = "" if len(site.chain) == 1 else f": {file.chain_text(site.chain)}"
        caution = f" (they leave out {site.hooks})" if site.hooks else ""
        message = (
            f"{rows.doing(site.chain[0])} {site.row.reason} in each round of the loop in "
            f"'{file.name_of(site.path, site.scope)}'{way}; "
            f"use {site.row.alternative}{caution}."
        )
        yield file.finding(
            RULE,
            file.range_of(file.module, site.term),
            rows.hedged(site.weight, message),
            key=(file.module.qualname(site.scope), rows.doing(site.chain[0]), site.call),
            fix_link=site.row.link,
            trace=file.trace(site.chain),
        )
