"""Where rows come from: provenance that travels with the values.

A framework opts in by giving the queries it makes an :class:`Origin` among their details. The
engine notes in it where the query was built and where its rows are gone through one by one, so
whatever then runs a query for a row tells by itself which query should have fetched it along.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

from fwp_checks.project.meaning.values import (
    Detail,
    Instance,
    Iterable,
    MappingValue,
    TupleValue,
    Union,
    Value,
    join,
    options_of,
)

# Rows may come from a few queries, by the path taken; and lead to others by a few relations.
_MOST_PLACES = 4
_MOST_HOPS = 6
# As many queries as a page may well have anyway.
_FEW = 10


@dataclass(slots=True, unsafe_hash=True)
class Place:
    """A term of a module, by the module's path. ``role`` tells apart what a framework does for it
    with different rows, if it does several things.
    """

    path: str
    term: int
    role: str = ""


class Hop(NamedTuple):
    """A relation followed from a row. ``joins``: it leads to one row, which a join can fetch.

    ``owner`` is the name of the row's class, where the way to fetch it along names that.
    """

    name: str
    joins: bool
    owner: str = ""


@dataclass(slots=True, unsafe_hash=True)
class Origin(Detail):
    """Which query an object came from, as one of its rows, or which query it is.

    ``built`` is the call that finished the query, where more can be asked of it; ``made`` the first
    call of it, perhaps in a helper; ``also`` are calls that finish it on other paths. ``consumed``
    is where its rows are gone through one by one; None while it may still be a single row. ``hops``
    are the relations followed from such a row; ``again`` is the call that finished a query of their
    own for the objects behind the last of them. ``limit`` is how many rows there are at most, where
    that is written, ``again_limit`` how many of that query of their own. ``streams``: its rows are
    fetched while they are gone through, all in one (``whole``) or in ``chunks``; nothing can be
    asked of such a query any more.
    """

    built: Place | None = None
    made: Place | None = None
    also: tuple[Place, ...] = ()
    consumed: Place | None = None
    hops: tuple[Hop, ...] = ()
    again: Place | None = None
    limit: int | None = None
    again_limit: int | None = None
    streams: str = ""

    @property
    def is_short(self) -> bool:
        """Whether rows are so few for certain that it hardly matters what is done with each."""
        return self.limit is not None and self.limit <= _FEW

    def met(self, other: Origin) -> Origin | None:
        """A row of either query, if both are gone through at the same place."""
        if (self.consumed, self.hops) != (other.consumed, other.hops):
            return None
        queries = {one.built: one for one in (other, self) if one.built is not None}
        if not queries:
            return self
        places = sorted(
            {*queries, *self.also, *other.also}, key=lambda place: (place.path, place.term)
        )
        first = queries.get(places[0], self)
        most = None if None in (self.limit, other.limit) else max(self.limit or 0, other.limit or 0)
        again = None if self.again_limit != other.again_limit else self.again_limit
        also = tuple(places[1:_MOST_PLACES])
        return replace(first, built=places[0], also=also, limit=most, again_limit=again)


UNKNOWN_QUERY = Origin()


def origin_of(value: Value) -> Origin | None:
    """The origin of an object or query; None if nothing is known of it."""
    if type(value) is Instance:
        for detail in value.details:
            if type(detail) is Origin:
                return detail
    return None


@dataclass(slots=True, unsafe_hash=True)
class Made(Detail):
    """Among the details of an object that its framework tells from others of its class: the call
    that made it, or the calls, if it may be any of several.
    """

    places: tuple[Place, ...]

    def met(self, other: Made) -> Made:
        """One of either's."""
        return Made(tuple(dict.fromkeys((*self.places, *other.places))))


@dataclass(slots=True, unsafe_hash=True)
class Held(Detail):
    """Among the details of an object: the attributes that were given rows when it was made."""

    items: tuple[tuple[str, Value], ...]

    def met(self, other: Held) -> Held:
        """One of either's."""
        mine, its = dict(self.items), dict(other.items)
        return Held(tuple([(name, join([mine[name], its[name]])) for name in mine if name in its]))


def held_by(instance: Instance, name: str) -> Value | None:
    """What an object was given as an attribute when it was made, if that was rows."""
    for detail in instance.details:
        if type(detail) is Held:
            return dict(detail.items).get(name)
    return None


def made_at(value: Value) -> tuple[Place, ...]:
    """The calls that made an object, as far as that is known."""
    found: dict[Place, None] = {}
    for option in options_of(value):
        if type(option) is Instance:
            for detail in option.details:
                if type(detail) is Made:
                    found.update(dict.fromkeys(detail.places))
    return tuple(found)


_TRACES = (Origin, Made, Held)


def is_traced(value: Value) -> bool:
    """Whether a value is a query, rows of one, or made at a known place: no annotation says as much
    of it.
    """
    if type(value) is Instance:
        return bool(value.details) and any(type(d) in _TRACES for d in value.details)
    if type(value) is Iterable:
        return is_traced(value.element)
    if type(value) is TupleValue:
        return any(is_traced(item) for item in value.items)
    if type(value) is Union:
        return any(is_traced(option) for option in value.options)
    return False


