"""What an async function does before anybody else is on the loop that begins with it.

``asyncio.run(main())`` makes a loop whose only task is ``main``. Until that awaits something or
starts something itself, there is nobody whom it could hold up, whatever it starts afterwards.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import ROUNDS
from fwp_checks.project.effects.behaviours import Behaviours, Event
from fwp_checks.project.meaning.frames import Frame, FunctionKey
from fwp_checks.project.meaning.outcome import RunFrame

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.loop.loop_evidence import FrameEvidence
    from fwp_checks.project.loop.starts import Starts

Node = tuple[int, "FrameEvidence", list[int], list[int]]
"""The number of a frame, its evidence, and the numbers of those that follow, each time and once."""


class Begun(NamedTuple):
    """The async functions that a frame runs only as the first on a loop made for them.

    ``left_to_loop`` are those of them that it leaves to the loop on which it runs itself, if it
    does: ``try: get_running_loop().create_task(f()) except RuntimeError: run(f())``.
    """

    functions: tuple[FunctionKey, ...] = ()
    left_to_loop: tuple[FunctionKey, ...] = ()


def begun(project: Project, frame: Frame, starts: Starts) -> Begun:
    """With which async functions a frame has loops begin."""
    if not starts.beginning:
        return Begun()
    found = {after.function for after in starts.begun}
    others = {
        after.function
        for after in starts.entered
        if starts.entered.count(after) > starts.begun.count(after)
    }
    left: set[FunctionKey] = set()
    on_loop = project.behaviours.needing_loop(frame)
    for term, inner in project.behaviours.of(frame).coroutines:
        if term in starts.beginning:
            found.add(inner.function)
        elif any(start <= term < end for start, end in on_loop):
            left.add(inner.function)
        else:
            others.add(inner.function)
    if left and not _is_called(project, frame):
        others |= left
    return Begun(tuple(sorted(found - others)), tuple(sorted(left & found - others)))


def _is_called(project: Project, frame: Frame) -> bool:
    """Whether it is known where some call of a function stands."""
    calls = project.call_sites.of_function(frame.module, frame.scope_number)
    return any(called is not None for _, _, called in calls)


def handed_on(
    frame: Frame, behaviours: Behaviours, starts_of: Callable[[Frame], Starts]
) -> tuple[tuple[FunctionKey, FunctionKey], ...]:
    """Of the async functions with which a frame has loops begin, and of those that follow, each
    with the one with which its beginning goes on.
    """
    starts = starts_of(frame)
    if not starts.beginning:
        return ()
    found: dict[tuple[FunctionKey, FunctionKey], None] = {}
    made = [inner for term, inner in behaviours.of(frame).coroutines if term in starts.beginning]
    for begins in (*starts.begun, *made):
        after: Frame | None = begins
        while after is not None:
            if _begins_again(after, behaviours, starts_of):
                found[after.function, after.function] = None
            before, after = after, _goes_on_with(after, behaviours, starts_of)
            if after is not None:
                pair = before.function, after.function
                if pair in found:
                    break
                found[pair] = None
    return tuple(found)


def _begins_again(
    frame: Frame, behaviours: Behaviours, starts_of: Callable[[Frame], Starts]
) -> bool:
    """Whether an async frame awaits itself once more, where it has waited for what it started:
    ``await asyncio.gather(*tasks); if reloads: await run()``.
    """
    coroutines = behaviours.of(frame).coroutines
    again = [term for term, inner in coroutines if inner.function == frame.function]
    if not again or not frame.module.awaited.issuperset(again):
        return False
    starts, first = starts_of(frame), min(again)
    last = max(starts.company, default=-1)
    for event in behaviours.of(frame).events:
        if last < event.term < first and _starts_others(event, behaviours, starts_of):
            last = event.term
    return last < 0 or any(last < term < first for term in starts.gathered)


def _goes_on_with(
    frame: Frame, behaviours: Behaviours, starts_of: Callable[[Frame], Starts]
) -> Frame | None:
    """The frame of the coroutine that an async frame awaits first, itself or as a task, before it
    starts anything else.
    """
    terms = frame.module.facts.terms
    first = _first_await(frame)
    if first == frame.scope.end:
        return None
    made = t.unaliased(terms, terms[first][1])
    company = [term for term in starts_of(frame).company if term < first]
    if company == [made] and terms[made][2]:
        made = t.unaliased(terms, terms[made][2][0])
    elif company:
        return None
    coroutines = behaviours.of(frame).coroutines
    frames = [inner for term, inner in coroutines if term == made]
    functions = [inner.function for _, inner in coroutines]
    if len(frames) != 1 or functions.count(frames[0].function) != 1:
        return None
    if _before_loops(frame, made) != made or _before_loops(frame, first) != first:
        return None
    return frames[0] if _others_from(frame, first, behaviours, starts_of) == first else None


def closure(starts: Iterable[int], following: Mapping[int, Iterable[int]]) -> set[int]:
    """Where something starts, and all that follows it, as often as it may."""
    found = set(starts)
    waiting = list(found)
    while waiting:
        for after in following.get(waiting.pop(), ()):
            if after not in found:
                found.add(after)
                waiting.append(after)
    return found


def reached_functions(
    nodes: Iterable[Node], is_start: Callable[[FrameEvidence], bool]
) -> set[FunctionKey]:
    """The functions of the frames with which something starts, and of those that follow them."""
    following: dict[int, list[int]] = {}
    functions: dict[int, FunctionKey] = {}
    starts: list[int] = []
    for number, frame, after, _ in nodes:
        following.setdefault(number, []).extend(after)
        functions[number] = frame.function
        if is_start(frame):
            starts.append(number)
    return {functions[number] for number in closure(starts, following)}


def without_left(nodes: list[Node]) -> list[Node]:
    """Frames, where those that code on a loop reaches do leave to it what they would."""
    if not any(frame.left_to_loop for _, frame, _, _ in nodes):
        return nodes
    on_loop = reached_functions(nodes, lambda frame: frame.is_on_loop)
    return [
        (
            number,
            frame._replace(begun=tuple([f for f in frame.begun if f not in frame.left_to_loop]))
            if frame.left_to_loop and frame.function in on_loop
            else frame,
            after,
            first,
        )
        for number, frame, after, first in nodes
    ]


def only_begun(
    nodes: Sequence[Node],
    served: Iterable[FunctionKey],
) -> set[FunctionKey]:
    """The async functions that only ever run as the first on a loop made for them, without those
    that frameworks call.
    """
    found = {function for _, frame, _, _ in nodes for function in frame.begun}
    if not found:
        return found
    pairs = {pair for _, frame, _, _ in nodes for pair in frame.handed_on}
    found.update(after for _, after in pairs)
    found.difference_update(served)
    begun = {number: frame.function for number, frame, _, _ in nodes if frame.function in found}
    for _, frame, following, first in nodes:
        for after in (*following, *first):
            function = begun.get(after)
            if function is not None and function not in frame.begun:
                if (frame.function, function) not in pairs:
                    found.discard(function)
    count = -1
    while count != len(found):
        count = len(found)
        found.difference_update([after for before, after in pairs if before not in found])
    return found


def alone(
    frame: Frame, behaviours: Behaviours, starts_of: Callable[[Frame], Starts]
) -> tuple[tuple[int, int], ...]:
    """The stretches of terms in which nobody else is on a loop that begins with an async function:
    up to its first ``await``, or what starts something before; in ``else`` of the branch that this
    stands in, and behind it, where it is left for good. Of a loop around that, the beginning: it
    comes round again.
    """
    regions = frame.module.regions_in(frame.scope_number)
    found: list[tuple[int, int]] = []
    start = frame.scope.start
    while True:
        until = _until(frame, start, behaviours, starts_of)
        end = _before_loops(frame, until)
        if end > start:
            found.append((start, end))
        if until == frame.scope.end:
            return tuple(found)
        around = [r for r in regions if r.start <= until < r.end and r.start <= end]
        tests = {region.term for region in around if region.kind == "if"}
        for other in regions:
            if other.kind == "else" and other.term in tests:
                until = _until(frame, other.start, behaviours, starts_of)
                found.append((other.start, min(other.end, _before_loops(frame, until))))
        leaving = [region.end for region in around if region.leaves]
        if not leaving:
            return tuple(found)
        start = max(leaving)


def _until(
    frame: Frame, start: int, behaviours: Behaviours, starts_of: Callable[[Frame], Starts]
) -> int:
    """The first term from a start on where a frame waits, or starts something."""
    until = _first_await(frame, start)
    for term in starts_of(frame).company:
        if start <= term < until:
            until = term
            break
    return _others_from(frame, until, behaviours, starts_of, start)


def _first_await(frame: Frame, start: int = 0) -> int:
    """The term from a start on where an async frame first waits, or its end."""
    module, number = frame.module, frame.scope_number
    regions = module.regions_in(number)
    until = min(
        (region.term for region in regions if region.is_async and region.term >= start),
        default=frame.scope.end,
    )
    awaits = module.of_kind(t.AWAIT)
    for at in range(bisect_left(awaits, max(start, frame.scope.start)), len(awaits)):
        if awaits[at] >= until:
            break
        if module.code_scope_of(awaits[at]) == number:
            return awaits[at]
    return until


def _others_from(
    frame: Frame,
    until: int,
    behaviours: Behaviours,
    starts_of: Callable[[Frame], Starts],
    start: int = 0,
) -> int:
    """The first term before a term, from a start on, at which plain functions start something, else
    that term.
    """
    for event in behaviours.of(frame).events:
        if event.term >= until:
            break
        if event.term >= start and _starts_others(event, behaviours, starts_of):
            return event.term
    return until


def starts_from(frame: Frame, starts: Starts) -> int:
    """The term from which on something that a frame itself has started may run beside it."""
    return _before_loops(frame, starts.company[0]) if starts.company else frame.scope.end


def _before_loops(frame: Frame, term: int) -> int:
    """Where the outermost loop around a term begins, else the term."""
    regions = frame.module.regions_in(frame.scope_number)
    around = (r.start for r in regions if r.kind in ROUNDS and r.start <= term < r.end)
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
        if starts.company:
            return True
        for after in behaviours.following(frame):
            if after not in found:
                found.add(after)
                waiting.append(after)
    return False
