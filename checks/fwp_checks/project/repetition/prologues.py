"""Statements that several handlers begin with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Region, Statement
from fwp_checks.project.application.model import Handler, Route
from fwp_checks.project.meaning.frames import Frame, FunctionKey
from fwp_checks.project.meaning.values import External, FunctionValue
from fwp_checks.project.repetition import attempts
from fwp_checks.project.repetition.sameness import Form, Reading

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

FEWEST_HANDLERS = 3
FEWEST_STATEMENTS = 3
_MOST_STATEMENTS = 12


@dataclass(slots=True, unsafe_hash=True)
class Beginning:
    """What one handler begins with: the route that leads to it, and the statements."""

    route: Route
    handler: Handler
    statements: tuple[Statement, ...]

    @property
    def frame(self) -> Frame:
        """The handler's frame."""
        return self.handler.frame


@dataclass(slots=True, unsafe_hash=True)
class Existing:
    """A dependency of the project, and the statements with which it does what handlers do."""

    frame: Frame
    statements: tuple[Statement, ...]


@dataclass(slots=True, unsafe_hash=True)
class Prologue:
    """Statements that handlers of one folder share, in the order of paths and lines.

    ``is_entity``: they load something by a parameter, and answer that there is none. ``answers``:
    they may end the request. ``computes``: they only calculate with parameters. ``existing``: a
    dependency that does the same, and returns what is loaded.
    """

    beginnings: tuple[Beginning, ...]
    is_entity: bool
    answers: bool
    computes: bool
    existing: Existing | None = None

    @property
    def first(self) -> Beginning:
        """The first handler."""
        return self.beginnings[0]


class _Read:
    """A handler whose statements are read one by one, as far as others begin like it."""

    def __init__(self, project: Project, route: Route, handler: Handler) -> None:
        self.route = route
        self.handler = handler
        self.statements: list[Statement] = []
        self._forms: list[Form] = []
        reading = Reading(project, handler.frame)
        attempted = attempts.statements_of(reading, handler.frame)
        self.is_attempted = bool(attempted)
        self._rest = reading.statements(attempted)

    def forms(self, depth: int) -> tuple[Form, ...]:
        """The forms of the first statements, which were read before."""
        return tuple(self._forms[:depth])

    def form(self, number: int) -> Form:
        """The form of a statement; None behind the last one."""
        while len(self._forms) <= number < _MOST_STATEMENTS:
            statement, form = next(self._rest, (None, None))
            if statement is None or statement.kind in ("return", "raise"):
                return None
            self.statements.append(statement)
            self._forms.append(form)
        return self._forms[number] if number < _MOST_STATEMENTS else None


