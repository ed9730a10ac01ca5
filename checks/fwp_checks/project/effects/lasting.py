"""Variables that outlive a call, by name: attributes (with a dot before it) and globals; and where
containers among them are filled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# hasattr(x, "name") and getattr(x, "name", None) ask for an attribute, too.
_ATTRIBUTE_FUNCTIONS = ((t.NAME, "hasattr"), (t.NAME, "getattr"))
# Methods that put something into a container, and those that take something from one.
_FILLING: frozenset[str] = frozenset(
    {"add", "append", "appendleft", "extend", "insert", "setdefault", "update"}
)
_TAKING: frozenset[str] = frozenset({"clear", "discard", "pop", "popitem", "popleft", "remove"})


def lasting(terms: list[t.Term], term: int) -> str | None:
    """The name of a variable that outlives the call: an attribute, or a global."""
    entry = terms[term]
    if entry[0] == t.ATTR:
        return f".{entry[2]}"
    if entry[0] == t.CALL and len(entry[2]) > 1 and terms[entry[1]] in _ATTRIBUTE_FUNCTIONS:
        name = terms[entry[2][1]]
        return f".{name[1]}" if name[0] == t.CONST else None
    return str(entry[1]) if entry[0] == t.NAME else None


def got_from(terms: list[t.Term], term: int) -> str | None:
    """The mapping that ``mapping.get(key)`` asks."""
    entry = terms[term]
    if entry[0] != t.CALL or terms[entry[1]][0] != t.ATTR or terms[entry[1]][2] != "get":
        return None
    return lasting(terms, terms[entry[1]][1])


class Filled:
    """Containers that outlive the calls which fill them."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._taken: dict[Module, frozenset[str]] = {}

    def of(self, frame: Frame, tested: set[str]) -> list[tuple[str, int]]:
        """Containers that outlive the call, of those that a function tests for being empty, where
        it puts something into them. Not those from which their file takes something out again,
        nor those of rows, of which there are many.
        """
        filled = self._filled_in(frame, tested) if tested else []
        if not filled:
            return filled
        taken = self._taken_from(frame.module)
        class_ = self._project.calls.class_of_method(frame.module, frame.scope_number)
        is_of_rows = class_ is not None and self._project.frameworks.is_model(class_)
        return [
            (name, term)
            for name, term in filled
            if name not in taken and not (is_of_rows and name.startswith("."))
        ]

    @staticmethod
    def _filled_in(frame: Frame, tested: set[str]) -> list[tuple[str, int]]:
        """Where a function puts something into what is called so."""
        module = frame.module
        terms = module.facts.terms
        found: list[tuple[str, int]] = []
        for store in module.of_kind_in(t.STORE_ITEM, frame.scope):
            name = lasting(terms, terms[store][1])
            if name is not None and name in tested:
                found.append((name, store))
        for call in module.calls_in(frame.scope_number):
            called = terms[terms[call][1]]
            if called[0] == t.ATTR and called[2] in _FILLING:
                name = lasting(terms, called[1])
                if name is not None and name in tested:
                    found.append((name, call))
        return found

    def _taken_from(self, module: Module) -> frozenset[str]:
        """The lasting variables of a file from which it takes something."""
        known = self._taken.get(module)
        if known is None:
            terms = module.facts.terms
            called = [terms[terms[call][1]] for call in module.calls]
            names = [lasting(terms, c[1]) for c in called if c[0] == t.ATTR and c[2] in _TAKING]
            deleted = [s for s in module.of_kind(t.STORE_ITEM) if terms[s][3] < 0]
            names += [lasting(terms, terms[store][1]) for store in deleted]
            known = self._taken[module] = frozenset([name for name in names if name is not None])
        return known
