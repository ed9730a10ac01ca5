"""Loops that go over as many numbers as a parameter says, and the last pass of them:
``for attempt in range(1, attempts + 1): … if attempt == attempts: raise``.
"""

from __future__ import annotations

from typing import NamedTuple

from fwp_checks.facts import terms as t

# Comparisons of the number with the last one, by whether they hold in the last pass.
_IS_LAST: dict[str, bool] = {"==": True, ">=": True, "!=": False, "<": False}
_SWAPPED: dict[str, str] = {"==": "==", "!=": "!=", "<=": ">=", ">": "<"}
_SIGNS: dict[str, int] = {"+": 1, "-": -1}
_RANGE: t.Term = (t.NAME, "range")


class LastPass(NamedTuple):
    """A comparison that holds in the last pass of a loop (not ``is_last``: in all others), which
    is the first where the term ``total`` is one of ``few``.
    """

    total: int
    few: tuple[int, int]
    is_last: bool


def last_pass(terms: list[t.Term], entry: t.Term) -> LastPass | None:
    """What a COMPARE term asks, if it asks for the last pass of a loop over a range."""
    found = _asked(terms, entry[1], entry[2], entry[3])
    if found is None and entry[1] in _SWAPPED:
        found = _asked(terms, _SWAPPED[entry[1]], entry[3], entry[2])
    return found


def _asked(terms: list[t.Term], operator: str, left: int, right: int) -> LastPass | None:
    is_last = _IS_LAST.get(operator)
    number, added = _sum(terms, left)
    loop = terms[number]
    if is_last is None or loop[0] != t.ITER:
        return None
    called = terms[loop[1]]
    if called[0] != t.CALL or terms[called[1]] != _RANGE or not 1 <= len(called[2]) <= 2:
        return None
    first = 0
    if len(called[2]) == 2:
        start = terms[called[2][0]]
        if start[0] != t.CONST or type(start[1]) is not int:
            return None
        first = start[1]
    count, beyond = _sum(terms, called[2][-1])
    last, more = _sum(terms, right)
    # The last number is count + beyond - 1.
    if terms[count] != terms[last] or terms[count][0] != t.PARAM or more - added != beyond - 1:
        return None
    few = 1 + first - beyond
    return LastPass(count, (few - 1, few), is_last)


def _sum(terms: list[t.Term], term: int) -> tuple[int, int]:
    """What a number is added to in a term, and the number."""
    term = t.unaliased(terms, term)
    entry = terms[term]
    if entry[0] == t.BINARY and entry[1] in _SIGNS:
        added = terms[entry[3]]
        if added[0] == t.CONST and type(added[1]) is int:
            return t.unaliased(terms, entry[2]), _SIGNS[entry[1]] * added[1]
    return term, 0
