"""What a Django project is made of: its trees of URLconfs, the views that these lead to, and what
stands around them.

Lists of patterns are followed through ``+``, ``+=``, ``*``, branches, calls that give lists, and
``append``. An ``include`` may name a module, a module's list, a list written there, or the URLs of
a router of another package.

Source: django/urls/conf.py, django/conf/urls/i18n.py, django/views/generic/base.py,
django/views/decorators/http.py of Django 6.1.3; rest_framework/decorators.py of Django REST
framework 3.18.3.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.django.class_views import ACTIONS, answered, overrides
from fwp_checks.frameworks.django.configuration.held import texts_of
from fwp_checks.frameworks.django.configuration.production import Production
from fwp_checks.frameworks.django.configuration.runs import Interpreter
from fwp_checks.frameworks.django.models import Models
from fwp_checks.frameworks.registered import METHODS
from fwp_checks.frameworks.web_parts import PartFinder
from fwp_checks.project.application.model import (
    Handler,
    Hook,
    HookKind,
    Inclusion,
    Part,
    Route,
    Router,
)
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.mappings import roots_of
from fwp_checks.project.meaning.origins import Place, made_at
from fwp_checks.project.meaning.rounds import rounds
from fwp_checks.project.meaning.texts import text_at
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    ClassValue,
    External,
    FunctionValue,
    Instance,
    ModuleValue,
    Partial,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

URLCONF = "URLconf"
"""The class that these routers are said to be of: Django has none for lists of patterns."""
_INCLUDES = frozenset(
    {"django.urls.include", "django.conf.urls.include", "django.urls.conf.include"}
)
_LANGUAGES = "django.conf.urls.i18n.i18n_patterns"
_AS_VIEW = "django.views.View.as_view"
# Decorators that say which HTTP methods a view answers; None: the methods are their argument.
_ALLOWING: dict[str, tuple[str, ...] | None] = {
    "django.views.decorators.http.require_http_methods": None,
    "django.views.decorators.http.require_GET": ("GET",),
    "django.views.decorators.http.require_POST": ("POST",),
    "django.views.decorators.http.require_safe": ("GET", "HEAD"),
    "rest_framework.decorators.api_view": None,
    "adrf.decorators.api_view": None,
}
_MIDDLEWARE_METHODS = (
    *("__call__", "process_request", "process_view", "process_response", "process_exception"),
    "process_template_response",
)
_NAME = "Django"
_MOST_STEPS = 30


class URLconfs(PartFinder):
    """Finds them."""

    name = _NAME

    def __init__(self, project: Project) -> None:
        super().__init__(project)
        self._found: dict[Part, None] = {}
        self._seen: set[tuple[Place, Place]] = set()
        # The lists of the URLconf that is being read, to which statements may add.
        self._lists: set[int] = set()

    def parts(self) -> Iterator[Part]:
        """The URLconfs first, then what is in them, then middleware."""
        for module in self._modules:
            self._conf(module)
        roots = self._roots or self._tops()
        for module in self._modules:
            frame = self.project.module_frame(module)
            yield Router(_NAME, URLCONF, self._place(module), frame, "urlpatterns", module in roots)
        yield from self._found
        yield from dict.fromkeys(self._middleware())

    def _add(self, part: Part) -> None:
        self._found.setdefault(part)

    # -- URLconfs ----------------------------------------------------------------------------------

    @cached_property
    def _modules(self) -> list[Module]:
        return [
            module
            for module in self.project.table.modules
            if "urlpatterns" in module.facts.scopes[0].bindings
            and not module.is_test
            and not module.is_read_only
        ]

    @cached_property
    def _roots(self) -> set[Module]:
        """The URLconfs that settings name."""
        found: set[Module] = set()
        for module in Production.of(self.project).modules:
            for text in self._named_by(module):
                conf = self.project.table.find(text, module)
                if conf is not None and conf in self._modules:
                    found.add(conf)
        return found

    def _named_by(self, module: Module) -> Iterator[str]:
        """What a settings module, or a class in it, names as ROOT_URLCONF."""
        frame = self.project.module_frame(module)
        for scope in module.facts.scopes:
            term = scope.bindings.get("ROOT_URLCONF", -1) if not scope.is_function else -1
            entry = module.facts.terms[term] if term >= 0 else t.NOTHING
            options = entry[1] if entry[0] == t.JOIN else (term,)
            texts = [text_at(self.project, frame, o) for o in options if term >= 0]
            yield from (text for text in texts if text)
            if texts and not any(texts) and scope.kind == "module":
                held = Interpreter(self.project).setting(module, "ROOT_URLCONF")
                yield from texts_of(held) if held is not None else ()

    @staticmethod
    def _place(module: Module) -> Place:
        return Place(module.path, module.facts.scopes[0].bindings["urlpatterns"])

    def _tops(self) -> list[Module]:
        """The URLconf that no other one includes, of several the one that includes most."""
        found = [part for part in self._found if isinstance(part, Inclusion)]
        included = {part.child for part in found}
        parents = Counter(part.parent for part in found)
        tops = [module for module in self._modules if self._place(module) not in included]
        tops.sort(key=lambda module: -parents[self._place(module)])
        if len(tops) > 1 and parents[self._place(tops[0])] == parents[self._place(tops[1])]:
            return []
        return tops[:1]

    def _conf(self, module: Module) -> None:
        frame = self.project.module_frame(module)
        place = self._place(module)
        self._lists = set()
        self._visit(frame, place.term, place, "", 0)
        for call in module.calls_in(0):
            function = module.facts.terms[module.facts.terms[call][1]]
            if function[0] == t.ATTR and function[2] in ("append", "extend", "insert"):
                if not self._lists.isdisjoint(roots_of(module.facts.terms, function[1])):
                    for argument in module.facts.terms[call][2][-1:]:
                        self._visit_rounds(frame, argument, place, "", 0)

    # -- lists of patterns -------------------------------------------------------------------------

    def _visit(
        self, frame: Frame, term: int, router: Place, prefix: str | None, steps: int
    ) -> None:
        """What a term puts into a list of patterns."""
        if steps > _MOST_STEPS or (Place(frame.module.path, term), router) in self._seen:
            return
        self._seen.add((Place(frame.module.path, term), router))
        entry = frame.module.facts.terms[term]
        kind = entry[0]
        if kind in (t.JOIN, t.SEQUENCE):
            if frame.module.path == router.path and kind == t.SEQUENCE:
                self._lists.add(term)
            for item in entry[1] if kind == t.JOIN else entry[2]:
                self._visit(frame, item, router, prefix, steps + 1)
        elif kind in (t.ALIAS, t.NARROW, t.STAR, t.DECLARED) and entry[1] >= 0:
            self._visit(frame, entry[1], router, prefix, steps + 1)
        elif kind == t.BINARY:
            if frame.module.path == router.path:
                self._lists.add(term)
            for item in entry[2:4]:
                self._visit(frame, item, router, prefix, steps + 1)
        elif kind == t.COMPREHENSION:
            self._visit_rounds(frame, entry[2], router, prefix, steps + 1)
        elif kind == t.CALL:
            self._call(frame, term, router, prefix, steps)
        elif kind == t.ATTR and entry[2] == "urls":
            self._urls_of(frame, term, router, prefix, Place(frame.module.path, term))
        else:
            bound = self._bound(frame, entry)
            if bound is not None:
                self._visit(*bound, router, prefix, steps + 1)

    def _visit_rounds(
        self, frame: Frame, term: int, router: Place, prefix: str | None, steps: int
    ) -> None:
        """What each round of a loop puts into a list of patterns."""
        for around in rounds(self.project, frame, (term,)):
            self._seen.discard((Place(frame.module.path, term), router))
            self._visit(around, term, router, prefix, steps)

    def _bound(self, frame: Frame, entry: t.Term) -> tuple[Frame, int] | None:
        """Where a name, import or attribute of a module is bound."""
        if entry[0] == t.NAME:
            return self._in_module(frame.module, entry[1])
        if entry[0] == t.IMPORT and entry[2] is not None:
            table, (_, name, attribute, level) = self.project.table, entry
            find = table.find_relative(name, level, frame.module) if level else None
            module = find or (None if level else table.find(name, frame.module))
            return self._in_module(module, attribute) if module is not None else None
        if entry[0] == t.ATTR:
            base = self.project.values.evaluate(frame, entry[1])
            if isinstance(base, ModuleValue):
                return self._in_module(base.module, entry[2])
        return None

    def _in_module(self, module: Module, name: str) -> tuple[Frame, int] | None:
        term = module.facts.scopes[0].bindings.get(name, -1)
        return (self.project.module_frame(module), term) if term >= 0 else None

    def _call(self, frame: Frame, term: int, router: Place, prefix: str | None, steps: int) -> None:
        entry = frame.module.facts.terms[term]
        for option in options_of(self.project.values.evaluate(frame, entry[1])):
            if isinstance(option, FunctionValue):
                inner = self.project.calls.frame_for(option, NO_ARGUMENTS)
                for returned in inner.scope.returns:
                    self._visit(inner, returned, router, prefix, steps + 1)
            elif isinstance(option, External):
                last = option.name.rpartition(".")[2]
                if last == "url" or last.endswith("path"):
                    self._path(frame, term, router, prefix)
                    return
                own = prefix if option.name != _LANGUAGES else _joined(prefix, "<language>/")
                if not option.name.endswith(".static"):
                    for argument in entry[2]:
                        self._visit(frame, argument, router, own, steps + 1)

    # -- path() ------------------------------------------------------------------------------------

    def _path(self, frame: Frame, term: int, router: Place, prefix: str | None) -> None:
        """A call of ``path()`` or one of its kin: a route, or an inclusion."""
        entry = frame.module.facts.terms[term]
        keywords = dict(entry[3])
        pattern = entry[2][0] if entry[2] else keywords.get("route", keywords.get("regex", -1))
        view = entry[2][1] if len(entry[2]) > 1 else keywords.get("view", -1)
        name = entry[2][3] if len(entry[2]) > 3 else keywords.get("name", -1)
        if view < 0:
            return
        text = text_at(self.project, frame, pattern) if pattern >= 0 else None
        whole = _joined(prefix, _plain(text))
        place = Place(frame.module.path, term)
        viewed = frame.module.facts.terms[view]
        if viewed[0] == t.ATTR and viewed[2] == "urls":
            self._urls_of(frame, view, router, whole, place)
            return
        if viewed[0] == t.CALL:
            called = self.project.values.evaluate(frame, viewed[1])
            if isinstance(called, External) and called.name in _INCLUDES:
                given = [*viewed[2][:1], *[v for k, v in viewed[3] if k == "arg"]]
                for argument in given:
                    self._include(frame, argument, router, whole, place)
                return
        handlers = tuple(self._viewed(frame, view))
        named = text_at(self.project, frame, name) if name >= 0 else ""
        inner = tuple(dict.fromkeys(self._overrides(frame, view, handlers)))
        self._add(Route(_NAME, router, whole, handlers, place, named or "", overrides=inner))

    def _overrides(
        self, frame: Frame, term: int, handlers: tuple[Handler, ...], depth: int = 0
    ) -> Iterator[Handler]:
        """The methods that what a class of views inherits calls, seen through decorators."""
        known = {handler.frame.name for handler in handlers}
        for option in options_of(self.project.values.evaluate(frame, term)):
            if isinstance(option, Instance) and option.class_ == _AS_VIEW:
                if isinstance(option.arguments[0], ClassValue):
                    if self._actions(frame, term):
                        known.update(ACTIONS)
                    yield from overrides(self, option.arguments[0], known)
                    return
        entry = frame.module.facts.terms[term]
        if entry[0] == t.CALL and depth < _MOST_STEPS:
            for argument in (*entry[2], *(value for _, value in entry[3])):
                yield from self._overrides(frame, argument, handlers, depth + 1)

    def _include(
        self, frame: Frame, term: int, parent: Place, prefix: str | None, place: Place
    ) -> None:
        entry = frame.module.facts.terms[term]
        if entry[0] == t.SEQUENCE and entry[1] == "tuple" and entry[2]:
            self._include(frame, entry[2][0], parent, prefix, place)
            return
        if entry[0] == t.ATTR and entry[2] == "urls":
            base = self.project.values.evaluate(frame, entry[1])
            if made_at(base):
                self._urls_of(frame, term, parent, prefix, place)
                return
        text = text_at(self.project, frame, term)
        value = self.project.values.evaluate(frame, term)
        conf = self.project.table.find(text, frame.module) if text else None
        if conf is None and isinstance(value, ModuleValue):
            conf = value.module
        if conf is not None:
            child = self._place(conf) if "urlpatterns" in conf.facts.scopes[0].bindings else None
            self._add(Inclusion(parent, child, place, prefix, what="" if child else conf.name))
        elif text:
            self._add(Inclusion(parent, None, place, prefix, what=text))
        elif isinstance(value, External):
            self._add(Inclusion(parent, None, place, prefix, what=value.name))
        else:
            # A list that is written or bound somewhere: its patterns are the parent's own.
            self._visit(frame, term, parent, prefix, 0)

    def _urls_of(
        self, frame: Frame, term: int, parent: Place, prefix: str | None, place: Place
    ) -> None:
        """``router.urls``, ``api.urls``, ``admin.site.urls``."""
        base = self.project.values.evaluate(frame, frame.module.facts.terms[term][1])
        places = made_at(base)
        for child in places:
            self._add(Inclusion(parent, child, place, prefix))
        if not places:
            what = self.library_name(base)
            self._add(Inclusion(parent, None, place, prefix, what=what or "?"))

    # -- views -------------------------------------------------------------------------------------

    def _viewed(self, frame: Frame, term: int, depth: int = 0) -> Iterator[Handler]:
        """The handlers behind a view, seen through decorators that are called with it."""
        found = False
        for option in options_of(self.project.values.evaluate(frame, term)):
            while isinstance(option, Partial):
                option = option.function
            if isinstance(option, Instance) and option.class_ == _AS_VIEW:
                class_ = option.arguments[0]
                if isinstance(class_, ClassValue):
                    found = True
                    yield from self._of_class(frame, term, class_)
            else:
                function, wrappers = self.unwrapped(option)
                if isinstance(function, FunctionValue):
                    found = True
                    yield self._of_function(function, wrappers)
        entry = frame.module.facts.terms[term]
        if not found and depth < _MOST_STEPS:
            defined = self._defined(frame, term)
            if defined is not None:
                yield self._of_function(defined, ())
            elif entry[0] == t.CALL:
                for argument in (*entry[2], *(value for _, value in entry[3])):
                    yield from self._viewed(frame, argument, depth + 1)

    def _defined(self, frame: Frame, term: int) -> FunctionValue | None:
        """The function of a name whose decorators leave it unknown what it is."""
        entry = frame.module.facts.terms[term]
        for _ in range(_MOST_STEPS):
            if entry[0] == t.DEFINITION:
                is_function = frame.module.facts.scopes[entry[1]].kind == "function"
                return FunctionValue(frame, entry[1]) if is_function else None
            bound = self._bound(frame, entry)
            if bound is None:
                return None
            frame, entry = bound[0], bound[0].module.facts.terms[bound[1]]
        return None

    def _of_function(self, function: FunctionValue, wrappers: tuple[Frame, ...]) -> Handler:
        frame = self.project.calls.frame_for(function, NO_ARGUMENTS)
        return Handler(frame, self._allowed(function), None, wrappers)

    def _allowed(self, function: FunctionValue) -> tuple[str, ...]:
        """The HTTP methods that the decorators of a view let through; empty for any."""
        terms = function.module.facts.terms
        for decorator in function.module.facts.scopes[function.scope].decorators:
            entry = terms[decorator]
            called = entry[1] if entry[0] == t.CALL else decorator
            value = self.project.values.evaluate(function.frame, called)
            if isinstance(value, External) and value.name in _ALLOWING:
                allowed = _ALLOWING[value.name]
                if allowed is not None:
                    return allowed
                if entry[0] != t.CALL:
                    return ("GET",)
                given = [*entry[2][:1], *[argument for _, argument in entry[3]]]
                for argument in given:
                    items = literals.items(self.project, function.frame, argument)
                    texts = literals.strings(self.project, items) if items is not None else None
                    return tuple(text.upper() for text in texts or ())
        return ()

    def _of_class(self, frame: Frame, term: int, class_: ClassValue) -> Iterator[Handler]:
        actions = self._actions(frame, term)
        allowed = answered(self.project, class_)
        if not actions:
            yield from self.handlers_of(class_, METHODS, allowed)
            return
        for method, action in actions:
            if allowed and method.upper() not in allowed:
                continue
            for handler in self.handlers_of(class_, (action,)):
                yield Handler(handler.frame, (method.upper(),), class_, handler.wrappers)

    def _actions(self, frame: Frame, term: int) -> list[tuple[str, str]]:
        """What ``as_view({"get": "list"})`` of a viewset says."""
        terms = frame.module.facts.terms
        entry = terms[term]
        if entry[0] != t.CALL:
            return []
        for argument in [*entry[2][:1], *[v for k, v in entry[3] if k == "actions"]]:
            mapping = terms[t.unaliased(terms, argument)]
            if mapping[0] == t.MAPPING:
                pairs = [(terms[k], terms[v]) for k, v in mapping[1] if k >= 0]
                return [
                    (str(k[1]), str(v[1])) for k, v in pairs if k[0] == t.CONST and v[0] == t.CONST
                ]
        return []

    # -- middleware --------------------------------------------------------------------------------

    def _middleware(self) -> Iterator[Hook]:
        settings = Models.of(self.project).settings
        roots = [self._place(module) for module in self._roots]
        root = roots[0] if len(roots) == 1 else None
        seen = set()
        for module, dotted in settings.strings("MIDDLEWARE")[0]:
            # A list of another module may be changed without being bound.
            term = module.facts.scopes[0].bindings.get("MIDDLEWARE", 0)
            for frame in self._frames_of(settings.imported(module, dotted)):
                if frame not in seen:
                    seen.add(frame)
                    yield Hook(HookKind.MIDDLEWARE, root, frame, Place(module.path, term))

    def _frames_of(self, value: Value) -> Iterator[Frame]:
        for option in options_of(value):
            if isinstance(option, ClassValue):
                for handler in self.handlers_of(option, _MIDDLEWARE_METHODS):
                    yield handler.frame
            elif isinstance(option, FunctionValue):
                made = self.project.calls.invoke(option, NO_ARGUMENTS).result
                for inner in options_of(made):
                    if isinstance(inner, FunctionValue):
                        yield self.project.calls.frame_for(inner, NO_ARGUMENTS)


def _plain(pattern: str | None) -> str | None:
    """A pattern without the marks of a regular expression's ends."""
    return pattern.removeprefix("^").removesuffix("$") if pattern is not None else None


def _joined(prefix: str | None, path: str | None) -> str | None:
    return prefix + path if prefix is not None and path is not None else None
