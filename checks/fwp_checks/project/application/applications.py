"""The applications of a project, put together from what frameworks state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.project.application.model import (
    Dependency,
    Handler,
    Hook,
    Inclusion,
    Part,
    Route,
    Router,
)
from fwp_checks.project.meaning.frames import Frame, FunctionKey
from fwp_checks.project.meaning.origins import Place

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_HANDLER = "handler"
_DEPENDENCY = "dependency"


@dataclass(slots=True, unsafe_hash=True)
class RequestFunction:
    """A function that a framework calls for requests: ``what`` it is to it (handler, dependency,
    middleware …), and the ``place`` that says so.
    """

    frame: Frame
    what: str
    place: Place


class Applications:
    """Answers for one project; found once."""

    def __init__(self, project: Project) -> None:
        self._project = project

    # -- the parts ---------------------------------------------------------------------------------

    @cached_property
    def _parts(self) -> list[Part]:
        return self._project.frameworks.application_parts()

    @cached_property
    def routers(self) -> dict[Place, Router]:
        """All applications and routers, by where they are made."""
        return {part.place: part for part in self._parts if isinstance(part, Router)}

    @cached_property
    def applications(self) -> list[Router]:
        """The routers that are applications themselves."""
        return [router for router in self.routers.values() if router.is_application]

    @cached_property
    def routes(self) -> list[Route]:
        """All routes, in the order of their registrations, file by file."""
        found = [part for part in self._parts if isinstance(part, Route)]
        return sorted(found, key=lambda route: (route.place.path, route.place.term))

    @cached_property
    def inclusions(self) -> list[Inclusion]:
        """Which routers are part of which."""
        return [part for part in self._parts if isinstance(part, Inclusion)]

    @cached_property
    def hooks(self) -> list[Hook]:
        """What is called around handlers, and when applications start or stop."""
        return [part for part in self._parts if isinstance(part, Hook)]

    @cached_property
    def handlers(self) -> dict[FunctionKey, tuple[Route, Handler]]:
        """The functions that answer requests, with the first route that leads to each."""
        found: dict[FunctionKey, tuple[Route, Handler]] = {}
        for route in self.routes:
            for handler in route.handlers:
                found.setdefault(handler.frame.function, (route, handler))
        return found

    # -- one router --------------------------------------------------------------------------------

    @cached_property
    def _routes_by_router(self) -> dict[Place | None, list[Route]]:
        found: dict[Place | None, list[Route]] = {}
        for route in self.routes:
            found.setdefault(route.router, []).append(route)
        return found

    @cached_property
    def _by_parent(self) -> dict[Place | None, list[Inclusion]]:
        found: dict[Place | None, list[Inclusion]] = {}
        for inclusion in self.inclusions:
            found.setdefault(inclusion.parent, []).append(inclusion)
        return found

    @cached_property
    def _by_child(self) -> dict[Place, list[Inclusion]]:
        found: dict[Place, list[Inclusion]] = {}
        for inclusion in self.inclusions:
            if inclusion.child is not None and inclusion.parent in self.routers:
                found.setdefault(inclusion.child, []).append(inclusion)
        return found

    def routes_on(self, router: Router) -> list[Route]:
        """The routes registered on a router itself."""
        return self._routes_by_router.get(router.place, [])

    def included_in(self, router: Router) -> Iterator[Inclusion]:
        """What is part of a router, directly."""
        return iter(self._by_parent.get(router.place, ()))

    def applications_of(self, router: Router) -> list[Router]:
        """The applications that a router is part of, at any depth, the outer ones first; itself
        among them if it is one.
        """
        found: list[Router] = []
        self._note_above(router, found, set())
        return found

    def _note_above(self, router: Router, found: list[Router], seen: set[Place]) -> None:
        """Note applications on the way to those that are part of no other, each router once."""
        seen.add(router.place)
        for inclusion in self._by_child.get(router.place, ()):
            if inclusion.parent is not None and inclusion.parent not in seen:
                self._note_above(self.routers[inclusion.parent], found, seen)
        if router.is_application:
            found.append(router)

    def all_in(self, router: Router) -> list[Router]:
        """A router and all that are part of it, at any depth."""
        found = {router.place: router}
        waiting = [router]
        while waiting:
            for inclusion in self.included_in(waiting.pop()):
                child = self.routers.get(inclusion.child) if inclusion.child is not None else None
                if child is not None and child.place not in found:
                    found[child.place] = child
                    waiting.append(child)
        return list(found.values())

    # -- dependencies ------------------------------------------------------------------------------

    def functions_of(self, dependency: Dependency) -> list[Frame]:
        """The functions that run for a dependency: itself, or what makes the class."""
        return self._project.frameworks.dependency_frames(dependency)

    def sub_dependencies(self, frame: Frame) -> list[Dependency]:
        """The dependencies that a function's own parameters declare."""
        return self._project.frameworks.declared_dependencies(frame)

    def reached_dependencies(self, dependencies: Iterable[Dependency]) -> list[Dependency]:
        """These and all that they depend on, each once."""
        found: dict[Dependency, None] = {}
        waiting = list(dependencies)
        while waiting:
            dependency = waiting.pop(0)
            if dependency not in found:
                found[dependency] = None
                for frame in self.functions_of(dependency):
                    waiting.extend(self.sub_dependencies(frame))
        return list(found)

    # -- what frameworks call ----------------------------------------------------------------------

    @cached_property
    def request_functions(self) -> dict[FunctionKey, RequestFunction]:
        """All that frameworks call for requests: handlers, dependencies, middleware, hooks."""
        found: dict[FunctionKey, RequestFunction] = {}

        def note(frame: Frame, what: str, place: Place) -> None:
            found.setdefault(frame.function, RequestFunction(frame, what, place))

        dependencies: dict[Dependency, None] = {}
        for route in self.routes:
            for handler in route.handlers:
                note(handler.frame, _HANDLER, route.place)
            dependencies.update(dict.fromkeys(route.dependencies))
        for router in self.routers.values():
            dependencies.update(dict.fromkeys(router.dependencies))
        for inclusion in self.inclusions:
            dependencies.update(dict.fromkeys(inclusion.dependencies))
        for dependency in self.reached_dependencies(dependencies):
            for frame in self.functions_of(dependency):
                note(frame, _DEPENDENCY, dependency.place)
        for hook in self.hooks:
            if hook.kind.is_request:
                note(hook.frame, hook.kind.value, hook.place)
        return found

    @cached_property
    def factories(self) -> dict[FunctionKey, list[Router]]:
        """The functions that make applications."""
        found: dict[FunctionKey, list[Router]] = {}
        for application in self.applications:
            if application.frame.scope_number:
                found.setdefault(application.frame.function, []).append(application)
        return found


def joined(prefix: str | None, path: str | None) -> str | None:
    """A path behind a prefix, with one slash between them; None if one of them is not written."""
    if prefix is None or path is None:
        return None
    return prefix.rstrip("/") + path if path.startswith("/") else prefix + path


def below(prefix: str | None, inclusion: Inclusion, child: Router) -> str | None:
    """What is before the paths of a router that is part of one with this prefix."""
    whole = joined(prefix, inclusion.prefix)
    return whole if inclusion.replaces else joined(whole, child.prefix)