class Prologues:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project

    @cached_property
    def by_path(self) -> dict[str, list[Prologue]]:
        """All prologues, by the module of their first handler."""
        found: dict[str, list[Prologue]] = {}
        for prologue in self._all():
            found.setdefault(prologue.first.frame.module.path, []).append(prologue)
        return found

    def _all(self) -> Iterator[Prologue]:
        """Those of one module first; then those of what is left of a folder."""
        by_module: dict[tuple[str, str], list[_Read]] = defaultdict(list)
        for read in self._read():
            by_module[(read.route.framework, read.handler.frame.module.path)].append(read)
        by_folder: dict[tuple[str, str], list[_Read]] = defaultdict(list)
        for (framework, path), reads in by_module.items():
            grouped: set[FunctionKey] = set()
            for prologue in self._shared(reads):
                grouped.update(beginning.frame.function for beginning in prologue.beginnings)
                yield prologue
            by_folder[(framework, path.rpartition("/")[0])] += [
                read for read in reads if read.handler.frame.function not in grouped
            ]
        for reads in by_folder.values():
            yield from self._shared(reads)

    def _read(self) -> Iterator[_Read]:
        """The handlers that begin with more than one statement."""
        handlers = self._project.applications.handlers
        for key in sorted(handlers):
            route, handler = handlers[key]
            frame = handler.frame
            first, last = frame.scope.body
            if not frame.module.is_served or route.is_websocket:
                continue
            if last - first < 2 and len(frame.module.facts.attempted(frame.scope)) < 2:
                continue
            yield _Read(self._project, route, handler)

    def _shared(self, reads: Sequence[_Read], depth: int = 0) -> Iterator[Prologue]:
        """The prologues of handlers that share their first ``depth`` statements."""
        groups: dict[Form, list[_Read]] = defaultdict(list)
        for read in reads:
            form = read.form(depth)
            if form is not None:
                groups[form].append(read)
        for group in groups.values():
            if len(group) >= FEWEST_HANDLERS:
                yield from self._longest(group, depth + 1)

    def _longest(self, group: list[_Read], depth: int) -> Iterator[Prologue]:
        """The prologue of a group, as long as all of it shares it, or those of its parts."""
        while group[0].form(depth) is not None and len({r.form(depth) for r in group}) == 1:
            depth += 1
        prologue = self._prologue(group, depth)
        if prologue is not None:
            yield prologue
        else:
            yield from self._shared(group, depth)

    def _prologue(self, group: list[_Read], depth: int) -> Prologue | None:
        group = [read for read in group if self._may_be_moved(read, depth)]
        if len(group) < FEWEST_HANDLERS:
            return None
        first = group[0]
        statements = first.statements[:depth]
        is_entity = self._is_entity(first, statements)
        answers = self._answers(first, statements)
        if not is_entity and (
            depth < FEWEST_STATEMENTS or not (answers or self._is_used(first, statements))
        ):
            return None
        beginnings = [
            Beginning(read.route, read.handler, tuple(read.statements[:depth])) for read in group
        ]
        computes = not answers and self._computes(first, statements)
        existing = self._loaders.get(first.forms(depth)) if is_entity else None
        if existing is not None and not self._project.injection.injects(first.route):
            existing = None
        return Prologue(tuple(beginnings), is_entity, answers, computes, existing)

    @cached_property
    def _loaders(self) -> dict[tuple[Form, ...], Existing]:
        """The dependencies that load something, answer that there is none, and return it, by the
        forms of their statements.
        """
        found: dict[tuple[Form, ...], Existing] = {}
        for frame in self._project.injection.functions.values():
            first, last = frame.scope.body
            if frame.scope.is_generator or not 2 < last - first <= _MOST_STATEMENTS:
                continue
            if len(frame.scope.returns) != 1:
                continue
            read = list(Reading(self._project, frame).statements())
            if len(read) < 3 or read[-1][0].kind != "return" or read[-2][0].kind != "if":
                continue
            statements = tuple([statement for statement, _ in read[:-1]])
            loaded = self._tested_for_none(frame, statements[-1])
            if loaded == t.unaliased(frame.module.facts.terms, frame.scope.returns[0]):
                forms = tuple([form for _, form in read[:-1]])
                found.setdefault(forms, Existing(frame, statements))
        return found

    def _may_be_moved(self, read: _Read, depth: int) -> bool:
        """Whether a handler's first statements may be done in front of it."""
        frame, statements = read.handler.frame, read.statements[:depth]
        return not read.is_attempted or attempts.lets_through(self._project, frame, statements)

    # -- what a prologue does ----------------------------------------------------------------------

    def _answers(self, read: _Read, statements: Sequence[Statement]) -> bool:
        """Whether it may end the request."""
        frame = read.handler.frame
        terms = frame.module.facts.terms
        start, end = statements[0].start, statements[-1].end
        if any(terms[term][0] == t.RAISE for term in range(start, end)):
            return True
        return any(
            start <= region.start and region.end <= end and self._leaves(frame, region)
            for region in _regions(frame)
        )

    def _leaves(self, frame: Frame, region: Region) -> bool:
        """Whether a branch ends the request: it returns, raises, or calls ``abort()``."""
        if region.exits:
            return True
        stretch = range(region.start, region.end)
        return any(attempts.aborts(self._project, frame, term) for term in stretch)

    def _computes(self, read: _Read, statements: Sequence[Statement]) -> bool:
        """Whether nothing is called but builtins, so that parameters are all it is made of."""
        frame = read.handler.frame
        terms = frame.module.facts.terms
        for term in range(statements[0].start, statements[-1].end):
            if terms[term][0] == t.CALL:
                called = self._project.values.evaluate(frame, terms[term][1])
                if not (isinstance(called, External) and called.name.startswith("builtins.")):
                    return False
        return True

    def _is_used(self, read: _Read, statements: Sequence[Statement]) -> bool:
        """Whether what it binds is read later."""
        frame = read.handler.frame
        terms = frame.module.facts.terms
        start, end = statements[0].start, statements[-1].end
        later = {one for term in range(end, frame.scope.end) for one in t.operands(terms[term])}
        later.update(frame.scope.returns)
        return any(start <= one < end for one in later)

    def _is_entity(self, read: _Read, statements: Sequence[Statement]) -> bool:
        """Whether all the statements do is to load something by a parameter, and to answer that
        there is none.
        """
        if len(statements) < 2 or statements[-1].kind != "if":
            return False
        frame = read.handler.frame
        test = statements[-1]
        tested = self._tested_for_none(frame, test)
        if tested < 0 or not self._answers_404(frame, test):
            return False
        *before, loading = statements[:-1]
        if any(statement.kind != "assignment" for statement in before):
            return False
        loaded = self._loaded(frame, loading, tested)
        if loaded < 0:
            return False
        parts = _parts(frame, loaded)
        reading = Reading(self._project, frame)
        made = [
            root
            for statement in statements[:-1]
            for root in reading.roots(statement.start, statement.end)
        ]
        if not made or not all(root in parts for root in made):
            return False
        return self._by_parameter(frame, parts)

    def _loaded(self, frame: Frame, loading: Statement, tested: int) -> int:
        """What a statement loads that is tested behind it: the value itself, or the call of a
        method of the handler's own class that keeps it as an attribute; -1 for anything else.
        """
        if loading.kind == "assignment":
            return tested if loading.start <= tested < loading.end else -1
        terms = frame.module.facts.terms
        kept, drop = terms[tested], terms[loading.end - 1]
        if loading.kind != "expression" or kept[0] != t.ATTR or drop[0] != t.DROP:
            return -1
        call = terms[drop[1]] if terms[drop[1]][0] == t.CALL else (t.UNKNOWN,)
        function = terms[call[1]] if call[0] == t.CALL else (t.UNKNOWN,)
        if function[0] != t.ATTR or not all(
            frame.module.is_parameter(base, frame.scope_number, 0)
            for base in (kept[1], function[1])
        ):
            return -1
        called = self._project.values.evaluate(frame, call[1])
        if not isinstance(called, FunctionValue):
            return -1
        class_ = called.module.facts.scopes[called.scope].parent
        writes = called.module.methods_writing.get(class_, {}).get(kept[2], ())
        return loading.end - 1 if any(scope == called.scope for scope, _ in writes) else -1

    def _tested_for_none(self, frame: Frame, statement: Statement) -> int:
        """The term that an ``if`` tests for being there: ``if not x``, ``if x is None``."""
        terms = frame.module.facts.terms
        for region in _regions(frame):
            if region.kind == "if" and statement.start <= region.start <= statement.end:
                entry = terms[region.term] if region.term >= 0 else (t.UNKNOWN,)
                if region.end > statement.end or not self._leaves(frame, region):
                    continue
                if entry[0] == t.UNARY and entry[1] == "not":
                    return t.unaliased(terms, entry[2])
                if entry[0] == t.COMPARE and entry[1] in ("is", "=="):
                    if terms[entry[3]] == (t.CONST, None):
                        return t.unaliased(terms, entry[2])
        return -1

    def _answers_404(self, frame: Frame, statement: Statement) -> bool:
        """Whether what is raised or answered in a statement says that something is not there."""
        terms = frame.module.facts.terms
        seen: set[int] = set()
        pending = list(range(statement.start, statement.end))
        while pending:
            term = pending.pop()
            if term in seen:
                continue
            seen.add(term)
            entry = terms[term]
            if entry[0] == t.CONST and entry[1] == 404:
                return True
            if entry[0] in (t.ATTR, t.NAME, t.IMPORT) and _says_missing(
                str(entry[2 if entry[0] != t.NAME else 1])
            ):
                return True
            if term >= statement.start:
                pending += t.operands(entry)
        return False

    def _by_parameter(self, frame: Frame, parts: set[int]) -> bool:
        """Whether a parameter that is not injected is among what something is made of."""
        handler = self._project.applications.handlers[frame.function][0]
        given = {"self", "request", *(one.parameter for one in handler.dependencies)}
        terms = frame.module.facts.terms
        return any(
            terms[part][0] == t.PARAM and frame.scope.parameters[terms[part][1]].name not in given
            for part in parts
        )


def _regions(frame: Frame) -> list[Region]:
    return frame.module.regions_in(frame.scope_number)


def _parts(frame: Frame, term: int) -> set[int]:
    """All that a term is made of, in its own function."""
    terms = frame.module.facts.terms
    seen: set[int] = set()
    pending = [term]
    while pending:
        one = pending.pop()
        if one not in seen:
            seen.add(one)
            pending += t.operands(terms[one])
    return seen


def _says_missing(name: str) -> bool:
    plain = name.replace("_", "").lower()
    return "notfound" in plain or "404" in plain or "doesnotexist" in plain
