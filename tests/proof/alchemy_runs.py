"""A case as a project with SQLAlchemy, alone or behind Flask or FastAPI: tables, rows, and what of
it is run.
"""

# Neither SQLAlchemy nor what serves it is installed where types are checked.
# mypy: disable-error-code="import-not-found,import-untyped,misc,no-any-return"

from __future__ import annotations

import asyncio
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.ext import asyncio as sa_asyncio
from sqlalchemy.pool import NullPool

from tests.proof.alchemy_rows import Filler
from tests.proof.arguments import Arguments, NotKnownError
from tests.proof.measuring import Recorder, growth, raised_at
from tests.proof.values import compared_values, used_names

ROWS = 12
"""Rows at first, as in ``django_runs``."""

_NO_ENTRIES = ("models", "schemas", "database", "db", "settings", "config", "extensions")
_KEY_IN_PATH = re.compile(r"\{[^}]+\}|<[^>]+>")

Entry = tuple[str, Callable[[], Any]]


def run(root: Path, expressions: list[str], rows: list[str]) -> list[dict[str, Any]]:
    """What each entry of the project at ``root`` does with ``ROWS`` rows and with twice as many."""
    project = _Project(root)
    values = compared_values(sorted(root.rglob("*.py")))
    for row in rows:
        name, _, value = row.partition("=")
        values[name.strip().rpartition(".")[2]] = eval(value, {})
    return project.run(expressions, values)


