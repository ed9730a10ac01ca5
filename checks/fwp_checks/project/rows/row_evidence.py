"""What one share of a project tells about its queries: plain data, put together by
:mod:`fwp_checks.project.rows.queries`.

Evaluated is every function of the share's modules that can come by a query, and whatever goes
through rows there for a framework, with all that they run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from fwp_checks.project.effects.callers import Callers
from fwp_checks.project.meaning.frames import Frame, FunctionKey
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.rows.built import BuiltAt, BuiltQueries
from fwp_checks.project.rows.fetched import Fetched, Waste
from fwp_checks.project.rows.jobs import Calls
from fwp_checks.project.rows.loops import LoopEffects, LoopSite
from fwp_checks.project.rows.needs import NeedEvidence, RowNeeds, Showing
from fwp_checks.project.rows.refusals import Refusal, Refusals
from fwp_checks.project.rows.row_effects import RowEffects, RowSite
from fwp_checks.project.rows.row_frames import RowFrames

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.shares import Share

T = TypeVar("T")


class RowEvidence(NamedTuple):
    """What one share tells. ``called`` are the functions of other shares that its code calls with
    nothing known of their arguments, ``commands`` those that run where nobody waits. ``writing``
    are the loops over rows of needs that write in each round, ``waiting`` the functions in which no
    read is refused.
    """

    calls: Calls
    built: BuiltAt
    needs: tuple[NeedEvidence, ...] = ()
    called: frozenset[FunctionKey] = frozenset()
    commands: frozenset[FunctionKey] = frozenset()
    writing: frozenset[Place] = frozenset()
    queries: tuple[LoopSite, ...] = ()
    writes: tuple[LoopSite, ...] = ()
    sites: tuple[RowSite, ...] = ()
    wasted: tuple[Waste, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    waiting: frozenset[FunctionKey] = frozenset()
    showing: tuple[Showing, ...] = ()


class RowCollector:
    """Evaluates one share."""

    def __init__(self, project: Project, share: Share) -> None:
        self._project = project
        self._share = share
        self._frames = RowFrames(project, share)

    def collect(self) -> RowEvidence:
        """The evidence of the share."""
        project, frames = self._project, self._frames
        if not project.row_modules:
            return RowEvidence({}, {})
        callers = Callers(project, frames.all, frames.is_start)
        needs = self._safely(RowNeeds(project, frames, callers).collect)
        loops = LoopEffects(project, frames, callers)
        commands = self._safely(self._commands)
        writing = self._safely(lambda: loops.writing(_consumed(needs)))
        return RowEvidence(
            callers.callees,
            BuiltQueries(project, frames).collect(_asked(needs)),
            needs,
            frozenset([f.function for f in callers.called if self._is_elsewhere(f)]),
            frozenset(commands),
            frozenset(writing),
            self._safely(lambda: loops.collect("queries")),
            self._safely(lambda: loops.collect("writes")),
            self._safely(RowEffects(project, frames).collect),
            self._safely(self._wasted),
            self._safely(Refusals(project, frames, callers).collect),
            frozenset(self._safely(lambda: project.frameworks.waiting_functions(self._share))),
            tuple([consumer.told for consumer in frames.consumers]),
        )

    def _safely(self, find: Callable[[], Iterable[T]]) -> tuple[T, ...]:
        """What is found; a question that the engine fails on costs its own answers."""
        try:
            return tuple(find())
        except Exception as error:
            self._project.fail(self._share.modules[0], "the queries of the project", error)
            return ()

    def _commands(self) -> list[FunctionKey]:
        """What runs where nobody waits: commands, jobs of workers."""
        return [frame.function for frame in self._project.frameworks.commands]

    def _is_elsewhere(self, frame: Frame) -> bool:
        return frame.module not in self._share and self._frames.is_start(frame)

    def _wasted(self) -> Iterator[Waste]:
        fetched = Fetched(self._project)
        for module in self._frames.modules:
            yield from fetched.wasted(module)


def _consumed(needs: Iterable[NeedEvidence]) -> set[Place]:
    """Where the rows of needs are gone through."""
    places = [found.need.origin.consumed for found in needs]
    return {place for place in places if place is not None}


def _asked(needs: Iterable[NeedEvidence]) -> Iterator[Place]:
    """Where the queries of needs are built."""
    for found in needs:
        origin = found.need.origin
        yield from origin.also if origin.built is None else (origin.built, *origin.also)
