"""What the functions that answer requests do: what blocks, queries, opens, with the calls that lead
there.

What a function awaits is followed as what it calls: where a request waits, it makes no difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from fwp_checks.project.application.database_work import DatabaseWork
from fwp_checks.project.effects.behaviours import Event
from fwp_checks.project.effects.call_graph import CallGraph
from fwp_checks.project.effects.chains import Call, call_at
from fwp_checks.project.effects.effects import Effects, Rows
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.outcome import RunExternal, RunFrame

if TYPE_CHECKING:
    from fwp_checks.catalogue import EffectRow
    from fwp_checks.project.linked import Project

SHOWN = ("blocks", "queries", "writes", "opens")
"""The effects that are told, in order."""
_MOST_FRAMES = 400


class HandlerEffect(NamedTuple):
    """One effect of a function: the row of what has it, and the calls from the function to it."""

    effect: str
    row: EffectRow
    chain: tuple[Call, ...]


class HandlerEffects:
    """Answers for a set of functions."""

    def __init__(self, project: Project, frames: Iterable[Frame]) -> None:
        self._project = project
        self._rows = Rows(project)
        self._work = DatabaseWork(project)
        found: dict[Frame, Sequence[Event]] = {}
        waiting = list(frames)
        while waiting:
            frame = waiting.pop()
            if frame not in found:
                found[frame] = project.behaviours.of(frame).events
                waiting.extend(project.behaviours.following(frame))
        calls = CallGraph(project, found)
        self._by_effect = {
            effect: Effects(project, calls, partial(self._row, effect=effect)) for effect in SHOWN
        }

    def _row(self, run: RunExternal, effect: str) -> EffectRow | None:
        row = self._rows.of(run, effect)
        if row is not None or effect != "queries" or self._rows.of(run, "writes") is not None:
            return row
        # A driver's call that waits for a database, or an object that may have to be loaded.
        row = self._rows.of(run, "loads")
        return row or (self._rows.of(run, "blocks") if self._work.is_operation(run) else None)

    def of(self, frame: Frame) -> list[HandlerEffect]:
        """What a function does, once for each place that has an effect, by the first way there."""
        found: dict[tuple[str, str, int], HandlerEffect] = {}
        for reached, prefix in self._awaited(frame):
            for effect, effects in self._by_effect.items():
                for event in self._project.behaviours.of(reached).events:
                    links = effects.chain(reached, event)
                    run = links[-1].run if links else None
                    row = self._row(run, effect) if isinstance(run, RunExternal) else None
                    if links and row is not None:
                        rest = tuple(call_at(link.frame, link.term, link.run) for link in links)
                        one = HandlerEffect(effect, row, prefix + rest)
                        found.setdefault((effect, rest[-1].path, rest[-1].term), one)
        order = {effect: index for index, effect in enumerate(SHOWN)}
        return sorted(found.values(), key=lambda one: order[one.effect])

    def _awaited(self, frame: Frame) -> Iterator[tuple[Frame, tuple[Call, ...]]]:
        """A function and the asynchronous ones that it comes to wait for, with the calls there."""
        seen = {frame}
        waiting: list[tuple[Frame, tuple[Call, ...]]] = [(frame, ())]
        for current, prefix in waiting:
            if len(seen) > _MOST_FRAMES:
                break
            if current is frame or current.scope.is_async:
                yield current, prefix
            for term, following in self._following(current):
                if following not in seen:
                    seen.add(following)
                    call = call_at(current, term, RunFrame(following))
                    waiting.append((following, (*prefix, call)))

    def _following(self, frame: Frame) -> Iterator[tuple[int, Frame]]:
        behaviour = self._project.behaviours.of(frame)
        yield from behaviour.coroutines
        for event in behaviour.events:
            for alternative in event.alternatives:
                for run in alternative or ():
                    if isinstance(run, RunFrame):
                        yield event.term, run.frame
