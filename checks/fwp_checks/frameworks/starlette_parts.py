"""What Starlette and FastAPI applications are made of: routers, routes, dependencies, hooks.

The prefix that ``include_router`` is given comes before the router's own (fastapi/routing.py of
FastAPI 0.165.0).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.registered import METHODS
from fwp_checks.frameworks.registrations import (
    NOT_GIVEN,
    Argument,
    Hooking,
    Including,
    Making,
    Routing,
    Site,
)
from fwp_checks.frameworks.web import members
from fwp_checks.frameworks.web_parts import PartFinder
from fwp_checks.project.application.model import (
    Dependency,
    Hook,
    HookKind,
    Inclusion,
    Route,
    Router,
)
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.values import (
    Arguments,
    ClassValue,
    External,
    Instance,
    Member,
    Value,
    is_none,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

DEPENDS = ("fastapi.Depends", "fastapi.Security")
_PATH = Argument(0, "path")
_ENDPOINT = Argument(1, "endpoint")


def _through_router(*names: str) -> tuple[str, ...]:
    """Members of an application, and the same of its router: ``app.router.mount``."""
    return (*names, *members(("router",), names))


def depends_at(project: Project, frame: Frame, term: int) -> Arguments | None:
    """What ``Depends(…)`` at a term is given; None if there stands none."""
    entry = frame.module.facts.terms[term] if term >= 0 else None
    if entry is None or entry[0] != t.CALL:
        return None
    called = project.values.evaluate(frame, entry[1])
    if not isinstance(called, External) or called.name not in DEPENDS:
        return None
    return project.calls.arguments(frame, entry)


def declared_by(project: Project, frame: Frame, index: int) -> list[Dependency]:
    """What ``Depends(f)`` names, as a parameter's default or in ``Annotated``; ``Depends()`` means
    the class of the annotation.
    """
    parameter = frame.scope.parameters[index]
    around = frame.parent or frame
    found: list[Dependency] = []
    for place, term in [
        *project.types.metadata(around, parameter.annotation),
        (around, parameter.default),
    ]:
        given = depends_at(project, place, term)
        if given is not None:
            value = given.get(0, "dependency")
            if value is None or is_none(value):
                value = _class_of(project.types.annotation(around, parameter.annotation))
            if value is not None:
                found.append(Dependency(Place(place.module.path, term), value, parameter.name))
    return found


def _class_of(value: Value) -> Value | None:
    if not isinstance(value, Instance):
        return None
    return External(value.class_) if isinstance(value.class_, str) else value.class_


_ROUTE = "starlette.routing.Route"
_WEBSOCKET_ROUTE = "starlette.routing.WebSocketRoute"
_API_ROUTES = ("fastapi.routing.APIRoute", "fastapi.routing.APIWebSocketRoute")
_MOUNTS = ("starlette.routing.Mount", "starlette.routing.Host")
_MIDDLEWARE = "starlette.middleware.Middleware"
_WHEN = {"startup": HookKind.STARTUP, "shutdown": HookKind.SHUTDOWN}
# What puts something into a list: which argument.
_PUTTING: dict[str, int] = {"append": 0, "extend": 0, "insert": 1}
_LISTED = {
    "lifespan": HookKind.LIFESPAN,
    "on_startup": HookKind.STARTUP,
    "on_shutdown": HookKind.SHUTDOWN,
    "exception_handlers": HookKind.EXCEPTION_HANDLER,
}


class StarletteParts(PartFinder):
    """Finds them."""

    name = "Starlette"
    listed = (_ROUTE, _WEBSOCKET_ROUTE, *_API_ROUTES, _MIDDLEWARE)
    called = ("__call__", "dispatch")
    positions: ClassVar[dict[tuple[str, str], int]] = {
        ("starlette.routing.Router", "routes"): 0,
        ("starlette.applications.Starlette", "routes"): 1,
        (_MOUNTS[0], "routes"): 2,
    }
    makings = (
        Making(("fastapi.FastAPI",), True, dependencies="dependencies"),
        Making(("starlette.applications.Starlette",), True),
        Making(("fastapi.APIRouter",), False, Argument(-1, "prefix"), "dependencies"),
        Making(("starlette.routing.Router",), False),
        Making(_MOUNTS[:1], False, Argument(0, "path")),
        Making(_MOUNTS[1:], False),
    )
    routings = (
        Routing((*METHODS, "api_route", "route"), _PATH, usual=("GET",)),
        Routing(("websocket", "websocket_route"), _PATH, is_websocket=True),
        Routing(_through_router("add_api_route", "add_route"), _PATH, _ENDPOINT, usual=("GET",)),
        Routing(
            _through_router("add_api_websocket_route", "add_websocket_route"),
            _PATH,
            _ENDPOINT,
            is_websocket=True,
        ),
    )
    includings = (
        Including(_through_router("include_router"), Argument(0, "router"), Argument(-1, "prefix")),
        Including(_through_router("mount"), Argument(1, "app"), Argument(0, "path")),
        Including(("host",), Argument(1, "app"), NOT_GIVEN),
    )
    hookings = (
        Hooking(("middleware",), HookKind.MIDDLEWARE),
        Hooking(("add_middleware",), HookKind.MIDDLEWARE, Argument(0, "middleware_class")),
        Hooking(
            ("exception_handler", "add_exception_handler"),
            HookKind.EXCEPTION_HANDLER,
            Argument(1, "handler"),
        ),
        Hooking(("on_event", "add_event_handler"), HookKind.STARTUP, Argument(1, "func")),
    )

    def methods(self, site: Site) -> tuple[str, ...]:
        """``add_route`` may have them by position."""
        named = super().methods(site)
        if not named and site.member == "add_route":
            return tuple(method.upper() for method in site.texts(Argument(2, "methods")))
        return named

    def given(self, keyword: str) -> Iterator[tuple[Site, Router, Value]]:
        """What routers are given when they are made, and routes that are put into their lists."""
        yield from super().given(keyword)
        if keyword == "routes":
            yield from self._put_in

    @cached_property
    def _put_in(self) -> list[tuple[Site, Router, Value]]:
        """``app.router.routes.append(Route(…))``."""
        found: list[tuple[Site, Router, Value]] = []
        for name, position in _PUTTING.items():
            for module, term in self.project.call_sites.spelt(name):
                terms = module.facts.terms
                called = terms[terms[term][1]]
                around = terms[called[1]] if called[0] == t.ATTR else called
                if around[0] != t.ATTR or around[2] != "routes":
                    continue
                frame = self.project.frame_of_scope(module, module.code_scope_of(term))
                site = Site(self.project, frame, term, name, None)
                value = site.argument(Argument(position))
                base = self.project.values.evaluate(frame, around[1])
                while isinstance(base, Member) and base.receiver is not None:  # app.router
                    base = base.receiver
                for place in self.places(base, frame):
                    if place in self.made and value is not None:
                        found.append((site, self.made[place][1], value))
        return found

    def routes(self) -> Iterator[Route]:
        """Those registered on routers, and those in their lists."""
        yield from super().routes()
        routers = self.lists("routes")
        for site in self.library_calls((_ROUTE, _WEBSOCKET_ROUTE, *_API_ROUTES)):
            is_websocket = "WebSocket" in site.member
            routing = Routing((), _PATH, _ENDPOINT, ("GET",), is_websocket)
            site.value = site.argument(_ENDPOINT)
            for router in routers.get(site.place, (None,)):
                site.router = router
                yield self.route(site, site.text(_PATH), routing)

    def inclusions(self) -> Iterator[Inclusion]:
        """Routers that are included, applications that are mounted, and lists of mounts."""
        yield from super().inclusions()
        for place, parents in self.lists("routes").items():
            if place in self.made:
                for parent in parents:
                    yield Inclusion(parent, place, place)
        for site, router in self.made.values():
            if router.class_name in _MOUNTS:
                site.router = router.place
                child = site.argument(Argument(1, "app"))
                if child is not None and not is_none(child):
                    yield from self.included(site, Including((), Argument(1, "app"), NOT_GIVEN))

    def hooks(self) -> Iterator[Hook]:
        """Those registered on applications, and those that they are made with."""
        yield from super().hooks()
        for keyword, kind in _LISTED.items():
            yield from self.hooked_in(keyword, kind)
        routers = self.lists("middleware")
        for site in self.library_calls((_MIDDLEWARE,)):
            site.value = site.argument(Argument(0, "cls"))
            for router in routers.get(site.place, (None,)):
                site.router = router
                yield from self.hooked(site, HookKind.MIDDLEWARE)

    def hooked(self, site: Site, kind: HookKind) -> Iterator[Hook]:
        """The hooks in a value; ``on_event`` says when it is called."""
        if site.member in ("on_event", "add_event_handler"):
            kind = _WHEN.get(site.text(Argument(0, "event_type")) or "", kind)
        return super().hooked(site, kind)

    def declared(self, value: Value | None, site: Site) -> Iterator[Dependency]:
        """``dependencies=[Depends(f), …]``."""
        term = site.argument_term(Argument(-1, "dependencies"))
        found = literals.items(self.project, site.frame, term) if term >= 0 else None
        for item in found or ():
            given = depends_at(self.project, item.frame, item.term)
            value = given.get(0, "dependency") if given is not None else None
            if value is not None:
                yield Dependency(Place(item.frame.module.path, item.term), value)

    def taken(self, frame: Frame) -> Iterator[Dependency]:
        """What the parameters of a function declare; of a method, the attributes of its class, too,
        as class-based views of libraries do.
        """
        for index in range(len(frame.scope.parameters)):
            yield from declared_by(self.project, frame, index)
        class_ = self.project.calls.class_of_method(frame.module, frame.scope_number)
        for owner in self.project.classes.info(class_).order if class_ is not None else ():
            if isinstance(owner, ClassValue):
                around = self.project.classes.frame_around(owner)
                for name, term in owner.module.facts.scopes[owner.scope].bindings.items():
                    yield from self._attribute(around, name, term)

    def _attribute(self, frame: Frame, name: str, term: int) -> Iterator[Dependency]:
        terms = frame.module.facts.terms
        if terms[term][0] == t.DECLARED:
            term = terms[term][1]
        given = depends_at(self.project, frame, term)
        value = given.get(0, "dependency") if given is not None else None
        if value is not None:
            yield Dependency(Place(frame.module.path, term), value, name)
