"""Lists that a loop empties: ``while rows: row = rows.pop()`` goes through its rows.

A list that the loop may fill again (a list of work) is none of them: what comes to it then are no
rows of the query that it began with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.meaning.mappings import FILLS, roots_of

if TYPE_CHECKING:
    from fwp_checks.facts.model import Region
    from fwp_checks.project.files.modules import Module

TAKING = ("pop", "popleft")
_FILLING = frozenset({*FILLS, "extendleft"})
# What a test of a list is made of, and what it may be asked by.
_TESTING = (t.TRUTH, t.BOOL, t.COMPARE)
_ASKING = ("len", "bool")


def emptying(module: Module, term: int) -> Region | None:
    """The loop in which a call takes the next of the rows of a list, as long as there are any; None
    if there is none, or if the list may be filled meanwhile.
    """
    terms = module.facts.terms
    entry = terms[term]
    if entry[0] != t.CALL or terms[entry[1]][0] != t.ATTR or terms[entry[1]][2] not in TAKING:
        return None
    scope = module.code_scope_of(term)
    around = [
        region
        for region in module.regions_in(scope)
        if region.kind in ("for", "while") and region.start <= term < region.end
    ]
    loop = max(around, key=lambda region: region.start) if around else None
    if loop is None or loop.kind != "while" or loop.exits:
        return None
    lists = roots_of(terms, terms[entry[1]][1])
    if not _is_tested(terms, loop.term, lists) or _may_be_filled(module, loop, lists):
        return None
    return loop


def _is_tested(terms: list[t.Term], test: int, lists: set[int]) -> bool:
    """Whether a loop runs as long as there is something in a list."""
    if test < 0:
        return False
    entry = terms[test]
    if entry[0] == t.CALL and terms[entry[1]] in [(t.NAME, name) for name in _ASKING]:
        return any(_is_tested(terms, given, lists) for given in entry[2])
    if entry[0] in _TESTING:
        return any(_is_tested(terms, part, lists) for part in t.operands(entry))
    return not lists.isdisjoint(roots_of(terms, test))


def _may_be_filled(module: Module, loop: Region, lists: set[int]) -> bool:
    terms, scopes = module.facts.terms, module.facts.scopes
    if any(loop.start <= root < loop.end or not _is_own(terms[root]) for root in lists):
        return True
    names = {
        name
        for name, bound in scopes[module.code_scope_of(loop.start)].bindings.items()
        if not lists.isdisjoint(roots_of(terms, bound))
    }
    if any(terms[number][1] in names for number in module.of_kind(t.NAME)):
        # A function within this one knows the list, too.
        return True

    def is_list(term: int) -> bool:
        return not lists.isdisjoint(roots_of(terms, term))

    for number in range(loop.start, loop.end):
        entry = terms[number]
        if entry[0] == t.STORE_ITEM and entry[3] >= 0 and is_list(entry[1]):
            return True
        if entry[0] != t.CALL:
            continue
        called = terms[entry[1]]
        if called[0] == t.ATTR and called[2] in _FILLING and is_list(called[1]):
            return True
        if called not in [(t.NAME, name) for name in _ASKING]:
            if any(map(is_list, [*entry[2], *[given for _, given in entry[3]]])):
                return True
    return False


def _is_own(entry: t.Term) -> bool:
    """Whether nothing but the function itself has what a term gives at hand."""
    return entry[0] in (t.CALL, t.SEQUENCE, t.COMPREHENSION, t.PARAM)
