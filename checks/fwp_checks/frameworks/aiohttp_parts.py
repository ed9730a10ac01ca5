"""What applications of aiohttp's server are made of: route tables, handlers, middleware, signals.

``web.get(path, handler)`` and its like make definitions that ``app.add_routes`` takes, as it takes
a ``RouteTableDef``; ``app.router.add_get`` registers at once, ``add_subapp`` mounts (aiohttp/
web_routedef.py and aiohttp/web_urldispatcher.py of aiohttp 3.14.5).
"""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.frameworks.registrations import Argument, Including, Making, Routing, Site
from fwp_checks.frameworks.web import held, members
from fwp_checks.frameworks.web_parts import PartFinder
from fwp_checks.project.application.model import Hook, HookKind, Inclusion, Route
from fwp_checks.project.meaning.origins import Place, made_at

_APPLICATION = "aiohttp.web.Application"
_TABLE = "aiohttp.web.RouteTableDef"
_VERBS = ("get", "post", "put", "patch", "delete", "head", "options")
_DEFINITIONS = (*members(("aiohttp.web",), (*_VERBS, "view")), "aiohttp.web.route")
_ADDS = ("add_get", "add_post", "add_put", "add_patch", "add_delete", "add_head", "add_options")
_LISTS = {
    "on_startup": HookKind.STARTUP,
    "on_shutdown": HookKind.SHUTDOWN,
    "on_cleanup": HookKind.SHUTDOWN,
    "cleanup_ctx": HookKind.LIFESPAN,
    "on_response_prepare": HookKind.AFTER_REQUEST,
    "middlewares": HookKind.MIDDLEWARE,
}
_PATH = Argument(0, "path")
_HANDLER = Argument(1, "handler")
_LATER_PATH = Argument(1, "path")
_LATER_HANDLER = Argument(2, "handler")


class AiohttpParts(PartFinder):
    """Finds them."""

    name = "aiohttp"
    listed = _DEFINITIONS
    makings = (Making((_APPLICATION,), True), Making((_TABLE,), False))
    routings = (
        Routing(_VERBS, _PATH),
        Routing(("view",), _PATH),
        Routing(("route",), _LATER_PATH),
        Routing(members(("router",), _ADDS), _PATH, _HANDLER),
        Routing(("router.add_view",), _PATH, _HANDLER),
        Routing(("router.add_route",), _LATER_PATH, _LATER_HANDLER),
    )
    includings = (Including(("add_subapp",), Argument(1, "subapp"), Argument(0, "prefix")),)

    def routes(self) -> Iterator[Route]:
        """Those registered one by one, and those of definitions in lists."""
        yield from super().routes()
        routers = self._definitions
        for call in self.project.call_sites.of(frozenset(_DEFINITIONS), imported=True):
            site = self.site(call.frame, call.term, call.name)
            is_general = site.member == "route"
            site.value = site.argument(_LATER_HANDLER if is_general else _HANDLER)
            path = _LATER_PATH if is_general else _PATH
            for router in routers.get(site.place, [None]):
                site.router = router
                yield self.route(site, site.text(path), Routing((), path))

    def methods(self, site: Site) -> tuple[str, ...]:
        """The HTTP method of ``add_get`` and its like, the one that ``route`` is given first."""
        verb = site.member.removeprefix("add_")
        if verb in _VERBS:
            return (verb.upper(),)
        named = site.text(Argument(0, "method")) if verb == "route" else None
        return (named.upper(),) if named and named != "*" else ()

    @property
    def _definitions(self) -> dict[Place, list[Place | None]]:
        """Where the definitions are added that ``web.get(…)`` makes."""
        found: dict[Place, list[Place | None]] = {}
        for site in self.calls(("add_routes", "router.add_routes")):
            for value in held(site.argument(Argument(0, "routes"))):
                for place in made_at(value):
                    found.setdefault(place, []).append(site.router)
        return found

    def inclusions(self) -> Iterator[Inclusion]:
        """Applications that are mounted, and tables that are added."""
        yield from super().inclusions()
        for table, parents in self._definitions.items():
            if table in self.made:
                for parent in parents:
                    yield Inclusion(parent, table, table)

    def hooks(self) -> Iterator[Hook]:
        """What is appended to the lists of applications, and what these are made with."""
        yield from self.hooked_in("middlewares", HookKind.MIDDLEWARE)
        for name, kind in _LISTS.items():
            for site in self.calls(members((name,), ("append", "extend", "insert"))):
                given = site.arguments.positional
                site.value = given[-1] if given else None
                yield from self.hooked(site, kind)
