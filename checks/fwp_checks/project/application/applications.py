"""The applications of a project, put together from what frameworks state."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.project.application.model import (
    Handler,
    Hook,
    Inclusion,
    Part,
    Route,
    Router,
)
from fwp_checks.project.meaning.frames import FunctionKey
from fwp_checks.project.meaning.origins import Place

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project


class Applications:
    """Answers for one project; found once."""

    def __init__(self, project: Project) -> None:
        self._project = project

    @cached_property
    def _parts(self) -> list[Part]:
        return self._project.frameworks.application_parts()

    @cached_property
    def routers(self) -> dict[Place, Router]:
        """All applications and routers, by where they are made."""
        return {part.place: part for part in self._parts if isinstance(part, Router)}

    @property
    def applications(self) -> list[Router]:
        """The routers that are applications themselves."""
        return [router for router in self.routers.values() if router.is_application]

    @cached_property
    def routes(self) -> list[Route]:
        """All routes, in the order of their registrations."""
        return [part for part in self._parts if isinstance(part, Route)]

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

    def routes_on(self, router: Router) -> list[Route]:
        """The routes registered on a router itself."""
        return [route for route in self.routes if route.router == router.place]

    def included_in(self, router: Router) -> Iterator[Inclusion]:
        """What is part of a router, directly."""
        return (found for found in self.inclusions if found.parent == router.place)
