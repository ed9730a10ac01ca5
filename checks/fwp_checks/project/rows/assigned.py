"""Related objects that code fetches for all rows at once and gives to each by hand:
``for post in posts: post.author = authors[post.author_id]``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Region
from fwp_checks.project.effects.callers import Callers
from fwp_checks.project.meaning.assignments import AttributeSet
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.origins import Origin, Place, origin_of
from fwp_checks.project.meaning.tested import asked_attribute, tests_before
from fwp_checks.project.meaning.values import options_of
from fwp_checks.project.rows.statements import made_of

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.rows.row_frames import RowFrames

# How many calls away from the loop that assigns a read is looked for.
_LEVELS = 4
_LOOKING_UP = ("get", "pop")


class _Store(NamedTuple):
    """A loop gives an attribute to what a row of a query leads to over ``hops``."""

    frame: Frame
    loop: Region
    term: int
    built: Place
    hops: tuple[str, ...]


class Assigned:
    """Answers for one share of a project."""

    def __init__(self, project: Project, frames: RowFrames, callers: Callers) -> None:
        self._project = project
        self._frames = frames
        self._callers = callers
        self._stores: dict[str, list[_Store]] = {}
        self._places: dict[str, list[tuple[Module, AttributeSet]]] | None = None

    def has(self, frame: Frame | None, term: int, origin: Origin, names: Sequence[str]) -> bool:
        """Whether one of the relations that lead from a row, by their names, was assigned before
        it is read at a term of a frame, or by a framework.
        """
        built = {origin.built, *origin.also}
        return any(
            store.built in built
            and store.hops == tuple(names[:depth])
            and (frame is None or self._is_behind(store, frame, term))
            for depth, name in enumerate(names)
            for store in self._of(name)
        )

    def stands_in(self, frame: Frame, term: int, origin: Origin) -> bool:
        """Whether a term runs only where a row lacks an attribute that was assigned to each of them
        before: ``if hasattr(post, "size"): return post.size``.
        """
        terms = frame.module.facts.terms
        for test, holds in tests_before(frame.module, frame.scope_number, term):
            asked = asked_attribute(terms, test)
            if asked is None or asked[2] is holds or terms[asked[1]][0] != t.CONST:
                continue
            row = self._owner(frame, asked[0])
            if row is None or row.built != origin.built:
                continue
            names = [*(hop.name for hop in row.hops), str(terms[asked[1]][1])]
            if self.has(frame, term, row, names):
                return True
        return False

    def _is_behind(self, store: _Store, frame: Frame, term: int, levels: int = _LEVELS) -> bool:
        """Whether a term runs behind the loop, as far as the function that it stands in tells; what
        the function of the loop calls before is asked for before.
        """
        if frame.function == store.frame.function:
            return term >= store.loop.end
        return levels == 0 or all(
            self._is_behind(store, caller, call, levels - 1)
            for caller, call in self._callers.calls_of(frame)
            if caller is not frame
        )

    def _of(self, name: str) -> list[_Store]:
        """Where loops assign an attribute of this name."""
        known = self._stores.get(name)
        if known is None:
            known = self._stores[name] = list(self._find(name))
        return known

    def _find(self, name: str) -> Iterator[_Store]:
        for module, one in self._spelt.get(name, ()):
            term = one.term
            scope = module.code_scope_of(term)
            regions = module.regions_in(scope)
            loops = [one for one in regions if one.kind == "for" and one.start <= term < one.end]
            terms = module.facts.terms
            if not loops or not _is_for_each(terms, one, loops, regions):
                continue
            for frame in self._frames.by_function.get((module.path, scope), ()):
                origin = self._owner(frame, one.owner)
                if origin is not None and self._callers.letting_run(frame, term) is not None:
                    hops = tuple([hop.name for hop in origin.hops])
                    # One row of a mapping that a query gave may have been asked of that again.
                    for built in {origin.built: None, origin.made: None}:
                        if built is not None:
                            yield _Store(frame, loops[0], term, built, hops)

    def _owner(self, frame: Frame, term: int) -> Origin | None:
        """The query whose rows lead to what an attribute is assigned to."""
        for option in options_of(self._project.values.evaluate(frame, term)):
            origin = origin_of(option)
            if origin is not None:
                return origin
        return None

    @property
    def _spelt(self) -> dict[str, list[tuple[Module, AttributeSet]]]:
        """By the name of an attribute: where code that may have rows assigns it."""
        if self._places is None:
            self._places = {}
            modules = {frame.module: None for frame in self._frames.all}
            for module in modules:
                for one in self._project.assignments.set_in(module):
                    self._places.setdefault(one.name, []).append((module, one))
        return self._places


def _is_for_each(
    terms: list[t.Term], one: AttributeSet, loops: Sequence[Region], regions: Sequence[Region]
) -> bool:
    """Whether loops assign to each of some rows: to the row that they go through, or to what they
    look up for what they go through; in any case, or if there is something to assign.
    """
    store, base, value = one.term, t.unaliased(terms, one.owner), t.unaliased(terms, one.value)
    is_row = any(_is_element(terms, base, loop.term) for loop in loops)
    if not is_row and not _is_looked_up(terms, base):
        return False
    others = [loop.term for loop in loops if not _is_element(terms, base, loop.term)]
    found = {*others, *_looked_up(terms, base), *_looked_up(terms, value)}
    outer = loops[0]
    return not any(
        region.kind not in ("for", "with", "try")
        and (region.kind != "if" or found.isdisjoint(made_of(terms, region.term)))
        for region in regions
        if outer.start < region.start < store
        and (store < region.end or region.leaves or region.exits)
    )


def _looked_up(terms: list[t.Term], term: int) -> set[int]:
    """What is looked up, and where; nothing if that is not so."""
    if not _is_looked_up(terms, term):
        return set()
    held = terms[term][1]
    return {term, t.unaliased(terms, held if terms[term][0] == t.ITEM else terms[held][1])}


def _is_looked_up(terms: list[t.Term], term: int) -> bool:
    """Whether something is taken from a mapping or a list: ``authors[key]``, ``found.get(key)``."""
    entry = terms[term]
    if entry[0] == t.ITEM:
        return terms[entry[2]][0] not in (t.CONST, t.SLICE)
    if entry[0] != t.CALL or not entry[2] or terms[entry[1]][0] != t.ATTR:
        return False
    return terms[entry[1]][2] in _LOOKING_UP and terms[entry[2][0]][0] != t.CONST


def _is_element(terms: list[t.Term], term: int, loop: int) -> bool:
    """Whether something is what a loop goes through, or a part of that."""
    while terms[term][0] == t.UNPACK:
        term = t.unaliased(terms, terms[term][1])
    return term == loop
