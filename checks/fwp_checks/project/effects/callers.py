"""Who calls a frame, and whether any of them lets a term of it run.

``def show(author, counts=True): … if counts: author.posts.count()`` asks for nothing where all that
reach it say ``counts=False``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.effects.fallbacks import Fallbacks
from fwp_checks.project.effects.requirements import Requirements
from fwp_checks.project.meaning.frames import Frame, FunctionKey
from fwp_checks.project.meaning.outcome import RunFrame
from fwp_checks.project.meaning.values import Constant

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# How far up the callers of code are looked at that runs in any case.
_LEVELS = 2
# What ``forloop`` and ``loop`` are bound to.
_STATE = (t.UNKNOWN, "state of a loop")


class Callers:
    """Answers for the frames of one share. ``is_start`` tells which of them other shares may call,
    too.
    """

    def __init__(
        self, project: Project, frames: Iterable[Frame], is_start: Callable[[Frame], bool]
    ) -> None:
        self._values = project.values
        self._conditions = project.conditions
        self._passed = project.passed
        self._fallbacks = Fallbacks(project)
        self._is_start = is_start
        self._calls: dict[Frame, list[tuple[Frame, int]]] = {}
        for frame in frames:
            behaviour = project.behaviours.of(frame)
            for event in behaviour.events:
                for alternative in event.alternatives:
                    for run in alternative or ():
                        if isinstance(run, RunFrame):
                            self._calls.setdefault(run.frame, []).append((frame, event.term))
            for term, made in behaviour.coroutines:
                self._calls.setdefault(made, []).append((frame, term))

    @property
    def called(self) -> Iterable[Frame]:
        """The frames that have callers."""
        return self._calls.keys()

    @property
    def callees(self) -> dict[FunctionKey, set[FunctionKey]]:
        """Which functions each function calls, in any frames."""
        found: dict[FunctionKey, set[FunctionKey]] = {}
        # One object for each function, so that there is less to hand to another process.
        known: dict[FunctionKey, FunctionKey] = {}
        called: dict[Frame, set[FunctionKey]] = {}
        for callee, calls in self._calls.items():
            function = known.setdefault(callee.function, callee.function)
            for caller, _ in calls:
                of_caller = called.get(caller)
                if of_caller is None:
                    key = known.setdefault(caller.function, caller.function)
                    of_caller = called[caller] = found.setdefault(key, set())
                of_caller.add(function)
        return found

    def calls_of(self, frame: Frame) -> Sequence[tuple[Frame, int]]:
        """Who calls a frame, and at which terms."""
        return self._calls.get(frame, ())

    def letting_run(self, frame: Frame, term: int) -> frozenset[FunctionKey] | None:
        """What lets a term run: functions of which no caller is known here. None if every caller
        forbids it; empty if it may run whoever else calls.
        """
        if self._is_ruled_out(frame, term):
            return None
        starts: set[FunctionKey] = set()
        if self._may(frame, self._conditions.of(frame, term), _LEVELS, set(), starts):
            return frozenset()
        return frozenset(starts) or None

    def _may(
        self,
        frame: Frame,
        requirements: Requirements,
        levels: int,
        seen: set[tuple[Frame, Requirements]],
        starts: set[FunctionKey],
    ) -> bool:
        """Whether some caller may let it run; what may do so without any is added to ``starts``."""
        calls = self._calls.get(frame)
        if not calls and self._is_start(frame):
            starts.add(frame.function)
            return False
        if not calls or (not requirements and levels <= 0):
            return True
        if (frame, requirements) in seen:
            return False
        seen.add((frame, requirements))
        for caller, term in calls:
            if self._is_ruled_out(caller, term):
                continue
            left = self._passed.left(requirements, caller, term, frame)
            if left is not None:
                more = left | self._conditions.of(caller, term)
                levels_left = levels - (not caller.module.is_template)
                if self._may(caller, more, levels_left, seen, starts):
                    return True
        return False

    def _is_ruled_out(self, frame: Frame, term: int) -> bool:
        """Whether a term stands in for an empty column; or what a template is given by name says
        that it does not come to a term, or does in one round of its loop only: ``{% include
        "book.html" with short=True %}``, ``{% if forloop.first %}``.
        """
        if self._fallbacks.has(frame, term):
            return True
        return frame.module.is_template and any(
            self._truth(frame, region.term) is (region.kind == "else")
            or (region.kind == "if" and _is_one_round(frame, region.term))
            for region in frame.module.regions_in(frame.scope_number)
            if region.kind in ("if", "else") and region.start <= term < region.end
        )

    def _truth(self, frame: Frame, test: int) -> bool | None:
        """Whether a test is true, if that stands in the code."""
        if test < 0:
            return None
        entry = frame.module.facts.terms[test]
        if entry[0] == t.UNARY and entry[1] == "not":
            inner = self._truth(frame, entry[2])
            return None if inner is None else not inner
        if entry[0] == t.BOOL:
            found = {self._truth(frame, operand) for operand in entry[2]}
            decides: bool = entry[1] == "or"
            if decides in found:
                return decides
            return None if None in found else not decides
        if entry[0] in (t.TRUTH, t.NARROW, t.ALIAS):
            return self._truth(frame, entry[1])
        value = self._values.evaluate(frame, test)
        return bool(value.value) if isinstance(value, Constant) else None


def _is_one_round(frame: Frame, test: int) -> bool:
    """Whether a test holds in the first or the last round of a loop only."""
    terms = frame.module.facts.terms
    entry = terms[test] if test >= 0 else t.NOTHING
    if entry[0] != t.LOOKUP or entry[2] not in ("first", "last"):
        return False
    return bool(terms[entry[1]] == _STATE)
