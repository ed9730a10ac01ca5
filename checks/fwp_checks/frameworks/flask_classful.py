"""Flask-Classful and Flask-Classy: classes whose methods are routes once they are registered.

``index``, ``get``, ``post`` and so on answer those HTTP methods, any other method GET under its own
name; arguments without a default are part of the path. Paths begin with the class's
``route_prefix`` and ``route_base``, without one with its name, with hyphens and less ``View``; what
``register`` is told goes first (flask_classful.py of Flask-Classful 0.16.0).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.base import Framework
from fwp_checks.frameworks.flask_parts import FlaskParts
from fwp_checks.frameworks.registrations import Argument, Routing, Site
from fwp_checks.frameworks.web import members
from fwp_checks.frameworks.web_parts import PartFinder
from fwp_checks.project.application.model import Hook, HookKind, Inclusion, Route, Router
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.texts import text_at
from fwp_checks.project.meaning.values import (
    ClassValue,
    Constant,
    FunctionValue,
    Instance,
    Member,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.facts.model import Scope
    from fwp_checks.project.application.model import Part
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project

_PACKAGES = ("flask_classful", "flask_classy")
_REGISTER = frozenset(members(tuple(f"{p}.FlaskView" for p in _PACKAGES), ("register",)))
_ROUTE = frozenset(f"{package}.route" for package in _PACKAGES)
_METHOD = frozenset({"flask_classful.method"})
_SPECIAL = {
    "index": "GET", "get": "GET", "put": "PUT", "patch": "PATCH", "post": "POST",
    "delete": "DELETE",
}  # fmt: skip
_OWN = frozenset(
    {"register", "parse_options", "make_proxy_method", "build_rule", "get_route_base",
     "default_route_base", "build_route_name"}
)  # fmt: skip
_HOOKS = {"before_request": HookKind.BEFORE_REQUEST, "after_request": HookKind.AFTER_REQUEST}
_NO_ROUTES = frozenset({"classmethod", "property", "cached_property"})
_WORDS = (re.compile("(.)([A-Z][a-z]+)"), re.compile("([a-z0-9])([A-Z])"))
_CONVERTERS: dict[str, str] = {"int": "int:", "str": "string:", "float": "float:"}
_RULE = Routing((), Argument(0, "rule"), usual=("GET",))
_SLASH = Argument(4, "trailing_slash")


class ClassfulParts(PartFinder):
    """Finds what they add to applications of Flask."""

    name = "Flask"

    @cached_property
    def _registered(self) -> list[tuple[Site, ClassValue, Router]]:
        """The calls that register a class, each with what they make of it."""
        found: dict[Place, tuple[Site, ClassValue, Router]] = {}
        for call in self.project.call_sites.of(_REGISTER):
            site = Site(self.project, call.frame, call.term, "register", None)
            for class_ in self._classes(site):
                if site.place not in found:
                    found[site.place] = site, class_, self._router(site, class_)
        return list(found.values())

    def _classes(self, site: Site) -> Iterator[ClassValue]:
        function = site.frame.module.facts.terms[site.term][1]
        for option in options_of(self.project.values.evaluate(site.frame, function)):
            if isinstance(option, (Member, FunctionValue)) and isinstance(
                option.receiver, ClassValue
            ):
                yield option.receiver

    def _router(self, site: Site, class_: ClassValue) -> Router:
        bases = self.project.classes.info(class_).externals
        library = next((base for base in bases if base.startswith(_PACKAGES)), "")
        return Router(
            self.name,
            library,
            site.place,
            site.frame,
            class_.name,
            False,
            self._prefix(site, class_),
        )

    def _prefix(self, site: Site, class_: ClassValue) -> str | None:
        """What the paths of a class begin with."""
        base = self._told(site, class_, Argument(1, "route_base"), _hyphenated(class_.name))
        prefix = self._told(site, class_, Argument(3, "route_prefix"), "")
        if base is None or prefix is None:
            return None
        return "".join(f"/{part.strip('/')}" for part in (prefix, base) if part.strip("/"))

    def _told(self, site: Site, class_: ClassValue, told: Argument, usual: str) -> str | None:
        """What a call is told, else an attribute of the class says."""
        if site.argument_term(told) >= 0:
            return site.text(told)
        attribute = literals.attribute_term(self.project, class_, told.keyword)
        return text_at(self.project, *attribute) if attribute is not None else usual

    @property
    def routers(self) -> list[Router]:
        """The registered classes."""
        return [router for _, _, router in self._registered]

    def routes(self) -> Iterator[Route]:
        """The methods of registered classes."""
        for site, class_, router in self._registered:
            for owner, number in self._methods(class_):
                frame = self.project.classes.frame_around(owner)
                module = owner.module
                function = FunctionValue(
                    self.project.frame_of_scope(module, owner.scope), number, Instance(class_)
                )
                ruled = self._rules.get((module.path, number), ())
                for decorator in ruled:
                    decorated = Site(self.project, frame, decorator, "route", router.place)
                    decorated.value = function
                    yield self.route(decorated, decorated.text(_RULE.path), _RULE)
                if not ruled:
                    yield self._plain(site, router, function)

    def _plain(self, site: Site, router: Router, function: FunctionValue) -> Route:
        """The route of a method that says nothing of its path."""
        module = function.module
        scope = module.facts.scopes[function.scope]
        special = _SPECIAL.get(scope.name)
        named = self._named.get((module.path, function.scope))
        methods = (special,) if special is not None else named or ("GET",)
        start = () if special is not None else (scope.name,)
        end = ("",) if self._ends_with_slash(site, function) else ()
        path = "".join(f"/{part}" for part in (*start, *_arguments(module, scope), *end))
        definition = literals.definition_term(module, function.scope)
        return Route(
            self.name,
            router.place,
            path,
            tuple(self.handlers(function, methods)),
            Place(module.path, definition),
        )

    def _ends_with_slash(self, site: Site, function: FunctionValue) -> bool:
        """Whether paths of registered methods end so: they do unless told otherwise."""
        told = site.argument(_SLASH)
        object_ = function.receiver
        if told is None and isinstance(object_, Instance):
            if isinstance(object_.class_, ClassValue):
                where = literals.attribute_term(self.project, object_.class_, _SLASH.keyword)
                told = self.project.values.evaluate(*where) if where is not None else None
        return not (isinstance(told, Constant) and told.value is False)

    def _methods(self, class_: ClassValue) -> Iterator[tuple[ClassValue, int]]:
        """The methods that are routes, each with the class that it is written in."""
        left_out = self._excluded(class_) | _OWN
        seen: set[str] = set()
        for owner in self.project.classes.info(class_).order:
            if not isinstance(owner, ClassValue):
                continue
            for number in self._functions_in(owner):
                name = owner.module.facts.scopes[number].name
                if name not in seen and name not in left_out:
                    seen.add(name)
                    if not name.startswith(("_", "before_", "after_")):
                        yield owner, number

    def _functions_in(self, class_: ClassValue) -> Iterator[int]:
        module = class_.module
        terms = module.facts.terms
        for term in module.facts.scopes[class_.scope].bindings.values():
            plain = t.unaliased(terms, term)
            if terms[plain][0] == t.DEFINITION:
                scope = module.facts.scopes[terms[plain][1]]
                if scope.is_function and not any(
                    terms[one][0] == t.NAME and terms[one][1] in _NO_ROUTES
                    for one in scope.decorators
                ):
                    yield terms[plain][1]

    def _excluded(self, class_: ClassValue) -> frozenset[str]:
        attribute = literals.attribute_term(self.project, class_, "excluded_methods")
        items = literals.items(self.project, *attribute) if attribute is not None else None
        texts = literals.strings(self.project, items) if items is not None else None
        return frozenset(texts or ())

    @cached_property
    def _rules(self) -> dict[tuple[str, int], list[int]]:
        """The ``@route`` of methods, by file and scope."""
        found: dict[tuple[str, int], list[int]] = {}
        for one in self.project.call_sites.decorated(_ROUTE):
            found.setdefault((one.around.module.path, one.scope_number), []).append(one.term)
        return found

    @cached_property
    def _named(self) -> dict[tuple[str, int], tuple[str, ...]]:
        """The HTTP methods that ``@method`` names, by file and scope."""
        found: dict[tuple[str, int], tuple[str, ...]] = {}
        for one in self.project.call_sites.decorated(_METHOD):
            site = Site(self.project, one.around, one.term, "method", None)
            text = site.text(Argument(0, "method"))
            key = (one.around.module.path, one.scope_number)
            found[key] = (*found.get(key, ()), *([text.upper()] if text else ()))
        return found

    def inclusions(self) -> Iterator[Inclusion]:
        """The applications and blueprints that classes are registered on."""
        flask = FlaskParts(self.project)
        for site, _, router in self._registered:
            value = site.argument(Argument(0, "app"))
            for parent in flask.places(value, site.frame) if value is not None else (None,):
                yield Inclusion(parent, router.place, site.place)

    def hooks(self) -> Iterator[Hook]:
        """What a class does before and after each of its routes."""
        for _, class_, router in self._registered:
            for name, kind in _HOOKS.items():
                for handler in self.handlers_of(class_, (name,)):
                    yield Hook(kind, router.place, handler.frame, router.place)


def _hyphenated(name: str) -> str:
    """A class's name as a path: ``QuotesOfDayView`` answers under ``quotes-of-day``."""
    name = name.removesuffix("View")
    for words in _WORDS:
        name = words.sub(r"\1-\2", name)
    return name.lower()


def _arguments(module: Module, scope: Scope) -> Iterator[str]:
    """The parts of the path that a method's arguments are."""
    for parameter in scope.parameters[1:]:
        if parameter.kind in ("positional", "any") and parameter.default < 0:
            entry = module.facts.terms[parameter.annotation] if parameter.annotation >= 0 else None
            named = entry[1] if entry is not None and entry[0] == t.NAME else ""
            converter = _CONVERTERS.get(named, "")
            yield f"<{converter}{parameter.name}>"


class Classful(Framework):
    """Hooks for both."""

    name = "Flask-Classful"
    modules = frozenset(_PACKAGES)

    def application_parts(self, project: Project) -> Iterator[Part]:
        """Registered classes and their methods."""
        return ClassfulParts(project).parts()


FRAMEWORK = Classful()
