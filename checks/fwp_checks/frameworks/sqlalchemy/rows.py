"""What is known of queries, their results, and the rows they give: which relations are loaded with
them.

A ``select()``, a ``Query`` or a result is an
:class:`~fwp_checks.project.meaning.values.Instance` whose details hold a :class:`Query`; a row from
the database is an object of its mapped class whose details hold a :class:`Row`. An object without
either has an origin that is not known.

What loader options do: sqlalchemy/orm/strategy_options.py of SQLAlchemy 2.1.9 and
https://docs.sqlalchemy.org/en/20/orm/queryguide/relationships.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from fwp_checks.project.meaning.origins import Hop, Origin, origin_of
from fwp_checks.project.meaning.values import (
    ClassValue,
    Constant,
    Detail,
    Instance,
    Iterable,
    TupleValue,
    Union,
    Unknown,
    Value,
    join,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_Detail = TypeVar("_Detail")

SELECT = "sqlalchemy.Select"
QUERY = "sqlalchemy.orm.Query"
RESULT = "sqlalchemy.engine.Result"
SCALARS = "sqlalchemy.engine.ScalarResult"
ASYNC_RESULT = "sqlalchemy.ext.asyncio.AsyncResult"
ASYNC_SCALARS = "sqlalchemy.ext.asyncio.AsyncScalarResult"
LAZY_LOAD = "sqlalchemy.orm.InstrumentedAttribute.__get__"

# How a relation is loaded.
LAZY = "lazy"  # by a query of its own, when it is read
EAGER = "eager"
RAISE = "raise"
NEVER = "never"
MAYBE = "maybe"
DYNAMIC = "dynamic"
WRITE_ONLY = "write_only"

# Stand for every relation of this object, and for every one from here on.
EACH = "*"
EVERYTHING = "**"

# A relation by its dotted path from the row, and how it is loaded.
Entry = tuple[str, str]


@dataclass(slots=True, unsafe_hash=True)
class Loads:
    """What a query's options say about relations, by path; the later of two entries counts."""

    entries: tuple[Entry, ...] = ()

    def of(self, name: str, default: str) -> str:
        """How a relation of the row is loaded whose mapping says ``default``."""
        found = default
        for path, how in self.entries:
            if path in (EACH, EVERYTHING):
                found = how
        for path, how in self.entries:
            if path == name:
                found = how
        return found

    def below(self, name: str) -> Loads:
        """What they say about the objects behind a relation."""
        prefix = f"{name}."
        return Loads(
            tuple(
                [
                    (path.removeprefix(prefix), how)
                    for path, how in self.entries
                    if path == EVERYTHING or path.startswith(prefix)
                ]
            )
        )

    def met(self, other: Loads) -> Loads:
        """What the options of either of two queries say: of what only one names, nothing."""
        return self if self == other else Loads(_either(self.entries, other.entries))


def _either(one: tuple[Entry, ...], other: tuple[Entry, ...]) -> tuple[Entry, ...]:
    common = [entry for entry in one if entry in other]
    differing = [path for path, how in (*one, *other) if (path, how) not in common]
    return (*common, *[(path, MAYBE) for path in dict.fromkeys(differing)])


DEFAULTS = Loads()
ANYTHING = Loads(((EVERYTHING, MAYBE),))


@dataclass(slots=True, unsafe_hash=True)
class Option:
    """A loader option: of which class it speaks (None: of any), and what it says.

    ``path`` is how far it has come, where a further option may be chained to it.
    """

    root: Value | None
    entries: tuple[Entry, ...]
    path: str = ""


UNKNOWN_OPTION = Option(None, ANYTHING.entries)


@dataclass(slots=True, unsafe_hash=True)
class Row(Detail):
    """Where an object came from: a query with these options.

    ``known`` are relations to objects that are in the session for sure, ``at_hand`` classes whose
    objects are: the query gave them as well, or every one there is. ``way`` are the relations
    followed from the object that the query gave, ``fixed`` columns and relations in which all rows
    of the query agree.
    """

    loads: Loads = DEFAULTS
    is_async: bool = False
    known: frozenset[str] = frozenset()
    at_hand: tuple[Value, ...] = ()
    way: tuple[Hop, ...] = ()
    fixed: frozenset[str] = frozenset()

    def met(self, other: Row) -> Row | None:
        """A row of one query or another: what either may have loaded."""
        if (self.is_async, self.way) != (other.is_async, other.way):
            return None
        return replace(
            self,
            loads=self.loads.met(other.loads),
            known=self.known | other.known,
            at_hand=tuple(dict.fromkeys((*self.at_hand, *other.at_hand))),
            fixed=self.fixed | other.fixed,
        )


