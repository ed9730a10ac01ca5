"""Lists and sets that a function makes and then fills: ``kept.append(post)``.

What is put in belongs to the list from the start, on whichever path that happens; so a list holds
what it holds when the function goes through it or hands it on.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import ROUNDS
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.mappings import FILLS, roots_of
from fwp_checks.project.meaning.origins import (
    Place,
    consumed_at,
    is_traced,
    limited,
    origin_of,
    single,
)
from fwp_checks.project.meaning.values import (
    Constant,
    Iterable,
    MappingValue,
    TupleValue,
    Value,
    join,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project


class Lists:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._fills: dict[Module, dict[int, list[int]]] = {}

    def filled(self, frame: Frame, term: int, value: Iterable) -> Iterable:
        """The list that a term of a function makes, with what is put into it there."""
        fills = self._of(frame.module).get(term) if frame.scope_number else None
        if not fills:
            return value
        elements = [value.element]
        for fill in fills:
            # What is put in may be made of what was put in before.
            frame.note(term, Iterable(join(elements), value.kind, value.is_async))
            elements.append(self.put_in(frame, fill))
        return Iterable(join(elements), value.kind, value.is_async)

    def fills(self, module: Module, term: int) -> list[int]:
        """The calls that put something into the list that a term makes."""
        return self._of(module).get(term, [])

    def put_in(self, frame: Frame, term: int) -> Value:
        """What a call puts into a list."""
        call = frame.module.facts.terms[term]
        index, is_each = FILLS[frame.module.facts.terms[call[1]][2]]
        given = self._project.assignments.used(frame, call[2][index], term)
        return self._project.protocols.element(given) if is_each else given

    def _of(self, module: Module) -> dict[int, list[int]]:
        """By the term of a list: the calls that put something into it."""
        known = self._fills.get(module)
        if known is None:
            known = self._fills[module] = {}
            terms = module.facts.terms
            for term in self._project.call_sites.spelt_in(module, FILLS):
                entry = terms[term]
                method = terms[entry[1]]
                position = FILLS[method[2]][0] if method[0] == t.ATTR else len(entry[2])
                if position < len(entry[2]) and terms[entry[2][position]][0] != t.STAR:
                    for root in roots_of(terms, method[1]):
                        known.setdefault(root, []).append(term)
        return known

    def taken(self, frame: Frame, term: int, base: Value, key: Value | None) -> Value:
        """What ``base[key]`` gives at a term; key None for a slice."""
        item = self._project.members.item
        if isinstance(key, Constant):
            return join([self._item(frame, term, o, key) for o in options_of(base)])
        value = join([item(option, key) for option in options_of(base)])
        if key is None:
            terms = frame.module.facts.terms
            return self._sliced(frame, value, terms[terms[term][2]])
        going = _going_through(frame.module.facts.terms, term)
        if going >= 0:
            return consumed_at(value, frame.module.path, going)
        return self.picked(frame, term, value)

    def _item(self, frame: Frame, term: int, base: Value, key: Constant) -> Value:
        """What is under a key that is known. Of a list, one is picked out; what has a name of its
        own is what was put under it. The last item of a list that grows is another one each time.
        """
        found = self._project.members.item(base, key)
        if isinstance(base, TupleValue) or (
            isinstance(base, MappingValue) and any(name == key.value for name, _ in base.items)
        ):
            return found
        is_last = isinstance(key.value, int) and key.value < 0
        if is_last or isinstance(base, MappingValue):
            return self.picked(frame, term, found)
        return single(found)

    @staticmethod
    def picked(frame: Frame, term: int, value: Value) -> Value:
        """What is taken by a key, or out of a list: where no loop does so, it is one of the rows
        that its function has gone through.
        """
        if not is_traced(value):
            return value
        regions = frame.module.regions_in(frame.scope_number)
        if any(r.kind in ROUNDS and r.start <= term < r.end for r in regions):
            return value
        return single(value, partial(is_in, frame))

    def left(self, frame: Frame, term: int, value: Value) -> Value:
        """What a function returns at a term: one of the rows that it goes through, if that leads
        back to the element of a loop.
        """
        if not is_traced(value):
            return value
        terms = frame.module.facts.terms
        while terms[t.unaliased(terms, term)][0] == t.ATTR:
            term = terms[t.unaliased(terms, term)][1]
        places = set()
        for root in roots_of(terms, term):
            if terms[root][0] == t.ITER:
                for option in options_of(self._project.values.evaluate(frame, root)):
                    origin = origin_of(option)
                    if origin is not None and origin.consumed is not None and not origin.hops:
                        places.add(origin.consumed)
        return single(value, places.__contains__) if places else value

    def _sliced(self, frame: Frame, value: Value, by: t.Term) -> Value:
        """What a slice gives, which may say how much that is at most."""
        upper = self.number(frame, by[2]) if by[2] >= 0 else None
        if isinstance(upper, Constant) and isinstance(upper.value, int) and upper.value >= 0:
            return limited(value, upper.value)
        return value

    def number(self, frame: Frame, term: int) -> Value:
        """The value of a term; of a parameter, which frames do not tell numbers of, its default."""
        terms = frame.module.facts.terms
        entry = terms[t.unaliased(terms, term)]
        parameters = frame.scope.parameters
        if entry[0] == t.PARAM and entry[1] < len(parameters):
            default = parameters[entry[1]].default
            if default >= 0 and terms[default][0] == t.CONST:
                return Constant(terms[default][1])
        return self._project.values.evaluate(frame, term)


def is_in(frame: Frame, place: Place) -> bool:
    """Whether a place is in a function's own code: a row that it returns is one of those that it
    goes through.
    """
    module = frame.module
    return place.path == module.path and module.code_scope_of(place.term) == frame.scope_number


def _going_through(terms: list[t.Term], term: int) -> int:
    """The loop in which an item is each one in turn, ``for i in range(len(posts)): posts[i]``; -1
    if there is none.
    """
    going = t.unaliased(terms, terms[term][2])
    numbers = terms[terms[going][1]] if terms[going][0] == t.ITER else terms[going]
    if numbers[0] != t.CALL or terms[numbers[1]] != (t.NAME, "range"):
        return -1
    whole = t.unaliased(terms, terms[term][1])
    for argument in numbers[2]:
        length = terms[argument]
        if length[0] == t.CALL and terms[length[1]] == (t.NAME, "len"):
            if [t.unaliased(terms, counted) for counted in length[2]] == [whole]:
                return going
    return -1
