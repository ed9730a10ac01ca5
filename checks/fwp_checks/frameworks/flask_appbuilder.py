"""Flask-AppBuilder and Flask-Admin: view classes whose methods ``@expose`` makes routes.

The paths of a view begin with its ``route_base``; without one, with its class's name in small
letters, of an API with ``/api/v1/`` and its ``resource_name`` (flask_appbuilder/baseviews.py and
flask_appbuilder/api/__init__.py of Flask-AppBuilder 4.8.0).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.frameworks.base import Framework
from fwp_checks.frameworks.flask_parts import FlaskParts
from fwp_checks.frameworks.registrations import Argument, Routing, Site
from fwp_checks.frameworks.web import members
from fwp_checks.frameworks.web_parts import PartFinder
from fwp_checks.project.application.model import Inclusion, Route, Router
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.texts import text_at
from fwp_checks.project.meaning.values import ClassValue, FunctionValue, Instance, options_of

if TYPE_CHECKING:
    from fwp_checks.project.application.model import Part
    from fwp_checks.project.linked import Project

_EXPOSES = frozenset(
    {"flask_appbuilder.expose", "flask_appbuilder.baseviews.expose",
     "flask_appbuilder.api.expose", "flask_appbuilder.views.expose", "flask_admin.expose",
     "flask_admin.base.expose"}
)  # fmt: skip
_APIS = ("BaseApi", "ModelRestApi", "BaseModelApi")
_ADDS = members(
    ("flask_appbuilder.AppBuilder", "flask_appbuilder.base.AppBuilder"),
    ("add_view", "add_view_no_menu", "add_api", "add_separator"),
)


class BuilderParts(PartFinder):
    """Finds what they add to applications of Flask."""

    name = "Flask"

    @cached_property
    def _views(self) -> dict[ClassValue, Router]:
        """The classes in which something is exposed."""
        found: dict[ClassValue, Router] = {}
        for decoration in self.project.call_sites.decorated(_EXPOSES):
            module = decoration.around.module
            class_ = self.project.calls.class_of_method(module, decoration.scope_number)
            if class_ is not None and class_ not in found:
                found[class_] = self._view(class_)
        return found

    def _view(self, class_: ClassValue) -> Router:
        frame = self.project.classes.frame_around(class_)
        place = Place(class_.module.path, literals.definition_term(class_.module, class_.scope))
        bases = self.project.classes.info(class_).externals
        library = next((base for base in bases if base.startswith("flask_")), "")
        return Router(
            self.name, library, place, frame, class_.name, False, self._base_path(class_, library)
        )

    def _base_path(self, class_: ClassValue, library: str) -> str | None:
        def text(name: str) -> tuple[bool, str | None]:
            found = literals.attribute_term(self.project, class_, name)
            return found is not None, text_at(self.project, *found) if found else None

        is_set, base = text("route_base")
        if is_set:
            return base
        if library.rpartition(".")[2] not in _APIS:
            return f"/{class_.name.lower()}"
        version = text("version")[1] or "v1"
        is_named, resource = text("resource_name")
        name = resource if is_named else class_.name.lower()
        return f"/api/{version}/{name}" if name is not None else None

    @property
    def routers(self) -> list[Router]:
        """The view classes."""
        return list(self._views.values())

    def routes(self) -> Iterator[Route]:
        """The methods that are exposed."""
        routing = Routing((), Argument(0, "url"), usual=("GET",))
        for decoration in self.project.call_sites.decorated(_EXPOSES):
            module = decoration.around.module
            class_ = self.project.calls.class_of_method(module, decoration.scope_number)
            if class_ is not None:
                router = self._views[class_].place
                site = Site(self.project, decoration.around, decoration.term, "expose", router)
                number = decoration.scope_number
                site.value = FunctionValue(decoration.around, number, Instance(class_))
                yield self.route(site, site.text(routing.path, "/"), routing)

    def inclusions(self) -> Iterator[Inclusion]:
        """Views that are added to the one application."""
        flask = FlaskParts(self.project)
        for call in self.project.call_sites.of(frozenset(_ADDS)):
            site = Site(self.project, call.frame, call.term, "", None)
            value = site.argument(Argument(0, "baseview"))
            for option in options_of(value) if value is not None else ():
                class_ = option.class_ if isinstance(option, Instance) else option
                if isinstance(class_, ClassValue) and class_ in self._views:
                    only = flask.only_application(call.frame)
                    yield Inclusion(only, self._views[class_].place, site.place)


class Builder(Framework):
    """Hooks for both."""

    name = "Flask-AppBuilder"
    modules = frozenset({"flask_appbuilder", "flask_admin"})

    def application_parts(self, project: Project) -> Iterator[Part]:
        """View classes and what they expose."""
        return BuilderParts(project).parts()


FRAMEWORK = Builder()
