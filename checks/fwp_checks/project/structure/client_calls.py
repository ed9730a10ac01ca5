"""Which routes tests speak of: the paths and names of routes that are written in test code.

A test reaches a route by its path (``client.get("/users/1")``), by its name (``url_for("users")``,
``reverse("users")``), or by calling its handler. Texts count wherever they stand in test code, for
they may be handed to a client anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.application.model import Inclusion, Route, Router
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.origins import Place

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_CLIENT = frozenset(
    {
        "get",
        "post",
        "put",
        "patch",
        "delete",
        "head",
        "options",
        "open",
        "request",
        "websocket_connect",
    }
)
_TESTING = frozenset({"django.test", "rest_framework.test", "pytest", "unittest"})
_NAMING = frozenset({"url_for", "reverse", "url_path_for", "reverse_lazy", "resolve_url"})
# How their first parameter is called.
_NAMED = frozenset({"viewname", "endpoint", "name", "to"})
# https://schemathesis.readthedocs.io/en/stable/: what loads the schema whose routes it calls.
_SCHEMAS = frozenset(
    {"from_asgi", "from_wsgi", "from_url", "from_uri", "from_dict", "from_path", "from_file",
     "from_fixture", "from_pytest_fixture"}
)  # fmt: skip
_LISTS = frozenset({"openapi", "routes", "url_map", "iter_rules"})
# Where a text is not written, or a path takes a parameter.
_ANY = "\0"
# What it names the routes of viewsets by: that of a model that no registration tells, and this.
_WITH_ROUTERS = "Django REST framework"
_OF_VIEWSETS = frozenset({f"{_ANY}-list", f"{_ANY}-detail"})
_PARAMETER = re.compile(r"\{[^}]*\}|<[^>]*>|\(\?P<\w+>[^)]*\)")
_NAME = re.compile(r"[\w-]+(?:[.:][\w-]+)*")
_ORIGIN = re.compile(r"^\w+://[^/]*")

Segments = tuple[str, ...]


class ClientCalls:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project

    @cached_property
    def _modules(self) -> list[Module]:
        known = [one for one in self._project.table.modules if one.is_test or _serves_tests(one)]
        return [*known, *self._project.test_code.modules]

    @cached_property
    def is_known(self) -> bool:
        """Whether there are tests that call routes, all of which could be read, and none that calls
        whatever a schema or the application lists.
        """
        if any(module.facts.problem is not None for module in self._modules):
            return False
        if any(map(_calls_all, self._modules)):
            return False
        return any(self._calls_route(module) for module in self._modules)

    def _calls_route(self, module: Module) -> bool:
        terms = module.facts.terms
        for term in module.calls:
            called = terms[terms[term][1]]
            if called[0] != t.ATTR or called[2] not in _CLIENT:
                continue
            if any(_written(terms, argument).startswith("/") for argument in terms[term][2]):
                return True
        return any(_last_name(terms, terms[term][1]) in _NAMING for term in module.calls)

    def is_called(self, route: Route) -> bool:
        """Whether a test may reach a route; also where its path is not written."""
        names = self._names_of(route)
        if not self._names.isdisjoint(names):
            return True
        if route.framework == _WITH_ROUTERS and not route.name:
            names |= _OF_VIEWSETS
        if any(_fits(pattern, name) for pattern in self._patterns for name in names):
            return True
        return any(path is None or self._reaches(path) for path in self._paths(route))

    # -- routes ------------------------------------------------------------------------------------

    def _names_of(self, route: Route) -> set[str]:
        names = {handler.frame.scope.name for handler in route.handlers if handler.class_ is None}
        names |= {handler.class_.name for handler in route.handlers if handler.class_ is not None}
        names |= {route.name, self._name_of_view(route.place)}
        return names - {"", _ANY}

    def _name_of_view(self, place: Place) -> str:
        """The name that a registration gives a view, ``Users.as_view("users")``."""
        terms = self._project.table.by_path[place.path].facts.terms
        entry = terms[place.term]
        given = (*entry[2], *[term for _, term in entry[3]]) if entry[0] == t.CALL else ()
        for term in given:
            made = terms[t.unaliased(terms, term)]
            if made[0] == t.CALL and _last_name(terms, made[1]) == "as_view" and made[2]:
                return _written(terms, made[2][0])
        return ""

    def _paths(self, route: Route) -> Iterator[Segments | None]:
        """The end of a route's path, as far as it is written; None if there is too little of it."""
        applications = self._project.applications
        router = applications.routers.get(route.router) if route.router is not None else None
        if route.path is None:
            yield None
            return
        own = router.prefix if router is not None else None
        included = list(self._inclusions(router))
        # What an inclusion puts in the place of the router's own prefix comes before, if any does.
        befores = dict.fromkeys(one.prefix if one.replaces else own for one in included)
        for before in befores or (own,):
            segments = _segments(f"{before or ''}/{route.path}")
            if segments and any(_ANY not in segment for segment in segments):
                yield segments
                continue
            prefixes = [one.prefix for one in included if not one.replaces]
            for prefix in prefixes:
                longer = (*_segments(prefix), *segments) if prefix is not None else None
                yield longer if longer or self._is_top(router) else None
            if not prefixes:
                yield segments if self._is_top(router) else None

    def _inclusions(self, router: Router | None) -> Iterator[Inclusion]:
        for inclusion in self._project.applications.inclusions:
            if router is not None and inclusion.child == router.place:
                yield inclusion

    @staticmethod
    def _is_top(router: Router | None) -> bool:
        return router is not None and router.is_application

    # -- tests -------------------------------------------------------------------------------------

    @cached_property
    def _texts(self) -> set[Segments]:
        """The paths that are written in test code."""
        found: set[Segments] = set()
        for module in self._modules:
            terms = module.facts.terms
            for kind in (t.CONST, t.FORMAT, t.BINARY):
                for term in module.of_kind(kind):
                    # A query may be written on a line of its own.
                    text = _written(terms, term).partition("?")[0].strip()
                    if "/" in text and " " not in text:
                        found.add(_segments(_ORIGIN.sub("", text)))
        # What is nothing but variables could be any path.
        return {text for text in found if not text or any(part.strip(_ANY) for part in text)}

    @cached_property
    def _by_length(self) -> dict[int, list[Segments]]:
        found: dict[int, list[Segments]] = {}
        for text in self._texts:
            found.setdefault(len(text), []).append(text)
        return found

    @cached_property
    def _names(self) -> set[str]:
        """The names that are written in test code where a route is named, and what it imports."""
        found: set[str] = set()
        for module in self._modules:
            terms = module.facts.terms
            found.update(imported.attribute or imported.module for imported in module.facts.imports)
            for term in module.calls:
                called = _last_name(terms, terms[term][1])
                if called in self._helpers:
                    for name in _texts_given(terms, terms[term]):
                        found.update(_parts(name))
                for argument in _first(terms[term]) if called in _NAMING else ():
                    named = self._named(terms, argument)
                    for name in _listed(module) if named <= {_ANY} else named:
                        found.update(_parts(name))
            for term in module.of_kind(t.ATTR):
                base = terms[terms[term][1]]
                if base[0] == t.NAME:
                    bound = module.facts.scopes[0].bindings.get(base[1], -1)
                    base = terms[bound] if bound >= 0 else base
                if base[0] == t.IMPORT:
                    found.add(terms[term][2])
        return found - {""}

    @cached_property
    def _patterns(self) -> set[str]:
        """The names that test code puts together, ``f"{model}-list"``: what is written of them."""
        found: set[str] = set()
        for module in self._modules:
            terms = module.facts.terms
            for term in module.calls:
                if _last_name(terms, terms[term][1]) in _NAMING:
                    for argument in _first(terms[term]):
                        last = re.split(r"[.:]", _written(terms, argument))[-1]
                        if _ANY in last and last.strip(_ANY):
                            found.add(last)
        return found

    @cached_property
    def _helpers(self) -> set[str]:
        """The functions of test code that are handed the name of a route, and ask for its path."""
        found: set[str] = set()
        for module in self._modules:
            terms = module.facts.terms
            for term in module.calls:
                if _last_name(terms, terms[term][1]) in _NAMING:
                    given = [terms[t.unaliased(terms, one)] for one in _first(terms[term])]
                    if any(entry[0] == t.PARAM for entry in given):
                        found.add(module.facts.scopes[module.scope_of(term)].name)
        return found - {""}

    def _named(self, terms: list[t.Term], term: int) -> set[str]:
        """The texts that an argument may be: one that is written, or a constant's."""
        entry = terms[t.unaliased(terms, term)]
        if entry[0] in (t.ATTR, t.NAME, t.IMPORT):
            return self._constants.get(_last_name(terms, t.unaliased(terms, term)), set())
        return {_written(terms, term)}

    @cached_property
    def _constants(self) -> dict[str, set[str]]:
        """The texts that classes and modules of test code bind, by the name."""
        found: dict[str, set[str]] = {}
        for module in self._modules:
            terms = module.facts.terms
            for scope in module.facts.scopes:
                for name, term in scope.bindings.items() if not scope.is_function else ():
                    entry = terms[t.unaliased(terms, term)] if term >= 0 else ()
                    if entry and entry[0] == t.CONST and isinstance(entry[1], str):
                        found.setdefault(name, set()).add(entry[1])
        return found

    def _reaches(self, path: Segments) -> bool:
        """Whether some text in test code ends as a path does."""
        length = len(path)
        for size, texts in self._by_length.items():
            for text in texts if size >= length else ():
                if length == 0 and size:
                    continue
                end = text[size - length :]
                if all(map(_fits, end, path)):
                    return True
            # A part that is not written may be several segments.
            for text in texts if 0 < size < length else ():
                if not text[0].strip(_ANY) and all(map(_fits, text[1:], path[length - size + 1 :])):
                    return True
        return False


