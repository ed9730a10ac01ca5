"""FWP203: related objects were prefetched, and are asked for again, with a query for each row."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.rows.needs import Kind
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, rows

RULE = Rule(
    code="FWP203",
    name="prefetch-bypassed",
    summary="Prefetched objects are filtered or ordered in the database, which queries again.",
    severity=Severity.WARNING,
    fix_link=(
        "https://docs.djangoproject.com/en/stable/ref/models/querysets/#django.db.models.Prefetch"
    ),
)


def check(file: FileView) -> Iterator[Finding]:
    """One finding a query, with all places that bypass what it prefetches."""
    for what in rows.CONSUMERS:
        for query, needs in rows.queries(file, RULE, "django", what, (Kind.BYPASSED,)):
            message = (
                f"{rows.named(rows.paths(needs))} prefetched, but {rows.named(rows.asked(needs))} "
                f"({rows.places(file, needs)}) queries again for each row; do it in Python on "
                f".all(), or prefetch just those with Prefetch(…, queryset=…, to_attr=…)."
            )
            yield rows.report(file, RULE, query, needs, message)
