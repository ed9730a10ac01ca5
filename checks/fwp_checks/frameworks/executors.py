"""Executors as context managers: leaving the block waits for what was submitted in it.

``with ThreadPoolExecutor() as pool: pool.submit(work)`` waits;
``with ThreadPoolExecutor() as pool: await loop.run_in_executor(pool, work)`` has waited already:
https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.Executor.shutdown
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.base import Framework
from fwp_checks.project.meaning.narrowing import is_same

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame
    from fwp_checks.project.meaning.outcome import RunExternal

_EXECUTORS = frozenset(
    {
        f"concurrent.futures.{name}.__exit__"
        for name in (
            "Executor",
            "ThreadPoolExecutor",
            "ProcessPoolExecutor",
            "InterpreterPoolExecutor",
        )
    }
)
_SUBMITTING = frozenset({"submit", "map"})
_ON_LOOP = "run_in_executor"
# Terms at which a function waits for what the loop does; the second part of all but the first says
# whether it is asynchronous.
_AWAITING = (t.AWAIT, t.ITER, t.ENTER)


class Executors(Framework):
    """Hooks for executors."""

    name = "executors"
    modules = frozenset({"concurrent"})

    def spares(self, project: Project, frame: Frame, term: int, run: RunExternal) -> bool:
        """Whether nothing is submitted in the block of an executor, or it is awaited there."""
        if run.name not in _EXECUTORS:
            return False
        module, number = frame.module, frame.scope_number
        for region in module.regions_in(number):
            if region.kind == "with" and region.term == term:
                if _submits(module, number, term, region.start, region.end):
                    return _awaits(module, number, region.start, region.end)
        return True


def _submits(module: Module, number: int, entered: int, start: int, end: int) -> bool:
    """Whether a stretch of a function hands work to the executor that was entered at a term."""
    terms = module.facts.terms
    executors = (entered, t.unaliased(terms, terms[entered][1]))
    calls = module.calls
    for at in range(bisect_left(calls, start), bisect_left(calls, end)):
        call = terms[calls[at]]
        called = terms[call[1]]
        if called[0] != t.ATTR or module.code_scope_of(calls[at]) != number:
            continue
        if called[2] in _SUBMITTING:
            used = called[1]
        elif called[2] == _ON_LOOP and call[2]:
            used = call[2][0]
        else:
            continue
        used = t.unaliased(terms, used)
        if any(used == one or is_same(terms, used, one) for one in executors):
            return True
    return False


def _awaits(module: Module, number: int, start: int, end: int) -> bool:
    """Whether a stretch of a function awaits anything."""
    terms = module.facts.terms
    for kind in _AWAITING:
        found = module.of_kind(kind)
        for at in range(bisect_left(found, start), bisect_left(found, end)):
            if module.code_scope_of(found[at]) == number:
                if kind == t.AWAIT or terms[found[at]][2]:
                    return True
    return False


FRAMEWORK = Executors()
