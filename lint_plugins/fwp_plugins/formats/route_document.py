"""The routes of projects as JSON, version 1; docs/routes.md describes it."""

from __future__ import annotations

import json
from typing import Any

from fwp_checks.routes import (
    At,
    RouteTree,
    ShownDependency,
    ShownEffect,
    ShownFunction,
    ShownHook,
    ShownRoute,
    ShownRouter,
)

VERSION = 1


def route_document(tree: RouteTree) -> str:
    """The tree as one JSON document in ASCII, with a line end."""
    data = {
        "version": VERSION,
        "applications": [_router(router) for router in tree.applications],
        "routers": [_router(router) for router in tree.routers],
        "routes": [_route(route) for route in tree.routes],
        "hooks": [_hook(hook) for hook in tree.hooks],
        "skipped": [
            {"path": skipped.path, "line": skipped.line, "reason": skipped.reason}
            for skipped in tree.skipped
        ],
    }
    return json.dumps(data, indent=2) + "\n"


def _router(router: ShownRouter) -> dict[str, Any]:
    return {
        "framework": router.framework,
        "class": router.class_name,
        "name": router.name,
        **_at(router.at),
        "prefix": router.prefix,
        "included": _at(router.included) if router.included is not None else None,
        "dependencies": [_dependency(dependency) for dependency in router.dependencies],
        "hooks": [_hook(hook) for hook in router.hooks],
        "routes": [_route(route) for route in router.routes],
        "routers": [_router(inner) for inner in router.routers],
    }


def _route(route: ShownRoute) -> dict[str, Any]:
    return {
        "route": route.path,
        "name": route.name,
        **_at(route.at),
        "websocket": route.is_websocket,
        "dependencies": [_dependency(dependency) for dependency in route.dependencies],
        "handlers": [
            {"methods": list(handler.methods), **_function(handler.function)}
            for handler in route.handlers
        ],
        "overrides": [_function(function) for function in route.overrides],
    }


def _dependency(dependency: ShownDependency) -> dict[str, Any]:
    return {
        "name": dependency.name,
        **_at(dependency.at),
        "functions": [_function(function) for function in dependency.functions],
    }


def _hook(hook: ShownHook) -> dict[str, Any]:
    return {"kind": hook.kind, "registered": _at(hook.at), **_function(hook.function)}


def _function(function: ShownFunction) -> dict[str, Any]:
    return {
        "function": function.name,
        **_at(function.at),
        "async": function.is_async,
        "effects": [_effect(effect) for effect in function.effects],
    }


def _effect(effect: ShownEffect) -> dict[str, Any]:
    return {
        "effect": effect.effect,
        "kind": effect.kind,
        "what": effect.what,
        "chain": [
            {**_at(step.at), "function": step.function, "calls": step.calls}
            for step in effect.chain
        ],
    }


def _at(at: At) -> dict[str, Any]:
    return {"path": at.path, "line": at.line}
