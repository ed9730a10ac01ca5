"""Which names can matter: a look at spellings that saves evaluating what cannot have an effect.

Every answer errs on the side of yes; whatever passes is resolved before anything is concluded.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.meaning.protocols import ARITHMETIC_METHODS, COMPARISON_METHODS

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project

# Objects of these come from builtins, without an import.
_ALWAYS_IMPORTED = frozenset({"builtins", "io"})
_SPECIAL = {
    t.TRUTH: ("__bool__", "__len__"),
    t.ITEM: ("__getitem__",),
    t.STORE_ITEM: ("__setitem__", "__delitem__"),
    t.COMPARE: ("__contains__", "__iter__", *COMPARISON_METHODS),
    t.BINARY: ARITHMETIC_METHODS,
    t.FORMAT: ("__str__", "__repr__", "__format__"),
}


class Names:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._active: dict[Module, list[int]] = {}

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
        """Names that class bodies bind to decorated functions, values or special methods."""
        found: set[str] = set()
        for module in self._project.table.modules:
            facts = module.facts
            for scope in facts.scopes:
                if scope.kind != "class":
                    continue
                for name, term in scope.bindings.items():
                    entry = facts.terms[term]
                    if (
                        entry[0] != t.DEFINITION
                        or facts.scopes[entry[1]].decorators
                        or name.startswith("__")
                    ):
                        found.add(name)
        return frozenset(found)

    def active(self, module: Module, start: int, end: int) -> list[int]:
        """The terms of a stretch at which something may run, in order."""
        known = self._active.get(module)
        if known is None:
            known = self._active[module] = self._find_active(module)
        return known[bisect_left(known, start) : bisect_left(known, end)]

    def _find_active(self, module: Module) -> list[int]:
        kinds = self._active_kinds
        terms = enumerate(module.facts.terms)
        if self._project.frameworks.reads_any_attribute:
            return [term for term, entry in terms if entry[0] in kinds]
        # Reading an attribute runs something if it is a property, or a field of a model.
        read = self._bound_in_classes
        return [
            term
            for term, entry in terms
            if entry[0] in kinds and (entry[0] != t.ATTR or entry[2] in read)
        ]

    @cached_property
    def _active_kinds(self) -> frozenset[int]:
        """Kinds of terms at which something may run in this project."""
        kinds = {t.CALL, t.ATTR, t.ITER, t.ENTER, t.UNPACK, t.STAR, t.YIELD, t.LOOKUP, t.RENDER}
        for kind, methods in _SPECIAL.items():
            if any(self.has_special(method) for method in methods):
                kinds.add(kind)
        return frozenset(kinds)

    def has_special(self, method: str) -> bool:
        """Whether this special method of some object may run something."""
        if method in self._bound_in_classes:
            return True
        return not self._project.catalogue.roots_with(method).isdisjoint(self.imported_roots)
