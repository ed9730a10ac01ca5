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
from dataclasses import replace
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.starlette_parts import DEPENDS, StarletteParts, declared_by
from fwp_checks.frameworks.web import Place, Registration, WebFramework, members
from fwp_checks.project.loop.loop_roots import Context, Root
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    Arguments,
    ClassValue,
    External,
    Generator,
    Instance,
    MappingValue,
    Member,
    Union,
    Value,
    is_informative,
    join,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.application.model import Dependency, Part
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame
    from fwp_checks.project.meaning.sites import CallSite

_APPS = (
    "fastapi.FastAPI",
    "fastapi.APIRouter",
    "starlette.applications.Starlette",
    "starlette.routing.Router",
)
_METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
_ROUTE_DECORATORS = members(_APPS, (*_METHODS, "trace", "route", "api_route"))
_REQUEST = ("starlette.requests.Request",)
_WEBSOCKET = ("starlette.websockets.WebSocket",)
# Registered so, a function gets the request or the websocket itself; FastAPI's get what they name.
_PLAIN_ENDPOINTS = (
    "starlette.routing.Route",
    "starlette.routing.WebSocketRoute",
    *members(_APPS, ("route", "add_route", "websocket_route", "add_websocket_route")),
    *members(("starlette.endpoints.HTTPEndpoint",), _METHODS),
    *members(("starlette.endpoints.WebSocketEndpoint",), ("on_connect", "on_receive")),
    "starlette.middleware.base.BaseHTTPMiddleware.dispatch",
)
# Called in a thread when written ``def``, and better so when nothing in them is awaited.
_BETTER_DEF = (Context.HANDLER, Context.DEPENDENCY)


_APPLICATIONS = ("starlette.applications.Starlette", "fastapi.FastAPI")
_APP_OF_REQUEST = frozenset(
    {"starlette.requests.Request.app", "starlette.websockets.WebSocket.app"}
)
_STATE_OF_REQUEST = frozenset(
    {"starlette.requests.Request.state", "starlette.websockets.WebSocket.state"}
)
_LIFESPAN_STATES = "Starlette.lifespan_states"


