"""Litestar: ``def`` handlers and dependencies run on the event loop unless told otherwise.

A handler or ``Provide`` goes to a thread only with ``sync_to_thread=True``
(litestar/handlers/http_handlers/base.py of Litestar 2.25.0, 591-594; litestar/di.py, 100-116).
A generator dependency is advanced to its ``yield`` on the loop and finished in a thread
(litestar/_kwargs/dependencies.py, 65-70; litestar/_kwargs/cleanup.py, 57-68). Exception handlers
and start-up hooks are plain calls (litestar/middleware/_internal/exceptions/middleware.py, 204;
litestar/app.py, 630-634); guards, request hooks, websocket listeners, event listeners and
background tasks go through ``ensure_async_callable``, which puts ``def`` functions in a thread.
https://docs.litestar.dev/2/topics/sync-vs-async.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from fwp_checks.frameworks.litestar_parts import LitestarParts
from fwp_checks.frameworks.web import Place, Registration, WebFramework, members
from fwp_checks.project.loop.loop_roots import Context, Root
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    Arguments,
    ClassValue,
    Constant,
    FunctionValue,
    Instance,
    MappingValue,
    Member,
    Value,
    join,
)

if TYPE_CHECKING:
    from fwp_checks.project.application.model import Part
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

_ROUTES = (
    *members(("litestar",), ("get", "post", "put", "patch", "delete", "head", "route")),
    "litestar.handlers.HTTPRouteHandler",
)
_ALWAYS_ASYNC = (
    *members(("litestar",), ("websocket", "websocket_stream")),
    "litestar.handlers.WebsocketRouteHandler",
)
_WEBSOCKETS = (
    *_ALWAYS_ASYNC,
    "litestar.websocket_listener",
    "litestar.handlers.WebsocketListenerRouteHandler",
)
_LAYERS = ("litestar.Litestar", "litestar.Router")
_STATE = "litestar.datastructures.State"
_AUTHENTICATION = (
    "litestar.security.jwt.JWTAuth",
    "litestar.security.jwt.JWTCookieAuth",
    "litestar.security.jwt.OAuth2PasswordBearerAuth",
    "litestar.security.session_auth.SessionAuth",
)
# What handlers, controllers, routers and applications can be given: what it is, and whether ``def``
# functions among it go to a thread.
_OPTIONS = {
    "dependencies": (Context.DEPENDENCY, False),
    "guards": (Context.MIDDLEWARE, True),
    "before_request": (Context.MIDDLEWARE, True),
    "after_request": (Context.MIDDLEWARE, True),
    "after_response": (Context.MIDDLEWARE, True),
    "before_send": (Context.MIDDLEWARE, True),
    "after_exception": (Context.EXCEPTION_HANDLER, True),
    "exception_handlers": (Context.EXCEPTION_HANDLER, False),
    "middleware": (Context.MIDDLEWARE, False),
    "on_startup": (Context.STARTUP, False),
    "on_shutdown": (Context.STARTUP, False),
    "lifespan": (Context.LIFESPAN, False),
    "on_accept": (Context.WEBSOCKET, True),
    "on_disconnect": (Context.WEBSOCKET, True),
    "connection_lifespan": (Context.WEBSOCKET, False),
}
_CONFIGURATION = "litestar.config.app.AppConfig"
_ADDED = {
    f"{_CONFIGURATION}.{option}.{member}": option
    for option in _OPTIONS
    for member in ("append", "extend", "insert", "update")
}


class Litestar(WebFramework):
    """Hooks for Litestar."""

    name = "Litestar"
    modules = frozenset({"litestar"})
    decorators = (
        (Context.HANDLER, (*_ROUTES, "litestar.asgi", "litestar.handlers.ASGIRouteHandler")),
        (Context.WEBSOCKET, _WEBSOCKETS),
        (Context.BACKGROUND, members(("litestar.events",), ("listener", "EventListener"))),
    )
    registrations = (
        (Place(Context.DEPENDENCY, 0, "dependency"), ("litestar.di.Provide",)),
        (Place(Context.MIDDLEWARE, 0, "middleware"), ("litestar.middleware.DefineMiddleware",)),
        (Place(Context.MIDDLEWARE, -1, "retrieve_user_handler"), _AUTHENTICATION),
        (Place(Context.BACKGROUND, 0, "fn"), ("litestar.background_tasks.BackgroundTask",)),
        (
            Place(Context.STREAM, 0, "content"),
            members(("litestar.response",), ("Stream", "ServerSentEvent")),
        ),
    )
    methods = (
        ("litestar.middleware.AbstractMiddleware", Context.MIDDLEWARE, ("__call__",)),
        ("litestar.middleware.MiddlewareProtocol", Context.MIDDLEWARE, ("__call__",)),
        ("litestar.middleware.ASGIMiddleware", Context.MIDDLEWARE, ("handle",)),
        (
            "litestar.middleware.AbstractAuthenticationMiddleware",
            Context.MIDDLEWARE,
            ("authenticate_request",),
        ),
        (
            "litestar.handlers.WebsocketListener",
            Context.WEBSOCKET,
            ("on_receive", "on_accept", "on_disconnect"),
        ),
    )
    threaded = frozenset({Context.WEBSOCKET, Context.BACKGROUND, Context.STREAM})
    handed = (
        (Context.STARTUP, ("litestar.Litestar",)),
        (Context.LIFESPAN, ("litestar.Litestar",)),
        (Context.EXCEPTION_HANDLER, ("litestar.connection.Request",)),
    )
    keepers = (
        frozenset({_STATE, "litestar.datastructures.ImmutableState"}),
        frozenset(
            members(
                members(("litestar.connection",), ("Request", "WebSocket", "ASGIConnection")),
                ("state",),
            )
        ),
    )
    told_apart = LitestarParts.classes()

    def application_parts(self, project: Project) -> Iterator[Part]:
        """Applications, what they are made of, and what is registered on them."""
        return LitestarParts(project).parts()

    def find_roots(self, project: Project) -> Iterator[Root]:
        """What the tables say, and what handlers, controllers, routers and applications get."""
        yield from super().find_roots(project)
        for decoration in project.call_sites.decorated(frozenset((*_ROUTES, *_WEBSOCKETS))):
            yield from self._options(project, decoration.arguments.keywords)
        for site in project.call_sites.of(frozenset(_LAYERS)):
            yield from self._options(project, site.arguments.keywords)
        for class_ in self._controllers(project):
            bound = [(name, project.members.find_in_class(class_, name)) for name in _OPTIONS]
            yield from self._options(project, bound)
        yield from self._configured(project)
        yield from self.validators(project, _ROUTES)

    def _configured(self, project: Project) -> Iterator[Root]:
        """What plugins put into the application's configuration."""
        for site in project.call_sites.of(frozenset(_ADDED), through=frozenset(_OPTIONS)):
            added = [(_ADDED[site.name], value) for value in site.arguments.positional[-1:]]
            yield from self._options(project, added)
        for name in _OPTIONS:
            stores = project.attribute_stores.get(name, ())
            for values in self.stored(project, stores, frozenset({_CONFIGURATION})):
                yield from self._options(project, [(name, value) for value in values])

    def _options(
        self, project: Project, given: Iterable[tuple[str, Value | None]]
    ) -> Iterator[Root]:
        for name, value in given:
            if name in _OPTIONS:
                context, threaded = _OPTIONS[name]
                how = self.registration(context, name, NO_ARGUMENTS)
                yield from self.registered(project, value, replace(how, threaded=threaded))

    @staticmethod
    def _controllers(project: Project) -> Iterator[ClassValue]:
        for module in project.table.modules:
            for number, scope in enumerate(module.facts.scopes):
                class_ = ClassValue(module, number)
                if scope.kind == "class" and project.classes.derives(class_, "litestar.Controller"):
                    yield class_

    def registration(self, context: Context, name: str, arguments: Arguments) -> Registration:
        """What a function is; a ``def`` handler or dependency goes to a thread on request."""
        how = super().registration(context, name, arguments)
        if context is Context.DEPENDENCY:
            kept = arguments.get(1, "use_cache")
            if kept is not None and kept != Constant(False):
                # What it gives is kept for all requests, with the application.
                how = replace(how, context=Context.STARTUP)
        if context in (Context.HANDLER, Context.DEPENDENCY):
            return replace(how, threaded=arguments.get(2, "sync_to_thread") == Constant(True))
        return replace(how, threaded=False) if name in _ALWAYS_ASYNC else how

    def registered(
        self, project: Project, value: Value | None, how: Registration
    ) -> Iterator[Root]:
        """The roots in a value; a middleware factory is asked for what it makes."""
        for root in super().registered(project, value, how):
            scope = root.frame.scope
            if scope.is_async:
                yield root
            elif how.context is Context.DEPENDENCY and scope.is_generator:
                yield replace(root, until=_first_yield(root.frame))
            elif how.context is not Context.MIDDLEWARE:
                yield root
            elif isinstance(made := project.calls.returned(root.frame), FunctionValue):
                yield from super().registered(project, made, how)

    def root(self, frame: Frame, how: Registration) -> Root:
        """A root; what is plain by choice need only be told to use a thread."""
        root = super().root(frame, how)
        if how.context in (Context.HANDLER, Context.DEPENDENCY) and not frame.scope.is_generator:
            return replace(root, instead="pass sync_to_thread=True")
        if how.context is Context.EXCEPTION_HANDLER:
            return replace(root, instead="do it in an after_exception hook, which may be async")
        return root

    def class_registered(
        self, project: Project, class_: ClassValue, how: Registration
    ) -> Iterator[Root]:
        """A class as dependency is constructed on the loop; as middleware it is called there."""
        names = {Context.DEPENDENCY: "__init__", Context.MIDDLEWARE: "__call__"}
        if how.context in names:
            yield from self.method(project, class_, names[how.context], how)

    def attribute(self, project: Project, base: Instance | Member, name: str) -> Value | None:
        """What is kept on a state, also by ``State({"db": …})``."""
        kept = super().attribute(project, base, name)
        if not isinstance(base, Instance) or base.class_ != _STATE:
            return kept
        given = [kept] if kept is not None else []
        for site in project.call_sites.of(frozenset({_STATE})):
            initial = site.arguments.get(0, "state")
            if isinstance(initial, MappingValue):
                given.extend(value for key, value in initial.items if key == name)
        return join(given) if given else None


def _first_yield(frame: Frame) -> int:
    """The term up to which a generator dependency runs on the loop.

    A ``with`` block around the ``yield`` is left out: it is entered on the loop, and left in a
    thread.
    """
    first = frame.scope.yields[0]
    around = [
        region.term
        for region in frame.module.regions_in(frame.scope_number)
        if region.kind == "with" and region.start <= first < region.end
    ]
    return min((first, *around))


FRAMEWORK = Litestar()
