"""FWP209: a column that the query left out is read from each row with a query of its own."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.rows.needs import Kind
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, rows

RULE = Rule(
    code="FWP209",
    name="deferred-field-in-loop",
    summary="A column that only() or defer() left out is fetched for each row.",
    severity=Severity.WARNING,
    fix_link="https://docs.djangoproject.com/en/stable/ref/models/querysets/#defer",
)


def check(file: FileView) -> Iterator[Finding]:
    """One finding a query, with all columns that are missed."""
    for what in rows.CONSUMERS:
        for query, needs in rows.queries(file, RULE, "django", what, (Kind.COLUMN,)):
            paths = rows.paths(needs)
            message = (
                f"only() or defer() leaves out {rows.named(paths)}, read from each row with "
                f"{rows.counted(len(paths))} ({rows.places(file, needs)}); let the query fetch it."
            )
            yield rows.report(file, RULE, query, needs, message)
