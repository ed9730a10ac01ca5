"""Which loops go through data of any length, and which have theirs in the code or the settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import ROUNDS, Region, Scope
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame, FunctionKey
from fwp_checks.project.meaning.literals import attribute_term, bound
from fwp_checks.project.meaning.origins import origin_of
from fwp_checks.project.meaning.values import (
    RECURSIVE,
    ClassValue,
    Constant,
    External,
    FunctionValue,
    Instance,
    MappingValue,
    Member,
    TupleValue,
    Value,
    options_of,
)
from fwp_checks.project.meaning.values import Iterable as IterableValue
from fwp_checks.project.rows.shown_lists import is_written_out

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# Loops over these are no loops over data.
_COUNTING = ("builtins.range", "itertools.count", "itertools.repeat")
_BATCHING = (
    *("itertools.batched", "more_itertools.batched", "more_itertools.chunked"),
    *("more_itertools.ichunked", "more_itertools.sliced", "toolz.partition_all"),
)
# These give as many things as they are given, or fewer.
_KEEPING = frozenset(
    f"builtins.{name}"
    for name in ("list", "tuple", "set", "frozenset", "sorted", "reversed", "dict", "enumerate")
)
_VIEWS = ("items", "keys", "values")
# Methods that give parts of a text, and those that ask for a setting.
_PARTS = ("split", "splitlines", "strip")
_ASKING = ("get", "getenv")
_ENVIRONMENT = ("os.environ", "os.getenv")
# What a list may be that is cut into parts.
_WHOLE = (t.PARAM, t.NAME, t.IMPORT, t.CALL, t.COMPREHENSION, t.SEQUENCE, t.BINARY)
_EMPTY = ((t.SEQUENCE, "list", ()), (t.SEQUENCE, "tuple", ()), (t.MAPPING, ()))
# Methods that put something into a list or mapping; those that put in all that they are given.
_FILLING = ("append", "add", "insert", "appendleft", "setdefault", "extend", "update")
_TAKING_APART = ("extend", "update")
# How many calls and comprehensions away a list is written.
_LEVELS = 4


class Lengths:
    """Answers for the loops of a project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        # The lists of which it is being asked whether they are filled.
        self._asking: set[tuple[Frame, int]] = set()
        self._fillings: dict[FunctionKey, dict[int, list[_Filling]]] = {}

    def is_open_ended(self, frame: Frame, loop: Region) -> bool:
        """Whether a loop goes over data of any length."""
        terms = frame.module.facts.terms
        iterable = t.unaliased(terms, terms[loop.term][1])
        entry = terms[iterable]
        if entry[0] == t.JOIN and _are_written_things(frame.module, entry):
            return False
        if entry[0] == t.CALL and _is_view_of_mapping(terms, entry):
            # mapping.items() is as long as the mapping.
            iterable = terms[entry[1]][1]
            entry = terms[iterable]
        if _is_written(frame.module, entry) and not self._is_filled(frame, iterable):
            return False
        if entry[0] == t.LOOKUP and entry[2] in _VIEWS:
            # A template goes through a mapping of the view: ``groups.items``.
            iterable = entry[1]
        if entry[0] == t.CALL and self._is_call_of(frame, entry[1], _COUNTING):
            return False
        if self._gives_batches(frame, iterable, _LEVELS):
            return False
        values = self._project.values
        elements = options_of(values.evaluate(frame, loop.term))
        if all(map(self._is_batch, elements)):
            return False
        if all(isinstance(one, ClassValue) for one in elements):
            # There are as many classes as the code has.
            return False
        if not all(map(_may_be_long, options_of(values.evaluate(frame, iterable)))):
            return False
        if self._is_bounded(frame, iterable, _LEVELS):
            return False
        return not is_written_out(self._project, frame, iterable)

    def _is_batch(self, element: Value) -> bool:
        """Whether what a loop goes through are many things at a time: lists, queries, pages."""
        if isinstance(element, IterableValue):
            return element.kind in ("tuple", "list", "set")
        origin = origin_of(element)
        if origin is None and isinstance(element, Instance) and isinstance(element.class_, str):
            origin = origin_of(self._project.protocols.element(element))
        return origin is not None and origin.consumed is None

    def _gives_batches(self, frame: Frame, term: int, levels: int) -> bool:
        """Whether something gives parts of a list, each of several things, or what is made of one
        such part.
        """
        return levels > 0 and all(
            self._gives_batches_here(frame, option, levels - 1)
            for option in met(frame.module.facts.terms, term)
        )

    def _gives_batches_here(self, frame: Frame, term: int, levels: int) -> bool:
        facts = frame.module.facts
        entry = facts.terms[term]
        if entry[0] == t.COMPREHENSION and entry[3] < 0:
            through = facts.terms[facts.regions[entry[4]].term]
            return _is_part(facts.terms, entry[2]) or (
                through[0] == t.ITER and self._gives_batches(frame, through[1], levels)
            )
        if entry[0] != t.CALL:
            return False
        called = self._project.values.evaluate(frame, entry[1])
        if isinstance(called, External):
            return called.name in _BATCHING or (
                called.name in _KEEPING
                and len(entry[2]) > 0
                and self._gives_batches(frame, entry[2][0], levels)
            )
        if not isinstance(called, FunctionValue):
            return False
        scope, terms = called.module.facts.scopes[called.scope], called.module.facts.terms
        return bool(scope.yields) and all(
            not terms[one][2] and _is_part(terms, terms[one][1]) for one in scope.yields
        )

    def _is_bounded(self, frame: Frame, term: int, levels: int) -> bool:
        """Whether the code or the settings say how much something holds, on all paths."""
        found = met(frame.module.facts.terms, term)
        return all(self._is_bounded_one(frame, option, levels) for option in found)

    def _is_bounded_one(self, frame: Frame, term: int, levels: int) -> bool:
        terms = frame.module.facts.terms
        entry = terms[term]
        if entry[0] in (t.SEQUENCE, t.MAPPING) and self._is_filled(frame, term):
            return False
        if entry[0] == t.SEQUENCE:
            starred = [terms[item][1] for item in entry[2] if terms[item][0] == t.STAR]
            return self._are_bounded(frame, term, starred, levels)
        if entry[0] == t.CONST:
            return True
        if entry[0] == t.DECLARED and entry[1] >= 0:
            # What is empty there is filled somewhere.
            return terms[entry[1]] not in _EMPTY and self._is_bounded(frame, entry[1], levels)
        if entry[0] == t.ITEM:
            return self._is_setting(frame, entry[1]) or self._has_bounded(
                frame, entry[1], (), levels
            )
        if entry[0] == t.MAPPING:
            return all(key >= 0 for key, _ in entry[1])
        if entry[0] == t.BINARY and entry[1] == "+":
            return self._are_bounded(frame, term, entry[2:4], levels)
        if entry[0] == t.COMPREHENSION and levels:
            return self._is_bounded_comprehension(frame, entry[4], levels - 1)
        if entry[0] == t.CALL and levels:
            return self._gives_bounded(frame, entry, levels - 1)
        if entry[0] in (t.NAME, t.ATTR, t.IMPORT):
            value = self._project.values.evaluate(frame, term)
            if all(map(self._is_declared, options_of(value))):
                return True
            return levels > 0 and self._is_written_elsewhere(frame, entry, levels - 1)
        return False

    def _are_bounded(self, frame: Frame, term: int, parts: Sequence[int], levels: int) -> bool:
        """The same of all parts of a term; what a loop adds to itself has no bound."""
        key = (frame, term)
        if key in self._asking:
            return False
        self._asking.add(key)
        try:
            return all(self._is_bounded(frame, part, levels) for part in parts)
        finally:
            self._asking.discard(key)

    def _has_bounded(self, frame: Frame, term: int, others: Sequence[int], levels: int) -> bool:
        """Whether all that a mapping in the code has is bounded, and so are other terms."""
        entry = frame.module.facts.terms[term]
        source = bound(self._project, frame, entry) if entry[0] in (t.NAME, t.IMPORT) else None
        if source is None or levels <= 0:
            return False
        around, found = source
        terms = around.module.facts.terms
        held = terms[_assigned(terms, found)]
        return (
            held[0] == t.MAPPING
            and bool(held[1])
            and all(key >= 0 and terms[value] not in _EMPTY for key, value in held[1])
            and all(self._is_bounded(around, value, levels - 1) for _, value in held[1])
            and all(self._is_bounded(frame, other, levels - 1) for other in others)
        )

    def _is_filled(self, frame: Frame, made: int) -> bool:
        """Whether a function puts any number of things into a list or mapping that it has made: in
        a loop over data, or all of some data at once.
        """
        key = (frame, made)
        if not frame.scope.is_function or key in self._asking:
            return False
        terms = frame.module.facts.terms
        if terms[made][0] not in (t.SEQUENCE, t.MAPPING):
            return False
        self._asking.add(key)
        try:
            return any(
                any(not self._is_bounded(frame, one, _LEVELS) for one in given)
                or self._is_in_loop_over_data(frame, term)
                for term, given in self._fillings_in(frame).get(made, ())
            )
        finally:
            self._asking.discard(key)

    def _fillings_in(self, frame: Frame) -> dict[int, list[_Filling]]:
        """What a function puts into which of the lists and mappings that it makes."""
        known = self._fillings.get(frame.function)
        if known is None:
            terms = frame.module.facts.terms
            known = self._fillings[frame.function] = _fillings(terms, frame.scope)
        return known

    def _is_in_loop_over_data(self, frame: Frame, term: int) -> bool:
        return any(
            region.kind == "for"
            and region.start <= term < region.end
            and self.is_open_ended(frame, region)
            for region in frame.module.regions_in(frame.scope_number)
        )

    def _is_written_elsewhere(self, frame: Frame, entry: t.Term, levels: int) -> bool:
        """Whether a name, or an attribute of a class, stands for what has its length in the code at
        the top of a module or in the body of a class; what is empty there is filled somewhere.
        """
        source = bound(self._project, frame, entry) or self._of_objects(frame, entry)
        if source is None:
            return False
        around, term = source
        terms = around.module.facts.terms
        term = _assigned(terms, term)
        found = terms[term]
        items = {t.SEQUENCE: 2, t.MAPPING: 1}.get(found[0])
        return (items is None or bool(found[items])) and self._is_bounded(around, term, levels)

    def _of_objects(self, frame: Frame, entry: t.Term) -> tuple[Frame, int] | None:
        """Where the class of an object binds an attribute that none of its methods writes."""
        if entry[0] != t.ATTR:
            return None
        object_ = self._project.values.evaluate(frame, entry[1])
        class_ = object_.class_ if isinstance(object_, Instance) else None
        if not isinstance(class_, ClassValue):
            return None
        if any(
            entry[2] in owner.module.methods_writing.get(owner.scope, {})
            for owner in self._project.classes.info(class_).order
            if isinstance(owner, ClassValue)
        ):
            return None
        return attribute_term(self._project, class_, entry[2])

    def _is_bounded_comprehension(self, frame: Frame, number: int, levels: int) -> bool:
        """Whether each of the loops of a comprehension is bounded."""
        facts = frame.module.facts
        whole = facts.regions[number]
        inner = [
            region
            for region in facts.regions
            if region.kind == whole.kind and whole.start <= region.start < whole.end
        ]
        terms = facts.terms
        return all(
            terms[region.term][0] == t.ITER
            and self._is_bounded(frame, terms[region.term][1], levels)
            for region in inner
        )

    def _gives_bounded(self, frame: Frame, call: t.Term, levels: int) -> bool:
        terms = frame.module.facts.terms
        if _is_view_of_mapping(terms, call):
            return self._is_bounded(frame, terms[call[1]][1], levels)
        called = self._project.values.evaluate(frame, call[1])
        function = frame.module.facts.terms[call[1]]
        if function[0] == t.ATTR and function[2] in _PARTS:
            # os.environ["HOSTS"].split(",")
            return self._is_bounded(frame, function[1], levels)
        if function[0] == t.ATTR and function[2] in _ASKING:
            return self._is_setting(frame, call[1]) or self._has_bounded(
                frame, function[1], call[2][1:], levels
            )
        if isinstance(called, External) and called.name in _KEEPING:
            return len(call[2]) == 1 and self._is_bounded(frame, call[2][0], levels)
        if isinstance(called, External) and called.name == "builtins.getattr":
            return self._is_declared_attribute(frame, call[2], levels)
        if not isinstance(called, FunctionValue):
            return False
        scope = called.module.facts.scopes[called.scope]
        inner = self._project.frame_of_scope(called.module, called.scope)
        if scope.is_generator:
            return all(self._is_yield_bounded(inner, term, levels) for term in scope.yields)
        return bool(scope.returns) and all(
            self._is_bounded(inner, term, levels) for term in scope.returns
        )

    def _is_yield_bounded(self, frame: Frame, term: int, levels: int) -> bool:
        """Whether a generator comes to one of its ``yield`` as often as its code says."""
        terms = frame.module.facts.terms
        if terms[term][2] and not self._is_bounded(frame, terms[term][1], levels):
            return False
        around = [
            region
            for region in frame.module.regions_in(frame.scope_number)
            if region.kind in ROUNDS and region.start <= term < region.end
        ]
        return all(
            region.kind != "while"
            and terms[region.term][0] == t.ITER
            and self._is_bounded(frame, terms[region.term][1], levels)
            for region in around
        )

    def _is_setting(self, frame: Frame, term: int) -> bool:
        """Whether something is settings, or asks them or the environment for one."""
        value = self._project.values.evaluate(frame, term)
        if not isinstance(value, (External, Member)):
            return False
        name = value.name
        return name.startswith(_ENVIRONMENT) or self._project.frameworks.is_setting(name)

    def _is_declared_attribute(self, frame: Frame, given: Sequence[int], levels: int) -> bool:
        """``getattr(settings, "LANGUAGES", [])``."""
        owner, name, *default = given
        held = self._project.values.evaluate(frame, owner)
        spelt = frame.module.facts.terms[name]
        if not isinstance(held, External) or spelt[0] != t.CONST:
            return False
        is_declared = self._project.frameworks.is_declared(f"{held.name}.{spelt[1]}")
        return is_declared and all(self._is_bounded(frame, term, levels) for term in default)

    def _is_declared(self, value: Value) -> bool:
        """Whether a value is an enumeration, a setting, or a list that is made of literals."""
        if isinstance(value, (External, Member)):
            return self._project.frameworks.is_declared(value.name)
        if isinstance(value, IterableValue):
            return value.kind in ("tuple", "list", "set") and _is_literal(value.element)
        # What can be said of a class by going through it are the members of an enumeration.
        return isinstance(value, ClassValue)

    def _is_call_of(self, frame: Frame, function: int, names: Sequence[str]) -> bool:
        value = self._project.values.evaluate(frame, function)
        return getattr(value, "name", None) in names


