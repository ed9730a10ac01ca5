"""What is read from each of many rows although their query did not fetch it: one query a row.

The rows carry their origin (:mod:`fwp_checks.project.meaning.origins`), so a need is found where it
runs: in a loop, in a helper, in a property, in whatever else a framework calls with each row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import LOOPS
from fwp_checks.project.effects.behaviours import Event
from fwp_checks.project.effects.callers import Callers
from fwp_checks.project.effects.compared import compared, wanted_of
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame, FunctionKey
from fwp_checks.project.meaning.origins import Hop, Origin, Place, origin_of
from fwp_checks.project.meaning.outcome import Alternative, RunExternal
from fwp_checks.project.meaning.tested import tests_before
from fwp_checks.project.meaning.values import NO_ARGUMENTS, Instance, Unknown, Value
from fwp_checks.project.rows.assigned import Assigned
from fwp_checks.project.rows.filling import Filling
from fwp_checks.project.rows.noted import uses_noted
from fwp_checks.project.rows.readied import Readied
from fwp_checks.project.rows.rounds import is_about
from fwp_checks.project.rows.ways import Ways
from fwp_checks.project.rows.written import WrittenTuples

if TYPE_CHECKING:
    from fwp_checks.facts.model import Region
    from fwp_checks.project.linked import Project
    from fwp_checks.project.rows.row_frames import RowFrames


def goes_through(project: Project, region: Region, module: Module, term: int) -> bool:
    """Whether a region is the loop that goes through what a term iterates, or takes of a list."""
    if region.kind in LOOPS:
        return region.term == term
    return region.kind == "while" and region == project.emptied.loop_of(module, term)


class Kind(Enum):
    """What a query for a single row is for."""

    RELATION = "the object behind a relation"
    COLLECTION = "the objects behind a relation"
    NARROWED = "some of the objects behind a relation"
    BYPASSED = "some of the objects behind a relation that was fetched"
    COLUMN = "a column that was left out"


@dataclass(slots=True, unsafe_hash=True)
class Lack:
    """What a query did not fetch: the way there from one of its rows, and the method that asks the
    database for objects behind a relation. ``besides`` is what else must be changed for the query
    to fetch it, in words. ``place`` is where that is to be mended, if not where the query is built.
    ``kept`` is what the query fetches as long as it names nothing, as names for it. ``by_key``: the
    row itself says what it leads to, so that nobody is asked where it leads nowhere.
    """

    kind: Kind
    hops: tuple[Hop, ...]
    method: str = ""
    besides: tuple[str, ...] = ()
    place: Place | None = None
    kept: tuple[str, ...] = ()
    by_key: bool = False

    @property
    def path(self) -> str:
        """The names on the way, with dots."""
        return ".".join(hop.name for hop in self.hops)


@dataclass(slots=True, unsafe_hash=True)
class Read:
    """Something that a framework reads from each row: attributes, one after the other, where ``*``
    goes through the objects of a relation. ``module`` and ``term`` are where that is written.
    """

    row: Value
    parts: tuple[str, ...]
    module: Module
    term: int


@dataclass(slots=True, unsafe_hash=True)
class Touch:
    """Something else that a framework does with each row, and what that runs: an entry for each
    thing it may be.
    """

    alternatives: tuple[Alternative, ...]
    module: Module
    term: int


@dataclass(slots=True, unsafe_hash=True)
class Consumer:
    """What goes through the rows of a query for a framework: a serializer, a template, an admin
    page.

    ``place`` is what its rows carry as the place where they are consumed. ``what`` is its kind,
    ``label`` how messages call it, ``module`` and ``term`` where a finding goes if the query has no
    place. ``frames`` are called with a row of it. ``joined`` are relations that it adds to the
    query by itself. ``wholes`` are where the queries are built of which it shows every row of a
    table at once. ``asked`` are where queries are built that it runs once a row, and that are not
    for what the row leads to. ``is_extended``: it is a class from which others derive. ``choices``
    are fields of the form of each row that ask for all objects they may lead to.
    """

    place: Place
    what: str
    label: str
    module: Module
    term: int
    frames: tuple[Frame, ...] = ()
    reads: tuple[Read, ...] = ()
    touches: tuple[Touch, ...] = ()
    joined: tuple[str, ...] = ()
    wholes: tuple[Place, ...] = ()
    asked: tuple[Place, ...] = ()
    is_extended: bool = False
    choices: tuple[str, ...] = ()

    @property
    def told(self) -> Showing:
        """What rules ask of it."""
        return Showing(
            self.place,
            self.what,
            self.label,
            self.module.path,
            self.term,
            self.joined,
            self.wholes,
            self.asked,
            self.is_extended,
            self.choices,
        )


class Showing(NamedTuple):
    """A consumer in plain data."""

    place: Place
    what: str
    label: str
    path: str
    term: int
    joined: tuple[str, ...] = ()
    wholes: tuple[Place, ...] = ()
    asked: tuple[Place, ...] = ()
    is_extended: bool = False
    choices: tuple[str, ...] = ()


class Need(NamedTuple):
    """One query a row: what for, by which of a library's functions, and where.

    ``is_kept``: what it is part of is put into a cache. ``is_about``: what is asked for is bounded
    by what the row itself says. ``is_open``: helpers ask for it only under a test of which nothing
    says how it comes out.
    """

    origin: Origin
    lack: Lack
    call: str
    path: str
    term: int
    is_kept: bool = False
    is_about: bool = False
    is_open: bool = False

    def met(self, other: Need) -> Need:
        """The same need, which was found twice."""
        return self._replace(is_open=False) if self.is_open and not other.is_open else self


def by_certainty(needs: Sequence[Need]) -> list[list[Need]]:
    """Needs of one query: what the rows are asked for in any case, then what maybe nobody asks for.
    What is fetched for the first anyway is one of them.
    """
    sure = [need.lack for need in needs if not need.is_open]
    parts: tuple[list[Need], list[Need]] = ([], [])
    for need in needs:
        path = need.lack.path
        is_sure = any(f"{lack.path}.".startswith(f"{path}.") for lack in sure)
        parts[need.is_open and not is_sure].append(need)
    return [part for part in parts if part]


_Lacking = tuple[RunExternal, Origin, Lack]
"""A query for a single row, whose query did not fetch what it gives."""


class NeedEvidence(NamedTuple):
    """A need that a share has found.

    ``starts`` are the functions of which it knows no caller, if that is why the need may run: it
    does if one of them is called nowhere else, either.
    """

    need: Need
    starts: frozenset[FunctionKey] = frozenset()


class RowNeeds:
    """Finds the needs in one share of a project."""

    def __init__(self, project: Project, frames: RowFrames, callers: Callers) -> None:
        self._project = project
        self._frames = frames
        self._callers = callers
        self._tuples = WrittenTuples(project, frames)
        self._readied = Readied(project)
        self._assigned = Assigned(project, frames, callers)
        self._ways = Ways(project, callers)
        self._filling = Filling(project, callers)

    def collect(self) -> list[NeedEvidence]:
        """Every need, in a fixed order."""
        found: dict[tuple[object, ...], NeedEvidence] = {}
        for one in self._find():
            need = one.need
            key = (need.origin, need.lack, need.path, need.term)
            known = found.get(key)
            if known is None:
                found[key] = one
            else:
                starts = known.starts | one.starts if known.starts and one.starts else frozenset()
                found[key] = NeedEvidence(known.need.met(need), starts)
        return list(found.values())

    def _find(self) -> Iterator[NeedEvidence]:
        """Every need, for each frame in which it is one."""
        for frame in self._frames.all:
            for event in self._project.behaviours.of(frame).events:
                lacks = self._lacks(frame, event.alternatives) if not event.is_remembered else ()
                if lacks:
                    yield from self._needs_of(frame, event, lacks)
        for consumer in self._frames.consumers:
            for read in consumer.reads:
                yield from self._needs_of_read(read)
            for touch in consumer.touches:
                for run, origin, lack in self._lacks(None, touch.alternatives):
                    if self._is_readied(origin, lack):
                        continue
                    yield NeedEvidence(Need(origin, lack, run.name, touch.module.path, touch.term))

    def _needs_of(
        self, frame: Frame, event: Event, lacks: Sequence[_Lacking]
    ) -> Iterator[NeedEvidence]:
        for run, origin, lack in lacks:
            if self._is_at_most_once(frame, event.term, origin, by_key=lack.by_key):
                continue
            if self._is_asked_on_way_out(frame, origin) or self._tuples.rule_out(origin):
                continue
            if self._is_called_in_handler(frame) or self._is_filled_in(frame, origin):
                continue
            if self._is_for_few(frame, event.term, origin):
                continue
            names = [hop.name for hop in lack.hops]
            if self._assigned.has(frame, event.term, origin, names):
                continue
            if self._assigned.stands_in(frame, event.term, origin):
                continue
            starts = self._callers.letting_run(frame, event.term)
            if starts is not None and not self._filling.is_for_row(frame, event.term, origin):
                is_kept = self._filling.is_whole(frame, event.term)
                by_row = lack.kind is Kind.NARROWED and is_about(self._project, frame, event.term)
                is_open = self._ways.are_open(frame, event.term, origin, lack)
                path, term = frame.module.path, event.term
                need = Need(origin, lack, run.name, path, term, is_kept, by_row, is_open)
                yield NeedEvidence(need, starts)

    def _lacks(self, frame: Frame | None, alternatives: tuple[Alternative, ...]) -> list[_Lacking]:
        """The queries for single rows among runs; none if there may as well be none."""
        found: list[_Lacking] = []
        for alternative in alternatives:
            is_there = False
            for run in alternative or ():
                if isinstance(run, RunExternal) and run.receiver is not None:
                    given = self._lack(frame, run)
                    is_there = is_there or given is not None or self._is_for_one(run)
                    if given is not None:
                        found.append(given)
            if not is_there:
                return []
        return found

    def _is_readied(self, origin: Origin, lack: Lack) -> bool:
        """Whether the function that asks for rows has loaded for each what is then read."""
        if origin.built is None:
            return False
        if self._assigned.has(None, -1, origin, [hop.name for hop in lack.hops]):
            return True
        if len(lack.hops) > 1:
            return False
        return lack.hops[0].name in self._readied.names(origin.built)

    def _is_for_one(self, run: RunExternal) -> bool:
        """Whether a run is a query for a row that is the only one: beside the rows of a query in
        ``posts = drafts or [post]``.
        """
        row = run.receiver
        if type(row) is not Instance or not row.details or origin_of(row) is not None:
            return False
        return run.name.endswith(".__get__") and bool(self._project.catalogue.effects(run.name))

    def _lack(self, frame: Frame | None, run: RunExternal) -> _Lacking | None:
        given = self._project.frameworks.lack(frame, run)
        if given is None:
            return None
        origin, lack = given
        if origin.consumed is None or origin.is_short:
            return None
        return run, origin, lack

    def _is_at_most_once(self, frame: Frame, term: int, origin: Origin, *, by_key: bool) -> bool:
        """Whether a read handles an exception, or, in the function that goes through the rows, is
        outside the loop, in a branch that leaves it, or, ``by_key``, decides about that branch.
        """
        around = [
            region
            for region in frame.module.regions_in(frame.scope_number)
            if region.start <= term < region.end
        ]
        if any(region.kind == "except" for region in around):
            if not self._project.behaviours.is_own(frame, term):
                return True
        consumed = origin.consumed
        if consumed is None or consumed.path != frame.module.path or consumed.term == term:
            return False
        if frame.module.code_scope_of(consumed.term) != frame.scope_number:
            return False
        if self._is_behind_loop(frame, term, consumed):
            return True
        loops = [
            region
            for region in around
            if region.kind in LOOPS
            or goes_through(self._project, region, frame.module, consumed.term)
        ]
        if not loops:
            # What sorted() and its kin hand over is read in another function.
            return True
        inner = max(loops, key=lambda region: region.start)
        if by_key and inner.term == consumed.term and _leaves_with(frame, inner, term):
            return True
        own = [r for r in loops if goes_through(self._project, r, frame.module, consumed.term)]
        loop = max(own, key=lambda region: region.start) if own else inner
        return any(
            frame.module.leaves_loop(region, loop, frame.scope_number)
            for region in around
            if region.start >= loop.start
        )

    def _is_called_in_handler(self, frame: Frame) -> bool:
        """Whether all that call a frame do so where they handle an exception."""
        calls = self._callers.calls_of(frame)
        return bool(calls) and all(
            any(
                region.kind == "except" and region.start <= term < region.end
                for region in caller.module.regions_in(caller.scope_number)
            )
            for caller, term in calls
        )

    def _is_filled_in(
        self, frame: Frame, origin: Origin, within: frozenset[Frame] = frozenset()
    ) -> bool:
        """Whether all that call a frame do so for a property of the rows whose result was put there
        before for each of them, ``for post in posts: post.__dict__["size"] = …``.
        """
        calls = self._callers.calls_of(frame) if frame not in within else ()
        own = frame.arguments[0] if frame.scope.decorators and frame.arguments else None
        row = origin_of(own) if own is not None else None
        names = [frame.name]
        if row is not None and row.built == origin.built and not row.hops:
            reading: Sequence[tuple[Frame | None, int]] = calls or [(None, -1)]
            if all(self._assigned.has(one, term, row, names) for one, term in reading):
                return True
        return bool(calls) and all(
            self._is_filled_in(caller, origin, within | {frame}) for caller, _ in calls
        )

    def _is_for_few(
        self, frame: Frame, term: int, origin: Origin, within: frozenset[Frame] = frozenset()
    ) -> bool:
        """Whether code runs for those rows only that have a certain value in a column of which
        there is one of each: ``if edition.number == "draft": …``, of the editions of one book.
        """
        for test, holds in tests_before(frame.module, frame.scope_number, term):
            if self._picks_few(frame, test, origin, holds=holds):
                return True
        calls = self._callers.calls_of(frame) if frame not in within else ()
        return bool(calls) and all(
            self._is_for_few(caller, call, origin, within | {frame}) for caller, call in calls
        )

    def _picks_few(self, frame: Frame, test: int, origin: Origin, *, holds: bool) -> bool:
        terms = frame.module.facts.terms
        found = compared(terms, terms[test]) if terms[test][0] == t.COMPARE else None
        if found is None or found.is_equal is not holds or found.form:
            return False
        read = terms[t.unaliased(terms, found.term)]
        if read[0] != t.ATTR or wanted_of(self._project, frame, found) is None:
            return False
        row = self._project.values.evaluate(frame, read[1])
        own = origin_of(row)
        return (
            isinstance(row, Instance)
            and own is not None
            and (own.built, own.consumed, own.hops) == (origin.built, origin.consumed, ())
            and self._project.frameworks.is_one_of_each(row, read[2])
        )

    def _is_asked_on_way_out(
        self, frame: Frame, origin: Origin, within: frozenset[Frame] = frozenset()
    ) -> bool:
        """Whether all that call a frame go through the rows themselves, and call it in a branch
        that leaves the loop, ``if post.is_wanted: return shown(post)``, or with the row that the
        loop has noted; or are called so.
        """
        consumed = origin.consumed
        calls = self._callers.calls_of(frame) if frame not in within else ()
        if consumed is None or not calls:
            return False
        for caller, term in calls:
            module = caller.module
            if consumed.path != module.path or (
                module.code_scope_of(consumed.term) != caller.scope_number
            ):
                if not self._is_asked_on_way_out(caller, origin, within | {frame}):
                    return False
            elif not self._is_behind_loop(caller, term, consumed) and not any(
                module.leaves_loop(region, loop, caller.scope_number)
                for loop in self._loops_around(caller, term, consumed.term)
                for region in module.regions_in(caller.scope_number)
                if region.kind not in LOOPS and loop.start < region.start <= term < region.end
            ):
                return False
        return True

    def _is_behind_loop(self, frame: Frame, term: int, consumed: Place) -> bool:
        """Whether a term uses the one row that the loop of its function has noted."""
        return not self._is_in_loop(frame, term, consumed.term) and uses_noted(
            self._project, frame, term, consumed
        )

    def _is_in_loop(self, frame: Frame, term: int, iterated: int) -> bool:
        """Whether a term stands in the loop over what is iterated."""
        return bool(self._loops_around(frame, term, iterated))

    def _loops_around(self, frame: Frame, term: int, iterated: int) -> list[Region]:
        return [
            region
            for region in frame.module.regions_in(frame.scope_number)
            if region.start <= term < region.end
            and goes_through(self._project, region, frame.module, iterated)
        ]

    def _needs_of_read(self, read: Read) -> Iterator[NeedEvidence]:
        protocols, members = self._project.protocols, self._project.members
        value = read.row
        for part in read.parts:
            if part == "*":
                value = self._all_of(value)
                alternatives = protocols.iterating(value, is_async=False)
            else:
                alternatives = protocols.reading(value, part)
            for run, origin, lack in self._lacks(None, alternatives):
                need = Need(origin, lack, run.name, read.module.path, read.term)
                yield NeedEvidence(need)
            value = protocols.element(value) if part == "*" else members.attribute(value, part)

    def _all_of(self, value: Value) -> Value:
        """All objects behind a relation, if the value is a manager that leads to them."""
        method = self._project.members.attribute(value, "all")
        if isinstance(method, Unknown):
            return value
        given = self._project.calls.invoke(method, NO_ARGUMENTS).result
        return value if isinstance(given, Unknown) else given


def _leaves_with(frame: Frame, loop: Region, term: int) -> bool:
    """Whether a branch leaves a loop as soon as what is read at a term is there: ``if post.author:
    return post.author``.
    """
    return any(
        region.kind == "if"
        and region.exits
        and loop.start <= region.start < loop.end
        and _tested(frame.module.facts.terms, region.term) == term
        for region in frame.module.regions_in(frame.scope_number)
    )


def _tested(terms: list[t.Term], test: int) -> int:
    """What a test finds to be there: ``post.author``, ``post.author is not None``."""
    entry = terms[test]
    if entry[0] == t.COMPARE and entry[1] == "is not" and terms[entry[3]] == (t.CONST, None):
        return t.unaliased(terms, entry[2])
    return t.unaliased(terms, entry[1]) if entry[0] == t.TRUTH else test