class Starlette(WebFramework):
    """Hooks for Starlette and FastAPI."""

    name = "Starlette"
    modules = frozenset({"fastapi", "starlette"})
    injecting = frozenset({"fastapi.FastAPI", "fastapi.APIRouter"})
    decorators = (
        (Context.HANDLER, _ROUTE_DECORATORS),
        (Context.WEBSOCKET, members(_APPS, ("websocket", "websocket_route"))),
        (Context.MIDDLEWARE, members(_APPS, ("middleware",))),
        (Context.EXCEPTION_HANDLER, members(_APPS, ("exception_handler",))),
        (Context.STARTUP, members(_APPS, ("on_event",))),
    )
    registrations = (
        (Place(Context.HANDLER, 1, "endpoint"), members(_APPS, ("add_api_route", "add_route"))),
        (
            Place(Context.HANDLER, 1, "endpoint"),
            ("starlette.routing.Route", "fastapi.routing.APIRoute"),
        ),
        (
            Place(Context.WEBSOCKET, 1, "endpoint"),
            members(_APPS, ("add_websocket_route", "add_api_websocket_route")),
        ),
        (Place(Context.WEBSOCKET, 1, "endpoint"), ("starlette.routing.WebSocketRoute",)),
        (
            Place(Context.EXCEPTION_HANDLER, 1, "handler"),
            members(_APPS, ("add_exception_handler",)),
        ),
        (Place(Context.EXCEPTION_HANDLER, -1, "exception_handlers"), _APPS),
        (Place(Context.STARTUP, 1, "func"), members(_APPS, ("add_event_handler",))),
        (Place(Context.MIDDLEWARE, 0, "middleware_class"), members(_APPS, ("add_middleware",))),
        (Place(Context.MIDDLEWARE, 0, "cls"), ("starlette.middleware.Middleware",)),
        (Place(Context.BACKGROUND, 0, "func"), ("starlette.background.BackgroundTask",)),
        (Place(Context.BACKGROUND, 0, "func"), ("starlette.background.BackgroundTasks.add_task",)),
        (Place(Context.DEPENDENCY, 0, "dependency"), DEPENDS),
        (
            Place(Context.STREAM, 0, "content"),
            ("starlette.responses.StreamingResponse", "sse_starlette.EventSourceResponse"),
        ),
    )
    methods = (
        ("starlette.endpoints.HTTPEndpoint", Context.HANDLER, _METHODS),
        (
            "starlette.endpoints.WebSocketEndpoint",
            Context.WEBSOCKET,
            ("on_connect", "on_receive", "on_disconnect"),
        ),
        (
            "starlette.middleware.base.BaseHTTPMiddleware",
            Context.MIDDLEWARE,
            ("dispatch", "__call__"),
        ),
    )
    threaded = frozenset(
        {
            Context.HANDLER,
            Context.DEPENDENCY,
            Context.BACKGROUND,
            Context.EXCEPTION_HANDLER,
            Context.STREAM,
        }
    )
    handed = (
        (Context.EXCEPTION_HANDLER, _REQUEST),
        (Context.LIFESPAN, ("starlette.applications.Starlette",)),
    )
    keepers = (
        frozenset(
            {
                "starlette.requests.Request.app.state",
                "starlette.websockets.WebSocket.app.state",
                "starlette.applications.Starlette.state",
                "fastapi.FastAPI.state",
            }
        ),
        _STATE_OF_REQUEST,
    )

    told_apart = StarletteParts.classes()

    def application_parts(self, project: Project) -> Iterator[Part]:
        """Applications, routers, and what is registered on them."""
        return StarletteParts(project).parts()

    def declared_dependencies(self, project: Project, frame: Frame) -> Iterator[Dependency]:
        """What ``Depends(f)`` names, as default or in ``Annotated``, of any parameter."""
        return StarletteParts(project).taken(frame)

    def dependency_frames(self, project: Project, dependency: Dependency) -> Iterator[Frame]:
        """The function in ``Depends(f)``; of a class, what makes its objects."""
        return StarletteParts(project).functions(dependency.value)

    # -- values ------------------------------------------------------------------------------------

    def attribute(self, project: Project, base: Instance | Member, name: str) -> Value | None:
        """Of ``request.app`` also what only one class of the project has of its applications; of a
        request's state also what a lifespan yields.
        """
        if isinstance(base, Member) and base.name in _APP_OF_REQUEST:
            owners = [
                class_
                for class_ in project.call_sites.derived
                if any(project.classes.derives(class_, app) for app in _APPLICATIONS)
                and _has_of_project(project, class_, name)
            ]
            if len(owners) == 1:
                return project.members.attribute(Instance(owners[0]), name)
        kept = super().attribute(project, base, name)
        if not isinstance(base, Member) or base.name not in _STATE_OF_REQUEST:
            return kept
        found = [] if kept is None else [kept]
        for state in self._lifespan_states(project):
            if isinstance(state, MappingValue):
                found.extend(value for key, value in state.items if key == name)
            else:
                field = project.protocols.field(state, name)
                found.extend([] if field is None else [field])
        return join(found) if found else None

    def _lifespan_states(self, project: Project) -> list[Value]:
        """What lifespans yield, which each request has as its state:
        https://www.starlette.io/lifespan/#lifespan-state
        """

        def find(_: str) -> list[Value]:
            found: list[Value] = []
            for root in self._known_roots(project):
                if root.context is Context.LIFESPAN:
                    found.extend(options_of(project.calls.yielded(root.frame)))
            return found

        return project.cuts.apart(project.framework_data, _LIFESPAN_STATES, find, [])

    def parameter(self, project: Project, frame: Frame, index: int) -> Value | None:
        """What ``Depends(f)``, as default or in ``Annotated``, injects; of what a library's object
        gives of which nothing is known, ``Depends(Provide[Container.store])``, the annotation
        tells, and of what else it may be.
        """
        for dependency in declared_by(project, frame, index):
            value = self.injected(project, dependency.value)
            if isinstance(dependency.value, External) and isinstance(value, Instance):
                if isinstance(value.class_, str) and not project.catalogue.is_type(value.class_):
                    return None
            annotation = frame.scope.parameters[index].annotation
            if isinstance(value, Union) and annotation >= 0:
                declared = project.types.annotation(frame.parent or frame, annotation)
                if is_informative(declared) and project.calls.leaves_open(value, declared):
                    return declared
            return value if is_informative(value) else None
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
        """What the tables say, lifespans, and validators of models that endpoints take."""
        yield from super().find_roots(project)
        for site in project.call_sites.of(frozenset(_APPS)):
            for keyword, context in (
                ("lifespan", Context.LIFESPAN),
                ("on_startup", Context.STARTUP),
                ("on_shutdown", Context.STARTUP),
            ):
                how = self.registration(context, site.name, NO_ARGUMENTS)
                for value in _given(project, site, keyword):
                    yield from self.registered(project, value, how)
        yield from self.validators(project, _ROUTE_DECORATORS)

    def registration(self, context: Context, name: str, arguments: Arguments) -> Registration:
        """What a function is, and whether it gets the request itself."""
        how = super().registration(context, name, arguments)
        if name in _PLAIN_ENDPOINTS or name.endswith(".middleware"):
            return replace(how, handed=_WEBSOCKET if context is Context.WEBSOCKET else _REQUEST)
        return how

    def root(self, frame: Frame, how: Registration) -> Root:
        """A root; that it would run in a thread as ``def`` is worth saying of some only."""
        root = super().root(frame, how)
        return replace(root, thread_if_def=how.threaded and how.context in _BETTER_DEF)

    def is_async(self, project: Project, frame: Frame, how: Registration) -> bool:
        """Whether a function counts as asynchronous: an endpoint is classified by what it wraps."""
        return frame.scope.is_async or (
            how.context is Context.HANDLER and self._wraps_async(project, frame)
        )

    def _wraps_async(self, project: Project, frame: Frame) -> bool:
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

    def class_registered(
        self, project: Project, class_: ClassValue, how: Registration
    ) -> Iterator[Root]:
        """The methods of a class-based endpoint or of a middleware.

        A class used as a dependency is constructed in a thread.
        """
        names: tuple[str, ...] = ()
        if how.context is Context.MIDDLEWARE:
            names = ("__call__", "dispatch")
        elif how.context in (Context.HANDLER, Context.WEBSOCKET):
            names = (*_METHODS, "on_connect", "on_receive", "on_disconnect")
        for name in names:
            handed = () if name == "__call__" else how.handed
            yield from self.method(project, class_, name, replace(how, handed=handed))


