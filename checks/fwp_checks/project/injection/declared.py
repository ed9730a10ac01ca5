"""What is wrong with dependencies as they are declared and written."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Region
from fwp_checks.project.application.model import Dependency
from fwp_checks.project.meaning.classes import PLAIN_BASES
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.values import (
    Awaitable,
    ClassValue,
    Constant,
    Coroutine,
    External,
    FunctionValue,
    Generator,
    Instance,
    Iterable,
    MappingValue,
    TupleValue,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.injection.injection import Injection
    from fwp_checks.project.linked import Project

# Library classes that give their objects no __call__.
_WITHOUT_CALL: frozenset[str] = PLAIN_BASES | frozenset(
    {
        "pydantic.BaseModel", "pydantic_settings.BaseSettings", "pydantic.BaseSettings",
        "builtins.dict", "builtins.list", "builtins.str", "builtins.int",
    }
)  # fmt: skip
_DATACLASSES = frozenset(
    {
        "dataclasses.dataclass",
        "pydantic.dataclasses.dataclass",
        "attr.s",
        "attr.define",
        "attrs.define",
    }
)
_CLOSING = frozenset({"close", "aclose"})


@dataclass(slots=True, unsafe_hash=True)
class Called:
    """``Depends(f())``, where what ``f()`` gives can certainly not be called.

    ``term`` is the call ``f()``, ``gives`` what it gives, in words. ``is_plain``: it is called
    without arguments, so that ``Depends(f)`` says what was meant.
    """

    frame: Frame
    term: int
    gives: str
    is_plain: bool


@dataclass(slots=True, unsafe_hash=True)
class Leak:
    """A dependency opens a session at ``opened`` and gives it away at ``given``, a term that it
    returns or yields; nothing closes it then, or ``closes`` does, the last statements of the
    function (their terms), unless the request fails. ``is_async``: closing it has to be awaited.
    """

    frame: Frame
    opened: int
    given: int
    is_returned: bool
    closes: tuple[int, ...] = ()
    is_async: bool = False


class Declared:
    """Answers for one project."""

    def __init__(self, project: Project, injection: Injection) -> None:
        self._project = project
        self._injection = injection

    # -- Depends(f()) ------------------------------------------------------------------------------

    @cached_property
    def called(self) -> dict[str, list[Called]]:
        """Calls in place of dependencies, by module."""
        found: dict[str, list[Called]] = {}
        for dependency, _ in self._injection.dependencies:
            called = self._called(dependency)
            if called is not None:
                found.setdefault(dependency.place.path, []).append(called)
        return found

    def _called(self, dependency: Dependency) -> Called | None:
        module = self._project.table.by_path[dependency.place.path]
        terms = module.facts.terms
        entry = terms[dependency.place.term]
        if entry[0] != t.CALL or not module.is_served:
            return None
        given = [*entry[2], *[value for name, value in entry[3] if name == "dependency"]]
        if not given or terms[given[0]][0] != t.CALL:
            return None
        term = given[0]
        frame = self._project.frame_of_scope(module, module.code_scope_of(term))
        gives = self._not_callable(frame, term, dependency.value)
        if not gives:
            return None
        return Called(frame, term, gives, not terms[term][2] and not terms[term][3])

    def _not_callable(self, frame: Frame, term: int, value: Value) -> str:
        """What a call gives, in words, if it can certainly not be called; otherwise nothing."""
        called = self._project.values.evaluate(frame, frame.module.facts.terms[term][1])
        found: dict[str, None] = {}
        for option in options_of(value):
            if isinstance(option, Generator):
                found["a generator"] = None
            elif isinstance(option, (Coroutine, Awaitable)):
                found["a coroutine"] = None
            elif not self._is_returned(called, option):
                return ""
            else:
                what = self._plain(option)
                if not what:
                    return ""
                found[what] = None
        return " or ".join(found)

    def _is_returned(self, called: Value, value: Value) -> bool:
        """Whether each function that is called says so by its body: annotations may be wrong about
        what a factory gives.
        """
        for option in options_of(called):
            if isinstance(option, ClassValue):
                continue
            if not isinstance(option, FunctionValue):
                return False
            frame = self._project.calls.unbound_frame(option.frame, option.scope)
            returned = [
                one
                for term in frame.scope.returns
                for one in options_of(self._project.values.evaluate(frame, term))
            ]
            if not returned or not all(self._plain(one) for one in returned):
                return False
        return True

    def _plain(self, value: Value) -> str:
        """What a value is, in words, if its objects have no ``__call__``; otherwise nothing."""
        if isinstance(value, Constant):
            return "None" if value.value is None else f"a {type(value.value).__name__}"
        if isinstance(value, MappingValue):
            return "a dict"
        if isinstance(value, (TupleValue, Iterable)):
            return "a list" if isinstance(value, Iterable) and value.kind == "list" else "a tuple"
        if isinstance(value, Instance) and isinstance(value.class_, ClassValue):
            info = self._project.classes.info(value.class_)
            is_known = info.has_only(_WITHOUT_CALL)
            member = self._project.members.find_in_class(value.class_, "__call__")
            if is_known and member is None and self._adds_no_call(value.class_):
                return f"an object of {value.class_.name}, which has no __call__"
        if self._injection.sessions.is_session(value) and isinstance(value, Instance):
            return "a session"
        return ""

    def _adds_no_call(self, class_: ClassValue) -> bool:
        """Whether the decorators of a class are none, or such that give it no ``__call__``."""
        around = self._project.classes.frame_around(class_)
        terms = class_.module.facts.terms
        for term in class_.module.facts.scopes[class_.scope].decorators:
            called = terms[term][1] if terms[term][0] == t.CALL else term
            decorator = self._project.values.evaluate(around, called)
            if not (isinstance(decorator, External) and decorator.name in _DATACLASSES):
                return False
        return True

    # -- sessions that leak ------------------------------------------------------------------------

    @cached_property
    def leaks(self) -> dict[str, list[Leak]]:
        """Dependencies that do not close the session they open, by module."""
        found: dict[str, list[Leak]] = {}
        if not self._injection.sessions.are_used:
            return found
        for frame in self._injection.functions.values():
            leak = self._leak(frame)
            if leak is not None:
                found.setdefault(frame.module.path, []).append(leak)
        return found

    def _leak(self, frame: Frame) -> Leak | None:
        scope = frame.scope
        sessions = self._injection.sessions
        for term in scope.yields if scope.is_generator else scope.returns:
            opened = sessions.opening_of(frame, term, entered=False)
            if opened < 0 or self._is_handed_on(frame, opened):
                continue
            if not scope.is_generator:
                return None if self._is_closed(frame, opened) else Leak(frame, opened, term, True)
            if not self._is_protected(frame, term, opened):
                closes = tuple(self._closings(frame, opened, term + 1, scope.end))
                value = self._project.values.evaluate(frame, opened)
                return Leak(frame, opened, term, False, closes, sessions.is_asynchronous(value))
        return None

    def _is_handed_on(self, frame: Frame, opened: int) -> bool:
        """Whether something else gets the session, which may close it."""
        terms = frame.module.facts.terms
        for term in range(opened + 1, frame.scope.end):
            entry = terms[term]
            given: list[int] = []
            if entry[0] == t.CALL:
                given = [*entry[2], *[value for _, value in entry[3]]]
            elif entry[0] in (t.STORE, t.STORE_ITEM):
                given = [entry[3]]
            if any(value >= 0 and self._is_it(frame, value, opened) for value in given):
                return True
        return any(self._is_it(frame, term, opened) for _, _, term in frame.scope.outer_writes)

    def _is_closed(self, frame: Frame, opened: int) -> bool:
        return bool(self._closings(frame, opened, frame.scope.start, frame.scope.end))

    def _closings(self, frame: Frame, opened: int, start: int, end: int) -> list[int]:
        """The terms ``session.close`` in a stretch."""
        terms = frame.module.facts.terms
        return [
            term
            for term in range(start, end)
            if terms[term][0] == t.ATTR
            and terms[term][2] in _CLOSING
            and self._is_it(frame, terms[term][1], opened)
        ]

    @staticmethod
    def _is_it(frame: Frame, term: int, opened: int) -> bool:
        terms = frame.module.facts.terms
        while term >= 0 and terms[term][0] in (t.ALIAS, t.NARROW, t.DECLARED, t.AWAIT, t.ENTER):
            if term == opened:
                return True
            term = terms[term][1]
        return bool(term == opened)

    def _is_protected(self, frame: Frame, given: int, opened: int) -> bool:
        """Whether a session is closed even where the request fails: by ``finally``, ``with``, or
        an ``except`` that closes it.
        """
        regions = frame.module.regions_in(frame.scope_number)
        around = [region for region in regions if region.start <= given < region.end]
        if any(region.kind == "with" and self._enters(frame, region, opened) for region in around):
            return True
        tries = [region for region in around if region.kind == "try"]
        return any(
            region.kind in ("finally", "except")
            and any(region.start >= one.end for one in tries)
            and self._ends(frame, region, opened)
            for region in regions
        )

    def _enters(self, frame: Frame, region: Region, opened: int) -> bool:
        terms = frame.module.facts.terms
        pending = [terms[region.term][1]] if terms[region.term][0] == t.ENTER else []
        while pending:
            term = pending.pop()
            if self._is_it(frame, term, opened):
                # session.begin() ends the transaction, not the session.
                return True
            if terms[term][0] == t.CALL:
                called = terms[terms[term][1]]
                if called[0] == t.ATTR and self._is_it(frame, called[1], opened):
                    continue
                pending += terms[term][2]
        return False

    def _ends(self, frame: Frame, region: Region, opened: int) -> bool:
        if region.kind == "finally":
            # Whatever is done there, it is the place for it.
            return True
        return bool(self._closings(frame, opened, region.start, region.end))
