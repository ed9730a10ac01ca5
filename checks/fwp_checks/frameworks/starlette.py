"""Starlette and FastAPI: which functions they run on the event loop, and what dependency injection
hands over.

Where code runs: fastapi/routing.py and fastapi/dependencies/utils.py of FastAPI 0.165.0,
starlette/routing.py, starlette/endpoints.py, starlette/background.py and starlette/responses.py of
Starlette 1.10.0. A ``def`` endpoint or dependency runs in a worker thread, an ``async def`` one on
the loop; start-up handlers, validators of request models and callables behind a synchronous
``functools.wraps`` wrapper of an async function run on the loop although written ``def``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.web import WebFramework, held
from fwp_checks.project.loop_roots import Context, Root
from fwp_checks.project.values import (
    NO_ARGUMENTS,
    ClassValue,
    External,
    FunctionValue,
    Generator,
    Instance,
    Iterable,
    Member,
    Partial,
    Value,
    Wrapped,
    is_informative,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.frames import Frame
    from fwp_checks.project.linked import Project
    from fwp_checks.project.sites import CallSite

_APPS = (
    "fastapi.FastAPI",
    "fastapi.APIRouter",
    "starlette.applications.Starlette",
    "starlette.routing.Router",
)
_METHODS = (
    "get",
    "post",
    "put",
    "patch",
    "delete",
    "head",
    "options",
    "trace",
    "route",
    "api_route",
)


def _on_apps(*members: str) -> frozenset[str]:
    return frozenset(f"{app}.{member}" for app in _APPS for member in members)


_ROUTE_DECORATORS = _on_apps(*_METHODS)
_WEBSOCKET_DECORATORS = _on_apps("websocket", "websocket_route")
_MIDDLEWARE_DECORATORS = _on_apps("middleware")
_EXCEPTION_DECORATORS = _on_apps("exception_handler")
_EVENT_DECORATORS = _on_apps("on_event")
_DECORATORS = {
    **dict.fromkeys(_ROUTE_DECORATORS, Context.HANDLER),
    **dict.fromkeys(_WEBSOCKET_DECORATORS, Context.WEBSOCKET),
    **dict.fromkeys(_MIDDLEWARE_DECORATORS, Context.MIDDLEWARE),
    **dict.fromkeys(_EXCEPTION_DECORATORS, Context.EXCEPTION_HANDLER),
    **dict.fromkeys(_EVENT_DECORATORS, Context.STARTUP),
}
# Calls that register a function: context, position and keyword of the function.
_REGISTRATIONS: dict[str, tuple[Context, int, str]] = {
    **dict.fromkeys(_on_apps("add_api_route", "add_route"), (Context.HANDLER, 1, "endpoint")),
    **dict.fromkeys(
        _on_apps("add_websocket_route", "add_api_websocket_route"),
        (Context.WEBSOCKET, 1, "endpoint"),
    ),
    **dict.fromkeys(_on_apps("add_exception_handler"), (Context.EXCEPTION_HANDLER, 1, "handler")),
    **dict.fromkeys(_on_apps("add_event_handler"), (Context.STARTUP, 1, "func")),
    **dict.fromkeys(_on_apps("add_middleware"), (Context.MIDDLEWARE, 0, "middleware_class")),
    "starlette.routing.Route": (Context.HANDLER, 1, "endpoint"),
    "fastapi.routing.APIRoute": (Context.HANDLER, 1, "endpoint"),
    "starlette.routing.WebSocketRoute": (Context.WEBSOCKET, 1, "endpoint"),
    "starlette.middleware.Middleware": (Context.MIDDLEWARE, 0, "cls"),
    "starlette.background.BackgroundTask": (Context.BACKGROUND, 0, "func"),
    "starlette.background.BackgroundTasks.add_task": (Context.BACKGROUND, 0, "func"),
    "fastapi.Depends": (Context.DEPENDENCY, 0, "dependency"),
    "fastapi.Security": (Context.DEPENDENCY, 0, "dependency"),
}
_STREAMING = frozenset(
    {"starlette.responses.StreamingResponse", "sse_starlette.EventSourceResponse"}
)
_DEPENDS = ("fastapi.Depends", "fastapi.Security")
_VALIDATORS = frozenset(
    {
        "pydantic.validator",
        "pydantic.root_validator",
        "pydantic.field_validator",
        "pydantic.model_validator",
    }
)
_ENDPOINT_METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
_WEBSOCKET_METHODS = ("on_connect", "on_receive", "on_disconnect")
_STATES = frozenset(
    {
        "starlette.requests.Request.app.state",
        "starlette.websockets.WebSocket.app.state",
        "starlette.applications.Starlette.state",
        "fastapi.FastAPI.state",
    }
)
_REQUEST_STATES = frozenset(
    {"starlette.requests.Request.state", "starlette.websockets.WebSocket.state"}
)


class Starlette(WebFramework):
    """Hooks for Starlette and FastAPI."""

    name = "Starlette"
    modules = frozenset({"fastapi", "starlette"})
    keepers = (_STATES, _REQUEST_STATES)

    # -- values ------------------------------------------------------------------------------------

    def parameter(self, project: Project, frame: Frame, index: int) -> Value | None:
        """What ``Depends(f)``, as default or in ``Annotated``, injects."""
        parameter = frame.scope.parameters[index]
        around = frame.parent or frame
        for place, term in [
            *project.types.metadata(around, parameter.annotation),
            (around, parameter.default),
        ]:
            if term < 0:
                continue
            entry = place.module.facts.terms[term]
            if entry[0] != t.CALL:
                continue
            called = project.values.evaluate(place, entry[1])
            if isinstance(called, External) and called.name in _DEPENDS:
                dependency = project.calls.arguments(place, entry).get(0, "dependency")
                value = self.injected(project, dependency) if dependency is not None else None
                return value if value is not None and is_informative(value) else None
        return None

    def injected(self, project: Project, dependency: Value) -> Value:
        """What a dependency hands to the function that declares it."""
        result = project.calls.invoke(dependency, NO_ARGUMENTS).result
        if isinstance(result, Generator):
            return project.calls.yielded(result.frame)
        if project.calls.is_async(dependency):
            return project.values.awaited(result)
        return result

    # -- roots -------------------------------------------------------------------------------------

    def find_roots(self, project: Project) -> Iterator[Root]:
        """Endpoints, dependencies, middleware, websockets, lifespans, background tasks, handlers,
        streams, validators.
        """
        yield from self._decorated(project)
        for site in project.call_sites.of(frozenset(_REGISTRATIONS)):
            context, position, keyword = _REGISTRATIONS[site.name]
            value = site.arguments.get(position, keyword)
            if value is not None:
                yield from self._registered(project, value, context)
        yield from self._class_based(project)
        yield from self._applications(project)
        for site in project.call_sites.of(_STREAMING):
            yield from self._streams(site)

    def _decorated(self, project: Project) -> Iterator[Root]:
        for module in project.table.modules:
            for number, scope in enumerate(module.facts.scopes):
                if scope.kind == "function" and scope.decorators:
                    yield from self._by_decorators(project, project.frame_of_scope(module, number))

    def _by_decorators(self, project: Project, frame: Frame) -> Iterator[Root]:
        around = frame.parent or frame
        terms = frame.module.facts.terms
        for decorator in frame.scope.decorators:
            entry = terms[decorator]
            called = project.values.evaluate(around, entry[1] if entry[0] == t.CALL else decorator)
            if isinstance(called, (Member, External)):
                context = _DECORATORS.get(self._library_name(project, called.name))
                if context is not None:
                    value = self._as_registered(project, frame, decorator)
                    yield from self._registered(project, value, context)
                elif called.name in _VALIDATORS and not frame.scope.is_async:
                    yield from self._validator(project, frame)
            elif isinstance(called, FunctionValue):
                context = self._own_router_context(project, called)
                if context is not None:
                    yield from self._registered(
                        project, self._as_registered(project, frame, decorator), context
                    )

    @staticmethod
    def _own_router_context(project: Project, method: FunctionValue) -> Context | None:
        """What ``@router.get(…)`` registers where a router class of the project overrides it."""
        receiver = method.receiver
        if not isinstance(receiver, Instance):
            return None
        name = method.module.facts.scopes[method.scope].name
        for app in _APPS:
            if project.classes.is_instance(receiver, app):
                return _DECORATORS.get(f"{app}.{name}")
        return None

    def _as_registered(self, project: Project, frame: Frame, decorator: int) -> Value:
        """The function as the decorator sees it: with the decorators below applied."""
        around = frame.parent or frame
        value: Value = FunctionValue(around, frame.scope_number)
        if frame.arguments and isinstance(frame.arguments[0], Instance):
            value = FunctionValue(around, frame.scope_number, frame.arguments[0])
        below = frame.scope.decorators[frame.scope.decorators.index(decorator) + 1 :]
        for inner in reversed(below):
            value = project.calls.decorated(around, value, inner)
        return value

    @staticmethod
    def _library_name(project: Project, name: str) -> str:
        if name in _DECORATORS:
            return name
        owner, _, member = name.rpartition(".")
        for base in project.catalogue.bases(owner):
            if f"{base}.{member}" in _DECORATORS:
                return f"{base}.{member}"
        return name

    def _registered(self, project: Project, value: Value, context: Context) -> Iterator[Root]:
        for option in options_of(value):
            while isinstance(option, Partial):
                option = option.function
            if isinstance(option, FunctionValue):
                yield from self._function(project, option, context)
            elif isinstance(option, ClassValue):
                yield from self._class(project, option, context)
            elif isinstance(option, Instance) and isinstance(option.class_, ClassValue):
                method = project.members.method(option, "__call__")
                if isinstance(method, FunctionValue):
                    yield from self._function(project, method, context)
            elif isinstance(option, Wrapped) and isinstance(option.function, FunctionValue):
                if option.how == "asynccontextmanager":
                    yield from self._function(project, option.function, context)

    def _function(
        self, project: Project, function: FunctionValue, context: Context
    ) -> Iterator[Root]:
        frame = project.calls.frame_for(function, NO_ARGUMENTS)
        scope = frame.scope
        threads = context in (
            Context.HANDLER,
            Context.DEPENDENCY,
            Context.BACKGROUND,
            Context.EXCEPTION_HANDLER,
        )
        if scope.is_async:
            thread_if_def = context in (Context.HANDLER, Context.DEPENDENCY)
            yield Root(frame, context, self.name, thread_if_def=thread_if_def)
        elif not threads or (context is Context.HANDLER and self._wraps_async(project, frame)):
            yield Root(frame, context, self.name)

    def _wraps_async(self, project: Project, frame: Frame) -> bool:
        """Whether a ``def`` function carries ``functools.wraps`` of an async one: classified by
        what it wraps.
        """
        around = frame.parent or frame
        terms = frame.module.facts.terms
        for decorator in frame.scope.decorators:
            entry = terms[decorator]
            if entry[0] == t.CALL and project.values.evaluate(around, entry[1]) == External(
                "functools.wraps"
            ):
                wrapped = project.calls.arguments(around, entry).get(0, "wrapped")
                return wrapped is not None and project.calls.is_async(wrapped) is True
        return False

    def _class(self, project: Project, class_: ClassValue, context: Context) -> Iterator[Root]:
        if context is Context.MIDDLEWARE:
            names: tuple[str, ...] = ("__call__", "dispatch")
        elif context in (Context.HANDLER, Context.WEBSOCKET):
            names = (*_ENDPOINT_METHODS, *_WEBSOCKET_METHODS)
        else:
            return  # a class used as a dependency is constructed in a thread
        instance = Instance(class_)
        for name in names:
            if project.members.find_in_class(class_, name) is None:
                continue
            method = project.members.attribute(instance, name)
            if (
                isinstance(method, FunctionValue)
                and method.module.facts.scopes[method.scope].is_async
            ):
                yield from self._function(project, method, context)

    def _class_based(self, project: Project) -> Iterator[Root]:
        bases = {
            "starlette.endpoints.HTTPEndpoint": Context.HANDLER,
            "starlette.endpoints.WebSocketEndpoint": Context.WEBSOCKET,
            "starlette.middleware.base.BaseHTTPMiddleware": Context.MIDDLEWARE,
        }
        for module in project.table.modules:
            for number, scope in enumerate(module.facts.scopes):
                if scope.kind == "class" and scope.bases:
                    class_ = ClassValue(module, number)
                    for base in project.classes.info(class_).externals:
                        context = bases.get(base)
                        if context is not None:
                            yield from self._class(project, class_, context)

    def _applications(self, project: Project) -> Iterator[Root]:
        for site in project.call_sites.of(frozenset(_APPS)):
            arguments = site.arguments
            for keyword, context in (
                ("lifespan", Context.LIFESPAN),
                ("on_startup", Context.STARTUP),
                ("on_shutdown", Context.STARTUP),
                ("exception_handlers", Context.EXCEPTION_HANDLER),
            ):
                value = arguments.get(-1, keyword)
                for function in held(value):
                    yield from self._lifespan_or(project, function, context)

    def _lifespan_or(self, project: Project, value: Value, context: Context) -> Iterator[Root]:
        if isinstance(value, Wrapped) and isinstance(value.function, FunctionValue):
            # A generator lifespan is advanced on the loop, too: fastapi/routing.py:233-247.
            frame = project.calls.frame_for(value.function, NO_ARGUMENTS)
            yield Root(frame, context, self.name)
        else:
            yield from self._registered(project, value, context)

    def _streams(self, site: CallSite) -> Iterator[Root]:
        content = site.arguments.get(0, "content")
        if isinstance(content, Generator) and content.is_async:
            yield Root(content.frame, Context.STREAM, self.name)

    def _validator(self, project: Project, frame: Frame) -> Iterator[Root]:
        """A validator of a model that some endpoint takes as a parameter."""
        class_ = project.calls.class_of_method(frame.module, frame.scope_number)
        if class_ is not None and class_ in self._request_models(project):
            yield Root(frame, Context.VALIDATOR, self.name)

    def _request_models(self, project: Project) -> set[ClassValue]:
        known: set[ClassValue] | None = project.framework_data.get("starlette.request_models")
        if known is None:
            known = project.framework_data["starlette.request_models"] = set(
                self._find_request_models(project)
            )
        return known

    def _find_request_models(self, project: Project) -> Iterator[ClassValue]:
        for module in project.table.modules:
            for number, scope in enumerate(module.facts.scopes):
                if scope.kind == "function" and scope.decorators and scope.parameters:
                    frame = project.frame_of_scope(module, number)
                    if self._is_route(project, frame):
                        for index in range(len(scope.parameters)):
                            yield from self._models_in(
                                project, project.calls.parameter(frame, index)
                            )

    def _is_route(self, project: Project, frame: Frame) -> bool:
        around = frame.parent or frame
        for decorator in frame.scope.decorators:
            entry = frame.module.facts.terms[decorator]
            called = project.values.evaluate(around, entry[1] if entry[0] == t.CALL else decorator)
            if (
                isinstance(called, Member)
                and self._library_name(project, called.name) in _ROUTE_DECORATORS
            ):
                return True
        return False

    def _models_in(self, project: Project, value: Value) -> Iterator[ClassValue]:
        for option in options_of(value):
            if isinstance(option, Iterable):
                yield from self._models_in(project, option.element)
            elif isinstance(option, Instance) and isinstance(option.class_, ClassValue):
                if project.classes.derives(option.class_, "pydantic.BaseModel"):
                    for owner in project.classes.info(option.class_).order:
                        if isinstance(owner, ClassValue):
                            yield owner


FRAMEWORK = Starlette()
