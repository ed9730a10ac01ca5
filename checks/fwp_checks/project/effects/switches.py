"""Branches behind switches of the environment that are off unless somebody sets them:
``if os.environ.get("RECORD_SAMPLES") == "1": …``.

Only what is compared with a word for "on" is such a switch. A variable that is there or not may
hold an address, which a deployment has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.effects.surroundings import Asking, Surroundings
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.values import External, Member

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# https://docs.python.org/3/library/os.html#os.environ
_READING = frozenset({"os.getenv", "os.environ.get"})
_ON = frozenset({"1", "true", "yes", "on", "y", "t"})
_IS_EQUAL = {"==": True, "in": True, "!=": False, "not in": False}
_CASES = frozenset({"lower", "upper", "strip", "casefold"})


class Switches:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._surroundings = Surroundings(project, self._asking, self._is_on)

    def stretches(self, frame: Frame) -> list[tuple[int, int]]:
        """Stretches of terms of a function that run only where a switch has been set."""
        return self._surroundings.stretches(frame)

    def _asking(self) -> Asking:
        """The terms that compare something with words for "on"."""
        found: Asking = {}
        for module in self._project.table.modules:
            terms = module.facts.terms
            for term in module.of_kind(t.COMPARE):
                if terms[term][1] in _IS_EQUAL and _are_on(terms, terms[term][3]):
                    found.setdefault(module, set()).add(term)
        return found

    def _is_on(self, frame: Frame, term: int) -> bool | None:
        """Whether such a comparison holds only if a switch is on (True), or off (False)."""
        entry = frame.module.facts.terms[term]
        return _IS_EQUAL[entry[1]] if self._is_read(frame, entry[2]) else None

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
