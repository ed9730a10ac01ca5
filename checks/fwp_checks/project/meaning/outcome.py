"""What a call does: its result, and what runs on this thread before it returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fwp_checks.project.meaning.cuts import Cuts, Provisional
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.values import (
    MAX_OPTIONS,
    NO_ARGUMENTS,
    RECURSIVE,
    Arguments,
    Value,
    join,
    unknown,
)


@dataclass(slots=True, unsafe_hash=True)
class RunFrame:
    """The body of a project function runs."""

    frame: Frame


@dataclass(slots=True, unsafe_hash=True)
class RunExternal:
    """A library function runs; ``name`` is canonical, ``receiver`` the object a method was read
    from.
    """

    name: str
    arguments: Arguments = NO_ARGUMENTS
    receiver: Value | None = None


Run = RunFrame | RunExternal
# What runs for one callee; None where the callee is unknown.
Alternative = tuple[Run, ...] | None
# What many calls have in common is one object.
NOTHING_RUNS: tuple[Alternative, ...] = ((),)
UNKNOWN_RUNS: tuple[Alternative, ...] = (None,)


def running(frame: Frame) -> tuple[Alternative, ...]:
    """The body of one function runs; the same object for all calls that it may have."""
    known = frame.running
    if known is None:
        known = frame.running = ((RunFrame(frame),),)
    return known


class Outcome:
    """Result and runs of a call. ``alternatives`` has an entry for each callee it may be, by the
    path taken.
    """

    __slots__ = ("_compute", "_result", "alternatives")

    def __init__(
        self,
        alternatives: tuple[Alternative, ...],
        result: Value | None = None,
        compute: Callable[[], Value] | None = None,
    ) -> None:
        self.alternatives = alternatives
        self._result = result
        self._compute = compute

    @property
    def result(self) -> Value:
        """What the call gives."""
        known = self._result
        if type(known) is Provisional:
            known = known.met()
        return self._find() if known is None else known

    def _find(self) -> Value:
        """What the call gives, where that is not known from the start."""
        return RECURSIVE if self._compute is None else self._compute()

    def frames(self) -> list[Frame]:
        """The project's functions that run, whichever callee it is."""
        return [
            run.frame
            for alternative in self.alternatives
            for run in alternative or ()
            if isinstance(run, RunFrame)
        ]

    @classmethod
    def nothing(cls, result: Value) -> Outcome:
        """A call that runs nothing of interest."""
        return cls(NOTHING_RUNS, result)

    @classmethod
    def unknown(cls, reason: str) -> Outcome:
        """A call of something unknown."""
        return cls(UNKNOWN_RUNS, unknown(reason))

    @classmethod
    def either(cls, outcomes: list[Outcome], most: int = MAX_OPTIONS) -> Outcome:
        """One of several calls, by the path taken; of more than so many nothing is known."""
        if len(outcomes) == 1:
            return outcomes[0]
        alternatives = tuple(a for outcome in outcomes for a in outcome.alternatives)
        if not any(alternatives) and None not in alternatives:
            alternatives = NOTHING_RUNS
        return cls(alternatives, compute=lambda: join([one.result for one in outcomes], most))

    def also(self, runs: tuple[Run, ...]) -> Outcome:
        """The same, with something that runs in any case."""
        if not runs:
            return self
        alternatives = tuple(None if a is None else a + runs for a in self.alternatives)
        return Outcome(alternatives, compute=lambda: self.result)


class Called(Outcome):
    """What a call does that gives what follows from its arguments; found out when first asked for.
    There are so many that each is one object, where a function to compute the result would be two
    more.
    """

    __slots__ = ("_arguments", "_cuts")

    def __init__(
        self, alternatives: tuple[Alternative, ...], arguments: Arguments, cuts: Cuts
    ) -> None:
        super().__init__(alternatives)
        self._arguments = arguments
        self._cuts = cuts

    def _find(self) -> Value:
        begun = self._result = self._cuts.begin()
        try:
            found = self._result = self._given(self._arguments)
        except BaseException:
            self._result = RECURSIVE
            raise
        finally:
            is_sure = self._cuts.end(begun)
        if is_sure:
            # It is not asked again.
            self._arguments = NO_ARGUMENTS
        else:
            self._result = self._cuts.provisional(begun, found, self._forget)
        return found

    def _forget(self) -> None:
        if type(self._result) is Provisional:
            self._result = None

    def _given(self, arguments: Arguments) -> Value:
        """What the call gives for its arguments."""
        raise NotImplementedError
