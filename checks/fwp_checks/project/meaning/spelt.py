"""Calls and decorators of a project by the last name of what is called, as it is spelt there: what
they mean is worth finding out where the name fits.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Collection
from functools import cached_property, partial
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# A call in the index is the number of its module above so many bits of its term: there are many.
_TERM_BITS = 32
_TERM_MASK = (1 << _TERM_BITS) - 1
# Where what is called is no name, but the result of something.
OF_A_VALUE = "<value>"


class Spelt:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._in_files: dict[str, dict[Module, list[int]]] = {}

    def spelt(self, name: str) -> list[tuple[Module, int]]:
        """Calls of anything whose last name this is: module and CALL term."""
        return [self._place(place) for place in self._index.get(name, ())]

    def spelt_in(self, module: Module, names: Collection[str]) -> list[int]:
        """Calls in a file of anything whose last name is one of these, in order."""
        if self._project.table.by_path.get(module.path) is not module:
            # A template, or a test.
            terms = module.facts.terms
            return [n for n in module.calls if self._spelling(module, terms[terms[n][1]]) in names]
        found: list[int] = []
        for name in names:
            known = self._in_files.get(name)
            if known is None:
                known = self._in_files[name] = self._by_file(name)
            found += known.get(module, ())
        return sorted(found)

    def _by_file(self, name: str) -> dict[Module, list[int]]:
        found: dict[Module, list[int]] = {}
        for module, call in self.spelt(name):
            found.setdefault(module, []).append(call)
        return found

    def is_spoken_of(self, name: str) -> bool:
        """Whether code reads an attribute of this name anywhere, to call it or not."""
        return name in self._read

    def decorators_spelt(self, name: str) -> list[tuple[Module, int, int]]:
        """Decorators whose last name this is: module, scope of the function, term."""
        return self._decorators.get(name, [])

    @cached_property
    def _decorators(self) -> dict[str, list[tuple[Module, int, int]]]:
        """Decorators by their last name: module, scope of the function, term."""
        return self._decorators_of("function")

    @cached_property
    def _class_decorators(self) -> dict[str, list[tuple[Module, int, int]]]:
        """The same of classes."""
        return self._decorators_of("class")

    def _decorators_of(self, kind: str) -> dict[str, list[tuple[Module, int, int]]]:
        index: dict[str, list[tuple[Module, int, int]]] = {}
        for module in self._project.table.modules:
            terms = module.facts.terms
            for number, scope in enumerate(module.facts.scopes):
                for term in scope.decorators if scope.kind == kind else ():
                    called = terms[terms[term][1]] if terms[term][0] == t.CALL else terms[term]
                    index.setdefault(self._spelling(module, called), []).append(
                        (module, number, term)
                    )
        return index

    @cached_property
    def _index(self) -> dict[str, array[int]]:
        """CALL terms, as numbers for :meth:`_place`, by the last name of what they call."""
        index: dict[str, array[int]] = defaultdict(partial(array, "Q"))
        for number, module in enumerate(self._project.table.modules):
            terms = module.facts.terms
            for term in module.calls:
                name = self._spelling(module, terms[terms[term][1]])
                index[name].append(number << _TERM_BITS | term)
        return index

    @cached_property
    def _read(self) -> frozenset[str]:
        """The names of all attributes that are read."""
        found: set[str] = set()
        for module in self._project.table.modules:
            terms = module.facts.terms
            found.update([terms[term][2] for term in module.of_kind(t.ATTR)])
        return frozenset(found)

    def _place(self, place: int) -> tuple[Module, int]:
        """The module and the term of a number in the index."""
        return self._project.table.modules[place >> _TERM_BITS], place & _TERM_MASK

    def _spelling(self, module: Module, function: t.Term) -> str:
        kind: int = function[0]
        if kind == t.ATTR:
            return str(function[2])
        if kind == t.IMPORT:
            return str(function[2] or function[1])
        if kind == t.DEFINITION:
            return module.facts.scopes[function[1]].name
        if kind == t.NAME:
            bound = module.facts.scopes[0].bindings.get(function[1], -1)
            # "open = open" binds a name to the builtin of that name.
            if bound < 0 or module.facts.terms[bound][0] == t.NAME:
                return str(function[1])
            return self._spelling(module, module.facts.terms[bound])
        return OF_A_VALUE
