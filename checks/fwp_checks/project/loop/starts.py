"""What a function starts on event loops: what it hands to loops that it makes or waits for, and
what it lets run beside itself (a second task, a callback, a server).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from fwp_checks.facts import terms as t
from fwp_checks.project.loop.own_loops import FRESH_LOOP, MADE_AND_RUN, NEW_LOOPS, ON_ANOTHER
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    Coroutine,
    External,
    FunctionValue,
    Member,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.catalogue import Role
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

# These wait for the one coroutine that they are handed.
_ONE_AT_A_TIME = frozenset({"asyncio.wait_for", "asyncio.shield"})
_CONCURRENT = ("schedules", "loop_callback")
# Awaited where it is called, it has ended what it started when the function goes on.
_GATHER = "asyncio.gather"
# Likewise a group that is left where it is entered; handed a coroutine, it says whose.
_GROUPED = frozenset({"asyncio.TaskGroup.create_task", "anyio.abc.TaskGroup.create_task"})
# What serves many at once, and what keeps tasks of its own on the loop (heartbeats, answers to
# pings), by their documentation.
_SERVERS = frozenset(
    {
        "uvicorn.Server.serve", "uvicorn.run", "hypercorn.asyncio.serve", "hypercorn.trio.serve",
        "granian.Granian.serve", "aiohttp.web.run_app", "aiohttp.web.AppRunner.setup",
        "grpc.aio.Server.start", "asyncio.AbstractEventLoop.run_forever",
        "asyncio.Server.serve_forever", "websockets.serve", "websockets.asyncio.server.serve",
        "discord.Client", "discord.ext.commands.Bot",
    }
)  # fmt: skip
_CLIENTS = frozenset(
    {
        "websockets.connect", "websockets.asyncio.client.connect",
        "aiohttp.ClientSession.ws_connect", "aiokafka.AIOKafkaConsumer",
        "aiokafka.AIOKafkaProducer", "aio_pika.connect", "aio_pika.connect_robust", "nats.connect",
        "nats.aio.client.Client", "asyncssh.connect",
    }
)  # fmt: skip
# What it is called for is rare, and no work of the loop's.
_SIGNALS = frozenset({"asyncio.AbstractEventLoop.add_signal_handler"})

# All that says something without a role of its own.
_STARTING: frozenset[str] = _SERVERS | _CLIENTS | NEW_LOOPS | MADE_AND_RUN


class Starts(NamedTuple):
    """What a frame does to event loops: the coroutine functions, or coroutines, that it hands to
    what runs them (``anyio.run(main)``), whether it starts something that runs beside it, whether
    it opens a client that keeps tasks of its own, and whether it waits for several coroutines at
    once.
    ``single`` are the terms that it hands to what waits for that one alone. ``own_loop``: the loop
    that it runs is one that it makes. ``begun`` are those of ``entered`` that a loop made for them
    begins with, ``beginning`` the terms of what is handed over so, and of the calls that do it.
    ``company`` are the terms that start something beside it, in their order, without handlers of
    signals; ``tasks`` those of them that make tasks.
    ``grouped`` is where tasks run beside it that it waits for: from the first to the end of their
    group; ``gathered`` where it waits for several at once.
    """

    entered: tuple[Frame, ...] = ()
    concurrent: bool = False
    keeps_tasks: bool = False
    gathers: bool = False
    single: frozenset[int] = frozenset()
    own_loop: bool = False
    begun: tuple[Frame, ...] = ()
    beginning: frozenset[int] = frozenset()
    company: tuple[int, ...] = ()
    tasks: tuple[int, ...] = ()
    grouped: tuple[tuple[int, int], ...] = ()
    gathered: tuple[int, ...] = ()


_NOTHING = Starts()


def started_by(project: Project, frame: Frame) -> Starts:
    """What the calls in a frame's own code start."""
    found: _Starting | None = None
    terms = frame.module.facts.terms
    roles = project.catalogue.roles
    own_loops = project.loop_entries.own_loops
    for term in frame.module.calls_in(frame.scope_number):
        called = terms[term][1]
        value = frame.known(called) or project.values.evaluate(frame, called)
        options = options_of(value)
        for option in options:
            if isinstance(option, (External, Member)):
                if option.name in _STARTING or roles(option.name):
                    found = found or _Starting(project, frame)
                    found.call(term, option.name, is_sure=len(options) == 1)
            elif isinstance(option, FunctionValue) and option is value:
                run = own_loops.run_at(frame, term, option)
                if run:
                    found = found or _Starting(project, frame)
                    found.call_of_project(term, run)
    return _NOTHING if found is None else found.all()


