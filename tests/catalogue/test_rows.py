"""Every shipped row: found by each of its names, reading well, and good for a program."""

from __future__ import annotations

import ast
import re

import pytest

from fwp_checks.catalogue import Catalogue
from fwp_checks.catalogue.grammar import is_dunder, parse_value

from .programs import (
    MARK,
    example_of,
    names_by_row,
    owner_of,
    program_for,
    programs_for,
    shipped_tables,
)

TABLES = shipped_tables()
CATALOGUE = Catalogue.shipped()
NAMES = names_by_row(TABLES)


def _label(number: int) -> str:
    return f"{TABLES['effect_rows'][number][7]}:{NAMES[number][0]}"


rows = pytest.mark.parametrize("number", NAMES, ids=_label)


@rows
def test_found_by_each_name_and_alias(number: int) -> None:
    effect, kind, reason = TABLES["effect_rows"][number][:3]
    for row_name in NAMES[number]:
        name = example_of(row_name)
        found = CATALOGUE.effects(name)
        assert (effect, kind, reason) in [(r.effect, r.kind, r.reason) for r in found], name
        assert CATALOGUE.canonical(name) == name


@rows
def test_reads_well(number: int) -> None:
    _, _, reason, alternative, link, unless, when, source, _ = TABLES["effect_rows"][number]
    assert link.startswith("https://"), source
    assert reason == reason.strip() and not reason.endswith("."), reason
    assert not re.match(r"[A-Z][a-z]", reason), reason
    assert alternative == alternative.strip() and not alternative.endswith("."), alternative
    assert not alternative.lower().startswith("use "), alternative
    assert not set(unless) & set(when)


@rows
def test_programs_can_be_made(number: int) -> None:
    when = TABLES["effect_rows"][number][6]
    for row_name in NAMES[number]:
        for program in programs_for(row_name, CATALOGUE, when).values():
            tree = ast.parse(program)
            assert isinstance(tree.body[-1], ast.AsyncFunctionDef)
            assert program.count(MARK) == 1


def test_aliases_lead_to_what_is_described() -> None:
    for alias, name in TABLES["aliases"].items():
        assert CATALOGUE.canonical(alias) == name
        assert CATALOGUE.canonical(f"{alias}.member") == f"{name}.member"
        assert not CATALOGUE.is_type(alias)


def test_types_inherit_every_row_of_their_bases_unless_they_say_otherwise() -> None:
    explicit = TABLES["effects"]["single"]
    for name, bases in TABLES["types"].items():
        for base in bases:
            for row_name in explicit:
                member = row_name.removeprefix(f"{base}.")
                if member == row_name or owner_of(row_name, CATALOGUE) != base:
                    continue
                if f"{name}.{member}" not in explicit and len(bases) == 1:
                    own = TABLES["effects"]["prefixes"].get(name)
                    if own is None:
                        assert CATALOGUE.effects(f"{name}.{member}") == CATALOGUE.effects(row_name)


def test_special_methods_belong_to_declared_types() -> None:
    """Implicit calls need an object, so the name before the special method lies below a type.

    Descriptors are no objects of the user's: a framework module says when ``__get__`` is called.
    """
    names = [name for names in NAMES.values() for name in names]
    implicit = [name for name in names if is_dunder(name.rpartition(".")[2])]
    implicit = [name for name in implicit if not name.endswith(".__get__")]
    assert [name for name in implicit if not owner_of(name, CATALOGUE)] == []


def test_every_type_mentioned_by_a_value_is_declared_under_its_canonical_name() -> None:
    for value, _, _ in TABLES["gives_rows"]:
        for name in parse_value(value).types:
            assert CATALOGUE.is_type(name), value


@pytest.mark.parametrize(
    ("name", "last_line"),
    [
        ("time.sleep", "time.sleep()"),
        ("smtplib.SMTP", "smtplib.SMTP(argument)"),
        ("fcntl.flock", "fcntl.flock(None, fcntl.LOCK_EX)"),
        ("imaplib.IMAP4.*", "held.anything()"),
        ("subprocess.Popen.stdout.__iter__", "for _ in held.stdout: pass"),
        ("concurrent.futures.Executor.map.results.__iter__", "for _ in given_0: pass"),
        ("builtins.open", "open()"),
    ],
)
def test_what_programs_look_like(name: str, last_line: str) -> None:
    program = program_for(name, CATALOGUE)
    assert program.endswith(f"    {last_line}  {MARK}\n")
