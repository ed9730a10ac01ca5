"""What applications of Flask and Quart are made of: blueprints, routes, hooks, error handlers.

A rule answers GET unless told otherwise; the prefix that ``register_blueprint`` is given replaces
the blueprint's own, and a slash comes between that and the rule (flask/sansio/app.py and
flask/sansio/blueprints.py of Flask 3.1.3, which Quart builds on). ``View.as_view`` gives a function
that makes an object of the class, and calls ``dispatch_request``, of a ``MethodView`` the method of
the request's name (flask/views.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.registered import METHODS
from fwp_checks.frameworks.registrations import (
    METHODS_GIVEN,
    Argument,
    Hooking,
    Including,
    Making,
    Routing,
)
from fwp_checks.frameworks.web import members
from fwp_checks.frameworks.web_parts import PartFinder
from fwp_checks.project.application.model import Handler, Hook, HookKind, Inclusion, Route
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.outcome import Outcome
from fwp_checks.project.meaning.texts import text_at
from fwp_checks.project.meaning.values import (
    ClassValue,
    FunctionValue,
    MappingValue,
    Partial,
    Value,
    options_of,
)

_GET = ("GET",)
_SMOREST = "flask_smorest.Api"
_RULE = Argument(0, "rule")
_ENDPOINT = Argument(1, "endpoint")
_VIEW = Argument(2, "view_func")
_VIEWS = ("flask.views.View", "quart.views.View")
_METHOD_VIEWS = ("flask.views.MethodView", "quart.views.MethodView")
_AS_VIEW = frozenset(members((*_VIEWS, *_METHOD_VIEWS), ("as_view",)))

ROUTINGS = (
    Routing(("route",), _RULE, usual=_GET),
    Routing(("get", "post", "put", "patch", "delete"), _RULE),
    Routing(("add_url_rule",), _RULE, _VIEW, usual=_GET),
)
INCLUDINGS = (
    Including(
        ("register_blueprint", "register_api"),
        Argument(0, "blueprint"),
        Argument(-1, "url_prefix"),
        replaces=True,
    ),
    Including(("register_api_view",), Argument(0, "api_view"), Argument(1, "url_prefix"), True),
)
HOOKINGS = (
    Hooking(("before_request", "before_app_request"), HookKind.BEFORE_REQUEST),
    Hooking(("url_value_preprocessor", "app_url_value_preprocessor"), HookKind.BEFORE_REQUEST),
    Hooking(("context_processor", "app_context_processor"), HookKind.CONTEXT_PROCESSOR),
    Hooking(("after_request", "after_app_request"), HookKind.AFTER_REQUEST),
    Hooking(
        ("teardown_request", "teardown_app_request", "teardown_appcontext"), HookKind.AFTER_REQUEST
    ),
    Hooking(
        ("errorhandler", "app_errorhandler", "register_error_handler"),
        HookKind.EXCEPTION_HANDLER,
        Argument(1, "f"),
    ),
)


def viewed(name: str, receiver: Value | None) -> Outcome | None:
    """``Users.as_view("users")``: what makes an object of the class when it is called."""
    if isinstance(receiver, ClassValue) and name in _AS_VIEW:
        return Outcome.nothing(Partial(receiver, (), ()))
    return None


class FlaskParts(PartFinder):
    """Finds them for Flask."""

    name = "Flask"
    makings: ClassVar[tuple[Making, ...]] = (
        Making(("flask.Flask", "apiflask.APIFlask", "flask_openapi3.OpenAPI"), True),
        Making(
            (
                "flask.Blueprint",
                "apiflask.APIBlueprint",
                "flask_openapi3.APIBlueprint",
                "flask_smorest.Blueprint",
            ),
            False,
            Argument(-1, "url_prefix"),
        ),
        Making((_SMOREST,), False),
        Making(("flask_openapi3.APIView",), False, Argument(0, "url_prefix")),
    )
    routings: ClassVar[tuple[Routing, ...]] = ROUTINGS
    includings = INCLUDINGS
    hookings: ClassVar[tuple[Hooking, ...]] = (
        *HOOKINGS,
        Hooking(("before_first_request", "before_app_first_request"), HookKind.STARTUP),
    )

    def rooted(self, path: str | None) -> str | None:
        """What stands behind a prefix begins with a slash."""
        return f"/{path.lstrip('/')}" if path else path

    def routes(self) -> Iterator[Route]:
        """Those of rules with functions, and those of rules that name an endpoint only."""
        yield from super().routes()
        deciding = (_RULE, _ENDPOINT, METHODS_GIVEN)
        without = [
            (site, name)
            for site in self.calls(("add_url_rule",), deciding)
            if site.argument_term(_VIEW) < 0 and (name := site.text(_ENDPOINT)) is not None
        ]
        functions = dict(self._of_endpoints()) if without else {}
        for site, name in without:
            site.value = functions.get((site.router, name))
            if site.value is not None:
                yield from self.routed(site, Routing((), _RULE, _VIEW, usual=_GET))

    def _of_endpoints(self) -> Iterator[tuple[tuple[Place | None, str], Value | None]]:
        """The functions that are bound to endpoints: under ``@app.endpoint("name")``, and in
        ``app.view_functions["name"] = function``.
        """
        for site in self.decorations(("endpoint",)):
            name = site.text(Argument(0, "endpoint"))
            if name is not None:
                yield (site.router, name), site.value
        for module in self.project.table.modules:
            terms = module.facts.terms
            for term in module.of_kind(t.STORE_ITEM):
                _, base, key, value = terms[term]
                if terms[base][0] == t.ATTR and terms[base][2] == "view_functions" and value >= 0:
                    frame = self.project.frame_of_scope(module, module.code_scope_of(term))
                    application = self.project.values.evaluate(frame, terms[base][1])
                    name = text_at(self.project, frame, key)
                    for place in self.places(application, frame) if name is not None else ():
                        yield (place, name or ""), self.project.values.evaluate(frame, value)

    def inclusions(self) -> Iterator[Inclusion]:
        """Blueprints of applications, and the ``Api`` of flask-smorest, which has some as well."""
        yield from super().inclusions()
        apis = [
            (site, site.place) for site, made in self.made.values() if made.class_name == _SMOREST
        ]
        apis += [(site, site.router) for site in self.calls(("init_app",)) if site.router]
        for site, api in apis:
            value = site.argument(Argument(0, "app"))
            for parent in self.places(value, site.frame) if value is not None else ():
                if parent is not None and parent != api:
                    yield Inclusion(parent, api, site.place)

    def hooks(self) -> Iterator[Hook]:
        """Hooks, and functions that context processors hand to templates."""
        for hook in super().hooks():
            yield hook
            if hook.kind is HookKind.CONTEXT_PROCESSOR:
                for frame in self._shown(hook.frame):
                    yield Hook(HookKind.TEMPLATE_FUNCTION, hook.router, frame, hook.place)

    def _shown(self, processor: Frame) -> Iterator[Frame]:
        for term in processor.scope.returns:
            for value in options_of(self.project.values.evaluate(processor, term)):
                if isinstance(value, MappingValue):
                    for _, item in value.items:
                        if any(isinstance(one, FunctionValue) for one in options_of(item)):
                            yield from self.functions(item)

    def class_handlers(self, class_: ClassValue, methods: tuple[str, ...]) -> Iterator[Handler]:
        """The methods of a ``MethodView``; ``dispatch_request`` of any other view."""
        found = tuple(self.handlers_of(class_, METHODS, methods or self._own_methods(class_)))
        yield from found
        for handler in self.handlers_of(class_, ("dispatch_request",)) if not found else ():
            answered = methods or self._own_methods(class_) or _GET
            yield Handler(handler.frame, answered, class_, handler.wrappers)

    def _own_methods(self, class_: ClassValue) -> tuple[str, ...]:
        """The HTTP methods that a class of views says it answers; empty if it says none. A
        ``MethodView`` takes none from its bases: those are put together anew.
        """
        where = literals.attribute_term(self.project, class_, "methods")
        if where is None:
            return ()
        is_own = "methods" in class_.module.facts.scopes[class_.scope].bindings
        if not is_own and any(self.project.classes.derives(class_, name) for name in _METHOD_VIEWS):
            return ()
        items = literals.items(self.project, *where)
        texts = literals.strings(self.project, items) if items is not None else None
        return tuple(text.upper() for text in texts or ())


class QuartParts(FlaskParts):
    """Finds them for Quart."""

    name = "Quart"
    makings: ClassVar[tuple[Making, ...]] = (
        Making(("quart.Quart",), True),
        Making(("quart.Blueprint",), False, Argument(-1, "url_prefix")),
    )
    routings = (
        *ROUTINGS,
        Routing(("websocket",), _RULE, is_websocket=True),
        Routing(("add_websocket",), _RULE, _VIEW, is_websocket=True),
    )
    hookings = (
        *HOOKINGS,
        Hooking(("before_websocket", "before_app_websocket"), HookKind.BEFORE_REQUEST),
        Hooking(
            (
                "after_websocket",
                "after_app_websocket",
                "teardown_websocket",
                "teardown_app_websocket",
            ),
            HookKind.AFTER_REQUEST,
        ),
        Hooking(("before_serving", "before_app_serving"), HookKind.STARTUP),
        Hooking(("after_serving", "after_app_serving"), HookKind.SHUTDOWN),
        Hooking(("while_serving", "while_app_serving"), HookKind.LIFESPAN),
    )
