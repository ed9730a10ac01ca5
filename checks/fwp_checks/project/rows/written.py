"""Loops over tuples that are written out, and what these say of each other:
``for posts, one_by_one in [(drafts, False), (public, True)]: if one_by_one: for post in posts: …``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.origins import Origin, origin_of
from fwp_checks.project.meaning.tested import tests_before
from fwp_checks.project.meaning.values import Constant, options_of

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame
    from fwp_checks.project.rows.row_frames import RowFrames


class WrittenTuples:
    """Answers for the frames of one share."""

    def __init__(self, project: Project, frames: RowFrames) -> None:
        self._project = project
        self._frames = frames
        self._known: dict[Origin, bool] = {}

    def rule_out(self, origin: Origin) -> bool:
        """Whether rows are gone through under a test that their query does not pass, by what stands
        beside it in its tuple.
        """
        known = self._known.get(origin)
        if known is None:
            known = self._known[origin] = self._rule_out(origin)
        return known

    def _rule_out(self, origin: Origin) -> bool:
        consumed = origin.consumed
        module = self._project.table.by_path.get(consumed.path) if consumed is not None else None
        if consumed is None or module is None or origin.built is None:
            return False
        scope = module.code_scope_of(consumed.term)
        frames = self._frames.by_function.get((consumed.path, scope), ())
        return bool(frames) and all(
            self._rules_out(frame, consumed.term, origin) for frame in frames
        )

    def _rules_out(self, frame: Frame, consumed: int, origin: Origin) -> bool:
        """Whether no tuple that holds the query passes."""
        terms = frame.module.facts.terms
        element = _element(terms, terms[consumed][1]) if terms[consumed][0] == t.ITER else None
        if element is None:
            return False
        each, index = element
        wanted = [
            (flag[1], is_wanted)
            for test, is_wanted in tests_before(frame.module, frame.scope_number, consumed)
            if (flag := _element(terms, test)) is not None and flag[0] == each
        ]
        items = literals.items(self._project, frame, terms[each][1]) if wanted else None
        passing = []
        for item in items or ():
            entry = item.frame.module.facts.terms[item.term]
            if entry[0] != t.SEQUENCE or not all(0 <= at < len(entry[2]) for at, _ in wanted):
                return False
            if index < len(entry[2]) and self._is_of(item.frame, entry[2][index], origin):
                flags = [
                    (self._project.values.evaluate(item.frame, entry[2][at]), is_wanted)
                    for at, is_wanted in wanted
                ]
                passing.append(
                    all(
                        not isinstance(value, Constant) or bool(value.value) is is_wanted
                        for value, is_wanted in flags
                    )
                )
        return bool(passing) and not any(passing)

    def _is_of(self, frame: Frame, term: int, origin: Origin) -> bool:
        """Whether the query of rows, or one of several, stands there."""
        places = {origin.built, *origin.also}
        origins = map(origin_of, options_of(self._project.values.evaluate(frame, term)))
        return any(one is not None and one.built in places for one in origins)


def _element(terms: list[t.Term], term: int) -> tuple[int, int] | None:
    """Of what a loop binds to a variable by taking tuples apart: the loop, and which item it is."""
    entry = terms[t.unaliased(terms, term)]
    if entry[0] != t.UNPACK or entry[2] < 0:
        return None
    each = t.unaliased(terms, entry[1])
    return (each, entry[2]) if terms[each][0] == t.ITER else None
