"""Queries that code runs for each row that a framework hands to it, beside those for what the row
itself leads to: ``Comment.objects.filter(post=post)`` in a method of a serializer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from fwp_checks.catalogue import EffectRow
from fwp_checks.facts import terms as t
from fwp_checks.project.effects.chains import Call, call_at
from fwp_checks.project.effects.effects import Effects, Link, Rows
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.origins import origin_of
from fwp_checks.project.meaning.outcome import RunExternal, RunFrame
from fwp_checks.project.meaning.values import Instance, options_of
from fwp_checks.project.rows.weights import Weight

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.rows.needs import Consumer
    from fwp_checks.project.rows.row_frames import RowFrames

# What is further away is a job that is done for each row, which happens to use the database.
_MOST_LINKS = 3
_ORM = ("django.db.models.",)


class RowSite(NamedTuple):
    """A place that queries for each row of a consumer, with the chain that proves it.

    ``what`` and ``label`` are those of the consumer. ``is_open``: it does so only under a test in a
    helper of which nothing says how it comes out.
    """

    path: str
    scope: int
    term: int
    what: str
    label: str
    chain: tuple[Call, ...]
    row: EffectRow
    is_open: bool = False

    @property
    def weight(self) -> Weight:
        """How much its query weighs."""
        return Weight.OPEN if self.is_open else Weight.WAITED

    @property
    def query(self) -> tuple[str, str, int]:
        """Which query it is, in which function, for which kind of consumer."""
        last = self.chain[-1]
        return self.what, last.path, last.term


class RowEffects:
    """Finds such places in one share of a project."""

    def __init__(self, project: Project, frames: RowFrames) -> None:
        self._project = project
        self._frames = frames
        self._rows = Rows(project)

    def collect(self) -> list[RowSite]:
        """The places, each query once for a kind of consumer."""
        return list(by_query(self._find()).values())

    def _find(self) -> Iterator[RowSite]:
        shown = [
            (consumer, run)
            for consumer in self._frames.consumers
            for touch in consumer.touches
            for alternative in touch.alternatives
            for run in alternative or ()
        ]
        of = self._project.behaviours.with_awaited
        handed = [run.frame for _, run in shown if isinstance(run, RunFrame)]
        calls = self._frames.calls_from({frame: of(frame) for frame in handed if rows_among(frame)})
        effects = Effects(self._project, calls, self._row, each_time=True)
        for consumer, run in shown:
            if isinstance(run, RunFrame):
                yield from self._sites(effects, run.frame, consumer)
            else:
                yield from self._handed_on(run, consumer)

    def _row(self, run: RunExternal) -> EffectRow | None:
        # What is fetched for a row is the business of the query that gave the row; it may be what a
        # query of unknown origin fetches, too.
        receiver = run.receiver
        if isinstance(receiver, Instance) and not receiver.details and run.name.startswith(_ORM):
            return None
        row = self._rows.of(run, "queries")
        if row is None or self._project.frameworks.lack(None, run) is not None:
            return None
        return row

    def _handed_on(self, run: RunExternal, consumer: Consumer) -> Iterator[RowSite]:
        """Where a query is built that a function hands on, and the consumer then runs."""
        origin = origin_of(run.receiver) if run.receiver is not None else None
        if origin is None or origin.built is None or origin.built in consumer.asked:
            return
        if origin.hops or origin.consumed is not None:
            return
        row = self._row(run)
        module = self._project.table.by_path.get(origin.built.path)
        if row is None or module is None or module.is_read_only:
            return
        term = origin.built.term
        function = origin.built.path, module.code_scope_of(term)
        for frame in self._frames.by_function.get(function, ()):
            if _uses(frame, term, rows_among(frame)):
                chain = (call_at(frame, term, run),)
                yield RowSite(*function, term, consumer.what, consumer.label, chain, row)
                return

    def _sites(self, effects: Effects, frame: Frame, consumer: Consumer) -> Iterator[RowSite]:
        handed = rows_among(frame)
        for event in self._project.behaviours.of(frame).events if handed else ():
            chain, is_open = effects.proven(frame, event)
            if not 0 < len(chain) <= _MOST_LINKS or event.is_remembered:
                continue
            last = chain[-1].run
            row = self._row(last) if isinstance(last, RunExternal) else None
            if row is None or any(map(self._is_fallback, chain)):
                continue
            if _uses(frame, event.term, handed):
                yield RowSite(
                    *frame.function,
                    event.term,
                    consumer.what,
                    consumer.label,
                    tuple([call_at(link.frame, link.term, link.run) for link in chain]),
                    row,
                    is_open,
                )

    def _is_fallback(self, link: Link) -> bool:
        """Whether a link handles an exception, or stands in a branch that a test for None, for a
        key or for an attribute decides: what is done without what was fetched for all rows.
        """
        module, number = link.frame.module, link.frame.scope_number
        if self._project.behaviours.is_own(link.frame, link.term):
            return False
        for region in module.regions_in(number):
            start, end = region.start, region.end
            if region.kind == "except" and start <= link.term < end:
                return True
            if region.kind in ("if", "else") and _asks(module, region.term):
                rest = module.rest_after(region, number) if region.leaves else (0, 0)
                if start <= link.term < end or rest[0] <= link.term < rest[1]:
                    return True
        return False


def by_query(sites: Iterable[RowSite]) -> dict[tuple[str, str, int], RowSite]:
    """The first place for each query, of those that are sure if there are any."""
    found: dict[tuple[str, str, int], RowSite] = {}
    for site in sites:
        known = found.get(site.query)
        if known is None or (known.is_open and not site.is_open):
            found[site.query] = site
    return found


def _asks(module: Module, test: int) -> bool:
    terms = module.facts.terms
    entry = terms[test] if test >= 0 else t.NOTHING
    if entry[0] == t.UNARY:
        return _asks(module, entry[2])
    if entry[0] == t.BOOL:
        return any(_asks(module, operand) for operand in entry[2])
    if entry[0] == t.CALL:
        return bool(terms[entry[1]] == (t.NAME, "hasattr"))
    return entry[0] == t.COMPARE and entry[1] in ("is", "is not", "in", "not in")


def rows_among(frame: Frame) -> set[int]:
    """The parameters that are handed one of many rows."""
    return {
        index
        for index, value in enumerate(frame.arguments)
        for option in (options_of(value) if value is not None else ())
        if (origin := origin_of(option)) is not None and origin.consumed is not None
    }


def _uses(frame: Frame, term: int, parameters: set[int]) -> bool:
    """Whether what is done at a term works on what comes from one of these parameters."""
    terms = frame.module.facts.terms
    waiting = [term]
    seen: set[int] = set()
    while waiting:
        entry = terms[waiting.pop()]
        if entry[0] == t.PARAM and entry[1] in parameters:
            return True
        following = [term for term in t.operands(entry) if term not in seen]
        seen.update(following)
        waiting.extend(following)
    return False
