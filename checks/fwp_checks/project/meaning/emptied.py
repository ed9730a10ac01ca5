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
_ASKING: tuple[t.Term, ...] = ((t.NAME, "len"), (t.NAME, "bool"))


class Emptied:
    """Answers for one project."""

    def __init__(self) -> None:
        self._filled: dict[tuple[Module, int, frozenset[int]], bool] = {}
        self._names: dict[tuple[Module, int], dict[int, set[str]]] = {}
        self._read: dict[Module, frozenset[str]] = {}

    def loop_of(self, module: Module, term: int) -> Region | None:
        """The loop in which a call takes the next of the rows of a list, as long as there are any;
        None if there is none, or if the list may be filled meanwhile.
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
        lists = frozenset(roots_of(terms, terms[entry[1]][1]))
        if not _is_tested(terms, loop.term, lists) or self._may_be_filled(module, loop, lists):
            return None
        return loop

    def _may_be_filled(self, module: Module, loop: Region, lists: frozenset[int]) -> bool:
        key = (module, loop.start, lists)
        known = self._filled.get(key)
        if known is None:
            known = self._filled[key] = self._is_known_elsewhere(module, loop, lists) or _is_filled(
                module.facts.terms, loop, lists
            )
        return known

    def _is_known_elsewhere(self, module: Module, loop: Region, lists: frozenset[int]) -> bool:
        """Whether a list may be at hand for more than the function, as for one within it."""
        terms = module.facts.terms
        if any(loop.start <= root < loop.end or not _is_own(terms[root]) for root in lists):
            return True
        if module not in self._read:
            self._read[module] = frozenset([terms[n][1] for n in module.of_kind(t.NAME)])
        bound = self._bound(module, module.code_scope_of(loop.start))
        return any(not self._read[module].isdisjoint(bound.get(root, ())) for root in lists)

    def _bound(self, module: Module, scope: int) -> dict[int, set[str]]:
        """The variables of a function by what they stand for."""
        key = (module, scope)
        known = self._names.get(key)
        if known is None:
            known = self._names[key] = {}
            for name, bound in module.facts.scopes[scope].bindings.items():
                for root in roots_of(module.facts.terms, bound):
                    known.setdefault(root, set()).add(name)
        return known


def _is_tested(terms: list[t.Term], test: int, lists: frozenset[int]) -> bool:
    """Whether a loop runs as long as there is something in a list."""
    if test < 0:
        return False
    entry = terms[test]
    if entry[0] == t.CALL and terms[entry[1]] in _ASKING:
        return any(_is_tested(terms, given, lists) for given in entry[2])
    if entry[0] in _TESTING:
        return any(_is_tested(terms, part, lists) for part in t.operands(entry))
    return not lists.isdisjoint(roots_of(terms, test))


def _is_filled(terms: list[t.Term], loop: Region, lists: frozenset[int]) -> bool:
    """Whether code of a loop puts something into a list, or hands it to what may do so."""

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
        if called not in _ASKING:
            if any(map(is_list, [*entry[2], *[given for _, given in entry[3]]])):
                return True
    return False


def _is_own(entry: t.Term) -> bool:
    """Whether nothing but the function itself has what a term gives at hand."""
    return entry[0] in (t.CALL, t.SEQUENCE, t.COMPREHENSION, t.PARAM)
