"""Rows of any tables of SQLAlchemy: filled as ``django_rows`` fills those of Django."""

# SQLAlchemy is not installed where types are checked.
# mypy: disable-error-code="import-not-found,import-untyped"

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa

_FIRST_DAY = datetime.datetime(2024, 1, 1)


class Filler:
    """Fills tables, in an order in which what is referred to comes first."""

    def __init__(self, tables: Iterable[Any], mappers: Iterable[Any], values: dict[str, Any]):
        self._tables = list(tables)
        self._values = values
        self._kinds = {
            mapper.polymorphic_on: mapper.polymorphic_identity
            for mapper in mappers
            if mapper.polymorphic_on is not None and mapper.polymorphic_identity is not None
        }
        self._last = dict.fromkeys(self._tables, 0)

    def fill(self, connection: Any, start: int, stop: int) -> None:
        """Add the rows with these numbers, and as many that refer to row 0 for each relation."""
        for table in self._tables:
            keys = [column for column in table.columns if column.foreign_keys]
            if keys and all(column in keys for column in table.primary_key):
                rows = list(self._pairs(table, keys, start, stop))
            else:
                rows = [self._row(table, n, n, None) for n in range(start, stop)]
                for key in keys:
                    if not key.unique and not _is_own(table, key):
                        rows += [self._extra(table, n, key) for n in range(start, stop)]
            if rows:
                connection.execute(sa.insert(table).prefix_with("OR IGNORE"), rows)

    def _extra(self, table: Any, number: int, to_first: Any) -> dict[str, Any]:
        self._last[table] += 1
        return self._row(table, 1_000_000 + self._last[table], number, to_first)

    def _row(self, table: Any, identity: int, number: int, to_first: Any) -> dict[str, Any]:
        return {
            column.name: self._value(table, column, identity, 0 if column is to_first else number)
            for column in table.columns
        }

    def _pairs(
        self, table: Any, keys: list[Any], start: int, stop: int
    ) -> Iterator[dict[str, Any]]:
        others = [column for column in table.columns if column not in keys]
        for number in range(start, stop):
            for one, two in ((number, number), (number, max(0, number - 1)), (0, number)):
                row = {column.name: self._value(table, column, number, number) for column in others}
                found = (one, two, *(0 for _ in keys[2:]))
                for column, at in zip(keys, found, strict=False):
                    row[column.name] = _key(column, at)
                yield row

    def _value(self, table: Any, column: Any, identity: int, number: int) -> Any:
        if column.foreign_keys:
            if _is_own(table, column):
                return _key(column, (number - 1) // 2) if number else None
            return _key(column, identity if column.unique else number)
        if column.primary_key:
            return _plain(column, identity)
        if column in self._kinds:
            return self._kinds[column]
        return self._values.get(column.name, _plain(column, identity))


def _is_own(table: Any, column: Any) -> bool:
    return any(key.column.table is table for key in column.foreign_keys)


def _key(column: Any, number: int) -> Any:
    """The value of the column that a foreign key refers to, in a row."""
    return _plain(next(iter(column.foreign_keys)).column, number)


def _plain(column: Any, number: int) -> Any:
    """A value by the type of a column; another one in each row where the type has enough."""
    kind = column.type
    if isinstance(kind, sa.Enum):
        return kind.enums[0] if kind.enum_class is None else next(iter(kind.enum_class))
    if isinstance(kind, sa.Boolean):
        return True
    if isinstance(kind, sa.DateTime):
        return _FIRST_DAY + datetime.timedelta(minutes=number)
    if isinstance(kind, sa.Date):
        return _FIRST_DAY.date()
    if isinstance(kind, sa.Time):
        return _FIRST_DAY.time()
    if isinstance(kind, sa.Uuid):
        return uuid.UUID(int=number + 1)
    if isinstance(kind, sa.JSON):
        return {}
    if isinstance(kind, sa.LargeBinary):
        return b"x"
    if isinstance(kind, sa.String):
        return f"{column.name}{number}"
    if isinstance(kind, sa.Integer) and (column.primary_key or column.unique):
        return number + 1
    return decimal.Decimal(1) if isinstance(kind, sa.Numeric) and kind.asdecimal else 1
