"""What requests open anew each time: engines, pools, connections and clients that were better made
once.

The search goes backwards. It starts at the few calls of a project that open something, and goes to
their callers, by name, until it comes to a function that a framework calls for requests. It stops
where the result is kept: then it is opened once, however often the way to it is gone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.effects.chains import Call, public_name
from fwp_checks.project.effects.requirements import NOTHING, Requirements
from fwp_checks.project.files.modules import Module
from fwp_checks.project.lifetimes.callers import ENTERING, CallersByName
from fwp_checks.project.lifetimes.keeping import Keepings, holding
from fwp_checks.project.lifetimes.model import (
    BRANCHES,
    Keeping,
    Opening,
    PerRequest,
    Step,
    Way,
    is_conditional,
    is_in_loop,
)
from fwp_checks.project.lifetimes.pools import Pools
from fwp_checks.project.lifetimes.probes import is_probe, is_probe_path, is_sign_in, is_sign_in_path
from fwp_checks.project.lifetimes.requested import Requested
from fwp_checks.project.lifetimes.shared import Shared
from fwp_checks.project.lifetimes.single_requests import SingleRequestsOfProject
from fwp_checks.project.lifetimes.sites import Openings
from fwp_checks.project.lifetimes.targets import Targets
from fwp_checks.project.meaning.frames import Frame, FunctionKey
from fwp_checks.project.structure.loaded import is_example

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# What is further away from the request is seldom its own doing.
_MOST_LEVELS = 4
# Where so many functions lead to one, more ways tell nothing new.
_MOST_FUNCTIONS = 400
# What is handed to these lives until the response is sent, or longer.
_STREAMING = (
    "StreamingResponse", "EventSourceResponse", "StreamingHttpResponse", "BackgroundTask",
    "BackgroundTasks", "BackgroundTasks.add_task",
)  # fmt: skip
# Methods that run for what is written as the name of their class.
_NAMELESS = ("__init__", "__post_init__", "__new__", *ENTERING)
# Methods by which something is taken from a pool.
_TAKING = frozenset({"getconn", "get_connection", "acquire", "connection", "borrow"})


class Lifetimes:
    """Answers for one project; searched once."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.openings = Openings(project)
        self.callers = CallersByName(project)
        self.keepings = Keepings(project)
        self._targets = Targets(project, self.callers)
        self.pools = Pools(project, self)
        self.requested = Requested(project)
        self.shared = Shared(project, self)
        self.single_requests = SingleRequestsOfProject(project, self)

    def per_request(self, module: Module) -> Sequence[PerRequest]:
        """What the calls of a module open anew for requests."""
        return self._per_request.get(module, ())

    @cached_property
    def _per_request(self) -> dict[Module, list[PerRequest]]:
        found: dict[Module, list[PerRequest]] = {}
        if not self.requested.labels:
            return found
        for opening in self.openings.lasting:
            ways = () if opening.is_lent else self._ways(opening)
            known = found.get(opening.frame.module, [])
            if ways and not any(_is_alternative(opening, other.opening) for other in known):
                found.setdefault(opening.frame.module, []).append(PerRequest(opening, ways))
        return found

    def count(self, name: str) -> int:
        """How many functions that requests run open this anew, wherever."""
        return len(
            {
                way.function
                for several in self._per_request.values()
                for per_request in several
                if per_request.opening.name == name
                for way in per_request.ways
            }
        )

    def is_rare(self, way: Way) -> bool:
        """Whether a way is a part of signing in, which users seldom do."""
        by_path = self._project.table.by_path
        route = self.requested.routes.get(way.function)
        return any(is_sign_in(by_path[call.path], call.scope) for call in way.chain) or (
            route is not None and is_sign_in_path(route.path)
        )

    # -- the search --------------------------------------------------------------------------------

    def _ways(self, opening: Opening) -> tuple[Way, ...]:
        """How requests come to an opening; none if it is not theirs to open."""
        frame = opening.frame
        if not frame.scope_number or is_example(frame.module) or self._is_switched(opening):
            return ()
        if self.pools.is_in_memory(opening):
            return ()
        return tuple(
            self._way(opening, steps)
            for steps in self._unexcused(opening)
            if self._targets.is_own(opening, steps)
        )

    def ways_to(self, opening: Opening) -> tuple[Way, ...]:
        """How requests come to a call that opens for itself alone, whatever its arguments are."""
        return tuple(self._way(opening, steps) for steps in self._unexcused(opening, lasts=False))

    def _unexcused(self, opening: Opening, lasts: bool = True) -> Iterator[tuple[Step, ...]]:
        for steps in self.reaching(opening.frame, opening.term, lasts):
            if not self._is_excused(opening.frame, steps):
                if not self._is_of_stream(opening, steps):
                    yield steps

    def reaching(self, frame: Frame, term: int, lasts: bool = True) -> Iterator[tuple[Step, ...]]:
        """The calls by which request functions reach a term, the innermost first, where what it
        gives is not kept on the way (of what does not ``last``: not asked for again); the shortest
        for each function. Empty where the term stands in a request function itself.
        """
        requests = self.requested.labels
        conditions = self._project.conditions
        waiting: deque[tuple[Frame, int, tuple[Step, ...], Requirements]] = deque()
        waiting.append((frame, term, (), NOTHING))
        seen: set[tuple[FunctionKey, Requirements]] = set()
        reached: set[FunctionKey] = set()
        while waiting and len(seen) < _MOST_FUNCTIONS:
            current, at, steps, below = waiting.popleft()
            # What the function's own parameters must be for the term to be reached.
            needed = below | conditions.of(current, at)
            if not current.scope_number or (current.function, needed) in seen:
                continue
            keeping = self.keepings.of(current, at, lasts)
            if keeping is Keeping.PROCESS:
                continue
            if current.function in self.requested.of_passing_objects:
                keeping = None
            seen.add((current.function, needed))
            if current.function in requests and keeping is None:
                if current.function not in reached:
                    reached.add(current.function)
                    yield steps
                continue
            callers = self._callers_of(current, at, keeping)
            if (
                not callers
                and keeping is None
                and current.function in self.requested.methods_of_views
            ):
                yield steps
            elif len(steps) < _MOST_LEVELS:
                for step in callers:
                    left = self._project.passed.left(needed, step.frame, step.term, current)
                    if left is not None:
                        waiting.append((step.frame, step.term, (*steps, step), left))

    def _callers_of(self, frame: Frame, term: int, keeping: Keeping | None) -> list[Step]:
        """The calls that make a function run, or make the object that keeps what a term gives; who
        enters an object may do so anew each time.
        """
        class_ = self._project.calls.class_of_method(frame.module, frame.scope_number)
        is_anew = frame.name in ENTERING and not self.keepings.is_guarded(frame, term)
        if keeping is Keeping.OBJECT and class_ is not None and not is_anew:
            return self.callers.of_class(class_)
        return self.callers.of(frame.module, frame.scope_number)

    # -- what is no pitfall ------------------------------------------------------------------------

    def _is_switched(self, opening: Opening) -> bool:
        """Whether the function takes from a pool, too: it opens for itself only where there is
        none.
        """
        frame = opening.frame
        terms = frame.module.facts.terms
        if not is_conditional(opening):
            return False
        return any(
            terms[terms[term][1]][0] == t.ATTR and terms[terms[term][1]][2] in _TAKING
            for term in frame.module.calls_in(frame.scope_number)
            if term != opening.term
        )

    def _is_excused(self, frame: Frame, steps: Sequence[Step]) -> bool:
        """Whether a way goes through a probe or an installer, whose work it is to connect anew."""
        frames = [frame, *[step.frame for step in steps]]
        if any(is_probe(inner.module, inner.scope_number) for inner in frames):
            return True
        route = self.requested.routes.get(frames[-1].function)
        return route is not None and is_probe_path(route.path)

    def _is_of_stream(self, opening: Opening, steps: Sequence[Step]) -> bool:
        """Whether it is opened for a socket, or for a response that is still sent when the handler
        has returned.
        """
        places = [(opening.frame, opening.term), *[(step.frame, step.term) for step in steps]]
        route = self.requested.routes.get(places[-1][0].function)
        if route is not None and route.is_websocket:
            return True
        requests = self.requested.labels
        return any(
            (frame.function not in requests and self._is_stream(frame))
            or self._is_handed_on(frame, term)
            for frame, term in places
        )

    def _is_stream(self, frame: Frame) -> bool:
        """Whether a function is a generator, and no context manager."""
        return frame.scope.is_generator and not any(
            str(
                getattr(self._project.values.evaluate(frame.parent or frame, decorator), "name", "")
            ).startswith("contextlib.")
            for decorator in frame.scope.decorators
        )

    def _is_handed_on(self, frame: Frame, term: int) -> bool:
        terms = frame.module.facts.terms
        for at in holding(frame, term, closures=True):
            if at != term and terms[at][0] == t.CALL:
                called = self._project.values.evaluate(frame, terms[at][1])
                name = getattr(called, "name", "")
                if isinstance(name, str) and name.endswith(_STREAMING):
                    return True
        return False

    # -- ways --------------------------------------------------------------------------------------

    def _way(self, opening: Opening, steps: Sequence[Step]) -> Way:
        frames = [opening.frame, *[step.frame for step in steps]]
        chain = [
            Call(
                *opening.frame.function,
                opening.term,
                public_name(opening.name),
                public_name(opening.name),
                None,
                opening.name,
            )
        ]
        for step in steps:
            name = self._name(step.function)
            chain.insert(0, Call(*step.frame.function, step.term, name, name, step.function, ""))
        in_loop = any(
            is_in_loop(frame, call.term)
            for frame, call in zip(reversed(frames), chain, strict=True)
        )
        label = self.requested.label(frames[-1].function)
        return Way(frames[-1].function, label, tuple(chain), in_loop)

    def _name(self, function: FunctionKey) -> str:
        module = self._project.table.by_path[function[0]]
        scope = module.facts.scopes[function[1]]
        if scope.kind == "function" and scope.name in _NAMELESS:
            return module.facts.scopes[scope.parent].name
        return scope.name


def _is_alternative(one: Opening, other: Opening) -> bool:
    """Whether a function opens the same kind of thing in one of two ways, by what is configured."""
    return (
        one.frame.function == other.frame.function
        and one.row == other.row
        and is_conditional(one)
        and is_conditional(other)
        and not _follows(one, other)
    )


def _follows(one: Opening, other: Opening) -> bool:
    """Whether one is opened in the innermost branch in which the other one is, too."""
    branches = [
        region
        for region in one.frame.module.regions_in(one.frame.scope_number)
        if region.kind in BRANCHES and region.start <= other.term < region.end
    ]
    innermost = min(branches, key=lambda region: region.end - region.start)
    return innermost.start <= one.term < innermost.end
