"""Parameters by which a function finds something: ``def page(template, **names): return
render_template(template, **names)``.

What it finds depends on the text that it is handed, which frames are not told apart by otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.values import Constant, FunctionValue, Value

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# How many helpers may hand a name on to each other.
_MOST_STEPS = 3


class LookingUp:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[tuple[Module, int], frozenset[int]] = {}
        self._helpers: frozenset[str] | None = None

    def is_name(self, function: FunctionValue, index: int, given: Value | None) -> bool:
        """Whether what a parameter is given is a text by which the function finds something."""
        if not isinstance(given, Constant) or not isinstance(given.value, str):
            return False
        return index in self.of(function.module, function.scope)

    def of(self, module: Module, scope_number: int) -> frozenset[int]:
        """The parameters by which a function finds something."""
        key = (module, scope_number)
        known = self._known.get(key)
        if known is None:
            if self._helpers is None:
                self._helpers = self._find_helpers()
            known = self._known[key] = self._find(module, scope_number, self._helpers)
        return known

    def _find_helpers(self) -> frozenset[str]:
        """The names of functions of the project that hand a parameter to what finds something, by
        themselves or through each other: helpers of helpers that render templates.
        """
        found: set[str] = set()
        names: set[str] | frozenset[str] = self._project.frameworks.look_ups
        for _ in range(_MOST_STEPS):
            wanted = frozenset(names)
            names = set()
            for name in sorted(wanted):
                for module, call in self._project.call_sites.spelt(name):
                    number = module.code_scope_of(call)
                    scope = module.facts.scopes[number]
                    if scope.kind == "function" and scope.parent == 0 and scope.name not in found:
                        if self._find(module, number, wanted):
                            names.add(scope.name)
            found |= names
        return frozenset(found)

    def _find(self, module: Module, scope_number: int, helpers: frozenset[str]) -> frozenset[int]:
        """The parameters that a function hands to what finds something by a text."""
        terms = module.facts.terms
        names = self._project.frameworks.look_ups
        found = set()
        for call in module.calls_in(scope_number):
            entry = terms[call]
            called = terms[entry[1]]
            spelt = _spelt(module, called)
            if spelt in names or (called[0] == t.NAME and spelt in helpers):
                for argument in t.operands(entry)[1:]:
                    handed = terms[t.unaliased(terms, argument)]
                    if handed[0] == t.PARAM:
                        found.add(handed[1])
        return frozenset(found)


def _spelt(module: Module, called: t.Term) -> str:
    """The last part of the name of what is called, as its own module calls it."""
    if called[0] == t.NAME:
        bound = module.facts.scopes[0].bindings.get(called[1], -1)
        meant = module.facts.terms[bound] if bound >= 0 else called
        called = meant if meant[0] in (t.ATTR, t.IMPORT) else called
    return str(called[2] if called[0] in (t.ATTR, t.IMPORT) else called[1])
