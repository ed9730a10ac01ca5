"""Who calls a frame, and whether any of them lets a term of it run.

``def show(author, counts=True): … if counts: author.posts.count()`` asks for nothing where all that
reach it say ``counts=False``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fwp_checks.project.effects.conditions import Requirements
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.outcome import RunFrame

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# How far up the callers of code are looked at that runs in any case.
_LEVELS = 2


class Callers:
    """Answers for a set of frames."""

    def __init__(self, project: Project, frames: Iterable[Frame]) -> None:
        self._conditions = project.conditions
        self._calls: dict[Frame, list[tuple[Frame, int]]] = {}
        for frame in frames:
            for event in project.behaviours.of(frame).events:
                for alternative in event.alternatives:
                    for run in alternative or ():
                        if isinstance(run, RunFrame):
                            self._calls.setdefault(run.frame, []).append((frame, event.term))

    def may_run(self, frame: Frame, term: int) -> bool:
        """Whether some caller may let a term run; so does whoever is not known."""
        return self._may(frame, self._conditions.of(frame, term), _LEVELS, set())

    def _may(
        self,
        frame: Frame,
        requirements: Requirements,
        levels: int,
        seen: set[tuple[Frame, Requirements]],
    ) -> bool:
        calls = self._calls.get(frame)
        if not calls or (not requirements and levels <= 0):
            return True
        if (frame, requirements) in seen:
            return False
        seen.add((frame, requirements))
        for caller, term in calls:
            left = self._conditions.left(requirements, caller, term, frame)
            if left is not None:
                more = left | self._conditions.of(caller, term)
                if self._may(caller, more, levels - 1, seen):
                    return True
        return False
