"""Tests of what surrounds a process: its operating system, switches of its environment.

What asks is known by how it is spelt; the answer may be kept in a global variable, which is
followed to where it was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.tested import Tested, tests_in

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

Asking = dict[Module, set[int]]
"""The terms that ask, by module."""

_MOST_STEPS = 4
_READS = (t.ATTR, t.IMPORT)


class Surroundings:
    """Answers for one question and one project.

    ``asking`` finds the terms that ask. ``answer`` tells of such a term in a frame whether it holds
    where a service is *not* (True), or only where one is (False), or neither (None).
    """

    def __init__(
        self,
        project: Project,
        asking: Callable[[], Asking],
        answer: Callable[[Frame, int], bool | None],
    ) -> None:
        self._project = project
        self._find_asking = asking
        self._answer = answer
        self._concerned: dict[Module, bool] = {}
        self._known: dict[tuple[Module, int], list[Tested]] = {}

    def stretches(self, frame: Frame) -> list[tuple[int, int]]:
        """Stretches of terms of a function that run only where a service is not."""
        return [
            (test.start, test.end)
            for test in self._tests(frame)
            if self._answered(frame, test.term) is test.holds
        ]

    def _tests(self, frame: Frame) -> Sequence[Tested]:
        """The tests of a function that ask, or read a variable that may hold the answer."""
        module = frame.module
        if not self._is_concerned(module):
            return ()
        key = (module, frame.scope_number)
        known = self._known.get(key)
        if known is None:
            terms = module.facts.terms
            known = self._known[key] = [
                test
                for test in tests_in(module, frame.scope_number)
                if self._may_answer(module, t.unaliased(terms, test.term))
            ]
        return known

    def _may_answer(self, module: Module, term: int) -> bool:
        return (
            term in self._asking.get(module, ())
            or _name_of(module.facts.terms[term]) in self._names
        )

    def _is_concerned(self, module: Module) -> bool:
        """Whether a module asks, or reads a variable that holds the answer."""
        if not self._asking:
            return False
        known = self._concerned.get(module)
        if known is None:
            known = self._concerned[module] = module in self._asking or self._reads(module)
        return known

    def _reads(self, module: Module) -> bool:
        terms, names = module.facts.terms, self._names
        if not names:
            return False
        if not names.isdisjoint(module.facts.scopes[0].bindings):
            return True
        return any(terms[term][2] in names for kind in _READS for term in module.of_kind(kind))

    @cached_property
    def _asking(self) -> Asking:
        return self._find_asking()

    @cached_property
    def _names(self) -> frozenset[str]:
        """Global variables that hold the answer."""
        return frozenset(
            name
            for module, asking in self._asking.items()
            for name, term in module.facts.scopes[0].bindings.items()
            if term in asking
        )

    def _answered(self, frame: Frame, term: int, steps: int = 0) -> bool | None:
        terms = frame.module.facts.terms
        term = t.unaliased(terms, term)
        entry = terms[term]
        if term in self._asking.get(frame.module, ()):
            return self._answer(frame, term)
        if _name_of(entry) not in self._names or steps == _MOST_STEPS:
            return None
        bound = literals.bound(self._project, frame, entry)
        return self._answered(bound[0], bound[1], steps + 1) if bound is not None else None


def _name_of(entry: t.Term) -> str | None:
    """The name of the variable that a term reads, as it is called where it is bound."""
    name: str | None = None
    if entry[0] in (t.ATTR, t.IMPORT):
        name = entry[2]
    elif entry[0] == t.NAME:
        name = entry[1]
    return name
