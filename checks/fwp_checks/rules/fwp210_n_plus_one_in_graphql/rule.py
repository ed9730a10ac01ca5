"""FWP210: a GraphQL schema resolves fields of each object in a list with a query of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.rows.needs import Kind
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, rows, shown

if TYPE_CHECKING:
    from fwp_checks.project.rows.queries import Starving

RULE = Rule(
    code="FWP210",
    name="n-plus-one-in-graphql",
    summary="A GraphQL field runs a query of its own for each object of a list.",
    severity=Severity.WARNING,
    fix_link="https://docs.graphene-python.org/en/latest/execution/dataloader/",
)
_LINKS = {
    "django": "https://docs.djangoproject.com/en/stable/ref/models/querysets/#select-related",
    "sqlalchemy": (
        "https://docs.sqlalchemy.org/en/20/orm/queryguide/relationships.html#selectin-eager-loading"
    ),
}
_MOST_EDITED = 3
_LOADER = "load them for all objects at once with a DataLoader"


def check(file: FileView) -> Iterator[Finding]:
    """What lists lack, where they are built; then what fields ask for by themselves."""
    for library, link in _LINKS.items():
        for query, needs in rows.queries(file, RULE, library, "graphql"):
            paths = rows.paths(needs)
            is_built = needs[0].origin.built is not None
            message = (
                f"each object in {_label(query)} costs {rows.counted(len(paths))} where a client "
                f"asks for {rows.named(paths)} (resolved at {rows.places(file, needs)}); "
                f"{'add' if is_built else 'resolve it by a queryset with'} "
                f"{rows.way_out(file, needs)}, or {_LOADER}."
            )
            # What to fetch along for all clients is not for an edit to say, if it is much.
            edits = None if len(paths) <= _MOST_EDITED else ()
            yield rows.report(file, RULE, query, needs, message, fix_link=link, edits=edits)
        for query, needs in rows.queries(file, RULE, library, "resolver", (Kind.NARROWED,)):
            message = (
                f"{_label(query)} runs {rows.named(rows.asked(needs))} for each object of a list "
                f"(at {rows.places(file, needs)}); {_LOADER}."
            )
            yield rows.report(file, RULE, query, needs, message, edits=())
    for query, needs in rows.queries(file, RULE, "graphene_django", "resolver", (Kind.BYPASSED,)):
        paths = rows.paths(needs)
        message = (
            f"each {_label(query)} of a list costs {rows.counted(len(paths))} where a client asks "
            f"for {rows.named(paths)}, whatever was fetched along: the get_queryset() of a type "
            f"asks again; {_LOADER}."
        )
        yield rows.report(file, RULE, query, needs, message, edits=())
    yield from _own_queries(file)
    yield from shown.queries(file, RULE, "resolver", "resolves")


def _own_queries(file: FileView) -> Iterator[Finding]:
    """The queries that resolvers give for their object."""
    asked = file.project.queries.asked(file.module)
    for consumer, place in asked if file.module.is_served else ():
        message = f"{consumer.label} is resolved with a query for each object of a list; {_LOADER}."
        where = file.range_of(file.module, place.term)
        yield file.finding(RULE, where, message, key=(consumer.label,))


def _label(query: Starving) -> str:
    return query.consumer.label if query.consumer is not None else ""
