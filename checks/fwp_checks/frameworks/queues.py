"""Queues of threads: what has just been seen to hold something gives it at once.

``if not queue.empty(): item = queue.get()``. Another thread may take the item in between, which
``empty()`` warns of; where only the loop's thread takes items, this is the way to poll.
https://docs.python.org/3/library/queue.html#queue.Queue.empty
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.base import Framework
from fwp_checks.project.meaning.narrowing import is_same

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame
    from fwp_checks.project.meaning.outcome import RunExternal


class Queues(Framework):
    """Hooks for the standard library's queues."""

    name = "queues"
    modules = frozenset({"queue"})

    def spares(self, project: Project, frame: Frame, term: int, run: RunExternal) -> bool:
        """Whether a ``get`` stands where a test says that the same queue is not empty."""
        terms = frame.module.facts.terms
        if not run.name.endswith(".get") or terms[term][0] != t.CALL:
            return False
        called = terms[terms[term][1]]
        return called[0] == t.ATTR and any(
            region.start <= term < region.end and _is_filled(terms, region.term, called[1])
            for region in frame.module.regions_in(frame.scope_number)
            if region.kind in ("if", "while") and region.term >= 0
        )


def _is_filled(terms: list[t.Term], condition: int, queue: int) -> bool:
    """Whether a condition is ``not queue.empty()``, ``queue.qsize()``, or asks for it besides."""
    entry = terms[condition]
    if entry[0] == t.BOOL and entry[1] == "and":
        return any(_is_filled(terms, operand, queue) for operand in entry[2])
    if entry[0] == t.COMPARE and entry[1] == ">":
        return _asks(terms, entry[2], "qsize", queue)
    if entry[0] == t.UNARY and entry[1] == "not":
        return _asks(terms, entry[2], "empty", queue)
    return _asks(terms, condition, "qsize", queue)


def _asks(terms: list[t.Term], call: int, name: str, queue: int) -> bool:
    if terms[call][0] != t.CALL:
        return False
    called = terms[terms[call][1]]
    return called[0] == t.ATTR and called[2] == name and is_same(terms, called[1], queue)


FRAMEWORK = Queues()
