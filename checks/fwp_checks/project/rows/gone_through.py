"""Which queries have been run already when somebody goes through their rows, or a part of them,
who then finds them there: by the function that builds them before it hands them on, or before a
loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.effects.effects import Link
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.origins import Place, origin_of
from fwp_checks.project.meaning.outcome import Alternative, RunExternal
from fwp_checks.project.rows.asking import asked_of
from fwp_checks.project.rows.lengths import met

if TYPE_CHECKING:
    from fwp_checks.facts.model import Region
    from fwp_checks.project.linked import Project


class GoneThrough:
    """Answers for the loops of one share of a project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[Place, bool] = {}

    def is_before(self, chain: Sequence[Link]) -> bool:
        """Whether what a chain ends with goes through a query that a function which is not part of
        the chain has built, and run: ``if not posts: …`` in front of a template's loop over them.
        """
        run = chain[-1].run
        if not isinstance(run, RunExternal) or run.receiver is None:
            return False
        origin = origin_of(run.receiver)
        if origin is None or origin.consumed is not None or origin.built is None or origin.also:
            return False
        if not self._project.frameworks.keeps(run.name):
            return False
        built = origin.built
        module = self._project.table.by_path.get(built.path)
        if module is None or module.is_template:
            return False
        function = (built.path, module.code_scope_of(built.term))
        if not function[1] or any(link.frame.function == function for link in chain):
            return False
        if module.facts.terms[built.term][0] != t.CALL:
            return False
        known = self._known.get(built)
        if known is None:
            frame = self._project.frame_of_scope(module, function[1])
            known = self._known[built] = self._is_run(frame, built.term)
        return known

    def is_at_hand(self, link: Link) -> bool:
        """Whether a link goes through a query, or a slice of one, that its function has run on all
        ways to there: ``number = len(posts)`` in front of a loop over ``posts[:number]``.
        """
        frame = link.frame
        terms = frame.module.facts.terms
        if not isinstance(link.run, RunExternal) or frame.module.is_template:
            return False
        for asked in asked_of(self._project, link):
            (query, *others) = met(terms, asked)
            is_part = terms[query][0] == t.ITEM
            while terms[query][0] == t.ITEM and not others:
                (query, *others) = met(terms, terms[query][1])
            if others or terms[query][0] not in (t.CALL, t.PARAM) or query == link.term:
                return False
            if not is_part and not self._project.frameworks.keeps(link.run.name):
                return False
            if not self._is_run(frame, query, link.term):
                return False
        return True

    def _is_run(self, frame: Frame, query: int, end: int = -1) -> bool:
        """Whether a function runs a query on all ways from where it is built to a term; without
        one, on all ways to where the function ends or leaves.
        """
        regions = [
            region
            for region in frame.module.regions_in(frame.scope_number)
            if region.kind != "with" and not _is_within(query, region)
        ]
        for event in self._project.behaviours.of(frame).events:
            term = event.term
            if term <= query or 0 <= end <= term:
                continue
            if not self._runs(frame, term, query, event.alternatives):
                continue
            if not any(
                # A way that leaves before, or a part that not all ways come through. What a loop
                # goes through is asked for before its first round.
                (end < 0 and region.leaves and query < region.start <= term)
                or (
                    region.term != term and _is_within(term, region) and not _is_within(end, region)
                )
                for region in regions
            ):
                return True
        return False

    def _runs(
        self, frame: Frame, term: int, query: int, alternatives: tuple[Alternative, ...]
    ) -> bool:
        """Whether an event runs the query itself, not one that is made of it."""
        terms = frame.module.facts.terms
        for alternative in alternatives:
            runs = [run for run in alternative or () if isinstance(run, RunExternal)]
            if not any(
                self._project.frameworks.keeps(run.name)
                and all(
                    met(terms, asked) == [query]
                    for asked in asked_of(self._project, Link(frame, term, run))
                )
                for run in runs
            ):
                return False
        return bool(alternatives)


def _is_within(term: int, region: Region) -> bool:
    return region.start <= term < region.end
