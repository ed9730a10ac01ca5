"""Tests of which nothing says how they come out, and what stands under them.

``def load(path): … if path in known: return parse(path)`` may parse, or may never do so for those
who call it. Near the caller that is what the code is about; several helpers away it was written for
others. Tests of parameters are no such tests as long as the caller may still answer them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Region
from fwp_checks.project.effects.requirements import NOTHING, Requirements
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.narrowing import is_same
from fwp_checks.project.meaning.values import Constant, options_of

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

Test = tuple[int, bool]
"""The term of a test, and how it comes out."""
Tests = frozenset[Test]

_IS_NONE = {"is": True, "==": True, "is not": False, "!=": False}


class Doubts:
    """Answers for one effect: what has it under both outcomes of a test has it anyway."""

    def __init__(self, project: Project) -> None:
        self._conditions = project.conditions
        self._passed = project.passed
        self._open = project.behaviours.open_tests
        self._met: dict[Frame, set[Tests]] = {}

    def has(self, frame: Frame, term: int) -> bool:
        """Whether a term that has the effect runs under such tests, and none that were asked for
        before run under the other outcomes of these.
        """
        found = self._open.around(frame, term)
        if not found:
            return False
        met = self._met.setdefault(frame, set())
        waiting = [found]
        while waiting:
            tests = waiting.pop()
            if not tests:
                return False
            met.add(tests)
            for test, holds in tests:
                rest = tests - {(test, holds)}
                if rest | {(test, not holds)} in met:
                    waiting.append(rest)
        return True

    def asked(self, frame: Frame, term: int) -> Requirements:
        """What the tests around a term ask of the frame's parameters."""
        found = NOTHING
        for region in _around(frame, term):
            found |= self._conditions.asked(frame, region.term, region.kind == "if")
        return found

    def are_left(self, asked: Requirements, caller: Frame, call: int, callee: Frame) -> bool:
        """Whether a call does not say of what its callee asks that it is so, and does not hand on
        a parameter of the caller, either.
        """
        return any(not self._passed.is_met(need, caller, call, callee) for need in asked)


class OpenTests:
    """Answers for one project: which tests nothing answers."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._conditions = project.conditions
        self._passed = project.passed
        self._answered: dict[tuple[Frame, str, int, int, int], bool] = {}

    def around(self, frame: Frame, term: int) -> Tests:
        """The open tests of the branches in which a term stands."""
        return frozenset(
            [
                (region.term, region.kind == "if")
                for region in _around(frame, term)
                if not self._is_known(frame, region)
            ]
        )

    def _is_known(self, frame: Frame, region: Region) -> bool:
        key = (frame, region.kind, region.term, region.start, region.end)
        known = self._answered.get(key)
        if known is None:
            known = self._is_answered(frame, region.term, region.kind == "if", region)
            self._answered[key] = known
        return known

    def _is_answered(self, frame: Frame, test: int, holds: bool, region: Region) -> bool:
        """Whether a test comes out so for certain, or asks for nothing but parameters, or whether
        there is anything to work on.
        """
        terms = frame.module.facts.terms
        entry = terms[test]
        if entry[0] == t.UNARY and entry[1] == "not":
            return self._is_answered(frame, entry[2], not holds, region)
        if entry[0] == t.BOOL and (entry[1] == "and") is holds:
            return all(self._is_answered(frame, operand, holds, region) for operand in entry[2])
        if entry[0] != t.BOOL and self._conditions.asked(frame, test, holds):
            return True
        none = None
        if entry[0] == t.COMPARE and terms[entry[3]] == (t.CONST, None):
            none = _IS_NONE.get(entry[1])
            test = entry[2] if none is not None else test
        is_there = holds if none is None else none is not holds
        if is_there and _is_used(terms, test, region):
            return True
        value = self._project.values.evaluate(frame, test)
        if isinstance(value, Constant):
            return is_there is (bool(value.value) if none is None else value.value is not None)
        is_object = self._passed.is_true if none is None else self._passed.is_object
        return is_there and all(map(is_object, options_of(value)))


def _around(frame: Frame, term: int) -> list[Region]:
    """The branches in which a term stands."""
    return [
        region
        for region in frame.module.regions_in(frame.scope_number)
        if region.kind in ("if", "else") and region.start <= term < region.end and region.term >= 0
    ]


def _is_used(terms: list[t.Term], tested: int, region: Region) -> bool:
    """Whether what a test finds to be there is what its branch works on."""
    tested = t.unaliased(terms, tested)
    # What reads the same is of the same kind.
    kinds = {terms[tested][0], t.ALIAS, t.NARROW} - {t.CONST}
    return any(
        terms[used][0] in kinds and is_same(terms, used, tested)
        for term in range(region.start, region.end)
        if terms[term][0] not in (t.NARROW, t.ALIAS, t.JOIN)
        for used in t.operands(terms[term])
    )
