"""What stands in for an empty column: ``self.title or self.book.title``.

It runs for those rows only in which the column is empty, so nobody knows whether it ever does.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Region
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.values import Instance, options_of

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame


class Fallbacks:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._spelt: dict[tuple[Module, int], list[tuple[int, int, int]]] = {}

    def has(self, frame: Frame, term: int) -> bool:
        """Whether a term runs only where a column of a row is empty, and stands in for it."""
        key = (frame.module, frame.scope_number)
        spelt = self._spelt.get(key)
        if spelt is None:
            spelt = self._spelt[key] = list(_find(frame))
        return any(
            start <= term < end and self._is_column(frame, before) for start, end, before in spelt
        )

    def _is_column(self, frame: Frame, term: int) -> bool:
        terms = frame.module.facts.terms
        base, name = terms[term][1], terms[term][2]
        options = options_of(self._project.values.evaluate(frame, base))
        return all(
            isinstance(option, Instance) and self._project.frameworks.holds_value(option, name)
            for option in options
        )


def _find(frame: Frame) -> Iterator[tuple[int, int, int]]:
    """What stands in for attributes, and the attribute."""
    terms = frame.module.facts.terms
    regions = frame.module.regions_in(frame.scope_number)
    for region in regions:
        if region.kind == "else" and region.term >= 0:
            before = _alternative(frame, region, regions)
            if before >= 0 and terms[before][0] == t.ATTR:
                yield region.start, region.end, before


def _alternative(frame: Frame, region: Region, regions: list[Region]) -> int:
    """What is taken instead if it is not empty: ``x`` of ``x or y`` and of ``x if x else y``, where
    the region is that of ``y``; -1 for any other region.
    """
    terms = frame.module.facts.terms
    operators = frame.module.of_kind(t.BOOL)
    for at in operators[bisect_left(operators, region.end) :]:
        if at >= frame.scope.end:
            break
        _, operator, operands = terms[at]
        if operator == "or" and region.term in operands:
            if any(region.start <= operand < region.end for operand in operands):
                return region.term
    tested = terms[region.term]
    if tested[0] == t.COMPARE and tested[1] in ("is not", "!="):
        if terms[tested[3]] == (t.CONST, None):
            tested = terms[tested[2]]
    is_last = region.end >= frame.scope.end
    if tested[0] != t.ATTR or is_last or terms[region.end][0] != t.JOIN:
        return -1
    met = terms[region.end][1]
    for other in regions:
        if other.kind == "if" and other.term == region.term and other.end == region.start:
            taken = met[0] if len(met) == 2 else -1
            if taken >= 0 and _same(terms, terms[taken], tested):
                return int(taken)
    return -1


def _same(terms: list[t.Term], one: t.Term, other: t.Term) -> bool:
    """Whether two attributes are the same one of the same variable."""
    return (
        one[0] == t.ATTR
        and one[2] == other[2]
        and t.unaliased(terms, one[1]) == t.unaliased(terms, other[1])
    )
