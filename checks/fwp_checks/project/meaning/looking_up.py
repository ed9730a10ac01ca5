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


class LookingUp:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[tuple[Module, int], frozenset[int]] = {}

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
            known = self._known[key] = self._find(module, scope_number)
        return known

    def _find(self, module: Module, scope_number: int) -> frozenset[int]:
        """The parameters that a function hands to what finds something by a text."""
        terms = module.facts.terms
        names = self._names
        found = set()
        for call in module.calls_in(scope_number):
            entry = terms[call]
            if _spelt(module, terms[entry[1]]) in names:
                for argument in t.operands(entry)[1:]:
                    handed = terms[t.unaliased(terms, argument)]
                    if handed[0] == t.PARAM:
                        found.add(handed[1])
        return frozenset(found)

    @property
    def _names(self) -> frozenset[str]:
        return self._project.frameworks.look_ups


def _spelt(module: Module, called: t.Term) -> str:
    """The last part of the name of what is called, as its own module calls it."""
    if called[0] == t.NAME:
        bound = module.facts.scopes[0].bindings.get(called[1], -1)
        called = module.facts.terms[bound] if bound >= 0 else called
    return str(called[2] if called[0] in (t.ATTR, t.IMPORT) else called[1])
