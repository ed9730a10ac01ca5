"""Runs a case of the SQLAlchemy rules: which of its functions and endpoints run more queries where
there are more rows, and which raise because an asynchronous session refuses a lazy load.

    python sqlalchemy_driver.py FOLDER

prints ``{"grows": [...], "raises": [...]}``, the names of functions, as JSON. Functions that take a
session and nothing else that is required, and endpoints, are run.
"""

# SQLAlchemy and FastAPI are not installed where types are checked.
# mypy: disable-error-code="import-not-found,import-untyped,no-any-return"

from __future__ import annotations

import asyncio
import contextlib
import importlib
import inspect
import io
import json
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Integer, create_engine, event, insert
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

NUMBERS = (4, 8)


def fill(engine: Any, metadata: Any, number: int) -> None:
    """As many rows in each table, each with related rows of its own, of which no two are the same;
    the first row of each table has as many again behind it.
    """
    metadata.create_all(engine)
    sizes: dict[str, int] = {}
    used = 0
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            keys = {
                column.name: key.column.table.name
                for column in table.columns
                for key in column.foreign_keys
            }
            rows = _rows(keys, number)
            sizes[table.name] = len(rows)
            seen = set()
            for row, (shared, own) in enumerate(rows, start=1):
                values = {
                    column.name: row if isinstance(column.type, Integer) else f"{column.name}{row}"
                    for column in table.columns
                }
                for index, (key, other) in enumerate(keys.items()):
                    values[key] = (own - 1 + (used + index) * number) % sizes[other] + 1
                values |= shared
                identity = tuple(values[column.name] for column in table.primary_key)
                if identity not in seen:
                    connection.execute(insert(table).values(values))
                seen.add(identity)
            used += len(keys) if len(keys) > 1 else 0


def _rows(keys: dict[str, str], number: int) -> list[tuple[dict[str, int], int]]:
    """For each row its number among its kind, and the key by which it belongs to the first row of
    another table, if it does.
    """
    if len(keys) < 2:
        return [({}, own) for own in range(1, 12 * number + 1)]
    first = {other: key for key, other in reversed(keys.items())}
    blocks: list[tuple[dict[str, int], int]] = [({}, own) for own in range(1, number + 1)]
    return [*blocks, *[({key: 1}, own) for key in first.values() for own in range(2, number + 1)]]


def takes_session(function: Any) -> bool:
    """Whether a function can be called with a session alone."""
    parameters = list(inspect.signature(function).parameters.values())
    return bool(parameters) and all(
        (index == 0 and parameter.name == "session") or parameter.default is not parameter.empty
        for index, parameter in enumerate(parameters)
    )


def functions(module: Any) -> dict[str, Callable[..., Any]]:
    """The functions of a module that take a session."""
    return {
        name: function
        for name, function in vars(module).items()
        if inspect.isfunction(function)
        and function.__module__ == module.__name__
        and takes_session(function)
    }


def is_refusal(error: BaseException) -> bool:
    """Whether a lazy load was refused, as SQLAlchemy or FastAPI tell it."""
    told = f"{error!r} {error}".lower()
    return "greenlet" in told or "due to lazy='raise'" in told


class Counter:
    """Counts the statements of an engine."""

    def __init__(self, engine: Any) -> None:
        self.statements = 0
        event.listen(engine, "before_cursor_execute", self._note)

    def _note(self, *_: object) -> None:
        self.statements += 1


def counted(module: Any, metadata: Any, number: int) -> dict[str, int]:
    """How many statements each function and endpoint runs on so many rows."""
    engine = create_engine(
        "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
    )
    fill(engine, metadata, number)
    counter = Counter(engine)
    found = {}
    for name, function in functions(module).items():
        with Session(engine) as session:
            counter.statements = 0
            function(session)
            found[name] = counter.statements
    for name, get in endpoints(module, engine).items():
        counter.statements = 0
        get()
        found[name] = counter.statements
    return found


def endpoints(module: Any, engine: Any) -> dict[str, Callable[[], object]]:
    """A request for each endpoint of the case's application."""
    if not hasattr(module, "app"):
        return {}
    from fastapi.testclient import TestClient

    importlib.import_module("app.database").engine = engine  # type: ignore[attr-defined]
    client = TestClient(module.app)
    names = {
        route.endpoint.__name__: route.path
        for route in module.app.routes
        if getattr(route, "endpoint", None) and route.endpoint.__module__ == module.__name__
    }

    def get(path: str) -> None:
        client.get(path.format(post_id=1)).raise_for_status()

    return {name: partial(get, path) for name, path in names.items()}


def refused(module: Any, metadata: Any, file: Path) -> list[str]:
    """The functions and endpoints that raise with an asynchronous session."""
    fill(create_engine(f"sqlite:///{file}"), metadata, NUMBERS[0])
    url = f"sqlite+aiosqlite:///{file}"
    found = []
    for name, function in functions(module).items():
        if asyncio.run(_is_refused(url, function)):
            found.append(name)
    for name, get in endpoints(module, create_async_engine(url)).items():
        try:
            get()
        except Exception as error:
            if not is_refusal(error):
                raise
            found.append(name)
    return found


async def _is_refused(url: str, function: Callable[..., Awaitable[object]]) -> bool:
    async with AsyncSession(create_async_engine(url)) as session:
        try:
            await function(session)
        except Exception as error:
            if not is_refusal(error):
                raise
            return True
    return False


def is_asynchronous(module: Any) -> bool:
    """Whether a case is about asynchronous sessions."""
    names = [*functions(module).values()]
    if hasattr(module, "app"):
        names += [r.endpoint for r in module.app.routes if r.endpoint.__module__ == module.__name__]
    return any(inspect.iscoroutinefunction(function) for function in names)


def main(folder: Path) -> None:
    """Print what the case in a folder does."""
    sys.path.insert(0, str(folder))
    module = importlib.import_module("app.main")
    metadata = importlib.import_module("app.models").Base.metadata
    grows: list[str] = []
    raises: list[str] = []
    with contextlib.redirect_stdout(io.StringIO()):
        if is_asynchronous(module):
            raises = refused(module, metadata, folder / "rows.db")
        else:
            few, many = (counted(module, metadata, number) for number in NUMBERS)
            grows = [name for name, statements in many.items() if statements > few[name]]
    print(json.dumps({"grows": sorted(grows), "raises": sorted(raises)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
