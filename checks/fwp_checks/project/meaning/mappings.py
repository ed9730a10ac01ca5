"""Dictionaries that a function makes and then fills: ``context["articles"] = …``.

What is put in belongs to the dictionary from the start, on whichever path that happens; so a
dictionary holds what it holds when the function hands it on.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.origins import Place, single
from fwp_checks.project.meaning.values import (
    RECURSIVE,
    ClassValue,
    Iterable,
    MappingValue,
    Value,
    join,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_MOST_ITEMS = 64
# Methods of lists and sets: which argument is put in, and whether it is so item by item.
FILLS = {
    "append": (0, False),
    "appendleft": (0, False),
    "add": (0, False),
    "insert": (1, False),
    "extend": (0, True),
    "update": (0, True),
}
# Keys that are no literals.
_ANY = object()


class Mappings:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._fills: dict[Module, dict[int, list[int]]] = {}

    def filled(self, frame: Frame, term: int, value: MappingValue) -> MappingValue:
        """The dictionary that a term of a function makes, with what is put into it there."""
        if not frame.scope_number:
            return value
        fills = self._of(frame.module).get(term)
        if not fills:
            return value
        found: dict[object, list[Value]] = {}
        for fill in fills:
            # What is put in may be made of what was put in before.
            frame.note(term, _with(value, found))
            for key, stored in self._put_in(frame, fill):
                # Of the rows of a loop that began later, the last one is there in the end.
                kept = stored if key is _ANY else single(stored, partial(_is_later, frame, term))
                found.setdefault(key, []).append(kept)
        return _with(value, found)

    def by_class(self, frame: Frame, term: int, key: ClassValue) -> Value | None:
        """What a dictionary that is written out has under a class, or under one derived from it:
        ``handlers[type(post)]``; None if it is written elsewhere, or has nothing.
        """
        facts = frame.module.facts
        term = t.unaliased(facts.terms, term)
        if facts.terms[term][0] == t.NAME and not facts.scopes[frame.scope.parent].is_function:
            term = facts.scopes[0].bindings.get(facts.terms[term][1], -1)
            frame = self._project.frame_of_scope(frame.module, 0)
        entry = facts.terms[term] if term >= 0 else t.NOTHING
        if entry[0] == t.DECLARED and entry[1] >= 0:
            # Which functions these are, no annotation says.
            entry = facts.terms[t.unaliased(facts.terms, entry[1])]
        if entry[0] != t.MAPPING:
            return None
        evaluate = self._project.values.evaluate
        found = []
        for written, held in entry[1]:
            class_ = evaluate(frame, written) if written >= 0 else None
            if not isinstance(class_, ClassValue):
                return None
            if key in self._project.classes.info(class_).order:
                found.append(evaluate(frame, held))
        return join(found) if found else None

    def of_locals(self, frame: Frame) -> MappingValue:
        """The local variables of a function, by their names."""
        evaluate = self._project.values.evaluate
        held = [(name, evaluate(frame, term)) for name, term in frame.scope.bindings.items()]
        return MappingValue(RECURSIVE, tuple(held[:_MOST_ITEMS]))

    @staticmethod
    def merged(one: MappingValue, other: Value) -> MappingValue:
        """``one | other``."""
        if not isinstance(other, MappingValue):
            return one
        items = dict(one.items) | dict(other.items)
        return MappingValue(join([one.value, other.value]), tuple(items.items())[:_MOST_ITEMS])

    def _put_in(self, frame: Frame, term: int) -> Iterator[tuple[object, Value]]:
        """Keys and values that a term puts into a dictionary."""
        values = self._project.values
        entry = frame.module.facts.terms[term]
        if entry[0] == t.STORE_ITEM:
            key = frame.module.facts.terms[entry[2]]
            yield key[1] if key[0] == t.CONST else _ANY, values.evaluate(frame, entry[3])
            return
        method = frame.module.facts.terms[entry[1]][2]
        if method != "update":
            yield _ANY, Iterable(self._project.lists.put_in(frame, term), "list")
            return
        for argument in entry[2]:
            given = values.evaluate(frame, argument)
            if isinstance(given, MappingValue):
                yield from given.items
        for name, argument in entry[3]:
            if name is not None:
                yield name, values.evaluate(frame, argument)

    def _of(self, module: Module) -> dict[int, list[int]]:
        """By the term of a dictionary: the terms that put something into it."""
        known = self._fills.get(module)
        if known is None:
            known = self._fills[module] = {}
            terms = module.facts.terms
            calls = self._project.call_sites.spelt_in(module, FILLS)
            for term in sorted((*module.of_kind(t.STORE_ITEM), *calls)):
                entry = terms[term]
                if entry[0] == t.STORE_ITEM:
                    if entry[3] < 0:
                        continue
                    base = entry[1]
                elif terms[entry[1]][0] == t.ATTR:
                    base = _filled_by(terms, entry)
                else:
                    continue
                for root in roots_of(terms, base) if base >= 0 else ():
                    known.setdefault(root, []).append(term)
        return known


def _is_later(frame: Frame, term: int, place: Place) -> bool:
    """Whether a place is in the same module and behind a term."""
    return place.path == frame.module.path and place.term > term


def _with(value: MappingValue, found: dict[object, list[Value]]) -> MappingValue:
    items = {key: held for key, held in value.items if key not in found}
    items.update((key, join(values)) for key, values in found.items() if key is not _ANY)
    others = join([value.value, *found.get(_ANY, ())])
    return MappingValue(others, tuple(items.items())[:_MOST_ITEMS])


def _filled_by(terms: list[t.Term], call: t.Term) -> int:
    """The dictionary that a call of a method puts something into: itself, or a list in it
    (``groups[key].append(post)``, ``groups.setdefault(key, []).append(post)``); -1 if none.
    """
    base, method = terms[call[1]][1], terms[call[1]][2]
    if method == "update" and terms[base][0] != t.ITEM:
        return int(base)
    fill = FILLS.get(method)
    if fill is None or len(call[2]) <= fill[0] or terms[call[2][fill[0]]][0] == t.STAR:
        return -1
    entry = terms[base]
    if entry[0] == t.ITEM:
        return int(entry[1])
    if entry[0] == t.CALL and terms[entry[1]][0] == t.ATTR and terms[entry[1]][2] == "setdefault":
        return int(terms[entry[1]][1])
    return -1


def roots_of(terms: list[t.Term], term: int) -> set[int]:
    """The terms that a variable stands for, seen through branches and loops."""
    found = set()
    waiting = [term]
    seen: set[int] = set()
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        entry = terms[current]
        if entry[0] == t.JOIN:
            waiting.extend(entry[1])
        elif entry[0] in (t.ALIAS, t.NARROW) or (entry[0] == t.DECLARED and entry[1] >= 0):
            waiting.append(entry[1])
        else:
            found.add(current)
    return found


def root_of(terms: list[t.Term], term: int) -> int:
    """The one term that a variable stands for, perhaps narrowed by a test or brought round by a
    loop; the variable itself, where there are several.
    """
    term = t.unaliased(terms, term)
    if terms[term][0] == t.JOIN:
        roots = roots_of(terms, term)
        return roots.pop() if len(roots) == 1 else term
    return term
