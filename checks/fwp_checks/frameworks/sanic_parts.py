"""What Sanic applications are made of: blueprints, routes, middleware, listeners.

The prefix that ``app.blueprint`` is given replaces the blueprint's own; that of a group comes
before it (sanic/blueprints.py and sanic/blueprint_group.py of Sanic 25.12.1).
"""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.frameworks.registrations import Argument, Hooking, Including, Making, Routing, Site
from fwp_checks.frameworks.web import held
from fwp_checks.frameworks.web_parts import PartFinder
from fwp_checks.project.application.model import HookKind, Inclusion
from fwp_checks.project.meaning.origins import made_at

_URI = Argument(0, "uri")
GROUP = "sanic.Blueprint.group"
GROUP_CLASS = "sanic.blueprints.BlueprintGroup"
_STARTS = (
    "main_process_start", "main_process_ready", "before_server_start", "after_server_start",
)  # fmt: skip
_STOPS = ("main_process_stop", "before_server_stop", "after_server_stop")


class SanicParts(PartFinder):
    """Finds them."""

    name = "Sanic"
    listed = (GROUP_CLASS,)
    makings = (
        Making(("sanic.Sanic",), True),
        Making(("sanic.Blueprint",), False, Argument(1, "url_prefix")),
        Making((GROUP,), False, Argument(-1, "url_prefix")),
    )
    routings = (
        Routing(("route",), _URI, usual=("GET",)),
        Routing(("get", "post", "put", "patch", "delete", "head", "options"), _URI),
        Routing(("websocket",), _URI, is_websocket=True),
        Routing(("add_route",), Argument(1, "uri"), Argument(0, "handler"), ("GET",)),
        Routing(
            ("add_websocket_route",), Argument(1, "uri"), Argument(0, "handler"), is_websocket=True
        ),
    )
    includings = (
        Including(("blueprint",), Argument(0, "blueprint"), Argument(-1, "url_prefix"), True),
    )
    hookings = (
        Hooking(("middleware", "register_middleware"), HookKind.MIDDLEWARE),
        Hooking(("on_request",), HookKind.BEFORE_REQUEST),
        Hooking(("on_response",), HookKind.AFTER_REQUEST),
        Hooking(("exception", "all_exceptions"), HookKind.EXCEPTION_HANDLER, Argument(-1, "")),
        Hooking((*_STARTS, "listener", "register_listener"), HookKind.STARTUP),
        Hooking(_STOPS, HookKind.SHUTDOWN),
    )

    def inclusions(self) -> Iterator[Inclusion]:
        """Blueprints of applications, and those of groups."""
        yield from super().inclusions()
        for site, router in self.made.values():
            if router.class_name == GROUP:
                for position in range(len(site.arguments.positional)):
                    yield from self._grouped(site, position)

    @staticmethod
    def _grouped(site: Site, position: int) -> Iterator[Inclusion]:
        for value in held(site.arguments.get(position)):
            for child in made_at(value):
                yield Inclusion(site.place, child, site.place)
