"""Tests of which nothing says how they come out, and what stands under them.

``def load(path): … if path in known: return parse(path)`` may parse, or may never do so for those
who call it: helpers are written for others, too. What stands in the async function itself was
written for its loop. Tests of parameters are no such tests as long as the caller may still answer
them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Region
from fwp_checks.project.effects.outside import Outside
from fwp_checks.project.effects.requirements import NOTHING, Requirements
from fwp_checks.project.files.modules import Module
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
        self._passed = project.passed
        self._open = project.behaviours.open_tests
        self._met: dict[Frame, set[Tests]] = {}

    def of(self, frame: Frame, term: int) -> tuple[bool, Requirements]:
        """Whether a term that has the effect runs under tests that are open, and what others ask of
        the frame's parameters; nothing does under both outcomes of a test.
        """
        found = self._open.around(frame, term)
        if not found:
            return False, NOTHING
        met = self._met.setdefault(frame, set())
        waiting = [found]
        answers = []
        while waiting:
            tests = waiting.pop()
            answers.append(self._open.asked(frame, tests))
            met.add(tests)
            for test, holds in sorted(tests):
                rest = tests - {(test, holds)}
                if rest | {(test, not holds)} in met:
                    waiting.append(rest)
        known = [asked for asked in answers if asked is not None]
        return (False, min(known, key=len)) if known else (True, NOTHING)

    def answered(
        self, asked: Requirements, caller: Frame, call: int, callee: Frame
    ) -> Requirements | None:
        """What a call leaves to its caller's callers of what its callee asks; None if it does not
        say of all of the rest that it is so. What a template hands on is not known, as a rule.
        """
        if caller.module.is_template:
            return NOTHING
        return self._passed.answered(asked, caller, call, callee)


class OpenTests:
    """Answers for one project: which tests nothing answers."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._conditions = project.conditions
        self._passed = project.passed
        self._outside = Outside(project)
        self._around: dict[tuple[Frame, int], Tests] = {}
        self._answers: dict[tuple[Frame, str, int, int, int], Requirements | None] = {}
        self._asked: dict[Frame, dict[Test, Requirements | None]] = {}
        self._used: dict[tuple[Module, int, int, int], bool] = {}

    def around(self, frame: Frame, term: int) -> Tests:
        """The tests of the branches in which a term stands that are open, or ask for something.
        What an object of a model keeps for itself it lacks at first.
        """
        key = (frame, term)
        known = self._around.get(key)
        if known is None:
            found: list[Test] = []
            branches = _around(frame, term)
            own = self._project.behaviours.own_tests(frame) if branches else ()
            for region in branches:
                if region.term not in own and self._answer_of(frame, region) != NOTHING:
                    found.append((region.term, region.kind == "if"))
            known = self._around[key] = frozenset(found)
        return known

    def asked(self, frame: Frame, tests: Tests) -> Requirements | None:
        """What such tests ask of the frame's parameters; None if one is open."""
        found = NOTHING
        for test in tests:
            asked = self._asked[frame][test]
            if asked is None:
                return None
            found |= asked
        return found

    def _answer_of(self, frame: Frame, region: Region) -> Requirements | None:
        key = (frame, region.kind, region.term, region.start, region.end)
        if key in self._answers:
            return self._answers[key]
        holds = region.kind == "if"
        found = self._answer(frame, region.term, holds, region)
        self._answers[key] = found
        if found != NOTHING:
            self._asked.setdefault(frame, {})[region.term, holds] = found
        return found

    def _answer(self, frame: Frame, test: int, holds: bool, region: Region) -> Requirements | None:
        """What a test asks of parameters: nothing if it comes out so for certain, or either way, or
        whether there is anything to work on; None if it is open.
        """
        terms = frame.module.facts.terms
        entry = terms[test]
        if entry[0] == t.UNARY and entry[1] == "not":
            return self._answer(frame, entry[2], not holds, region)
        if entry[0] == t.BOOL and (entry[1] == "and") is holds:
            found = NOTHING
            for operand in entry[2]:
                part = self._answer(frame, operand, holds, region)
                if part is None:
                    return None
                found |= part
            return found
        asked = self._conditions.asked(frame, test, holds) if entry[0] != t.BOOL else NOTHING
        if asked:
            return asked
        if self._is_certain(frame, test, holds, region):
            return NOTHING
        left = self._outside.left(frame, test, is_truth=True)
        if left is None and entry[0] == t.BOOL:
            # One part that is so is enough.
            parts = [self._answer(frame, operand, holds, region) for operand in entry[2]]
            return min([part for part in parts if part is not None], key=len, default=None)
        if left is not None:
            return left
        return self._conditions.asked(frame, test, holds, of_objects=True) or None

    def _is_certain(self, frame: Frame, test: int, holds: bool, region: Region) -> bool:
        """Whether a test comes out so for certain, or asks whether there is anything to work on."""
        terms = frame.module.facts.terms
        entry = terms[test]
        none = None
        if entry[0] == t.COMPARE and terms[entry[3]] == (t.CONST, None):
            none = _IS_NONE.get(entry[1])
            test = entry[2] if none is not None else test
        is_there = holds if none is None else none is not holds
        if is_there and self._is_used(frame.module, test, region):
            return True
        value = self._project.values.evaluate(frame, test)
        if isinstance(value, Constant):
            return is_there is (bool(value.value) if none is None else value.value is not None)
        is_object = self._passed.is_true if none is None else self._passed.is_object
        return is_there and all(map(is_object, options_of(value)))

    def _is_used(self, module: Module, tested: int, region: Region) -> bool:
        """Whether what a test finds to be there is what its branch works on."""
        key = (module, tested, region.start, region.end)
        known = self._used.get(key)
        if known is None:
            known = self._used[key] = _is_used(module.facts.terms, tested, region)
        return known


def _around(frame: Frame, term: int) -> list[Region]:
    """The branches in which a term stands; in a template none, which was written for those pages
    that show it.
    """
    if frame.module.is_template:
        return []
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
