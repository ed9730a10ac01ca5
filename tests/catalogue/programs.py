"""Makes tiny programs for any effect row: an async function that does the thing it is about.

    for way, program in programs_for("redis.Redis.get", Catalogue.shipped()).items(): ...

The last line of a program is the call (or loop, `with` block, comparison …) that the row describes;
it ends in the comment `MARK`. Whatever is needed to hold the object happens outside of the async
function, so a linter that knows the row reports that line and no other.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from fwp_checks import catalogue as package
from fwp_checks.catalogue import Catalogue, ValueSpec, parse_value
from fwp_checks.catalogue.grammar import is_dunder
from fwp_checks.catalogue.tables import Tables

MARK = "# here"
WILDCARD_MEMBER = "anything"

# How special methods are called; the statement is the last line of the async function.
_IMPLICIT = {
    "__iter__": "for _ in {receiver}: pass",
    "__next__": "next({receiver})",
    "__enter__": "with {receiver}: pass",
    "__exit__": "with {receiver}: pass",
    "__len__": "len({receiver})",
    "__bool__": "assert {receiver}",
    "__getitem__": "{receiver}[0]",
    "__setitem__": "{receiver}[0] = None",
    "__delitem__": "del {receiver}[0]",
    "__contains__": "0 in {receiver}",
    "__repr__": "repr({receiver})",
    "__truediv__": "{receiver} / 'x'",
}

# What has to happen in the block for leaving it to do what the row says.
_IN_BLOCK = {
    "concurrent.futures.Executor.__exit__": "with {receiver} as entered: entered.submit(print)",
}


class NoWayError(LookupError):
    """The catalogue does not say how one comes to hold an object of this type."""


class Program:
    """A program in the making."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.imports: set[str] = set()
        self.lines: list[str] = []
        self.parameters: list[str] = []

    def spelt(self, name: str) -> str:
        """The name as an expression; notes the import that it needs."""
        if name.startswith("builtins."):
            return name.removeprefix("builtins.")
        module = name.rpartition(".")[0]
        owner = owner_of(module, self.catalogue)
        self.imports.add(owner.rpartition(".")[0] if owner else module)
        return name

    def text(self, statement: str) -> str:
        imports = [f"import {module}" for module in sorted(self.imports)]
        head = f"async def handler({', '.join(self.parameters)}):"
        return "\n".join([*imports, *self.lines, "", head, f"    {statement}  {MARK}", ""])


@cache
def shipped_tables() -> Tables:
    """The compiled tables, for listing what `Catalogue` only answers questions about."""
    path = Path(package.__file__).with_name("catalogue.json")
    tables: Tables = json.loads(path.read_text(encoding="utf-8"))
    return tables


def names_by_row(tables: Tables) -> dict[int, list[str]]:
    """The names of every effect row but `none`, by its number; a wildcard as `prefix.*`.

    What descriptors do when an attribute is read is left out: which attributes they are is known to
    the frameworks, whose rules have cases of it.
    """
    found: dict[int, list[str]] = {}
    for name, numbers in tables["effects"]["single"].items():
        for number in numbers if not name.endswith(".__get__") else ():
            found.setdefault(number, []).append(name)
    for prefix, patterns in tables["effects"]["prefixes"].items():
        for number, _ in patterns:
            found.setdefault(number, []).append(f"{prefix}.*")
    return {
        number: names
        for number, names in sorted(found.items())
        if tables["effect_rows"][number][0] != "none"
    }


def example_of(row_name: str) -> str:
    """The name itself, or for a wildcard a member that it covers."""
    return row_name.removesuffix("*") + WILDCARD_MEMBER if row_name.endswith(".*") else row_name


def owner_of(name: str, catalogue: Catalogue) -> str:
    """The longest prefix of the name that is a type, or nothing."""
    while name and not catalogue.is_type(name):
        name = name.rpartition(".")[0]
    return name


def program_for(row_name: str, catalogue: Catalogue) -> str:
    """The first of `programs_for`."""
    return next(iter(programs_for(row_name, catalogue).values()))


