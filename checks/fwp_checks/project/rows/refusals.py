"""Reads of relations that fail, because a library refuses to query where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from fwp_checks.project.meaning.outcome import Alternative, RunExternal

if TYPE_CHECKING:
    from fwp_checks.project.effects.callers import Callers
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame
    from fwp_checks.project.rows.row_frames import RowFrames

# How far up it is looked for what has loaded a relation before.
_LEVELS = 3


class Refused(NamedTuple):
    """A relation that is read although it was not loaded. ``name`` is the relation with its class,
    ``loading`` what loads it. ``is_forbidden``: by the mapping or by the query, not by the session.
    """

    name: str
    loading: str
    is_forbidden: bool


class Refusal(NamedTuple):
    """Where that is: in a function at a term; or, with a ``consumer``, where the row is handed to a
    framework, which reads it.
    """

    path: str
    scope: int
    term: int
    refused: Refused
    consumer: str = ""


class Refusals:
    """Finds them in one share of a project."""

    def __init__(self, project: Project, frames: RowFrames, callers: Callers) -> None:
        self._project = project
        self._frames = frames
        self._callers = callers

    def collect(self) -> list[Refusal]:
        """The refusals, each once."""
        return list(dict.fromkeys(self._find()))

    def _find(self) -> Iterator[Refusal]:
        for frame in self._frames.all:
            for event in self._project.behaviours.of(frame).events:
                refused = self._refused(event.alternatives)
                if refused is not None and not self._is_loaded(frame, event.alternatives, _LEVELS):
                    yield Refusal(*frame.function, event.term, refused)
        for consumer in self._frames.consumers:
            for touch in consumer.touches:
                refused = self._refused(touch.alternatives)
                if refused is not None:
                    path, term = consumer.module.path, consumer.term
                    yield Refusal(path, 0, term, refused, consumer.label)

    def _is_loaded(self, frame: Frame, alternatives: tuple[Alternative, ...], levels: int) -> bool:
        """Whether all that call a frame have loaded before what an event reads."""
        calls = self._callers.calls_of(frame) if levels else ()
        return bool(calls) and all(
            any(self._loads(caller, term, alternative) for alternative in alternatives)
            or self._is_loaded(caller, alternatives, levels - 1)
            for caller, term in calls
        )

    def _loads(self, frame: Frame, term: int, alternative: Alternative) -> bool:
        is_loaded = self._project.frameworks.is_loaded
        return any(
            isinstance(run, RunExternal) and is_loaded(frame, term, run)
            for run in alternative or ()
        )

    def _refused(self, alternatives: tuple[Alternative, ...]) -> Refused | None:
        """What an event reads in vain, if it does whatever path is taken."""
        first = None
        for alternative in alternatives:
            found = None
            for run in alternative or ():
                if isinstance(run, RunExternal):
                    found = found or self._project.frameworks.refusal(run)
            if found is None:
                return None
            first = first or found
        return first
