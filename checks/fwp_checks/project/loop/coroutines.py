"""Coroutines that are lost and locks that are held: what the rules about using async itself ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.libraries import functions_in
from fwp_checks.project.meaning.narrowing import is_same
from fwp_checks.project.meaning.python import DECORATORS, IDENTITY
from fwp_checks.project.meaning.tested import tests_before
from fwp_checks.project.meaning.values import (
    RECURSIVE,
    Awaitable,
    ClassValue,
    Constant,
    Coroutine,
    External,
    FunctionValue,
    Instance,
    Iterable,
    MappingValue,
    Member,
    Partial,
    TupleValue,
    Value,
    Wrapped,
    describe,
    options_of,
    without_none,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# Library functions that only make a coroutine; those that start a task or a thread are not among
# them.
_COROUTINE_FUNCTIONS = frozenset(
    {
        "asyncio.sleep",
        "asyncio.to_thread",
        "asyncio.wait_for",
        "anyio.sleep",
        "anyio.to_thread.run_sync",
        "trio.sleep",
        "starlette.concurrency.run_in_threadpool",
    }
)
# Library functions that take an iterable or a context manager to a thread, not a function to call.
_TAKE_OBJECTS = frozenset(
    {
        "starlette.responses.StreamingResponse",
        "starlette.concurrency.iterate_in_threadpool",
        "fastapi.concurrency.contextmanager_in_threadpool",
    }
)
# https://docs.python.org/3/library/threading.html: their __enter__ waits for another thread.
_THREAD_LOCKS = (
    "threading.Lock",
    "threading.RLock",
    "threading.Condition",
    "threading.Semaphore",
    "multiprocessing.synchronize.Lock",
    "multiprocessing.synchronize.RLock",
)
# Those that the thread which holds them may take again. (A condition's lock is one if none is
# given, https://docs.python.org/3/library/threading.html#threading.Condition.)
_REENTRANT = ("threading.RLock", "threading.Condition", "multiprocessing.synchronize.RLock")
_EXECUTOR = "concurrent.futures.Executor"

_MAX_DEPTH = 8


class Dropped(NamedTuple):
    """A call whose coroutine is dropped; ``name`` is the async function's."""

    path: str
    scope: int
    term: int
    name: str


class Handed(NamedTuple):
    """An argument that is wrongly handed to a thread: ``name`` to ``offload``; ``lead`` are
    arguments before it.
    """

    path: str
    scope: int
    term: int
    name: str
    offload: str
    lead: str
    is_async_function: bool


class HeldLock(NamedTuple):
    """A thread lock held in a ``with`` block (at ``term``) that awaits (at ``awaited``).

    ``is_reentrant``: the thread that holds it gets it once more.
    """

    path: str
    scope: int
    term: int
    lock: str
    awaited: int
    is_reentrant: bool


