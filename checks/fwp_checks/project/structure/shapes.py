"""How applications are laid out: which routes stand on an application itself, in how many modules,
and what else is in there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.application.model import Route, Router
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.values import ClassValue, options_of

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# A module with at least this part of the routes holds the application.
_MOST = 0.8
_WRITERS = ("update", "from_mapping")
# Attributes of an application that are settings: flask/app.py and sansio/app.py of Flask 3.1.3.
_SETTINGS = frozenset({"secret_key", "testing", "debug", "permanent_session_lifetime"})


@dataclass(slots=True, unsafe_hash=True)
class Shape:
    """An application with the routes on itself.

    ``module`` is the one that holds nearly all of them, None if there is none; ``modules`` how many
    have any. ``is_divided``: routers are part of it, or may be: of some it is not known of what
    they are part.
    """

    application: Router
    routes: tuple[Route, ...]
    modules: int
    module: Module | None
    is_divided: bool


class Shapes:
    """Looks at the applications of one project."""

    def __init__(self, project: Project) -> None:
        self._project = project

    @cached_property
    def _all(self) -> dict[str, list[Shape]]:
        found: dict[str, list[Shape]] = {}
        for application in self._project.applications.applications:
            found.setdefault(application.place.path, []).append(self._shape(application))
        return found

    def of(self, module: Module) -> list[Shape]:
        """The shapes of the applications that a module makes."""
        return self._all.get(module.path, [])

    def _shape(self, application: Router) -> Shape:
        routes = [*self._project.applications.routes_on(application)]
        for api in self._apis(application):
            routes += self._project.applications.routes_on(api)
        places = Counter(_path(route) for route in routes)
        path, most = max(places.items(), key=lambda item: item[1], default=("", 0))
        holds = most >= _MOST * len(routes)
        return Shape(
            application,
            tuple(routes),
            len(places),
            self._project.table.by_path.get(path) if holds else None,
            self._is_divided(application),
        )

    def _is_divided(self, application: Router) -> bool:
        routers = self._project.applications.routers
        parents = {application.place, *(api.place for api in self._apis(application))}
        for inclusion in self._project.applications.inclusions:
            child = routers.get(inclusion.child) if inclusion.child is not None else None
            # A folder of files or a library's application that is mounted divides nothing.
            if inclusion.parent in parents and not inclusion.what:
                if child is None or child.place not in parents:
                    return True
            if inclusion.parent is None and (
                child is None or child.framework == application.framework
            ):
                return True
        return False

    def _apis(self, application: Router) -> Iterator[Router]:
        """What only registers resources on the application itself: ``Api(app)``."""
        for inclusion in self._project.applications.included_in(application):
            child = inclusion.child and self._project.applications.routers.get(inclusion.child)
            if child and child.class_name.endswith(".Api"):
                yield child

    # -- what else is in the module ----------------------------------------------------------------

    def models(self, module: Module) -> list[ClassValue]:
        """The classes of a module whose objects are rows of a database."""
        found = []
        for number, scope in enumerate(module.facts.scopes):
            if scope.kind == "class" and scope.bases:
                class_ = ClassValue(module, number)
                if self._project.frameworks.is_model(class_):
                    found.append(class_)
        return found

    def settings(self, application: Router) -> list[tuple[Place, int]]:
        """Where the code that makes an application writes its settings, and how many there."""
        module = application.frame.module
        return [
            (Place(module.path, term), number)
            for term, number in sorted(self._writes(application.frame))
            if module.code_scope_of(term) == application.frame.scope_number
        ]

    def _writes(self, frame: Frame) -> Iterator[tuple[int, int]]:
        module = frame.module
        terms = module.facts.terms
        for term in module.of_kind(t.STORE_ITEM):
            if terms[term][3] >= 0 and self.is_configuration(frame, terms[term][1]):
                yield term, 1
        for term in module.attribute_writes_in(frame.scope_number):
            if terms[term][2] in _SETTINGS and self._is_application(frame, terms[term][1]):
                yield term, 1
        for term in module.calls_in(frame.scope_number):
            called = terms[terms[term][1]]
            if called[0] == t.ATTR and called[2] in _WRITERS and (terms[term][2:] != ((), ())):
                if self.is_configuration(frame, called[1]):
                    yield term, _number_given(terms, terms[term])

    def is_configuration(self, frame: Frame, term: int) -> bool:
        """Whether a term reads as ``app.config`` of an application."""
        terms = frame.module.facts.terms
        entry = terms[t.unaliased(terms, term)]
        if entry[0] != t.ATTR or entry[2] != "config":
            return False
        return self._is_application(frame, entry[1])

    def _is_application(self, frame: Frame, term: int) -> bool:
        return any(
            self._project.classes.is_instance(option, "flask.Flask")
            for option in options_of(self._project.values.evaluate(frame, term))
        )


def _path(route: Route) -> str:
    """Where the code of a route stands."""
    return route.handlers[0].frame.module.path if route.handlers else route.place.path


def _number_given(terms: list[t.Term], call: t.Term) -> int:
    """How many settings a call is given, as far as they are written: one for what is not."""
    number = len(call[3])
    for argument in call[2]:
        entry = terms[t.unaliased(terms, argument)]
        number += len(entry[1]) if entry[0] == t.MAPPING else 1
    return number
