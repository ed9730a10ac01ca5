"""Event loops on which a blocking call holds up nobody else.

A script, a command, a worker's job or any plain function that starts a loop for one coroutine and
waits for it has the loop to itself: while a call blocks, nothing else is ready to run. That changes
as soon as something runs concurrently (a second task, a callback, a server), so then nothing is
private.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module
from fwp_checks.project.loop.own_loops import (
    FRESH_LOOP,
    NEW_LOOP,
    ON_ANOTHER,
    RUN,
    RUN_UNTIL_COMPLETE,
    last_name,
)
from fwp_checks.project.meaning.frames import Frame, FunctionKey
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    Arguments,
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
    from fwp_checks.project.loop.loop_evidence import FrameEvidence

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
TERMINAL = "input"
# These make the loop that they run, and raise where one is running already, by their documentation.
_NEW_LOOP = FRESH_LOOP | {"asyncio.Runner.run"}
_MADE_AND_RUN = frozenset({NEW_LOOP, RUN_UNTIL_COMPLETE})


class Company(Enum):
    """Who else waits while a function holds up its event loop."""

    OTHERS = "others"
    """Whatever the loop serves, as far as is known."""
    TASKS = "tasks"
    """At most other tasks of the same script, command or job; it is none of them itself."""
    FIRST = "first"
    """Whatever the loop serves, but once: it fills what is empty at first."""
    NOBODY = "nobody"
    """No one: the loop was started for it."""


# -- what code does --------------------------------------------------------------------------------


def entries(project: Project) -> Iterator[Frame]:
    """Code that has its thread to itself: scripts, commands, jobs of workers, and plain functions
    that make a loop and run it, or have another function do it, or a thread.
    """
    for module in project.table.modules:
        if not module.is_read_only and (_is_script(module) or _starts_loop(project, module)):
            yield project.module_frame(module)
    yield from project.frameworks.commands()
    yield from _starters(project)
    yield from project.loop_entries.own_loops.beginning()


def _starters(project: Project) -> Iterator[Frame]:
    """Plain functions that make a loop and run it, whoever calls them: no loop is running there.

    A function in a decorator of the project, in a frame for each function that is decorated.
    """
    for module, number in _making_loops(project):
        yield from project.call_sites.frames_around(module, number)
    inner = project.loop_entries.around_loops
    if inner:
        for module in project.table.modules:
            for number, scope in enumerate(module.facts.scopes):
                if module.is_read_only or scope.kind != "function" or not scope.decorators:
                    continue
                around = project.frame_of_scope(module, scope.parent)
                yield from _running(project, around, number, inner)


def runs_apart(project: Project, around: Frame, number: int) -> bool:
    """Whether a decorator of the project runs a function on a loop that it makes for that."""
    inner = project.loop_entries.around_loops
    if not inner:
        return False
    function = around.module.path, number
    return any(
        made.function == function
        for frame in _running(project, around, number, inner)
        for term, made in project.behaviours.of(frame).coroutines
        if term in starts(project, frame).beginning
    )


def _making_loops(project: Project) -> Iterator[tuple[Module, int]]:
    """The plain functions that make a loop and run it."""
    for module, numbers in project.loop_entries.own_loops.running.items():
        for number in numbers:
            scope = module.facts.scopes[number]
            if module.is_read_only or not scope.is_function or scope.is_async:
                continue
            frame = project.frame_of_scope(module, number)
            if _runs_loop(project, frame, _NEW_LOOP) or _makes_and_runs_loop(project, frame):
                yield module, number


Inner = dict[tuple[Module, int], list[tuple[int, ...]]]
"""Functions that have others in them, with the ways to these."""


def around_loops(project: Project) -> Inner:
    """The functions that have plain functions in them that make a loop and run it."""
    inner: Inner = {}
    for module, number in _making_loops(project):
        # What a decorator gives may hand the one in it to a thread.
        scopes = module.facts.scopes
        way: tuple[int, ...] = (number,)
        around = scopes[number].parent
        while around > 0 and scopes[around].is_function:
            inner.setdefault((module, around), []).append(way)
            way = (around, *way)
            around = scopes[around].parent
    return inner


def _running(project: Project, around: Frame, number: int, inner: Inner) -> Iterator[Frame]:
    """The frames of such functions in decorators of the project that stand over a function."""
    value: Value = FunctionValue(around, number)
    for term in reversed(around.module.facts.scopes[number].decorators):
        for option in options_of(project.values.evaluate(around, term)):
            if isinstance(option, FunctionValue):
                for way in inner.get((option.module, option.scope), ()):
                    frame = project.calls.frame_for(option, Arguments((value,)))
                    for step in way:
                        frame = project.calls.unbound_frame(frame, step)
                    yield frame
        value = project.calls.decorated(around, value, term)


def _is_script(module: Module) -> bool:
    """Whether a module does something when it is run: it asks for ``__main__``."""
    return bool(module.main_guards) or module.path.endswith("__main__.py")


def _starts_loop(project: Project, module: Module) -> bool:
    """Whether a module starts a loop when it is imported, itself, by a function of its own or by
    one that it hands a coroutine to: it is a script without a guard.
    """
    frame = project.module_frame(module)
    if _runs_loop(project, frame):
        return True
    calls = module.calls_in(0)
    called = {_function_called(module, term) for term in calls} - {0}
    if any(
        not module.facts.scopes[number].is_async
        and _runs_loop(project, project.frame_of_scope(module, number))
        for number in sorted(called)
    ):
        return True
    coroutines = any(module.facts.scopes[number].is_async for number in called)
    return coroutines and any(_hands_to_loop(project, frame, term) for term in calls)


def _hands_to_loop(project: Project, frame: Frame, call: int) -> bool:
    """Whether a module's own code hands the coroutine of a function of its own to a function of the
    project that runs a loop: ``run_blocking(main())``.
    """
    module = frame.module
    terms = module.facts.terms
    made = [terms[term] for term in terms[call][2]]
    scopes = [terms[entry[1]][1] for entry in made if entry[0] == t.CALL and _is_own(terms, entry)]
    if not any(module.facts.scopes[number].is_async for number in scopes):
        return False
    return any(
        isinstance(option, FunctionValue)
        and _runs_loop(project, project.frame_of_scope(option.module, option.scope))
        for option in options_of(project.values.evaluate(frame, terms[call][1]))
    )


def _is_own(terms: Sequence[t.Term], call: t.Term) -> bool:
    """Whether a call calls what its module defines by name."""
    return bool(terms[call[1]][0] == t.DEFINITION)


def _function_called(module: Module, call: int) -> int:
    """The scope of the module's own function that a call in its own code calls by name, else 0."""
    terms = module.facts.terms
    called = terms[terms[call][1]]
    is_function = called[0] == t.DEFINITION and module.facts.scopes[called[1]].kind == "function"
    return called[1] if is_function else 0