def programs_for(
    row_name: str, catalogue: Catalogue, conditions: Sequence[str] | None = None
) -> dict[str, str]:
    """Programs that do what `row_name` names, by the way they come to hold the object.

    The call gets arguments for which the `conditions` hold (the `when` of the name's first row if
    left out) and no others. The ways are `function` (nothing to hold), `annotation` and
    `constructor` for types that can be named, `given` for others. Raises `NoWayError` when there
    is none.
    """
    name = example_of(row_name)
    if conditions is None:
        conditions = catalogue.effects(name)[0].when
    programs: dict[str, str] = {}
    for way in ways(name, catalogue):
        program = Program(catalogue)
        arguments = arguments_for(conditions, program)
        programs[way] = program.text(statement(name, way, arguments, program))
    return programs


def ways(name: str, catalogue: Catalogue) -> tuple[str, ...]:
    """How the object may be held whose member the name is."""
    owner = owner_of(name, catalogue)
    if owner in ("", name):
        return ("function",)
    return ("annotation", "constructor") if _can_be_named(owner, catalogue) else ("given",)


def statement(name: str, way: str, arguments: str, program: Program) -> str:
    """The call (or whatever runs a special method) that the name stands for."""
    if way == "function":
        return f"{program.spelt(name)}({arguments})"
    owner = owner_of(name, program.catalogue)
    path, _, last = name.removeprefix(f"{owner}.").rpartition(".")
    held = _held(owner, way, program)
    receiver = f"{held}.{path}" if path else held
    if last == "__call__":
        return f"{receiver}({arguments})"
    if is_dunder(last):
        return _IN_BLOCK.get(name, _IMPLICIT[last]).format(receiver=receiver)
    return f"{receiver}.{last}({arguments})"


def arguments_for(conditions: Sequence[str], program: Program) -> str:
    """Arguments for which all the conditions hold; positions that none speaks of are None."""
    positional: dict[int, str] = {}
    keywords: dict[str, str] = {}
    for condition in conditions:
        form, _, place = condition.partition("=")[0].rpartition(":")
        value = condition.partition("=")[2]
        if form == "has":
            program.parameters.append("argument")
            value = "argument"
        elif form == "is":
            value = f"{program.spelt(value)}()"
        elif form == "starts":
            value = repr(value)
        elif value[0].isalpha() and "." in value:
            value = program.spelt(value)
        if place.isdecimal():
            positional[int(place)] = value
        else:
            keywords[place] = value
    filled = [positional.get(index, "None") for index in range(max(positional, default=-1) + 1)]
    return ", ".join(itertools.chain(filled, (f"{key}={value}" for key, value in keywords.items())))


def _can_be_named(name: str, catalogue: Catalogue) -> bool:
    """Whether the type lies in a module, not in another type."""
    return not owner_of(name.rpartition(".")[0], catalogue)


def _held(name: str, way: str, program: Program, depth: int = 0) -> str:
    """An expression for an object of the type, whose parts the program gets."""
    if way == "annotation":
        program.parameters.append(f"held: {program.spelt(name)}")
        return "held"
    if way == "constructor":
        program.lines.append(f"held = {program.spelt(name)}()")
        return "held"
    catalogue = program.catalogue
    for via, giver, conditions in _givers(name):
        owner = owner_of(giver.rpartition(".")[0], catalogue)
        if owner == name or depth > 3:
            continue
        if not owner:
            source = program.spelt(giver)
        else:
            how = "constructor" if _can_be_named(owner, catalogue) else "given"
            source = _held(owner, how, program, depth + 1) + giver.removeprefix(owner)
        if via == "attribute":
            return source
        program.lines.append(f"given_{depth} = {source}({arguments_for(conditions, program)})")
        return f"given_{depth}"
    raise NoWayError(name)


def _givers(name: str) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Calls and attributes that give an object of the type itself, and their conditions."""
    tables = shipped_tables()
    wanted = ValueSpec("type", name=name)
    for via in ("call", "attribute"):
        members = tables["gives"][via]
        givers = dict(members["single"])
        for prefix, patterns in members["prefixes"].items():
            givers[f"{prefix}.{WILDCARD_MEMBER}"] = [number for number, _ in patterns]
        for giver, numbers in givers.items():
            for value, _, when in (tables["gives_rows"][number] for number in numbers):
                if parse_value(value) == wanted:
                    yield via, giver, when
