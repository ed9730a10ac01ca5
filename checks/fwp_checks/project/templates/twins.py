"""Frames of templates that do the same: what the text of a base template itself reads is the same
on most of the pages that extend it, and only what it renders differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.values import Value
from fwp_checks.project.templates.lookups import TemplateContext

if TYPE_CHECKING:
    from fwp_checks.project.effects.effects import Behaviour
    from fwp_checks.project.linked import Project
    from fwp_checks.project.templates.context_reads import ContextReads
    from fwp_checks.project.templates.templates import Template

_Key = tuple[Module, int, tuple[tuple[str, Value], ...]]
# Less is done anew as fast as it is looked up.
_FEW = 24


@dataclass(slots=True)
class Twin:
    """What a frame does, and the terms at which another one may do something else."""

    behaviour: Behaviour
    open: list[int]


class Twins:
    """Answers for one project. ``reads`` tells which names a template's own text reads."""

    def __init__(self, project: Project, reads: ContextReads) -> None:
        self._project = project
        self._reads = reads
        self._known: dict[_Key, Twin] = {}
        self._open: dict[tuple[Module, int], frozenset[int] | None] = {}
        self._placed: set[Frame] = set()

    def of(self, frame: Frame) -> Twin | None:
        """What is known of a frame that does the same but at some terms."""
        key = self._key(frame)
        return self._known.get(key) if key is not None else None

    def keep(self, frame: Frame, behaviour: Behaviour, active: Sequence[int]) -> None:
        """Remember what a frame does at the terms that run, for its twins."""
        key = self._key(frame)
        if key is not None and frame not in self._placed:
            is_open = self._open_terms(frame.module, frame.scope_number)
            if is_open is not None:
                self._known[key] = Twin(behaviour, [term for term in active if term in is_open])

    def note_place(self, frame: Frame) -> None:
        """What a frame does tells where it was rendered: it has no twin."""
        self._placed.add(frame)

    def _key(self, frame: Frame) -> _Key | None:
        context = frame.arguments[0] if frame.arguments else None
        module = frame.module
        if not isinstance(context, TemplateContext) or frame.scope.end - frame.scope.start < _FEW:
            return None
        if self._open_terms(module, frame.scope_number) is None:
            return None
        names = self._reads.by_text(cast("Template", module))
        return module, frame.scope_number, tuple([one for one in context.names if one[0] in names])

    def _open_terms(self, module: Module, number: int) -> frozenset[int] | None:
        """The terms of a function that do what the rest of the context says; None if others depend
        on what they give.
        """
        key = (module, number)
        if key not in self._open:
            self._open[key] = self._find_open(module, number)
        return self._open[key]

    def _find_open(self, module: Module, number: int) -> frozenset[int] | None:
        terms, scope = module.facts.terms, module.facts.scopes[number]
        found: set[int] = set()
        for term in range(scope.start, scope.end):
            entry = terms[term]
            if entry[0] == t.RENDER:
                if entry[1] == "import":
                    return None
                if entry[1] == "tag":
                    called = terms[terms[entry[2]][1]]
                    tag = self._project.tags.find("tag", called[2], called[3])
                    if tag is not None and tag.takes_context:
                        found.add(entry[2])
                found.add(term)
        for term in range(scope.start, scope.end):
            if term not in found and not found.isdisjoint(t.operands(terms[term])):
                return None
        return frozenset(found)
