"""Processes that have ended: who waits for one then, or reads what it left, gets it at once.

``if process.poll() is not None: process.wait()``; ``poll`` and ``returncode`` give None as long as
it runs. https://docs.python.org/3/library/subprocess.html#subprocess.Popen.poll
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.base import Framework
from fwp_checks.project.meaning.narrowing import is_same
from fwp_checks.project.meaning.tested import tests_before

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame
    from fwp_checks.project.meaning.outcome import RunExternal

_PROCESS = "subprocess.Popen."
_IS_NONE = {"is": True, "==": True, "is not": False, "!=": False}
_PIPES = ("stdout", "stderr")


class Processes(Framework):
    """Hooks for the standard library's processes."""

    name = "processes"
    modules = frozenset({"subprocess"})

    def spares(self, project: Project, frame: Frame, term: int, run: RunExternal) -> bool:
        """Whether a process is waited for, or its output read, where a test says that it has
        ended.
        """
        terms = frame.module.facts.terms
        if not run.name.startswith(_PROCESS) or terms[term][0] != t.CALL:
            return False
        called = terms[terms[term][1]]
        if called[0] != t.ATTR:
            return False
        process = called[1]
        if terms[process][0] == t.ATTR and terms[process][2] in _PIPES:
            process = terms[process][1]
        return any(
            _says_ended(terms, test, process, holds=holds)
            for test, holds in tests_before(frame.module, frame.scope_number, term)
        )


def _says_ended(terms: list[t.Term], test: int, process: int, *, holds: bool) -> bool:
    """Whether a process has ended where a test is true, or where it is false."""
    entry = terms[test]
    if entry[0] == t.COMPARE and entry[1] in _IS_NONE and _is_code(terms, entry[2], process):
        other = terms[entry[3]]
        # Equal to a number, or not equal to None.
        is_equal = _IS_NONE[entry[1]] is holds
        return other[0] == t.CONST and (other[1] is None) is not is_equal
    return holds and _is_code(terms, test, process)


def _is_code(terms: list[t.Term], term: int, process: int) -> bool:
    """Whether a term is what a process ended with: ``process.poll()``, ``process.returncode``."""
    while terms[term][0] in (t.NARROW, t.ALIAS, t.TRUTH):
        term = terms[term][1]
    name = "returncode"
    if terms[term][0] == t.CALL:
        name, term = "poll", terms[term][1]
    entry = terms[term]
    return entry[0] == t.ATTR and entry[2] == name and is_same(terms, entry[1], process)


FRAMEWORK = Processes()
