"""The applications of a project as a tree of plain data: the answer of ``fwp routes``.

Paths are relative to the root of the project, lines count from 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.finding import Skipped
from fwp_checks.project.application.applications import below, joined
from fwp_checks.project.application.handler_effects import HandlerEffect, HandlerEffects
from fwp_checks.project.application.model import Dependency, Handler, Inclusion, Route, Router
from fwp_checks.project.effects.chains import Call
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.values import Unknown, describe

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project


@dataclass(slots=True, unsafe_hash=True)
class At:
    """A line of a file."""

    path: str
    line: int


@dataclass(slots=True, unsafe_hash=True)
class CallStep:
    """One call of a chain: where it stands, in which function, and what it calls."""

    at: At
    function: str
    calls: str


@dataclass(slots=True, unsafe_hash=True)
class ShownEffect:
    """Something that a function does: ``effect`` is ``blocks``, ``queries``, ``writes`` or
    ``opens``, ``kind`` the catalogue's finer one, ``what`` the library's function that does it.
    """

    effect: str
    kind: str
    what: str
    chain: tuple[CallStep, ...]


@dataclass(slots=True, unsafe_hash=True)
class ShownFunction:
    """A function that a framework calls, where it is defined."""

    name: str
    at: At
    is_async: bool
    effects: tuple[ShownEffect, ...]


@dataclass(slots=True, unsafe_hash=True)
class ShownHandler:
    """A handler with the HTTP methods that lead to it; none for any."""

    function: ShownFunction
    methods: tuple[str, ...]


@dataclass(slots=True, unsafe_hash=True)
class ShownDependency:
    """Something that is injected or called before: its name, where it is declared, and the
    functions of the project that run for it.
    """

    name: str
    at: At
    functions: tuple[ShownFunction, ...]


@dataclass(slots=True, unsafe_hash=True)
class ShownHook:
    """A function that is called around handlers, or when the application starts or stops."""

    kind: str
    function: ShownFunction
    at: At


@dataclass(slots=True, unsafe_hash=True)
class ShownRoute:
    """A route with its whole path, as far as that is written; None if it is not. ``overrides`` are
    methods of a class of views that what it inherits calls.
    """

    path: str | None
    name: str
    at: At
    is_websocket: bool
    handlers: tuple[ShownHandler, ...]
    dependencies: tuple[ShownDependency, ...]
    overrides: tuple[ShownFunction, ...] = ()


@dataclass(slots=True, unsafe_hash=True)
class ShownRouter:
    """An application or router, and what is part of it. ``prefix`` is what comes before the paths
    of its routes, ``included`` where it is made part of the one around it.
    """

    framework: str
    class_name: str
    name: str
    at: At
    is_application: bool
    prefix: str | None
    included: At | None
    dependencies: tuple[ShownDependency, ...]
    hooks: tuple[ShownHook, ...]
    routes: tuple[ShownRoute, ...]
    routers: tuple[ShownRouter, ...]


@dataclass(slots=True, unsafe_hash=True)
class RouteTree:
    """Applications; routers that are part of none; routes and hooks on none that is known."""

    applications: tuple[ShownRouter, ...]
    routers: tuple[ShownRouter, ...]
    routes: tuple[ShownRoute, ...]
    hooks: tuple[ShownHook, ...]
    skipped: tuple[Skipped, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is no route and no application."""
        return not (self.applications or self.routers or self.routes or self.hooks)


def route_tree(project: Project, wanted: Callable[[str], bool]) -> RouteTree:
    """The tree of a project: routers and routes that are made, registered or handled in a wanted
    file, and what they are part of.
    """
    return _Tree(project, wanted).whole()


