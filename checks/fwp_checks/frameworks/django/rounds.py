"""Queries in a loop that cannot be put together into one: what they leave out, or where they end,
differs from round to round.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fwp_checks.facts import terms as t

_NARROWING = ("filter", "get", "exclude")
# Lookups for which there is none that takes many values at once, as ``in`` does for equality.
_BOUNDS = frozenset(
    {
        "gt", "gte", "lt", "lte", "range", "contains", "icontains", "startswith", "istartswith",
        "endswith", "iendswith", "regex", "iregex", "search", "overlap",
    }
)  # fmt: skip


def stands_alone(terms: Sequence[t.Term], term: int, depends: Callable[[int], bool]) -> bool:
    """Whether the query that a term runs is such a one. ``depends``: whether what a term holds
    differs from round to round.
    """
    is_cut = False
    while True:
        entry = terms[t.unaliased(terms, term)]
        if entry[0] == t.ITEM:
            is_cut = is_cut or terms[entry[2]][0] == t.SLICE
        elif entry[0] == t.CALL:
            called = terms[entry[1]]
            if called[0] != t.ATTR:
                # list(posts), len(posts)
                if called[0] != t.NAME or len(entry[2]) != 1:
                    return False
                term = entry[2][0]
                continue
            if called[2] in _NARROWING and _is_bound(called[2], entry, depends):
                return True
            if is_cut and any(map(depends, t.operands(entry)[1:])):
                return True
            entry = called
        elif entry[0] != t.ITER:
            return False
        term = entry[1]


def _is_bound(method: str, call: t.Term, depends: Callable[[int], bool]) -> bool:
    """Whether a condition sets a bound of the round's own."""
    if method == "exclude" and any(map(depends, call[2])):
        return True
    return any(
        depends(value)
        for name, value in call[3]
        if name is not None and (method == "exclude" or name.rpartition("__")[2] in _BOUNDS)
    )
