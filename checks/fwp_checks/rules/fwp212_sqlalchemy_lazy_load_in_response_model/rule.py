"""FWP212: a response model reads relations of each row that SQLAlchemy then loads one by one."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, lazy_loads, rows

RULE = Rule(
    code="FWP212",
    name="sqlalchemy-lazy-load-in-response-model",
    summary="A response model reads a relation of each row, which SQLAlchemy loads by itself.",
    severity=Severity.WARNING,
    fix_link=(
        "https://docs.sqlalchemy.org/en/20/orm/queryguide/relationships.html#selectin-eager-loading"
    ),
)


def check(file: FileView) -> Iterator[Finding]:
    """One finding a query and endpoint, with everything that could be loaded along."""
    for query, needs in rows.queries(file, RULE, "sqlalchemy", "response"):
        endpoint = query.consumer.label if query.consumer is not None else ""
        message = (
            f"each object in the answer of '{endpoint}' costs {lazy_loads.cost(needs)} "
            f"(read by the response model, {rows.places(file, needs)}); "
            f"add {rows.way_out(file, needs)}."
        )
        yield rows.report(file, RULE, query, needs, message)
