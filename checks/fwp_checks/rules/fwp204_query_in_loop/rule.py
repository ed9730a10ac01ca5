"""FWP204: a loop runs a query in each of its rounds."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.rows.apart import Apart
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, rows, shown

RULE = Rule(
    code="FWP204",
    name="query-in-loop",
    summary="A loop asks the database once a round for what one query could give.",
    severity=Severity.WARNING,
    fix_link="https://docs.djangoproject.com/en/stable/ref/models/querysets/#in-bulk",
)
# What to say where no simple query gives all; of other reasons nothing is reported.
_APART = {
    Apart.BOUNDS: (
        "what bounds it differs from round to round, so that one query for all takes a window "
        "function or union()"
    ),
    Apart.LOCK: (
        "each round locks its own rows, so that one query for all has to lock all of them at once"
    ),
    Apart.TRANSACTION: (
        "each round is a transaction of its own, which one query for all would be no part of"
    ),
    Apart.SHAPE: "what it asks for differs in kind from round to round, which no one query gives",
    Apart.CHANGES: "each round also changes what is to be written",
    Apart.DRAWN: (
        "it gives another value each time, so that one query for all has to ask for as many at once"
    ),
    Apart.WRITES: "it writes, so that one statement for all has to say what goes where",
    Apart.TREE: (
        "the loop goes down a tree, so that one query for all takes a recursive one, or one a level"
    ),
}


def check(file: FileView) -> Iterator[Finding]:
    """One finding a call in a loop, with the way to the query."""
    for site in file.loop_sites("queries"):
        way = "" if len(site.chain) == 1 else f": {file.chain_text(site.chain)}"
        if site.is_same:
            message = (
                f"{rows.doing(site.chain[0])} runs the same query in each round of the loop in "
                f"'{file.name_of(site.path, site.scope)}'{way}; run it once before the loop."
            )
        elif site.apart is not None:
            message = (
                f"{rows.doing(site.chain[0])} runs a query in each round of the loop in "
                f"'{file.name_of(site.path, site.scope)}'{way}; {_APART[site.apart]}."
            )
        else:
            message = (
                f"{rows.doing(site.chain[0])} runs a query in each round of the loop in "
                f"'{file.name_of(site.path, site.scope)}'{way}; "
                f"use {site.row.alternative}."
            )
        yield file.finding(
            RULE,
            file.range_of(file.module, site.term),
            rows.hedged(site.weight, message),
            key=(file.module.qualname(site.scope), rows.doing(site.chain[0]), site.call),
            severity=rows.severity(file, site.weight),
            is_preview=rows.is_preview(site.weight),
            fix_link=site.row.link,
            trace=file.trace(site.chain),
        )
    # Feeds, sitemaps and choices of forms.
    yield from shown.queries(file, RULE, "", "shows")