def holds_rows(value: Value) -> bool:
    """Whether a value is one of rows, or a dictionary with some: the context of a template."""
    if type(value) is MappingValue:
        return is_traced(value.value) or any(is_traced(held) for _, held in value.items)
    return is_traced(value)


def with_origin(value: Instance, origin: Origin | None) -> Instance:
    """The same object with another origin, or with none."""
    details = tuple([detail for detail in value.details if type(detail) is not Origin])
    details = details if origin is None else (*details, origin)
    return Instance(value.class_, value.init, value.arguments, details)


def _changed(value: Value, change: Callable[[Origin], Origin]) -> Value:
    """A value with the origins of its options changed."""
    if type(value) is Instance:
        origin = origin_of(value) if value.details else None
        changed = change(origin) if origin is not None else None
        return value if changed is origin or changed is None else with_origin(value, changed)
    if type(value) is Union:
        options = [_changed(option, change) for option in value.options]
        same = all(new is old for new, old in zip(options, value.options, strict=True))
        return value if same else join(options)
    return value


def built_at(value: Value, path: str, term: int) -> Value:
    """What a call gives: a query that was finished there, if it is one, or rows by their keys."""
    if type(value) is Instance and not value.details:
        return value
    if type(value) is MappingValue:
        rows = origin_of(value.value)
        known = rows is None or rows.built is not None
        return value if known else replace(value, value=built_at(value.value, path, term))

    def note(origin: Origin) -> Origin:
        place = Place(path, term)
        if origin.streams:
            return origin
        if origin.consumed is not None:
            return replace(origin, again=place) if origin.again is not None else origin
        return replace(origin, built=place, made=origin.made or place, also=())

    return _changed(value, note)


def is_built(value: Value) -> bool:
    """Whether it is known where each of the queries that a value may be was finished."""
    origins = [origin_of(option) for option in options_of(value)]
    return all(origin is not None and origin.built is not None for origin in origins)


def consumed_at(element: Value, path: str, term: int) -> Value:
    """One of many rows that are gone through at a place."""

    def note(origin: Origin) -> Origin:
        return replace(origin, consumed=Place(path, term)) if origin.consumed is None else origin

    if type(element) is TupleValue:
        # enumerate(), zip(), items()
        return TupleValue(tuple([consumed_at(item, path, term) for item in element.items]))
    return _changed(element, note)


def gone_through(row: Value, other: Value) -> Value:
    """A row that code hands to a consumer, as one of those that this goes through."""
    origins = {origin_of(option) for option in options_of(other)}
    known = origins.pop() if len(origins) == 1 else None
    return row if known is None else _changed(row, lambda _: known)


def single(value: Value, of: Callable[[Place], bool] | None = None) -> Value:
    """One of many rows, picked out: the only one of interest from then on. With ``of``, only rows
    that are gone through at such a place.
    """
    if isinstance(value, Union):
        return join([single(option, of) for option in value.options])
    origin = origin_of(value)
    if isinstance(value, Instance) and origin is not None and origin.consumed is not None:
        if of is None or of(origin.consumed):
            return with_origin(value, None)
    return value


def limited(value: Value, most: int) -> Value:
    """A query, or a list of rows, of which only so many rows are taken: of one that a comprehension
    has gone through, too.
    """
    if type(value) is Iterable:
        return replace(value, element=_limited(value.element, most, is_list=True))
    return _limited(value, most, is_list=False)


def _limited(value: Value, most: int, *, is_list: bool) -> Value:
    def note(origin: Origin) -> Origin:
        if origin.consumed is None or (is_list and not origin.hops):
            is_less = origin.limit is None or most < origin.limit
            return replace(origin, limit=most) if is_less else origin
        return origin if origin.again is None else replace(origin, again_limit=most)

    return _changed(value, note)


def behind(origin: Origin | None, hop: Hop, *, is_many: bool) -> Origin | None:
    """The origin of what a relation of a row leads to.

    Behind one of many rows it is the row's own, a step further; the objects of a single row are a
    query of their own, and its one related object comes from none.
    """
    if origin is None or origin.consumed is None:
        return UNKNOWN_QUERY if is_many else None
    hops = (*origin.hops, hop)
    if len(hops) > _MOST_HOPS or hop in origin.hops:
        # A tree, which no query fetches whole.
        return None
    return replace(origin, hops=hops, again=None, again_limit=None)


def asked_again(origin: Origin) -> Origin:
    """The origin of a query for some of the objects behind a relation of a row."""
    return origin if origin.consumed is None else replace(origin, again=origin.again or _NOWHERE)


def streamed(origin: Origin, *, in_chunks: bool) -> Origin:
    """The origin of rows that are fetched while they are gone through."""
    return replace(origin, streams="chunks" if in_chunks else "whole")


def own_query(origin: Origin) -> Origin:
    """The origin of the rows of a query: its own, where it was asked again for them."""
    if origin.again is None:
        return origin
    if origin.again is _NOWHERE:
        return replace(UNKNOWN_QUERY, limit=origin.again_limit)
    return Origin(origin.again, origin.again, limit=origin.again_limit)


_NOWHERE = Place("", -1)
