"""What sets the rounds of a loop apart, so that no one query can take the place of theirs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Region, Scope
from fwp_checks.project.effects.compared import literal
from fwp_checks.project.effects.effects import Link
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.origins import origin_of
from fwp_checks.project.meaning.outcome import Run, RunExternal, RunFrame
from fwp_checks.project.meaning.values import (
    ClassValue,
    External,
    Instance,
    Member,
    Unknown,
    options_of,
)
from fwp_checks.project.rows.apart import Apart
from fwp_checks.project.rows.statements import executes, is_setting, made_of

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# What is made of nothing but these inside a loop is the same in each round.
BUILDING = (t.CALL, t.ATTR, t.LOOKUP, t.NAME, t.CONST, t.SEQUENCE, t.IMPORT)
# Methods of queries whose arguments without a name are conditions.
_NARROWING = ("filter", "exclude", "where", "having")
# How many calls away a round does what sets it apart.
_LEVELS = 3
_DIALOGUE = frozenset(
    {"builtins.input", "getpass.getpass", "click.prompt", "click.confirm", "typer.prompt"}
)


class Rounds:
    """Answers for the loops of one share of a project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[tuple[Frame, int, int], Apart | None] = {}

    def of(self, frame: Frame, loop: Region) -> Apart | None:
        """What a round of a loop does that sets it apart as a whole."""
        key = (frame, loop.start, loop.end)
        if key not in self._known:
            found = set(self._found(frame, loop))
            self._known[key] = next((one for one in reversed(Apart) if one in found), None)
        return self._known[key]

    def goes_down(self, frame: Frame, loop: Region) -> bool:
        """Whether a round calls the function that the loop stands in."""
        return any(
            isinstance(run, RunFrame) and run.frame.function == frame.function
            for run in self._runs(frame, loop.start, loop.end, 0)
        )

    def _found(self, frame: Frame, loop: Region) -> Iterator[Apart]:
        if self.goes_down(frame, loop):
            yield Apart.TREE
        for run in self._runs(frame, loop.start, loop.end, _LEVELS):
            if isinstance(run, RunExternal) and run.name in _DIALOGUE:
                yield Apart.DIALOGUE
            elif isinstance(run, RunExternal) and is_setting(run):
                yield Apart.CONNECTION
        for region in frame.module.regions_in(frame.scope_number):
            if region.kind == "with" and loop.start < region.start < loop.end:
                yield from self._entered(frame, region.term)
        yield from self._called(frame, loop)
        terms = frame.module.facts.terms
        for entry in terms[loop.start : loop.end]:
            if entry[0] == t.ITEM and terms[entry[2]][0] == t.SLICE:
                if differs(frame, entry[1], (loop,)) and self._is_query(frame, entry[1]):
                    yield Apart.BOUNDS

    def changes(self, frame: Frame, part: Region | Scope) -> bool:
        """Whether objects are changed that are written later."""
        return any(what is Apart.CHANGES for what in self._called(frame, part))

    def _called(self, frame: Frame, part: Region | Scope) -> Iterator[Apart]:
        """What the methods tell that are called there."""
        terms = frame.module.facts.terms
        for entry in terms[part.start : part.end]:
            if entry[0] == t.CALL and terms[entry[1]][0] == t.ATTR:
                if self._project.frameworks.may_set_apart(terms[entry[1]][2]):
                    yield from self._told_by(frame, entry[1], of_object=True)
                    if entry[2] and self._is_handed_row(frame, entry[1], entry[2][0]):
                        yield Apart.CHANGES

    def _is_query(self, frame: Frame, term: int) -> bool:
        """Whether something is a query, not run yet."""
        options = options_of(self._project.values.evaluate(frame, term))
        origins = [origin_of(option) for option in options]
        return all(origin is not None and origin.consumed is None for origin in origins)

    def picked(self, link: Link, loops: Sequence[Region]) -> Apart | None:
        """Why what a loop does first cannot be put together with that of other rounds: what it
        works on is an attribute whose name is the round's own, or a statement that is.
        """
        terms = link.frame.module.facts.terms
        entry = terms[link.term]
        given = entry[2] if entry[0] == t.CALL else ()
        depends = partial(differs, link.frame, loops=loops)
        for term in given:
            inner = terms[t.unaliased(terms, term)]
            if inner[0] == t.CALL and len(inner[2]) > 1 and depends(inner[2][1]):
                called = self._project.values.evaluate(link.frame, inner[1])
                if isinstance(called, External) and called.name == "builtins.getattr":
                    return Apart.SHAPE
        if isinstance(link.run, RunExternal):
            conditions = _conditions(terms, link.term)
            if any(_is_element(terms, one) and depends(one) for one in conditions):
                return Apart.SHAPE
            asked = _root(terms, link.term)
            if given and executes(link.run):
                asked = _statement(terms, given[0])
            if _is_element(terms, asked) and depends(asked) and not self._is_row(link.frame, asked):
                return Apart.SHAPE
            table = self._project.frameworks.table_term(link.run, link.frame.module, link.term)
            if table >= 0 and depends(table):
                return Apart.SHAPE
        return None

    def _is_handed_row(self, frame: Frame, function: int, given: int) -> bool:
        """Whether a method of something unknown is handed an object, which may be added to a
        session so.
        """
        called = options_of(self._project.values.evaluate(frame, function))
        return any(isinstance(one, Unknown) for one in called) and self._is_row(frame, given)

    def _is_row(self, frame: Frame, term: int) -> bool:
        """Whether something is an object whose relation may be asked for, or may be one."""
        options = options_of(self._project.values.evaluate(frame, term))
        return any(
            isinstance(option, Instance)
            and isinstance(option.class_, ClassValue)
            and self._project.frameworks.is_model(option.class_)
            for option in options
        )

    def _runs(self, frame: Frame, start: int, end: int, levels: int) -> Iterator[Run]:
        """What runs in a stretch of a frame, and so many calls away from it."""
        inner: dict[Frame, None] = {}
        for event in self._project.behaviours.with_awaited(frame):
            for alternative in event.alternatives if start < event.term < end else ():
                for run in alternative or ():
                    yield run
                    if isinstance(run, RunFrame):
                        inner[run.frame] = None
        for called in inner if levels else ():
            yield from self._runs(called, called.scope.start, called.scope.end, levels - 1)

    def around(self, links: Iterable[Link], loop: Region) -> Apart | None:
        """What is entered in a round, in the loop itself or in a function that it calls, and left
        behind the query.
        """
        start = loop.start
        found: set[Apart] = set()
        for link in links:
            if start < 0:
                found.update(self._decorated(link.frame))
            regions = link.frame.module.regions_in(link.frame.scope_number)
            for region in regions:
                if region.kind == "with" and start < region.start <= link.term < region.end:
                    found.update(self._entered(link.frame, region.term))
            start = -1
        return next((one for one in reversed(Apart) if one in found), None)

    def _decorated(self, frame: Frame) -> Iterator[Apart]:
        """What the decorators of a function enter around it."""
        terms = frame.module.facts.terms
        around = self._project.frame_of_scope(frame.module, frame.scope.parent)
        for decorator in frame.scope.decorators:
            entry = terms[decorator]
            yield from self._told_by(around, entry[1] if entry[0] == t.CALL else decorator)

    def _entered(self, frame: Frame, manager: int) -> Iterator[Apart]:
        terms: list[t.Term] = frame.module.facts.terms
        entry = terms[t.unaliased(terms, manager)] if manager >= 0 else terms[0]
        if entry[0] == t.ENTER:
            entry = terms[t.unaliased(terms, entry[1])]
        if entry[0] != t.CALL:
            return
        yield from self._told_by(frame, entry[1])

    def _told_by(self, frame: Frame, function: int, *, of_object: bool = False) -> Iterator[Apart]:
        """What calling a function of a library tells; ``of_object``: methods alone count."""
        for option in options_of(self._project.values.evaluate(frame, function)):
            if isinstance(option, Member) or (isinstance(option, External) and not of_object):
                apart = self._project.frameworks.sets_apart(option.name)
                if apart is not None:
                    yield apart


