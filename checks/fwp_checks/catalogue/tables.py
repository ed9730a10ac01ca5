"""Joins checked documents into the plain tables that the compiled catalogue holds.

The tables are JSON as it stands: rows are stored once, names refer to them by number, so a few
thousand names load in milliseconds.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypedDict

from .documents import Document, EffectEntry, Names
from .grammar import CatalogueError, parse_value, resolve_alias

FORMAT = 1

_DOTTED = re.compile(r"\w+(?:\.\w+)+")

# Tables are joined from these records and patterns, and read as the lists that JSON knows.
Record = Sequence[Any]
# Number of a row, and the members that the wildcard does not cover.
Pattern = Sequence[Any]


class EffectRecord(NamedTuple):
    effect: str
    kind: str
    reason: str
    alternative: str
    link: str
    unless: list[str]
    when: list[str]
    source: str
    resource: str


class GivesRecord(NamedTuple):
    value: str
    unless: list[str]
    when: list[str]


class RoleRecord(NamedTuple):
    role: str
    arguments: list[str | int]


class Members(TypedDict):
    """Names and wildcard prefixes of one family of rows, each with the numbers of its rows."""

    single: dict[str, list[int]]
    prefixes: dict[str, list[Pattern]]


class Tables(TypedDict):
    format: int
    digest: str
    roots: list[str]
    aliases: dict[str, str]
    types: dict[str, list[str]]
    effect_rows: list[Record]
    effects: Members
    role_rows: list[Record]
    roles: Members
    gives_rows: list[Record]
    gives: dict[str, Members]
    # Import roots, with those of the types that their libraries hand out or build on.
    behind: dict[str, list[str]]


def join(
    documents: Sequence[Document],
    *,
    canonical: Callable[[str], str] = lambda name: name,
    is_known_type: Callable[[str], bool] = lambda name: False,
) -> Tables:
    """Join documents into tables; the order of documents does not change the result.

    `canonical` and `is_known_type` speak for a catalogue that these documents extend.
    Raises `CatalogueError` where rows contradict each other or name types that nobody declares.
    """
    documents = sorted(documents, key=lambda document: document.source)
    aliases = _aliases(documents, canonical)

    def spelling(name: str) -> str:
        return canonical(resolve_alias(aliases, canonical(name)))

    types = _types(documents, spelling)
    _check_types(documents, spelling, lambda name: name in types or is_known_type(name))
    tables = Tables(
        format=FORMAT,
        digest="",
        roots=sorted(_roots(documents)),
        aliases=dict(sorted(aliases.items())),
        types=dict(sorted(types.items())),
        effect_rows=[],
        effects=Members(single={}, prefixes={}),
        role_rows=[],
        roles=Members(single={}, prefixes={}),
        gives_rows=[],
        gives={},
        behind={},
    )
    for document in documents:
        for effect in document.effects:
            _enter(tables["effects"], effect.names, len(tables["effect_rows"]), spelling)
            tables["effect_rows"].append(_effect_record(effect, document.source))
        for role in document.roles:
            _enter(tables["roles"], role.names, len(tables["role_rows"]), spelling)
            tables["role_rows"].append(RoleRecord(role.role, list(role.arguments)))
    _enter_gives(tables, documents, spelling)
    for members in (tables["effects"], tables["roles"], *tables["gives"].values()):
        members["single"] = dict(sorted(members["single"].items()))
        members["prefixes"] = dict(sorted(members["prefixes"].items()))
    tables["behind"] = _behind(tables)
    tables["digest"] = hashlib.sha256(dump(tables).encode()).hexdigest()[:16]
    return tables


def dump(tables: Tables) -> str:
    """The tables as JSON text: one line a table, so that changes can be read in a diff."""
    lines = [
        f"{json.dumps(key)}:{json.dumps(value, ensure_ascii=False, separators=(',', ':'))}"
        for key, value in tables.items()
    ]
    return "{" + ",\n".join(lines) + "}\n"


def _roots(documents: Iterable[Document]) -> set[str]:
    roots: set[str] = set()
    for document in documents:
        roots.update(module.partition(".")[0] for module in document.modules)
        roots.update(alias.partition(".")[0] for alias, _, _ in document.aliases)
        roots.update(entry.name.partition(".")[0] for entry in document.types)
        for names, _ in document.named():
            roots.update(name.partition(".")[0] for name in (*names.single, *names.prefixes))
    return roots


def _aliases(documents: Sequence[Document], canonical: Callable[[str], str]) -> dict[str, str]:
    aliases: dict[str, str] = {}
    places: dict[str, str] = {}
    for document in documents:
        for alias, name, where in document.aliases:
            places[alias] = where
            known = aliases.setdefault(alias, name)
            if known != name:
                raise CatalogueError(f"{where}: '{alias}' is an alias of '{known}' already")
    settled: dict[str, str] = {}
    for alias, name in aliases.items():
        seen = {alias}
        target = canonical(name)
        while (further := resolve_alias(aliases, target)) != target:
            if further in seen:
                raise CatalogueError(f"{places[alias]}: alias '{alias}' leads back to itself")
            seen.add(target)
            target = further
        settled[alias] = target
    return settled


def _types(documents: Sequence[Document], spelling: Callable[[str], str]) -> dict[str, list[str]]:
    types: dict[str, list[str]] = {}
    places: dict[str, str] = {}
    for document in documents:
        for entry in document.types:
            if spelling(entry.name) != entry.name:
                raise CatalogueError(
                    f"{entry.where}: '{entry.name}' is declared as an alias "
                    f"of '{spelling(entry.name)}' too"
                )
            if entry.name in places:
                raise CatalogueError(
                    f"{entry.where}: type '{entry.name}' is declared already, "
                    f"in {places[entry.name]}"
                )
            places[entry.name] = entry.where
            types[entry.name] = [spelling(base) for base in entry.bases]
    return types


def _check_types(
    documents: Sequence[Document],
    spelling: Callable[[str], str],
    is_type: Callable[[str], bool],
) -> None:
    for document in documents:
        for entry in document.types:
            for base in entry.bases:
                if not is_type(spelling(base)):
                    raise CatalogueError(f"{entry.where}, key 'bases': no [[type]] is '{base}'")
        for gives in document.gives:
            for name in parse_value(gives.value).types:
                if not is_type(spelling(name)):
                    raise CatalogueError(f"{gives.where}, key 'value': no [[type]] is '{name}'")


def _enter(members: Members, names: Names, number: int, spelling: Callable[[str], str]) -> None:
    for name in names.single:
        numbers = members["single"].setdefault(spelling(name), [])
        if number not in numbers:
            numbers.append(number)
    for prefix in names.prefixes:
        patterns = members["prefixes"].setdefault(spelling(prefix), [])
        patterns.append((number, list(names.excluded)))


def _enter_gives(
    tables: Tables, documents: Sequence[Document], spelling: Callable[[str], str]
) -> None:
    numbers: dict[tuple[str, tuple[str, ...], tuple[str, ...]], int] = {}
    places: dict[tuple[str, str, tuple[str, ...], tuple[str, ...]], str] = {}
    for document in documents:
        for entry in document.gives:
            for name in (*entry.names.single, *(f"{p}.*" for p in entry.names.prefixes)):
                place = (entry.via, spelling(name), entry.unless, entry.when)
                if place in places:
                    raise CatalogueError(
                        f"{entry.where}, key '{entry.via}': '{name}' has a value already, "
                        f"in {places[place]}"
                    )
                places[place] = entry.where
            value = _DOTTED.sub(lambda match: spelling(match.group()), entry.value)
            number = numbers.setdefault((value, entry.unless, entry.when), len(numbers))
            members = tables["gives"].setdefault(entry.via, Members(single={}, prefixes={}))
            _enter(members, entry.names, number, spelling)
    tables["gives_rows"] = [
        GivesRecord(value, list(unless), list(when)) for value, unless, when in numbers
    ]
    tables["gives"] = dict(sorted(tables["gives"].items()))


def _behind(tables: Tables) -> dict[str, list[str]]:
    named: list[tuple[str, Sequence[str]]]
    named = [(alias, [name]) for alias, name in tables["aliases"].items()]
    named += tables["types"].items()
    given = [parse_value(row[0]).types for row in tables["gives_rows"]]
    for members in tables["gives"].values():
        rows = [*members["single"].items()]
        rows += [(p, [n for n, _ in found]) for p, found in members["prefixes"].items()]
        named += [(name, given[number]) for name, numbers in rows for number in numbers]
    behind: dict[str, set[str]] = {}
    for name, others in named:
        root = name.partition(".")[0]
        behind.setdefault(root, set()).update(other.partition(".")[0] for other in others)
    found = {root: sorted(roots - {root}) for root, roots in sorted(behind.items())}
    return {root: roots for root, roots in found.items() if roots}


def _effect_record(entry: EffectEntry, source: str) -> EffectRecord:
    return EffectRecord(
        entry.effect,
        entry.kind,
        entry.reason,
        entry.alternative,
        entry.link,
        list(entry.unless),
        list(entry.when),
        source,
        entry.resource,
    )
