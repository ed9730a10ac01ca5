"""Where handlers take the JSON of a request apart key by key, and nothing has validated it.

The body is followed through the handler. What is handed to any other function as a whole may be
validated there, so that tells nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.application.model import Route
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame, FunctionKey
from fwp_checks.project.meaning.values import (
    ClassValue,
    External,
    Instance,
    Member,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_SPELLINGS = ("json", "get_json", "loads")
_GIVING = frozenset({"starlette.requests.Request.json", "flask.request.get_json"})
_JSON = frozenset({"flask.request.json"})
_LOADS = frozenset({"json.loads", "orjson.loads", "ujson.loads", "simplejson.loads"})
_RAW = frozenset(
    {
        "starlette.requests.Request.body", "starlette.requests.Request.stream",
        "flask.request.data", "flask.request.get_data", "flask.request.stream",
    }
)  # fmt: skip
_DJANGO = "django.http.HttpRequest"
_READING = frozenset({"get", "pop", "setdefault"})
# These look at what they are handed, or show it.
_HARMLESS = frozenset(
    {
        "len", "isinstance", "print", "str", "bool", "type", "repr", "debug", "info", "warning",
        "error", "exception", "log", "dumps", "any", "all", "dict", "list", "set", "sorted",
    }
)  # fmt: skip
_SAME = (t.ALIAS, t.NARROW, t.DECLARED)
_FEWEST = 2
_DIGESTS = ("new", "digest", "compare_digest")
_SIGNATURE = re.compile(r"signature|hmac", re.IGNORECASE)


@dataclass(slots=True, unsafe_hash=True)
class RawBody:
    """A handler that takes the body of a request apart at ``term``, with the keys it reads.

    ``model`` is the name of a model whose objects are made of all that the body holds.
    ``is_checked``: the types of what the keys hold are looked at by hand.
    """

    route: Route
    frame: Frame
    term: int
    keys: tuple[str, ...]
    model: str = ""
    is_checked: bool = False


class RequestBodies:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def of(self, module: Module) -> list[RawBody]:
        """The handlers of a module that take apart what nothing has validated."""
        return self._all.get(module, [])

    @cached_property
    def _all(self) -> dict[Module, list[RawBody]]:
        found: dict[Module, list[RawBody]] = {}
        for route, handler in self._project.applications.handlers.values():
            frame = handler.frame
            if frame.module in self._reading and frame.module.is_served and not _is_hook(route):
                raw = self._raw(route, frame)
                if raw is not None:
                    found.setdefault(frame.module, []).append(raw)
        return {
            module: sorted(bodies, key=lambda body: body.term) for module, bodies in found.items()
        }

    @cached_property
    def _reading(self) -> frozenset[Module]:
        """The modules in which something may read JSON."""
        spelt = self._project.call_sites.spelt
        found = {module for name in _SPELLINGS for module, _ in spelt(name)}
        asked = set(found)
        for route in self._project.applications.routes:
            for handler in route.handlers:
                module = handler.frame.module
                if module not in asked:
                    asked.add(module)
                    terms = module.facts.terms
                    if "json" in [terms[term][2] for term in module.of_kind(t.ATTR)]:
                        found.add(module)
        return frozenset(found)

    def _raw(self, route: Route, frame: Frame) -> RawBody | None:
        terms = frame.module.facts.terms
        scope = frame.scope
        sources = [term for term in range(scope.start, scope.end) if self._is_body(frame, term)]
        if not sources or self._is_signed(frame, sources):
            return None
        keys: dict[str, None] = {}
        same = self._same(terms, sources, scope.end)
        readers: set[int] = set()
        read: list[int] = []
        model = ""
        for term in range(sources[0], scope.end):
            entry = terms[term]
            if entry[0] == t.CALL and entry[1] in readers and entry[2]:
                keys[_text(terms[entry[2][0]])] = None
                read.append(term)
            if term in same or same.isdisjoint(t.operands(entry)):
                continue
            made = self._made_of(frame, entry, same)
            if made:
                model = made
            elif _hands_on(terms, entry, same):
                return None
            if entry[0] == t.ATTR and entry[2] in _READING:
                readers.add(term)
            elif entry[0] == t.ITEM:
                keys[_text(terms[entry[2]])] = None
                read.append(term)
        keys.pop("", None)
        if len(keys) < _FEWEST and not model:
            return None
        is_checked = bool(read) and self._is_checked(frame, self._same(terms, read, scope.end))
        return RawBody(route, frame, sources[0], tuple(keys), model, is_checked)

    @staticmethod
    def _is_checked(frame: Frame, values: set[int]) -> bool:
        """Whether ``isinstance`` is asked of one of the values."""
        terms = frame.module.facts.terms
        return any(
            terms[terms[term][1]] == (t.NAME, "isinstance")
            and not values.isdisjoint(terms[term][2][:1])
            for term in frame.module.calls_in(frame.scope_number)
        )

    # -- what is read ------------------------------------------------------------------------------

    def _is_body(self, frame: Frame, term: int) -> bool:
        """Whether a term is the JSON of the request."""
        terms = frame.module.facts.terms
        entry = terms[term]
        if entry[0] == t.ATTR:
            return entry[2] == "json" and self._is_named(frame, term, _JSON)
        if entry[0] == t.AWAIT:
            return terms[entry[1]][0] == t.CALL and self._is_call(frame, entry[1], _GIVING)
        if entry[0] != t.CALL:
            return False
        if self._is_call(frame, term, _LOADS) and entry[2]:
            return self._is_raw(frame, entry[2][0])
        return self._is_call(frame, term, _GIVING) and term not in frame.module.awaited

    def _is_call(self, frame: Frame, term: int, names: frozenset[str]) -> bool:
        terms = frame.module.facts.terms
        function = terms[term][1]
        called = terms[function]
        spelt = called[2] if called[0] in (t.ATTR, t.IMPORT) else called[1]
        if called[0] == t.NAME:
            spelt = called[1]
        if spelt not in _SPELLINGS and spelt not in ("get_data", "body", "stream"):
            return False
        return self._is_named(frame, function, names)

    def _is_named(self, frame: Frame, term: int, names: frozenset[str]) -> bool:
        value = self._project.values.evaluate(frame, term)
        return any(
            isinstance(option, (External, Member)) and option.name in names
            for option in options_of(value)
        )

    def _is_raw(self, frame: Frame, term: int) -> bool:
        """Whether a term is the body of the request as it came."""
        terms = frame.module.facts.terms
        entry = terms[t.unaliased(terms, term)]
        if entry[0] == t.AWAIT:
            entry = terms[entry[1]]
        if entry[0] == t.CALL:
            called = terms[entry[1]]
            if called[0] == t.ATTR and called[2] == "decode":  # request.body.decode()
                return self._is_raw(frame, called[1])
            return self._is_named(frame, entry[1], _RAW)
        if entry[0] != t.ATTR:
            return False
        if entry[2] == "body":
            return self._is_request(frame, entry[1])
        return entry[2] == "data" and self._is_named(frame, t.unaliased(terms, term), _RAW)

    def _is_request(self, frame: Frame, term: int) -> bool:
        """Whether a term is a request of Django, the first argument of views."""
        if frame.module.is_parameter(term, frame.scope_number, self._views.get(frame.function, -1)):
            return True
        value = self._project.values.evaluate(frame, term)
        return any(
            self._project.classes.is_instance(option, _DJANGO) for option in options_of(value)
        )

    @cached_property
    def _views(self) -> dict[FunctionKey, int]:
        """The views of Django, with the number of the parameter that is the request."""
        return {
            function: 0 if handler.class_ is None else 1
            for function, (route, handler) in self._project.applications.handlers.items()
            if route.framework == "Django"
        }

    def _is_signed(self, frame: Frame, sources: Sequence[int]) -> bool:
        """Whether a handler looks at a signature of the body, so that others say what is in it."""
        terms = frame.module.facts.terms
        if any("signature" in parameter.name for parameter in frame.scope.parameters):
            return True
        for term in range(frame.scope.start, frame.scope.end):
            entry = terms[term]
            if _SIGNATURE.search(_looked_up(terms, entry)) or self._is_digest(frame, term):
                return True
            if entry[0] == t.CALL and self._is_call(frame, term, _RAW):
                used = any(
                    term in t.operands(terms[source])
                    or any(term in t.operands(terms[of]) for of in t.operands(terms[source]))
                    for source in sources
                )
                if not used:
                    return True
        return False

    def _is_digest(self, frame: Frame, term: int) -> bool:
        """Whether a term is a call that makes a keyed digest, or compares one of the body with a
        header.
        """
        terms = frame.module.facts.terms
        entry = terms[term]
        if entry[0] != t.CALL:
            return False
        called = terms[entry[1]]
        if called[0] not in (t.ATTR, t.IMPORT) or called[2] not in _DIGESTS:
            return False
        value = self._project.values.evaluate(frame, entry[1])
        if not isinstance(value, External) or not value.name.startswith("hmac."):
            return False
        return called[2] != "compare_digest" or self._compares_header(frame, term)

    def _compares_header(self, frame: Frame, term: int) -> bool:
        """Whether what a call is given is made of the raw body, or of a header of the request."""
        terms = frame.module.facts.terms
        waiting = list(t.operands(terms[term]))
        seen: set[int] = set()
        while waiting:
            at = waiting.pop()
            if at in seen:
                continue
            seen.add(at)
            entry = terms[at]
            if entry[0] == t.ATTR and entry[2] in ("headers", "META"):
                return True
            if entry[0] == t.PARAM:
                parameter = frame.scope.parameters[entry[1]]
                if _is_header(terms, parameter.default) or _is_header(terms, parameter.annotation):
                    return True
            if entry[0] in (t.CALL, t.ATTR) and self._is_raw(frame, at):
                return True
            waiting += t.operands(entry)
        return False

    # -- what is done with it ----------------------------------------------------------------------

    @staticmethod
    def _same(terms: list[t.Term], sources: Sequence[int], end: int) -> set[int]:
        """The terms that stand for the body."""
        found = set(sources)
        for term in range(sources[0] + 1, end):
            entry = terms[term]
            if entry[0] in _SAME:
                parts: Sequence[int] = (entry[1],)
            elif entry[0] in (t.JOIN, t.BOOL):
                parts = t.operands(entry)
            else:
                continue
            if not found.isdisjoint(parts):
                found.add(term)
        return found

    def _made_of(self, frame: Frame, entry: t.Term, same: set[int]) -> str:
        """The model that is made of the whole body: ``Item(**data)``."""
        if entry[0] != t.CALL or not any(k is None and v in same for k, v in entry[3]):
            return ""
        for option in options_of(self._project.values.evaluate(frame, entry[1])):
            if isinstance(option, ClassValue) and self._project.frameworks.is_model(option):
                return option.name
            if isinstance(option, Member) and isinstance(option.receiver, Instance):
                of = option.receiver.arguments[:1]
                if of and isinstance(of[0], ClassValue) and option.name.endswith(".create"):
                    return of[0].name
        return ""


def _is_header(terms: list[t.Term], term: int) -> bool:
    """Whether a default or an annotation of a parameter is, or holds, a call of ``Header``."""
    waiting = [term] if term >= 0 else []
    while waiting:
        entry = terms[waiting.pop()]
        if entry[0] == t.CALL:
            called = terms[entry[1]]
            name = called[2] if called[0] in (t.ATTR, t.IMPORT) else called[1]
            if name == "Header":
                return True
        waiting += t.operands(entry)
    return False


def _is_hook(route: Route) -> bool:
    return "hook" in (route.path or "") or "callback" in (route.path or "")


def _looked_up(terms: list[t.Term], entry: t.Term) -> str:
    """The literal key that a term looks up: ``x["key"]``, ``x.get("key")``."""
    if entry[0] == t.ITEM:
        return _text(terms[entry[2]])
    if entry[0] == t.CALL and entry[2]:
        called = terms[entry[1]]
        return _text(terms[entry[2][0]]) if called[0] == t.ATTR and called[2] == "get" else ""
    return ""


def _text(entry: t.Term) -> str:
    """A literal text, empty for anything else."""
    return entry[1] if entry[0] == t.CONST and isinstance(entry[1], str) else ""


def _hands_on(terms: list[t.Term], entry: t.Term, same: set[int]) -> bool:
    """Whether a term hands the whole body on."""
    if entry[0] == t.CALL:
        arguments = [*entry[2], *(value for _, value in entry[3])]
        if same.isdisjoint(arguments):
            return False
        called = terms[entry[1]]
        name = called[2] if called[0] in (t.ATTR, t.IMPORT) else called[1]
        return name not in _HARMLESS
    if entry[0] in (t.SEQUENCE, t.MAPPING, t.STAR, t.YIELD):
        return True
    return entry[0] in (t.STORE, t.STORE_ITEM) and entry[3] in same