def differs(frame: Frame, term: int, loops: Sequence[Region]) -> bool:
    """Whether what a term holds comes from inside one of these loops."""
    terms = frame.module.facts.terms
    start = min(loop.start for loop in loops)
    waiting = [term]
    seen: set[int] = set()
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        entry = terms[current]
        if entry[0] in (t.ALIAS, t.NARROW):
            # What a loop leaves alone.
            waiting.append(entry[1])
        elif current >= start:
            if entry[0] not in BUILDING:
                return True
            waiting.extend(t.operands(entry))
        elif entry[0] == t.JOIN:
            # What a loop carries round is made before it, and refers to what comes later.
            waiting.extend(t.operands(entry))
    return False


def is_about(project: Project, frame: Frame, term: int) -> bool:
    """Whether a query asks an object for something that the object itself says, too, or that was
    found out about it in a round of a loop: ``post.comments.filter(author=post.author)``. Members
    of enumerations are the same for all: ``self.Status.LIVE``.
    """

    def is_fixed(part: int) -> bool:
        return terms[part][0] == t.ATTR and literal(project, frame, part) is not None

    terms = frame.module.facts.terms
    entry = terms[t.unaliased(terms, term)]
    if entry[0] in (t.ITER, t.TRUTH):
        term = entry[1]
    root, given = _asked_with(terms, term)
    if terms[root][0] not in (t.PARAM, t.ITER, t.UNPACK):
        return False
    regions = frame.module.regions_in(frame.scope_number)
    loops = [region for region in regions if region.term == root and terms[root][0] == t.ITER]
    for one in given:
        parts = made_of(terms, one, is_fixed)
        # What an inner loop goes through is not the row's.
        is_own = loops and all(terms[part][0] != t.ITER for part in parts)
        if root in parts or (parts and is_own and differs(frame, one, loops)):
            return True
    return False


