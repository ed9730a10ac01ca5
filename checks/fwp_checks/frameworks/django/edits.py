"""Edits that make a Django query fetch more along.

Source: django/db/models/query.py of Django 6.1.3 (``select_related``, ``prefetch_related``,
``iterator``, ``_not_support_combined_queries``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.finding import Edit
from fwp_checks.frameworks.django import rows
from fwp_checks.frameworks.django.lacks import methods, quoted
from fwp_checks.frameworks.django.queryset_methods import COMBINING
from fwp_checks.project.meaning.values import Instance, options_of
from fwp_checks.project.rows.edits import Call, Dialect, add_calls, names_before

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame
    from fwp_checks.project.rows.needs import Lack

_NO_OBJECTS = frozenset({"values", "values_list", "dates", "datetimes"})
# With nullable relations, PostgreSQL refuses to lock rows of an outer join.
_LOCKED = frozenset({"select_for_update"})
QUERYSETS = Dialect(
    ending=frozenset({"in_bulk", "iterator"}),
    excluded={
        # A field that is both left out and joined is an error when the query runs.
        "select_related": COMBINING | _NO_OBJECTS | _LOCKED | {"only", "defer", "raw"},
        "prefetch_related": COMBINING | _NO_OBJECTS,
    },
    replaced_by_nothing=frozenset({"select_related"}),
    unless_before={"prefetch_related": "iterator"},
)


def fetch_along(lacking: Sequence[Lack], module: Module, term: int) -> tuple[Edit, ...]:
    """The edits that make the queryset built at a term fetch along what is lacking.

    None at all if it is not certain how.
    """
    if module.text is None:
        return ()
    is_whole = any(one.kept for one in lacking)
    calls = [
        Call(method, tuple(map(quoted, lookups)), is_whole and method == "select_related")
        for method, lookups in methods(lacking).items()
        if lookups
    ]
    facts = module.facts
    before = names_before(facts, term)
    return add_calls(module.path, module.text, facts.span(term), calls, QUERYSETS, before)


def is_relation(project: Project, frame: Frame, term: int) -> bool:
    """Whether a term asks for all objects of a relation: ``post.comments.all()``."""
    terms = frame.module.facts.terms
    called = terms[terms[term][1]] if terms[term][0] == t.CALL else terms[term]
    if called[0] != t.ATTR or called[2] != "all":
        return False
    return any(
        isinstance(manager, Instance) and rows.RELATED_MANAGER in (manager.class_, *manager.details)
        for manager in options_of(project.values.evaluate(frame, called[1]))
    )
