"""What handlers open or make for themselves that dependency injection would hand to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.application.model import Dependency, Route
from fwp_checks.project.files.modules import Module
from fwp_checks.project.injection.sessions import BEGIN, CLASSES, FACTORIES, Opened
from fwp_checks.project.meaning.classes import SETTINGS
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.spelt import OF_A_VALUE
from fwp_checks.project.meaning.values import ClassValue, External, Member, ModuleValue

if TYPE_CHECKING:
    from fwp_checks.project.injection.injection import Injection
    from fwp_checks.project.linked import Project

# What is sent after the handler has returned needs a session of its own.
_STREAMING = ("StreamingResponse", "EventSourceResponse")
_MOST_STEPS = 1


@dataclass(slots=True, unsafe_hash=True)
class GlobalSession:
    """A session that a module opens when it is imported, at ``term``, under ``name``; requests read
    it in these functions at these terms.
    """

    module: Module
    term: int
    name: str
    readers: tuple[tuple[Frame, int], ...]


@dataclass(slots=True, unsafe_hash=True)
class SettingsMade:
    """Settings are read anew for requests: by a call at ``term`` of ``frame``, which is in a
    handler or dependency, or in a function ``by`` that those call; or where a dependency names
    the class.
    """

    module: Module
    term: int
    class_name: str
    function: str


class OpenedByHand:
    """Answers for one project."""

    def __init__(self, project: Project, injection: Injection) -> None:
        self._project = project
        self._injection = injection

    # -- sessions in handlers ----------------------------------------------------------------------

    @cached_property
    def sessions(self) -> dict[str, list[Opened]]:
        """The first session that each handler opens for itself, by module."""
        found: dict[str, list[Opened]] = {}
        if not self._injection.sessions.are_used:
            return found
        for route, handler in self._injection.handlers.values():
            frame = handler.frame
            opened = self._injection.sessions.opened_in(frame)
            # Several sessions, or one in a block of something else, are short on purpose.
            if len(opened) == 1 and not self._is_inside(opened[0]):
                if self._is_injected(route, opened[0]):
                    continue
                if not self._has_session(frame) and not self._streams(frame):
                    found.setdefault(frame.module.path, []).append(opened[0])
        return found

    @staticmethod
    def _is_injected(route: Route, opened: Opened) -> bool:
        """Whether what opens a session is injected, or a method of something that is: tests can
        replace that.
        """
        terms = opened.frame.module.facts.terms
        term = opened.term
        while terms[term][0] in (t.CALL, t.ATTR, t.ALIAS, t.NARROW, t.ITER):
            term = terms[term][1]
        if terms[term][0] != t.PARAM:
            return False
        name = opened.frame.scope.parameters[terms[term][1]].name
        return any(dependency.parameter == name for dependency in route.dependencies)

    @staticmethod
    def _is_inside(opened: Opened) -> bool:
        """Whether a session is opened in a ``with`` block that something else is entered by."""
        frame = opened.frame
        return any(
            region.kind == "with" and region.start <= opened.term < region.end
            for region in frame.module.regions_in(frame.scope_number)
        )

    def provider(self, opened: Opened) -> Frame | None:
        """The dependency that yields sessions of the same factory."""
        sessions = self._injection.sessions
        wanted = self._factory(opened.frame, opened.term)
        for frame in self._injection.functions.values():
            if opened.by_hand is not None and frame.function == opened.by_hand.function:
                return frame
            for term in frame.scope.yields:
                made = sessions.opening_of(frame, term)
                if made >= 0 and wanted == self._factory(frame, made):
                    return frame
        return None

    def _factory(self, frame: Frame, term: int) -> tuple[str, int]:
        """Where what a call calls is defined."""
        terms = frame.module.facts.terms
        called = terms[term][1]
        if terms[called][0] == t.ATTR and terms[called][2] == BEGIN:
            called = terms[called][1]
        owner, place = self._project.types.resolve(frame, called)
        return owner.module.path, place

    def _has_session(self, frame: Frame) -> bool:
        """Whether a session is injected: another one is opened for a reason."""
        return any(
            self._injection.sessions.is_session(
                self._project.values.evaluate(frame, frame.scope.start + index)
            )
            for index in range(len(frame.scope.parameters))
        )

    def _streams(self, frame: Frame) -> bool:
        for term in frame.module.calls_in(frame.scope_number):
            called = self._project.values.evaluate(frame, frame.module.facts.terms[term][1])
            name = called.name if isinstance(called, (External, Member, ClassValue)) else ""
            if name.endswith(_STREAMING):
                return True
        return False

    # -- sessions of modules -----------------------------------------------------------------------

    @cached_property
    def global_sessions(self) -> dict[str, list[GlobalSession]]:
        """Sessions of modules that requests read, by module."""
        found: dict[str, list[GlobalSession]] = {}
        if not self._injection.sessions.are_used or not self._injection.handlers:
            return found
        for module, term in sorted(self._candidates(), key=lambda one: (one[0].path, one[1])):
            frame = self._project.module_frame(module)
            name = self._bound_name(module, term)
            if name and module.is_served and self._injection.sessions.makes(frame, term):
                readers = tuple(self._readers(module, name))
                if readers:
                    made = GlobalSession(module, term, name, readers)
                    found.setdefault(module.path, []).append(made)
        return found

    def _candidates(self) -> set[tuple[Module, int]]:
        """Calls of modules' own code that may open a session."""
        sites = self._project.call_sites
        found = {
            (site.frame.module, site.term)
            for site in sites.of(frozenset(CLASSES))
            if not site.frame.scope_number
        }
        for site in sites.of(frozenset(FACTORIES)):
            name = self._bound_name(site.frame.module, site.term)
            for module, term in sites.spelt(name) if name and not site.frame.scope_number else ():
                if not module.code_scope_of(term):
                    found.add((module, term))
        # sessionmaker(…)()
        found |= {
            (module, term)
            for module, term in sites.spelt(OF_A_VALUE)
            if not module.code_scope_of(term)
        }
        return found

    @staticmethod
    def _bound_name(module: Module, term: int) -> str:
        for name, bound in module.facts.scopes[0].bindings.items():
            if _given(module, bound) == term:
                return name
        return ""

    def _readers(self, owner: Module, name: str) -> Iterator[tuple[Frame, int]]:
        """Where functions that requests reach read a global name."""
        for module in self._project.table.modules:
            if not module.is_served:
                continue
            local = self._local_name(module, owner, name)
            read = set(self._attributes(module, owner, name))
            for number, scope in enumerate(module.facts.scopes) if local or read else ():
                term = self._reading(module, number, local, read) if scope.is_function else -1
                if term >= 0:
                    frame = self._project.frame_of_scope(module, number)
                    if next(self._project.lifetimes.reaching(frame, term), None) is not None:
                        yield frame, term

    def _local_name(self, module: Module, owner: Module, name: str) -> str:
        """What a module calls a global of another one; empty if it does not know it by name."""
        if module is owner:
            return name
        for local, term in module.facts.scopes[0].bindings.items():
            entry = module.facts.terms[term]
            if entry[0] == t.IMPORT and entry[2] == name:
                frame, place = self._project.types.resolve(self._project.module_frame(module), term)
                bound = owner.facts.scopes[0].bindings.get(name, -1)
                if frame.module is owner and _given(owner, place) == _given(owner, bound):
                    return local
        return ""

    def _attributes(self, module: Module, owner: Module, name: str) -> Iterator[int]:
        """The terms at which a module reads a global of another one as ``database.session``."""
        terms = module.facts.terms
        for term in module.of_kind(t.ATTR):
            if terms[term][2] == name and terms[terms[term][1]][0] in (t.NAME, t.IMPORT):
                frame = self._project.frame_of_scope(module, module.code_scope_of(term))
                value = self._project.values.evaluate(frame, terms[term][1])
                if isinstance(value, ModuleValue) and value.module is owner:
                    yield term

    @staticmethod
    def _reading(module: Module, number: int, name: str, attributes: set[int]) -> int:
        """What a function does first with a global, by its name or by an attribute of its module;
        -1 if it does not read it.
        """
        facts = module.facts
        scope = facts.scopes[number]
        reads = {term for term in attributes if scope.start <= term < scope.end}
        if name and name not in scope.bindings and all(p.name != name for p in scope.parameters):
            reads.update(
                term
                for term in range(scope.start, scope.end)
                if facts.terms[term][0] in (t.NAME, t.IMPORT) and facts.terms[term][1] == name
            )
        for term in range(scope.start, scope.end) if reads else ():
            if facts.span(term)[0] and not reads.isdisjoint(t.operands(facts.terms[term])):
                return term
        return -1

    # -- settings ----------------------------------------------------------------------------------

    @cached_property
    def settings(self) -> dict[str, list[SettingsMade]]:
        """Settings that are read anew for requests, by module."""
        found: dict[str, list[SettingsMade]] = {}
        if not self._injection.handlers:
            return found
        for site in self._project.call_sites.of(frozenset(SETTINGS)):
            module, term = site.frame.module, site.term
            called = self._project.values.evaluate(site.frame, module.facts.terms[term][1])
            if (
                not module.is_served
                or not isinstance(called, ClassValue)
                or self._is_given(site.frame, term)
            ):
                continue
            ways = self._project.lifetimes.reaching(site.frame, term)
            if site.frame.scope_number and any(len(way) <= _MOST_STEPS for way in ways):
                made = SettingsMade(module, term, called.name, site.frame.name)
                found.setdefault(module.path, []).append(made)
        for dependency, _ in self._injection.dependencies:
            made_by = self._settings_class(dependency)
            if made_by is not None:
                found.setdefault(made_by.module.path, []).append(made_by)
        return found

    @staticmethod
    def _is_given(frame: Frame, term: int) -> bool:
        """Whether settings are made of something: then they are not those of the environment."""
        entry = frame.module.facts.terms[term]
        return bool(entry[2] or entry[3])

    def _settings_class(self, dependency: Dependency) -> SettingsMade | None:
        class_ = dependency.value
        if not isinstance(class_, ClassValue):
            return None
        if not any(self._project.classes.derives(class_, base) for base in SETTINGS):
            return None
        module = self._project.table.by_path[dependency.place.path]
        return (
            SettingsMade(module, dependency.place.term, class_.name, "")
            if module.is_served
            else None
        )


def _given(module: Module, bound: int) -> int:
    """The term that a name is bound to, without what only declares or narrows it."""
    terms = module.facts.terms
    while bound >= 0 and (
        terms[bound][0] in (t.ALIAS, t.NARROW)
        or (terms[bound][0] == t.DECLARED and terms[bound][1] >= 0)
    ):
        bound = terms[bound][1]
    return bound
