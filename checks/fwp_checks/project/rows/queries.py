"""The queries of a project: what runs once a row or once a round, and what is fetched in vain.

Put together from the evidence of the project's shares; nothing is evaluated here. What is needed of
the rows of one query may be found in several shares, and is one need of that query.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import FunctionKey
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.rows.built import Built
from fwp_checks.project.rows.fetched import Waste
from fwp_checks.project.rows.jobs import Jobs
from fwp_checks.project.rows.loops import LoopSite, without_repeats
from fwp_checks.project.rows.needs import Kind, Need, Showing, by_certainty
from fwp_checks.project.rows.refusals import Refusal
from fwp_checks.project.rows.row_effects import RowSite, by_query
from fwp_checks.project.rows.row_evidence import RowEvidence
from fwp_checks.project.rows.weights import Weight

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_NOTHING = Built()
# What speaks of the query that is there, not of one that could be.
_FETCHED_IN_VAIN = (Kind.BYPASSED, Kind.COLUMN)
Told = TypeVar("Told", LoopSite, RowSite, Waste, Refusal)


@dataclass(slots=True, unsafe_hash=True)
class Starving:
    """A query and what goes through its rows, with all that is fetched row by row.

    ``module`` and ``term`` are where the query is built, or where its rows are consumed if that is
    not in the project's own code. ``consumer`` is None for loops; ``consumed`` is the first of
    them. ``pages`` are the other places that render the template in which the query begins.
    """

    module: Module
    term: int
    consumed: Place
    consumer: Showing | None
    needs: tuple[Need, ...]
    weight: Weight
    pages: tuple[Place, ...] = ()


class Queries:
    """The analysis of one project, from the evidence of its shares."""

    def __init__(self, project: Project, evidence: Sequence[RowEvidence]) -> None:
        self._project = project
        self._evidence = evidence

    # -- needs -------------------------------------------------------------------------------------

    @cached_property
    def needs(self) -> list[Need]:
        """Every need, in a fixed order."""
        found: dict[tuple[object, ...], Need] = {}
        for number, evidence in enumerate(self._evidence):
            others = [other for at, other in enumerate(self._evidence) if at != number]
            called = frozenset().union(*[other.called for other in others])
            for need, starts in evidence.needs:
                # Whoever calls all of its starts has followed them, and judges by what it passes.
                if not starts or not starts <= called:
                    key = (need.origin, need.lack, need.path, need.term)
                    found[key] = found.get(key, need).met(need)
        return list(found.values())

    @cached_property
    def paths(self) -> set[str]:
        """The files of which there is something to tell."""
        found = {module.path for module in self._starving}
        found.update(self._asked, *self._in_loops.values(), self._in_templates)
        found.update(self._for_rows, self._wasted, self._refusals)
        for consumer in self.consumers:
            found.add(consumer.path)
            found.update([place.path for place in consumer.wholes])
        return found

    def starving(self, module: Module) -> Sequence[Starving]:
        """The queries that are built in a module and fetch too little."""
        return self._starving.get(module, ())

    @cached_property
    def _starving(self) -> dict[Module, list[Starving]]:
        found: dict[Module, list[Starving]] = {}
        for starving in self._find_starving():
            found.setdefault(starving.module, []).append(starving)
        return found

    def _find_starving(self) -> Iterator[Starving]:
        consumers = {consumer.place: consumer for consumer in self.consumers}
        groups: dict[tuple[Place, object], tuple[Showing | None, list[Need]]] = {}
        for need in self.needs:
            consumed = need.origin.consumed
            assert consumed is not None
            module = self._project.table.by_path.get(consumed.path)
            if module is not None and module.is_served and not self._may_be_filled(need):
                # Rows keep what one loop has fetched for the next one.
                shown = consumers.get(consumed) or self._project.templates.consumer(consumed)
                built = need.origin.built or consumed
                # What is mended elsewhere is mended for all that are shown in one way.
                begun = self._begun(need)
                mended = begun or need.lack.place
                way = shown.what if shown is not None and mended is not None else shown
                groups.setdefault((mended or built, way), (shown, []))[1].append(need)
        told = [(shown, needs) for shown, all_ in groups.values() for needs in by_certainty(all_)]
        for consumer, found in told:
            needs, pages = self._of_a_page(found) if self._begun(found[0]) else (found, ())
            consumed = needs[0].origin.consumed
            assert consumed is not None
            place = self._reported(needs[0].lack.place or needs[0].origin.built, consumed)
            if place is not None:
                weight = max(self._weight(need, consumer) for need in found)
                yield Starving(*place, consumed, consumer, tuple(needs), weight, pages)

    def _begun(self, need: Need) -> Place | None:
        """Where in a template the query of a need begins; None if code makes it."""
        made = need.origin.made
        is_template = made is not None and self._project.table.by_path[made.path].is_template
        return made if is_template else None

    def _of_a_page(self, needs: Sequence[Need]) -> tuple[list[Need], tuple[Place, ...]]:
        """Of the needs of a query that begins in a template those where one page, the first, is
        rendered; and where the others are.
        """
        pages = sorted(
            {need.origin.built for need in needs if need.origin.built is not None},
            key=self._order,
        )
        if not pages:
            return list(needs), ()
        return [need for need in needs if need.origin.built == pages[0]], tuple(pages[1:])

    def _order(self, place: Place) -> tuple[bool, str, tuple[int, int, int, int]]:
        """The order of places: as people read, and what is served first."""
        module = self._project.table.by_path[place.path]
        return not module.is_served, place.path, module.facts.span(place.term)

    def _weight(self, need: Need, consumer: Showing | None) -> Weight:
        """How much the query of a need weighs. What a class or a call outside of functions tells a
        framework to show, it shows to a request.
        """
        consumed = need.origin.consumed
        if need.is_open:
            return Weight.OPEN
        if need.is_kept or consumed is None:
            return Weight.WORK if need.is_kept else Weight.WAITED
        module = self._project.table.by_path[consumed.path]
        if module.is_template:
            return Weight.WAITED
        is_told = consumer is not None and not module.code_scope_of(consumed.term)
        weight = Weight.WAITED if is_told else self._jobs.weight(module, consumed.term)
        if weight is not Weight.WAITED:
            return weight
        if not any(consumed in evidence.writing for evidence in self._evidence):
            return Weight.WAITED
        # What a request changes one by one are few things; a job may go through a whole table.
        return Weight.JOB if need.lack.kind in _FETCHED_IN_VAIN else Weight.WORK

    @cached_property
    def _jobs(self) -> Jobs:
        """What runs in commands, jobs of workers and scripts alone, and where modules begin."""
        commands = [command for evidence in self._evidence for command in evidence.commands]
        modules = [module for module in self._project.row_modules if not module.is_template]
        return Jobs(
            [*commands, *[(module.path, 0) for module in modules]],
            [evidence.calls for evidence in self._evidence],
        )

    def _may_be_filled(self, need: Need) -> bool:
        """Whether the query of a need is one that other callers of its function have filled with
        rows before: more cannot be asked of it here.
        """
        built = need.origin.built
        return built is not None and self.built(built).is_filled

    def _reported(self, built: Place | None, consumed: Place) -> tuple[Module, int] | None:
        by_path = self._project.table.by_path
        for place in (built, consumed):
            module = by_path.get(place.path) if place is not None else None
            if place is not None and module is not None and module.is_served:
                return module, place.term
        return None

    def built(self, place: Place) -> Built:
        """What the call at a place gives, which builds the query of some need."""
        found = _NOTHING
        for evidence in self._evidence:
            built = evidence.built.get(place.path, {}).get((place.term, place.role))
            if built is not None:
                found = built.met(found)
        return found

    @cached_property
    def consumers(self) -> list[Showing]:
        """What goes through rows for the frameworks."""
        return [showing for evidence in self._evidence for showing in evidence.showing]

    def asked(self, module: Module) -> Sequence[tuple[Showing, Place]]:
        """The queries of a module that consumers run once a row, besides those for what the row
        leads to.
        """
        return self._asked.get(module.path, ())

    @cached_property
    def _asked(self) -> dict[str, list[tuple[Showing, Place]]]:
        found: dict[str, list[tuple[Showing, Place]]] = {}
        for consumer in self.consumers:
            for place in consumer.asked:
                found.setdefault(place.path, []).append((consumer, place))
        return found

    # -- loops and rows ----------------------------------------------------------------------------

    def in_loops(self, module: Module, effect: str) -> Sequence[LoopSite]:
        """The places in the loops of a module that have an effect (``queries`` or ``writes``)."""
        return self._in_loops[effect].get(module.path, ())

    @cached_property
    def _in_loops(self) -> dict[str, dict[str, list[LoopSite]]]:
        return {
            "queries": _by_path(self._shortest([e.queries for e in self._evidence])),
            "writes": _by_path(self._shortest([e.writes for e in self._evidence])),
        }

    def in_templates(self, module: Module) -> Sequence[tuple[LoopSite, Place]]:
        """The queries that loops of templates run in each round, beside what their rows lack, with
        the place of this module where the template is rendered.
        """
        return self._in_templates.get(module.path, ())

    @cached_property
    def _in_templates(self) -> dict[str, list[tuple[LoopSite, Place]]]:
        found: dict[str, list[tuple[LoopSite, Place]]] = {}
        for path, sites in self._in_loops["queries"].items():
            for site in sites if self._is_template(path) else ():
                inner = [call.callee for call in site.chain[:-1]]
                is_own = all(callee and self._is_template(callee[0]) for callee in inner)
                if site.rendered is not None and is_own:
                    found.setdefault(site.rendered.path, []).append((site, site.rendered))
        return found

    def _is_template(self, path: str) -> bool:
        return self._project.table.by_path[path].is_template

    def _shortest(self, shares: Sequence[Sequence[LoopSite]]) -> Iterator[LoopSite]:
        """The shortest proof for each place, in order, without repeats."""
        best: dict[tuple[str, int], LoopSite] = {}
        for sites in shares:
            for site in sites:
                known = best.get((site.path, site.term))
                if known is None or site.doubt < known.doubt:
                    best[site.path, site.term] = site
        for site in without_repeats([best[key] for key in sorted(best)]):
            module = self._project.table.by_path[site.path]
            weight = min(site.weight, self._jobs.weight(module, site.term))
            yield site._replace(weight=weight)

    def for_rows(self, module: Module, what: str) -> Sequence[RowSite]:
        """The places of a module that query for rows of a kind of consumer."""
        return [site for site in self._for_rows.get(module.path, ()) if site.what == what]

    @cached_property
    def _for_rows(self) -> dict[str, list[RowSite]]:
        sites = [site for evidence in self._evidence for site in evidence.sites]
        return _by_path(by_query(sites).values())

    def wasted(self, module: Module) -> Sequence[Waste]:
        """The places of a module where rows are fetched for their number alone."""
        return self._wasted.get(module.path, ())

    @cached_property
    def _wasted(self) -> dict[str, list[Waste]]:
        return _by_path([waste for evidence in self._evidence for waste in evidence.wasted])

    # -- refusals ----------------------------------------------------------------------------------

    def refusals(self, module: Module) -> Sequence[Refusal]:
        """The reads of a module that a library refuses."""
        return self._refusals.get(module.path, ())

    @cached_property
    def _refusals(self) -> dict[str, list[Refusal]]:
        waiting = frozenset().union(*[evidence.waiting for evidence in self._evidence])
        told = dict.fromkeys([one for evidence in self._evidence for one in evidence.refusals])
        return _by_path([one for one in told if one.consumer or not self._is_in(one, waiting)])

    def _is_in(self, refusal: Refusal, functions: frozenset[FunctionKey]) -> bool:
        scopes = self._project.table.by_path[refusal.path].facts.scopes
        number = refusal.scope
        while number > 0:
            if (refusal.path, number) in functions:
                return True
            number = scopes[number].parent
        return False


def _by_path(told: Iterable[Told]) -> dict[str, list[Told]]:
    found: dict[str, list[Told]] = {}
    for one in told:
        found.setdefault(one.path, []).append(one)
    return found