def _given(project: Project, site: CallSite, keyword: str) -> Iterator[Value]:
    """What an application is handed, also by callers of the function that makes it, whatever that
    declares its parameter to be: ``def create(lifespan: Lifespan | None = None)``.
    """
    value = site.arguments.get(-1, keyword)
    if value is None:
        return
    yield value
    frame = site.frame
    terms = frame.module.facts.terms
    term = next((term for name, term in terms[site.term][3] if name == keyword), -1)
    entry = terms[t.unaliased(terms, term)] if term >= 0 else ()
    if not entry or entry[0] != t.PARAM:
        return
    parameter = frame.scope.parameters[entry[1]]
    for caller, call, called in project.call_sites.of_function(frame.module, frame.scope_number):
        if called is not None:
            arguments = project.calls.arguments(caller, caller.module.facts.terms[call])
            at = -1 if parameter.kind == "keyword" else entry[1] - (called.receiver is not None)
            handed = arguments.get(at, parameter.name)
            if handed is not None:
                yield handed


def _has_of_project(project: Project, class_: ClassValue, name: str) -> bool:
    """Whether a class, or one of the project that it derives from, binds a name or writes it to its
    objects.
    """
    for owner in project.classes.info(class_).order:
        if isinstance(owner, ClassValue):
            written = owner.module.methods_writing.get(owner.scope, {})
            if name in owner.module.facts.scopes[owner.scope].bindings or name in written:
                return True
    return False


FRAMEWORK = Starlette()
