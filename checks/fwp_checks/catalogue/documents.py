"""Reads one catalogue document (a library's TOML file, or a user's rows) into checked rows.

The same code reads shipped files and users' rows; shipped files must also state what people read:
the library's name, release and pages, and a reason, a way out and a link for every effect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .grammar import (
    EFFECTS,
    KINDS,
    RESOURCES,
    ROLES,
    VIAS,
    CatalogueError,
    GrammarError,
    check_condition,
    expand_braces,
    is_dunder,
    is_name,
    parse_argument,
    parse_value,
)

_SECTIONS = ("library", "aliases", "type", "gives", "effect", "role")
_KEYS = {
    "library": ("name", "modules", "version", "docs"),
    "type": ("name", "aliases", "bases"),
    "gives": (*VIAS, "value", "except", "unless", "when"),
    "effect": (
        "calls",
        "effect",
        "kind",
        "resource",
        "reason",
        "alternative",
        "link",
        "except",
        "unless",
        "when",
    ),
    "role": ("calls", "role", "argument", "except"),
}
_DECORATOR_ROLES = ("offloads_decorator", "returns_function")


@dataclass(slots=True, unsafe_hash=True)
class Names:
    """The names one row speaks of: single ones, and prefixes whose further members it covers."""

    single: tuple[str, ...]
    prefixes: tuple[str, ...]
    excluded: tuple[str, ...] = ()


@dataclass(slots=True, unsafe_hash=True)
class EffectEntry:
    names: Names
    effect: str
    kind: str
    reason: str
    alternative: str
    link: str
    unless: tuple[str, ...]
    when: tuple[str, ...]
    where: str
    resource: str = ""


@dataclass(slots=True, unsafe_hash=True)
class RoleEntry:
    names: Names
    role: str
    arguments: tuple[str | int, ...]
    where: str


@dataclass(slots=True, unsafe_hash=True)
class GivesEntry:
    via: str
    names: Names
    value: str
    unless: tuple[str, ...]
    when: tuple[str, ...]
    where: str


@dataclass(slots=True, unsafe_hash=True)
class TypeEntry:
    name: str
    bases: tuple[str, ...]
    where: str


@dataclass(slots=True)
class Document:
    """The rows of one source, names expanded but not yet canonical."""

    source: str
    modules: tuple[str, ...] = ()
    aliases: list[tuple[str, str, str]] = field(default_factory=list)
    types: list[TypeEntry] = field(default_factory=list)
    gives: list[GivesEntry] = field(default_factory=list)
    effects: list[EffectEntry] = field(default_factory=list)
    roles: list[RoleEntry] = field(default_factory=list)

    def named(self) -> Iterator[tuple[Names, str]]:
        """The names of all rows but types and aliases, and where each row stands."""
        for effect in self.effects:
            yield effect.names, effect.where
        for role in self.roles:
            yield role.names, role.where
        for gives in self.gives:
            yield gives.names, gives.where


class _Row:
    """One table of a document, with accessors that complain by source, row and key."""

    def __init__(self, source: str, label: str, keys: tuple[str, ...], table: object) -> None:
        self.where = f"{source}: {label}"
        if not isinstance(table, Mapping):
            raise CatalogueError(f"{self.where}: must be a table")
        self.table: Mapping[str, object] = table
        for key in table:
            if key not in keys:
                allowed = ", ".join(keys)
                raise CatalogueError(f"{self.where}: unknown key '{key}'; known keys: {allowed}")

    def fail(self, key: str, problem: str) -> CatalogueError:
        return CatalogueError(f"{self.where}, key '{key}': {problem}")

    def text(self, key: str, *, required: bool) -> str:
        value = self.table.get(key, "")
        if not isinstance(value, str):
            raise self.fail(key, "must be text")
        if required and not value.strip():
            raise self.fail(key, "is missing")
        if "\n" in value:
            raise self.fail(key, "must be one line")
        return value

    def texts(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        value = self.table.get(key, [])
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.fail(key, "must be text or a list of texts")
        if required and not value:
            raise self.fail(key, "is missing")
        return tuple(value)

    def choice(self, key: str, known: tuple[str, ...]) -> str:
        value = self.text(key, required=True)
        if value not in known:
            raise self.fail(key, f"'{value}' is not one of {', '.join(known)}")
        return value

    def dotted(self, key: str, *, required: bool = False, modules: bool = False) -> tuple[str, ...]:
        """The key's names, braces expanded, without wildcards; dots needed unless `modules`."""
        found: list[str] = []
        for text in self.texts(key, required=required):
            found.extend(self._expanded(key, text))
        for name in found:
            if not is_name(name) or not (modules or "." in name):
                raise self.fail(key, f"'{name}' is no dotted name")
        return tuple(found)

    def names(self, key: str) -> Names:
        """The key's names, braces expanded, wildcards set apart."""
        single: list[str] = []
        prefixes: list[str] = []
        for text in self.texts(key, required=True):
            for name in self._expanded(key, text):
                prefix = name.removesuffix(".*")
                if not is_name(prefix) or (prefix == name and "." not in name):
                    raise self.fail(key, f"'{name}' is no dotted name")
                (single if prefix == name else prefixes).append(prefix)
        for name in single:
            if single.count(name) > 1:
                raise self.fail(key, f"names '{name}' twice")
        return Names(tuple(single), tuple(prefixes), self._excluded(bool(prefixes)))

    def _excluded(self, has_prefixes: bool) -> tuple[str, ...]:
        excluded: list[str] = []
        for text in self.texts("except"):
            excluded.extend(self._expanded("except", text))
        for member in excluded:
            if not is_name(member) or "." in member:
                raise self.fail("except", f"'{member}' is no member name")
            if is_dunder(member):
                raise self.fail("except", f"'{member}': a '*' never covers special methods")
        if excluded and not has_prefixes:
            raise self.fail("except", "has no meaning where no name ends in '*'")
        return tuple(excluded)

    def _expanded(self, key: str, text: str) -> tuple[str, ...]:
        try:
            return expand_braces(text)
        except GrammarError as error:
            raise self.fail(key, str(error)) from None


