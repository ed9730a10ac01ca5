"""FWP202: a loop goes through the related objects of each row with a query of its own."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.rows.needs import Kind
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, rows, shown

RULE = Rule(
    code="FWP202",
    name="n-plus-one-related-manager",
    summary="A loop asks for the related objects of each row with a query of its own.",
    severity=Severity.WARNING,
    fix_link="https://docs.djangoproject.com/en/stable/ref/models/querysets/#prefetch-related",
)
_NARROWED = (
    "https://docs.djangoproject.com/en/stable/ref/models/querysets/#django.db.models.Prefetch"
)
_FOR_ALL = (
    "fetch them for all rows with prefetch_related(Prefetch(…, queryset=…, to_attr=…)) or an "
    "annotation"
)
# No queryset of a Prefetch differs from row to row.
_BY_ROW = (
    "what bounds it differs from row to row, so that one query for all takes F() or a choice in "
    "Python"
)


def check(file: FileView) -> Iterator[Finding]:
    """Collections that could be fetched along; then those of which only some are asked for."""
    for query, needs in rows.queries(file, RULE, "django"):
        if all(need.lack.kind is Kind.COLLECTION for need in needs):
            paths = rows.paths(needs)
            message = (
                f"each row costs {rows.counted(len(paths))}: {rows.named(paths)} "
                f"(read at {rows.places(file, needs)}); add {rows.way_out(file, needs)}."
            )
            yield rows.report(file, RULE, query, needs, message)
    for query, needs in rows.queries(file, RULE, "django", kinds=(Kind.NARROWED,)):
        asked = rows.asked(needs)
        way = _BY_ROW if any(need.is_about for need in needs) else _FOR_ALL
        message = (
            f"each row costs {rows.counted(len(asked))}: {rows.named(asked)} "
            f"(asked for at {rows.places(file, needs)}); {way}."
        )
        yield rows.report(file, RULE, query, needs, message, fix_link=_NARROWED)
    yield from shown.choices(file, RULE, Kind.COLLECTION)
