"""What an async function does before anybody else is on the loop that begins with it.

``asyncio.run(main())`` makes a loop whose only task is ``main``. Until that awaits something or
starts something itself, there is nobody whom it could hold up, whatever it starts afterwards.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.effects.effects import Behaviours, Event
from fwp_checks.project.meaning.frames import Frame, FunctionKey
from fwp_checks.project.meaning.outcome import RunFrame

if TYPE_CHECKING:
    from fwp_checks.project.loop.loop_evidence import FrameEvidence
    from fwp_checks.project.loop.private_loops import Starts

_LOOPS = frozenset({"for", "while", "comprehension", "generator"})


def begun(frame: Frame, starts: Starts, behaviours: Behaviours) -> tuple[FunctionKey, ...]:
    """The async functions that a frame runs only as the first on a loop made for them."""
    if not starts.beginning:
        return ()
    found = {after.function for after in starts.begun}
    others = {
        after.function
        for after in starts.entered
        if starts.entered.count(after) > starts.begun.count(after)
    }
    for term, inner in behaviours.of(frame).coroutines:
        (found if term in starts.beginning else others).add(inner.function)
    return tuple(sorted(found - others))


def only_begun(
    nodes: Sequence[tuple[int, FrameEvidence, list[int], list[int]]],
) -> set[FunctionKey]:
    """The async functions that only ever run as the first on a loop made for them; of all frames
    the number, the evidence, and the numbers of those that follow, each time and once.
    """
    found = {function for _, frame, _, _ in nodes for function in frame.begun}
    if not found:
        return found
    functions = {number: frame.function for number, frame, _, _ in nodes}
    for _, frame, following, first in nodes:
        for after in (*following, *first):
            if functions[after] not in frame.begun:
                found.discard(functions[after])
    return found


def alone_until(frame: Frame, behaviours: Behaviours, starts_of: Callable[[Frame], Starts]) -> int:
    """The term up to which nobody else is on a loop that begins with an async function: its first
    ``await``, or what starts something before. Of a loop around that, the beginning: it comes round
    again.
    """
    module, number = frame.module, frame.scope_number
    regions = module.regions_in(number)
    until = min((region.term for region in regions if region.is_async), default=frame.scope.end)
    company = starts_of(frame).company
    if 0 <= company < until:
        until = company
    awaits = module.of_kind(t.AWAIT)
    for at in range(bisect_left(awaits, frame.scope.start), len(awaits)):
        if awaits[at] >= until:
            break
        if module.code_scope_of(awaits[at]) == number:
            until = awaits[at]
    for event in behaviours.of(frame).events:
        if event.term >= until:
            break
        if _starts_others(event, behaviours, starts_of):
            until = event.term
    return _before_loops(frame, until)


def starts_from(frame: Frame, starts: Starts) -> int:
    """The term from which on something that a frame itself has started may run beside it."""
    return _before_loops(frame, starts.company) if starts.company >= 0 else 0


def _before_loops(frame: Frame, term: int) -> int:
    """Where the outermost loop around a term begins, else the term."""
    regions = frame.module.regions_in(frame.scope_number)
    around = (r.start for r in regions if r.kind in _LOOPS and r.start <= term < r.end)
    return min(around, default=term)


def _starts_others(
    event: Event, behaviours: Behaviours, starts_of: Callable[[Frame], Starts]
) -> bool:
    """Whether plain functions that an event runs start something on the loop."""
    waiting = [
        run.frame
        for alternative in event.alternatives
        for run in alternative or ()
        if isinstance(run, RunFrame)
    ]
    found = set(waiting)
    while waiting:
        frame = waiting.pop()
        if frame.scope.is_async:
            continue
        starts = starts_of(frame)
        if starts.concurrent or starts.keeps_tasks:
            return True
        for after in behaviours.following(frame):
            if after not in found:
                found.add(after)
                waiting.append(after)
    return False
