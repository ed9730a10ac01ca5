"""Flask-RESTful, Flask-RESTX and Flask-RESTPlus: resources, whose methods answer the HTTP methods
of their names.

The whole path of a resource is the prefix of the blueprint, that of the ``Api``, the path of the
``Namespace`` (its name, if none is given) and its own (flask_restful/__init__.py of Flask-RESTful
0.3.10; flask_restx/api.py and flask_restx/namespace.py of Flask-RESTX 1.3.2).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.frameworks.base import Framework
from fwp_checks.frameworks.flask_parts import FlaskParts
from fwp_checks.frameworks.registrations import Argument, Hooking, Including, Making, Routing, Site
from fwp_checks.frameworks.web import members
from fwp_checks.frameworks.web_parts import PartFinder
from fwp_checks.project.application.model import HookKind, Inclusion, Route, Router
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.outcome import Outcome
from fwp_checks.project.meaning.values import Arguments, Instance, Value

if TYPE_CHECKING:
    from fwp_checks.project.application.model import Part
    from fwp_checks.project.linked import Project

_RESTX = ("flask_restx", "flask_restplus")
_PACKAGES = ("flask_restful", *_RESTX)
_RESTFUL_API = "flask_restful.Api"
_APIS = members(_PACKAGES, ("Api",))
_NAMESPACES = members(_RESTX, ("Namespace",))
_MAKES_NAMESPACE = {f"{package}.Api.namespace": f"{package}.Namespace" for package in _RESTX}
_RESOURCE = Argument(0, "resource")


class RestfulParts(PartFinder):
    """Finds what they add to applications of Flask."""

    name = "Flask"
    makings = (
        Making((_RESTFUL_API,), False, Argument(1, "prefix")),
        Making(members(_RESTX, ("Api",)), False, Argument(-1, "prefix")),
        Making(_NAMESPACES, False, Argument(2, "path")),
        Making(tuple(_MAKES_NAMESPACE), False, Argument(2, "path")),
    )
    routings = (
        Routing(("resource", "route"), Argument(0, "url")),
        Routing(("add_resource",), Argument(1, "url"), _RESOURCE),
    )
    includings = (Including(("add_namespace",), Argument(0, "ns"), Argument(1, "path"), True),)
    hookings = (
        Hooking(("errorhandler",), HookKind.EXCEPTION_HANDLER),
        Hooking(("handle_error",), HookKind.EXCEPTION_HANDLER),
    )

    def router(self, site: Site, class_name: str, how: Making) -> Router:
        """What a call makes; a namespace without a path answers under its name."""
        made = super().router(site, class_name, how)
        if class_name in _APIS or site.argument_term(Argument(2, "path")) >= 0:
            return made
        name = site.text(Argument(0, "name"))
        prefix = f"/{name}" if name is not None else None
        return Router(
            made.framework, made.class_name, made.place, made.frame, made.name, False, prefix
        )

    def routed(self, site: Site, routing: Routing) -> Iterator[Route]:
        """A route for each of the paths."""
        start = 1 if routing.handler is not None else 0
        for path in site.texts_from(start) or [None]:
            yield self.route(site, path, routing)

    def inclusions(self) -> Iterator[Inclusion]:
        """Namespaces in an ``Api``, and that in an application or blueprint."""
        yield from super().inclusions()
        flask = FlaskParts(self.project)
        for site, made in self.made.values():
            if made.class_name in _APIS:
                yield from self._in(flask, site, Argument(0, "app"), made.place)
            elif made.class_name in _MAKES_NAMESPACE:
                for parent in self._known([(site.frame, made.class_name, -1)], site.term):
                    yield Inclusion(parent[1], made.place, made.place)
        for site in self.calls(("init_app",)):
            if site.router is not None:
                yield from self._in(flask, site, Argument(0, "app"), site.router)

    def _in(
        self, flask: FlaskParts, site: Site, where: Argument, child: Place
    ) -> Iterator[Inclusion]:
        value = site.argument(where)
        for parent in flask.places(value, site.frame) if value is not None else ():
            if parent is not None:
                yield Inclusion(parent, child, site.place)


class Restful(Framework):
    """Hooks for all three."""

    name = "Flask-RESTful"
    modules = frozenset(_PACKAGES)
    running = frozenset()
    told_apart = RestfulParts.classes()

    def call(
        self, project: Project, name: str, arguments: Arguments, receiver: Value | None
    ) -> Outcome | None:
        """``api.namespace("users")`` makes a namespace."""
        made = _MAKES_NAMESPACE.get(name)
        if made is None:
            return None
        identity = project.frameworks.identity(made, arguments.site)
        return Outcome.nothing(Instance(made, details=identity))

    def application_parts(self, project: Project) -> Iterator[Part]:
        """Apis, namespaces, and their resources."""
        return RestfulParts(project).parts()


FRAMEWORK = Restful()
