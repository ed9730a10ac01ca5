"""FWP208: a list of the admin shows relations of each row that its queryset did not fetch along."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from fwp_checks.facts.terms import DEFINITION
from fwp_checks.finding import Edit, Finding, Severity
from fwp_checks.project.rows.edits import set_attribute
from fwp_checks.project.rows.needs import Need, Showing
from fwp_checks.project.rows.queries import Starving
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

_CHOICES_LINK = (
    "https://docs.djangoproject.com/en/stable/ref/contrib/admin/"
    "#django.contrib.admin.ModelAdmin.formfield_for_foreignkey"
)


def check(file: FileView) -> Iterator[Finding]:
    """One finding a model admin, with everything that the columns of its list read."""
    for query, needs in rows.queries(file, RULE, "django", "admin", shown.KINDS):
        assert query.consumer is not None
        message = (
            f"the list of {query.consumer.label} shows each row with {shown.costs(needs)} "
            f"(read at {rows.places(file, needs)}); {_way_out(file, query.consumer, needs)}."
        )
        edits = _edits(file, query, needs)
        yield rows.report(file, RULE, query, needs, message, edits=edits)
    for query, needs in rows.queries(file, RULE, "django", "inline", shown.KINDS):
        assert query.consumer is not None
        is_own = any(need.origin.built is not None for need in needs)
        way = shown.way_out(file, needs)
        message = (
            f"each row of {query.consumer.label} is shown with {shown.costs(needs)} "
            f"(read at {rows.places(file, needs)}); "
            f"{way if is_own else f'in get_queryset(), {way}'}."
        )
        yield rows.report(file, RULE, query, needs, message, edits=None if is_own else ())
    yield from shown.queries(file, RULE, "admin", "shows")
    yield from shown.queries(file, RULE, "inline", "shows")
    yield from _choices(file)
    for query, needs in rows.queries(file, RULE, "django", "admin form", shown.KINDS):
        assert query.consumer is not None
        message = (
            f"the form of {query.consumer.label} shows {shown.costs_of_choices(needs)} "
            f"(read at {rows.places(file, needs)}); give the field a queryset "
            "in formfield_for_foreignkey() or formfield_for_manytomany(), and there "
            f"{shown.way_out_of_choices(file, needs)}; or ask for the chosen one only, with "
            "autocomplete_fields or raw_id_fields."
        )
        found = rows.report(file, RULE, query, needs, message, fix_link=_CHOICES_LINK, edits=())
        yield replace(found, severity=Severity.INFO)


def _choices(file: FileView) -> Iterator[Finding]:
    """A finding for a class whose forms ask for the same objects again for each row."""
    for consumer in file.project.queries.consumers:
        if not consumer.choices or consumer.path != file.module.path:
            continue
        is_list = consumer.what == "admin"
        where = f"the list of {consumer.label}" if is_list else consumer.label
        message = (
            f"each row of {where} asks anew for all objects to choose {_ors(consumer.choices)} "
            "from; keep the choices in formfield_for_foreignkey(), or ask for the chosen one "
            "only, with autocomplete_fields or raw_id_fields."
        )
        yield file.finding(
            RULE,
            file.range_of(file.module, consumer.term),
            message,
            key=(consumer.label, *consumer.choices),
            severity=Severity.WARNING if is_list else Severity.INFO,
            fix_link=_CHOICES_LINK,
        )


def _ors(names: Sequence[str]) -> str:
    """``author, editor or status``."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def _edits(file: FileView, query: Starving, needs: Sequence[Need]) -> tuple[Edit, ...] | None:
    """The edits of the class; None where the query is what to add to."""
    consumer = query.consumer
    assert consumer is not None
    if any(need.origin.built is not None for need in needs):
        return () if consumer.joined else None
    module = file.module_of(consumer.path)
    entry = module.facts.terms[consumer.term]
    joined = _joined(needs, consumer)
    is_all = all(need.lack.kind in rows.FETCHABLE and _joins(need) for need in needs)
    if entry[0] != DEFINITION or not is_all or module.text is None or module.is_read_only:
        return ()
    if consumer.is_extended:
        # Other classes would inherit what is set, perhaps for another model.
        return ()
    return set_attribute(
        module.path,
        module.text,
        module.facts,
        entry[1],
        "list_select_related",
        joined,
        after="list_display",
    )


def _joins(need: Need) -> bool:
    return all(hop.joins for hop in need.lack.hops)


def _joined(needs: Sequence[Need], consumer: Showing) -> str:
    """``("author", "author__publisher")``: what the list is to join, with what it joins by
    itself.
    """
    paths = {need.lack.path.replace(".", "__") for need in needs if _joins(need)}
    fetched = {need.lack.path.replace(".", "__") for need in needs if not _joins(need)}
    paths |= set(consumer.joined) - fetched
    ends = [p for p in sorted(paths) if not any(o.startswith(f"{p}__") for o in paths)]
    named = ", ".join(f'"{path}"' for path in ends)
    return f"({named}{',' if len(ends) == 1 else ''})"


def _way_out(file: FileView, consumer: Showing, needs: Sequence[Need]) -> str:
    """What to set in the class, which replaces what the list joins by itself, or to add to
    ``get_queryset``, after which it joins nothing by itself.
    """
    if any(need.origin.built is not None for need in needs) and not consumer.joined:
        return shown.way_out(file, needs)
    others = [need for need in needs if not _joins(need)]
    ways = []
    if len(others) < len(needs):
        ways.append(f"set list_select_related = {_joined(needs, consumer)}")
    if others:
        ways.append(f"in get_queryset(), {shown.way_out(file, others)}")
    return "; ".join(ways)