def _asked_with(terms: list[t.Term], term: int) -> tuple[int, list[int]]:
    """What a chain of methods starts from, and the arguments in it."""
    given: list[int] = []
    while True:
        term = t.unaliased(terms, term)
        entry = terms[term]
        if entry[0] == t.CALL and terms[entry[1]][0] == t.ATTR:
            given += (*entry[2], *(value for _, value in entry[3]))
            term = terms[entry[1]][1]
        elif entry[0] == t.CALL and len(entry[2]) == 1:
            # list(…), sum(…)
            term = entry[2][0]
        elif entry[0] == t.ATTR:
            term = entry[1]
        else:
            return term, given


def _is_element(terms: list[t.Term], term: int) -> bool:
    """Whether something is one of the things that a loop goes through, or a part of one."""
    entry = terms[t.unaliased(terms, term)]
    while entry[0] in (t.ATTR, t.ITEM, t.UNPACK):
        entry = terms[t.unaliased(terms, entry[1])]
    return bool(entry[0] == t.ITER)


def _statement(terms: list[t.Term], term: int) -> int:
    """What ``text(sql)`` makes a statement of."""
    entry = terms[t.unaliased(terms, term)]
    is_function = entry[0] == t.CALL and terms[entry[1]][0] in (t.NAME, t.IMPORT)
    return entry[2][0] if is_function and len(entry[2]) == 1 else term


def _root(terms: list[t.Term], term: int) -> int:
    """What a chain of methods starts from."""
    while True:
        term = t.unaliased(terms, term)
        entry = terms[term]
        if entry[0] == t.CALL and terms[entry[1]][0] == t.ATTR:
            term = terms[entry[1]][1]
        elif entry[0] in (t.ITER, t.TRUTH):
            term = entry[1]
        else:
            return term


def _conditions(terms: list[t.Term], term: int) -> Iterator[int]:
    """What a chain of methods is handed as whole conditions: ``query.filter(condition)``."""
    while True:
        term = t.unaliased(terms, term)
        entry = terms[term]
        if entry[0] == t.CALL and terms[entry[1]][0] == t.ATTR:
            if terms[entry[1]][2] in _NARROWING:
                yield from entry[2]
            term = terms[entry[1]][1]
        elif entry[0] == t.CALL and len(entry[2]) == 1:
            # list(…), sum(…)
            term = entry[2][0]
        elif entry[0] in (t.ITER, t.TRUTH, t.YIELD) and entry[1] >= 0:
            term = entry[1]
        else:
            return
