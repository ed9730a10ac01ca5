"""The tables of mapped classes: their names, and the tables that their foreign keys name.

Names that are given nowhere are made by Flask-SQLAlchemy (flask_sqlalchemy/model.py) or SQLModel
(sqlmodel/main.py), or by a base class of the project in some way like it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.sqlalchemy.imperative import Mapping, behind
from fwp_checks.project.meaning.values import ClassValue, External, Member, options_of

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

_MAX_DEPTH = 6
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(slots=True, unsafe_hash=True)
class Table:
    """The table of a class.

    ``name`` is empty where the class body does not give it; then it is one of ``guesses``.
    ``references`` are the tables (by name, or by class) that foreign keys name, with the column of
    each.
    """

    name: str
    guesses: frozenset[str]
    references: frozenset[tuple[str, str | ClassValue]]

    def is_called(self, name: str | ClassValue) -> bool:
        """Whether a foreign key to this table means it."""
        if not isinstance(name, str):
            return False
        return name == self.name if self.name else name in self.guesses


def find(project: Project, class_: ClassValue) -> Table:
    """The table of a class, as its own body describes it."""
    facts = class_.module.facts
    bindings = facts.scopes[class_.scope].bindings
    term = bindings.get("__tablename__", -1)
    entry = facts.terms[term] if term >= 0 else t.NOTHING
    while entry[0] in (t.DECLARED, t.ALIAS) and entry[1] >= 0:
        entry = facts.terms[entry[1]]
    name = entry[1] if entry[0] == t.CONST and isinstance(entry[1], str) else ""
    frame = project.classes.frame_around(class_)
    found: set[tuple[str, str | ClassValue]] = set()
    for column, bound in bindings.items():
        if bound >= 0:
            found.update((column, table) for table in _references(project, frame, bound))
    return Table(name, _guesses(class_.name), frozenset(found))


def made(project: Project, class_: ClassValue, mapping: Mapping) -> Table:
    """The table that a class is mapped to by a call, as ``Table("posts", metadata, …)`` says."""
    name = ""
    found: set[tuple[str, str | ClassValue]] = set()
    frame = mapping.table_frame
    terms = frame.module.facts.terms
    given = terms[mapping.table][2] if mapping.table >= 0 else ()
    for number, argument in enumerate(given):
        entry = terms[t.unaliased(terms, argument)]
        if not number:
            name = entry[1] if entry[0] == t.CONST and isinstance(entry[1], str) else ""
        elif entry[0] == t.CALL and entry[2]:
            first = terms[entry[2][0]]
            column = first[1] if first[0] == t.CONST and isinstance(first[1], str) else ""
            found.update((column, table) for table in _in_calls(project, frame, argument, 0))
    return Table(name, _guesses(class_.name), frozenset(found))


def _guesses(class_name: str) -> frozenset[str]:
    snake = _CAPITAL.sub("_", class_name).lower()
    plain = class_name.lower()
    found = set()
    for base in (snake, plain):
        found |= {base, f"{base}s", f"{base}es", f"{base[:-1]}ies"}
    return frozenset(found)


def _references(project: Project, frame: Frame, term: int) -> Iterator[str | ClassValue]:
    """The tables that the foreign keys in an expression name."""
    facts = frame.module.facts
    entry = facts.terms[term]
    if entry[0] == t.DEFINITION:
        # @declared_attr def owner_id(cls): return Column(ForeignKey(…))
        scope = facts.scopes[entry[1]]
        if scope.kind == "function" and scope.decorators and len(scope.returns) == 1:
            inner = project.frame_of_scope(frame.module, entry[1])
            yield from _in_calls(project, inner, scope.returns[0], 0)
    else:
        yield from _in_calls(project, frame, term, 0)


def _in_calls(project: Project, frame: Frame, term: int, depth: int) -> Iterator[str | ClassValue]:
    terms = frame.module.facts.terms
    while term >= 0 and terms[term][0] in (t.DECLARED, t.ALIAS):
        term = terms[term][1]
    if term < 0 or depth > _MAX_DEPTH:
        return
    entry = terms[term]
    if entry[0] == t.SEQUENCE:
        for item in entry[2]:
            yield from _in_calls(project, frame, item, depth + 1)
        return
    if entry[0] != t.CALL:
        return
    name = _last_name(project, frame, entry[1])
    if name == "ForeignKey" and entry[2]:
        yield from _named(project, frame, entry[2][0])
    elif name == "ForeignKeyConstraint" and len(entry[2]) > 1:
        listed = terms[entry[2][1]]
        for item in listed[2] if listed[0] == t.SEQUENCE else ():
            yield from _named(project, frame, item)
    for keyword, argument in entry[3]:
        if keyword == "foreign_key":
            yield from _named(project, frame, argument)
        elif keyword == "sa_column":
            yield from _in_calls(project, frame, argument, depth + 1)
    for argument in entry[2]:
        yield from _in_calls(project, frame, argument, depth + 1)


def _last_name(project: Project, frame: Frame, term: int) -> str:
    for value in options_of(project.values.evaluate(frame, term)):
        if isinstance(value, (External, Member)):
            return value.name.rpartition(".")[2]
    return ""


def _named(project: Project, frame: Frame, term: int) -> Iterator[str | ClassValue]:
    """The table of ``"user.id"``, ``"schema.user.id"`` or ``User.id``."""
    entry = frame.module.facts.terms[term]
    if entry[0] == t.CONST and isinstance(entry[1], str):
        parts = entry[1].split(".")
        yield parts[-2] if len(parts) > 1 else parts[0]
    elif entry[0] == t.ATTR:
        owner = project.values.evaluate(frame, entry[1])
        if isinstance(owner, ClassValue):
            yield owner
        elif frame.module.facts.terms[entry[1]][0] == t.ATTR:
            yield from _named(project, frame, entry[1])  # User.__table__.c.id
        elif entry[2] in ("c", "columns"):
            yield from _table_name(project, frame, entry[1])  # users.c.id


def _table_name(project: Project, frame: Frame, term: int) -> Iterator[str]:
    """The name in ``users = Table("user", …)``."""
    inner, call = behind(project, frame, term)
    terms = inner.module.facts.terms
    entry = terms[call]
    first = terms[entry[2][0]] if entry[0] == t.CALL and entry[2] else t.NOTHING
    if first[0] == t.CONST and isinstance(first[1], str):
        yield first[1]
