"""What an application has opened once for all its handlers, so that others could use it, too."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.project.application.model import Route
from fwp_checks.project.files.modules import Module
from fwp_checks.project.lifetimes.model import Keeping, Opening, PerRequest
from fwp_checks.project.meaning.origins import Place

if TYPE_CHECKING:
    from fwp_checks.project.lifetimes.lifetimes import Lifetimes
    from fwp_checks.project.linked import Project


class Shared:
    """Answers for one project."""

    def __init__(self, project: Project, lifetimes: Lifetimes) -> None:
        self._project = project
        self._lifetimes = lifetimes

    def instead_of(self, found: PerRequest) -> Opening | None:
        """What is there for all and could take the place of what requests open anew: of the same
        name, and imported by files with handlers of the same application.
        """
        route = self._lifetimes.requested.routes.get(found.ways[0].function)
        own = self._applications(route) if route is not None else set()
        for opening, others in self._by_name.get(found.opening.name, ()):
            if not own or not others or not own.isdisjoint(others):
                return opening
        return None

    @cached_property
    def _by_name(self) -> dict[str, list[tuple[Opening, set[Place]]]]:
        """What is kept for the process and imported by files with handlers, with the applications
        of these.
        """
        found: dict[str, list[tuple[Opening, set[Place]]]] = {}
        for opening in self._lifetimes.openings.lasting:
            keeping = self._lifetimes.keepings.of_itself(opening.frame, opening.term)
            if keeping is Keeping.PROCESS:
                users = [m for m in self._users(opening) if m.path in self._routes]
                if users:
                    others = set()
                    for module in users:
                        others |= self._applications(*self._routes[module.path])
                    found.setdefault(opening.name, []).append((opening, others))
        return found

    @cached_property
    def _routes(self) -> dict[str, list[Route]]:
        """The routes whose handlers stand in a file, by its path."""
        found: dict[str, list[Route]] = {}
        for (path, _), route in self._lifetimes.requested.routes.items():
            found.setdefault(path, []).append(route)
        return found

    def _applications(self, *routes: Route) -> set[Place]:
        """The applications that routes are part of."""
        applications = self._project.applications
        routers = {route.router for route in routes if route.router in applications.routers}
        return {
            application.place
            for place in routers
            if place is not None
            for application in applications.applications_of(applications.routers[place])
        }

    def _users(self, opening: Opening) -> Iterator[Module]:
        """The files that import the variable that holds something, or the function that gives it.
        What nobody imports is there for a single purpose, and tells nothing about others.
        """
        frame = opening.frame
        names = {name for _, name, _ in frame.scope.outer_writes}
        if frame.scope_number:
            names.add(frame.name)
        else:
            names |= {n for n, at in frame.scope.bindings.items() if at == opening.term}
        loaded = self._project.structure.loaded
        for module in self._project.table.modules:
            if not module.is_served:
                continue
            for entry in module.facts.imports:
                if entry.attribute in names and frame.module in loaded.targets(
                    module, entry.module, entry.attribute, entry.level
                ):
                    yield module
                    break
