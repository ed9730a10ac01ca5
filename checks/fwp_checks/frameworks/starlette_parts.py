"""What Starlette and FastAPI applications are made of: routers, routes, dependencies, hooks.

The prefix that ``include_router`` is given comes before the router's own (fastapi/routing.py of
FastAPI 0.165.0).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.web_parts import (
    METHODS,
    Argument,
    Hooking,
    Including,
    Making,
    PartFinder,
    Routing,
    Site,
)
from fwp_checks.project.application.model import Dependency, HookKind
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.values import External, Value

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

DEPENDS = ("fastapi.Depends", "fastapi.Security")
_PATH = Argument(0, "path")
_ENDPOINT = Argument(1, "endpoint")


def depends_at(project: Project, frame: Frame, term: int) -> Value | None:
    """What stands in ``Depends(…)`` at a term; None if there stands none."""
    entry = frame.module.facts.terms[term] if term >= 0 else None
    if entry is None or entry[0] != t.CALL:
        return None
    called = project.values.evaluate(frame, entry[1])
    if not isinstance(called, External) or called.name not in DEPENDS:
        return None
    return project.calls.arguments(frame, entry).get(0, "dependency")


def declared_by(project: Project, frame: Frame, index: int) -> Iterator[Dependency]:
    """What ``Depends(f)`` names, as a parameter's default or in ``Annotated``."""
    parameter = frame.scope.parameters[index]
    around = frame.parent or frame
    for place, term in [
        *project.types.metadata(around, parameter.annotation),
        (around, parameter.default),
    ]:
        value = depends_at(project, place, term)
        if value is not None:
            yield Dependency(Place(place.module.path, term), value, parameter.name)


class StarletteParts(PartFinder):
    """Finds them."""

    name = "Starlette"
    makings = (
        Making(("fastapi.FastAPI",), True, dependencies="dependencies"),
        Making(("starlette.applications.Starlette",), True),
        Making(("fastapi.APIRouter",), False, Argument(-1, "prefix"), "dependencies"),
        Making(("starlette.routing.Router",), False),
    )
    routings = (
        Routing((*METHODS, "api_route", "route"), _PATH, usual=("GET",)),
        Routing(("websocket", "websocket_route"), _PATH, is_websocket=True),
        Routing(("add_api_route", "add_route"), _PATH, _ENDPOINT, usual=("GET",)),
        Routing(
            ("add_api_websocket_route", "add_websocket_route"), _PATH, _ENDPOINT, is_websocket=True
        ),
    )
    includings = (
        Including(("include_router",), Argument(0, "router"), Argument(-1, "prefix")),
        Including(("mount",), Argument(1, "app"), Argument(0, "path")),
    )
    hookings = (
        Hooking(("middleware",), HookKind.MIDDLEWARE),
        Hooking(
            ("exception_handler", "add_exception_handler"),
            HookKind.EXCEPTION_HANDLER,
            Argument(1, "handler"),
        ),
    )

    def declared(self, value: Value | None, site: Site) -> Iterator[Dependency]:
        """``dependencies=[Depends(f), …]``."""
        term = site.argument_term(Argument(-1, "dependencies"))
        found = literals.items(self.project, site.frame, term) if term >= 0 else None
        for item in found or ():
            given = depends_at(self.project, item.frame, item.term)
            if given is not None:
                yield Dependency(Place(item.frame.module.path, item.term), given)

    def taken(self, frame: Frame) -> Iterator[Dependency]:
        """What the parameters of a function declare."""
        for index in range(len(frame.scope.parameters)):
            yield from declared_by(self.project, frame, index)
