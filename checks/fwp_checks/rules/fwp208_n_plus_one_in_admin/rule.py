"""FWP208: a list of the admin shows relations of each row that its queryset did not fetch along."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.needs import Consumer, Need
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, rows, shown

RULE = Rule(
    code="FWP208",
    name="n-plus-one-in-admin",
    summary="A list of the admin reads related objects of each row with a query of its own.",
    severity=Severity.WARNING,
    fix_link=(
        "https://docs.djangoproject.com/en/stable/ref/contrib/admin/"
        "#django.contrib.admin.ModelAdmin.list_select_related"
    ),
)


def check(file: FileView) -> Iterator[Finding]:
    """One finding a model admin, with everything that the columns of its list read."""
    for query, needs in rows.queries(file, "django", "admin", shown.KINDS):
        assert query.consumer is not None
        message = (
            f"the list of {query.consumer.label} shows each row with {shown.costs(needs)} "
            f"(read at {rows.places(file, needs)}); {_way_out(file, query.consumer, needs)}."
        )
        yield rows.report(file, RULE, query, needs, message)


def _way_out(file: FileView, consumer: Consumer, needs: Sequence[Need]) -> str:
    """What to set in the class, which replaces what the list joins by itself, or to add to
    ``get_queryset``, after which it joins nothing by itself.
    """
    if any(need.origin.built is not None for need in needs) and not consumer.joined:
        return shown.way_out(file, needs)
    joined = [need for need in needs if all(hop.joins for hop in need.lack.hops)]
    others = [need for need in needs if need not in joined]
    ways = []
    if joined:
        paths = {need.lack.path.replace(".", "__") for need in joined} | set(consumer.joined)
        ends = [p for p in sorted(paths) if not any(o.startswith(f"{p}__") for o in paths)]
        named = ", ".join(f'"{path}"' for path in ends)
        ways.append(f"set list_select_related = ({named}{',' if len(ends) == 1 else ''})")
    if others:
        ways.append(f"in get_queryset(), {shown.way_out(file, others)}")
    return "; ".join(ways)