def met(terms: list[t.Term], term: int) -> list[int]:
    """What a variable may stand for, on all paths that meet."""
    waiting = [term]
    seen: set[int] = set()
    found = []
    for current in waiting:
        if current not in seen:
            seen.add(current)
            entry = terms[current]
            if entry[0] in (t.ALIAS, t.NARROW, t.JOIN):
                waiting.extend(t.operands(entry)[: None if entry[0] == t.JOIN else 1])
            else:
                found.append(current)
    return found or [term]


def _assigned(terms: list[t.Term], term: int) -> int:
    """What stands behind an annotation, ``names: list[str] = […]``; else the term itself."""
    entry = terms[term]
    return entry[1] if entry[0] == t.DECLARED and entry[1] >= 0 else term


def _is_part(terms: list[t.Term], term: int) -> bool:
    """Whether something is a slice of what is not itself one of many things."""
    first = terms[t.unaliased(terms, term)]
    if not _is_slice(terms, first):
        return False
    waiting = met(terms, first[1])
    seen: set[int] = set()
    for current in waiting:
        entry = terms[current]
        if current in seen:
            continue
        seen.add(current)
        if entry[0] == t.ATTR or _is_slice(terms, entry):
            waiting.extend(met(terms, entry[1]))
        elif entry[0] == t.CALL and terms[entry[1]][0] == t.ATTR:
            waiting.extend(met(terms, terms[entry[1]][1]))
        elif entry[0] not in _WHOLE:
            return False
    return True


