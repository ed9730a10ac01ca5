"""Where the ways through branches meet: which test decides what a name stands for behind them.

A chain of ``elif`` has a region for each of its bodies, and one for its ``else``. What its ways
leave meets behind the last one: for each name touched a JOIN at the innermost level first, which
one of the next level refers to, up to that of the first test.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Region

Branch = tuple[int, Region]
"""A region of a branch, with its number."""


class Meetings:
    """Answers for the code of one scope: its ``branches``, among all ``regions`` of the module."""

    def __init__(
        self, terms: list[t.Term], regions: Sequence[Region], branches: Sequence[Branch]
    ) -> None:
        self._terms = terms
        self._ends = sorted({region.end for region in regions})
        self._by_end: dict[int, list[Branch]] = {}
        for number, region in branches:
            self._by_end.setdefault(region.end, []).append((number, region))
        with_else = {(r.start, r.term) for _, r in branches if r.kind == "else"}
        # The branches that have no ``else``, by their ends.
        self._single: dict[int, list[Branch]] = {}
        self._numbers: dict[tuple[int, int, int], int] = {}
        for number, region in branches:
            if region.kind == "if":
                self._numbers.setdefault((region.start, region.end, region.term), number)
                if (region.end, region.term) not in with_else:
                    self._single.setdefault(region.end, []).append((number, region))
        self._single_ends = sorted(self._single)
        self._chains: dict[int, list[Region]] = {}
        self._levels: dict[int, dict[int, int]] = {}

    def deciding(self, join: int) -> Branch | None:
        """The branch whose test decides which of two ways led to a JOIN; None if that is not
        certain. The way of an ``if`` comes first.
        """
        end = join
        while end not in self._by_end:
            end -= 1
            if end < 0 or self._terms[end][0] != t.JOIN:
                return None
        if bisect_right(self._ends, join) > bisect_right(self._ends, end):
            return None
        last = self._by_end[end]
        others = [(n, r) for n, r in last if r.kind == "else"]
        if others:
            found = min(others, key=lambda branch: branch[1].start)
            ifs = [r for _, r in self._by_end.get(found[1].start, ()) if r.kind == "if"]
            if not ifs:
                return None
            first = ifs[0]
        else:
            found = max(last, key=lambda branch: branch[1].start)
            first = found[1]
        chain = [*self.earlier(first), first]
        if len(chain) == 1:
            return found if others else None
        levels = self._levels_from(end)
        if max(levels.values(), default=0) != len(chain) - 1:
            # Ways that end, or no chain at all.
            return None
        decides = chain[levels[join]]
        return next((n, r) for n, r in self._by_end[decides.end] if r is decides)

    def earlier(self, region: Region) -> list[Region]:
        """The branches before one in its chain of ``elif``, as far as can be told: nothing but its
        condition is between it and a branch before that, which has no ``else``.
        """
        known = self._chains.get(region.start)
        if known is None:
            known = self._chains[region.start] = []
            before = self._before(region)
            while before is not None:
                known.append(before)
                before = self._before(before)
            known.reverse()
        return known

    def _before(self, region: Region) -> Region | None:
        own = self._numbers.get((region.start, region.end, region.term), -1)
        at = bisect_right(self._single_ends, region.start)
        before: list[Branch] = []
        # In their order: what is empty itself ends where it starts.
        while at and not before:
            at -= 1
            end = self._single_ends[at]
            before = [(n, r) for n, r in self._single[end] if n < own]
        if not before:
            return None
        condition = _reached(self._terms, region.term, end)
        if any(
            term not in condition and self._terms[term][0] != t.TRUTH
            for term in range(end, region.start)
        ):
            return None
        return min(before, key=lambda branch: (branch[1].start, -branch[0]))[1]

    def _levels_from(self, end: int) -> dict[int, int]:
        """The JOINs from a term on, up to the end of a branch around: how many others lead from
        each to one that no other of them refers to.
        """
        found = self._levels.get(end)
        if found is not None:
            return found
        terms = self._terms
        around = bisect_right(self._ends, end)
        stop = self._ends[around] if around < len(self._ends) else len(terms)
        last = end
        while last < stop and terms[last][0] == t.JOIN:
            last += 1
        found = self._levels[end] = dict.fromkeys(range(end, last), 0)
        for term in range(last - 1, end - 1, -1):
            for option in terms[term][1]:
                if option in found and option < term:
                    found[option] = max(found[option], found[term] + 1)
        return found


def _reached(terms: list[t.Term], term: int, first: int) -> set[int]:
    """The terms that one is made of, as far as they are not before another."""
    found: set[int] = set()
    waiting = [term] if term >= first else []
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend([operand for operand in t.operands(terms[one]) if operand >= first])
    return found