def _runs_loop(project: Project, frame: Frame, names: Container[str] | None = None) -> bool:
    """Whether the code of a frame starts a loop, if names are given by one of these."""
    terms = frame.module.facts.terms
    for term in frame.module.calls_in(frame.scope_number):
        if last_name(terms, term) in RUN:
            value = project.values.evaluate(frame, terms[term][1])
            if not isinstance(value, (External, Member)):
                continue
            roles = project.catalogue.roles(value.name)
            if any(role.role == "enters_loop" for role in roles) and (
                names is None or value.name in names
            ):
                return True
    return False


def _makes_and_runs_loop(project: Project, frame: Frame) -> bool:
    """Whether the code of a frame makes a loop and runs one itself, which raises where one runs."""
    terms = frame.module.facts.terms
    return any(
        last_name(terms, call) == "new_event_loop"
        and getattr(project.values.evaluate(frame, terms[call][1]), "name", "") in _MADE_AND_RUN
        for call in frame.module.calls_in(frame.scope_number)
    ) and _runs_loop(project, frame, _MADE_AND_RUN)


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

    entered: tuple[Frame, ...]
    concurrent: bool
    keeps_tasks: bool
    gathers: bool
    single: frozenset[int]
    own_loop: bool
    begun: tuple[Frame, ...]
    beginning: frozenset[int]
    company: tuple[int, ...]
    tasks: tuple[int, ...]
    grouped: tuple[tuple[int, int], ...]
    gathered: tuple[int, ...]


def starts(project: Project, frame: Frame) -> Starts:
    """What the calls in a frame's own code start."""
    found = _Starting(project, frame)
    terms = frame.module.facts.terms
    for term in frame.module.calls_in(frame.scope_number):
        called = terms[term][1]
        value = frame.known(called) or project.values.evaluate(frame, called)
        options = options_of(value)
        for option in options:
            if isinstance(option, (External, Member)):
                found.call(term, option.name, is_sure=len(options) == 1)
            elif isinstance(option, FunctionValue) and option is value:
                found.call_of_project(term, option)
    return found.all()


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

    def call_of_project(self, term: int, function: FunctionValue) -> None:
        """Note what a function of the project runs on a loop that it makes."""
        for argument in self._project.loop_entries.own_loops.run_at(self._frame, term, function):
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
            not _NEW_LOOP.isdisjoint(self._names) or self._names >= _MADE_AND_RUN,
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


# -- who waits for whom ----------------------------------------------------------------------------


@dataclass(slots=True, unsafe_hash=True)
class Node:
    """A frame, by the evidence of it, and the numbers of the frames that follow: each time, and
    once.
    """

    frame: FrameEvidence
    following: tuple[int, ...]
    first: tuple[int, ...]


