"""What Litestar applications are made of: route handlers, controllers, routers, their layers.

A handler is a function under ``@get(…)`` and its like; it becomes part of an application by being
listed in ``route_handlers``, of the application or a router, or by standing in a controller that
is. Dependencies, guards, hooks and exception handlers hold for all that is below the layer that
declares them. https://docs.litestar.dev/2/usage/applications.html#layered-architecture
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from fwp_checks.frameworks.registered import METHODS
from fwp_checks.frameworks.registrations import Argument, Making, Routing, Site
from fwp_checks.frameworks.web import held, members
from fwp_checks.frameworks.web_parts import PartFinder
from fwp_checks.project.application.model import (
    Dependency,
    Hook,
    HookKind,
    Inclusion,
    Route,
    Router,
)
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.origins import Place, made_at
from fwp_checks.project.meaning.texts import text_at
from fwp_checks.project.meaning.values import (
    ClassValue,
    External,
    FunctionValue,
    Instance,
    MappingValue,
    Partial,
    Value,
    options_of,
)

_HANDLERS = (
    *members(("litestar",), (*METHODS, "route", "asgi")),
    *members(("litestar",), ("websocket", "websocket_listener", "websocket_stream")),
    *members(("litestar.handlers",), ("HTTPRouteHandler", "WebsocketRouteHandler")),
)
_CONTROLLER = "litestar.Controller"
_CONFIGURED = members(("litestar.config.app.AppConfig.route_handlers",), ("append", "extend"))
_HOOKS = {
    "before_request": HookKind.BEFORE_REQUEST,
    "guards": HookKind.BEFORE_REQUEST,
    "after_request": HookKind.AFTER_REQUEST,
    "after_response": HookKind.AFTER_REQUEST,
    "before_send": HookKind.AFTER_REQUEST,
    "middleware": HookKind.MIDDLEWARE,
    "exception_handlers": HookKind.EXCEPTION_HANDLER,
    "on_startup": HookKind.STARTUP,
    "on_shutdown": HookKind.SHUTDOWN,
    "lifespan": HookKind.LIFESPAN,
}
_PATH = Argument(0, "path")


class LitestarParts(PartFinder):
    """Finds them."""

    name = "Litestar"
    called = ("__call__", "handle", "authenticate_request")
    listed = ("litestar.di.Provide",)
    makings = (
        Making(("litestar.Litestar",), True, Argument(-1, "path"), "dependencies"),
        Making(("litestar.Router",), False, _PATH, "dependencies"),
    )

    @cached_property
    def _provided(self) -> dict[Place, Value]:
        """What each ``Provide(f)`` provides."""
        found: dict[Place, Value] = {}
        for site in self.library_calls(("litestar.di.Provide",)):
            value = site.argument(Argument(0, "dependency"))
            if value is not None:
                found[site.place] = value
        return found

    def rooted(self, path: str | None) -> str | None:
        """A slash comes before every part of a path, and none behind (``normalize_path``)."""
        stripped = path.strip("/") if path is not None else None
        return f"/{stripped}" if stripped else stripped

    def methods(self, site: Site) -> tuple[str, ...]:
        """Those of ``route`` are texts, or members of an enumeration."""
        term = site.argument_term(Argument(-1, "http_method"))
        if term < 0:
            return super().methods(site)
        found = []
        for item in self._items(site.frame, term):
            text = literals.text_of(item)
            if text is None and isinstance(item, External):
                text = item.name.rpartition(".")[2]
            if text is None:
                return ()
            found.append(text.upper())
        return tuple(found)

    def declared(self, value: Value | None, site: Site) -> Iterator[Dependency]:
        """``dependencies={"db": Provide(f)}``."""
        for option in options_of(value) if value is not None else ():
            for name, given in option.items if isinstance(option, MappingValue) else ():
                made = made_at(given)
                if made and made[0] in self._provided:
                    yield Dependency(made[0], self._provided[made[0]], str(name))
                elif isinstance(given, (FunctionValue, ClassValue, Partial)):
                    yield Dependency(site.place, given, str(name))

    # -- controllers -------------------------------------------------------------------------------

    @cached_property
    def _controllers(self) -> dict[ClassValue, Router]:
        found: dict[ClassValue, Router] = {}
        for module in self.project.table.modules:
            for number, scope in enumerate(module.facts.scopes):
                class_ = ClassValue(module, number)
                if scope.kind == "class" and self.project.classes.derives(class_, _CONTROLLER):
                    found[class_] = self._controller(class_)
        return found

    def _controller(self, class_: ClassValue) -> Router:
        frame = self.project.classes.frame_around(class_)
        place = Place(class_.module.path, literals.definition_term(class_.module, class_.scope))
        path = literals.attribute_term(self.project, class_, "path")
        prefix = self.rooted(text_at(self.project, *path) if path is not None else "")
        site = Site(self.project, frame, place.term, "", place)
        given = self.project.members.find_in_class(class_, "dependencies")
        needs = tuple(self.declared(given, site))
        return Router(self.name, _CONTROLLER, place, frame, class_.name, False, prefix, needs)

    @property
    def routers(self) -> list[Router]:
        """Applications, routers and controllers."""
        return [*super().routers, *self._controllers.values()]

    # -- what is listed where ----------------------------------------------------------------------

    @cached_property
    def _listed_values(self) -> list[tuple[Place | None, Place, Value]]:
        """What is listed: in which router, at which place."""
        found: list[tuple[Place | None, Place, Value]] = []
        for site, router in self.made.values():
            term = site.argument_term(Argument(1, "route_handlers"))
            if router.is_application:
                term = site.argument_term(Argument(0, "route_handlers"))
            found += [(router.place, site.place, one) for one in self._items(site.frame, term)]
        for site in self.calls(("register",)):
            term = site.argument_term(Argument(0, "value"))
            found += [(site.router, site.place, one) for one in self._items(site.frame, term)]
        through = frozenset({"route_handlers"})
        for call in self.project.call_sites.of(frozenset(_CONFIGURED), through=through):
            site = Site(self.project, call.frame, call.term, "", None)
            term = site.argument_term(Argument(0, ""))
            only = self.only_application(call.frame)
            found += [(only, site.place, one) for one in self._items(call.frame, term)]
        return found

    def _items(self, frame: Frame, term: int) -> Iterable[Value]:
        if term < 0:
            return ()
        found = literals.items(self.project, frame, term)
        if found is None:
            return held(self.project.values.evaluate(frame, term))
        return [self.project.values.evaluate(item.frame, item.term) for item in found]

    def inclusions(self) -> Iterator[Inclusion]:
        """Routers and controllers in lists; controllers in none are what plugins find for the one
        application that has some.
        """
        listed: set[Place] = set()
        for parent, place, value in self._listed_values:
            for option in options_of(value):
                children = made_at(option) if isinstance(option, Instance) else ()
                if isinstance(option, ClassValue) and option in self._controllers:
                    children = (self._controllers[option].place,)
                for child in children:
                    listed.add(child)
                    yield Inclusion(parent, child, place)
        with_plugins = [site.place for site, _, _ in self.given("plugins")]
        for controller in self._controllers.values() if len(with_plugins) == 1 else ():
            if controller.place not in listed:
                yield Inclusion(with_plugins[0], controller.place, with_plugins[0])

    @cached_property
    def _routers_of_functions(self) -> dict[tuple[str, int], list[Place | None]]:
        found: dict[tuple[str, int], list[Place | None]] = {}
        for parent, _, value in self._listed_values:
            for option in options_of(value):
                if isinstance(option, FunctionValue):
                    key = (option.module.path, option.scope)
                    found.setdefault(key, []).append(parent)
        return found

    # -- routes ------------------------------------------------------------------------------------

    def routes(self) -> Iterator[Route]:
        """The functions under the decorators of handlers, in controllers or listed."""
        for found in self.project.call_sites.decorated(frozenset(_HANDLERS)):
            member = found.name.rpartition(".")[2]
            site = Site(self.project, found.around, found.term, member, None)
            module = found.around.module
            plain = self.project.calls.unbound_frame(found.around, found.scope_number)
            receiver = plain.arguments[0] if plain.arguments else None
            class_ = self.project.calls.class_of_method(module, found.scope_number)
            routing = Routing((), is_websocket="websocket" in member.lower())
            paths: list[str | None] = [*site.texts(_PATH)] or [site.text(_PATH, "")]
            for router in self._routers_of(class_, (module.path, found.scope_number)):
                site.router = router
                site.value = FunctionValue(found.around, found.scope_number, receiver)
                for path in paths:
                    yield self.route(site, path, routing)

    def _routers_of(
        self, class_: ClassValue | None, function: tuple[str, int]
    ) -> list[Place | None]:
        if class_ is not None:
            classes = self._controllers
            own = [one for one in classes if class_ in self.project.classes.info(one).order]
            return [classes[one].place for one in own] or [None]
        return self._routers_of_functions.get(function) or [None]

    # -- hooks -------------------------------------------------------------------------------------

    def hooks(self) -> Iterator[Hook]:
        """What layers are given."""
        for keyword, kind in _HOOKS.items():
            yield from self.hooked_in(keyword, kind)
        for class_, router in self._controllers.items():
            for name, kind in _HOOKS.items():
                value = self.project.members.find_in_class(class_, name)
                if value is not None:
                    site = Site(self.project, router.frame, router.place.term, "", router.place)
                    site.value = value
                    yield from self.hooked(site, kind)