class Coroutines:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._async_names: frozenset[str] | None = None

    # -- dropped coroutines ------------------------------------------------------------------------

    def dropped(self, module: Module) -> Iterator[Dropped]:
        """Calls whose coroutine is dropped by an expression statement."""
        terms = module.facts.terms
        for term in module.of_kind(t.DROP):
            call = terms[term][1]
            if terms[call][0] != t.CALL:
                continue
            scope_number = module.scope_of(term)
            spelling = self._spelling(module, terms[terms[call][1]])
            if spelling not in self._names and not module.facts.scopes[scope_number].is_async:
                continue
            frame = self._project.frame_of_scope(module, scope_number)
            function = self._project.values.evaluate(frame, terms[call][1])
            options = options_of(without_none(function))
            if all(self._makes_coroutine(option) for option in options) and not self._was_asked(
                module, scope_number, call
            ):
                library = options[0].name if isinstance(options[0], (External, Member)) else None
                name = library or spelling or describe(options[0])
                yield Dropped(module.path, frame.scope_number, call, name)

    @staticmethod
    def _was_asked(module: Module, scope_number: int, call: int) -> bool:
        """Whether a call stands behind ``iscoroutinefunction`` of what it calls."""
        terms = module.facts.terms
        called = terms[terms[call][1]]
        for region in module.regions_in(scope_number):
            test = (
                terms[region.term] if region.kind in ("if", "else") and region.term >= 0 else None
            )
            if test is None or not region.start <= call < region.end or test[0] != t.CALL:
                continue
            name = terms[test[1]][-1]
            if name in t.COROUTINE_QUESTIONS and any(terms[a] == called for a in test[2]):
                return True
        return False

    def _makes_coroutine(self, function: Value) -> bool:
        if isinstance(function, (External, Member)):
            return self._is_library_coroutine(function.name)
        if isinstance(function, FunctionValue) and self._is_decorated_by_others(function):
            return False
        if isinstance(function, ClassValue):
            return False
        return self._project.calls.is_async(function) is True

    def _is_library_coroutine(self, name: str) -> bool:
        """Whether a library function only makes a coroutine: it gives an awaitable and starts
        nothing by itself.
        """
        if name in _COROUTINE_FUNCTIONS:
            return True
        catalogue = self._project.catalogue
        given = catalogue.gives(name, "call")
        return given is not None and given.startswith("awaitable[") and not catalogue.roles(name)

    def _is_decorated_by_others(self, function: FunctionValue) -> bool:
        """Whether a library's decorator stands over a function: it may run the coroutine itself."""
        scope = function.module.facts.scopes[function.scope]
        for decorator in scope.decorators:
            value = self._project.values.evaluate(function.frame, decorator)
            keeps = isinstance(value, FunctionValue) or value == External(IDENTITY)
            if not keeps and not (isinstance(value, External) and value.name in DECORATORS):
                return True
        return False

    @property
    def _names(self) -> frozenset[str]:
        """Last names worth resolving: those of the project's async functions, and of the libraries'
        above.
        """
        if self._async_names is None:
            own = {
                scope.name
                for module in self._project.table.modules
                for scope in module.facts.scopes
                if scope.is_async or scope.decorators
            }
            self._async_names = frozenset(
                own | {name.rpartition(".")[2] for name in _COROUTINE_FUNCTIONS}
            )
        return self._async_names

    @staticmethod
    def _spelling(module: Module, function: t.Term) -> str:
        if function[0] == t.ATTR:
            return str(function[2])
        if function[0] == t.NAME:
            bound = module.facts.scopes[0].bindings.get(function[1], -1)
            if bound >= 0 and module.facts.terms[bound][0] == t.IMPORT:
                return str(module.facts.terms[bound][2] or function[1])
            return str(function[1])
        if function[0] == t.IMPORT:
            return str(function[2] or "")
        if function[0] == t.DEFINITION:
            return module.facts.scopes[function[1]].name
        return ""

    # -- arguments of offloading calls -------------------------------------------------------------

    def handed(self, frame: Frame) -> list[Handed]:
        """Async functions, and results of calls, handed to something that runs a function in a
        thread.
        """
        terms = frame.module.facts.terms
        catalogue = self._project.catalogue
        members = catalogue.members_with_roles
        found: list[Handed] = []
        for term in frame.module.of_kind_in(t.CALL, frame.scope):
            called: int = terms[term][1]
            if terms[called][0] == t.ATTR and terms[called][2] not in members:
                continue
            function = frame.known(called) or self._project.values.evaluate(frame, called)
            if isinstance(function, (External, Member)) and catalogue.roles(function.name):
                if function.name not in _TAKE_OBJECTS:
                    found += self._handed_to(function, frame, term)
        return found

    def _handed_to(self, function: External | Member, frame: Frame, term: int) -> Iterator[Handed]:
        entry = frame.module.facts.terms[term]
        for role in self._project.catalogue.roles(function.name):
            if role.role not in ("offloads", "offloads_sync", "offloads_decorator"):
                continue
            for place in role.arguments or (0,):
                argument = self._argument_term(entry, place)
                if argument is not None:
                    found = self._judge(frame, term, argument, function.name, place, role.role)
                    if found is None:
                        continue
                    if found.is_async_function and self._may_be_own_executor(
                        frame, entry, function
                    ):
                        continue
                    yield found

    def _may_be_own_executor(self, frame: Frame, call: t.Term, function: Value) -> bool:
        """Whether what a function is handed to may be an executor of a class of the project's with
        a ``submit`` of its own, which may well run coroutines.
        """
        terms = frame.module.facts.terms
        if not isinstance(function, Member) or terms[call[1]][0] != t.ATTR:
            return False
        executor, method = terms[call[1]][1], str(terms[call[1]][2])
        if method == "run_in_executor" and call[2]:
            # What the loop is handed is told to run it: AbstractEventLoop.run_in_executor.
            executor, method = call[2][0], "submit"
        value = without_none(self._project.values.evaluate(frame, executor))
        if not isinstance(value, Instance) or not self._is_of(value, (_EXECUTOR,)):
            return False
        if isinstance(value.class_, ClassValue):
            if self._project.members.find_in_class(value.class_, method) is not None:
                return True
        elif self._is_made_by(frame, executor, value.class_):
            return False
        return self._project.classes.is_overridden(value.class_, method)

    def _is_made_by(self, frame: Frame, term: int, name: str) -> bool:
        """Whether an object is what calling a library's class has just given."""
        terms = frame.module.facts.terms
        term = t.unaliased(terms, term)
        if terms[term][0] == t.NAME:
            bound = frame.module.facts.scopes[0].bindings.get(terms[term][1], -1)
            term = t.unaliased(terms, bound) if bound >= 0 else term
        if terms[term][0] == t.ENTER:
            term = t.unaliased(terms, terms[term][1])
        return terms[term][0] == t.CALL and self._project.values.evaluate(
            frame, terms[term][1]
        ) == External(name)

    @staticmethod
    def _argument_term(entry: t.Term, place: str | int) -> int | None:
        if isinstance(place, int):
            return entry[2][place] if place < len(entry[2]) else None
        return next((argument for name, argument in entry[3] if name == place), None)

    def _judge(
        self, frame: Frame, call: int, argument: int, offload: str, place: str | int, role: str
    ) -> Handed | None:
        terms = frame.module.facts.terms
        value = self._project.values.evaluate(frame, argument)
        short = offload.rpartition(".")[2]
        lead = "None, " if short == "run_in_executor" else ("target=" if place == "target" else "")
        if terms[argument][0] == t.CALL and not isinstance(value, Partial):
            if all(self._is_no_function(option) for option in options_of(value)):
                called = self._project.values.evaluate(frame, terms[argument][1])
                name = (
                    describe(called).rpartition(".")[2]
                    if not isinstance(called, Instance)
                    else describe(called)
                )
                return Handed(*frame.function, argument, name, short, lead, is_async_function=False)
            return None
        functions = functions_in(value)
        if (
            role != "offloads_sync"
            and len(functions) == len(options_of(without_none(value)))
            and all(self._is_async_function(f) for f in functions)
            and not _is_known_to_be_plain(frame, call, argument)
        ):
            return Handed(
                *frame.function, call, describe(functions[0]), short, lead, is_async_function=True
            )
        return None

    def _is_async_function(self, function: Value) -> bool:
        inner = function
        while isinstance(inner, Wrapped):
            inner = inner.function
        if inner is RECURSIVE or isinstance(function, (External, Member)):
            return False  # wrapped again and again: what was there first is not known
        return self._project.calls.is_async(function) is True

    def _is_no_function(self, value: Value) -> bool:
        if isinstance(value, (Constant, Coroutine, Awaitable, Iterable, TupleValue, MappingValue)):
            return True
        if isinstance(value, Instance):
            if isinstance(value.class_, str):
                return self._has_no_call(value.class_)
            info = self._project.classes.info(value.class_)
            if info.is_open or not all(self._has_no_call(base) for base in info.externals):
                return False
            return self._project.members.find_in_class(value.class_, "__call__") is None
        return False

    def _has_no_call(self, type_: str) -> bool:
        """Whether objects of a library's type certainly cannot be called."""
        catalogue = self._project.catalogue
        call = f"{type_}.__call__"
        has_rows = catalogue.effects(call) or catalogue.gives(call, "call")
        return catalogue.is_type(type_) and not has_rows

    # -- locks -------------------------------------------------------------------------------------

    def held_locks(self, frame: Frame) -> Iterator[HeldLock]:
        """Thread locks that a function holds while it awaits."""
        yield from self._in_with(frame)
        yield from self._between_calls(frame)

    def _in_with(self, frame: Frame) -> Iterator[HeldLock]:
        terms = frame.module.facts.terms
        for region in frame.module.regions_in(frame.scope_number):
            if region.kind != "with" or region.is_async:
                continue
            manager = terms[region.term][1]
            value = self._project.values.evaluate(frame, manager)
            if self._is_of(value, _THREAD_LOCKS):
                awaited = self._first_await(frame, region.start, region.end)
                if awaited is not None:
                    name = self._lock_name(frame, manager)
                    is_reentrant = self._is_of(value, _REENTRANT)
                    yield HeldLock(*frame.function, region.term, name, awaited, is_reentrant)

    def _between_calls(self, frame: Frame) -> Iterator[HeldLock]:
        """``lock.acquire() … await … lock.release()``."""
        terms = frame.module.facts.terms
        acquired: dict[Value, int] = {}
        for term in frame.module.of_kind_in(t.CALL, frame.scope):
            called = terms[terms[term][1]]
            if called[0] != t.ATTR or called[2] not in ("acquire", "release"):
                continue
            lock: int = called[1]
            value = self._project.values.evaluate(frame, lock)
            if not self._is_of(value, _THREAD_LOCKS):
                continue
            if called[2] == "acquire":
                acquired[value] = term
            elif value in acquired:
                awaited = self._first_await(frame, acquired[value], term)
                if awaited is not None:
                    name = self._lock_name(frame, lock)
                    is_reentrant = self._is_of(value, _REENTRANT)
                    yield HeldLock(*frame.function, acquired[value], name, awaited, is_reentrant)

    def _is_of(self, value: Value, locks: tuple[str, ...]) -> bool:
        value = without_none(value)
        return isinstance(value, Instance) and any(
            self._project.classes.is_instance(value, lock) for lock in locks
        )

    def _lock_name(self, frame: Frame, term: int) -> str:
        """How the code calls a lock: a name or attribute, else its type."""
        entry = frame.module.facts.terms[term]
        if entry[0] == t.NAME:
            return str(entry[1])
        if entry[0] == t.ATTR:
            return str(entry[2])
        return (
            describe(self._project.values.evaluate(frame, term))
            .removesuffix(" object")
            .rpartition(".")[2]
        )

    def _first_await(self, frame: Frame, start: int, end: int, depth: int = 0) -> int | None:
        """Where a stretch of a function first gives the loop to other tasks."""
        terms = frame.module.facts.terms
        for term in range(start, end):
            entry = terms[term]
            if entry[0] == t.AWAIT:
                if not self._never_waits(frame, entry[1], depth):
                    return term
            elif entry[0] in (t.ITER, t.ENTER) and entry[2]:
                return term
        return None

    def _never_waits(self, frame: Frame, awaited: int, depth: int) -> bool:
        """Whether a coroutine of the project runs to its end at once: it awaits nothing, or only
        such coroutines.
        """
        if depth == _MAX_DEPTH:
            return False
        options = options_of(self._project.values.evaluate(frame, awaited))
        return all(
            isinstance(option, Coroutine)
            and not option.frame.scope.is_stub
            and self._first_await(
                option.frame, option.frame.scope.start, option.frame.scope.end, depth + 1
            )
            is None
            for option in options
        )


def _is_known_to_be_plain(frame: Frame, call: int, function: int) -> bool:
    """Whether a function has turned out to give no coroutine where a call hands it over: ``if
    iscoroutinefunction(work): … else: to_thread(work)``.
    """
    module = frame.module
    terms = module.facts.terms
    function = t.unaliased(terms, function)
    for test, holds in tests_before(module, frame.scope_number, call):
        entry = terms[test]
        if holds or entry[0] != t.CALL or len(entry[2]) != 1:
            continue
        asked = terms[entry[1]]
        name = asked[1] if asked[0] == t.NAME else asked[2] if len(asked) > 2 else ""
        if name in t.COROUTINE_QUESTIONS:
            if is_same(terms, t.unaliased(terms, entry[2][0]), function):
                return True
    return False
