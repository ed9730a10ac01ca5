"""The calls of a project that open something."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.effects.effects import Rows
from fwp_checks.project.files.modules import Module
from fwp_checks.project.lifetimes.model import Opening
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.outcome import RunExternal
from fwp_checks.project.meaning.values import (
    CallableValue,
    ClassValue,
    External,
    Instance,
    Member,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_OPENS = "opens"


class Openings:
    """Finds them; goes by the names under which libraries are known to open things."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._rows = Rows(project)

    @cached_property
    def lasting(self) -> list[Opening]:
        """What is meant to be opened once: all but sessions, in the order of the files."""
        names = frozenset(name for name in self._names if not self._is_session(name))
        if not names:
            return []
        spellings = self._spellings(names)
        spellings |= self._own_classes(names, spellings)
        places: set[tuple[Module, int]] = set()
        for spelling in spellings:
            places.update(self._project.call_sites.spelt(spelling))
        found: list[Opening] = []
        for module, term in sorted(places, key=lambda place: (place[0].path, place[1])):
            if module.is_served:
                frame = self._project.frame_of_scope(module, module.code_scope_of(term))
                found.extend(self._at(frame, term, names))
        return found

    def _spellings(self, names: frozenset[str]) -> set[str]:
        """The last parts of names, and of those by which they are known, too."""
        last = {name.rpartition(".")[2] for name in names}
        return last | {o for name in last for o in self._project.catalogue.other_spellings(name)}

    def _is_session(self, name: str) -> bool:
        rows = self._project.catalogue.effects(name)
        return any(row.effect == _OPENS and row.resource == "session" for row in rows)

    def in_function(self, frame: Frame) -> Iterator[Opening]:
        """What the calls that stand in a function itself open, sessions too."""
        for term in frame.module.calls_in(frame.scope_number):
            for found in self._at(frame, term, self._names):
                if not found.is_lent:
                    yield found

    @cached_property
    def _names(self) -> frozenset[str]:
        """The names that open something, of the libraries that the project imports."""
        imported = self._project.names.imported_roots
        names = self._project.catalogue.names_with(_OPENS)
        return frozenset(name for name in names if name.partition(".")[0] in imported)

    def _at(self, frame: Frame, term: int, names: frozenset[str]) -> Iterator[Opening]:
        function = frame.module.facts.terms[term][1]
        value = self._project.values.evaluate(frame, function)
        for option in options_of(value):
            name = self._name(option, names)
            if name is None:
                continue
            entry = frame.module.facts.terms[term]
            arguments = self._project.calls.arguments(frame, entry, term)
            row = self._rows.of(RunExternal(name, arguments), _OPENS)
            if row is not None:
                yield Opening(frame, term, name, row)
                return
            for lent in self._project.catalogue.effects(name):
                if lent.effect == _OPENS:
                    yield Opening(frame, term, name, lent, is_lent=True)
                    return

    def _name(self, function: Value, names: frozenset[str]) -> str | None:
        if isinstance(function, (External, Member)):
            return function.name if function.name in names else None
        if isinstance(function, Instance):
            name = f"{function.class_}.__call__"
            return name if name in names else None
        if isinstance(function, CallableValue) and isinstance(function.result, Instance):
            # sessionmaker(class_=AsyncSession)
            made = function.result.class_
            return made if isinstance(made, str) and made in names else None
        if isinstance(function, ClassValue):
            # What a class of the project's does when it is made is found in its own __init__.
            if self._project.members.find_in_class(function, "__init__") is None:
                externals = self._project.classes.info(function).externals
                return next((base for base in externals if base in names), None)
        return None

    def _own_classes(self, names: frozenset[str], last: set[str]) -> set[str]:
        """The names of the project's classes that derive from a library's that opens something."""
        found = set()
        for module in self._project.table.modules:
            terms = module.facts.terms
            for number, scope in enumerate(module.facts.scopes):
                if scope.kind == "class" and any(
                    _last(terms[base]) in last for base in scope.bases
                ):
                    externals = self._project.classes.info(ClassValue(module, number)).externals
                    if any(base in names for base in externals):
                        found.add(scope.name)
        return found


def _last(entry: t.Term) -> str:
    """The last name of a base class."""
    if entry[0] == t.ATTR:
        return str(entry[2])
    if entry[0] == t.IMPORT:
        return str(entry[2] or entry[1])
    return str(entry[1]) if entry[0] == t.NAME else ""
