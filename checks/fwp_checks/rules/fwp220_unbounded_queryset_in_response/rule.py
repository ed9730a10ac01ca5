"""FWP220: a response holds every row of a table."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, Status

RULE = Rule(
    code="FWP220",
    name="unbounded-queryset-in-response",
    summary="A list serializes every row of a table into one response.",
    severity=Severity.WARNING,
    fix_link="https://www.django-rest-framework.org/api-guide/pagination/",
    status=Status.PREVIEW,
)


def check(file: FileView) -> Iterator[Finding]:
    """One finding a queryset and view."""
    for consumer in file.project.queries.consumers:
        for place in consumer.wholes:
            if place.path == file.module.path and file.module.is_served:
                message = (
                    f"{consumer.label} serializes every row of the table into one response, "
                    "however many there are; paginate it with pagination_class or in the settings."
                )
                where = file.range_of(file.module, place.term)
                yield file.finding(RULE, where, message, key=(consumer.label,))
