"""The routes of projects as an indented table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from fwp_checks.routes import (
    RouteTree,
    ShownDependency,
    ShownFunction,
    ShownHook,
    ShownRoute,
    ShownRouter,
)
from fwp_plugins.formats.terminal import Line

_UNKNOWN_PATH = "(path not written)"
_WIDEST = 60


def route_table(tree: RouteTree) -> Iterator[Line]:
    """The lines of the table."""
    for application in tree.applications:
        yield from _router(application, "")
    if tree.routers:
        yield [("part of no application that is known:", "faint")]
        for router in tree.routers:
            yield from _router(router, "  ")
    if tree.routes or tree.hooks:
        yield [("registered on something that is not known:", "faint")]
        yield from _hooks(tree.hooks, "  ")
        yield from _routes(tree.routes, "  ")
    for skipped in tree.skipped:
        yield [
            (f"{skipped.path}:{skipped.line}", "path"),
            (f" could not be read: {skipped.reason}", ""),
        ]


def _router(router: ShownRouter, indent: str) -> Iterator[Line]:
    name = router.name or router.class_name.rpartition(".")[2]
    prefix = _UNKNOWN_PATH if router.prefix is None else router.prefix
    line: Line = [(indent, ""), (name, "path"), (f" {router.class_name}", "faint")]
    line += [(f" {prefix}", "")] if prefix else []
    yield [*line, (f"  {router.at.path}:{router.at.line}", "faint"), *_needs(router.dependencies)]
    yield from _hooks(router.hooks, indent + "  ")
    yield from _routes(router.routes, indent + "  ")
    for inner in router.routers:
        yield from _router(inner, indent + "  ")


def _hooks(hooks: Iterable[ShownHook], indent: str) -> Iterator[Line]:
    for hook in hooks:
        function = hook.function
        place = f"  {function.at.path}:{function.at.line}"
        yield [
            (f"{indent}{hook.kind}: {function.name}", ""),
            (place, "faint"),
            *_effects(function),
        ]


def _routes(routes: Iterable[ShownRoute], indent: str) -> Iterator[Line]:
    rows = [
        (_methods(route, methods), route.path or _path(route.path), function, route)
        if methods is not None
        else ("", "", function, route)
        for route in routes
        for methods, function in _handlers(route)
    ]
    first = max((len(methods) for methods, *_ in rows), default=0)
    second = min(max((len(path) for _, path, *_ in rows), default=0), _WIDEST)
    for methods, path, function, route in rows:
        name = function.name if function is not None else "(handler not known)"
        at = function.at if function is not None else route.at
        yield [
            (f"{indent}{methods:<{first}}  {path:<{second}}  {name}", ""),
            (f"  {at.path}:{at.line}", "faint"),
            *_needs(route.dependencies),
            *(_effects(function) if function is not None else []),
        ]


def _path(path: str | None) -> str:
    return _UNKNOWN_PATH if path is None else "/"


def _handlers(
    route: ShownRoute,
) -> list[tuple[tuple[str, ...] | None, ShownFunction | None]]:
    """The functions of a route with their HTTP methods; None for what the first one calls."""
    found: list[tuple[tuple[str, ...] | None, ShownFunction | None]] = []
    found += [(handler.methods, handler.function) for handler in route.handlers]
    found += [(None if found or at else (), one) for at, one in enumerate(route.overrides)]
    return found or [((), None)]


def _methods(route: ShownRoute, methods: tuple[str, ...]) -> str:
    return "WEBSOCKET" if route.is_websocket else ",".join(methods) or "ANY"


def _needs(dependencies: Iterable[ShownDependency]) -> Line:
    names = list(dict.fromkeys(dependency.name for dependency in dependencies))
    return [(f"  needs {', '.join(names)}", "")] if names else []


def _effects(function: ShownFunction) -> Line:
    asked = {
        effect.chain[-1] for effect in function.effects if effect.effect in ("queries", "writes")
    }
    counts = Counter(
        effect.effect
        for effect in function.effects
        # A query waits for its answer: that says nothing more, unless it is on the event loop.
        if function.is_async or effect.effect != "blocks" or effect.chain[-1] not in asked
    )
    if not counts:
        return []
    texts = [f"{effect} {count}" for effect, count in counts.items()]
    holds_up = function.is_async and counts["blocks"]
    return [(f"  [{', '.join(texts)}]", "error" if holds_up else "info")]
