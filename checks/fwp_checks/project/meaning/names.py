"""Which names can matter: a look at spellings that saves evaluating what cannot have an effect.

Every answer errs on the side of yes; whatever passes is resolved before anything is concluded.
"""

from __future__ import annotations

from functools import cached_property
from itertools import compress
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import ModuleFacts
from fwp_checks.project.meaning.protocols import METHODS

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project

# Objects of these come from builtins, without an import.
_ALWAYS_IMPORTED = frozenset({"builtins", "io"})
_SPECIAL = {
    t.TRUTH: ("__bool__", "__len__"),
    t.ITEM: ("__getitem__",),
    t.STORE_ITEM: ("__setitem__", "__delitem__"),
    t.FORMAT: ("__str__", "__repr__", "__format__"),
}
_LITERALS = frozenset({t.CONST, t.SEQUENCE, t.MAPPING, t.FORMAT, t.COMPARE, t.UNARY})
_CONTAINING = ("in", "not in")
_CONTAINERS = ("__contains__", "__iter__", "__eq__")


class Names:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project

    # -- imports -----------------------------------------------------------------------------------

    @cached_property
    def imported_roots(self) -> frozenset[str]:
        """First parts of everything the project imports absolutely, and of what these give."""
        found = set(_ALWAYS_IMPORTED)
        for module in self._project.table.modules:
            for imported in module.facts.imports:
                if not imported.level:
                    found.add(imported.module.partition(".")[0])
        return self._project.catalogue.roots_behind(frozenset(found))

    # -- reading and special methods ---------------------------------------------------------------

    @cached_property
    def _bound_in_classes(self) -> frozenset[str]:
        """Names that class bodies bind to what may run something: decorated functions, special
        methods, and values that are more than literals.
        """
        found: set[str] = set()
        for module in self._project.table.modules:
            facts = module.facts
            for scope in facts.scopes:
                if scope.kind != "class":
                    continue
                for name, term in scope.bindings.items():
                    if name not in found and (name.startswith("__") or _may_act(facts, term)):
                        found.add(name)
        return frozenset(found)

    def active(self, module: Module, start: int, end: int) -> list[int]:
        """The terms of a stretch at which something may run, in order."""
        terms = module.facts.terms
        read, operators = self._read, self._operators
        found: list[int] = []
        kinds = module.kinds[start:end].translate(self._active_kinds)
        for term in compress(range(start, end), kinds):
            kind: int = terms[term][0]
            if kind == t.ATTR:
                if read is not None and terms[term][2] not in read:
                    continue
            elif kind in (t.COMPARE, t.BINARY) and terms[term][1] not in operators:
                continue
            found.append(term)
        return found

    @cached_property
    def _read(self) -> frozenset[str] | None:
        """The attributes that may run something when they are read; None: any. One is a property,
        or a field of a model, or what a framework makes.
        """
        names = self._project.frameworks.read_names
        if names is None:
            return None
        return names | self._bound_in_classes | self._read_of_libraries

    @cached_property
    def _read_of_libraries(self) -> frozenset[str]:
        """The attributes of objects of libraries that block when they are read."""
        catalogue = self._project.catalogue
        found = set()
        for attribute, getters in catalogue.getters.items():
            for name in getters:
                # Of a descriptor, attributes have names of their own.
                if catalogue.is_type(name.rpartition(".")[0]):
                    continue
                if name.partition(".")[0] in self.imported_roots and any(
                    row.effect == "blocks" for row in catalogue.effects(name)
                ):
                    found.add(attribute)
        return frozenset(found)

    @cached_property
    def _operators(self) -> frozenset[str]:
        """The operators that may run something."""
        found = {operator for operator, method in METHODS.items() if self.has_special(method)}
        if "==" in found:
            found.add("!=")
        if any(map(self.has_special, _CONTAINERS)):
            found.update(_CONTAINING)
        if any(map(self.has_special, _SPECIAL[t.FORMAT])):
            found.add("%")
        return frozenset(found)

    @cached_property
    def _active_kinds(self) -> bytes:
        """For each kind of term whether something may run at any of them in this project."""
        kinds = {
            t.ATTR, t.CALL, t.ITER, t.ENTER, t.UNPACK, t.STAR, t.YIELD, t.LOOKUP, t.RENDER,
        }  # fmt: skip
        if self._operators:
            kinds.update((t.COMPARE, t.BINARY))
        for kind, methods in _SPECIAL.items():
            if any(self.has_special(method) for method in methods):
                kinds.add(kind)
        return bytes(kind in kinds for kind in range(256))

    def has_special(self, method: str) -> bool:
        """Whether this special method of some object may run something."""
        if method in self._bound_in_classes:
            return True
        return not self._project.catalogue.roots_with(method).isdisjoint(self.imported_roots)

    @cached_property
    def has_descriptors(self) -> bool:
        """Whether classes of the project say what reading an attribute of another class does."""
        return "__get__" in self._bound_in_classes


def _may_act(facts: ModuleFacts, term: int) -> bool:
    """Whether a value that a class body binds may be a property, or a descriptor of a library."""
    entry = facts.terms[term]
    while entry[0] == t.DECLARED:
        if entry[1] < 0:
            return False
        entry = facts.terms[entry[1]]
    if entry[0] == t.DEFINITION:
        return bool(facts.scopes[entry[1]].decorators)
    return entry[0] not in _LITERALS
