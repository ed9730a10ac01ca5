"""What tests have said where a term runs: in their branches, behind branches that leave, and behind
loops.
"""

from __future__ import annotations

from dataclasses import dataclass

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module

_NONE: t.Term = (t.CONST, None)


@dataclass(slots=True)
class Tested:
    """From ``start`` to ``end`` a term has been true (``holds``) or false."""

    start: int
    end: int
    term: int
    holds: bool


def tests_in(module: Module, scope_number: int) -> list[Tested]:
    """What the tests of a scope have said of all that they are made of, and where."""
    found: list[Tested] = []
    for region in module.regions_in(scope_number):
        if region.term >= 0 and region.kind in ("if", "else"):
            is_if = region.kind == "if"
            found.append(Tested(region.start, region.end, region.term, is_if))
            if region.leaves:
                start, end = module.rest_after(region, scope_number)
                found.append(Tested(start, end, region.term, not is_if))
    return _told(module, found)


def tests_around(module: Module, scope_number: int, term: int) -> list[Tested]:
    """What the tests have said that have been true, or false, wherever a term of the scope runs."""
    found: list[Tested] = []
    for region in module.regions_in(scope_number):
        if region.start <= term and region.term >= 0 and region.kind in ("if", "else"):
            is_if = region.kind == "if"
            if term < region.end:
                found.append(Tested(region.start, region.end, region.term, is_if))
            elif region.leaves:
                start, end = module.rest_after(region, scope_number)
                if term < end:
                    found.append(Tested(start, end, region.term, not is_if))
    return _told(module, found)


def _told(module: Module, tests: list[Tested]) -> list[Tested]:
    """What some tests have said of all that they are made of."""
    terms = module.facts.terms
    return [
        Tested(test.start, test.end, part, holds)
        for test in tests
        for part, holds in parts(terms, test.term, holds=test.holds)
    ]


def tests_before(module: Module, scope_number: int, term: int) -> list[tuple[int, bool]]:
    """The terms that have been true, or false, wherever a term of the scope runs."""
    return [(one.term, one.holds) for one in tests_around(module, scope_number, term)]


def tests_behind_loops(module: Module, scope_number: int, term: int) -> list[tuple[int, bool]]:
    """What a ``while`` asks that has ended wherever a term runs, and how its parts came out: not of
    one that may be broken off.
    """
    regions = module.regions_in(scope_number)
    found: list[tuple[int, bool]] = []
    for loop in regions:
        if loop.kind != "while" or loop.term < 0 or loop.exits:
            continue
        start, end = module.rest_after(loop, scope_number)
        if not start <= term < end:
            continue
        if any(r.leaves and loop.start <= r.start and r.end <= loop.end for r in regions):
            continue
        found += parts(module.facts.terms, loop.term, holds=False)
    return found


def parts(terms: list[t.Term], test: int, *, holds: bool) -> list[tuple[int, bool]]:
    """What is known of the parts of a test that is true, or false: of all of ``a and b`` that is
    true, of all of ``a or b`` that is false, of neither otherwise.
    """
    found = [(test, holds)]
    entry = terms[test]
    if entry[0] == t.UNARY and entry[1] == "not":
        found += parts(terms, entry[2], holds=not holds)
    elif entry[0] == t.BOOL and (entry[1] == "and") is holds:
        for operand in entry[2]:
            found += parts(terms, operand, holds=holds)
    return found


def asked_attribute(terms: list[t.Term], test: int) -> tuple[int, int, bool] | None:
    """The object and the name of ``hasattr(post, "total")``, ``"total" in post.__dict__`` and
    ``getattr(post, "total", None) is None``, and whether the attribute is there if the test holds;
    None for any other test.
    """
    if test < 0:
        return None
    entry = terms[t.unaliased(terms, test)]
    if entry[0] == t.TRUTH:
        entry = terms[t.unaliased(terms, entry[1])]
    if entry[0] == t.COMPARE and entry[1] == "in":
        held = terms[t.unaliased(terms, entry[3])]
        return (held[1], entry[2], True) if held[0] == t.ATTR and held[2] == "__dict__" else None
    if entry[0] == t.COMPARE and entry[1] in ("is", "is not") and terms[entry[3]] == _NONE:
        read = terms[t.unaliased(terms, entry[2])]
        if _is_call(terms, read, "getattr") and len(read[2]) > 2 and terms[read[2][2]] == _NONE:
            return read[2][0], read[2][1], entry[1] == "is not"
        return None
    if _is_call(terms, entry, "hasattr") and len(entry[2]) > 1:
        return entry[2][0], entry[2][1], True
    return None


def _is_call(terms: list[t.Term], entry: t.Term, name: str) -> bool:
    return entry[0] == t.CALL and terms[entry[1]] == (t.NAME, name)
