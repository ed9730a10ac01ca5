"""What an application is made of, in records that frameworks state.

A framework says what it sees where it stands: here an application is made, there a route is
registered on it. :class:`~fwp_checks.project.application.applications.Applications` puts the parts
together. Everything is identified by the place where it is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.values import ClassValue, Value


@dataclass(slots=True, unsafe_hash=True)
class Router:
    """Something on which routes are registered: an application, a blueprint, a router, a URLconf.

    ``place`` is the call that makes it (of a URLconf, its list of patterns), ``frame`` the code
    around that: a module's own, or a function's such as a factory. ``class_name`` is the library
    class (``flask.Flask``), ``name`` the variable that it is bound to, empty if there is none.
    ``prefix`` is what it puts before the paths of all its routes, None where that is not literal.
    ``dependencies`` hold for all its routes.
    """

    framework: str
    class_name: str
    place: Place
    frame: Frame
    name: str
    is_application: bool
    prefix: str | None = ""
    dependencies: tuple[Dependency, ...] = ()


@dataclass(slots=True, unsafe_hash=True)
class Dependency:
    """A function or class that a framework calls before a handler, and whose result it may inject.

    ``place`` is the ``Depends(…)``, ``value`` what stands in it (``Depends(get_db)``: the function;
    ``Depends(get_db())``: what that call gives). ``parameter`` is the name of the parameter that
    gets the result, empty for one of a route, router or application.
    """

    place: Place
    value: Value
    parameter: str = ""


@dataclass(slots=True, unsafe_hash=True)
class Handler:
    """A function that answers requests to a route. ``methods`` are the HTTP methods that lead to
    it, in capitals; empty for any. ``class_`` is the class whose method it is. ``wrappers`` are
    functions that decorators have put around it, outermost first.
    """

    frame: Frame
    methods: tuple[str, ...] = ()
    class_: ClassValue | None = None
    wrappers: tuple[Frame, ...] = ()


@dataclass(slots=True, unsafe_hash=True)
class Route:
    """A path that leads to handlers.

    ``router`` is where it is registered: the place of a :class:`Router`, None if it is not known
    which. ``path`` is as written, without prefixes; None where it is not literal. ``place`` is the
    registration: the decorator or the call. ``name`` begins with ``-`` where only its end is known.
    ``overrides`` are methods that the project gives a class of views, and that what the class
    inherits calls for requests.
    """

    framework: str
    router: Place | None
    path: str | None
    handlers: tuple[Handler, ...]
    place: Place
    name: str = ""
    is_websocket: bool = False
    dependencies: tuple[Dependency, ...] = ()
    overrides: tuple[Handler, ...] = ()


@dataclass(slots=True, unsafe_hash=True)
class Inclusion:
    """A router is made part of another: registered, included or mounted.

    ``parent`` and ``child`` are the places of routers, None where one is not known; ``place`` is
    the call. ``prefix`` comes before the child's own, or in its place (``replaces``); None where it
    is not literal. ``what`` is the dotted name of an application of another library that is
    mounted.
    """

    parent: Place | None
    child: Place | None
    place: Place
    prefix: str | None = ""
    dependencies: tuple[Dependency, ...] = ()
    what: str = ""
    replaces: bool = False


class HookKind(Enum):
    """What a function is called for besides routes; the value is how messages call it."""

    BEFORE_REQUEST = "before-request function"
    AFTER_REQUEST = "after-request function"
    MIDDLEWARE = "middleware"
    EXCEPTION_HANDLER = "exception handler"
    CONTEXT_PROCESSOR = "context processor"
    TEMPLATE_FUNCTION = "template function"
    LIFESPAN = "lifespan"
    STARTUP = "start-up function"
    SHUTDOWN = "shutdown function"

    @property
    def is_request(self) -> bool:
        """Whether it runs for requests."""
        return self not in (HookKind.LIFESPAN, HookKind.STARTUP, HookKind.SHUTDOWN)


@dataclass(slots=True, unsafe_hash=True)
class Hook:
    """A function that a framework calls around handlers, or when the application starts or stops.

    ``router`` is where it is registered, None if that is not known; ``place`` is the registration.
    """

    kind: HookKind
    router: Place | None
    frame: Frame
    place: Place


Part = Router | Route | Inclusion | Hook
