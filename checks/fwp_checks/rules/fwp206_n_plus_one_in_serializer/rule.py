"""FWP206: a serializer shows relations of each row that the queryset did not fetch along."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, rows, shown

RULE = Rule(
    code="FWP206",
    name="n-plus-one-in-serializer",
    summary="A serializer reads related objects of each row with a query of its own.",
    severity=Severity.WARNING,
    fix_link="https://docs.djangoproject.com/en/stable/ref/models/querysets/#prefetch-related",
)


def check(file: FileView) -> Iterator[Finding]:
    """One finding a queryset and view, with everything that its serializers read."""
    for query, needs in rows.queries(file, RULE, "django", "serializer", shown.KINDS):
        label = query.consumer.label if query.consumer is not None else ""
        message = (
            f"{label} serializes each row with {shown.costs(needs)} "
            f"(read at {rows.places(file, needs)}); {shown.way_out(file, needs)}."
        )
        yield rows.report(file, RULE, query, needs, message)
    yield from shown.queries(file, RULE, "serializer", "serializes")
