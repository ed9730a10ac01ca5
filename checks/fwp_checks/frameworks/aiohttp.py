"""aiohttp's server: everything that an application calls runs on the event loop.

A bare ``def`` handler is deprecated, and called on the loop (aiohttp/web_urldispatcher.py of
aiohttp 3.14.5, 179-200). Signals and clean-up contexts are awaited (aiosignal/__init__.py:52-60,
aiohttp/web_app.py:593-607). What a project keeps in ``app["db"]`` or under a ``web.AppKey`` is read
from the application, from ``request.app`` and from ``request.config_dict``.
https://docs.aiohttp.org/en/stable/web_reference.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.frameworks.aiohttp_parts import AiohttpParts
from fwp_checks.frameworks.web import Place, WebFramework, members
from fwp_checks.project.loop.loop_roots import Context, Root
from fwp_checks.project.meaning.outcome import Outcome
from fwp_checks.project.meaning.values import (
    Arguments,
    Constant,
    Coroutine,
    Instance,
    Value,
    is_informative,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.application.model import Part
    from fwp_checks.project.linked import Project

_APPLICATION = "aiohttp.web.Application"
_REQUEST = "aiohttp.web.Request"
_CONFIG = "aiohttp.helpers.ChainMapProxy"
_KEYS = ("aiohttp.web.AppKey", "aiohttp.web.RequestKey")
_METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
_ROUTES = ("aiohttp.web.RouteTableDef",)
_LISTS = {
    f"{_APPLICATION}.on_startup": Context.STARTUP,
    f"{_APPLICATION}.on_shutdown": Context.STARTUP,
    f"{_APPLICATION}.on_cleanup": Context.STARTUP,
    f"{_APPLICATION}.cleanup_ctx": Context.LIFESPAN,
    f"{_APPLICATION}.on_response_prepare": Context.MIDDLEWARE,
    f"{_APPLICATION}.middlewares": Context.MIDDLEWARE,
}
_APPENDED = {
    f"{name}.{member}": context
    for name, context in _LISTS.items()
    for member in ("append", "extend", "insert")
}
# A coroutine that is handed over makes the application, before it serves.
_RUN = frozenset({"aiohttp.web.run_app"})
_FUNCTIONS = {
    **dict.fromkeys(members(("aiohttp.web",), _METHODS), 1),
    **dict.fromkeys(members(("aiohttp.web",), ("view",)), 1),
    **dict.fromkeys(members(("aiohttp.web",), ("route",)), 2),
}


class Aiohttp(WebFramework):
    """Hooks for aiohttp's server."""

    name = "aiohttp"
    modules = frozenset({"aiohttp"})
    serving = "aiohttp.web"
    running = frozenset()
    decorators = (
        (Context.HANDLER, members(_ROUTES, (*_METHODS, "route"))),
        (Context.MIDDLEWARE, ("aiohttp.web.middleware",)),
        *((context, (name,)) for name, context in _LISTS.items()),
    )
    registrations = (
        (
            Place(Context.HANDLER, 1, "handler"),
            members((f"{_APPLICATION}.router",), (f"add_{method}" for method in _METHODS)),
        ),
        (Place(Context.HANDLER, 2, "handler"), (f"{_APPLICATION}.router.add_route",)),
        (Place(Context.HANDLER, 1, "handler"), ("aiohttp.web.Resource.add_route",)),
        (Place(Context.MIDDLEWARE, -1, "middlewares"), (_APPLICATION,)),
    )
    methods = (("aiohttp.web.View", Context.HANDLER, _METHODS),)
    handed = (
        (Context.HANDLER, (_REQUEST,)),
        (Context.MIDDLEWARE, (_REQUEST,)),
        (Context.STARTUP, (_APPLICATION,)),
        (Context.LIFESPAN, (_APPLICATION,)),
    )
    keepers = (frozenset({_APPLICATION, _CONFIG}), frozenset({_REQUEST}))
    told_apart = AiohttpParts.classes()

    def application_parts(self, project: Project) -> Iterator[Part]:
        """Applications, what they are made of, and what is registered on them."""
        return AiohttpParts(project).parts() if self.is_used(project) else iter(())

    def find_roots(self, project: Project) -> Iterator[Root]:
        """What the tables say, ``web.get(path, handler)`` and ``app.on_startup.append(f)``."""
        yield from super().find_roots(project)
        for site in project.call_sites.of(frozenset(_FUNCTIONS), imported=True):
            how = self.registration(Context.HANDLER, site.name, site.arguments)
            for handler in site.handed_each(_FUNCTIONS[site.name], "handler"):
                yield from self.registered(project, handler, how)
        lists = frozenset(name.rpartition(".")[2] for name in _LISTS)
        for site in project.call_sites.of(frozenset(_APPENDED), through=lists):
            given = site.arguments.positional
            how = self.registration(_APPENDED[site.name], site.name, site.arguments)
            yield from self.registered(project, given[-1] if given else None, how)
        for site in project.call_sites.of(_RUN, imported=True):
            application = site.arguments.get(0, "app")
            for option in options_of(application) if application is not None else ():
                if isinstance(option, Coroutine):
                    yield Root(option.frame, Context.STARTUP, self.name)

    def call(
        self, project: Project, name: str, arguments: Arguments, receiver: Value | None
    ) -> Outcome | None:
        """``web.AppKey("db", Database)``: a key with its name, and the class of what it holds."""
        text = arguments.get(0, "name")
        if name not in _KEYS or not isinstance(text, Constant):
            return None
        class_ = arguments.get(1, "t")
        types = (class_,) if class_ is not None and is_informative(class_) else ()
        return Outcome.nothing(Instance(name, arguments=types, details=(text.value,)))

    def item(self, project: Project, base: Instance, key: Value | None) -> Value | None:
        """What is kept under a key; the class that a typed key names is the last resort."""
        kept = super().item(project, base, key)
        if kept is not None and is_informative(kept):
            return kept
        if isinstance(key, Instance) and key.class_ in _KEYS and key.arguments:
            return project.types.instance(key.arguments[0])
        return kept


FRAMEWORK = Aiohttp()