class _Tree:
    def __init__(self, project: Project, wanted: Callable[[str], bool]) -> None:
        self._project = project
        self._applications = project.applications
        self._wanted = wanted
        self._effects = HandlerEffects(project, self._frames())
        self._functions: dict[Frame, ShownFunction] = {}

    def _frames(self) -> Iterator[Frame]:
        for one in self._applications.request_functions.values():
            yield one.frame
        for route in self._applications.routes:
            yield from (handler.frame for handler in (*route.handlers, *route.overrides))
        for hook in self._applications.hooks:
            yield hook.frame

    def whole(self) -> RouteTree:
        parts = self._applications
        known = list(parts.routers.values())
        top = [router for router in known if router.is_application]
        reached = {one.place for router in top for one in parts.all_in(router)}
        included = {one.child for one in parts.inclusions if one.parent in parts.routers}
        rest = [r for r in known if r.place not in reached and r.place not in included]
        nested = {one.place for r in top for one in parts.all_in(r) if one is not r}
        outer = [router for router in top if router.place not in nested]
        modules = self._project.table.modules
        return RouteTree(
            tuple(self._routers(outer)),
            tuple(self._routers(rest)),
            tuple(self._routes([r for r in parts.routes if r.router not in parts.routers], "")),
            tuple(self._hooks(None)),
            tuple(
                Skipped(module.path, module.facts.problem[0], module.facts.problem[2])
                for module in modules
                if module.facts.problem is not None and not module.is_read_only
            ),
        )

    def _routers(self, routers: Iterable[Router]) -> Iterator[ShownRouter]:
        for router in routers:
            shown = self._router(router, router.prefix, None, frozenset())
            if shown is not None:
                yield shown

    def _router(
        self,
        router: Router,
        prefix: str | None,
        inclusion: Inclusion | None,
        around: frozenset[Place],
    ) -> ShownRouter | None:
        inner = []
        around = around | {router.place}
        for part in self._applications.included_in(router):
            child = self._applications.routers.get(part.child) if part.child is not None else None
            if child is not None and child.place not in around:
                shown = self._router(child, below(prefix, part, child), part, around)
                if shown is not None:
                    inner.append(shown)
        routes = tuple(self._routes(self._applications.routes_on(router), prefix))
        hooks = tuple(self._hooks(router.place))
        if not (routes or hooks or inner or self._wanted(router.place.path)):
            return None
        more = inclusion.dependencies if inclusion is not None else ()
        return ShownRouter(
            router.framework,
            router.class_name,
            router.name,
            self._at(router.place),
            router.is_application,
            prefix,
            self._at(inclusion.place) if inclusion is not None else None,
            tuple(map(self._dependency, (*more, *router.dependencies))),
            hooks,
            routes,
            tuple(inner),
        )

    def _routes(self, routes: Iterable[Route], prefix: str | None) -> Iterator[ShownRoute]:
        for route in routes:
            handlers = (*route.handlers, *route.overrides)
            files = [route.place.path, *(h.frame.module.path for h in handlers)]
            if any(map(self._wanted, files)):
                path = joined(prefix, route.path)
                yield ShownRoute(
                    path if path is None or path.startswith("/") else f"/{path}",
                    route.name.removeprefix("-"),
                    self._at(route.place),
                    route.is_websocket,
                    tuple(map(self._handler, route.handlers)),
                    tuple(map(self._dependency, route.dependencies)),
                    tuple(self._function(override.frame) for override in route.overrides),
                )

    def _hooks(self, router: Place | None) -> Iterator[ShownHook]:
        for hook in self._applications.hooks:
            at_router = hook.router if hook.router in self._applications.routers else None
            files = (hook.place.path, hook.frame.module.path)
            if at_router == router and any(map(self._wanted, files)):
                yield ShownHook(hook.kind.value, self._function(hook.frame), self._at(hook.place))

    def _handler(self, handler: Handler) -> ShownHandler:
        return ShownHandler(self._function(handler.frame), handler.methods)

    def _dependency(self, dependency: Dependency) -> ShownDependency:
        frames = self._applications.functions_of(dependency)
        return ShownDependency(
            self._name(dependency),
            self._at(dependency.place),
            tuple(self._function(frame) for frame in frames),
        )

    def _name(self, dependency: Dependency) -> str:
        """What a dependency is called; of what a library made, how the code calls it."""
        if isinstance(dependency.value, Unknown):
            facts = self._project.table.by_path[dependency.place.path].facts
            entry = facts.terms[dependency.place.term]
            given = [*entry[2][:1], *[term for _, term in entry[3]]] if entry[0] == t.CALL else []
            for term in given[:1]:
                kind, *written = facts.terms[term]
                if kind in (t.NAME, t.ATTR, t.IMPORT):
                    return str(written[0] if kind == t.NAME else written[1] or written[0])
                for name, bound in facts.scopes[0].bindings.items():
                    if t.unaliased(facts.terms, bound) == t.unaliased(facts.terms, term):
                        return name
        return describe(dependency.value)

    def _function(self, frame: Frame) -> ShownFunction:
        known = self._functions.get(frame)
        if known is None:
            effects = tuple(self._effect(effect) for effect in self._effects.of(frame))
            at = At(frame.module.path, frame.scope.line)
            known = ShownFunction(frame.qualname or "<lambda>", at, frame.scope.is_async, effects)
            self._functions[frame] = known
        return known

    def _effect(self, effect: HandlerEffect) -> ShownEffect:
        steps = tuple(self._step(call) for call in effect.chain)
        return ShownEffect(effect.effect, effect.row.kind, effect.chain[-1].name, steps)

    def _step(self, call: Call) -> CallStep:
        module = self._project.table.by_path[call.path]
        return CallStep(
            self._at(Place(call.path, call.term)), module.qualname(call.scope), call.name
        )

    def _at(self, place: Place) -> At:
        facts = self._project.table.by_path[place.path].facts
        entry = facts.terms[place.term]
        if entry[0] == t.CALL and facts.terms[entry[1]][0] == t.ATTR:
            # A call written over lines stands where its last name does.
            return At(place.path, facts.span(entry[1])[2])
        return At(place.path, facts.span(place.term)[0])
