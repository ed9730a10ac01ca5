"""Queries and writes that a loop runs in each of its rounds, itself or through helpers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple

from fwp_checks.catalogue import EffectRow
from fwp_checks.facts import terms as t
from fwp_checks.facts.model import LOOPS, ROUNDS, Region, Scope
from fwp_checks.project.effects.asked_for import AskedFor
from fwp_checks.project.effects.behaviours import Event
from fwp_checks.project.effects.call_graph import CallGraph
from fwp_checks.project.effects.callers import Callers
from fwp_checks.project.effects.chains import Call, call_at
from fwp_checks.project.effects.effects import Effects, Link, Rows, is_kept_by_object
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.outcome import RunExternal, RunFrame
from fwp_checks.project.rows.apart import Apart
from fwp_checks.project.rows.asking import asked_of, is_same, made_at, statement_of
from fwp_checks.project.rows.filling import Filling
from fwp_checks.project.rows.gone_through import GoneThrough
from fwp_checks.project.rows.lengths import Lengths
from fwp_checks.project.rows.matched import is_for_one_round
from fwp_checks.project.rows.needs import goes_through
from fwp_checks.project.rows.rounds import Rounds, differs
from fwp_checks.project.rows.statements import executes, kind_of
from fwp_checks.project.rows.weights import Weight

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.rows.row_frames import RowFrames

# What is further away is a job that is done for each item, which happens to use the database.
_MOST_LINKS = {"queries": 3, "writes": 2}

# How far away a statement that writes is looked for.
_LEVELS = 2


class LoopSite(NamedTuple):
    """A place in a loop that queries or writes in each round, with the chain that proves it.

    ``loop`` is the stretch of terms that is the loop. ``is_same``: nothing of the query depends on
    the round. ``apart`` is why no simple query gives all that the rounds ask for, None
    if one does. ``hooks`` is the project's own code that runs when
    one object is written, in words. ``rendered`` is where the template is rendered that the loop
    stands in, if it does. ``same`` is the variable that is gone through or tested in each round,
    if that asks the same each time; else -1.
    """

    path: str
    scope: int
    term: int
    loop: tuple[int, int]
    chain: tuple[Call, ...]
    row: EffectRow
    is_same: bool
    weight: Weight
    apart: Apart | None
    hooks: str
    rendered: Place | None
    same: int = -1

    @property
    def call(self) -> str:
        """The library function that runs the query, by its dotted name."""
        return self.chain[-1].library

    @property
    def doubt(self) -> tuple[bool, int]:
        """Of two that prove the same, the one with the lesser has the better proof."""
        return self.weight is Weight.OPEN, len(self.chain)


class LoopEffects:
    """Finds what loops do in each round, in one share of a project."""

    def __init__(self, project: Project, frames: RowFrames, callers: Callers) -> None:
        self._project = project
        self._frames = frames
        self._callers = callers
        self._rows = Rows(project)
        self._asked_for = AskedFor(project)
        self._rounds = Rounds(project)
        self._lengths = Lengths(project)
        self._gone_through = GoneThrough(project)
        self._filling = Filling(project, callers)
        self._open_ended: dict[Frame, list[Region]] = {}
        self._writing: dict[tuple[Frame, int, int], bool] = {}
        self._sending: dict[tuple[Frame, int, int, int], bool] = {}

    @cached_property
    def _in_rounds(self) -> dict[Frame, list[Event]]:
        """What each frame does in its loops; other frames are left out."""
        of = self._project.behaviours.with_awaited
        found: dict[Frame, list[Event]] = {}
        for frame in self._frames.all:
            regions = frame.module.regions_in(frame.scope_number)
            loops = [region for region in regions if region.kind in ROUNDS]
            if loops and (events := [event for event in of(frame) if _is_in(event, loops)]):
                found[frame] = events
        return found

    @cached_property
    def _calls(self) -> CallGraph:
        """What runs in rounds of loops."""
        return self._frames.calls_from(self._in_rounds)

    @cached_property
    def _effects(self) -> dict[str, Effects]:
        return {
            effect: Effects(self._project, self._calls, partial(self._row, effect), each_time=True)
            for effect in _MOST_LINKS
        }

    @cached_property
    def _of_objects(self) -> Effects:
        """The queries whose results objects remember, in loops that come to such a result."""
        keeping = self._calls.leading_to(is_kept_by_object)
        calls = self._frames.calls_from(
            {frame: events for frame, events in self._in_rounds.items() if frame in keeping}
        )
        row = partial(self._row, "queries")
        return Effects(self._project, calls, row, each_time=True, each_object=True)

    def collect(self, effect: str) -> list[LoopSite]:
        """The places that have an effect (``queries`` or ``writes``), each with its shortest
        chain.
        """
        effects = self._effects[effect]
        best: dict[tuple[str, int], LoopSite] = {}
        for frame, events in self._in_rounds.items():
            is_reached = effects.reaches(frame) or (
                effect == "queries" and self._of_objects.reaches(frame)
            )
            loops = self._loops(frame) if is_reached else []
            for event in events if loops else ():
                if not _is_in(event, loops):
                    continue
                by_nobody = partial(self._asked_for.by_nobody, frame, event.term)
                chain, is_open = effects.proven(frame, event, by_nobody)
                if not chain and effect == "queries":
                    chain, is_open = self._of_objects.proven(frame, event, by_nobody)
                if not 0 < len(chain) <= _MOST_LINKS[effect]:
                    continue
                site = self._site(frame, event, chain, loops, effect)
                if site is None:
                    continue
                if is_open:
                    site = site._replace(weight=Weight.OPEN)
                known = best.get((site.path, site.term))
                if known is None or site.doubt < known.doubt:
                    best[site.path, site.term] = site
        return list(best.values())

    def writing(self, consumed: Iterable[Place]) -> Iterator[Place]:
        """The places where a loop goes through rows and writes, or calls its own function, in each
        round.
        """
        for place in consumed:
            module = self._project.table.by_path.get(place.path)
            if module is None or module.is_template:
                continue
            scope = module.code_scope_of(place.term)
            frames = self._frames.by_function.get((place.path, scope), ())
            loops = [
                region
                for region in module.regions_in(scope)
                if goes_through(self._project, region, module, place.term)
            ]
            if any(
                self._writes(frame, loop) or self._rounds.goes_down(frame, loop)
                for loop in loops
                for frame in frames
            ):
                yield place

    def _row(self, effect: str, run: RunExternal) -> EffectRow | None:
        row = self._rows.of(run, effect)
        # What is fetched for a row is the business of the query that gave the row.
        if row is None or self._project.frameworks.lack(None, run) is not None:
            return None
        return row

    def _site(
        self,
        frame: Frame,
        event: Event,
        chain: tuple[Link, ...],
        loops: Sequence[Region],
        effect: str,
    ) -> LoopSite | None:
        last = chain[-1].run
        assert isinstance(last, RunExternal)
        asked = made_at(self._project, chain)
        around = [
            loop
            for loop in loops
            if loop.start < event.term < loop.end
            and loop.start < asked < loop.end
            and not self._leaves(frame, loop, event.term)
            and not is_for_one_round(self._project, frame, loop, event.term)
        ]
        if not around or not self._is_anew(chain, around) or self._gone_through.is_before(chain):
            return None
        inner = max(around, key=lambda loop: loop.start)
        row = self._row(effect, last)
        if row is None or _is_in_bulk(last):
            return None
        if _is_remembered(frame, event.term):
            return None
        if len(chain) == 1 and self._gone_through.is_at_hand(chain[0]):
            return None
        is_work = self._writes(frame, inner)
        if effect == "queries" and len(chain) > 1:
            if is_work or any(self._writes(link.frame, link.frame.scope) for link in chain[1:]):
                return None
        apart = self._apart(frame, chain, around, inner) if effect == "queries" else None
        if effect == "queries" and apart is not Apart.WRITES and self._is_beside(chain, inner):
            if len(chain) > 1:
                return None
            is_work = True
        same = apart is not Apart.DRAWN and is_same(self._project, chain, around)
        if apart is not None and apart.is_certain:
            return None
        if effect == "queries" and self._filling.is_in_loop(chain, inner):
            return None
        hooks = self._project.frameworks.hooks_of_write(last) if effect == "writes" else ""
        queries = asked_of(self._project, chain[0])
        return LoopSite(
            *frame.function,
            event.term,
            (inner.start, inner.end),
            tuple([call_at(link.frame, link.term, link.run) for link in chain]),
            row,
            same,
            _weight(is_work or apart is not None or _is_done_for_itself(frame, chain)),
            apart,
            hooks,
            self._rendered(frame, event.term),
            t.unaliased(frame.module.facts.terms, queries[0]) if same else -1,
        )

    def _is_anew(self, chain: Sequence[Link], loops: Sequence[Region]) -> bool:
        """Whether what objects of a chain remember is asked for in each round: of another object,
        and not in an earlier loop.
        """
        terms = chain[0].frame.module.facts.terms
        behaviours = self._project.behaviours
        start = min(loop.start for loop in loops)
        for position, link in enumerate(chain):
            at = position
            if behaviours.is_own(link.frame, link.term):
                # The object of the method keeps it.
                at -= 1
                if at < 0 and behaviours.is_own(link.frame, link.term, start):
                    return False
            elif not self._is_kept(link):
                continue
            if at >= 0:
                term = _object(chain[at])
                while at and term >= 0:
                    entry = chain[at].frame.module.facts.terms[term]
                    at -= 1
                    term = _object(chain[at]) if entry == (t.PARAM, 0) else -1
                if term < 0 or not differs(chain[0].frame, term, loops):
                    return False
                read = terms[chain[0].term]
                name = terms[read[1]][2] if read[0] == t.CALL else read[2]
                if any(
                    terms[other][0] == t.ATTR and terms[other][2] == name
                    for other in range(chain[0].frame.scope.start, start)
                ):
                    return False
        return True

    def _is_kept(self, link: Link) -> bool:
        """Whether the result of what a link does is remembered."""
        return any(
            event.is_remembered
            for event in self._project.behaviours.with_awaited(link.frame)
            if event.term == link.term
        )

    def _rendered(self, frame: Frame, term: int) -> Place | None:
        """Where a template is rendered that comes to a term; None for other code."""
        context = self._project.templates.context_of(frame) if frame.module.is_template else None
        if context is None or self._callers.letting_run(frame, term) is None:
            return None
        return context.rendered

    def _apart(
        self, frame: Frame, chain: Sequence[Link], loops: Sequence[Region], inner: Region
    ) -> Apart | None:
        """Why a query in these loops cannot be put together with those of other rounds."""
        last = chain[-1].run
        assert isinstance(last, RunExternal)
        made_in, statement = statement_of(chain)
        kind = kind_of(self._project, last, made_in.frame, statement)
        if kind in (Apart.CONNECTION, Apart.DRAWN):
            return kind
        found = [
            kind,
            *(self._rounds.of(frame, loop) for loop in loops),
            self._rounds.around(chain, inner),
            self._stands_alone(chain[-1], loops if len(chain) == 1 else ()),
            self._handed_on(chain, loops),
            self._rounds.picked(chain[0], loops),
        ]
        told = [one for one in found if one is not None]
        return max(told, key=lambda one: one.is_certain, default=None)

    def _stands_alone(self, link: Link, loops: Sequence[Region]) -> Apart | None:
        """Why a query, in these loops or in a function that a loop calls, cannot be put together
        with those of other rounds, by itself.
        """
        frame = link.frame
        depends = partial(differs, frame, loops=loops) if loops else partial(_is_given, frame)
        assert isinstance(link.run, RunExternal)
        frameworks = self._project.frameworks
        return frameworks.stands_alone(link.run, frame.module, link.term, depends)

    def _handed_on(self, chain: Sequence[Link], loops: Sequence[Region]) -> Apart | None:
        """The same of a statement that a helper is handed, and runs."""
        assert isinstance(chain[-1].run, RunExternal)
        link, statement = statement_of(chain)
        if link is chain[-1]:
            return None
        frame = link.frame
        is_own = link is chain[0]
        depends = partial(differs, frame, loops=loops) if is_own else partial(_is_given, frame)
        return self._project.frameworks.stands_alone(
            chain[-1].run, frame.module, statement, depends
        )

    def _writes(self, frame: Frame, part: Region | Scope) -> bool:
        """Whether each round of a loop, or a function, writes something, or saves what may be a
        row.
        """
        key = (frame, part.start, part.end)
        known = self._writing.get(key)
        if known is None:
            known = self._writing[key] = self._finds_writing(frame, part)
        return known

    def _finds_writing(self, frame: Frame, part: Region | Scope) -> bool:
        writes = self._effects["writes"]
        if any(
            writes.chain(frame, event) is not None
            for event in self._project.behaviours.with_awaited(frame)
            if part.start <= event.term < part.end
        ):
            return True
        terms = frame.module.facts.terms
        return _has_save(terms, part.start, part.end) or self._rounds.changes(frame, part)

    def _is_beside(self, chain: Sequence[Link], loop: Region) -> bool:
        """Whether a statement that writes is executed in a loop, or in a function of a chain."""
        parts: list[Region | Scope] = [loop, *[link.frame.scope for link in chain[1:]]]
        return any(
            self._sends_write(link.frame, part, _LEVELS)
            for link, part in zip(chain, parts, strict=True)
        )

    def _sends_write(self, frame: Frame, part: Region | Scope, levels: int) -> bool:
        """Whether a statement that writes is executed there, or so many calls away; or objects are
        changed there in a function that is called.
        """
        key = (frame, part.start, part.end, levels)
        known = self._sending.get(key)
        if known is None:
            known = self._sending[key] = self._finds_sending(frame, part, levels)
        return known

    def _finds_sending(self, frame: Frame, part: Region | Scope, levels: int) -> bool:
        frameworks = self._project.frameworks
        for event in self._project.behaviours.with_awaited(frame):
            alternatives = event.alternatives if part.start <= event.term < part.end else ()
            for run in [run for alternative in alternatives for run in alternative or ()]:
                if isinstance(run, RunFrame):
                    inner, whole = run.frame, run.frame.scope
                    if levels and (
                        self._rounds.changes(inner, whole)
                        or self._sends_write(inner, whole, levels - 1)
                    ):
                        return True
                elif executes(run):
                    depends = partial(_is_given, frame)
                    alone = frameworks.stands_alone(run, frame.module, event.term, depends)
                    entry = frame.module.facts.terms[event.term]
                    given = entry[2][0] if entry[0] == t.CALL and entry[2] else -1
                    if Apart.WRITES in (alone, kind_of(self._project, run, frame, given)):
                        return True
        return False

    # -- loops -------------------------------------------------------------------------------------

    def _loops(self, frame: Frame) -> list[Region]:
        """The loops of a function that go over data of any length."""
        known = self._open_ended.get(frame)
        if known is None:
            known = self._open_ended[frame] = [
                region
                for region in frame.module.regions_in(frame.scope_number)
                if region.kind in LOOPS
                and not region.exits
                and self._lengths.is_open_ended(frame, region)
            ]
        return known

    @staticmethod
    def _leaves(frame: Frame, loop: Region, term: int) -> bool:
        """Whether a term stands in a branch that leaves the loop, so it runs once at most."""
        return any(
            loop.start <= region.start <= term < region.end
            and frame.module.leaves_loop(region, loop, frame.scope_number)
            for region in frame.module.regions_in(frame.scope_number)
        )


def without_repeats(sites: Iterable[LoopSite]) -> Iterator[LoopSite]:
    """One finding for what one change mends: a helper that is called, a property that is read, or a
    query that is gone through, several times in one loop.
    """
    seen = set()
    for site in sites:
        what = site.chain[0].callee or (site.same if site.same >= 0 else None)
        if what is not None:
            key = (site.path, site.loop, what)
            if key in seen:
                continue
            seen.add(key)
        yield site


def _is_in(event: Event, loops: Sequence[Region]) -> bool:
    return any(loop.start <= event.term < loop.end for loop in loops)


def _weight(is_work: bool) -> Weight:
    return Weight.WORK if is_work else Weight.WAITED


def _is_done_for_itself(frame: Frame, chain: Sequence[Link]) -> bool:
    """Whether a loop calls a function whose result it does not use, and which has a function of its
    own look something up.
    """
    if len(chain) < _MOST_LINKS["queries"]:
        return False
    terms = frame.module.facts.terms
    made = chain[0].term
    return any(
        entry[0] == t.DROP and (entry[1] == made or terms[entry[1]] == (t.AWAIT, made))
        for entry in terms[made : frame.scope.end]
    )


def _has_save(terms: list[t.Term], start: int, end: int) -> bool:
    """Whether some method ``save`` is called there, of whatever object."""
    return any(
        entry[0] == t.CALL and terms[entry[1]][0] == t.ATTR and terms[entry[1]][2] == "save"
        for entry in terms[start:end]
    )


def _object(link: Link) -> int:
    """The object whose attribute a link reads, or whose method it calls; -1 if there is none."""
    terms = link.frame.module.facts.terms
    entry = terms[link.term]
    if entry[0] == t.CALL:
        entry = terms[entry[1]]
    return t.unaliased(terms, entry[1]) if entry[0] == t.ATTR else -1


def _is_given(frame: Frame, term: int) -> bool:
    """Whether a term comes from the arguments of its function."""
    terms = frame.module.facts.terms
    waiting = [term]
    seen: set[int] = set()
    while waiting:
        current = waiting.pop()
        if terms[current][0] == t.PARAM:
            return True
        if current not in seen:
            seen.add(current)
            waiting.extend(t.operands(terms[current]))
    return False


def _is_remembered(frame: Frame, term: int) -> bool:
    """Whether a term runs only where a mapping of this function lacks a key, and adds it."""
    terms = frame.module.facts.terms
    for region in frame.module.regions_in(frame.scope_number):
        if region.kind not in ("if", "else") or not region.start <= term < region.end:
            continue
        asked = _asked_mapping(terms, region.term)
        if asked >= 0 and any(
            entry[0] == t.STORE_ITEM and t.unaliased(terms, entry[1]) == asked
            for entry in terms[region.start : region.end]
        ):
            return True
    return False


def _asked_mapping(terms: list[t.Term], test: int) -> int:
    """The variable that ``key not in mapping`` and ``mapping.get(key) is None`` ask; -1 for any
    other test.
    """
    if test < 0:
        return -1
    entry = terms[test]
    if entry[0] == t.UNARY and entry[1] == "not":
        return _asked_mapping(terms, entry[2])
    if entry[0] == t.COMPARE and entry[1] in ("in", "not in"):
        return t.unaliased(terms, entry[3])
    if entry[0] == t.COMPARE and terms[entry[3]] == (t.CONST, None):
        return _asked_mapping(terms, entry[2])
    if entry[0] == t.CALL and terms[entry[1]][0] == t.ATTR and terms[entry[1]][2] == "get":
        return t.unaliased(terms, terms[entry[1]][1])
    return -1


def _is_in_bulk(run: RunExternal) -> bool:
    """Whether a query is for many objects at once, so the loop goes over batches."""
    details = getattr(run.receiver, "details", ())
    return any(getattr(detail, "of_many", False) for detail in details)
