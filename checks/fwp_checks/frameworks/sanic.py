"""Sanic: handlers, middleware, listeners and signals are called on the event loop, ``def`` or not.

The handler is called and its result awaited if it can be (sanic/app.py of Sanic 25.12.1,
1373-1375); the same holds for middleware (1548-1549, 1580-1581), listeners
(sanic/server/events.py:21-36), exception handlers (sanic/app.py:1217-1219), signals
(sanic/signals.py:245-247) and tasks (sanic/app.py:1644-1651).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.frameworks.sanic_parts import GROUP, GROUP_CLASS, SanicParts
from fwp_checks.frameworks.web import Place, WebFramework, members
from fwp_checks.project.loop.loop_roots import Context
from fwp_checks.project.meaning.outcome import Outcome
from fwp_checks.project.meaning.values import Arguments, Instance, Value

if TYPE_CHECKING:
    from fwp_checks.project.application.model import Part
    from fwp_checks.project.linked import Project

_APPS = ("sanic.Sanic", "sanic.Blueprint")
_ROUTES = ("route", "get", "post", "put", "patch", "delete", "head", "options")
_MIDDLEWARE = ("middleware", "on_request", "on_response")
_GROUP = ("sanic.blueprints.BlueprintGroup",)
_LISTENERS = (
    "listener", "main_process_start", "main_process_ready", "main_process_stop",
    "before_server_start", "after_server_start", "before_server_stop", "after_server_stop",
)  # fmt: skip
_HANDLER_METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
_REQUEST = ("sanic.Request",)


class Sanic(WebFramework):
    """Hooks for Sanic."""

    name = "Sanic"
    modules = frozenset({"sanic"})
    running = frozenset()
    decorators = (
        (Context.HANDLER, members(_APPS, _ROUTES)),
        (Context.WEBSOCKET, members(_APPS, ("websocket",))),
        (Context.MIDDLEWARE, members((*_APPS, *_GROUP), _MIDDLEWARE)),
        (Context.EXCEPTION_HANDLER, members((*_APPS, *_GROUP), ("exception",))),
        (Context.EXCEPTION_HANDLER, members(_APPS, ("all_exceptions",))),
        (Context.STARTUP, members(_APPS, _LISTENERS)),
        (Context.BACKGROUND, members(_APPS, ("signal", "catch_exception"))),
    )
    registrations = (
        (Place(Context.HANDLER, 0, "handler"), members(_APPS, ("add_route",))),
        (Place(Context.WEBSOCKET, 0, "handler"), members(_APPS, ("add_websocket_route",))),
        (
            Place(Context.MIDDLEWARE, 0, "middleware"),
            members(_APPS, ("register_middleware", *_MIDDLEWARE)),
        ),
        (
            Place(Context.STARTUP, 0, "listener"),
            members(_APPS, ("register_listener", *_LISTENERS)),
        ),
        (Place(Context.EXCEPTION_HANDLER, 1, "handler"), ("sanic.Sanic.error_handler.add",)),
        (Place(Context.BACKGROUND, 0, "handler"), members(_APPS, ("add_signal",))),
        (Place(Context.BACKGROUND, 0, "task"), ("sanic.Sanic.add_task",)),
        (Place(Context.DEPENDENCY, 1, "constructor"), ("sanic.Sanic.ext.add_dependency",)),
    )
    methods = (("sanic.views.HTTPMethodView", Context.HANDLER, _HANDLER_METHODS),)
    handed = (
        (Context.HANDLER, _REQUEST),
        (Context.WEBSOCKET, _REQUEST),
        (Context.MIDDLEWARE, _REQUEST),
        (Context.EXCEPTION_HANDLER, _REQUEST),
        (Context.STARTUP, ("sanic.Sanic",)),
        (Context.BACKGROUND, ("sanic.Sanic",)),
    )
    keepers = (frozenset({"sanic.Sanic.ctx"}), frozenset({"sanic.Request.ctx"}))
    told_apart = SanicParts.classes()

    def call(
        self, project: Project, name: str, arguments: Arguments, receiver: Value | None
    ) -> Outcome | None:
        """``Blueprint.group(users, posts)`` makes a group."""
        if name != GROUP:
            return None
        identity = project.frameworks.identity(GROUP_CLASS, arguments.site)
        return Outcome.nothing(Instance(GROUP_CLASS, details=identity))

    def application_parts(self, project: Project) -> Iterator[Part]:
        """Applications, what they are made of, and what is registered on them."""
        return SanicParts(project).parts()


FRAMEWORK = Sanic()
