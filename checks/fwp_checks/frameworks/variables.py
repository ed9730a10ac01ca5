"""What functions say about their variables, and about attributes read from them: where each is
read, written or gone through. ORMs ask what was done with a row or a query before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

# A variable, and the attributes read from it.
Place = tuple[int, tuple[str, ...]]

_EVALUATING = (t.ITER, t.TRUTH, t.UNPACK, t.STAR)


class Mentions:
    """Where a function speaks of what; terms in their order.

    ``calls`` are all of its calls. ``of_attributes`` are the terms that read or write an attribute,
    or hand over its name as the second argument, by that name. ``evaluating`` are those that may
    go through a variable or attribute, or hand it over as the first argument, by where that is.
    """

    def __init__(self, frame: Frame) -> None:
        self.calls: list[int] = []
        self.of_attributes: dict[object, list[int]] = {}
        self.evaluating: dict[Place, list[int]] = {}
        terms = frame.module.facts.terms
        for term in range(frame.scope.start, frame.scope.end):
            entry = terms[term]
            kind: int = entry[0]
            if kind in (t.ATTR, t.STORE):
                self.of_attributes.setdefault(entry[2], []).append(term)
            elif kind == t.CALL:
                self.calls.append(term)
                if entry[2]:
                    self.evaluating.setdefault(place_of(frame, entry[2][0]), []).append(term)
                if len(entry[2]) > 1 and terms[entry[2][1]][0] == t.CONST:
                    name: object = terms[entry[2][1]][1]
                    if isinstance(name, str):
                        self.of_attributes.setdefault(name, []).append(term)
            elif kind in _EVALUATING:
                self.evaluating.setdefault(place_of(frame, entry[1]), []).append(term)

    @staticmethod
    def of(project: Project, frame: Frame) -> Mentions:
        """Those of a frame's function."""
        known: dict[tuple[str, int], Mentions]
        known = project.framework_data.setdefault("mentions", {})
        found = known.get(frame.function)
        if found is None:
            found = known[frame.function] = Mentions(frame)
        return found


def place_of(frame: Frame, term: int) -> Place:
    """Which variable a term reads, seen through tests and loops, and through which attributes."""
    terms = frame.module.facts.terms
    names: list[str] = []
    while True:
        entry = terms[term]
        if entry[0] in (t.ALIAS, t.NARROW):
            term = entry[1]
        elif entry[0] == t.ATTR:
            names.append(entry[2])
            term = entry[1]
        else:
            return term, tuple(reversed(names))


def comes_before(frame: Frame, earlier: int, later: int) -> bool:
    """Whether an earlier term has run whenever a later one does."""
    return all(
        region.start <= later < region.end or region.start == earlier
        for region in frame.module.regions_in(frame.scope_number)
        if region.start <= earlier < region.end
    )
