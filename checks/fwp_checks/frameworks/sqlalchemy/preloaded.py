"""What other queries of a function have put into the session: relations of objects that it has
already, by a query whose own result nobody uses, and the object that a foreign key names.

An option loads what an object that is in the session lacks, too. Source: sqlalchemy/orm/loading.py
(_populate_partial) and orm/strategies.py (LazyLoader, use_get) of SQLAlchemy 2.1.9.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.sqlalchemy import instances, rows
from fwp_checks.frameworks.sqlalchemy.mapped import Mappers, Relation
from fwp_checks.frameworks.variables import Mentions
from fwp_checks.project.meaning.frames import FunctionKey
from fwp_checks.project.meaning.values import (
    Awaitable,
    ClassValue,
    Constant,
    FunctionValue,
    Instance,
    Iterable,
    TupleValue,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame
    from fwp_checks.project.meaning.outcome import RunExternal

_OPTIONS = ("selectinload", "joinedload", "subqueryload", "immediateload")
_RESULTS = (rows.RESULT, rows.SCALARS, rows.ASYNC_RESULT, rows.ASYNC_SCALARS)
_HOLDING = (t.PARAM, t.CALL, t.AWAIT, t.ATTR, t.ITER, t.ENTER)
# How many calls away it may be done.
_LEVELS = 2
_KEY = "sqlalchemy.preloaded"

# The rows that statements of a function load for the session alone, and where.
_Preloads = dict[FunctionKey, list[tuple[int, Instance]]]


def is_loaded(project: Project, frame: Frame, term: int, run: RunExternal) -> bool:
    """Whether what a lazy load asks for may well be in the session when a term runs."""
    row, name = run.receiver, run.arguments.get(0)
    if run.name != rows.LAZY_LOAD or not isinstance(row, Instance):
        return False
    found = rows.row_of(row)
    if found is None or not isinstance(name, Constant) or not isinstance(row.class_, ClassValue):
        return False
    if run.arguments.keywords == instances.REFUSED:
        mappers = Mappers.of(project)
        relation = mappers.relation(row.class_, str(name.value))
        if relation is not None and _is_in_hand(project, frame, term, relation, found.fixed):
            return True
        for hop in found.way:
            owner = mappers.named(row.class_, hop.owner)
            relation = mappers.relation(owner, hop.name) if owner is not None else None
            if relation is not None and _is_in_hand(project, frame, term, relation, frozenset()):
                return True
    preloads = _preloads(project)
    return bool(preloads) and any(
        _has(project, one, row, found, str(name.value))
        for one in _before(project, preloads, frame, term, _LEVELS)
    )


# -- queries for the session alone -----------------------------------------------------------------


def _preloads(project: Project) -> _Preloads:
    known: _Preloads | None = project.framework_data.get(_KEY)
    if known is None:
        known = {}
        places = {
            (module, module.code_scope_of(call)): None
            for name in _OPTIONS
            for module, call in project.call_sites.spelt(name)
        }
        for module, scope in places:
            frame = project.frame_of_scope(module, scope)
            given = list(_dropped(project, frame))
            if given:
                known[frame.function] = given
        project.framework_data[_KEY] = known
    return known


def _dropped(project: Project, frame: Frame) -> Iterator[tuple[int, Instance]]:
    """The rows of results that a function does not use."""
    terms = frame.module.facts.terms
    for term in range(frame.scope.start, frame.scope.end):
        if terms[term][0] == t.DROP:
            value = project.values.evaluate(frame, terms[term][1])
            for row in _rows_in(project, value):
                yield term, row


def _before(
    project: Project, preloads: _Preloads, frame: Frame, term: int, levels: int
) -> Iterator[Instance]:
    """What a function, and those that it calls, load before a term."""
    for at, row in preloads.get(frame.function, ()):
        if at < term:
            yield row
    terms = frame.module.facts.terms
    for call in Mentions.of(project, frame).calls if levels else ():
        if call >= term:
            break
        for option in options_of(project.values.evaluate(frame, terms[call][1])):
            if isinstance(option, FunctionValue):
                inner = project.frame_of_scope(option.module, option.scope)
                yield from _before(project, preloads, inner, inner.scope.end, levels - 1)


def _has(project: Project, loaded: Instance, row: Instance, found: rows.Row, name: str) -> bool:
    """Whether a query for objects like the one that a row is, or comes from, loads its relation."""
    current = loaded
    for hop in found.way:
        if not isinstance(current.class_, ClassValue) or current.class_.name != hop.owner:
            return False
        held = instances.attribute(project, current, hop.name)
        if isinstance(held, Iterable):
            held = held.element
        if not isinstance(held, Instance):
            return False
        current = held
    return current.class_ == row.class_ and not instances.reading(project, current, name)


def _rows_in(project: Project, value: Value) -> Iterator[Instance]:
    """The rows that something is, or gives."""
    for option in options_of(value):
        if isinstance(option, Awaitable):
            yield from _rows_in(project, option.result)
        elif isinstance(option, Iterable):
            yield from _rows_in(project, option.element)
        elif isinstance(option, TupleValue):
            for item in option.items:
                yield from _rows_in(project, item)
        elif isinstance(option, Instance) and rows.row_of(option) is not None:
            yield option
        elif isinstance(option, Instance) and option.class_ in _RESULTS:
            yield from _rows_in(project, rows.row(project, option, one_of_many=False))


# -- the object that a key names -------------------------------------------------------------------


def _is_in_hand(
    project: Project, frame: Frame, term: int, relation: Relation, fixed: frozenset[str]
) -> bool:
    """Whether an object that is at hand may be the one that a foreign key names: the query compared
    the key with a value, or the function has read it and fetched an object of that class.
    """
    if not relation.by_key or relation.target is None:
        return False
    mentioned = Mentions.of(project, frame).of_attributes
    is_compared = not fixed.isdisjoint({relation.name, *relation.keys})
    if not is_compared and not any(
        at < term for key in relation.keys for at in mentioned.get(key, ())
    ):
        return False
    line = Mappers.of(project).line(relation.target)
    terms = frame.module.facts.terms
    for at in range(frame.scope.start, min(term, frame.scope.end)):
        if terms[at][0] not in _HOLDING:
            continue
        for option in options_of(project.values.evaluate(frame, at)):
            if isinstance(option, Instance) and option.class_ in line and is_compared:
                return True
            if any(one.class_ in line for one in _rows_in(project, option)):
                return True
    return False