class Companies:
    """Who else waits, for each function of a project.

    ``nodes`` are all frames by number. ``served`` are those that frameworks call on the loop of a
    server, ``private`` the scripts, commands and jobs. ``on_loops``: where the project also drives
    coroutines by hand, the functions that run on a loop all the same.
    """

    def __init__(
        self,
        nodes: Mapping[int, Node],
        served: Iterable[int],
        private: Iterable[int],
        on_loops: Container[FunctionKey] | None = None,
    ) -> None:
        self._nodes = nodes
        open_ended = self._open_ended(private)
        # Whoever waits for somebody at a terminal is a command, and no server's.
        commands = self._asking() & open_ended
        quiet: set[int] = set()
        busy: set[int] = set()
        tasks: set[int] = set()
        own_loops = {number for number, node in nodes.items() if node.frame.own_loop}
        self._begun = self._on_fresh_loops()
        fresh = {after for begun in self._begun.values() for after in begun}
        for entry in sorted({*private, *commands, *own_loops, *fresh}):
            reached = self._closure([entry], own_loops - {entry}, by_loop=True)
            starting = [number for number in reached if nodes[number].frame.starts_tasks]
            gathering = [number for number in reached if nodes[number].frame.gathers]
            pending = self._pending(reached) if gathering else set()
            if starting or any(nodes[number].frame.keeps_tasks for number in reached):
                busy |= reached
                tasks |= self._closure(starting, by_loop=True) | pending
            else:
                quiet |= reached - pending
                busy |= pending
                tasks |= self._closure(gathering, by_loop=True) & pending
        once = self._closure(after for node in nodes.values() for after in node.first)
        others = self._functions(self._closure([*served, *open_ended - commands], by_loop=True))
        self._alone = self._functions(quiet) - self._functions(busy) - others
        self._beside = self._functions(busy) - self._functions(tasks) - others
        self._first = self._functions(once) - others
        self._driven: set[FunctionKey] = set()
        if on_loops is not None:
            known = {
                number
                for number, node in nodes.items()
                if node.frame.function in on_loops or _is_of_loop(node.frame)
            }
            looped = self._functions(self._closure({*served, *private, *own_loops, *known}))
            self._driven = self._functions(self._closure(open_ended - commands)) - looped

    def may_have_no_loop(self, function: FunctionKey) -> bool:
        """Whether the project may drive a function by hand, with no event loop running."""
        return function in self._driven

    def of(self, function: FunctionKey) -> Company:
        """Who else waits while a function holds up its loop."""
        if function in self._alone:
            return Company.NOBODY
        if function in self._beside:
            return Company.TASKS
        return Company.FIRST if function in self._first else Company.OTHERS

    def _open_ended(self, private: Iterable[int]) -> set[int]:
        """The frames of async functions of whose callers nothing is known."""
        nodes = self._nodes
        called = {
            nodes[after].frame.function
            for node in nodes.values()
            for after in (*node.following, *node.first)
            if after in nodes
        }
        reached = self._closure(private)
        return {
            number
            for number, node in nodes.items()
            if node.frame.is_on_loop and node.frame.function not in called and number not in reached
        }

    def _asking(self) -> set[int]:
        """The frames that ask somebody at the terminal, or run what does."""
        waiting = [
            number
            for number, node in self._nodes.items()
            if any(site.row.kind == TERMINAL for site in node.frame.blocking)
        ]
        found = set(waiting)
        if not found:
            return found
        callers: dict[int, list[int]] = {}
        for number, node in self._nodes.items():
            for after in node.following:
                callers.setdefault(after, []).append(number)
        while waiting:
            for before in callers.get(waiting.pop(), ()):
                if before not in found:
                    found.add(before)
                    waiting.append(before)
        return found

    def _pending(self, reached: set[int]) -> set[int]:
        """The frames that may run beside each other where several coroutines are waited for at
        once: what coroutines run that are not awaited where they are made.
        """
        frames = [self._nodes[number].frame for number in reached]
        made = {function for frame in frames for function in frame.pending}
        return self._closure(n for n in reached if self._nodes[n].frame.function in made)

    def _on_fresh_loops(self) -> dict[int, set[int]]:
        """For plain frames, those that follow with which loops begin that are made for them: what
        else the frame starts, before or afterwards, does not run there.
        """
        found: dict[int, set[int]] = {}
        for number, node in self._nodes.items():
            if node.frame.begun and not node.frame.is_on_loop:
                begun = {
                    after
                    for after in node.following
                    if after in self._nodes
                    and self._nodes[after].frame.function in node.frame.begun
                }
                if begun:
                    found[number] = begun
        return found

    def _closure(
        self, starts: Iterable[int], without: Container[int] = (), *, by_loop: bool = False
    ) -> set[int]:
        """What frames reach; ``by_loop``: without what begins a loop that is made for it."""
        found = {number for number in starts if number in self._nodes}
        waiting = list(found)
        while waiting:
            number = waiting.pop()
            begun = self._begun.get(number, ()) if by_loop else ()
            for after in self._nodes[number].following:
                if after not in found and after not in without and after not in begun:
                    found.add(after)
                    waiting.append(after)
        return found

    def _functions(self, numbers: Iterable[int]) -> set[FunctionKey]:
        return {self._nodes[number].frame.function for number in numbers}


def _is_of_loop(frame: FrameEvidence) -> bool:
    """Whether what a function does needs a loop that runs."""
    return frame.starts_tasks or frame.gathers or frame.keeps_tasks
