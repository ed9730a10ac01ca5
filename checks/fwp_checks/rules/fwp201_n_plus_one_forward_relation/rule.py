"""FWP201: a loop reads relations of each row that the query did not fetch along."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.rows.needs import Kind
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, rows, shown

RULE = Rule(
    code="FWP201",
    name="n-plus-one-forward-relation",
    summary="A loop reads a related object of each row with a query of its own.",
    severity=Severity.WARNING,
    fix_link="https://docs.djangoproject.com/en/stable/ref/models/querysets/#select-related",
)


def check(file: FileView) -> Iterator[Finding]:
    """One finding a query and loop, with everything that could be fetched along."""
    for query, needs in rows.queries(file, RULE, "django"):
        if any(need.lack.kind is Kind.RELATION for need in needs):
            paths = rows.paths(needs)
            message = (
                f"each row costs {rows.counted(len(paths))}: {rows.named(paths)} "
                f"(read at {rows.places(file, needs)}); add {rows.way_out(file, needs)}."
            )
            yield rows.report(file, RULE, query, needs, message)
    yield from shown.choices(file, RULE, Kind.RELATION)
