"""What dependency injection could do for handlers, and what it is used for already."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.project.application.model import Dependency, Handler, Inclusion, Route, Router
from fwp_checks.project.injection.declared import Declared
from fwp_checks.project.injection.opened import OpenedByHand
from fwp_checks.project.injection.repeated import Repeated
from fwp_checks.project.injection.sessions import Sessions
from fwp_checks.project.meaning.frames import Frame, FunctionKey
from fwp_checks.project.repetition.answers import Answers
from fwp_checks.project.repetition.prologues import Prologues

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project


class Injection:
    """Answers for one project; each part is found when first asked for."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.sessions = Sessions(project)
        self.declared = Declared(project, self)
        self.opened = OpenedByHand(project, self)
        self.repeated = Repeated(project, self)
        self.answers = Answers(project)

    @cached_property
    def prologues(self) -> Prologues:
        """What handlers begin with."""
        return Prologues(self._project)

    def injects(self, route: Route) -> bool:
        """Whether the handlers of a route can declare what is to be injected."""
        if any(dependency.parameter for dependency in route.dependencies):
            return True
        router = self._project.applications.routers.get(route.router) if route.router else None
        return router is not None and self._project.frameworks.injects(router.class_name)

    @cached_property
    def handlers(self) -> dict[FunctionKey, tuple[Route, Handler]]:
        """The handlers of requests that can declare what is to be injected, in order."""
        found = self._project.applications.handlers
        return {
            key: found[key]
            for key in sorted(found)
            if not found[key][0].is_websocket
            and found[key][1].frame.module.is_served
            and self.injects(found[key][0])
        }

    @cached_property
    def dependencies(self) -> list[tuple[Dependency, list[Frame]]]:
        """All dependencies that routes, routers and other dependencies declare, each once, with
        the functions that run for them.
        """
        applications = self._project.applications
        given: dict[Dependency, None] = {}
        parts: list[Route | Router | Inclusion] = [*applications.routes]
        parts += [*applications.routers.values(), *applications.inclusions]
        for part in parts:
            given.update(dict.fromkeys(part.dependencies))
        reached = applications.reached_dependencies(given)
        return [(dependency, applications.functions_of(dependency)) for dependency in reached]

    @cached_property
    def functions(self) -> dict[FunctionKey, Frame]:
        """The functions that run for dependencies, in order."""
        found = {
            frame.function: frame
            for _, frames in self.dependencies
            for frame in frames
            if frame.module.is_served
        }
        return {key: found[key] for key in sorted(found)}
