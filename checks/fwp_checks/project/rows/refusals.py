"""Reads of relations that fail, because a library refuses to query where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from fwp_checks.project.meaning.outcome import Alternative, RunExternal

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.rows.row_frames import RowFrames


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

    def __init__(self, project: Project, frames: RowFrames) -> None:
        self._project = project
        self._frames = frames

    def collect(self) -> list[Refusal]:
        """The refusals, each once."""
        return list(dict.fromkeys(self._find()))

    def _find(self) -> Iterator[Refusal]:
        for frame in self._frames.all:
            for event in self._project.behaviours.of(frame).events:
                refused = self._refused(event.alternatives)
                if refused is not None:
                    yield Refusal(*frame.function, event.term, refused)
        for consumer in self._frames.consumers:
            for touch in consumer.touches:
                refused = self._refused(touch.alternatives)
                if refused is not None:
                    path, term = consumer.module.path, consumer.term
                    yield Refusal(path, 0, term, refused, consumer.label)

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