def _serves_tests(module: Module) -> bool:
    """Whether code is for tests, wherever it lies: it imports what only tests use."""
    return any(one.module in _TESTING and not one.level for one in module.facts.imports)


def _calls_all(module: Module) -> bool:
    """Whether tests call what is listed elsewhere: by schemathesis, or with a method and a path
    that are read from a schema or from the application's routes.
    """
    imported = {entry.module.partition(".")[0] for entry in module.facts.imports}
    terms = module.facts.terms
    names = {_last_name(terms, terms[term][1]): term for term in module.calls}
    if "schemathesis" in imported and not _SCHEMAS.isdisjoint(names):
        return True
    if "iter_rules" in names and any(_is_any_call(terms, terms[term]) for term in module.calls):
        return True
    if "request" not in names or not _lists_routes(module):
        return False
    return any(
        _last_name(terms, terms[term][1]) == "request" and _is_any_request(terms, terms[term])
        for term in module.calls
    )


def _lists_routes(module: Module) -> bool:
    terms = module.facts.terms
    return any(terms[term][2] in _LISTS for term in module.of_kind(t.ATTR)) or any(
        isinstance(terms[term][1], str) and "openapi" in terms[term][1]
        for term in module.of_kind(t.CONST)
    )


def _is_any_call(terms: list[t.Term], entry: t.Term) -> bool:
    """Whether a client asks for a path of which nothing is written, by whichever method."""
    called = terms[entry[1]]
    is_named = called[0] == t.ATTR and called[2] in _CLIENT
    is_chosen = called[0] == t.CALL and terms[called[1]] == (t.NAME, "getattr")
    return (is_named or is_chosen) and any(_written(terms, term) == _ANY for term in entry[2][:1])


