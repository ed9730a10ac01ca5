"""FWP207: a template reads relations of each row that the query did not fetch along."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, rows, shown

RULE = Rule(
    code="FWP207",
    name="n-plus-one-in-template",
    summary="A template reads related objects of each row with a query of its own.",
    severity=Severity.WARNING,
    fix_link="https://docs.djangoproject.com/en/stable/ref/models/querysets/#select-related",
)
_LINKS = {
    "django": RULE.fix_link,
    "sqlalchemy": "https://docs.sqlalchemy.org/en/20/orm/queryguide/relationships.html",
}


def check(file: FileView) -> Iterator[Finding]:
    """One finding a query and template, with everything that the template reads."""
    for library, link in _LINKS.items():
        for query, needs in rows.queries(file, library, "template", shown.KINDS):
            label = query.consumer.label if query.consumer is not None else ""
            message = (
                f"the template '{label}' shows each row with {shown.costs(needs)} "
                f"(read at {rows.places(file, needs)}); {shown.way_out(file, needs)}."
            )
            yield rows.report(file, RULE, query, needs, message, fix_link=link)
