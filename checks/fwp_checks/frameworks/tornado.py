"""Tornado: methods of request handlers and callbacks of the loop run on it, ``def`` or not.

``RequestHandler._execute`` calls ``prepare`` and the method named after the request's, and awaits
what they give (tornado/web.py of Tornado 6.6.1, 1981-2004); a WebSocketHandler's methods are called
by its protocol (tornado/websocket.py:664-692). A generator under ``tornado.gen.coroutine`` is
advanced on the loop. https://www.tornadoweb.org/en/stable/guide/async.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.web import Place, Registration, WebFramework, item_stores, members
from fwp_checks.project.loop.loop_roots import Context, Root
from fwp_checks.project.meaning.values import (
    RECURSIVE,
    ClassValue,
    Instance,
    MappingValue,
    Member,
    Unknown,
    Value,
    join,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

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
_WITH_SETTINGS = ("tornado.web.Application", "tornado.web.RequestHandler")
_CONSTRUCTORS = frozenset({"tornado.web.Application", "tornado.web.Application.__init__"})
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

    def attribute(self, project: Project, base: Instance | Member, name: str) -> Value | None:
        """What is kept on an application; ``app.settings``."""
        if name == "settings" and isinstance(base, Instance) and base.class_ in _WITH_SETTINGS:
            return self._settings(project)
        return super().attribute(project, base, name)

    def model_attribute(self, project: Project, base: Instance, name: str) -> Value | None:
        """``handler.settings``, and ``handler.application`` where the project has application
        classes of its own.
        """
        if name == "settings" and _has_settings(project, base):
            return self._settings(project)
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

    def _settings(self, project: Project) -> Value | None:
        """The settings of all applications of a project: keyword arguments of their constructors,
        and items put in later (tornado/web.py of Tornado 6.6.1: ``self.settings = settings``).
        """

        def find(_: str) -> Value:
            found: dict[str, list[Value]] = {}
            for name, value in (*self._given(project), *self._put(project)):
                found.setdefault(name, []).append(value)
            return MappingValue(
                Unknown("setting that is given elsewhere"),
                tuple((name, join(values)) for name, values in sorted(found.items())),
            )

        nothing: Value = MappingValue(RECURSIVE)
        return project.cuts.apart(project.framework_data, "tornado.settings", find, nothing)

    @staticmethod
    def _given(project: Project) -> Iterator[tuple[str, Value]]:
        for site in project.call_sites.of(_CONSTRUCTORS):
            terms = site.frame.module.facts.terms
            for name, term in terms[site.term][3]:
                value = project.values.evaluate(site.frame, term)
                if name is not None:
                    yield name, value
                elif isinstance(value, MappingValue):
                    for key, item in value.items:
                        if isinstance(key, str):
                            yield key, item

    @staticmethod
    def _put(project: Project) -> Iterator[tuple[str, Value]]:
        by_literal, _ = item_stores(project)
        for (kind, key), stores in by_literal.items():
            for module, term in stores if kind is str else ():
                terms = module.facts.terms
                base = terms[terms[term][1]]
                if base[0] == t.ATTR and base[2] == "settings":
                    frame = project.frame_of_scope(module, module.code_scope_of(term))
                    if _has_settings(project, project.values.evaluate(frame, base[1])):
                        yield key, project.values.evaluate(frame, terms[term][3])


def _has_settings(project: Project, value: Value) -> bool:
    return any(project.classes.is_instance(value, name) for name in _WITH_SETTINGS)


FRAMEWORK = Tornado()
