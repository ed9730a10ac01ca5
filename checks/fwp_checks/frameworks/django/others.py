"""Packages on top of Django that call functions on the event loop: Channels, and Django Ninja.

Source: channels/consumer.py and channels/generic/ of Channels 4.3.2; ninja/operation.py and
ninja/main.py of Django Ninja 1.7.1 (a ``def`` operation runs in a thread where another operation of
its path is async; exception handlers are called on the loop by async operations);
ninja_extra/controllers/route of Django Ninja Extra 0.31.7.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.frameworks.django.views import NAME, function, methods
from fwp_checks.project.loop.loop_roots import Context, Root
from fwp_checks.project.meaning.values import ClassValue

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_SYNC_CONSUMERS = (
    "channels.consumer.SyncConsumer",
    "channels.generic.websocket.WebsocketConsumer",
    "channels.generic.websocket.JsonWebsocketConsumer",
)
_HTTP_CONSUMER = "channels.generic.http.AsyncHttpConsumer"
_NINJA_APPS = (
    *("ninja.NinjaAPI", "ninja.main.NinjaAPI", "ninja.Router", "ninja.router.Router"),
    *("ninja_extra.NinjaExtraAPI", "ninja_extra.Router", "ninja_extra.router.Router"),
)
_VERBS = ("get", "post", "put", "patch", "delete", "api_operation")
_OPERATIONS = frozenset(
    {
        *[f"{app}.{verb}" for app in _NINJA_APPS for verb in _VERBS],
        *[
            f"ninja_extra.{place}route.{verb}"
            for place in ("", "controllers.")
            for verb in (*_VERBS, "generic")
        ],
        *[
            f"ninja_extra.{place}http_{verb}"
            for place in ("", "controllers.")
            for verb in (*_VERBS, "generic")
        ],
    }
)
_EXCEPTION_HANDLERS = frozenset(f"{app}.exception_handler" for app in _NINJA_APPS)
_SECURITY = "ninja.security."


def roots(project: Project) -> Iterator[Root]:
    """Methods of async consumers; async operations, what authenticates for them, and handlers of
    their exceptions.
    """
    yield from _consumers(project)
    yield from _operations(project)


def _consumers(project: Project) -> Iterator[Root]:
    for class_ in project.classes.with_bases:
        bases = [
            base for base in project.classes.info(class_).externals if base.startswith("channels.")
        ]
        if not bases or any(base in _SYNC_CONSUMERS for base in bases):
            continue
        context = Context.HANDLER if _HTTP_CONSUMER in bases else Context.WEBSOCKET
        # Messages of a group are dispatched to the method that is named like their type.
        for method in methods(project, class_, _public_methods(project, class_)):
            yield from function(project, method, context)


def _public_methods(project: Project, class_: ClassValue) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for owner in project.classes.info(class_).order:
        if isinstance(owner, ClassValue):
            names.update(dict.fromkeys(owner.module.facts.scopes[owner.scope].bindings))
    return tuple(name for name in names if not name.startswith("_"))


def _operations(project: Project) -> Iterator[Root]:
    found = False
    for decoration in project.call_sites.decorated(_OPERATIONS):
        frame = project.calls.unbound_frame(decoration.around, decoration.scope_number)
        if frame.scope.is_async:
            found = True
            yield Root(frame, Context.HANDLER, NAME, thread_if_def=True)
    if not found:
        return
    for decoration in project.call_sites.decorated(_EXCEPTION_HANDLERS):
        frame = project.calls.unbound_frame(decoration.around, decoration.scope_number)
        yield Root(frame, Context.EXCEPTION_HANDLER, NAME)
    for class_ in project.classes.with_bases:
        if any(base.startswith(_SECURITY) for base in project.classes.info(class_).externals):
            for method in methods(project, class_, ("authenticate", "__call__")):
                yield from function(project, method, Context.DEPENDENCY)
