"""Texts that are spelt out: a literal, a constant of some module, a default of a settings class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.meaning.literals import attribute_term, text_of
from fwp_checks.project.meaning.values import ClassValue, Instance

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

_MOST_STEPS = 20


def text_at(project: Project, frame: Frame, term: int) -> str | None:
    """The text that a term stands for; None if it is not spelt out anywhere."""
    return _text(project, frame, term, _MOST_STEPS)


def _text(project: Project, frame: Frame, term: int, steps: int) -> str | None:
    if term < 0 or not steps:
        return None
    known = text_of(project.values.evaluate(frame, term))
    if known is not None:
        return known
    entry = frame.module.facts.terms[term]
    if entry[0] in (t.ALIAS, t.NARROW, t.DECLARED):
        return _text(project, frame, entry[1], steps - 1)
    if entry[0] == t.BINARY and entry[1] in ("+", "+="):
        left = _text(project, frame, entry[2], steps - 1)
        right = _text(project, frame, entry[3], steps - 1)
        return None if left is None or right is None else left + right
    if entry[0] == t.NAME:
        bound = frame.module.facts.scopes[0].bindings.get(entry[1], -1)
        return _text(project, project.module_frame(frame.module), bound, steps - 1)
    if entry[0] == t.ATTR:
        base = project.values.evaluate(frame, entry[1])
        class_ = base.class_ if isinstance(base, Instance) else base
        if isinstance(class_, ClassValue):
            found = attribute_term(project, class_, entry[2])
            return _text(project, *found, steps - 1) if found is not None else None
    return None
