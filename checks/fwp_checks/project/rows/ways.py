"""The ways from what goes through rows to what is read of each, through the functions that call one
another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.project.effects.callers import Callers
from fwp_checks.project.effects.doubts import Doubts
from fwp_checks.project.effects.requirements import NOTHING, Requirements
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.origins import Origin
from fwp_checks.project.rows.row_effects import rows_among

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.rows.needs import Lack

# Where there are more calls to follow, one of them is taken to come there.
_MOST_CALLS = 64


class Ways:
    """Answers for the frames of one share."""

    def __init__(self, project: Project, callers: Callers) -> None:
        self._project = project
        self._callers = callers
        self._doubts: dict[tuple[Origin, object, str], Doubts] = {}

    def are_open(self, frame: Frame, term: int, origin: Origin, lack: Lack) -> bool:
        """Whether helpers ask something first on all ways there, of which nothing says how it comes
        out. Where the rows are gone through, and where all of it begins, a test was written for it.
        """
        key = (origin, lack.kind, lack.path)
        doubts = self._doubts.get(key)
        if doubts is None:
            doubts = self._doubts[key] = Doubts(self._project)
        waiting: list[tuple[Frame, int, Requirements]] = [(frame, term, NOTHING)]
        known = set(waiting)
        while waiting:
            frame, term, asked = waiting.pop()
            calls = self._callers.calls_of(frame)
            if not goes_through_rows(frame, origin) and (calls or rows_among(frame)):
                is_open, more = doubts.of(frame, term)
                if is_open:
                    continue
                asked |= more
                if len(known) + len(calls) > _MOST_CALLS:
                    return False
                for caller, call in calls:
                    left = doubts.answered(asked, caller, call, frame)
                    if left is not None and (caller, call, left) not in known:
                        known.add((caller, call, left))
                        waiting.append((caller, call, left))
                if calls:
                    continue
            if not any(need.owner is not None for need in asked):
                return False
        return True


def goes_through_rows(frame: Frame, origin: Origin) -> bool:
    """Whether a function goes through the rows itself."""
    consumed = origin.consumed
    return (
        consumed is not None
        and consumed.path == frame.module.path
        and frame.module.code_scope_of(consumed.term) == frame.scope_number
    )
