"""Tasks that go on while an application serves.

A start-up handler that makes a task and does not wait for it leaves it to the loop that then
serves. What such a task does first still belongs to the start; what it does in a loop that waits
for something in each round, it does beside requests, again and again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Region
from fwp_checks.project.effects.behaviours import Behaviours
from fwp_checks.project.loop.beginnings import Node, closure
from fwp_checks.project.loop.endings import ended_from
from fwp_checks.project.meaning.frames import Frame, FunctionKey
from fwp_checks.project.meaning.outcome import RunFrame

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.loop.starts import Starts

_COUNTING = frozenset({"<", "<=", ">", ">="})


def left(project: Project, frame: Frame, starts: Starts) -> tuple[FunctionKey, ...]:
    """The async functions of which a frame makes tasks that it does not wait for."""
    if not starts.tasks:
        return ()
    terms, scope = frame.module.facts.terms, frame.scope
    ended = ended_from(project, frame, starts)
    # Behind the yield of a lifespan the application stops.
    if ended < min([scope.end, *scope.yields]):
        return ()
    stops = scope.yields[0] if scope.yields else scope.end
    awaited = {
        t.unaliased(terms, terms[term][1])
        for term in frame.module.of_kind(t.AWAIT)
        if scope.start <= term < stops
    }
    handed = {
        t.unaliased(terms, argument)
        for task in starts.tasks
        if task not in awaited
        for argument in terms[task][2]
    }
    made = project.behaviours.of(frame).coroutines
    return tuple(dict.fromkeys(inner.function for term, inner in made if term in handed))


def rounds(frame: Frame) -> tuple[tuple[int, int], ...]:
    """The stretches of terms of an async frame that it goes through again and again, waiting for
    something each time.
    """
    return tuple(
        (region.start, region.end)
        for region in frame.module.regions_in(frame.scope_number)
        if region.kind == "while" and not region.exits and _goes_on(frame, region)
    )


def _goes_on(frame: Frame, region: Region) -> bool:
    terms = frame.module.facts.terms
    test = terms[region.term] if region.term >= 0 else None
    if test is not None and test[0] == t.COMPARE and test[1] in _COUNTING:
        return False
    return any(terms[term][0] == t.AWAIT for term in range(region.start, region.end))


def in_rounds(
    frame: Frame, behaviours: Behaviours, stretches: Sequence[tuple[int, int]]
) -> tuple[FunctionKey, ...]:
    """The functions that a frame runs in such stretches."""
    if not stretches:
        return ()
    behaviour = behaviours.of(frame)
    found: dict[FunctionKey, None] = {}
    for term, inner in behaviour.coroutines:
        if any(start <= term < end for start, end in stretches):
            found[inner.function] = None
    for event in behaviour.events:
        if any(start <= event.term < end for start, end in stretches):
            for alternative in event.alternatives:
                for run in alternative or ():
                    if isinstance(run, RunFrame):
                        found[run.frame.function] = None
    return tuple(found)


def going_on(
    nodes: Sequence[Node], following: Mapping[int, Sequence[int]], starting: set[int]
) -> tuple[set[FunctionKey], set[int]]:
    """The functions whose rounds go on while an application serves, and the numbers of the frames
    that these run in them; ``starting`` are those that run while it starts.
    """
    if not any(frame.left for _, frame, _, _ in nodes):
        return set(), set()
    functions = {number: frame.function for number, frame, _, _ in nodes}
    with_rounds: set[int] = set()
    repeated: dict[int, set[FunctionKey]] = {}
    tasks: set[int] = set()
    for number, frame, after, _ in nodes:
        if frame.rounds:
            with_rounds.add(number)
            repeated.setdefault(number, set()).update(frame.in_rounds)
        if frame.left and number in starting:
            tasks.update([n for n in after if functions.get(n) in frame.left])
    lasting = closure(tasks, following) & with_rounds
    again = {
        after
        for number in lasting
        for after in following[number]
        if functions.get(after) in repeated[number]
    }
    return {functions[number] for number in lasting}, closure(again, following)