def read_document(data: Mapping[str, object], source: str, *, shipped: bool) -> Document:
    """Check one document and give its rows.

    `source` is how messages name it. `shipped` asks for everything that pages and messages need.
    Raises `CatalogueError` for the first thing that is wrong.
    """
    for section in data:
        if section not in _SECTIONS:
            known = ", ".join(_SECTIONS)
            raise CatalogueError(f"{source}: unknown section '{section}'; known: {known}")
    document = Document(source)
    _read_library(document, data, shipped=shipped)
    _read_aliases(document, data)
    for row in _rows(data, source, "type"):
        _read_type(document, row)
    for row in _rows(data, source, "gives"):
        _read_gives(document, row)
    for row in _rows(data, source, "effect"):
        document.effects.append(_read_effect(row, shipped=shipped))
    for row in _rows(data, source, "role"):
        document.roles.append(_read_role(row))
    if shipped:
        _check_modules(document)
    return document


def _rows(data: Mapping[str, object], source: str, section: str) -> Iterator[_Row]:
    tables = data.get(section, [])
    if not isinstance(tables, list):
        raise CatalogueError(f"{source}: write [[{section}]], a list of tables")
    for number, table in enumerate(tables, start=1):
        yield _Row(source, f"[[{section}]] {number}", _KEYS[section], table)


def _read_library(document: Document, data: Mapping[str, object], *, shipped: bool) -> None:
    row = _Row(document.source, "[library]", _KEYS["library"], data.get("library", {}))
    for key in ("name", "version", "docs"):
        row.text(key, required=shipped)
    document.modules = row.texts("modules", required=shipped)
    for module in document.modules:
        if not is_name(module):
            raise row.fail("modules", f"'{module}' is no module name")


