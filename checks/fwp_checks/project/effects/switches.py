"""Branches behind switches of the environment that are off unless somebody sets them:
``if os.environ.get("RECORD_SAMPLES") == "1": …``.

Only what is compared with a word for "on" is such a switch. A variable that is there or not may
hold an address, which a deployment has.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.tested import tests_in
from fwp_checks.project.meaning.values import External, Member

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# https://docs.python.org/3/library/os.html#os.environ
_READING = frozenset({"os.getenv", "os.environ.get"})
_ON = frozenset({"1", "true", "yes", "on", "y", "t"})
_IS_EQUAL = {"==": True, "in": True, "!=": False, "not in": False}
_CASES = frozenset({"lower", "upper", "strip", "casefold"})
_MOST_STEPS = 4
_READS = (t.ATTR, t.IMPORT)


class Switches:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._asking: dict[Module, bool] = {}

    def stretches(self, frame: Frame) -> Iterator[tuple[int, int]]:
        """Stretches of terms of a function that run only where a switch has been set."""
        if self._may_ask(frame.module) and frame.module.regions_in(frame.scope_number):
            for test in tests_in(frame.module, frame.scope_number):
                if self._is_on(frame, test.term) is test.holds:
                    yield test.start, test.end

    def _may_ask(self, module: Module) -> bool:
        """Whether a module has such a comparison, or reads a variable that holds the answer."""
        if not self._asked:
            return False
        known = self._asking.get(module)
        if known is None:
            known = self._asking[module] = module in self._asked or self._reads(module)
        return known

    def _reads(self, module: Module) -> bool:
        terms, names = module.facts.terms, self._names
        if not names.isdisjoint(module.facts.scopes[0].bindings):
            return True
        return any(terms[term][2] in names for kind in _READS for term in module.of_kind(kind))

    @cached_property
    def _asked(self) -> dict[Module, set[int]]:
        """The terms that compare something with words for "on"."""
        found: dict[Module, set[int]] = {}
        for module in self._project.table.modules:
            terms = module.facts.terms
            for term in module.of_kind(t.COMPARE):
                if terms[term][1] in _IS_EQUAL and _are_on(terms, terms[term][3]):
                    found.setdefault(module, set()).add(term)
        return found

    @cached_property
    def _names(self) -> frozenset[str]:
        """Global variables that hold the answer."""
        return frozenset(
            name
            for module, asked in self._asked.items()
            for name, term in module.facts.scopes[0].bindings.items()
            if term in asked
        )

    def _is_on(self, frame: Frame, term: int, steps: int = 0) -> bool | None:
        """Whether a test holds only if a switch is on (True), or off (False)."""
        terms = frame.module.facts.terms
        term = t.unaliased(terms, term)
        entry = terms[term]
        if term in self._asked.get(frame.module, ()):
            return _IS_EQUAL[entry[1]] if self._is_read(frame, entry[2]) else None
        name = entry[-1] if entry[0] == t.ATTR else entry[1] if entry[0] == t.NAME else None
        if entry[0] == t.IMPORT:
            name = entry[2]
        if name not in self._names or steps == _MOST_STEPS:
            return None
        bound = literals.bound(self._project, frame, entry)
        return self._is_on(bound[0], bound[1], steps + 1) if bound is not None else None

    def _is_read(self, frame: Frame, term: int) -> bool:
        """Whether a term is a variable of the environment that is not "on" where it is not set."""
        terms = frame.module.facts.terms
        entry = terms[t.unaliased(terms, term)]
        while entry[0] == t.CALL and terms[entry[1]][0] == t.ATTR and not entry[2]:
            if terms[entry[1]][2] not in _CASES:
                return False
            entry = terms[terms[entry[1]][1]]
        if entry[0] != t.CALL:
            return False
        function = self._project.values.evaluate(frame, entry[1])
        if not isinstance(function, (External, Member)) or function.name not in _READING:
            return False
        default = entry[2][1] if len(entry[2]) > 1 else -1
        return default < 0 or (terms[default][0] == t.CONST and not _are_on(terms, default))


def _are_on(terms: list[t.Term], term: int) -> bool:
    """Whether a literal is a word for "on", or consists of such."""
    entry = terms[term]
    if entry[0] == t.SEQUENCE:
        return bool(entry[2]) and all(_are_on(terms, item) for item in entry[2])
    return entry[0] == t.CONST and str(entry[1]).lower() in _ON
