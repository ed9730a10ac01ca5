"""Tornado: methods of request handlers and callbacks of the loop run on it, ``def`` or not.

``RequestHandler._execute`` calls ``prepare`` and the method named after the request's, and awaits
what they give (tornado/web.py of Tornado 6.6.1, 1981-2004); a WebSocketHandler's methods are called
by its protocol (tornado/websocket.py:664-692). A generator under ``tornado.gen.coroutine`` is
advanced on the loop. https://www.tornadoweb.org/en/stable/guide/async.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fwp_checks.frameworks.web import Place, Registration, WebFramework, members
from fwp_checks.project.loop_roots import Context, Root
from fwp_checks.project.values import ClassValue, Instance, Value, join

if TYPE_CHECKING:
    from fwp_checks.project.frames import Frame
    from fwp_checks.project.linked import Project

_HANDLER_METHODS = (
    "get", "post", "put", "patch", "delete", "head", "options", "prepare", "data_received",
)  # fmt: skip
_WEBSOCKET_METHODS = ("open", "on_message", "on_ping", "on_pong")
# Called, and what they give is not awaited: before the request's own method, and after it.
_PLAIN_BEFORE = (
    "initialize", "set_default_headers", "get_current_user", "get_user_locale", "get_login_url",
    "get_template_namespace", "check_xsrf_cookie", "compute_etag",
)  # fmt: skip
_PLAIN_AFTER = ("write_error", "log_exception", "on_finish", "on_connection_close")
_PLAIN_WEBSOCKET_BEFORE = ("check_origin", "select_subprotocol")
_PLAIN_WEBSOCKET_AFTER = ("on_close",)
_INSTEAD = {
    **dict.fromkeys(
        (*_PLAIN_BEFORE, *_PLAIN_WEBSOCKET_BEFORE), "do it in prepare(), which may be async"
    ),
    **dict.fromkeys(
        (*_PLAIN_AFTER, *_PLAIN_WEBSOCKET_AFTER),
        "do it in an async function started with IOLoop.current().spawn_callback()",
    ),
}
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
        (
            "tornado.web.RequestHandler",
            Context.HANDLER,
            (*_HANDLER_METHODS, *_PLAIN_BEFORE, *_PLAIN_AFTER),
        ),
        (
            "tornado.websocket.WebSocketHandler",
            Context.WEBSOCKET,
            (*_WEBSOCKET_METHODS, *_PLAIN_WEBSOCKET_BEFORE, *_PLAIN_WEBSOCKET_AFTER),
        ),
        ("tornado.tcpserver.TCPServer", Context.HANDLER, ("handle_stream",)),
    )

    keepers = (frozenset({"tornado.web.Application"}),)

    def root(self, frame: Frame, how: Registration) -> Root:
        """A root; some methods are called and not awaited."""
        root = super().root(frame, how)
        is_method = how.context in (Context.HANDLER, Context.WEBSOCKET)
        return replace(root, instead=_INSTEAD.get(frame.name, "")) if is_method else root

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
