"""What the function that asks for rows has done with each of them before it hands them on: a
relation that its loop reads or assigns is there when a framework reads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Region
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.origins import Place, origin_of
from fwp_checks.project.meaning.values import options_of

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project


class Readied:
    """Answers for one share of a project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[Place, frozenset[str]] = {}

    def names(self, built: Place) -> frozenset[str]:
        """The attributes that a loop over the rows of the query that is built at a place reads or
        assigns in any case, in the same function.
        """
        known = self._known.get(built)
        if known is None:
            known = self._known[built] = self._find(built)
        return known

    def _find(self, built: Place) -> frozenset[str]:
        module = self._project.table.by_path.get(built.path)
        if module is None or module.is_template:
            return frozenset()
        number = module.code_scope_of(built.term)
        frame = self._project.frame_of_scope(module, number)
        regions = module.regions_in(number)
        found: set[str] = set()
        for loop in regions:
            if loop.kind == "for" and loop.start > built.term and self._is_over(frame, loop, built):
                if not any(_is_around(one, loop.start) and one is not loop for one in regions):
                    found.update(_done_in(frame, loop, regions))
        return frozenset(found)

    def _is_over(self, frame: Frame, loop: Region, built: Place) -> bool:
        """Whether a loop goes through the rows of a query."""
        for option in options_of(self._project.values.evaluate(frame, loop.term)):
            origin = origin_of(option)
            if origin is None or origin.built != built or origin.hops:
                return False
        return True


def _done_in(frame: Frame, loop: Region, regions: list[Region]) -> set[str]:
    """What a loop reads from, or assigns to, its element in each of its rounds."""
    inner = [one for one in regions if loop.start < one.start < loop.end]
    if any(one.leaves or one.exits for one in inner):
        # Not every round comes to what follows, and not every row has one.
        return set()
    terms = frame.module.facts.terms
    found = set()
    for term in range(loop.start, loop.end):
        entry = terms[term]
        if entry[0] in (t.ATTR, t.STORE) and t.unaliased(terms, entry[1]) == loop.term:
            if not any(_is_around(one, term) for one in inner):
                found.add(str(entry[2]))
    return found


def _is_around(region: Region, term: int) -> bool:
    """Whether something runs under a condition, or not once."""
    return region.kind != "with" and region.start <= term < region.end
