"""What several handlers declare or read that could be said once: pagination, headers, variables
of the environment, and dependencies whose result nobody reads.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.application.model import Dependency, Route, Router
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.values import ClassValue, External, Instance, options_of
from fwp_checks.project.repetition.sameness import Form, Reading

if TYPE_CHECKING:
    from fwp_checks.project.injection.injection import Injection
    from fwp_checks.project.linked import Project

_PAIRS = (
    ("skip", "limit"), ("offset", "limit"), ("page", "limit"), ("page", "size"),
    ("page", "per_page"), ("page", "page_size"),
)  # fmt: skip
# Arguments of Query() that only the documentation shows.
_SHOWN = frozenset(
    {"description", "title", "example", "examples", "openapi_examples", "deprecated"}
)
_FEWEST_PAIRS = 4
_FEWEST_EQUAL_PAIRS = 3
_FEWEST_KEYS = 3
_FEWEST_TOKENS = 2
_FEWEST_ROUTES = 5
_FEWEST_VARIABLES = 3
# Headers that say how to answer, or where the request came from; a dependency gains nothing.
_ORDINARY = frozenset(
    {
        "content-type", "content-length", "content-encoding", "user-agent", "host", "referer",
        "origin", "range", "connection", "upgrade", "x-real-ip", "cf-connecting-ip", "via",
        "cookie", "etag", "last-modified",
    }
)  # fmt: skip
_ORDINARY_STARTS = ("if-", "accept", "x-forwarded-", "sec-", "access-control-", "hx-")
_TAKING_APART = frozenset(
    {"split", "rsplit", "strip", "partition", "replace", "removeprefix", "startswith", "lower"}
)
# Who ends a session needs the token itself.
_ENDING = ("logout", "log_out", "signout", "sign_out", "revoke")
_REQUESTS = ("starlette.requests.Request", "starlette.requests.HTTPConnection")
_DECLARING = {"fastapi.Header": "headers", "fastapi.Cookie": "cookies"}
_ENVIRONMENT = "os.environ"
_GETTER = "os.getenv"


@dataclass(slots=True, unsafe_hash=True)
class Pagination:
    """The same pair of parameters in many handlers; ``equal`` of them have the same bounds, the
    first one among those.
    """

    names: tuple[str, str]
    frames: tuple[Frame, ...]
    equal: int


@dataclass(slots=True, unsafe_hash=True)
class KeyRead:
    """A function reads a key of the headers or cookies of a request, at ``term``; ``is_declared``:
    as a parameter of its own.
    """

    frame: Frame
    term: int
    kind: str
    key: str
    is_taken_apart: bool
    is_declared: bool = False


@dataclass(slots=True, unsafe_hash=True)
class KeyReads:
    """The same key, read in several functions. ``is_token``: it says who sends the request."""

    reads: tuple[KeyRead, ...]
    is_token: bool


@dataclass(slots=True, unsafe_hash=True)
class VariableReads:
    """The same variable of the environment, read in several handlers: once in each, at a term."""

    name: str
    places: tuple[tuple[Frame, int], ...]


@dataclass(slots=True, unsafe_hash=True)
class Shared:
    """A dependency that all routes of a router declare without reading what it gives; ``places``
    is where.
    """

    router: Router
    dependency: Dependency
    places: tuple[Place, ...]


class Repeated:
    """Answers for one project."""

    def __init__(self, project: Project, injection: Injection) -> None:
        self._project = project
        self._injection = injection

    def _application(self, route: Route, frame: Frame) -> object:
        """What a handler is part of: an application, else its folder."""
        applications = self._project.applications
        router = applications.routers.get(route.router) if route.router is not None else None
        found = applications.applications_of(router) if router is not None else []
        return found[0].place if found else frame.module.path.rpartition("/")[0]

    # -- pagination --------------------------------------------------------------------------------

    @cached_property
    def pagination(self) -> dict[str, list[Pagination]]:
        """Repeated pairs of parameters, by the module of the first handler."""
        groups: dict[tuple[object, tuple[str, str]], list[tuple[Frame, Form]]] = defaultdict(list)
        for route, handler in self._injection.handlers.values():
            for pair in _PAIRS:
                bounds = self._bounds(handler.frame, pair)
                if bounds is not None:
                    key = (self._application(route, handler.frame), pair)
                    groups[key].append((handler.frame, bounds))
                    break
        found: dict[str, list[Pagination]] = {}
        for (_, pair), group in groups.items():
            common, equal = Counter(bounds for _, bounds in group).most_common(1)[0]
            if len(group) >= _FEWEST_PAIRS and equal >= _FEWEST_EQUAL_PAIRS:
                frames = [frame for frame, bounds in group if bounds == common]
                frames += [frame for frame, bounds in group if bounds != common]
                repeated = Pagination(pair, tuple(frames), equal)
                found.setdefault(frames[0].module.path, []).append(repeated)
        return found

    def _bounds(self, frame: Frame, pair: tuple[str, str]) -> Form:
        """Defaults and bounds of two parameters of a handler; None if it does not have both."""
        around = frame.parent or frame
        declared = {p.name: p for p in frame.scope.parameters}
        found: list[Form] = []
        for name in pair:
            parameter = declared.get(name)
            if parameter is None:
                return None
            metadata = self._project.types.metadata(around, parameter.annotation)
            if parameter.default < 0 and not metadata:
                return None
            found.append(self._declaration(around, parameter.default, metadata))
        return tuple(found)

    def _declaration(self, frame: Frame, default: int, metadata: list[tuple[Frame, int]]) -> Form:
        """The default and the bounds of a parameter, however they are declared:
        ``Query(1, ge=1)``, ``Query(default=1, ge=1)``, or ``Annotated[int, Query(ge=1)] = 1``.
        """
        given: Form = None
        bounds: dict[str, Form] = {}
        places = [(frame, default)] if default >= 0 else []
        for place, term in [*metadata, *places]:
            reading = Reading(self._project, place)
            terms = place.module.facts.terms
            entry = terms[t.unaliased(terms, term)]
            if entry[0] != t.CALL:
                given = reading.term(term, is_message=True)
                continue
            for index, argument in enumerate(entry[2]):
                form = reading.term(argument, is_message=True)
                if index == 0 and term == default:
                    given = form
                else:
                    bounds[f"{index}"] = form
            for name, argument in entry[3]:
                form = reading.term(argument, is_message=True)
                if name == "default":
                    given = form
                elif name not in _SHOWN:
                    bounds[name or ""] = form
        return (given, tuple(sorted(bounds.items(), key=_name)))

    # -- headers and cookies -----------------------------------------------------------------------

    @cached_property
    def keys(self) -> dict[str, list[KeyReads]]:
        """Keys that several functions read, by the module of the first one."""
        groups: dict[tuple[str, str], list[KeyRead]] = defaultdict(list)
        frames = {
            handler.frame.function: handler.frame
            for _, handler in self._injection.handlers.values()
        }
        frames |= self._injection.functions
        for function in sorted(frames):
            seen: set[tuple[str, str]] = set()
            for read in self._reads(frames[function]):
                key = (read.kind, read.key)
                if key not in seen:
                    seen.add(key)
                    groups[key].append(read)
        found: dict[str, list[KeyReads]] = {}
        for (kind, name), reads in groups.items():
            is_token = _is_token(kind, name) and any(read.is_taken_apart for read in reads)
            if len(reads) >= (_FEWEST_TOKENS if is_token else _FEWEST_KEYS):
                repeated = KeyReads(tuple(reads), is_token)
                found.setdefault(reads[0].frame.module.path, []).append(repeated)
        return found

    def _reads(self, frame: Frame) -> Iterator[KeyRead]:
        """The keys that a function reads, unless it takes headers as a whole or checks a
        signature.
        """
        terms = frame.module.facts.terms
        scope = frame.scope
        if any(word in scope.name.lower() for word in _ENDING):
            return
        yield from self._declared_tokens(frame)
        holders = {
            term: terms[term][2]
            for term in range(scope.start, scope.end)
            if terms[term][0] == t.ATTR
            and terms[term][2] in ("headers", "cookies")
            and self._is_request(frame, terms[term][1])
        }
        if not holders:
            return
        found: list[KeyRead] = []
        accounted: set[int] = set()
        for term in range(scope.start, scope.end):
            holder, key = _key_read(terms, term, holders)
            if holder >= 0:
                accounted.add(holder)
                name = key.lower() if holders[holder] == "headers" else key
                if _is_own(holders[holder], name):
                    apart = _taken_apart(terms, term, scope.end) >= 0
                    found.append(KeyRead(frame, term, holders[holder], name, apart))
        if set(holders) == accounted and not self._is_signed(frame, found):
            yield from found

    def _declared_tokens(self, frame: Frame) -> Iterator[KeyRead]:
        """The tokens that a function declares (``authorization: str = Header()``) and splits."""
        around = frame.parent or frame
        terms = frame.module.facts.terms
        for index, parameter in enumerate(frame.scope.parameters):
            metadata = self._project.types.metadata(around, parameter.annotation)
            for place, term in [*metadata, (around, parameter.default)]:
                kind, key = self._key_declared(place, term, parameter.name)
                if kind and _is_token(kind, key):
                    at = _taken_apart(terms, frame.scope.start + index, frame.scope.end)
                    if at >= 0:
                        yield KeyRead(frame, at, kind, key, is_taken_apart=True, is_declared=True)

    def _key_declared(self, frame: Frame, term: int, name: str) -> tuple[str, str]:
        """The header or cookie that ``Header()`` or ``Cookie()`` says a parameter is."""
        terms = frame.module.facts.terms
        if term < 0 or terms[term][0] != t.CALL:
            return "", ""
        called = self._project.values.evaluate(frame, terms[term][1])
        kind = _DECLARING.get(called.name, "") if isinstance(called, External) else ""
        alias = dict(terms[term][3]).get("alias", -1)
        if alias >= 0 and terms[alias][0] == t.CONST and isinstance(terms[alias][1], str):
            name = terms[alias][1]
        return kind, name.lower() if kind == "headers" else name

    def _is_request(self, frame: Frame, term: int) -> bool:
        value = self._project.values.evaluate(frame, term)
        return any(
            isinstance(option, Instance)
            and any(self._is_a(option.class_, name) for name in _REQUESTS)
            for option in options_of(value)
        )

    def _is_a(self, class_: ClassValue | str, name: str) -> bool:
        if isinstance(class_, str):
            return class_ == name
        return self._project.classes.derives(class_, name)

    @staticmethod
    def _is_signed(frame: Frame, reads: list[KeyRead]) -> bool:
        """Whether a function checks the signature of a body: a webhook."""
        terms = frame.module.facts.terms
        if any("signature" in read.key or "webhook" in read.key for read in reads):
            return True
        return any(
            terms[terms[term][1]][0] == t.ATTR and terms[terms[term][1]][2] == "body"
            for term in frame.module.calls_in(frame.scope_number)
        )

    # -- the environment ---------------------------------------------------------------------------

    @cached_property
    def variables(self) -> dict[str, list[VariableReads]]:
        """Variables of the environment that several handlers read, by the module of the first one;
        the most read first. Those that the project writes are left out.
        """
        groups: dict[tuple[object, str], dict[Frame, int]] = defaultdict(dict)
        handlers = self._project.applications.handlers
        for function in sorted(handlers):
            route, handler = handlers[function]
            frame = handler.frame
            if (
                frame.module.is_served
                and any(entry.module == "os" for entry in frame.module.facts.imports)
                and (route.framework == "Flask" or self._injection.injects(route))
            ):
                for term, name in self._variables_in(frame):
                    groups[self._application(route, frame), name].setdefault(frame, term)
        found: dict[str, list[VariableReads]] = {}
        for (_, name), places in sorted(groups.items(), key=lambda group: -len(group[1])):
            if len(places) >= _FEWEST_VARIABLES and not self._is_written(name):
                reads = VariableReads(name, tuple(places.items()))
                found.setdefault(reads.places[0][0].module.path, []).append(reads)
        return found

    def _variables_in(self, frame: Frame) -> Iterator[tuple[int, str]]:
        """The terms at which a function reads the environment, and the names of what it reads."""
        terms = frame.module.facts.terms
        for term in range(frame.scope.start, frame.scope.end):
            entry = terms[term]
            if entry[0] == t.ITEM:
                is_read, key = self._is_external(frame, entry[1], _ENVIRONMENT), terms[entry[2]]
            elif entry[0] == t.CALL and entry[2]:
                called = terms[entry[1]]
                is_get = called[0] == t.ATTR and called[2] == "get"
                is_read = (
                    self._is_external(frame, called[1], _ENVIRONMENT)
                    if is_get
                    else self._is_external(frame, entry[1], _GETTER)
                )
                key = terms[entry[2][0]]
            else:
                continue
            if is_read and key[0] == t.CONST and isinstance(key[1], str):
                yield term, key[1]

    def _is_external(self, frame: Frame, term: int, name: str) -> bool:
        """Whether a term that is spelt like a name of a library is it."""
        entry = frame.module.facts.terms[term]
        spelt = entry[2] if entry[0] == t.ATTR else entry[1] if entry[0] == t.NAME else ""
        if spelt != name.rpartition(".")[2]:
            return False
        value = self._project.values.evaluate(frame, term)
        return isinstance(value, External) and value.name == name

    def _is_written(self, name: str) -> bool:
        """Whether a function of the project sets a variable: then it is read anew on purpose."""
        for module in self._project.table.modules:
            terms = module.facts.terms
            for term in module.of_kind(t.STORE_ITEM):
                if terms[terms[term][2]] == (t.CONST, name) and module.code_scope_of(term):
                    frame = self._project.frame_of_scope(module, module.code_scope_of(term))
                    if self._is_external(frame, terms[term][1], _ENVIRONMENT):
                        return True
        return False

    # -- dependencies of a router ------------------------------------------------------------------

    @cached_property
    def shared(self) -> dict[str, list[Shared]]:
        """Dependencies that all routes of a router declare for what they do, by the router's
        module.
        """
        found: dict[str, list[Shared]] = {}
        applications = self._project.applications
        for router in applications.routers.values():
            routes = [r for r in applications.routes_on(router) if not r.is_websocket]
            if len(routes) < _FEWEST_ROUTES or not self._injection.injects(routes[0]):
                continue
            if len(routes) < len(applications.routes_on(router)):
                continue
            declared = [self._unread(route) for route in routes]
            for form, dependency in declared[0].items():
                if all(form in others for others in declared[1:]):
                    places = tuple(others[form].place for others in declared)
                    shared = Shared(router, dependency, places)
                    found.setdefault(router.place.path, []).append(shared)
        return found

    def _only_gives(self, dependency: Dependency) -> bool:
        """Whether a dependency is there for its result: an object of a class, or a session. Where
        nobody reads it, there is no need for it.
        """
        if isinstance(dependency.value, ClassValue):
            return True
        sessions = self._injection.sessions
        return any(
            sessions.opened_in(frame)
            for frame in self._project.applications.functions_of(dependency)
        )

    def _unread(self, route: Route) -> dict[Form, Dependency]:
        """The dependencies of a route whose results it does not read, by what they are."""
        found: dict[Form, Dependency] = {}
        for dependency in route.dependencies:
            if dependency.parameter and any(
                _is_read(handler.frame, dependency.parameter) for handler in route.handlers
            ):
                continue
            module = self._project.table.by_path[dependency.place.path]
            entry = module.facts.terms[dependency.place.term]
            frame = self._project.frame_of_scope(
                module, module.code_scope_of(dependency.place.term)
            )
            if entry[0] == t.CALL and not self._only_gives(dependency):
                found[Reading(self._project, frame).term(dependency.place.term)] = dependency
        return found


def _name(item: tuple[str, Form]) -> str:
    return item[0]


def _is_token(kind: str, key: str) -> bool:
    return key == "authorization" if kind == "headers" else "token" in key.lower()


def _is_own(kind: str, key: str) -> bool:
    return kind == "cookies" or not (key in _ORDINARY or key.startswith(_ORDINARY_STARTS))


def _key_read(terms: list[t.Term], term: int, holders: dict[int, str]) -> tuple[int, str]:
    """The headers or cookies that a term reads a literal key of, and the key."""
    entry = terms[term]
    if entry[0] == t.ITEM and entry[1] in holders:
        key = terms[entry[2]]
        return (entry[1], key[1]) if key[0] == t.CONST and isinstance(key[1], str) else (-1, "")
    if entry[0] == t.CALL and entry[2]:
        called = terms[entry[1]]
        key = terms[entry[2][0]]
        if called[0] == t.ATTR and called[2] == "get" and called[1] in holders:
            if key[0] == t.CONST and isinstance(key[1], str):
                return called[1], key[1]
    return -1, ""


def _taken_apart(terms: list[t.Term], read: int, end: int) -> int:
    """The term at which a text is taken apart; -1 if it is not."""
    for term in range(read + 1, end):
        entry = terms[term]
        if entry[0] == t.ATTR and entry[2] in _TAKING_APART:
            if t.unaliased(terms, entry[1]) == read:
                return term
        if entry[0] == t.ITEM and terms[entry[2]][0] == t.SLICE:
            if t.unaliased(terms, entry[1]) == read:
                return term
    return -1


def _is_read(frame: Frame, name: str) -> bool:
    """Whether a handler reads one of its parameters, itself or in a function inside it."""
    scope = frame.scope
    facts = frame.module.facts
    index = next((at for at, p in enumerate(scope.parameters) if p.name == name), -1)
    if index < 0:
        return True
    own = scope.start + index
    if own in scope.returns:
        return True
    for term in range(scope.start, scope.end):
        entry = facts.terms[term]
        if own in t.operands(entry) or entry == (t.NAME, "locals"):
            return True
    return any(
        facts.terms[term] == (t.NAME, name)
        for inner in facts.scopes
        if inner.line >= scope.line and inner.end_line <= scope.end_line and inner is not scope
        for term in range(inner.start, inner.end)
    )