def _is_slice(terms: list[t.Term], entry: t.Term) -> bool:
    return bool(entry[0] == t.ITEM and terms[entry[2]][0] == t.SLICE)


_Filling = tuple[int, tuple[int, ...]]
"""Where something is put into a list or mapping, and what is taken apart for that."""


def _fillings(terms: list[t.Term], scope: Scope) -> dict[int, list[_Filling]]:
    """Where a function puts something into lists and mappings, by where these are made."""
    found: dict[int, list[_Filling]] = {}
    for term in range(scope.start, scope.end):
        entry = terms[term]
        if entry[0] == t.STORE_ITEM:
            for made in met(terms, entry[1]):
                found.setdefault(made, []).append((term, ()))
        elif entry[0] == t.CALL and terms[entry[1]][0] == t.ATTR:
            _, base, method = terms[entry[1]]
            if method in _FILLING:
                for made in met(terms, base):
                    taken = entry[2] if method in _TAKING_APART else ()
                    found.setdefault(made, []).append((term, taken))
    return found


def _is_literal(value: Value) -> bool:
    return all(
        isinstance(option, Constant)
        or (isinstance(option, TupleValue) and all(map(_is_literal, option.items)))
        for option in options_of(value)
    )


def _is_written(module: Module, entry: t.Term) -> bool:
    """Whether something has its length in the code, here or at the top of the module."""
    terms = module.facts.terms
    if entry[0] == t.NAME:
        bound = module.facts.scopes[0].bindings.get(entry[1], -1)
        entry = terms[bound] if bound >= 0 else entry
    if entry[0] == t.DECLARED and entry[1] >= 0:
        entry = terms[entry[1]]
    return entry[0] in (t.SEQUENCE, t.MAPPING, t.CONST)


