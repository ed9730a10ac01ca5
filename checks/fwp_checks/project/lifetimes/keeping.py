"""Where code keeps what a call gives it: for the process, or for as long as an object lives.

``_client = None … global _client; _client = Redis()``, ``_ENGINES[url] = create_engine(url)``,
``app.state.pool = await create_pool()``, ``cls._instance = …`` and cached functions keep it for the
process, ``self.client = …`` for the object. What is kept on a request or on ``flask.g`` goes with
it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.effects.caches import has_decorator
from fwp_checks.project.effects.once import Once
from fwp_checks.project.lifetimes.model import Keeping
from fwp_checks.project.meaning.frames import Frame, FunctionKey
from fwp_checks.project.meaning.values import (
    ClassValue,
    External,
    Instance,
    Member,
    Unknown,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# What is made of something in these ways still holds it.
_SAME = (t.ALIAS, t.NARROW, t.AWAIT, t.ENTER, t.ITEM, t.JOIN, t.BOOL, t.SEQUENCE, t.MAPPING)
# Methods that give their object back, or a part of it that keeps it alive.
_FLUENT = frozenset(
    {
        "__aenter__", "__enter__", "get_database", "get_default_database", "enter_context",
        "enter_async_context", "start", "connect", "setdefault", "append", "add",
    }
)  # fmt: skip
# Functions whose results are kept by decorators of other libraries than functools.
_CACHES = frozenset(
    {
        "async_lru.alru_cache", "cachetools.cached", "cachetools.func.ttl_cache",
        "cachetools.func.lru_cache", "aiocache.cached", "streamlit.cache_resource",
        "asyncache.cached",
    }
)  # fmt: skip
# What a parameter gets there may be kept for the application.
_INJECTING_BY_NAME = ("Litestar",)
# Methods that get no object.
_OF_CLASS = frozenset({"builtins.staticmethod", "builtins.classmethod"})
# Objects that live as long as one request.
_OF_REQUEST = (
    "flask.g", "flask.request", "flask.session", "flask.ctx.", "quart.g", "quart.request",
    "quart.session", "quart.ctx.", "starlette.requests.", "fastapi.requests.", "django.http.",
    "aiohttp.web.Request", "litestar.connection.", "sanic.request.", "contextvars.ContextVar",
)  # fmt: skip


class Keepings:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._once = Once(project)

    def of(self, frame: Frame, term: int, lasts: bool = True) -> Keeping | None:
        """How long what a call at a term of a function gives is kept; None: not beyond the call.
        What does not last is worth keeping only where it saves the next call.
        """
        if not frame.scope_number:
            return Keeping.PROCESS
        if self._is_cached(frame):
            return Keeping.PROCESS
        found = {self._owner(frame, base) for base in self._guards(frame, term)}
        if lasts:
            found |= {self._owner(frame, base) for base in self._kept_on(frame, term)}
        if Keeping.PROCESS in found:
            return Keeping.PROCESS
        if Keeping.OBJECT in found or self._is_kept_by_object(frame):
            return Keeping.PROCESS if self._makes_kept(frame) else Keeping.OBJECT
        return None

    def _makes_kept(self, frame: Frame) -> bool:
        """Whether the object of a method is one that its class keeps for all."""
        class_ = self._project.calls.class_of_method(frame.module, frame.scope_number)
        is_kept = class_ is not None and self._once.keeps_objects(class_)
        return is_kept or frame.name == "__new__"

    def of_itself(self, frame: Frame, term: int) -> Keeping | None:
        """How long what a call gives is kept itself, not what was made or read with it."""
        if not frame.scope_number:
            return Keeping.PROCESS
        held = holding(frame, term)
        if self._is_cached(frame) and not held.isdisjoint(frame.scope.returns):
            return Keeping.PROCESS
        found = {self._owner(frame, base) for base in self._kept_on(frame, term)}
        if Keeping.PROCESS in found:
            return Keeping.PROCESS
        return Keeping.OBJECT if Keeping.OBJECT in found else None

    def is_guarded(self, frame: Frame, term: int) -> bool:
        """Whether a term is reached only where something kept is missing."""
        return bool(self._once.tests(frame, term))

    # -- cached functions --------------------------------------------------------------------------

    def _is_cached(self, frame: Frame) -> bool:
        if self._project.calls.class_of_method(frame.module, frame.scope_number) is None:
            if self._once.is_kept(frame):
                return True
        elif has_decorator(self._project, frame, _OF_CLASS) and self._once.has_cache(frame):
            return True
        return has_decorator(self._project, frame, _CACHES)

    def _is_kept_by_object(self, frame: Frame) -> bool:
        """Whether a method's result is kept for its object: a cached property, or a cache that goes
        by all arguments.
        """
        method = self._project.calls.class_of_method(frame.module, frame.scope_number)
        return method is not None and (self._once.is_kept(frame) or self._once.has_cache(frame))

    # -- what holds it -----------------------------------------------------------------------------

    def _kept_on(self, frame: Frame, term: int) -> Iterator[int]:
        """Terms of the objects on which a value is stored; -1 for a variable outside."""
        module = frame.module
        terms = module.facts.terms
        held = holding(frame, term)
        for _, _, written in frame.scope.outer_writes:
            if written in held:
                yield -1
        for at in module.attribute_writes_in(frame.scope_number):
            if terms[at][3] in held:
                yield terms[at][1]
        for at in range(term + 1, frame.scope.end):
            entry = terms[at]
            if entry[0] == t.STORE_ITEM and entry[3] in held:
                yield entry[1]
            elif entry[0] == t.CALL and terms[entry[1]][0] == t.ATTR:
                method = terms[entry[1]][2]
                if method in ("setdefault", "append", "add", "set") and any(
                    argument in held for argument in entry[2]
                ):
                    yield terms[entry[1]][1]

    def _guards(self, frame: Frame, term: int) -> Iterator[int]:
        """Terms of the objects on whose emptiness it depends that a term is reached, and that are
        filled then.
        """
        terms = frame.module.facts.terms
        for test in self._once.tests(frame, term):
            yield _tested_object(terms, test)

    def _owner(self, frame: Frame, base: int) -> Keeping | None:
        """How long the object at a term lives, as what is kept on it."""
        if base < 0:
            return Keeping.PROCESS
        module = frame.module
        terms = module.facts.terms
        if self._is_of_application(frame, base):
            return Keeping.PROCESS
        if is_of_request(self._value(frame, base)):
            return None
        root = t.unaliased(terms, base)
        while terms[root][0] in (t.ATTR, t.ITEM):
            if terms[root][0] == t.ATTR and terms[root][2] in ("state", "extensions"):
                if is_of_request(self._value(frame, terms[root][1])):
                    return None
            root = t.unaliased(terms, terms[root][1])
        entry = terms[root]
        if entry[0] == t.PARAM:
            return self._of_parameter(frame, root)
        if entry[0] in (t.NAME, t.IMPORT, t.DEFINITION):
            return None if is_of_request(self._value(frame, root)) else Keeping.PROCESS
        return None

    def _is_of_application(self, frame: Frame, base: int) -> bool:
        """Whether an object is reached by way of the application: ``request.app.state``,
        ``scope["app"].state``.
        """
        terms = frame.module.facts.terms
        root = t.unaliased(terms, base)
        while terms[root][0] in (t.ATTR, t.ITEM):
            if terms[root][0] == t.ATTR and terms[root][2] == "app":
                return True
            if terms[root][0] == t.ITEM and terms[terms[root][2]] == (t.CONST, "app"):
                return True
            root = t.unaliased(terms, terms[root][1])
        return False

    def _of_parameter(self, frame: Frame, root: int) -> Keeping | None:
        value = self._project.values.evaluate(frame, root)
        if is_of_request(value):
            return None
        class_ = self._project.calls.class_of_method(frame.module, frame.scope_number)
        is_receiver = class_ is not None and frame.module.is_parameter(root, frame.scope_number, 0)
        if not is_receiver and (
            frame.function in self._hooks
            or (isinstance(value, Unknown) and self._is_of_handler(frame, root))
        ):
            return None
        if is_receiver:
            if any(isinstance(option, ClassValue) for option in options_of(value)):
                return Keeping.PROCESS
            return Keeping.OBJECT
        # def init_app(app): app.extensions["db"] = …
        return Keeping.PROCESS

    @cached_property
    def _hooks(self) -> frozenset[FunctionKey]:
        """The functions that frameworks call around handlers: they are handed the request."""
        hooks = self._project.applications.hooks
        return frozenset(hook.frame.function for hook in hooks if hook.kind.is_request)

    def _is_of_handler(self, frame: Frame, root: int) -> bool:
        """Whether a parameter is one of a handler, and not injected: the request, or part of it."""
        route, _ = self._project.applications.handlers.get(frame.function, (None, None))
        if route is None or route.framework in _INJECTING_BY_NAME:
            return False
        name = frame.scope.parameters[frame.module.facts.terms[root][1]].name
        return all(dependency.parameter != name for dependency in route.dependencies)

    def _value(self, frame: Frame, term: int) -> Value:
        return self._project.values.evaluate(frame, term)


def holding(frame: Frame, term: int, *, closures: bool = False) -> set[int]:
    """The terms of a function that hold what a term gives; with ``closures``, so do functions in it
    that read the variable.
    """
    found = _flow(frame, {term})
    if closures:
        names = {name for name, at in frame.scope.bindings.items() if at in found}
        reading = {at for at in _functions_in(frame) if _reads(frame, at, names)}
        if names and reading:
            found = _flow(frame, found | reading)
    return found


def _flow(frame: Frame, found: set[int]) -> set[int]:
    terms = frame.module.facts.terms
    for at in range(min(found) + 1, frame.scope.end):
        entry = terms[at]
        kind: int = entry[0]
        if kind in _SAME:
            if not found.isdisjoint(t.operands(entry)):
                found.add(at)
        elif kind == t.CALL:
            given = (*entry[2], *[value for _, value in entry[3]])
            called = terms[entry[1]]
            if not found.isdisjoint(given) or (
                called[0] == t.ATTR and called[2] in _FLUENT and called[1] in found
            ):
                found.add(at)
    return found


def _functions_in(frame: Frame) -> Iterator[int]:
    """The terms at which a function defines others."""
    terms = frame.module.facts.terms
    return (at for at in range(frame.scope.start, frame.scope.end) if terms[at][0] == t.DEFINITION)


def _reads(frame: Frame, definition: int, names: set[str]) -> bool:
    facts = frame.module.facts
    scope = facts.scopes[facts.terms[definition][1]]
    return any(
        entry[0] == t.NAME and entry[1] in names for entry in facts.terms[scope.start : scope.end]
    )


def _tested_object(terms: list[t.Term], term: int) -> int:
    """The object whose attribute, or the mapping whose key, a condition tests; -1 for a global."""
    waiting = [term]
    while waiting:
        term = waiting.pop(0)
        entry = terms[term]
        if entry[0] == t.ATTR:
            return int(entry[1])
        if entry[0] == t.CALL:
            called = terms[entry[1]]
            if called in ((t.NAME, "hasattr"), (t.NAME, "getattr")) and entry[2]:
                return int(entry[2][0])
            if called[0] == t.ATTR:
                return int(called[1])
            continue
        if entry[0] == t.COMPARE and entry[1] in ("in", "not in"):
            return int(entry[3])
        waiting.extend(t.operands(entry))
    return -1


def is_of_request(value: Value) -> bool:
    for option in options_of(value):
        name = ""
        if isinstance(option, (External, Member)):
            name = option.name
        elif isinstance(option, Instance) and isinstance(option.class_, str):
            name = option.class_
        if name and name.startswith(_OF_REQUEST):
            return True
    return False
