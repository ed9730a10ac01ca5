"""The functions that requests run: those that frameworks name, what decorators put around them, and
methods of views that only the library calls.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.application.model import Route
from fwp_checks.project.meaning.frames import FunctionKey
from fwp_checks.project.meaning.values import ClassValue, ModuleValue

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_METHOD_OF_VIEW = "view method"
_HANDLER = "handler"
_DECORATOR = "decorator"
# Views of which the library makes an object for each request: as_view() of Django, Flask (also
# before 2.2, which brought init_every_request), Quart and Sanic; Starlette's endpoint is an object
# that answers one request, and so is aiohttp's View.
_MADE_ANEW = (
    "django.views.", "django.contrib.auth.views.", "rest_framework.", "flask.views.",
    "flask_restful.", "flask_restx.", "quart.views.", "sanic.views.", "starlette.endpoints.",
    "aiohttp.web.View",
)  # fmt: skip
_MADE_ONCE = "init_every_request"


class Requested:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project

    @cached_property
    def labels(self) -> dict[FunctionKey, str]:
        """What each function that a framework calls for requests is to it."""
        requests = self._project.applications.request_functions
        found = {function: request.what for function, request in requests.items()}
        for function, route in self.routes.items():
            handled = {handler.frame.function for handler in route.handlers}
            wrappers = {frame.function for h in route.handlers for frame in h.wrappers}
            is_handler = function in handled or function not in wrappers
            found.setdefault(function, _HANDLER if is_handler else _DECORATOR)
        return found

    def label(self, function: FunctionKey) -> str:
        """The same, of methods of views, too."""
        return self.labels.get(function, _METHOD_OF_VIEW)

    @cached_property
    def routes(self) -> dict[FunctionKey, Route]:
        """The first route that leads to each handler, and to what decorators put around it."""
        found: dict[FunctionKey, Route] = {}
        for route in self._project.applications.routes:
            for handler in route.handlers:
                for frame in (handler.frame, *handler.wrappers):
                    found.setdefault(frame.function, route)
                if handler.frame.parent is not None and handler.frame.parent.scope_number:
                    named = self._named(route)
                    if named is not None:
                        found.setdefault(named, route)
        return found

    def _named(self, route: Route) -> FunctionKey | None:
        """The function that a registration names (``path("", views.index)``), where all that is
        known of it is the wrapper that a decorator puts around a great many.
        """
        module = self._project.table.by_path[route.place.path]
        entry = module.facts.terms[route.place.term]
        if entry[0] != t.CALL or len(entry[2]) < 2:
            return None
        view = module.facts.terms[entry[2][1]]
        if view[0] != t.ATTR:
            return None
        base = self._project.values.evaluate(self._project.module_frame(module), view[1])
        if not isinstance(base, ModuleValue):
            return None
        facts = base.module.facts
        bound = facts.scopes[0].bindings.get(view[2], -1)
        if bound < 0 or facts.terms[bound][0] != t.DEFINITION:
            return None
        number = facts.terms[bound][1]
        return (base.module.path, number) if facts.scopes[number].kind == "function" else None

    @cached_property
    def methods_of_views(self) -> frozenset[FunctionKey]:
        """The methods of classes that answer requests, and of their bases. Those that no code of
        the project calls, the library's own methods do.
        """
        return self._methods_of(self._classes)

    @cached_property
    def of_passing_objects(self) -> frozenset[FunctionKey]:
        """Those of the methods of views whose object answers one request: what it keeps goes with
        it.
        """
        return self._methods_of(
            {
                class_
                for class_ in self._classes
                if any(
                    name.startswith(_MADE_ANEW)
                    for name in self._project.classes.info(class_).externals
                )
                and self._project.members.find_in_class(class_, _MADE_ONCE) is None
            }
        )

    @cached_property
    def _classes(self) -> set[ClassValue]:
        handlers = self._project.applications.handlers.values()
        return {handler.class_ for _, handler in handlers if handler.class_ is not None}

    def _methods_of(self, classes: set[ClassValue]) -> frozenset[FunctionKey]:
        """The methods of classes, and of their bases."""
        found = set()
        for class_ in classes:
            for owner in self._project.classes.info(class_).order:
                if isinstance(owner, ClassValue):
                    facts = owner.module.facts
                    for term in facts.scopes[owner.scope].bindings.values():
                        entry = facts.terms[term]
                        if entry[0] == t.DEFINITION and facts.scopes[entry[1]].kind == "function":
                            found.add((owner.module.path, entry[1]))
        return frozenset(found)