def _are_written_things(module: Module, joined: t.Term) -> bool:
    """Whether what paths meet with are all values of a mapping that stands in the code, or some of
    them.
    """
    terms = module.facts.terms
    owners = set()
    for option in joined[1]:
        entry = terms[t.unaliased(terms, option)]
        if entry[0] == t.COMPREHENSION:
            entry = terms[t.unaliased(terms, entry[2])]
        elif entry[0] == t.CALL and _is_view_of_mapping(terms, entry):
            entry = terms[entry[1]]
        if entry[0] not in (t.ITEM, t.ATTR):
            return False
        owners.add(terms[t.unaliased(terms, entry[1])])
    return len(owners) == 1 and _is_written(module, owners.pop())


def _is_view_of_mapping(terms: list[t.Term], call: t.Term) -> bool:
    function = terms[call[1]]
    return bool(function[0] == t.ATTR and function[2] in _VIEWS and not call[2])


def _may_be_long(value: Value) -> bool:
    if isinstance(value, TupleValue):
        return False
    if isinstance(value, MappingValue):
        # All of its keys are written.
        return value.value is not RECURSIVE or not value.items
    if isinstance(value, IterableValue) and value.kind == "range":
        # Who goes through numbers counts.
        return False
    if isinstance(value, IterableValue) and value.kind in ("tuple", "list", "set"):
        return not isinstance(value.element, Constant)
    return True
