"""The calls of a set of frames: what effects are carried along. One for all effects that are asked
of these frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from fwp_checks.project.effects.behaviours import Event
from fwp_checks.project.meaning.frames import Frame, FunctionKey
from fwp_checks.project.meaning.outcome import RunExternal, RunFrame

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project


class CallGraph:
    """Who calls each frame, and where functions of libraries are called: frame, event, and which
    alternative of that it is. ``happening`` is what each frame does that counts. Events of which a
    callee is unknown are left out.
    """

    def __init__(self, project: Project, happening: Mapping[Frame, Sequence[Event]]) -> None:
        self._behaviours = project.behaviours
        self.libraries: list[tuple[Frame, Event, int, RunExternal]] = []
        self._callers: dict[Frame, list[tuple[Frame, Event, int]]] = {}
        for frame, events in happening.items():
            for event in events:
                if None in event.alternatives:
                    continue
                if len(event.alternatives) > 1:
                    event = self._going_on(frame, event)
                for index, alternative in enumerate(event.alternatives):
                    for run in alternative or ():
                        if isinstance(run, RunFrame):
                            self._callers.setdefault(run.frame, []).append((frame, event, index))
                        else:
                            self.libraries.append((frame, event, index, run))

    def callers(self, frame: Frame) -> Iterable[tuple[Frame, Event, int]]:
        """Who calls a frame."""
        return self._callers.get(frame, ())

    def leading_to(self, is_sought: Callable[[Frame, Event], bool]) -> set[Frame]:
        """The frames that do something of a kind, or call one that does."""
        found = {frame for frame, event, _, _ in self.libraries if is_sought(frame, event)}
        for calls in self._callers.values():
            found.update([frame for frame, event, _ in calls if is_sought(frame, event)])
        waiting = list(found)
        while waiting:
            for frame, _, _ in self.callers(waiting.pop()):
                if frame not in found:
                    found.add(frame)
                    waiting.append(frame)
        return found

    def _going_on(self, frame: Frame, event: Event) -> Event:
        """An event without those of its callees that come back to it: what delegates to an object
        of its own kind does what the last one of them does, which delegates to none.
        """
        callees = _functions(event)
        if frame.function not in callees:
            return event
        left = tuple(
            [
                alternative
                for alternative in event.alternatives
                if not any(
                    isinstance(run, RunFrame) and self._comes_back(frame, run.frame, callees)
                    for run in alternative or ()
                )
            ]
        )
        return replace(event, alternatives=left) if left else event

    def _comes_back(self, frame: Frame, callee: Frame, callees: frozenset[FunctionKey]) -> bool:
        """Whether a callee is the function of a frame, or calls the same functions in turn."""
        return callee.function == frame.function or any(
            not event.is_remembered
            and len(event.alternatives) == len(callees)
            and _functions(event) == callees
            for event in self._behaviours.of(callee).events
        )


def _functions(event: Event) -> frozenset[FunctionKey]:
    """The functions of the project that an event may run."""
    return frozenset(
        [
            run.frame.function
            for alternative in event.alternatives
            for run in alternative or ()
            if isinstance(run, RunFrame)
        ]
    )