def _read_aliases(document: Document, data: Mapping[str, object]) -> None:
    table = data.get("aliases", {})
    if not isinstance(table, Mapping):
        raise CatalogueError(f"{document.source}: [aliases] must be a table")
    row = _Row(document.source, "[aliases]", tuple(table), table)
    for key in table:
        keys = _Row(document.source, "[aliases]", ("alias",), {"alias": key})
        spelling = keys.dotted("alias", modules=True)
        canonical = row.dotted(key, required=True, modules=True)
        _pair(document, row, key, spelling, canonical)


def _pair(
    document: Document, row: _Row, key: str, spellings: tuple[str, ...], names: tuple[str, ...]
) -> None:
    """Record the spellings as aliases of the names: one to one, or all of a single name."""
    if len(names) == 1:
        names = names * len(spellings)
    if len(spellings) % len(names):
        raise row.fail(key, f"{len(spellings)} spellings do not pair up with {len(names)} names")
    names = names * (len(spellings) // len(names))
    for spelling, name in zip(spellings, names, strict=True):
        if spelling == name:
            raise row.fail(key, f"'{name}' is an alias of itself")
        document.aliases.append((spelling, name, row.where))


def _read_type(document: Document, row: _Row) -> None:
    names = row.dotted("name", required=True)
    bases = row.dotted("bases")
    document.types.extend(TypeEntry(name, bases, row.where) for name in names)
    for text in row.texts("aliases"):
        alias = _Row(row.where, "aliases", ("aliases",), {"aliases": text}).dotted("aliases")
        _pair(document, row, "aliases", alias, names)


def _read_gives(document: Document, row: _Row) -> None:
    value = row.text("value", required=True)
    try:
        parse_value(value)
    except GrammarError as error:
        raise row.fail("value", str(error)) from None
    vias = [via for via in VIAS if via in row.table]
    if not vias:
        raise CatalogueError(f"{row.where}: needs one of the keys {', '.join(VIAS)}")
    unless, when = _conditions(row, "unless"), _conditions(row, "when")
    if (unless or when) and vias != ["call"]:
        raise CatalogueError(f"{row.where}: only a call has arguments to set conditions for")
    document.gives.extend(
        GivesEntry(via, row.names(via), value, unless, when, row.where) for via in vias
    )


def _conditions(row: _Row, key: str) -> tuple[str, ...]:
    conditions = row.texts(key)
    for condition in conditions:
        try:
            check_condition(condition)
        except GrammarError as error:
            raise row.fail(key, str(error)) from None
    return conditions


def _read_effect(row: _Row, *, shipped: bool) -> EffectEntry:
    effect = row.choice("effect", EFFECTS)
    stated = shipped and effect != "none"
    if effect != "opens" and "resource" in row.table:
        raise row.fail("resource", "belongs to effect 'opens' alone")
    return EffectEntry(
        names=row.names("calls"),
        effect=effect,
        kind="" if effect == "none" else row.choice("kind", KINDS),
        reason=row.text("reason", required=stated),
        alternative=row.text("alternative", required=stated),
        link=row.text("link", required=stated),
        unless=_conditions(row, "unless"),
        when=_conditions(row, "when"),
        where=row.where,
        resource=row.choice("resource", RESOURCES) if effect == "opens" else "",
    )


def _read_role(row: _Row) -> RoleEntry:
    role = row.choice("role", ROLES)
    texts = row.texts("argument", required=role not in _DECORATOR_ROLES) or ("0",)
    try:
        arguments = tuple(parse_argument(text) for text in texts)
    except GrammarError as error:
        raise row.fail("argument", str(error)) from None
    return RoleEntry(row.names("calls"), role, arguments, row.where)


def _check_modules(document: Document) -> None:
    """Refuse names outside the modules that the file says it describes."""
    entries: list[tuple[str, str]] = [(alias, where) for alias, _, where in document.aliases]
    entries += [(entry.name, entry.where) for entry in document.types]
    for names, where in document.named():
        entries += [(name, where) for name in (*names.single, *names.prefixes)]
    for name, where in entries:
        if not any(name == module or name.startswith(f"{module}.") for module in document.modules):
            raise CatalogueError(f"{where}: '{name}' lies outside the modules of [library]")
