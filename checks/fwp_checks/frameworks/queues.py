"""Queues of threads and processes: what has just been seen to hold something gives it at once.

``if not queue.empty(): item = queue.get()``. Another thread may take the item in between, which
``empty()`` warns of; where only the loop's thread takes items, this is the way to poll.
https://docs.python.org/3/library/queue.html#queue.Queue.empty
https://docs.python.org/3/library/multiprocessing.html#multiprocessing.Queue.empty
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import ROUNDS, Region
from fwp_checks.frameworks.base import Framework
from fwp_checks.project.meaning.narrowing import is_same
from fwp_checks.project.meaning.tested import parts, tests_around

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame
    from fwp_checks.project.meaning.outcome import RunExternal

_CLASSES = ("queue.", "multiprocessing.queues.")
# Comparisons of how many items there are that say that there are some.
_MORE = ((">", 0), (">=", 1), ("!=", 0))
_IS = frozenset({"is", "=="})
# The end of a queue's pipe, which a selector says to be readable: CPython 3.11,
# Lib/multiprocessing/queues.py:42, and wait() of multiprocessing.connection in the documentation.
_END = "_reader"


class Queues(Framework):
    """Hooks for the standard library's queues."""

    name = "queues"
    modules = frozenset({"queue", "multiprocessing"})

    def spares(self, project: Project, frame: Frame, term: int, run: RunExternal) -> bool:
        """Whether a ``get`` stands where a test says that the same queue is not empty."""
        terms = frame.module.facts.terms
        if not run.name.endswith(".get") or not run.name.startswith(_CLASSES):
            return False
        called = terms[terms[term][1]] if terms[term][0] == t.CALL else ()
        if not called or called[0] != t.ATTR:
            return False
        return any(_says(terms, test, holds, called[1]) for test, holds in _tests(frame, term))


def _tests(frame: Frame, term: int) -> Iterator[tuple[int, bool]]:
    """What has been true, or false, each time that a term runs; of a loop also what it counts."""
    module, number = frame.module, frame.scope_number
    terms = module.facts.terms
    loops = [
        region
        for region in module.regions_in(number)
        if region.kind in ROUNDS and region.start <= term < region.end
    ]
    for test in tests_around(module, number, term):
        if not any(test.term < loop.start for loop in loops):
            yield test.term, test.holds
    inner = max(loops, key=_start, default=None)
    if inner is None or inner.term < 0:
        return
    if inner.kind == "while":
        yield from parts(terms, inner.term, holds=True)
    elif terms[inner.term][0] == t.ITER:
        counted = terms[terms[inner.term][1]]
        if counted[0] == t.CALL and terms[counted[1]] == (t.NAME, "range") and counted[2]:
            yield counted[2][-1], True


def _start(region: Region) -> int:
    return region.start


def _says(terms: list[t.Term], test: int, holds: bool, queue: int) -> bool:
    """Whether a test that holds, or does not, says that a queue has items."""
    entry = terms[test]
    if entry[0] == t.COMPARE:
        right = terms[entry[3]]
        if right[0] == t.ATTR and right[2] == _END and entry[1] in _IS:
            return holds and is_same(terms, right[1], queue)
        if right[0] != t.CONST or not holds:
            return False
        if entry[1] in _IS and isinstance(right[1], bool):
            return _says(terms, entry[2], right[1], queue)
        return (entry[1], right[1]) in _MORE and _asks(terms, entry[2], "qsize", queue)
    return _asks(terms, test, "qsize" if holds else "empty", queue)


def _asks(terms: list[t.Term], call: int, name: str, queue: int) -> bool:
    call = t.unaliased(terms, call)
    if terms[call][0] != t.CALL:
        return False
    called = terms[terms[call][1]]
    return called[0] == t.ATTR and called[2] == name and is_same(terms, called[1], queue)


FRAMEWORK = Queues()