class _Starting:
    """Collects what a frame starts."""

    def __init__(self, project: Project, frame: Frame) -> None:
        self._project = project
        self._frame = frame
        self._entered: list[Frame] = []
        self._begun: list[Frame] = []
        self._concurrent = False
        self._keeps_tasks = False
        self._gathered: list[int] = []
        self._company: list[int] = []
        self._started: list[int] = []
        self._single: set[int] = set()
        self._beginning: set[int] = set()
        self._names: set[str] = set()
        self._grouped: list[tuple[int, int]] = []

    def call(self, term: int, name: str, *, is_sure: bool) -> None:
        """Note what calling a library's function starts; ``is_sure``: it is that and no other."""
        self._names.add(name)
        if name in _SERVERS:
            self._concurrent = True
            self._company.append(term)
        elif name in _CLIENTS:
            self._keeps_tasks = True
            self._company.append(term)
        arguments = self._frame.module.facts.terms[term][2]
        for role in self._project.catalogue.roles(name):
            enters_loop = role.role == "enters_loop"
            if enters_loop or name in _ONE_AT_A_TIME:
                self._single.update(arguments)
            if enters_loop:
                frames = self._handed(term, role)
                self._entered.extend(frames)
                if is_sure and name in FRESH_LOOP:
                    self._begun.extend(frames)
                    self._beginning.update((term, *arguments))
            elif role.role in _CONCURRENT and name not in _ONE_AT_A_TIME:
                self._start(term, name)

    def call_of_project(self, term: int, arguments: list[int]) -> None:
        """Note what a function of the project runs on a loop that it makes."""
        for argument in arguments:
            self._single.add(argument)
            self._beginning.update((term, argument))

    def _handed(self, term: int, role: Role) -> list[Frame]:
        """The functions that a call hands over."""
        project = self._project
        arguments = project.calls.arguments(self._frame, self._frame.module.facts.terms[term])
        handed = project.libraries.role_arguments(role.arguments, arguments)
        return list(_frames_of(project, handed))

    def _start(self, term: int, name: str) -> None:
        """Note that a call lets something run beside the frame."""
        frame = self._frame
        entry = frame.module.facts.terms[term]
        own_loops = self._project.loop_entries.own_loops
        if name == _GATHER and term in frame.module.awaited:
            self._gathered.append(term)
        elif name in _GROUPED and (end := _end_of_group(frame, entry[1])):
            self._grouped.append((term, end))
        elif name == ON_ANOTHER and own_loops.is_alone(frame, term):
            self._beginning.update((term, *entry[2][:1]))
        elif name == ON_ANOTHER and _is_waited_for(frame, term):
            # What it starts runs on a loop of another thread, by its documentation; whoever waits
            # for that here would wait for ever if it were this one.
            return
        elif name in _SIGNALS:
            self._concurrent = True
        else:
            self._started.append(term)

    def all(self) -> Starts:
        """What has been noted."""
        started = self._started
        if not self._frame.scope.is_async:
            # task = loop.create_task(main()); loop.run_until_complete(task)
            terms = self._frame.module.facts.terms
            waited = {t.unaliased(terms, term) for term in self._single}
            started = [term for term in started if term not in waited]
        return Starts(
            tuple(self._entered),
            self._concurrent or bool(started),
            self._keeps_tasks,
            bool(self._gathered),
            frozenset(self._single),
            not NEW_LOOPS.isdisjoint(self._names) or self._names >= MADE_AND_RUN,
            tuple(self._begun),
            frozenset(self._beginning),
            tuple(sorted({*self._company, *started})),
            tuple(started),
            tuple(self._grouped),
            tuple(self._gathered),
        )


def _is_waited_for(frame: Frame, future: int) -> bool:
    """Whether a function asks what a call gives for its result."""
    terms = frame.module.facts.terms
    for term in frame.module.calls_in(frame.scope_number):
        called = terms[terms[term][1]]
        if called[0] == t.ATTR and called[2] == "result":
            if t.unaliased(terms, called[1]) == future:
                return True
    return False


def _end_of_group(frame: Frame, called: int) -> int:
    """Where a group is left of which a method is called: what it has started has ended there; 0 if
    the frame has not entered it.
    """
    terms = frame.module.facts.terms
    if terms[called][0] != t.ATTR:
        return 0
    group = t.unaliased(terms, terms[called][1])
    for region in frame.module.regions_in(frame.scope_number):
        if region.is_async and region.kind == "with" and region.term == group:
            return region.end
    return 0


def _frames_of(project: Project, values: Iterable[Value]) -> Iterator[Frame]:
    for value in values:
        for option in options_of(value):
            if isinstance(option, FunctionValue):
                yield project.calls.frame_for(option, NO_ARGUMENTS)
            elif isinstance(option, Coroutine):
                yield option.frame
