"""Quart: async views and hooks run on one event loop, ``def`` ones in a thread.

``Quart.ensure_async`` hands a ``def`` function to the loop's executor (quart/utils.py of Quart
0.22.0, 46-67, called from quart/app.py for views, hooks, error handlers, background tasks and the
functions around serving). URL processors alone are called as they are (quart/app.py:1540).
https://quart.palletsprojects.com/en/latest/how_to_guides/sync_code.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.frameworks.flask_parts import QuartParts, viewed
from fwp_checks.frameworks.web import Place, WebFramework, members
from fwp_checks.project.loop.loop_roots import Context

if TYPE_CHECKING:
    from fwp_checks.project.application.model import Part
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.outcome import Outcome
    from fwp_checks.project.meaning.values import Arguments, Value

_APPS = ("quart.Quart", "quart.Blueprint")
_ROUTES = ("route", "get", "post", "put", "patch", "delete", "endpoint")
_HOOKS = (
    "before_request", "after_request", "teardown_request", "before_websocket", "after_websocket",
    "teardown_websocket", "teardown_appcontext", "context_processor", "before_app_request",
    "after_app_request", "teardown_app_request", "before_app_websocket", "after_app_websocket",
    "teardown_app_websocket", "app_context_processor",
)  # fmt: skip
_SERVING = ("before_serving", "after_serving", "before_app_serving", "after_app_serving")
_WHILE_SERVING = ("while_serving", "while_app_serving")
_ERRORS = ("errorhandler", "app_errorhandler")
_HANDLER_METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "dispatch_request")


class Quart(WebFramework):
    """Hooks for Quart."""

    name = "Quart"
    modules = frozenset({"quart"})
    running = frozenset()
    decorators = (
        (Context.HANDLER, members(_APPS, _ROUTES)),
        (Context.WEBSOCKET, members(_APPS, ("websocket",))),
        (Context.MIDDLEWARE, members(_APPS, _HOOKS)),
        (Context.EXCEPTION_HANDLER, members(_APPS, _ERRORS)),
        (Context.STARTUP, members(_APPS, _SERVING)),
        (Context.LIFESPAN, members(_APPS, _WHILE_SERVING)),
    )
    registrations = (
        (Place(Context.HANDLER, 2, "view_func"), members(_APPS, ("add_url_rule",))),
        (Place(Context.WEBSOCKET, 2, "view_func"), members(_APPS, ("add_websocket",))),
        (Place(Context.MIDDLEWARE, 0, "func"), members(_APPS, _HOOKS)),
        (Place(Context.EXCEPTION_HANDLER, 1, "f"), members(_APPS, ("register_error_handler",))),
        (Place(Context.STARTUP, 0, "func"), members(_APPS, _SERVING)),
        (Place(Context.LIFESPAN, 0, "func"), members(_APPS, _WHILE_SERVING)),
        (Place(Context.BACKGROUND, 0, "func"), ("quart.Quart.add_background_task",)),
    )
    methods = (("quart.views.View", Context.HANDLER, _HANDLER_METHODS),)
    keepers = (frozenset({"quart.Quart"}), frozenset({"quart.ctx._AppCtxGlobals"}))
    threaded = frozenset(Context) - {Context.LIFESPAN}
    told_apart = QuartParts.classes()

    def call(
        self, project: Project, name: str, arguments: Arguments, receiver: Value | None
    ) -> Outcome | None:
        """``Users.as_view("users")``."""
        return viewed(name, receiver)

    def application_parts(self, project: Project) -> Iterator[Part]:
        """Applications, blueprints, and what is registered on them."""
        return QuartParts(project).parts()


FRAMEWORK = Quart()
