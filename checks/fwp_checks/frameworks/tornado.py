"""Tornado: methods of request handlers and callbacks of the loop run on it, ``def`` or not.

``RequestHandler._execute`` calls ``prepare`` and the method named after the request's, and awaits
what they give (tornado/web.py of Tornado 6.6.1, 1981-2004); a WebSocketHandler's methods are called
by its protocol (tornado/websocket.py:664-692). A generator under ``tornado.gen.coroutine`` is
advanced on the loop. https://www.tornadoweb.org/en/stable/guide/async.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.frameworks.web import Place, WebFramework, members
from fwp_checks.project.loop_roots import Context
from fwp_checks.project.values import ClassValue, Instance, Value, join

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_HANDLER_METHODS = (
    "get", "post", "put", "patch", "delete", "head", "options", "prepare", "initialize",
    "set_default_headers", "get_current_user", "get_user_locale", "get_login_url", "write_error",
    "data_received", "on_finish", "on_connection_close", "get_template_namespace", "log_exception",
    "check_xsrf_cookie", "compute_etag",
)  # fmt: skip
_WEBSOCKET_METHODS = (
    "open", "on_message", "on_close", "on_ping", "on_pong", "check_origin", "select_subprotocol",
)  # fmt: skip
_LOOP = ("tornado.ioloop.IOLoop",)


class Tornado(WebFramework):
    """Hooks for Tornado."""

    name = "Tornado"
    modules = frozenset({"tornado"})
    decorators = ((Context.FUNCTION, ("tornado.gen.coroutine",)),)
    registrations = (
        (
            Place(Context.CALLBACK, 0, "callback"),
            members(_LOOP, ("add_callback", "spawn_callback", "add_callback_from_signal")),
        ),
        (
            Place(Context.CALLBACK, 1, "callback"),
            members(_LOOP, ("call_later", "call_at", "add_timeout", "add_future")),
        ),
        (Place(Context.CALLBACK, 1, "handler"), members(_LOOP, ("add_handler",))),
        (Place(Context.CALLBACK, 0, "callback"), ("tornado.ioloop.PeriodicCallback",)),
    )
    methods = (
        ("tornado.web.RequestHandler", Context.HANDLER, _HANDLER_METHODS),
        ("tornado.websocket.WebSocketHandler", Context.WEBSOCKET, _WEBSOCKET_METHODS),
        ("tornado.tcpserver.TCPServer", Context.HANDLER, ("handle_stream",)),
    )

    def model_attribute(self, project: Project, base: Instance, name: str) -> Value | None:
        """``handler.application`` where the project has application classes of its own."""
        if name != "application" or not project.classes.is_instance(
            base, "tornado.web.RequestHandler"
        ):
            return None
        own = [
            Instance(ClassValue(module, number))
            for module in project.table.modules
            for number, scope in enumerate(module.facts.scopes)
            if scope.kind == "class"
            and scope.bases
            and project.classes.derives(ClassValue(module, number), "tornado.web.Application")
        ]
        return join(list(own)) if own else None


FRAMEWORK = Tornado()
