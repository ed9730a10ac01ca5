"""Where an async function has waited for all the tasks that it has started.

``await asyncio.gather(*tasks)``, ``await asyncio.wait(tasks)``, and ``await queue.join()`` where
each task was handed the queue: its workers have nothing left to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.loop.own_loops import last_name
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.narrowing import is_same
from fwp_checks.project.meaning.values import External, Member

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.loop.starts import Starts

# https://docs.python.org/3/library/asyncio-task.html#asyncio.gather, #asyncio.wait,
# https://docs.python.org/3/library/asyncio-queue.html#asyncio.Queue.join
_GATHER = "asyncio.gather"
_WAIT = "asyncio.wait"
_JOIN = "asyncio.Queue.join"
_NAMES = frozenset({"gather", "wait", "join"})
_PUTS = frozenset({"append", "add"})
# What stands in these may run, and what stands behind them runs in any case.
_ALWAYS = frozenset({"with", "try", "finally"})
_MOST_TERMS = 64


def ended_from(project: Project, frame: Frame, starts: Starts) -> int:
    """The term from which on all that a frame has started has ended, if that is known, else its
    end.
    """
    module, scope = frame.module, frame.scope
    terms = module.facts.terms
    if not starts.tasks or len(starts.company) != len(starts.tasks):
        return scope.end
    regions = module.regions_in(frame.scope_number)
    for term in module.of_kind(t.AWAIT):
        call = t.unaliased(terms, terms[term][1])
        if not scope.start <= call < term < scope.end or terms[call][0] != t.CALL:
            continue
        if last_name(terms, call) not in _NAMES or module.code_scope_of(term) != frame.scope_number:
            continue
        started = [task for task in starts.tasks if task != call]
        if not started or started[-1] > call:
            continue
        if all(r.kind in _ALWAYS for r in regions if r.start <= term < r.end):
            if _waits_for(project, frame, call, started):
                return term
    return scope.end


def _waits_for(project: Project, frame: Frame, call: int, tasks: list[int]) -> bool:
    """Whether a call waits until some tasks have nothing left to do."""
    terms = frame.module.facts.terms
    entry = terms[call]
    called = project.values.evaluate(frame, entry[1])
    name = called.name if isinstance(called, (External, Member)) else ""
    if name == _JOIN:
        queue = t.unaliased(terms, terms[entry[1]][1])
        return all(_is_handed(terms, task, queue) for task in tasks)
    if name == _GATHER or (name == _WAIT and not entry[3]):
        held = {term for argument in entry[2] for term in _held(frame, argument)}
        return held.issuperset(tasks)
    return False


def _is_handed(terms: list[t.Term], task: int, queue: int) -> bool:
    """Whether the coroutine that a task is made of is handed a queue."""
    made = t.unaliased(terms, terms[task][2][0]) if terms[task][2] else task
    if terms[made][0] != t.CALL:
        return False
    handed = [*terms[made][2], *[argument for _, argument in terms[made][3]]]
    return any(is_same(terms, t.unaliased(terms, argument), queue) for argument in handed)


def _held(frame: Frame, argument: int) -> Iterator[int]:
    """What a list, or another collection, that is handed over holds."""
    terms = frame.module.facts.terms
    waiting = [argument]
    for term in waiting:
        yield term
        if terms[term][0] not in (t.CALL, t.ATTR) and len(waiting) < _MOST_TERMS:
            waiting.extend(t.operands(terms[term]))
    lists = set(waiting)
    for call in frame.module.calls_in(frame.scope_number):
        if last_name(terms, call) in _PUTS and terms[terms[call][1]][0] == t.ATTR:
            if t.unaliased(terms, terms[terms[call][1]][1]) in lists:
                yield from [t.unaliased(terms, put) for put in terms[call][2]]
