"""Where sessions of a database are opened: by their class, by a factory such as a sessionmaker's
product, by a helper that opens one and hands it over, or by calling a dependency by hand.

A session is what its value is; nothing is told by a name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.outcome import RunFrame
from fwp_checks.project.meaning.values import (
    CallableValue,
    ClassValue,
    Coroutine,
    External,
    FunctionValue,
    Generator,
    Instance,
    Manager,
    Member,
    Value,
    Wrapped,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

SESSIONS = ("sqlalchemy.orm.Session", "sqlalchemy.ext.asyncio.AsyncSession")
FACTORIES = ("sqlalchemy.orm.sessionmaker", "sqlalchemy.ext.asyncio.async_sessionmaker")
CLASSES = (*SESSIONS, "sqlmodel.Session", "sqlmodel.ext.asyncio.session.AsyncSession")
# A registry that keeps one session for each thread or request, and ends it when it is told to.
_REGISTRIES = ("sqlalchemy.orm.scoped_session", "sqlalchemy.ext.asyncio.async_scoped_session")
_PACKAGES = frozenset({"sqlalchemy", "sqlmodel"})
# https://docs.sqlalchemy.org/en/20/orm/session_api.html#sqlalchemy.orm.sessionmaker.begin
BEGIN = "begin"
_SAME = frozenset({t.ALIAS, t.NARROW, t.AWAIT, t.DECLARED})
_STEPS = 2


@dataclass(slots=True, unsafe_hash=True)
class Opened:
    """A session is opened: by the CALL (or the loop's ITER) at ``term`` of ``frame``.

    ``by_hand`` is the frame of the dependency that is called there by hand, None where the session
    is made outright or by a helper.
    """

    frame: Frame
    term: int
    by_hand: Frame | None = None


class Sessions:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[Frame, list[Opened]] = {}
        self._handing: dict[tuple[Module, int], bool] = {}

    @cached_property
    def are_used(self) -> bool:
        """Whether the project imports a library that has sessions."""
        return any(module.imports_any(_PACKAGES) for module in self._project.table.modules)

    def opened_in(self, frame: Frame) -> list[Opened]:
        """The sessions that a function's own code opens."""
        known = self._known.get(frame) if self.are_used else []
        if known is None:
            self._known[frame] = []
            known = self._known[frame] = list(self._find(frame))
        return known

    def is_session(self, value: Value) -> bool:
        """Whether a value is a session, on every path that is known."""
        options = options_of(value)
        return bool(options) and all(self._is_one(option) for option in options)

    def is_asynchronous(self, value: Value) -> bool:
        """Whether a session is one whose methods are awaited."""
        classes = self._project.classes
        return classes.is_instance(value, SESSIONS[1])

    def _is_one(self, value: Value) -> bool:
        if not isinstance(value, Instance):
            return False
        if isinstance(value.class_, ClassValue):
            classes = self._project.classes
            return any(classes.derives(value.class_, name) for name in SESSIONS)
        bases = (value.class_, *self._project.catalogue.bases(value.class_))
        return any(n in SESSIONS for n in bases) and not any(n in _REGISTRIES for n in bases)

    # -- openings ----------------------------------------------------------------------------------

    def _find(self, frame: Frame) -> Iterator[Opened]:
        module = frame.module
        terms = module.facts.terms
        for term in module.calls_in(frame.scope_number):
            called = terms[terms[term][1]]
            if called[0] == t.ATTR and called[2] not in self._names:
                continue
            if self.makes(frame, term):
                yield Opened(frame, term)
            else:
                dependency = self._stepped(frame, term)
                if dependency is not None:
                    yield Opened(frame, term, dependency)
        for term in module.of_kind_in(t.ITER, frame.scope):
            if module.code_scope_of(term) == frame.scope_number:
                dependency = self._generator(frame, terms[term][1])
                if dependency is not None:
                    yield Opened(frame, term, dependency)

    @cached_property
    def _names(self) -> frozenset[str]:
        """The last names of what may open a session: all that the project defines, binds or
        assigns, and the classes of libraries.
        """
        found = {"next", "anext", BEGIN, *self._project.attribute_stores}
        for name in (*CLASSES, *FACTORIES):
            last = name.rpartition(".")[2]
            found.update((last, *self._project.catalogue.other_spellings(last)))
        for module in self._project.table.modules:
            for scope in module.facts.scopes:
                found.add(scope.name)
                if not scope.is_function:
                    found.update(scope.bindings)
                    found.update(scope.annotations)
        return frozenset(found)

    def makes(self, frame: Frame, term: int, steps: int = _STEPS) -> bool:
        """Whether the call at a term opens a session and gives it to its caller."""
        entry = frame.module.facts.terms[term]
        if entry[0] != t.CALL:
            return False
        called = self._project.values.evaluate(frame, entry[1])
        return self._begins(frame, entry[1]) or any(
            self._opens(frame, term, option, steps) for option in options_of(called)
        )

    def _begins(self, frame: Frame, term: int) -> bool:
        """Whether a method is the one by which a factory opens a session and begins at once."""
        entry = frame.module.facts.terms[term]
        if entry[0] != t.ATTR or entry[2] != BEGIN:
            return False
        return any(
            self.is_session(option.result)
            if isinstance(option, CallableValue)
            else isinstance(option, Instance) and option.class_ in FACTORIES
            for option in options_of(self._project.values.evaluate(frame, entry[1]))
        )

    def _opens(self, frame: Frame, term: int, called: Value, steps: int) -> bool:
        project = self._project
        if isinstance(called, (External, ClassValue)):
            # The class itself, of the library or one derived from it.
            return self._may_be_opener(called) and self.is_session(
                project.values.evaluate(frame, term)
            )
        if isinstance(called, Instance) and isinstance(called.class_, str):
            if called.class_ in FACTORIES:
                return self.is_session(project.values.evaluate(frame, term))
        if isinstance(called, CallableValue):
            return self.is_session(called.result)
        if isinstance(called, Wrapped) and called.how in ("contextmanager", "asynccontextmanager"):
            given = project.values.evaluate(frame, term)
            return any(
                isinstance(option, Manager)
                and option.frame is not None
                and self.is_session(option.target)
                and self.hands_over(option.frame, option.frame.scope.yields, steps)
                for option in options_of(given)
            )
        if isinstance(called, FunctionValue):
            return self._helper_opens(frame, term, called, steps)
        return False

    def _helper_opens(self, frame: Frame, term: int, called: FunctionValue, steps: int) -> bool:
        scope = called.module.facts.scopes[called.scope]
        if scope.is_generator or steps <= 0 or not self._may_hand_over(called.module, called.scope):
            return False
        outcome = self._project.calls.outcome(frame, term)
        result = outcome.result
        for option in options_of(result):
            inner = option.frame if isinstance(option, Coroutine) else None
            if inner is None and self.is_session(option):
                runs = [run for runs in outcome.alternatives for run in runs or ()]
                inner = next((run.frame for run in runs if isinstance(run, RunFrame)), None)
            if inner is not None and self.hands_over(inner, inner.scope.returns, steps):
                return True
        return False

    def _may_hand_over(self, module: Module, scope_number: int) -> bool:
        """Whether some call whose result a function returns may open a session. Most are seen not
        to, whatever the function is handed, and then nothing of it is evaluated.
        """
        key = (module, scope_number)
        known = self._handing.get(key)
        if known is None:
            self._handing[key] = True  # what calls itself may
            scope = module.facts.scopes[scope_number]
            known = self._handing[key] = scope.is_stub or any(
                self._may_open(module, scope_number, term) for term in scope.returns
            )
        return known

    def _may_open(self, module: Module, scope_number: int, term: int) -> bool:
        terms = module.facts.terms
        while terms[term][0] in _SAME or terms[term][0] == t.ENTER:
            term = terms[term][1]
        if terms[term][0] != t.CALL:
            # A coroutine of one of several functions may be handed on.
            return terms[term][0] == t.JOIN and not module.facts.scopes[scope_number].is_async
        root = called = terms[term][1]
        while terms[root][0] in (t.ATTR, t.ALIAS):
            root = terms[root][1]
        if terms[root][0] != t.IMPORT and terms[root][0] != t.NAME:
            return True
        if terms[root][0] == t.NAME and terms[root][1] not in module.facts.scopes[0].bindings:
            return True
        frame = self._project.frame_of_scope(module, scope_number)
        return any(
            map(self._may_be_opener, options_of(self._project.values.evaluate(frame, called)))
        )

    def _may_be_opener(self, called: Value) -> bool:
        """Whether a call of a value may open a session and hand it over."""
        if isinstance(called, FunctionValue):
            return self._may_hand_over(called.module, called.scope)
        if isinstance(called, External):
            return self._project.catalogue.is_type(called.name)
        if isinstance(called, ClassValue):
            return self._is_one(Instance(called))
        if isinstance(called, Instance):
            return called.class_ in FACTORIES
        return not isinstance(called, Member)

    def hands_over(self, frame: Frame, given: list[int], steps: int = _STEPS) -> bool:
        """Whether what a function returns or yields, at these terms, is a session that it opens."""
        return any(self.opening_of(frame, term, steps) >= 0 for term in given)

    def opening_of(
        self, frame: Frame, term: int, steps: int = _STEPS, *, entered: bool = True
    ) -> int:
        """The call that opens the session which a term of a function stands for; -1 if it is none
        that the function opened. ``entered``: or one that a ``with`` block closes.
        """
        terms = frame.module.facts.terms
        if terms[term][0] == t.YIELD:
            term = terms[term][1]
        while term >= 0 and (terms[term][0] in _SAME or (entered and terms[term][0] == t.ENTER)):
            term = terms[term][1]
        if term < 0 or terms[term][0] != t.CALL or not self._is_own(frame, term):
            return -1
        return term if self.makes(frame, term, steps - 1) else -1

    @staticmethod
    def _is_own(frame: Frame, term: int) -> bool:
        return frame.scope.start <= term < frame.scope.end

    # -- dependencies called by hand ---------------------------------------------------------------

    def _stepped(self, frame: Frame, term: int) -> Frame | None:
        """The dependency in ``next(get_db())`` or ``anext(get_db())``."""
        entry = frame.module.facts.terms[term]
        called = self._project.values.evaluate(frame, entry[1])
        names = ("builtins.next", "builtins.anext")
        if isinstance(called, External) and called.name in names and entry[2]:
            return self._generator(frame, entry[2][0])
        return None

    def _generator(self, frame: Frame, term: int) -> Frame | None:
        terms = frame.module.facts.terms
        term = t.unaliased(terms, term)
        if terms[term][0] != t.CALL:
            return None
        for option in options_of(self._project.values.evaluate(frame, term)):
            if isinstance(option, Generator):
                yielded = option.frame.scope.yields
                if len(yielded) == 1 and self.hands_over(option.frame, yielded):
                    return option.frame
        return None
