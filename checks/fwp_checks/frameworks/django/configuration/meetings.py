"""Where the ways through branches meet: which test decides what a name stands for behind them.

A chain of ``elif`` has a region for each of its bodies, and one for its ``else``. What its ways
leave meets behind the last one: for each name touched a JOIN at the innermost level first, which
one of the next level refers to, up to that of the first test.
"""

from __future__ import annotations

from collections.abc import Sequence

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Region

Branch = tuple[int, Region]
"""A region of a branch, with its number."""


def deciding(
    terms: Sequence[t.Term], regions: Sequence[Region], branches: Sequence[Branch], join: int
) -> Branch | None:
    """The branch whose test decides which of two ways led to a JOIN; None if that is not certain.
    The way of an ``if`` comes first.
    """
    before = [(n, r) for n, r in branches if r.end <= join]
    if not before:
        return None
    end = max(region.end for _, region in before)
    if any(terms[term][0] != t.JOIN for term in range(end, join)):
        return None
    if any(end < region.end <= join for region in regions):
        return None
    last = [(n, r) for n, r in before if r.end == end]
    others = [(n, r) for n, r in last if r.kind == "else"]
    if others:
        found = min(others, key=lambda branch: branch[1].start)
        first = next((r for _, r in branches if r.kind == "if" and r.end == found[1].start), None)
        if first is None:
            return None
    else:
        found = max(last, key=lambda branch: branch[1].start)
        first = found[1]
    chain = [*earlier(terms, branches, first), first]
    if len(chain) == 1:
        return found if others else None
    levels = _levels(terms, regions, end)
    if max(levels.values(), default=0) != len(chain) - 1:
        # Ways that end, or no chain at all.
        return None
    decides = chain[levels[join]]
    return next((n, r) for n, r in branches if r is decides)


def earlier(terms: Sequence[t.Term], branches: Sequence[Branch], region: Region) -> list[Region]:
    """The branches before one in its chain of ``elif``, as far as can be told: nothing but its
    condition is between it and a branch before that, which has no ``else``.
    """
    with_else = {(r.start, r.term) for _, r in branches if r.kind == "else"}
    found: list[Region] = []
    # In their order: what comes before a branch in its chain comes before it here.
    ifs = [other for _, other in branches if other.kind == "if"]
    known = next((at for at, other in enumerate(ifs) if other is region), 0)
    while known > 0:
        condition = _reached(terms, region.term)
        before = [
            at
            for at, other in enumerate(ifs[:known])
            if other.end <= region.start
            and (other.end, other.term) not in with_else
            and all(
                term in condition or terms[term][0] == t.TRUTH
                for term in range(other.end, region.start)
            )
        ]
        if not before:
            break
        known = max(before, key=lambda at: (ifs[at].end, -ifs[at].start, at))
        region = ifs[known]
        found.insert(0, region)
    return found


def _levels(terms: Sequence[t.Term], regions: Sequence[Region], end: int) -> dict[int, int]:
    """The JOINs from a term on, up to the end of a branch around: how many others lead from each
    to one that no other of them refers to.
    """
    stop = min((region.end for region in regions if region.end > end), default=len(terms))
    last = end
    while last < stop and terms[last][0] == t.JOIN:
        last += 1
    found = dict.fromkeys(range(end, last), 0)
    for term in range(last - 1, end - 1, -1):
        for option in terms[term][1]:
            if option in found and option < term:
                found[option] = max(found[option], found[term] + 1)
    return found


def _reached(terms: Sequence[t.Term], term: int) -> set[int]:
    found: set[int] = set()
    waiting = [term] if term >= 0 else []
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(t.operands(terms[one]))
    return found
