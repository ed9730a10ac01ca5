"""What is known of querysets and of the rows they give: which relations were fetched along, and
which columns.

A queryset or manager is an :class:`~fwp_checks.project.meaning.values.Instance` whose first type
argument is its model and whose details hold a :class:`Query`; a row from the database is an object
of its model whose details hold a :class:`Row`. An object without either has an origin that is not
known.
Paths are in Django's spelling (``author__publisher``); the path ``*``, alone or after ``__``,
stands for anything from there on, ``+`` for every foreign key that cannot be empty.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

from fwp_checks.project.meaning.branches import State
from fwp_checks.project.meaning.origins import UNKNOWN_QUERY, Place, origin_of, own_query
from fwp_checks.project.meaning.values import (
    ClassValue,
    Detail,
    External,
    Instance,
    Iterable,
    MappingValue,
    Unknown,
    Value,
    join,
    options_of,
)

_Detail = TypeVar("_Detail")

ANYTHING = "*"
# Every foreign key that cannot be empty, and so on behind it.
FOLLOWED = "+"
Paths = frozenset[str]
NO_PATHS: Paths = frozenset()
ALL_PATHS: Paths = frozenset({ANYTHING})

QUERYSET = "django.db.models.QuerySet"
RAW_QUERYSET = "django.db.models.query.RawQuerySet"
EMPTY_QUERYSET = "django.db.models.query.EmptyQuerySet"
MANAGER = "django.db.models.Manager"
RELATED_MANAGER = "django.db.models.fields.related_descriptors.RelatedManager"
PREFETCH = "django.db.models.Prefetch"

# After these a queryset has its rows (``_result_cache``); ``in`` goes through them.
KEEPING: tuple[str, ...] = ("__iter__", "__bool__", "__len__", "__contains__")
# What rows that are there answer by themselves; anything else asks the database again.
ANSWERED: frozenset[str] = frozenset(
    {
        *("__iter__", "__len__", "__bool__", "__contains__", "__getitem__", "__repr__"),
        *("all", "count", "exists", "contains"),
    }
)


def loads(paths: Paths, name: str) -> bool:
    """Whether fetching these paths fetches the relation of this name, or may."""
    return any(path in (name, ANYTHING) or path.startswith(f"{name}__") for path in paths)


def below(paths: Paths, name: str) -> Paths:
    """What is fetched of the objects behind a relation, when these paths are fetched."""
    prefix = f"{name}__"
    found = {path.removeprefix(prefix) for path in paths if path.startswith(prefix)}
    return frozenset(found | {ANYTHING} if ANYTHING in paths else found)


@dataclass(slots=True, unsafe_hash=True)
class Columns:
    """Columns that are fetched with a row; those of ``only`` alone if there is one, never those of
    ``deferred``. ``said`` is where that was said.
    """

    only: Paths | None = None
    deferred: Paths = NO_PATHS
    said: Place | None = None

    def lacks(self, *names: str) -> bool:
        """Whether a column was certainly left out, under each name that it has."""
        if not self.deferred.isdisjoint(names):
            return True
        if self.only is None or ANYTHING in self.only:
            return False
        return not any(loads(self.only, name) for name in names)

    def below(self, name: str) -> Columns:
        """The columns of the objects behind a relation that are joined; all but those that are left
        out where only() names none of them.
        """
        only = below(self.only, name) if self.only is not None else NO_PATHS
        deferred = below(self.deferred, name)
        return Columns(only or None, deferred, self.said) if only or deferred else EVERY_COLUMN

    def joined(self, selected: Paths) -> Columns:
        """Without what is said of objects that are not joined: they are fetched whole."""
        if self.only is None and not self.deferred:
            return self

        def is_near(path: str) -> bool:
            relation = path.rpartition("__")[0]
            return not relation or loads(selected - ALL_PATHS, relation)

        only = self.only
        if only is not None:
            only = frozenset([p if is_near(p) else p.partition("__")[0] for p in only])
        return Columns(only, frozenset(filter(is_near, self.deferred)), self.said)

    def met(self, other: Columns) -> Columns:
        """The columns that one of two queries fetches."""
        only = None if self.only is None or other.only is None else self.only | other.only
        said = self.said if self.said == other.said else None
        return Columns(only, self.deferred & other.deferred, said)


EVERY_COLUMN = Columns()


@dataclass(slots=True, unsafe_hash=True)
class Prefetched:
    """What ``Prefetch(lookup, queryset, to_attr)`` says.

    ``nested`` are the paths that the queryset fetches, ``element`` one of its rows (None where no
    queryset is given).
    """

    path: str
    nested: Paths
    to_attr: str
    element: Value | None
    is_ordered: bool = False


def attributes_below(attributes: tuple[Prefetched, ...], name: str) -> tuple[Prefetched, ...]:
    """The lists that are left on the objects behind a relation."""
    prefix = f"{name}__"
    return tuple(
        [
            replace(one, path=one.path.removeprefix(prefix))
            for one in attributes
            if one.path.startswith(prefix)
        ]
    )


@dataclass(slots=True, unsafe_hash=True)
class Row(State):
    """Where an object came from: a query that fetched these relations and columns with it.

    ``attributes`` are the lists that ``Prefetch(…, to_attr=…)`` leaves on it, ``annotated`` the
    names of what was computed, behind its path for what was prefetched, ``ordered`` the paths whose
    objects were prefetched in an order.
    ``has_peers``: a relation or column that is missing is fetched for all rows of the query at
    once. ``made_by`` is the method (``raw``, ``union`` …) that gave a query which cannot be told to
    join. ``shared`` are relations behind which all rows of the query have one and the same object,
    as paths, ``pinned`` what is the same in all rows, ``present`` relations that lead to an object
    for certain.
    """

    loads: Paths = NO_PATHS
    columns: Columns = EVERY_COLUMN
    attributes: tuple[Prefetched, ...] = ()
    annotated: Paths = NO_PATHS
    ordered: Paths = NO_PATHS
    has_peers: bool = False
    made_by: str = ""
    shared: Paths = NO_PATHS
    pinned: Paths = NO_PATHS
    present: Paths = NO_PATHS

    def met(self, other: Row) -> Row:
        """A row of one query or another: what either may have fetched."""
        return Row(
            self.loads | other.loads,
            self.columns.met(other.columns),
            tuple(dict.fromkeys((*self.attributes, *other.attributes))),
            self.annotated | other.annotated,
            self.ordered | other.ordered,
            self.has_peers or other.has_peers,
            self.made_by or other.made_by,
            self.shared | other.shared,
            self.pinned & other.pinned,
            self.present & other.present,
        )


@dataclass(slots=True, unsafe_hash=True)
class Query(Detail):
    """What a queryset, or the querysets of a manager, fetch.

    ``known`` are relations that lead back to the object whose related manager this is. ``shape`` is
    what its rows are: ``objects``, ``dicts``, ``tuples`` or ``values``. ``queryset`` is the project
    class of the querysets that a manager makes. ``fetched`` tells that the rows are, or may be,
    there already: its relation was prefetched, ``surely`` or not. ``narrowed`` is the method by
    which it is not all of them as they are, so that prefetched ones are of no use; ``bypassed``:
    although there were some. ``anew`` is the query of a manager whose rows are asked for in spite
    of being there.
    ``of_many``: its condition names many objects at once (``id__in``). ``made_by`` and ``pinned``
    are as for rows.
    """

    selected: Paths = NO_PATHS
    prefetched: Paths = NO_PATHS
    known: Paths = NO_PATHS
    columns: Columns = EVERY_COLUMN
    shape: str = "objects"
    attributes: tuple[Prefetched, ...] = ()
    queryset: ClassValue | None = None
    fetched: bool = False
    surely: bool = False
    narrowed: str = ""
    bypassed: bool = False
    anew: Query | None = None
    annotated: Paths = NO_PATHS
    ordered: Paths = NO_PATHS
    is_ordered: bool = False
    has_peers: bool = False
    of_many: bool = False
    made_by: str = ""
    pinned: Paths = NO_PATHS

    @property
    def row(self) -> Row:
        """What one of its rows remembers."""
        return Row(
            self.selected | self.prefetched | self.known,
            self.columns.joined(self.selected),
            self.attributes,
            self.annotated,
            self.ordered,
            self.has_peers,
            self.made_by,
            # A join makes objects of its own.
            self.known - {path.partition("__")[0] for path in self.selected},
            self.pinned | self.known,
        )

    def answers(self, method: str) -> bool:
        """Whether what a method asks is, or may be, answered by rows that are there already."""
        if method == "first":
            # https://docs.djangoproject.com/en/stable/ref/models/querysets/#first
            return self.fetched and (self.is_ordered or not self.surely)
        return self.fetched and method in ANSWERED

    def met(self, other: Query) -> Query | None:
        """One query or another, if their rows are of one kind: what either may have fetched."""
        if (self.shape, self.queryset) != (other.shape, other.queryset):
            return None
        return replace(
            self,
            selected=self.selected | other.selected,
            prefetched=self.prefetched | other.prefetched,
            known=self.known | other.known,
            columns=self.columns.met(other.columns),
            attributes=tuple(dict.fromkeys((*self.attributes, *other.attributes))),
            fetched=self.fetched or other.fetched,
            surely=self.surely and other.surely,
            narrowed=self.narrowed or other.narrowed,
            bypassed=self.bypassed and other.bypassed,
            annotated=self.annotated | other.annotated,
            ordered=self.ordered | other.ordered,
            is_ordered=self.is_ordered or other.is_ordered,
            has_peers=self.has_peers or other.has_peers,
            of_many=self.of_many or other.of_many,
            made_by=self.made_by or other.made_by,
            pinned=self.pinned & other.pinned,
        )


def query_of(value: Value) -> Query | None:
    """What is known of a queryset or manager; None if its origin is not known."""
    return _detail(value, Query)


def row_of(value: Value) -> Row | None:
    """Where a model instance came from; None if that is not known."""
    return _detail(value, Row)


def _detail(value: Value, kind: type[_Detail]) -> _Detail | None:
    if isinstance(value, Instance):
        for detail in value.details:
            if isinstance(detail, kind):
                return detail
    return None


def fetched(value: Instance) -> list[str] | None:
    """The paths that a queryset fetches, or that were fetched with a row; None if that is not
    known.
    """
    query, row_ = query_of(value), row_of(value)
    if query is not None:
        return sorted(query.selected | query.prefetched)
    return sorted(row_.loads) if row_ is not None else None


def model_of(value: Value | None) -> Value | None:
    """The model of a queryset or manager, a class; None if it is not known."""
    if isinstance(value, Instance) and value.arguments:
        model = value.arguments[0]
        if all(isinstance(option, (ClassValue, External)) for option in options_of(model)):
            return model
    return None


def with_query(value: Instance, query: Query) -> Instance:
    """The same queryset, of which this is known."""
    return replace(value, details=(query, origin_of(value) or UNKNOWN_QUERY))


def objects(model: Value, details: tuple[object, ...] = ()) -> Value:
    """An object of a model class."""
    return join(
        [
            Instance(option if isinstance(option, ClassValue) else option.name, details=details)
            for option in options_of(model)
            if isinstance(option, (ClassValue, External))
        ]
    )


def loaded(value: Value, paths: Paths) -> Value:
    """The same row, with which these were fetched as well."""
    found: list[Value] = []
    for option in options_of(value):
        known = row_of(option)
        if paths and known is not None and isinstance(option, Instance):
            details = tuple([d for d in option.details if d is not known])
            option = replace(option, details=(replace(known, loads=known.loads | paths), *details))
        found.append(option)
    return join(found)


def perhaps_narrowed(value: Value) -> Value:
    """Querysets of which code that is not read may leave rows that have anything in common."""
    found: list[Value] = []
    for option in options_of(value):
        query = query_of(option)
        if isinstance(option, Instance) and query is not None:
            option = with_query(option, replace(query, pinned=query.pinned | ALL_PATHS))
        found.append(option)
    return join(found)


def row(queryset: Instance, *, one_of_many: bool = False) -> Value | None:
    """A row of a queryset, the only one of interest or one of many; None if its model is not
    known.
    """
    query = query_of(queryset)
    if query is not None and query.shape != "objects":
        return _SHAPES[query.shape]
    model = model_of(queryset)
    if model is None:
        return None
    if query is None:
        return objects(model)
    origin = origin_of(queryset) if one_of_many else None
    if origin is not None and origin.consumed is None and query.fetched and query.surely:
        # What fetched these objects of a single row is another query, which is not at hand here.
        origin = None
    if origin is None:
        return objects(model, (query.row,))
    # Objects behind one of many rows share what that one has, not all of them.
    found = replace(query.row, shared=NO_PATHS) if origin.hops else query.row
    return objects(model, (found, own_query(origin)))


_COLUMN = Unknown("value of a column")
_SHAPES: dict[str, Value] = {
    "dicts": MappingValue(_COLUMN),
    "tuples": Iterable(_COLUMN, "tuple"),
    "values": _COLUMN,
}
