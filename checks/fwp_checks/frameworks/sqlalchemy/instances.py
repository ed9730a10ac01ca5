"""Objects of mapped classes: what their attributes hold, and which of them run a query when they
are read.

Source: sqlalchemy/orm/strategies.py (LazyLoader) and ext/asyncio/session.py (AsyncAttrs) of
SQLAlchemy 2.1.9.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fwp_checks.frameworks.sqlalchemy import rows
from fwp_checks.frameworks.sqlalchemy.mapped import Mappers, Relation
from fwp_checks.frameworks.sqlalchemy.rows import DYNAMIC, LAZY, RAISE, WRITE_ONLY, Query, Row
from fwp_checks.project.meaning.origins import Hop, Origin, behind, origin_of
from fwp_checks.project.meaning.outcome import Alternative, RunExternal
from fwp_checks.project.meaning.values import (
    Arguments,
    Awaitable,
    ClassValue,
    Constant,
    Instance,
    Iterable,
    Unknown,
    Value,
    Wrapped,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

ASYNC_ATTRS = "sqlalchemy.ext.asyncio.AsyncAttrs"
AWAITABLE_ATTRS = f"{ASYNC_ATTRS}.awaitable_attrs"
_FAR = 6
AWAITED_LOAD = f"{AWAITABLE_ATTRS}.__get__"


# What is said of a lazy load beside the name of the relation.
Keywords = tuple[tuple[str, Value], ...]
REFUSED: Keywords = (("is_async", Constant(True)),)
REFRESHED: Keywords = (("is_refreshed", Constant(True)),)
FORBIDDEN: Keywords = (("is_forbidden", Constant(True)),)


def attribute(project: Project, instance: Instance, name: str) -> Value | None:
    """What an attribute of a mapped object holds, if it is a relation."""
    class_ = instance.class_
    if not isinstance(class_, ClassValue):
        return None
    mappers = Mappers.of(project)
    if name == "awaitable_attrs" and project.classes.derives(class_, ASYNC_ATTRS):
        return Instance(AWAITABLE_ATTRS, details=(instance,))
    relation = mappers.relation(class_, name)
    if relation is None:
        return None
    if mappers.is_proxy(class_, name):
        return Iterable(Unknown(f"what '{name}' stands for"), "list")
    return _related(mappers, relation, class_, instance)


def _related(mappers: Mappers, relation: Relation, class_: ClassValue, instance: Instance) -> Value:
    name = relation.name
    if relation.target is None:
        return Unknown(f"relation '{name}' leads to a class that is not known")
    if relation.is_many is None:
        return Unknown(f"relation '{name}' holds one object or several")
    row = rows.row_of(instance)
    inverse = mappers.inverse(class_, relation)
    known = frozenset({inverse}) if inverse else frozenset()
    if row is None or _is_fixed(relation, row):
        return _plain(relation, relation.target, known)
    hop = Hop(name, not relation.is_many, class_.name)
    origin = behind(origin_of(instance), hop, is_many=relation.is_many)
    if relation.lazy in (DYNAMIC, WRITE_ONLY):
        return _query(relation, relation.target, row, known, origin)
    is_there = name in row.known or (
        relation.by_key and (_is_at_hand(mappers, row, class_, relation) or _is_one(relation, row))
    )
    loads = rows.ANYTHING if is_there else row.loads.below(name)
    way = (*row.way, hop)
    if len(way) > _FAR or way.count(hop) > 2:
        # A tree, which no query loads whole.
        return _plain(relation, relation.target, known)
    details: tuple[object, ...] = (Row(loads, row.is_async, known, way=way),)
    found = Instance(relation.target, details=details if origin is None else (*details, origin))
    return Iterable(found, "list") if relation.is_many else found


def _plain(relation: Relation, target: ClassValue, known: frozenset[str]) -> Value:
    """What a relation of an object of unknown origin holds."""
    if relation.lazy in (DYNAMIC, WRITE_ONLY):
        return _query(relation, target, Row(), known, None)
    return Iterable(Instance(target), "list") if relation.is_many else Instance(target)


def _query(
    relation: Relation, target: ClassValue, row: Row, known: frozenset[str], origin: Origin | None
) -> Value:
    """``lazy="dynamic"``: a query, which runs each time it is gone through."""
    query = Query((target,), is_objects=True, is_async=row.is_async, whole=False, known=known)
    if relation.lazy == WRITE_ONLY:
        return Instance(_WRITE_ONLY, details=(query,))
    return rows.statement(rows.QUERY, query, origin)


_WRITE_ONLY = "sqlalchemy.orm.WriteOnlyCollection"


def selected(receiver: Instance, name: str) -> Value | None:
    """``post.comments.select()`` of a write-only collection."""
    query = rows.query_of(receiver)
    if receiver.class_ != _WRITE_ONLY or query is None or not name.endswith(".select"):
        return None
    return rows.statement(rows.SELECT, query)


# -- reading ---------------------------------------------------------------------------------------


def reading(project: Project, base: Instance, name: str) -> tuple[Alternative, ...] | None:
    """What runs when an attribute of a mapped object is read; None if nothing is known to."""
    awaited = awaited_of(base)
    instance = awaited or base
    found = _missing(project, instance, name)
    if found is None:
        return () if _is_assigned(project, instance, name) else None
    relation, keywords = found
    can_wait = awaited is not None and keywords != FORBIDDEN
    called = AWAITED_LOAD if can_wait else rows.LAZY_LOAD
    return ((RunExternal(called, Arguments((Constant(relation.name),), keywords), instance),),)


def refreshing(project: Project, instance: Instance, name: str) -> RunExternal | None:
    """What refreshing a relation of one of many rows runs, if that was not loaded."""
    if origin_of(instance) is None:
        return None
    found = _missing(project, instance, name)
    if found is None or found[1] == FORBIDDEN:
        return None
    return RunExternal(AWAITED_LOAD, Arguments((Constant(found[0].name),), REFRESHED), instance)


def _missing(project: Project, instance: Instance, name: str) -> tuple[Relation, Keywords] | None:
    """The relation that reading an attribute loads by a query of its own, and what is to be said of
    that: whether an asynchronous session or the mapping refuses it.
    """
    row = rows.row_of(instance)
    class_ = instance.class_
    if row is None or not isinstance(class_, ClassValue):
        return None
    relation = Mappers.of(project).relation(class_, name)
    if relation is None or relation.name in row.known:
        return None
    if _is_fixed(relation, row) or (
        relation.by_key and _is_at_hand(Mappers.of(project), row, class_, relation)
    ):
        return None
    how = row.loads.of(relation.name, relation.lazy)
    if how == RAISE:
        return (relation, FORBIDDEN) if row.is_async else None
    if how != LAZY:
        return None
    return relation, REFUSED if row.is_async else ()


def _is_assigned(project: Project, instance: Instance, name: str) -> bool:
    """Whether a value was put where a cached property keeps its own."""
    row = rows.row_of(instance)
    if row is None or name not in row.known or not isinstance(instance.class_, ClassValue):
        return False
    return isinstance(project.members.find_in_class(instance.class_, name), Wrapped)


def _is_fixed(relation: Relation, row: Row) -> bool:
    """Whether a relation leads to the same object from every row of a query: it is loaded once,
    whatever their number. (For an asynchronous session that is once too often.)
    """
    return relation.by_key and not row.is_async and _is_one(relation, row)


def _is_one(relation: Relation, row: Row) -> bool:
    """Whether the query compares the key of a relation with a value."""
    return not row.fixed.isdisjoint({relation.name, *relation.keys})


def _is_at_hand(mappers: Mappers, row: Row, own: ClassValue, relation: Relation) -> bool:
    """Whether an object that a key names may well be in the session: the query gave it with the
    row, or all objects of its class, or it is in the same tree.
    """
    if relation.target is None:
        return False
    order = mappers.line(relation.target)
    return own in order or any(class_ in order for class_ in row.at_hand)


def awaited_of(base: Value) -> Instance | None:
    """The object whose ``awaitable_attrs`` this is."""
    if isinstance(base, Instance) and base.class_ == AWAITABLE_ATTRS:
        found = base.details[0]
        return found if isinstance(found, Instance) else None
    return None


def awaited_attribute(project: Project, base: Instance, name: str) -> Value | None:
    """``post.awaitable_attrs.author``: awaiting it gives what ``post.author`` holds then."""
    instance = awaited_of(base)
    held = attribute(project, instance, name) if instance is not None else None
    return Awaitable(held) if held is not None else None


def assigned(instance: Instance, names: frozenset[str]) -> Instance | None:
    """A row after attributes were assigned: what they hold is in the session, or new."""
    row = rows.row_of(instance)
    if row is None or names <= row.known:
        return None
    known = replace(row, known=row.known | names)
    details = tuple(known if detail is row else detail for detail in instance.details)
    return replace(instance, details=details)
