"""How connections to databases live in production, judged: opened for each request, kept where they
must not be, kept and pooled at once, pooled by a driver that cannot.

Source: django/db/__init__.py and backends/postgresql/base.py of Django 5.2 (``pool`` with
``CONN_MAX_AGE`` and with psycopg2 raises ImproperlyConfigured), docs/ref/databases.txt and
docs/topics/async.txt of Django 6.1.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.django.configuration.databases import Database, Databases, Engine
from fwp_checks.frameworks.django.configuration.held import Listing, Literal
from fwp_checks.frameworks.django.configuration.production import Leaf
from fwp_checks.project.deployment.records import Interface, Mention, Requirement, Server
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.values import External

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_WITHOUT_POOL = re.compile(r"sqlite|spatialite|mysql")
# Those of django-tenants and psqlextra derive from the one of PostgreSQL.
_POOLED = re.compile(
    r"backends\.(?:postgresql|postgis|oracle)|postgresql_psycopg2|psqlextra\.backend"
    r"|django_tenants\.postgresql_backend"
)
_MODULE = re.compile(r"[A-Za-z_][\w.]*")
_POSTGRESQL = re.compile(r"postgresql|postgis")


@dataclass(slots=True, unsafe_hash=True)
class Reopened:
    """An alias whose connections are closed after each request. ``kept`` is another branch in which
    they are kept; ``others`` are further branches and aliases that are the same.
    """

    database: Database
    is_secondary: bool
    kept: Database | None = None
    others: list[Database] = field(default_factory=list)


@dataclass(slots=True, unsafe_hash=True)
class UnderASGI:
    """An alias whose connections are kept although an ASGI server runs the application."""

    database: Database
    server: str
    mention: Mention


@dataclass(slots=True, unsafe_hash=True)
class Unpooled:
    """An alias whose driver has no pool; ``requirement`` is where the project asks for it, None
    where its engine says so.
    """

    database: Database
    requirement: Requirement | None


class Connections:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._databases = Databases.of(project)

    @classmethod
    def of(cls, project: Project) -> Connections:
        """The one of a project."""
        known: Connections | None = project.framework_data.get("django.connections")
        if known is None:
            known = project.framework_data["django.connections"] = cls(project)
        return known

    # -- opened for each request -------------------------------------------------------------------

    @cached_property
    def reopened(self) -> list[Reopened]:
        """The aliases used in production whose connections are closed after each request, each
        place once.
        """
        deployment = self._project.deployment
        if "django" not in self._project.names.imported_roots or deployment.serverless:
            return []
        found: dict[Place, Reopened] = {}
        by_leaf: dict[Leaf, list[Database]] = {}
        for database in self._databases.in_production:
            if not self._has_unread_part(database.leaf):
                by_leaf.setdefault(database.leaf, []).append(database)
        if by_leaf and deployment.mentions("pgbouncer"):
            return []
        for databases in by_leaf.values():
            for one in _of_settings(databases):
                found.setdefault(one.database.held.place, one)
        return list(found.values())

    def _has_unread_part(self, leaf: Leaf) -> bool:
        """Whether a file that could not be read may change what settings say: it lies beside them,
        or they import it.
        """
        folder = leaf.module.path.rpartition("/")[0]
        table = self._project.table
        for module in table.unread:
            if module.path.rpartition("/")[0] == folder:
                return True
        imported = [
            table.find_relative(entry.module, entry.level, leaf.module)
            if entry.level
            else table.find(entry.module, leaf.module)
            for entry in leaf.module.facts.imports
        ]
        return any(module in table.unread for module in imported if module is not None)

    # -- kept and pooled ---------------------------------------------------------------------------

    @cached_property
    def contradictory(self) -> list[Database]:
        """The aliases that certainly have both a pool and an age of connections other than 0, also
        where they have both in a branch only, or by defaults of what the environment may say.
        """
        found: dict[Place, Database] = {}
        if "django" not in self._project.names.imported_roots:
            return []
        for database in self._databases.named:
            branches: Iterable[Database] = (database,)
            if database.may_be_contradictory:
                branches = self._databases.in_branches(database)
            for one in branches:
                if one.age is not None and _is_contradictory(one):
                    found.setdefault(one.age.place, one)
            if database.has_age_from_outside and database.may_have_pool:
                for one in self._databases.by_default(database):
                    if one.age is not None and _is_contradictory(one):
                        found.setdefault(one.age.place, one)
        return list(found.values())

    @cached_property
    def _pooled(self) -> list[Database]:
        if "django" not in self._project.names.imported_roots:
            return []
        return [database for database in self._databases.named if database.pool is not None]

    @cached_property
    def unpooled(self) -> list[Unpooled]:
        """The aliases with a pool whose driver has none."""
        found: dict[Place, Unpooled] = {}
        for database in self._pooled:
            names = database.engine_names
            pool = database.pool
            if not database.is_only or not names or pool is None:
                continue
            if all(_WITHOUT_POOL.search(name) for name in names):
                found.setdefault(pool.place, Unpooled(database, None))
            elif all(_POSTGRESQL.search(name) for name in names) and self._old_driver is not None:
                found.setdefault(pool.place, Unpooled(database, self._old_driver))
        return list(found.values())

    @cached_property
    def _old_driver(self) -> Requirement | None:
        """Where the project asks for psycopg2, and nowhere for its successor."""
        asked = self._project.deployment.requirements
        if "django" not in asked or "psycopg" in asked:
            return None
        old = [*asked.get("psycopg2", ()), *asked.get("psycopg2-binary", ())]
        return old[0] if old else None

    # -- kept under ASGI ---------------------------------------------------------------------------

    @cached_property
    def under_asgi(self) -> list[UnderASGI]:
        """The aliases whose connections are kept although an ASGI server runs the settings."""
        if "django" not in self._project.names.imported_roots:
            return []
        found: dict[Place, UnderASGI] = {}
        for database in self._databases.in_production:
            age = database.literal_age
            is_kept = age is None or (isinstance(age, int) and age > 0)
            is_server = database.engine is Engine.NETWORKED or database.is_from_outside
            if not is_kept or not is_server or database.age is None:
                continue
            evidence = self._asgi(database.leaf)
            if evidence is not None:
                found.setdefault(database.age.place, UnderASGI(database, *evidence))
        return list(found.values())

    def serves_asgi(self, leaf: Leaf) -> bool:
        """Whether an ASGI server runs these settings, as far as is known."""
        return self._asgi(leaf) is not None

    def _asgi(self, leaf: Leaf) -> tuple[str, Mention] | None:
        """What shows that an ASGI server runs these settings, and no WSGI server does."""
        own = [server for server in self._servers if self._runs(server, leaf)]
        if any(server.interface is Interface.WSGI for server in own):
            return None
        for server in own:
            if server.module and not self._is_channel_layer(server, leaf):
                return _called(server), server.mention
        if any(True for _ in self._servers):
            return None
        apps = self._databases.setting(leaf, "INSTALLED_APPS")
        if isinstance(apps, Listing) and apps.items and apps.items[0] == Literal("daphne"):
            return "daphne in INSTALLED_APPS", Mention(leaf.module.path, 1)
        return None

    def _is_channel_layer(self, server: Server, leaf: Leaf) -> bool:
        """Whether it serves what Channels 1 calls a layer: other processes answer the requests, in
        threads that last (``runworker``).
        """
        module = self._project.table.find(server.module, leaf.module)
        name = server.target.partition(":")[2]
        term = module.facts.scopes[0].bindings.get(name, -1) if module is not None else -1
        if module is None or term < 0:
            return False
        entry = module.facts.terms[t.unaliased(module.facts.terms, term)]
        if entry[0] != t.CALL:
            return False
        made = self._project.values.evaluate(self._project.module_frame(module), entry[1])
        return isinstance(made, External) and made.name == "channels.asgi.get_channel_layer"

    @cached_property
    def _servers(self) -> list[Server]:
        """The servers that run a module of the project, or one that is not known."""
        names = {name for module in self._project.table.modules for name in module.names}
        return [
            server
            for server in self._project.deployment.servers
            if server.module in names or not _MODULE.fullmatch(server.module)
        ]

    @staticmethod
    def _runs(server: Server, leaf: Leaf) -> bool:
        return not server.settings or server.settings in leaf.module.names


def _called(server: Server) -> str:
    is_uvicorn_worker = server.program == "gunicorn" and server.worker_class
    return f"{server.program} with {server.worker_class}" if is_uvicorn_worker else server.program


def _of_settings(databases: list[Database]) -> Iterator[Reopened]:
    """Those of the databases of one settings module whose connections are closed."""
    mains = [database for database in databases if database.alias == "default"]
    lacking = [database for database in databases if _is_reopened(database)]
    main = [database for database in lacking if database.alias == "default"]
    if main:
        others = [database for database in lacking if database is not main[0]]
        kept = next((d for d in mains if _is_kept(d)), None)
        yield Reopened(main[0], is_secondary=False, kept=kept, others=others)
        return
    if any(d.literal_age == 0 and d.literal_age is not False for d in mains):
        return
    secondary = [d for d in lacking if not _is_pooled(mains)]
    if secondary:
        kept = next((d for d in mains if _is_kept(d)), None)
        yield Reopened(secondary[0], is_secondary=True, kept=kept, others=secondary[1:])


def _is_pooled(databases: list[Database]) -> bool:
    return any(database.may_have_pool for database in databases)


def _is_kept(database: Database) -> bool:
    return database.age is not None and database.literal_age != 0


def _is_contradictory(database: Database) -> bool:
    age = database.literal_age
    if database.pool is None or age in (0, ...) or age is False:
        return False
    if database.is_of_address:
        # The environment names the server; what is known of it is the default.
        return all(map(_POOLED.search, database.known_engines))
    is_pooled = any(_POOLED.search(name) for name in database.engine_names)
    return is_pooled or database.is_from_outside


def _is_reopened(database: Database) -> bool:
    held = database.held
    return (
        database.engine is Engine.NETWORKED
        and not held.is_open
        and database.age is None
        and not database.may_have_pool
        and not database.is_for_development
        and not database.is_behind_pooler
    )
