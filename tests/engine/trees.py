"""The applications of small projects, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

from fwp_checks.project.linked import Project
from fwp_checks.routes import RouteTree, ShownRoute, ShownRouter
from fwp_checks.session import Session


def tree(root: Path, files: dict[str, str]) -> RouteTree:
    """The tree of a project of these files."""
    return _opened(root, files).routes()


def linked(root: Path, files: dict[str, str]) -> Project:
    """A project of these files."""
    return _opened(root, files)._linked()


def _opened(root: Path, files: dict[str, str]) -> Session:
    (root / "pyproject.toml").write_text("", encoding="utf-8")
    for name, source in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(source), encoding="utf-8")
    return Session.open(root, cache_dir=False)


def lines(found: RouteTree) -> list[str]:
    """A line a route: ``app GET /users/{id} get_user needs session``; ``-`` for what is part of no
    application.
    """
    texts = [line for router in found.applications for line in _router(router.name, router)]
    texts += [line for router in found.routers for line in _router("-", router)]
    return texts + [line for route in found.routes for line in _route("?", route)]


def hooks(found: RouteTree) -> list[str]:
    """A line a hook: ``app middleware count``."""

    def inside(name: str, router: ShownRouter) -> Iterator[str]:
        for hook in router.hooks:
            yield f"{name} {hook.kind} {hook.function.name}"
        for inner in router.routers:
            yield from inside(name, inner)

    texts = [text for router in found.applications for text in inside(router.name, router)]
    return texts + [f"? {hook.kind} {hook.function.name}" for hook in found.hooks]


def _router(name: str, router: ShownRouter) -> Iterator[str]:
    for route in router.routes:
        yield from _route(name, route)
    for inner in router.routers:
        yield from _router(name, inner)


def _route(name: str, route: ShownRoute) -> Iterator[str]:
    needs = [dependency.name for dependency in route.dependencies]
    rest = f" needs {', '.join(needs)}" if needs else ""
    if not route.handlers:
        yield f"{name} ? {route.path} ?{rest}"
    for handler in route.handlers:
        methods = "WS" if route.is_websocket else ",".join(handler.methods) or "ANY"
        yield f"{name} {methods} {route.path} {handler.function.name}{rest}"
