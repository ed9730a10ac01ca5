"""What a function did before, where that makes a later operation on the same object free.

A relation that was read or assigned is kept on the object; a queryset that was evaluated keeps its
rows. What has happened only on some other path does not count, except where it may well have filled
the cache.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.django import instances, rows
from fwp_checks.frameworks.django.instances import DEFERRED, DESCRIPTORS
from fwp_checks.frameworks.variables import Mentions, Place, comes_before, place_of
from fwp_checks.project.meaning.origins import Origin, origin_of
from fwp_checks.project.meaning.origins import Place as Consumed
from fwp_checks.project.meaning.outcome import RunExternal
from fwp_checks.project.meaning.tested import asked_attribute, tests_in
from fwp_checks.project.meaning.values import (
    Constant,
    External,
    FunctionValue,
    Instance,
    Value,
    Wrapped,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

_EVALUATING = ("__iter__", "__len__", "__bool__", "__contains__", "__repr__")
# What an evaluated queryset answers from its rows (django/db/models/query.py of Django 6.1.3).
_ANSWERED = frozenset({*_EVALUATING, "__getitem__", "count", "exists", "contains"})
_READING = (*DESCRIPTORS.values(), DEFERRED)
_EVALUATING_FUNCTIONS = frozenset(
    f"builtins.{name}"
    for name in ("list", "tuple", "set", "frozenset", "sorted", "len", "bool", "repr", "enumerate")
)
FILLING_FUNCTIONS = frozenset(
    {"django.db.models.prefetch_related_objects", "django.db.models.aprefetch_related_objects"}
)
"""What fetches relations of objects that are there."""


def spares(project: Project, frame: Frame, term: int, run: RunExternal) -> bool:
    """Whether an operation does nothing here, because of what its object holds already."""
    if run.receiver is None:
        return False
    if _has_a_stand_in(project, frame, term):
        return True
    if run.name in _READING:
        return _is_kept(project, frame, term, run) or _is_filled(project, frame, term, run)
    method = run.name.rpartition(".")[2]
    query = rows.query_of(run.receiver)
    if query is not None and query.answers(method):
        return True
    return method in _ANSWERED and (
        _was_evaluated(project, frame, term) or _is_filled(project, frame, term, run)
    )


# -- relations -------------------------------------------------------------------------------------


def _is_kept(project: Project, frame: Frame, term: int, run: RunExternal) -> bool:
    """Whether a relation was read or assigned on this object before."""
    terms = frame.module.facts.terms
    name = run.arguments.get(0)
    if not isinstance(name, Constant):
        return False
    place = _read_from(frame, term, name.value)
    for earlier in Mentions.of(project, frame).of_attributes.get(name.value, ()):
        if earlier >= term:
            break
        entry = terms[earlier]
        if entry[0] == t.STORE:
            if place_of(frame, entry[1]) == place:
                return True
        else:
            read_from = _read_from(frame, earlier, name.value)
            if read_from is not None and read_from == place and comes_before(frame, earlier, term):
                return True
    return any(
        _may_fill(frame, terms[call], function, place, name.value)
        for call, function in _filling(project, frame, term)
    )


def _read_from(frame: Frame, term: int, name: str) -> Place | None:
    """The object whose attribute of this name a term reads, by itself or with ``getattr``."""
    terms = frame.module.facts.terms
    entry = terms[term]
    if entry[0] == t.ATTR and entry[2] == name:
        return place_of(frame, entry[1])
    if entry[0] == t.CALL and len(entry[2]) > 1 and terms[entry[2][1]] == (t.CONST, name):
        return place_of(frame, entry[2][0])
    return None


def _filling(project: Project, frame: Frame, term: int) -> list[tuple[int, Value]]:
    """The calls before a term that may fetch relations of objects, each with what it calls:
    Django's own functions, and what runs in another thread.
    """
    known: dict[Frame, tuple[int, list[tuple[int, Value]]]]
    known = project.framework_data.setdefault("django.filling", {})
    done, found = known.get(frame, (0, []))
    calls = Mentions.of(project, frame).calls
    end = bisect_left(calls, term)
    if done < end:
        terms = frame.module.facts.terms
        found = found + [
            (call, function)
            for call in calls[done:end]
            for function in options_of(project.values.evaluate(frame, terms[call][1]))
            if _is_filling(function)
        ]
        known[frame] = end, found
    return [(call, function) for call, function in found if call < term]


def _is_filling(function: Value) -> bool:
    if isinstance(function, Wrapped):
        return function.how == "offloaded"
    return isinstance(function, External) and function.name in FILLING_FUNCTIONS


def _may_fill(frame: Frame, call: t.Term, function: Value, place: Place | None, name: str) -> bool:
    """Whether a call of such a function may have fetched a relation of an object."""
    if not isinstance(function, Wrapped):
        return True
    if place is not None and place[0] in [place_of(frame, argument)[0] for argument in call[2]]:
        return True
    return isinstance(function.function, FunctionValue) and _reads(function.function, name)


def _is_filled(project: Project, frame: Frame, term: int, run: RunExternal) -> bool:
    """Whether the function that goes through rows has Django fetch a relation for all of them."""
    origin = origin_of(run.receiver) if run.receiver is not None else None
    if origin is None or origin.consumed is None:
        return False
    names = _names_to(origin, run)
    paths = _filled_beside(project, frame, term, origin.consumed)
    return any(_covers(path, names) for path in paths)


def is_filled(project: Project, run: RunExternal) -> bool:
    """Whether the function that hands on rows to be shown, or asks for them, has Django fetch a
    relation for all of them.
    """
    origin = origin_of(run.receiver) if run.receiver is not None else None
    if origin is None:
        return False
    names = _names_to(origin, run)
    for place in (origin.consumed, origin.built):
        module = project.table.by_path.get(place.path) if place is not None else None
        if place is not None and module is not None:
            filled = _filled_in(project, module, module.code_scope_of(place.term))
            if any(_covers(path, names) for _, path in filled):
                return True
    return False


def _names_to(origin: Origin, run: RunExternal) -> list[str]:
    """The relations that lead from a row to what a run fetches."""
    names = [hop.name for hop in origin.hops]
    name = run.arguments.get(0) if run.name in _READING else None
    return [*names, name.value] if isinstance(name, Constant) else names


def _covers(path: list[str], names: list[str]) -> bool:
    """Whether a path that is fetched for rows, or for what they lead to, is the end of the way to
    these names, or goes on from there; an empty one may be any.
    """
    ends = [names[start:] for start in range(len(names))]
    return any(not path or path[: len(end)] == end for end in ends)


def _filled_beside(
    project: Project, frame: Frame, term: int, consumed: Consumed
) -> Iterator[list[str]]:
    """The paths that the function that goes through rows has Django fetch for all of them, before
    it does or, where it only collects them first, behind that; an empty one if not known.
    """
    module = project.table.by_path.get(consumed.path)
    if module is None:
        return
    number = module.code_scope_of(consumed.term)
    is_own = frame.module is module and frame.scope_number == number
    for at, path in _filled_in(project, module, number):
        is_within = any(
            region.kind == "for"
            and region.term == consumed.term
            and region.start <= at < region.end
            for region in module.facts.regions
        )
        if at < consumed.term or not (is_within or (is_own and term < at)):
            yield path


def _filled_in(project: Project, module: Module, number: int) -> list[tuple[int, list[str]]]:
    """What a function has Django fetch for objects that are there: where, and which paths."""
    known: dict[tuple[Module, int], list[tuple[int, list[str]]]]
    known = project.framework_data.setdefault("django.filled", {})
    found = known.get((module, number))
    if found is None:
        found = known[module, number] = []
        scope = module.facts.scopes[number]
        frame = project.frame_of_scope(module, number)
        for term in range(scope.start, scope.end):
            entry = module.facts.terms[term]
            if entry[0] == t.CALL and len(entry[2]) > 1 and _fills(project, frame, entry):
                for argument in entry[2][1:]:
                    path = project.values.evaluate(frame, argument)
                    names = str(path.value).split("__") if isinstance(path, Constant) else []
                    found.append((term, names))
    return found


def _has_a_stand_in(project: Project, frame: Frame, term: int) -> bool:
    """Whether code does without a query where the row has an annotation: ``if hasattr(…): …``."""
    for start, end, owner, name in _missing(project, frame):
        if start <= term < end:
            objects = options_of(project.values.evaluate(frame, owner))
            if any(isinstance(o, Instance) and instances.may_have(o, str(name)) for o in objects):
                return True
    return False


def _missing(project: Project, frame: Frame) -> list[tuple[int, int, int, object]]:
    """The stretches of a function where an object has been found to lack an attribute: from where
    to where, which object, and the attribute's name.
    """
    known: dict[tuple[str, int], list[tuple[int, int, int, object]]]
    known = project.framework_data.setdefault("django.missing", {})
    found = known.get(frame.function)
    if found is None:
        found = known[frame.function] = []
        terms = frame.module.facts.terms
        for tested in tests_in(frame.module, frame.scope_number):
            asked = asked_attribute(terms, tested.term)
            if asked is not None and asked[2] != tested.holds and terms[asked[1]][0] == t.CONST:
                found.append((tested.start, tested.end, asked[0], terms[asked[1]][1]))
    return found


def _fills(project: Project, frame: Frame, call: t.Term) -> bool:
    return any(
        isinstance(function, External) and function.name in FILLING_FUNCTIONS
        for function in options_of(project.values.evaluate(frame, call[1]))
    )


def _reads(function: FunctionValue, name: str) -> bool:
    facts = function.module.facts
    scope = facts.scopes[function.scope]
    return any(
        entry[0] == t.ATTR and entry[2] == name for entry in facts.terms[scope.start : scope.end]
    )


# -- querysets -------------------------------------------------------------------------------------


def _was_evaluated(project: Project, frame: Frame, term: int) -> bool:
    """Whether the queryset that a term asks something of was evaluated before."""
    place = _asked(frame, term)
    if place is None:
        return False
    terms = frame.module.facts.terms
    for earlier in Mentions.of(project, frame).evaluating.get(place, ()):
        if earlier >= term:
            break
        entry = terms[earlier]
        if entry[0] == t.CALL and not _evaluates(project, frame, entry):
            continue
        if comes_before(frame, earlier, term):
            return True
    return False


def _asked(frame: Frame, term: int) -> Place | None:
    terms = frame.module.facts.terms
    entry = terms[term]
    if entry[0] in (t.ITER, t.TRUTH, t.ITEM, t.STAR, t.UNPACK):
        return place_of(frame, entry[1])
    if entry[0] == t.COMPARE:
        return place_of(frame, entry[3])
    if entry[0] == t.CALL:
        function = terms[entry[1]]
        if function[0] == t.ATTR:
            return place_of(frame, function[1])
        if entry[2]:
            return place_of(frame, entry[2][0])
    return None


def _evaluates(project: Project, frame: Frame, call: t.Term) -> bool:
    for function in options_of(project.values.evaluate(frame, call[1])):
        if isinstance(function, Wrapped) and function.how == "offloaded":
            return True
        if isinstance(function, External) and function.name in _EVALUATING_FUNCTIONS:
            return True
    return False