class _Project:
    """The project's modules, with engines on one file instead of those that it makes."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._url = f"sqlite:///{root}/proof.sqlite3"
        self.engine = sa.create_engine(self._url, **_OPTIONS)
        self._replace_engines()
        names = sorted(root.rglob("*.py"))
        self.modules = [import_module(_module_name(root, path)) for path in names]
        self.mappers = list(self._mappers())
        self.models = {mapper.class_.__name__: mapper.class_ for mapper in self.mappers}
        self.apps = list(
            {
                id(thing): thing
                for module in self.modules
                for thing in vars(module).values()
                if type(thing).__name__ in ("FastAPI", "Flask")
            }.values()
        )
        self._exits = ExitStack()
        self._prepare_flask()

    def run(self, expressions: list[str], values: dict[str, Any]) -> list[dict[str, Any]]:
        metadatas = {id(m.local_table.metadata): m.local_table.metadata for m in self.mappers}
        tables = [table for found in metadatas.values() for table in found.sorted_tables]
        for found in metadatas.values():
            found.create_all(self.engine)
        filler = Filler(tables, self.mappers, values)
        recorders: list[dict[str, Recorder]] = []
        problems: dict[str, tuple[str, list[Any]]] = {}
        for start, stop in ((0, ROWS), (ROWS, 2 * ROWS)):
            with self.engine.begin() as connection:
                filler.fill(connection, start, stop)
            noted: dict[str, Recorder] = {}
            for name, call in self._entries(expressions, stop):
                noted[name] = Recorder(self._root)
                try:
                    with _noting(noted[name]):
                        _use_up(call())
                except NotKnownError as error:
                    problems[name] = (str(error), [])
                except Exception as error:
                    text = f"{type(error).__name__}: {error}"
                    problems[name] = (text, raised_at(error, self._root))
            recorders.append(noted)
        self._exits.close()
        small, large = recorders
        return [
            {
                "name": name,
                "problem": problems.get(name, ("", []))[0],
                "raised": problems.get(name, ("", []))[1],
                "growing": growth(small[name], large[name], ROWS),
            }
            for name in small
        ]

    # -- setting up --------------------------------------------------------------------------------

    def _replace_engines(self) -> None:
        """What the case calls to make engines makes them on our file."""
        for module in (sa, sys.modules.get("sqlmodel")):
            if module is not None:
                module.create_engine = lambda *_, **__: self.engine  # type: ignore[attr-defined]
        sa_asyncio.create_async_engine = lambda *_, **__: _async_engine(self._url)

    def _mappers(self) -> Iterator[Any]:
        seen = set()
        for module in self.modules:
            for thing in vars(module).values():
                mapper = sa.inspect(thing, raiseerr=False) if inspect.isclass(thing) else None
                if isinstance(mapper, orm.Mapper) and mapper not in seen:
                    seen.add(mapper)
                    yield mapper

    def _prepare_flask(self) -> None:
        extensions = {
            id(thing): thing
            for module in self.modules
            for thing in vars(module).values()
            if type(thing).__name__ == "SQLAlchemy"
        }
        for db in extensions.values():
            from flask import Flask

            apps = [app for app in self.apps if type(app).__name__ == "Flask"]
            bound = next((app for app in apps if "sqlalchemy" in app.extensions), None)
            if bound is None:
                bound = apps[0] if apps else Flask("proof")
                bound.config["SQLALCHEMY_DATABASE_URI"] = self._url
                db.init_app(bound)
            self._exits.enter_context(bound.app_context())
            self.engine = db.engine

    # -- what is run -------------------------------------------------------------------------------

    def _entries(self, expressions: list[str], rows: int) -> Iterator[Entry]:
        if expressions:
            for text in expressions:
                yield text, lambda text=text: self._with_session(text, rows)
            return
        routed = [endpoint for app in self.apps for endpoint in _endpoints(app)]
        for app in self.apps:
            yield from _requests(app)
        helpers = used_names(Path(module.__file__ or "") for module in self.modules)
        for module in self.modules:
            if module.__name__.rpartition(".")[2] not in _NO_ENTRIES:
                for name, thing in list(vars(module).items()):
                    is_own = getattr(thing, "__module__", None) == module.__name__
                    is_entry = is_own and inspect.isfunction(thing) and thing not in routed
                    if is_entry and not name.startswith("_") and name not in helpers:
                        label = f"{module.__name__}.{name}"
                        yield label, lambda thing=thing: self._with_session(thing, rows)

    def _with_session(self, what: Any, rows: int) -> Any:
        """Call a function, or evaluate an expression, with sessions to hand."""
        if inspect.iscoroutinefunction(what):
            return asyncio.run(self._with_async_session(what, rows))
        session_class = getattr(sys.modules.get("sqlmodel"), "Session", orm.Session)
        with session_class(self.engine) as session:
            if isinstance(what, str):
                result = eval(what, self._names(session, rows))
                if not inspect.isfunction(result):
                    return _use_up(result)
                what = result
            return _use_up(what(**self._arguments(session, session, rows).of(what)))

    async def _with_async_session(self, function: Callable[..., Any], rows: int) -> Any:
        engine = _async_engine(self._url)
        with orm.Session(self.engine) as beside:
            async with sa_asyncio.AsyncSession(engine) as session:
                await function(**self._arguments(session, beside, rows).of(function))

    def _arguments(self, session: Any, readable: Any, rows: int) -> Arguments:
        def column(model: Any, name: str) -> list[Any] | None:
            found = sa.inspect(model).columns.get(name)
            if found is None or found.foreign_keys:
                return None
            return list(readable.scalars(sa.select(found).limit(rows)))

        return Arguments(
            self.models,
            lambda model: readable.scalars(sa.select(model)).first(),
            lambda model: readable.scalars(sa.select(model)).all(),
            column,
            dict.fromkeys(("session", "db", "db_session", "async_session"), lambda: session),
            rows,
        )

    def _names(self, session: Any, rows: int) -> dict[str, Any]:
        packages = {module.__name__.partition(".")[0] for module in self.modules}
        known = {name: sys.modules[name] for name in packages}
        return {**known, **self.models, "N": rows, "session": session, "select": sa.select}


_OPTIONS = {"poolclass": NullPool, "connect_args": {"check_same_thread": False}}
_make_async_engine = sa_asyncio.create_async_engine


def _async_engine(url: str) -> Any:
    return _make_async_engine(url.replace("sqlite:", "sqlite+aiosqlite:"), poolclass=NullPool)


@contextmanager
def _noting(recorder: Recorder) -> Iterator[None]:
    """Every query is noted, whatever engine runs it."""

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        recorder.note(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)


def _endpoints(app: Any) -> list[Any]:
    """The functions that answer requests."""
    if type(app).__name__ == "Flask":
        return list(app.view_functions.values())
    return [route.endpoint for route in _routes(app)]


def _routes(app: Any) -> list[Any]:
    return [route for route in app.routes if hasattr(route, "response_model")]


def _requests(app: Any) -> Iterator[Entry]:
    """A GET of each address, with 1 for each key in it."""
    if type(app).__name__ == "Flask":
        app.testing = True
        for rule in app.url_map.iter_rules():
            if "GET" in rule.methods and rule.endpoint != "static":
                path = _KEY_IN_PATH.sub("1", rule.rule)
                yield f"GET {path}", lambda path=path: app.test_client().get(path).data
        return
    from fastapi.testclient import TestClient

    for route in _routes(app):
        if "GET" in route.methods:
            path = _KEY_IN_PATH.sub("1", route.path)
            yield f"GET {path}", lambda path=path: TestClient(app).get(path).raise_for_status()


def _use_up(result: Any) -> Any:
    if inspect.iscoroutine(result):
        return asyncio.run(result)
    if inspect.isgenerator(result) or isinstance(result, map | filter | zip):
        return list(result)
    return result


def _module_name(root: Path, path: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