@dataclass(slots=True, unsafe_hash=True)
class Query(Detail):
    """What a query, or its result, gives.

    ``columns`` has an entry for each column: its mapped class, or None for anything else.
    ``is_objects`` tells rows that are objects from rows that are tuples. ``origin`` is, of a
    result, the query it is of. ``is_async``: it was run by an asynchronous session.
    """

    columns: tuple[Value | None, ...]
    options: tuple[Option, ...] = ()
    is_objects: bool = False
    is_async: bool = False
    whole: bool = True
    known: frozenset[str] = frozenset()
    fixed: frozenset[str] = frozenset()
    origin: Origin | None = None

    def met(self, other: Query) -> Query | None:
        """One query or another, if their rows are of one kind: what either may load."""
        kind = (self.columns, self.is_objects, self.is_async)
        if kind != (other.columns, other.is_objects, other.is_async):
            return None
        origin = self.origin
        if origin is not None and other.origin is not None:
            origin = origin.met(other.origin)
        return replace(
            self,
            options=_options_of_either(self.options, other.options),
            whole=self.whole or other.whole,
            known=self.known | other.known,
            fixed=self.fixed | other.fixed,
            origin=origin,
        )


def _options_of_either(one: tuple[Option, ...], other: tuple[Option, ...]) -> tuple[Option, ...]:
    common = [option for option in one if option in other]
    differing = [option for option in (*one, *other) if option not in common]
    maybe = [
        Option(option.root, tuple([(path, MAYBE) for path, _ in option.entries]))
        for option in differing
    ]
    return (*common, *maybe)


def query_of(value: Value | None) -> Query | None:
    """What is known of a query or result."""
    return _detail(value, Query)


def row_of(value: Value | None) -> Row | None:
    """Where a mapped object came from; None if that is not known."""
    return _detail(value, Row)


def option_of(value: Value | None) -> Option | None:
    """What a loader option says."""
    return _detail(value, Option)


def _detail(value: Value | None, kind: type[_Detail]) -> _Detail | None:
    if isinstance(value, Instance):
        for detail in value.details:
            if isinstance(detail, kind):
                return detail
    return None


def statement(class_: ClassValue | str, query: Query, origin: Origin | None = None) -> Instance:
    """A query that is still being built."""
    return Instance(class_, details=(query, origin or Origin()))


def changed(value: Instance, query: Query) -> Instance:
    """The same query with something added."""
    return replace(value, details=(query, origin_of(value) or Origin()))


def result(class_: str, query: Query, origin: Origin | None) -> Instance:
    """The result of running a query."""
    return Instance(class_, details=(replace(query, origin=origin),))


# -- rows ------------------------------------------------------------------------------------------


def row(project: Project, value: Value, *, one_of_many: bool) -> Value:
    """One row of a query or result: the only one, or one of many."""
    query = query_of(value)
    if query is None:
        return Unknown("row of an unknown query")
    origin = (query.origin or origin_of(value)) if one_of_many else None
    items = [_column(project, query, column, origin) for column in query.columns]
    return items[0] if query.is_objects and items else TupleValue(tuple(items))


def _column(project: Project, query: Query, column: Value | None, origin: Origin | None) -> Value:
    if not isinstance(column, ClassValue):
        return Unknown("value of a column")
    entries: list[Entry] = []
    for option in query.options:
        if option.root is None or _concerns(project, option.root, column):
            entries.extend(option.entries)
    others = [other for other in query.columns if other is not None and other is not column]
    at_hand = (*others, column) if query.whole else tuple(others)
    loads = Loads(tuple(entries))
    row = Row(loads, query.is_async, query.known, at_hand, fixed=query.fixed)
    return Instance(column, details=(row,) if origin is None else (row, origin))


def _concerns(project: Project, root: Value, class_: ClassValue) -> bool:
    if not isinstance(root, ClassValue):
        return True
    order = project.classes.info(class_).order
    return root in order or class_ in project.classes.info(root).order


def rows(project: Project, value: Value, kind: str = "list") -> Iterable:
    """All rows of a query or result."""
    return Iterable(row(project, value, one_of_many=True), kind)


def of_session(value: Value, is_async: bool) -> Value:
    """The same rows, in the hands of a synchronous or an asynchronous session."""
    if isinstance(value, Union):
        return join([of_session(option, is_async) for option in value.options])
    if isinstance(value, Iterable):
        return replace(value, element=of_session(value.element, is_async))
    if isinstance(value, TupleValue):
        return TupleValue(tuple([of_session(item, is_async) for item in value.items]))
    found = row_of(value)
    if found is not None and isinstance(value, Instance):
        details = [
            replace(detail, is_async=is_async) if isinstance(detail, Row) else detail
            for detail in value.details
        ]
        return replace(value, details=tuple(details))
    return value


def text(value: Value | None) -> str | None:
    """A literal string."""
    return value.value if isinstance(value, Constant) and isinstance(value.value, str) else None
