"""The routes of routers of Django REST framework: a path for lists, one for single objects, one for
each extra action of a viewset.

Source: rest_framework/routers.py and decorators.py of Django REST framework 3.18.3;
rest_framework_nested/routers.py of drf-nested-routers 0.94.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.django.class_views import answered, overrides
from fwp_checks.frameworks.registered import METHODS
from fwp_checks.frameworks.registrations import Argument, Making, Site
from fwp_checks.frameworks.web_parts import PartFinder
from fwp_checks.project.application.model import Handler, Inclusion, Route
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.origins import made_at
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    ClassValue,
    Constant,
    External,
    FunctionValue,
    Instance,
    options_of,
)

_ROUTERS = (
    *(f"rest_framework.routers.{name}" for name in ("DefaultRouter", "SimpleRouter")),
    *("rest_framework.routers.BaseRouter", "rest_framework.routers.APIRootRouter"),
    *(f"rest_framework_nested.routers.{name}" for name in ("DefaultRouter", "SimpleRouter")),
    *("rest_framework_nested.routers.NestedSimpleRouter",),
    *("rest_framework_nested.routers.NestedDefaultRouter",),
    *("rest_framework_extensions.routers.ExtendedDefaultRouter",),
    *("rest_framework_extensions.routers.ExtendedSimpleRouter", "rest_framework_bulk.BulkRouter"),
    *("adrf.routers.DefaultRouter", "adrf.routers.SimpleRouter"),
)
_ACTION = frozenset({"rest_framework.decorators.action", "rest_framework.decorators.detail_route"})
_LIST = {"list": "GET", "create": "POST"}
_DETAIL = {"retrieve": "GET", "update": "PUT", "partial_update": "PATCH", "destroy": "DELETE"}
# The actions that the library's classes have, by the last part of their names.
_INHERITED = {
    "ModelViewSet": (*_LIST, *_DETAIL),
    "ReadOnlyModelViewSet": ("list", "retrieve"),
    "ListModelMixin": ("list",),
    "CreateModelMixin": ("create",),
    "RetrieveModelMixin": ("retrieve",),
    "UpdateModelMixin": ("update", "partial_update"),
    "DestroyModelMixin": ("destroy",),
}
_PREFIX = Argument(0, "prefix")
_VIEWSET = Argument(1, "viewset")
_BASENAME = Argument(2, "basename")
_SLASH = Argument(0, "trailing_slash")


@dataclass(slots=True, unsafe_hash=True)
class _Extra:
    """A method that a router routes beside the standard ones: the decorator and the name of the
    action that it belongs to; ``method`` is the one that it answers if that is another function.
    """

    function: FunctionValue
    decorator: int
    name: str
    method: str


class RouterParts(PartFinder):
    """Finds them. A router is part of a URLconf by its ``urls``."""

    name = "Django REST framework"
    makings = (Making(_ROUTERS, False),)

    def routes(self) -> Iterator[Route]:
        """The routes of every viewset that is registered."""
        for site in self.calls(("register",), (_PREFIX, _VIEWSET)):
            for option in options_of(site.argument(_VIEWSET) or Constant(None)):
                if isinstance(option, ClassValue):
                    yield from self._of_viewset(site, option)

    def inclusions(self) -> Iterator[Inclusion]:
        """A router takes the viewsets of another: ``router.registry.extend(other.registry)``."""
        for site in self.calls(("registry.extend",)):
            term = site.argument_term(_PREFIX)
            entry = site.frame.module.facts.terms[term] if term >= 0 else t.NOTHING
            if entry[0] == t.ATTR and entry[2] == "registry":
                for child in made_at(self.project.values.evaluate(site.frame, entry[1])):
                    yield Inclusion(site.router, child, site.place)

    def _path(self, site: Site, *parts: str | None) -> str | None:
        """The path of a route of a viewset; those of a router may end without a slash."""
        whole = [site.text(_PREFIX), *parts]
        written = [part for part in whole if part]
        if None in whole or not written:
            return None if None in whole else ""
        made = self.made.get(site.router) if site.router is not None else None
        is_bare = made is not None and made[0].argument(_SLASH) == Constant(False)
        return "/".join(written) + ("" if is_bare else "/")

    def _of_viewset(self, site: Site, class_: ClassValue) -> Iterator[Route]:
        actions = self._actions(class_)
        start, detail = self._path(site), self._path(site, f"{{{self._lookup(class_)}}}")
        for path, methods, name in ((start, _LIST, "list"), (detail, _DETAIL, "detail")):
            if any(action in actions for action in methods):
                handlers = [h for action in methods for h in self._handled(class_, action, methods)]
                inner = tuple(overrides(self, class_, {*_LIST, *_DETAIL}))
                named = _named(site, name) if site.text(_BASENAME) else ""
                at = (self.name, site.router, path, tuple(handlers), site.place)
                yield Route(*at, named, overrides=inner)
        for extra in self._extra(class_):
            yield self._of_action(site, class_, extra)

    def _handled(
        self, class_: ClassValue, action: str, methods: dict[str, str]
    ) -> Iterator[Handler]:
        allowed = answered(self.project, class_)
        if not allowed or methods[action] in allowed:
            for handler in self.handlers_of(class_, (action,)):
                yield Handler(handler.frame, (methods[action],), class_, handler.wrappers)

    def _actions(self, class_: ClassValue) -> set[str]:
        """The standard actions that a viewset has."""
        info = self.project.classes.info(class_)
        found = {
            action
            for base in info.externals
            for action in _INHERITED.get(base.rpartition(".")[2], ())
        }
        for owner in info.order:
            if isinstance(owner, ClassValue):
                bindings = owner.module.facts.scopes[owner.scope].bindings
                found.update(action for action in (*_LIST, *_DETAIL) if action in bindings)
        return found

    def _lookup(self, class_: ClassValue) -> str:
        for name in ("lookup_url_kwarg", "lookup_field"):
            text = literals.text_of(self.project.members.find_in_class(class_, name))
            if text:
                return text
        return "pk"

    def _extra(self, class_: ClassValue) -> Iterator[_Extra]:
        """The methods under ``@action``, and under ``@….mapping.delete`` of one of these."""
        seen: set[str] = set()
        for owner in self.project.classes.info(class_).order:
            if not isinstance(owner, ClassValue):
                continue
            facts = owner.module.facts
            frame = self.project.classes.frame_around(owner)
            for name, term in facts.scopes[owner.scope].bindings.items():
                entry = facts.terms[term]
                if entry[0] != t.DEFINITION or name in seen:
                    continue
                seen.add(name)
                function = FunctionValue(frame, entry[1], Instance(class_))
                for decorator in facts.scopes[entry[1]].decorators:
                    method, mapped = _mapped(facts.terms, decorator)
                    action = entry[1] if mapped < 0 else mapped
                    for declared in facts.scopes[action].decorators if mapped >= 0 else [decorator]:
                        if self._is_action(frame, declared):
                            own = facts.scopes[action].name
                            yield _Extra(function, declared, own, method)

    def _is_action(self, frame: Frame, decorator: int) -> bool:
        made = frame.module.facts.terms[decorator]
        called = made[1] if made[0] == t.CALL else decorator
        value = self.project.values.evaluate(frame, called)
        return isinstance(value, External) and value.name in _ACTION

    def _of_action(self, site: Site, class_: ClassValue, extra: _Extra) -> Route:
        declared = Site(self.project, extra.function.frame, extra.decorator, "", site.router)
        is_detail = declared.argument(Argument(-1, "detail")) == Constant(True)
        own = extra.name
        before = [f"{{{self._lookup(class_)}}}"] if is_detail else []
        whole = self._path(site, *before, declared.text(Argument(-1, "url_path"), own))
        methods = tuple(m.upper() for m in declared.texts(Argument(0, "methods"))) or ("GET",)
        if extra.method:
            methods = (extra.method,)
        frame = self.project.calls.frame_for(extra.function, NO_ARGUMENTS)
        handler = Handler(frame, methods, class_)
        name = declared.text(Argument(-1, "url_name"), own.replace("_", "-"))
        return Route(self.name, site.router, whole, (handler,), site.place, _named(site, name))


def _mapped(terms: list[t.Term], decorator: int) -> tuple[str, int]:
    """The HTTP method of ``@action.mapping.delete``, and the scope of that action; -1 for no other
    function's.
    """
    entry = terms[decorator]
    if entry[0] == t.ATTR and entry[2] in METHODS:
        base = terms[entry[1]]
        if base[0] == t.ATTR and base[2] == "mapping" and terms[base[1]][0] == t.DEFINITION:
            return str(entry[2]).upper(), int(terms[base[1]][1])
    return "", -1


def _named(site: Site, name: str | None) -> str:
    """The name of a route: that of its viewset, where it is written, and its own behind it."""
    return f"{site.text(_BASENAME) or ''}-{name}" if name else ""
