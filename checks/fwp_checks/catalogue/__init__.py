"""What is known of libraries: names, types, what calls do and what they give.

`Catalogue.shipped()` is the compiled catalogue of this release; `extended` adds a user's rows,
which win over shipped ones. Data comes from the TOML files of this folder (see README.md there).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from .grammar import (
    VIAS,
    CatalogueError,
    GrammarError,
    ValueSpec,
    is_dunder,
    parse_value,
    resolve_alias,
)

if TYPE_CHECKING:
    from .tables import Members, Record, Tables

__all__ = [
    "Catalogue",
    "CatalogueError",
    "EffectRow",
    "GivesRow",
    "GrammarError",
    "Role",
    "ValueSpec",
    "parse_value",
]

_COMPILED = Path(__file__).with_name("catalogue.json")
# The digest stands in the second line.
_DIGEST = re.compile(r'"digest":"(\w+)"')
_HEAD = 100
# A chain of aliases is settled when compiled; a second step comes only from an extension.
_ALIAS_STEPS = 4


@dataclass(slots=True, unsafe_hash=True)
class EffectRow:
    """What a call does to the thread that makes it.

    The row holds when all of `when` hold and none of `unless` does. `effect` is never `none`:
    a name known to do nothing has no rows. `resource` is what a row with the effect `opens` opens.
    """

    effect: str
    kind: str
    reason: str
    alternative: str
    link: str
    unless: tuple[str, ...]
    when: tuple[str, ...]
    source: str
    resource: str = ""


@dataclass(slots=True, unsafe_hash=True)
class GivesRow:
    """What an expression holds, if all of `when` hold and none of `unless` does."""

    value: str
    unless: tuple[str, ...]
    when: tuple[str, ...]


@dataclass(slots=True, unsafe_hash=True)
class Role:
    """What a call does with an argument: its position, its keyword name, or `*` for all."""

    role: str
    arguments: tuple[str | int, ...]


class Catalogue:
    """Answers questions about dotted names; everything asked once is remembered."""

    def __init__(self, layers: Sequence[Tables]) -> None:
        """`layers` are compiled tables; earlier ones win."""
        self._layers = tuple(layers)
        self.roots: frozenset[str] = frozenset(
            root for tables in self._layers for root in tables["roots"]
        )
        self.digest: str = (
            self._layers[0]["digest"]
            if len(self._layers) == 1
            else hashlib.sha256(
                "".join(tables["digest"] for tables in self._layers).encode()
            ).hexdigest()[:16]
        )
        self._types: dict[str, list[str]] = {}
        for tables in reversed(self._layers):
            self._types.update(tables["types"])
        self._canonical: dict[str, str] = {}
        self._lines: dict[str, tuple[str, ...]] = {}
        self._effects: dict[str, tuple[EffectRow, ...]] = {}
        self._names_with: dict[str, frozenset[str]] = {}
        self._roles: dict[str, tuple[Role, ...]] = {}
        self._gives: dict[str, dict[str, tuple[GivesRow, ...]]] = {via: {} for via in VIAS}

    @classmethod
    def shipped(cls) -> Catalogue:
        """The catalogue of this release; read once a process."""
        return _shipped()

    @staticmethod
    def shipped_digest() -> str:
        """The digest of the catalogue of this release, of which no more is read."""
        with _COMPILED.open(encoding="utf-8") as file:
            digest = _DIGEST.search(file.read(_HEAD))
        return _shipped().digest if digest is None else digest[1]

    def extended(self, tables: Sequence[Mapping[str, object]], source: str) -> Catalogue:
        """A catalogue with further rows, which win over those known so far.

        Each table has the form of a catalogue file (`[library]` may be left out); `source` is how
        messages name it. Raises `CatalogueError` naming the source, the row and the key.
        """
        if not tables:
            return self
        # Only users' rows need these; importing them takes as long as loading the catalogue.
        from .documents import read_document
        from .tables import join

        documents = [
            read_document(
                table, source if len(tables) == 1 else f"{source} {number}", shipped=False
            )
            for number, table in enumerate(tables, start=1)
        ]
        added = join(documents, canonical=self.canonical, is_known_type=self.is_type)
        return Catalogue((added, *self._layers))

    def knows_module(self, root: str) -> bool:
        """Whether some row describes the import root of this (dotted) module name."""
        return root.partition(".")[0] in self.roots

    def canonical(self, dotted: str) -> str:
        """The spelling that rows use; an alias of a type or module applies to all below it."""
        known = self._canonical.get(dotted)
        if known is None:
            known = dotted
            for _ in range(_ALIAS_STEPS if self.knows_module(dotted) else 0):
                before = known
                for tables in self._layers:
                    known = resolve_alias(tables["aliases"], known)
                if known == before:
                    break
            self._canonical[dotted] = known
        return known

    def is_type(self, dotted: str) -> bool:
        """Whether the canonical name is a declared type."""
        return dotted in self._types

    def bases(self, dotted: str) -> tuple[str, ...]:
        """Direct bases of a type, as declared; none for anything else."""
        return tuple(self._types.get(dotted, ()))

    def places(self, dotted: str) -> Iterator[str]:
        """The name itself, then the same member on each base of the type it belongs to."""
        yield dotted
        owner, member = dotted, ""
        while owner and not self.is_type(owner):
            owner, _, last = owner.rpartition(".")
            member = f".{last}{member}"
        if owner:
            for base in self._line(owner)[1:]:
                yield base + member

    def effects(self, dotted: str) -> tuple[EffectRow, ...]:
        """What calling the canonical name does: its own rows, a wildcard's or a base's.

        The nearest class that says anything about the member decides, and a row that names the
        member wins over a wildcard there.
        """
        known = self._effects.get(dotted)
        if known is None:
            known = self._find_effects(dotted) if self.knows_module(dotted) else ()
            self._effects[dotted] = known
        return known

    def gives(self, dotted: str, via: str) -> str | None:
        """What calling, reading, iterating or entering the canonical name gives, if stated.

        `via` is `call`, `attribute`, `iterate`, `enter` or `decorate`. That calling a type gives
        an object of it is not stated here, nor what a call gives for some arguments only: see
        `gives_rows`.
        """
        for row in self.gives_rows(dotted, via):
            if not row.when and not row.unless:
                return row.value
        return None

    def gives_rows(self, dotted: str, via: str) -> tuple[GivesRow, ...]:
        """All that is stated of what the canonical name gives: the first row that holds counts.

        Rows that depend on the arguments come first.
        """
        found = self._gives.get(via)
        if found is None:
            raise ValueError(f"'{via}' is not one of {', '.join(VIAS)}")
        known = found.get(dotted)
        if known is None:
            known = self._find_values(dotted, via) if self.knows_module(dotted) else ()
            found[dotted] = known
        return known

    def names_member(self, dotted: str) -> bool:
        """Whether a row names a member of a type, as the type's or as one of its bases'."""
        if not self.knows_module(dotted):
            return False
        return any(
            name in members["single"]
            for name in self.places(dotted)
            for tables in self._layers
            for members in (tables["effects"], tables["roles"], *tables["gives"].values())
        )

    def names_with(self, effect: str) -> frozenset[str]:
        """The canonical names of functions, methods and types with a row of this effect; of types
        those, too, that inherit it, of nothing what a wildcard covers.
        """
        known = self._names_with.get(effect)
        if known is None:
            found = {
                name
                for tables in self._layers
                for name, numbers in tables["effects"]["single"].items()
                if any(tables["effect_rows"][number][0] == effect for number in numbers)
            }
            derived = {
                name for tables in self._layers for name, bases in tables["types"].items() if bases
            }
            found |= {n for n in derived if any(r.effect == effect for r in self.effects(n))}
            known = self._names_with[effect] = frozenset(found)
        return known

    def other_spellings(self, member: str) -> tuple[str, ...]:
        """The last parts of aliases of names that end in this one and spell that differently."""
        return self._spellings.get(member, ())

    @cached_property
    def _spellings(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, set[str]] = {}
        for tables in self._layers:
            for alias, name in tables["aliases"].items():
                one, other = alias.rpartition(".")[2], name.rpartition(".")[2]
                if one != other:
                    found.setdefault(other, set()).add(one)
        return {name: tuple(sorted(spellings)) for name, spellings in found.items()}

    def roles(self, dotted: str) -> tuple[Role, ...]:
        """What calling the canonical name does with its arguments, in the order of the rows."""
        known = self._roles.get(dotted)
        if known is None:
            known = self._find_roles(dotted) if self.knows_module(dotted) else ()
            self._roles[dotted] = known
        return known

    def role(self, dotted: str) -> Role | None:
        """The first of `roles`."""
        found = self.roles(dotted)
        return found[0] if found else None

    @cached_property
    def members_with_roles(self) -> frozenset[str]:
        """The last parts of all names with a role."""
        return frozenset(
            name.rpartition(".")[2] for tables in self._layers for name in tables["roles"]["single"]
        )

    def members_with(self, role: str) -> frozenset[str]:
        """The last parts of all names with this role."""
        return frozenset(
            name.rpartition(".")[2]
            for tables in self._layers
            for name, numbers in tables["roles"]["single"].items()
            if any(tables["role_rows"][number][0] == role for number in numbers)
        )

    def roots_behind(self, roots: frozenset[str]) -> frozenset[str]:
        """These import roots and those of the types that their libraries hand out or build on."""
        found = set(roots)
        waiting = list(roots)
        while waiting:
            root = waiting.pop()
            for tables in self._layers:
                for behind in tables["behind"].get(root, ()):
                    if behind not in found:
                        found.add(behind)
                        waiting.append(behind)
        return frozenset(found)

    def roots_with(self, member: str) -> frozenset[str]:
        """The import roots of types with an effect row for a special method (`__len__`)."""
        return frozenset([name.partition(".")[0] for name in self._special.get(member, ())])

    @cached_property
    def getters(self) -> dict[str, list[str]]:
        """Rows of what reading attributes does (`Job.state.__get__`), by the attribute's name; of
        what descriptors do by their own.
        """
        found: dict[str, list[str]] = {}
        for name in self._special.get("__get__", ()):
            found.setdefault(name.split(".")[-2], []).append(name)
        return found

    @cached_property
    def _special(self) -> dict[str, list[str]]:
        """The special methods with an effect row, by their last part."""
        found: dict[str, list[str]] = {}
        for tables in self._layers:
            for name in tables["effects"]["single"]:
                if name.endswith("__"):
                    found.setdefault(name.rpartition(".")[2], []).append(name)
        return found

    def _find_effects(self, dotted: str) -> tuple[EffectRow, ...]:
        for name in self.places(dotted):
            for tables in self._layers:
                numbers = _numbers(tables["effects"], name)
                if numbers:
                    rows = (tables["effect_rows"][number] for number in numbers)
                    return tuple(_effect_row(row) for row in rows if row[0] != "none")
        return ()

    def _find_roles(self, dotted: str) -> tuple[Role, ...]:
        for name in self.places(dotted):
            for tables in self._layers:
                numbers = _numbers(tables["roles"], name)
                if numbers:
                    rows = (tables["role_rows"][number] for number in numbers)
                    return tuple(Role(role, tuple(arguments)) for role, arguments in rows)
        return ()

    def _find_values(self, dotted: str, via: str) -> tuple[GivesRow, ...]:
        for name in self.places(dotted):
            if via == "call" and name != dotted and self.is_type(name):
                # A constructor is inherited, but it gives the subclass, not what the base gives.
                continue
            for tables in self._layers:
                members = tables["gives"].get(via)
                numbers = _numbers(members, name) if members is not None else []
                if numbers:
                    records = (tables["gives_rows"][number] for number in numbers)
                    rows = [
                        GivesRow(value, tuple(unless), tuple(when))
                        for value, unless, when in records
                    ]
                    return tuple(sorted(rows, key=lambda row: not row.when and not row.unless))
        return ()

    def _line(self, dotted: str) -> tuple[str, ...]:
        """A type and its bases, nearest first, depth first, each once."""
        known = self._lines.get(dotted)
        if known is None:
            found: dict[str, None] = {}
            waiting = [dotted]
            while waiting:
                name = waiting.pop()
                if name not in found:
                    found[name] = None
                    waiting.extend(reversed(self.bases(name)))
            known = tuple(found)
            self._lines[dotted] = known
        return known


@lru_cache(maxsize=1)
def _shipped() -> Catalogue:
    tables: Tables = json.loads(_COMPILED.read_text(encoding="utf-8"))
    return Catalogue((tables,))


def _numbers(members: Members, name: str) -> list[int]:
    """Rows that name the member, else those whose wildcard covers it."""
    found = members["single"].get(name)
    if found is not None:
        return found
    prefix, _, member = name.rpartition(".")
    patterns = members["prefixes"].get(prefix)
    if patterns is None or is_dunder(member):
        return []
    return [number for number, excluded in patterns if member not in excluded]


def _effect_row(record: Record) -> EffectRow:
    effect, kind, reason, alternative, link, unless, when, source, resource = record
    return EffectRow(
        effect, kind, reason, alternative, link, tuple(unless), tuple(when), source, resource
    )