def _is_any_request(terms: list[t.Term], entry: t.Term) -> bool:
    """Whether neither the method nor the path of a request is written."""
    keywords = dict(entry[3])
    method = keywords.get("method", entry[2][0] if entry[2] else -1)
    path = keywords.get("url", entry[2][-1] if entry[2] else -1)
    return all(term >= 0 and _written(terms, term) == _ANY for term in (method, path))


def _first(call: t.Term) -> list[int]:
    """The first argument of a call, however it is given."""
    given = [term for name, term in call[3] if name in _NAMED]
    return [*call[2][:1], *given]


def _texts_given(terms: list[t.Term], call: t.Term) -> Iterator[str]:
    """The texts among the arguments of a call that may be names of routes."""
    for term in (*call[2], *(given for _, given in call[3])):
        text = _written(terms, term)
        if _NAME.fullmatch(text):
            yield text


def _parts(name: str) -> set[str]:
    """What a name of a route says: all of it, and what is behind its namespaces."""
    return {name, *re.split(r"[.:]", name), *_endings(name)}


def _listed(module: Module) -> set[str]:
    """The texts of a module that may be names of routes, one of which is handed on."""
    terms = module.facts.terms
    texts = {terms[term][1] for term in module.of_kind(t.CONST)}
    return {text for text in texts if isinstance(text, str) and _NAME.fullmatch(text)}


def _endings(name: str) -> list[str]:
    """What may be the name of an action behind the name of its viewset, ``-export``."""
    return [name[at:] for at, character in enumerate(name) if character == "-"]


def _fits(written: str, wanted: str) -> bool:
    if _ANY not in written and _ANY not in wanted:
        return written == wanted
    if wanted == _ANY or written == _ANY:
        return True
    pattern = ".*".join(map(re.escape, wanted.split(_ANY)))
    other = ".*".join(map(re.escape, written.split(_ANY)))
    return bool(re.fullmatch(pattern, written) or re.fullmatch(other, wanted))


def _segments(text: str) -> Segments:
    plain = _PARAMETER.sub(_ANY, text).strip("^$")
    return tuple(segment for segment in plain.split("/") if segment)


def _written(terms: list[t.Term], term: int) -> str:
    """A text as far as it is written; what is not is one character that nobody writes."""
    entry = terms[t.unaliased(terms, term)]
    if entry[0] == t.CONST:
        return entry[1] if isinstance(entry[1], str) else _ANY
    if entry[0] == t.FORMAT:
        parts = [*(_written(terms, part) for part in entry[1]), ""]
        return "".join(text + part for text, part in zip(entry[2], parts, strict=True))
    if entry[0] == t.BINARY and entry[1] == "+":
        return _written(terms, entry[2]) + _written(terms, entry[3])
    if entry[0] == t.BINARY and entry[1] == "%":
        return re.sub(r"%\w", _ANY, _written(terms, entry[2]))
    if entry[0] == t.CALL and terms[entry[1]][0] == t.ATTR and terms[entry[1]][2] == "format":
        return re.sub(r"\{[^}]*\}", _ANY, _written(terms, terms[entry[1]][1]))
    return _ANY


def _last_name(terms: list[t.Term], term: int) -> str:
    entry = terms[term]
    if entry[0] in (t.ATTR, t.IMPORT):
        return str(entry[2] or entry[1])
    return str(entry[1]) if entry[0] == t.NAME else ""
