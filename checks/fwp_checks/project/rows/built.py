"""What calls that build queries give: whether more can be asked of them where they stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from fwp_checks.facts import terms as t
from fwp_checks.project.meaning.frames import Frame, FunctionKey
from fwp_checks.project.meaning.origins import Place, origin_of
from fwp_checks.project.meaning.values import ClassValue, Instance, Value, options_of

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.rows.row_frames import RowFrames


class Built(NamedTuple):
    """What a call gives, in any frame.

    ``classes`` are the classes of the objects. ``is_filled``: some callers have filled the query
    with rows before. ``is_relation``: it asks for all objects behind a relation, which callers may
    have fetched along.
    """

    classes: frozenset[str] = frozenset()
    is_filled: bool = False
    is_relation: bool = False

    def met(self, other: Built) -> Built:
        """What it gives in either of two sets of frames."""
        return Built(
            self.classes | other.classes,
            self.is_filled or other.is_filled,
            self.is_relation or other.is_relation,
        )


BuiltAt = dict[str, dict[tuple[int, str], Built]]
"""What calls give, by the paths of their places, then by the rest of these."""


class BuiltQueries:
    """Answers for one share of a project."""

    def __init__(self, project: Project, frames: RowFrames) -> None:
        self._project = project
        self._frames = frames

    def collect(self, asked: Iterable[Place]) -> BuiltAt:
        """What the calls at these places give; and, if there are other shares, which may ask, every
        call that gives a query.
        """
        found = dict.fromkeys(asked)
        if not self._frames.is_whole:
            calls: dict[FunctionKey, list[int]] = {}
            for frame in self._frames.all:
                of_function = calls.get(frame.function)
                if of_function is None:
                    of_function = calls[frame.function] = _calls(frame)
                _note_built(frame, of_function, found)
        built: BuiltAt = {}
        # One object for all that are alike, so that there is less to hand to another process.
        known: dict[Built, Built] = {}
        for place in found:
            here = self._of(place)
            built.setdefault(place.path, {})[place.term, place.role] = known.setdefault(here, here)
        return built

    def _of(self, place: Place) -> Built:
        module = self._project.table.by_path.get(place.path)
        if module is None:
            return Built()
        frameworks = self._project.frameworks
        classes: set[str] = set()
        is_filled = is_relation = False
        function = (place.path, module.code_scope_of(place.term))
        for frame in self._frames.by_function.get(function, ()):
            is_relation = is_relation or frameworks.is_relation(frame, place.term)
            for option in options_of(self._project.values.evaluate(frame, place.term)):
                is_filled = is_filled or frameworks.is_filled(option)
                if isinstance(option, Instance):
                    classes.add(_name(option.arguments[0] if option.arguments else option.class_))
        return Built(frozenset(classes), is_filled, is_relation)


def _calls(frame: Frame) -> list[int]:
    """The terms of a function that may finish a query: what a template asks for, too."""
    module, scope = frame.module, frame.scope
    return [*module.of_kind_in(t.CALL, scope), *module.of_kind_in(t.LOOKUP, scope)]


def _note_built(frame: Frame, calls: Sequence[int], found: dict[Place, None]) -> None:
    """Add the places of a frame where a query was finished."""
    path = frame.module.path
    for term, value in frame.detailed(calls):
        for option in options_of(value):
            origin = origin_of(option)
            built = origin.built if origin is not None else None
            if built is not None and built.term == term and built.path == path:
                found[built] = None
                break


def _name(class_: Value | str) -> str:
    """A class by what tells it from others."""
    if isinstance(class_, ClassValue):
        return f"{class_.module.path}:{class_.scope}"
    return str(class_)
