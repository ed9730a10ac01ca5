"""Edits that make a Django query fetch more along.

Source: django/db/models/query.py of Django 6.1.3 (``select_related``, ``prefetch_related``,
``iterator``, ``_not_support_combined_queries``).
"""

from __future__ import annotations

from collections.abc import Sequence

from fwp_checks.finding import Edit
from fwp_checks.project.edits import Call, Dialect, Span, add_calls

_COMBINED = frozenset({"union", "intersection", "difference"})
_NO_OBJECTS = frozenset({"values", "values_list", "dates", "datetimes"})
_ENDING = frozenset(
    {
        "aggregate", "contains", "count", "create", "delete", "earliest", "exists", "explain",
        "first", "get", "get_or_create", "in_bulk", "iterator", "last", "latest", "update",
        "update_or_create",
    }
)  # fmt: skip
QUERYSETS = Dialect(
    ending=_ENDING | {f"a{method}" for method in _ENDING},
    excluded={
        # A field that is both left out and joined is an error when the query runs.
        "select_related": _COMBINED | _NO_OBJECTS | {"only", "defer", "raw"},
        "prefetch_related": _COMBINED | _NO_OBJECTS,
    },
    replaced_by_nothing=frozenset({"select_related"}),
    unless_before={"prefetch_related": "iterator"},
)


def fetch_along(
    path: str, text: str, span: Span, joined: Sequence[str], prefetched: Sequence[str]
) -> tuple[Edit, ...]:
    """The edits that make the queryset built at ``span`` fetch these lookups along.

    None at all if it is not certain how.
    """
    wanted = (("select_related", joined), ("prefetch_related", prefetched))
    calls = [
        Call(method, tuple(f'"{lookup}"' for lookup in lookups))
        for method, lookups in wanted
        if lookups
    ]
    return add_calls(path, text, span, calls, QUERYSETS)
