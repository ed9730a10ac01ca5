"""Pools that are made, sized or thrown away so that they do not serve: without keeping anything,
before the workers are forked, smaller than the threads that ask, emptied by each request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.deployment.records import Mention, Server
from fwp_checks.project.files.modules import Module
from fwp_checks.project.lifetimes.engine_options import EngineOptions, engine_options
from fwp_checks.project.lifetimes.model import Opening, Step, is_conditional
from fwp_checks.project.meaning.frames import Frame, FunctionKey
from fwp_checks.project.meaning.texts import text_at
from fwp_checks.project.meaning.values import Constant, External, Value
from fwp_checks.project.structure.loaded import is_example
from fwp_checks.project.structure.schema_changes import Moment

if TYPE_CHECKING:
    from fwp_checks.project.lifetimes.lifetimes import Lifetimes
    from fwp_checks.project.linked import Project

_DISPOSE = frozenset(
    {"sqlalchemy.engine.Engine.dispose", "sqlalchemy.ext.asyncio.AsyncEngine.dispose"}
)
# Reasons to keep no connections, which stand in the file or nowhere.
_REASONS = re.compile(
    r"pgbouncer|pgcat|pgpool|supavisor|odyssey|proxy|:6432|:6543|lambda_handler|serverless|celery"
    r"|event.?loop|multiprocess|fork|pytest",
    re.IGNORECASE,
)
_POOLERS = ("pgbouncer", "pgcat", "pgpool", "supavisor", "odyssey")
# What is told when workers are forked, where connections of the parent are dropped.
_AFTER_FORK = ("post_fork", "register_at_fork", "worker_process_init", "postfork")
# These connect as soon as they are made; pools of SQLAlchemy and Redis do when they are used.
# https://www.mongodb.com/docs/languages/python/pymongo-driver/current/troubleshooting/
_CONNECTING = (
    "psycopg2.pool.",
    "psycopg_pool.",
    "pymongo.",
    "mysql.connector.pooling.",
    "oracledb.",
)
# A database that is made by connecting to it, and gone afterwards.
# https://www.sqlite.org/inmemorydb.html
_IN_MEMORY = re.compile(r"(?:sqlite(?:\+\w+)?://)?/?:memory:|sqlite(?:\+\w+)?:///?")
# What connects the engine or pool that it is given.
_USING = ("create_all", "reflect", "drop_all", "run_until_complete")
# When what runs has run by the time that the workers are forked.
_LOADING = (Moment.IMPORT, Moment.FACTORY)
# Who asks for a driver of a server uses that where it serves, whatever its settings begin with.
_DRIVERS = (
    "psycopg2", "psycopg2-binary", "psycopg", "psycopg-binary", "asyncpg", "pg8000", "mysqlclient",
    "pymysql", "mysql-connector-python", "oracledb", "cx-oracle", "pyodbc",
)  # fmt: skip
# https://docs.sqlalchemy.org/en/20/core/pooling.html#sqlalchemy.pool.QueuePool
_SIZE, _OVERFLOW = 5, 10
_SIZES = ("pool_size", "max_overflow")
_ENGINE = "sqlalchemy.create_engine"


class Pools:
    """Answers for one project; asked of each file."""

    def __init__(self, project: Project, lifetimes: Lifetimes) -> None:
        self._project = project
        self._lifetimes = lifetimes

    def _of(self, module: Module) -> list[Opening]:
        return self._by_module.get(module, [])

    @cached_property
    def _by_module(self) -> dict[Module, list[Opening]]:
        """What is opened in the modules that are imported with an application."""
        loaded = self._project.structure.loaded
        found: dict[Module, list[Opening]] = {}
        for opening in self._lifetimes.openings.lasting:
            module = opening.frame.module
            if not opening.is_lent and module in loaded and not is_example(module):
                found.setdefault(module, []).append(opening)
        return found

    # -- pools that keep nothing -------------------------------------------------------------------

    def null_pools(self, module: Module) -> Iterator[Opening]:
        """Engines of a file that are made with a NullPool, for no reason that is to be seen."""
        for opening in self._of(module):
            if (
                opening.row.resource == "engine"
                and _is_null_pool(self._given(opening, "poolclass"))
                and not self._has_reason(opening)
            ):
                yield opening

    def null_options(self, module: Module) -> Iterator[EngineOptions]:
        """The same, where an extension makes the engine with options that a file writes."""
        for options in engine_options(self._project, module):
            if _is_null_pool(options.given(self._project, "poolclass")):
                if not _names_sqlite(module) and not self._speaks_of_reasons(module):
                    yield options

    def is_in_memory(self, opening: Opening) -> bool:
        """Whether a database of SQLite in memory is opened: another one each time."""
        url = text_at(self._project, opening.frame, self._argument(opening, "url", 0))
        return url is not None and _IN_MEMORY.fullmatch(url) is not None

    def _has_reason(self, opening: Opening) -> bool:
        frame = opening.frame
        url = text_at(self._project, frame, self._argument(opening, "url", 0))
        return (
            is_conditional(opening)
            or self._is_one_of_two(opening)
            or (url is None and _names_sqlite(frame.module))
            or (url or "").startswith("sqlite")
            or self._speaks_of_reasons(frame.module)
        )

    def _speaks_of_reasons(self, module: Module) -> bool:
        """Whether a file, or what deploys the project, says why no connections are kept."""
        deployment = self._project.deployment
        return (
            _REASONS.search(module.text or "") is not None
            or deployment.serverless is not None
            or any(deployment.mentions(pooler) is not None for pooler in _POOLERS)
        )

    def _is_one_of_two(self, opening: Opening) -> bool:
        """Whether its file makes another engine, too: then this one is for something special."""
        return any(
            other.row.resource == "engine" and other.term != opening.term
            for other in self._of(opening.frame.module)
        )

    def _given(self, opening: Opening, name: str, position: int = -1) -> Value | None:
        """An argument of what opens something; None if it is not given."""
        term = self._argument(opening, name, position)
        return self._project.values.evaluate(opening.frame, term) if term >= 0 else None

    @staticmethod
    def _argument(opening: Opening, name: str, position: int) -> int:
        """The term of an argument; -1 if it is not given."""
        entry = opening.frame.module.facts.terms[opening.term]
        if 0 <= position < len(entry[2]):
            return int(entry[2][position])
        return next((int(term) for keyword, term in entry[3] if keyword == name), -1)

    # -- before the fork ---------------------------------------------------------------------------

    def before_fork(self, module: Module) -> Iterator[tuple[Opening, Mention]]:
        """What a file connects when it is imported, and the server that imports it before it forks
        its workers.
        """
        for opening in self._of(module):
            if opening.frame.scope_number or is_conditional(opening):
                continue
            if self._connects(opening) and self._preloading is not None:
                yield opening, self._preloading.mention

    @cached_property
    def _preloading(self) -> Server | None:
        deployment = self._project.deployment
        server = next((server for server in deployment.servers if server.preloads), None)
        # The parent itself asks for nothing, so a single worker shares with nobody.
        if server is None or server.workers == 1 or self._drops_when_loaded:
            return None
        if any(deployment.mentions(word) for word in _AFTER_FORK):
            return None
        for module in self._project.table.modules:
            if any(word in (module.text or "") for word in _AFTER_FORK):
                return None
        return server

    @cached_property
    def _drops_when_loaded(self) -> bool:
        """Whether loading the application ends with ``engine.dispose()``."""
        factories = {made.frame.function for made in self._project.applications.applications}
        loaded = self._project.structure.loaded
        return any(
            module in loaded
            and (not module.code_scope_of(term) or _function(module, term) in factories)
            for module, term in self._project.call_sites.spelt("dispose")
        )

    def making_tables(self, module: Module) -> Iterator[tuple[int, Mention]]:
        """Calls of a file that make tables while the application is loaded, by an engine that keeps
        the connection, and the server that loads it before it forks its workers.
        """
        if self._preloading is None or not self._has_server_and_pool:
            return
        for change in self._project.structure.schema_changes.of(module):
            if change.is_raw or change.is_conditional or change.moment not in _LOADING:
                continue
            if not any(self._connects(opening) for opening in self._of(module)):
                yield change.term, self._preloading.mention

    @cached_property
    def _has_server_and_pool(self) -> bool:
        """Whether engines keep connections, and these go to a server of databases."""
        loaded = self._project.structure.loaded
        texts = [module.text or "" for module in self._project.table.modules if module in loaded]
        if any("NullPool" in text for text in texts):
            return False
        if any(name in self._project.deployment.requirements for name in _DRIVERS):
            return True
        return not any("sqlite" in text for text in texts)

    def _connects(self, opening: Opening) -> bool:
        """Whether something is connected by the time that the file is imported."""
        if opening.row.resource == "connection":
            return opening.row.kind != "file"
        for name in ("open", "connect"):
            given = self._given(opening, name)
            if isinstance(given, Constant) and given.value is False:
                return False
        if opening.name.startswith(_CONNECTING):
            return True
        return opening.row.resource in ("engine", "pool") and self._is_used_at_import(opening)

    def _is_used_at_import(self, opening: Opening) -> bool:
        """Whether the file itself uses an engine, ``Base.metadata.create_all(engine)``, or has a
        loop wait for a pool.
        """
        module = opening.frame.module
        terms = module.facts.terms
        for term in module.calls_in(0):
            entry = terms[term]
            called = terms[entry[1]]
            if called[0] != t.ATTR:
                continue
            given = (*entry[2], *[value for _, value in entry[3]])
            if called[2] in ("connect", "begin") and called[1] == opening.term:
                return True
            if called[2] in _USING and opening.term in given:
                return True
        return False

    # -- too small ---------------------------------------------------------------------------------

    def too_small(self, module: Module) -> Iterator[tuple[int, str, int, Server]]:
        """Pools of a file with fewer connections than the server has threads in each process: where
        each is made, what makes it, and how many it has.
        """
        threads = [server for server in self._project.deployment.servers if server.threads]
        if len(threads) != 1:
            return
        fewest = threads[0].threads or 0
        for opening in self._of(module):
            size = self._size(opening)
            if size is not None and not is_conditional(opening) and size < fewest:
                yield opening.term, opening.name, size, threads[0]
        for options in engine_options(self._project, module):
            given = [options.given(self._project, name) for name in _SIZES]
            size = _engine_size(given[0], given[1])
            if size is not None and size < fewest:
                yield options.term, _ENGINE, size, threads[0]

    def _size(self, opening: Opening) -> int | None:
        """How many connections a pool gives out at most, where that is written."""
        if opening.name == _ENGINE:
            given = [self._given(opening, name) for name in _SIZES]
            return _engine_size(given[0], given[1])
        if opening.name.startswith("psycopg_pool."):
            return _number(self._given(opening, "max_size"))
        if opening.name.startswith("psycopg2.pool."):
            return _number(self._given(opening, "maxconn", 1))
        return None

    # -- emptied by each request -------------------------------------------------------------------

    def disposals(self, module: Module) -> Sequence[tuple[Frame, int, tuple[Step, ...]]]:
        """Where a file disposes of a lasting engine for requests: the call, and the shortest way to
        it, the innermost call first.
        """
        return self._disposals.get(module, [])

    @cached_property
    def _disposals(self) -> dict[Module, list[tuple[Frame, int, tuple[Step, ...]]]]:
        found: dict[Module, list[tuple[Frame, int, tuple[Step, ...]]]] = {}
        if not self._lifetimes.requested.labels:
            return found
        for module, term in self._project.call_sites.spelt("dispose"):
            frame = self._project.frame_of_scope(module, module.code_scope_of(term))
            called = module.facts.terms[term][1]
            name = getattr(self._project.values.evaluate(frame, called), "name", None)
            if name not in _DISPOSE or not module.is_served or not frame.scope_number:
                continue
            if not self._lasts(frame, module.facts.terms[called][1]):
                continue
            steps = next(self._lifetimes.reaching(frame, term), None)
            if steps is not None:
                found.setdefault(module, []).append((frame, term, steps))
        return found

    def _lasts(self, frame: Frame, engine: int) -> bool:
        """Whether an engine is a variable outside of functions, or an attribute of what lasts: none
        that the function has made, taken out of a mapping or been handed.
        """
        terms = frame.module.facts.terms
        root = t.unaliased(terms, engine)
        attributes = set()
        while terms[root][0] == t.ATTR:
            attributes.add(terms[root][2])
            root = t.unaliased(terms, terms[root][1])
        if terms[root][0] == t.PARAM:
            return "app" in attributes
        return terms[root][0] in (t.NAME, t.IMPORT)


def _function(module: Module, term: int) -> FunctionKey:
    return module.path, module.code_scope_of(term)


def _is_null_pool(pool: Value | None) -> bool:
    return (
        isinstance(pool, External)
        and pool.name.startswith("sqlalchemy.")
        and pool.name.endswith(".NullPool")
    )


def _engine_size(given: Value | None, more: Value | None) -> int | None:
    """How many connections an engine gives out at most, where that is written."""
    if given is None and more is None:
        return None
    size = _SIZE if given is None else _number(given)
    overflow = _OVERFLOW if more is None else _number(more)
    # Of either, there is no limit.
    return size + overflow if size and overflow is not None and overflow >= 0 else None


def _number(value: Value | None) -> int | None:
    """A whole number that is written."""
    return value.value if isinstance(value, Constant) and type(value.value) is int else None


def _names_sqlite(module: Module) -> bool:
    return any(
        entry[0] == t.CONST and isinstance(entry[1], str) and "sqlite" in entry[1]
        for entry in module.facts.terms
    )
