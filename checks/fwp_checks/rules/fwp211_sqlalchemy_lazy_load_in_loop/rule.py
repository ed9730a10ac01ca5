"""FWP211: a loop reads relations of each row that SQLAlchemy then loads one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.rows.needs import Kind, Need
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, lazy_loads, rows

RULE = Rule(
    code="FWP211",
    name="sqlalchemy-lazy-load-in-loop",
    summary="A loop reads a relation of each row, which SQLAlchemy loads with a query of its own.",
    severity=Severity.WARNING,
    fix_link=(
        "https://docs.sqlalchemy.org/en/20/orm/queryguide/relationships.html#selectin-eager-loading"
    ),
)
_DYNAMIC = "https://docs.sqlalchemy.org/en/20/orm/large_collections.html"


def check(file: FileView) -> Iterator[Finding]:
    """Relations that could be loaded along; then dynamic ones, which are queries themselves."""
    for query, needs in rows.queries(file, RULE, "sqlalchemy"):
        message = (
            f"each row costs {lazy_loads.cost(needs)} (read at {rows.places(file, needs)}); "
            f"add {_added(file, needs)}."
        )
        yield rows.report(file, RULE, query, needs, message)
    for query, needs in rows.queries(file, RULE, "sqlalchemy", kinds=(Kind.NARROWED,)):
        message = (
            f"each row costs {lazy_loads.cost(needs)} (asked for at {rows.places(file, needs)}), "
            f"which is a query itself; ask once for all rows."
        )
        yield rows.report(file, RULE, query, needs, message, fix_link=_DYNAMIC)


def _added(file: FileView, needs: Sequence[Need]) -> str:
    """What to add, and to which query, if the finding does not stand there: rows of a single
    object's relation are gone through.
    """
    owners = {need.lack.hops[0].owner for need in needs if need.origin.built is None}
    to_which = f" to the query that gives the {owners.pop()}" if len(owners) == 1 else ""
    call, semicolon, besides = rows.way_out(file, needs).partition(";")
    return f"{call}{to_which}{semicolon}{besides}"
