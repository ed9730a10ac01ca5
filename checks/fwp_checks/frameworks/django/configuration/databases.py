"""The databases of a project in production: engines, how long connections live, pools."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Region
from fwp_checks.frameworks.django.configuration.changes import UNKNOWN_MAKER
from fwp_checks.frameworks.django.configuration.held import (
    NOT_KNOWN,
    Dictionary,
    Entry,
    Held,
    Literal,
    SettingsObject,
    Unknown,
    dictionaries,
    options_of,
    texts_of,
    truth,
)
from fwp_checks.frameworks.django.configuration.libraries import DJ_DATABASE_URL
from fwp_checks.frameworks.django.configuration.production import Leaf, Production
from fwp_checks.frameworks.django.configuration.runs import Interpreter
from fwp_checks.project.meaning.origins import Place

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project

_LOCAL = re.compile(r"sqlite|spatialite|backends\.dummy|^sqlite:|duckdb")
_POOLING = re.compile(r"pool|django_async|async_backend")
_NETWORKED = re.compile(
    r"postgres|postgis|psql|psycopg|mysql|mariadb|oracle|mssql|sql_server|cockroach"
)
# Each is two runs of the settings; hardly any have a pool and an age in branches.
_MOST_CONDITIONS = 8
_POOLER = re.compile(r"pgbouncer|pgpool|pgcat|odyssey|6432")
# Branches for work on the project and for its tests.
_DEVELOPMENT = re.compile(
    r"(?:^|[^a-z])(?:debug|tests?|testing|pytest|devel\w*|dev|local|ci|travis|github|gitlab|circleci"
    r"|docs|collectstatic|runserver)(?:$|[^a-z])",
    re.IGNORECASE,
)


class Engine(Enum):
    """What kind of database an engine connects to."""

    NETWORKED = "networked"
    LOCAL = "local"
    POOLING = "pooling"
    UNKNOWN = "unknown"


@dataclass(slots=True, unsafe_hash=True)
class Database:
    """What an alias holds, in one of the branches; ``is_only``: there is no other one.
    ``supposed`` is a condition that decides it, and was supposed to hold or not to; ``by_default``:
    it is so where the environment says nothing of what has a default.
    """

    leaf: Leaf
    alias: str
    held: Dictionary
    is_only: bool
    is_for_development: bool
    supposed: Place | None = None
    by_default: bool = False

    @property
    def engine(self) -> Engine:
        """The kind of its engine; what a name from the environment may stand for counts only if
        address and port are given, too, and nothing says that it is a file.
        """
        entry = self.held.entries.get("ENGINE")
        if entry is None:
            return Engine.UNKNOWN
        texts = self.known_engines
        for pattern, found in (
            (_POOLING, Engine.POOLING),
            (_LOCAL, Engine.LOCAL),
            (_NETWORKED, Engine.NETWORKED),
        ):
            if any(pattern.search(text) for text in texts):
                return found
        if all(isinstance(option, Literal) for option in options_of(entry.value)):
            return Engine.UNKNOWN
        keys = [self.held.entries.get(key) for key in ("HOST", "PORT")]
        if self.held.made_by:
            return Engine.NETWORKED
        return Engine.NETWORKED if all(k and k.is_sure for k in keys) else Engine.UNKNOWN

    @property
    def is_from_outside(self) -> bool:
        """Whether it is made of an address that is not known, to which settings add."""
        return self.held.made_by == UNKNOWN_MAKER and "ENGINE" not in self.held.entries

    @property
    def is_of_address(self) -> bool:
        """Whether dj-database-url makes it of an address."""
        return self.held.made_by in DJ_DATABASE_URL and not self.engine_names

    @property
    def known_engines(self) -> list[str]:
        """What is known of an engine that the environment may name."""
        entry = self.held.entries.get("ENGINE")
        options = options_of(entry.value) if entry is not None else ()
        return [text for option in options for text in texts_of(option)]

    @property
    def engine_names(self) -> list[str]:
        """The engine, where it is written; several by the path taken."""
        entry = self.held.entries.get("ENGINE")
        literals = options_of(entry.value) if entry is not None else ()
        return [str(o.value) for o in literals if isinstance(o, Literal)]

    @property
    def age(self) -> Entry | None:
        """How long connections live, None where nothing is said."""
        return self.held.entries.get("CONN_MAX_AGE")

    @property
    def literal_age(self) -> Any:
        """The same as a literal, which it certainly is; Ellipsis for anything else."""
        entry = self.age
        if entry is None or not entry.is_sure or not isinstance(entry.value, Literal):
            return ...
        return entry.value.value

    @property
    def pool(self) -> Entry | None:
        """The pool among the options, if it certainly has one."""
        entry = self.held.entries.get("OPTIONS")
        if entry is None or not entry.is_sure:
            return None
        found = None
        for made in options_of(entry.value):
            found = made.entries.get("pool") if isinstance(made, Dictionary) else None
            if found is None or not found.is_sure or truth(found.value) is not True:
                return None
        return found

    @property
    def may_be_contradictory(self) -> bool:
        """Whether it has an age and options of which one is by a branch, and some have a pool."""
        age = self.age
        options = self.held.entries.get("OPTIONS")
        if age is None or options is None or (self.pool is not None and self.literal_age != ...):
            return False
        ages = [o.value for o in options_of(age.value) if isinstance(o, Literal)]
        is_kept = any(value is None or value for value in ages)
        return is_kept and any("pool" in made.entries for made in dictionaries(options.value))

    @property
    def has_age_from_outside(self) -> bool:
        """Whether the environment decides how long connections live."""
        age = self.age
        options = options_of(age.value) if age is not None else ()
        return any(isinstance(option, Unknown) for option in options)

    @property
    def may_have_pool(self) -> bool:
        """Whether a pool is not ruled out."""
        entry = self.held.entries.get("OPTIONS")
        for option in options_of(entry.value) if entry is not None else ():
            if isinstance(option, Dictionary):
                if option.is_open or "pool" in option.entries:
                    return self.held.made_by == "" or "pool" in option.entries
            elif not isinstance(option, Literal):
                return True
        return False

    @property
    def is_behind_pooler(self) -> bool:
        """Whether its address is that of a program that keeps connections."""
        entries = [self.held.entries.get(key) for key in ("HOST", "PORT")]
        return any(
            _POOLER.search(str(text))
            for entry in entries
            if entry is not None
            for text in (*texts_of(entry.value), getattr(entry.value, "value", ""))
        )


class Databases:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._interpreters: dict[tuple[Module, object], Interpreter] = {}

    @classmethod
    def of(cls, project: Project) -> Databases:
        """The one of a project."""
        known: Databases | None = project.framework_data.get("django.databases")
        if known is None:
            known = project.framework_data["django.databases"] = cls(project)
        return known

    @cached_property
    def in_production(self) -> list[Database]:
        """The databases of the settings used in production."""
        leaves = Production.of(self._project).leaves
        return [database for leaf in leaves for database in self._of_leaf(leaf)]

    @cached_property
    def all(self) -> list[Database]:
        """The same, and those of settings of which nothing says what they are used for."""
        leaves = Production.of(self._project).all_leaves
        return [database for leaf in leaves for database in self._of_leaf(leaf)]

    @cached_property
    def named(self) -> list[Database]:
        """The same, and those of settings to work on the project with."""
        leaves = Production.of(self._project).named_leaves
        return [database for leaf in leaves for database in self._of_leaf(leaf)]

    def setting(self, leaf: Leaf, name: str) -> Held | None:
        """What a setting holds; None if it is not given."""
        return self._setting(self._interpreter(leaf), leaf, name)

    @staticmethod
    def _setting(interpreter: Interpreter, leaf: Leaf, name: str) -> Held | None:
        if leaf.class_ is not None:
            held = interpreter.class_setting(SettingsObject(leaf.class_), name)
        else:
            held = interpreter.setting(leaf.module, name)
        return NOT_KNOWN if interpreter.is_exhausted else held

    def _interpreter(self, leaf: Leaf) -> Interpreter:
        key = (leaf.module, leaf.class_)
        known = self._interpreters.get(key)
        if known is None:
            known = self._interpreters[key] = Interpreter(self._project)
        return known

    def in_branches(self, database: Database) -> Iterator[Database]:
        """The same alias, where conditions that decide what it holds have come out one way."""
        interpreter = self._interpreter(database.leaf)
        for supposed in _suppositions(interpreter, database):
            other = Interpreter(self._project, supposed)
            module, term = next(iter(supposed))
            for found in self._of_leaf(database.leaf, other):
                if found.alias == database.alias:
                    yield replace(found, supposed=Place(module.path, term))

    def by_default(self, database: Database) -> Iterator[Database]:
        """The same alias, where the environment says nothing of what has a default; and nothing
        but what decides whether there is a server at all.
        """
        yield from self._by_default(database, {})
        place = database.held.place
        own = self._project.table.by_path[place.path]
        undecided = dict.fromkeys(self._interpreter(database.leaf).undecided())
        near = [
            (module, term)
            for module, term in undecided
            if module is own and own.code_scope_of(term) == own.code_scope_of(place.term)
        ]
        for value in near[:_MOST_CONDITIONS]:
            ways = [list(self._by_default(database, {value: holds})) for holds in (True, False)]
            for one, other in (ways, ways[::-1]):
                if not any(found.engine is Engine.NETWORKED for found in other):
                    yield from (replace(f, supposed=Place(value[0].path, value[1])) for f in one)

    def _by_default(
        self, database: Database, supposed: dict[tuple[Module, int], bool]
    ) -> Iterator[Database]:
        other = Interpreter(self._project, supposed, takes_defaults=True)
        for found in self._of_leaf(database.leaf, other):
            if found.alias == database.alias:
                yield replace(found, by_default=True)

    def _of_leaf(self, leaf: Leaf, other: Interpreter | None = None) -> Iterator[Database]:
        interpreter = other if other is not None else self._interpreter(leaf)
        held = self._setting(interpreter, leaf, "DATABASES")
        if held is None:
            return
        seen: set[tuple[str, int]] = set()
        for outer in dictionaries(held):
            for alias, entry in outer.entries.items():
                options = options_of(entry.value)
                is_only = len(options) == 1 and held is outer
                for database in dictionaries(entry.value):
                    if isinstance(alias, str) and (alias, id(database)) not in seen:
                        seen.add((alias, id(database)))
                        conditions = database.conditions | outer.conditions
                        branches = list(interpreter.branches(conditions))
                        for_development = any(_is_for_development(*b) for b in branches)
                        yield Database(leaf, alias, database, is_only, for_development)


def _suppositions(
    interpreter: Interpreter, database: Database
) -> Iterator[dict[tuple[Module, int], bool]]:
    """What may be supposed of values: what leads to a pool, or any one of any truth."""
    options = database.held.entries.get("OPTIONS")
    for made in dictionaries(options.value) if options is not None else ():
        if "pool" in made.entries:
            tests = list(interpreter.holding(made.conditions))
            if tests:
                yield {(module, term): holds for module, term, holds in tests}
    for condition in list(dict.fromkeys(interpreter.undecided()))[:_MOST_CONDITIONS]:
        yield {condition: True}
        yield {condition: False}


def _is_for_development(module: Module, region: Region) -> bool:
    """Whether a branch is taken only while someone works on the project."""
    if region.term < 0:
        return False
    terms = module.facts.terms
    is_positive = region.kind == "if"
    waiting = [region.term]
    if terms[region.term][0] == t.TRUTH:
        waiting = [terms[region.term][1]]
    entry = terms[waiting[0]]
    if entry[0] == t.UNARY and entry[1] == "not":
        is_positive = not is_positive
    if entry[0] == t.COMPARE and entry[1] in ("!=", "not in", "is not"):
        is_positive = not is_positive
    if not is_positive:
        return False
    seen: set[int] = set()
    while waiting and len(seen) < 60:
        term = waiting.pop()
        if term in seen:
            continue
        seen.add(term)
        entry = terms[term]
        if entry[0] in (t.CONST, t.NAME, t.ATTR, t.IMPORT) and any(
            isinstance(part, str) and _DEVELOPMENT.search(part) for part in entry[1:3]
        ):
            return True
        waiting.extend(t.operands(entry))
    return False
