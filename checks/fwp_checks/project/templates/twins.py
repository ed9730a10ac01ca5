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
    from fwp_checks.project.effects.behaviours import Behaviour
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

    def is_placed(self, frame: Frame) -> bool:
        """Whether what a frame does tells where it was rendered."""
        return frame in self._placed

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
        """The terms of a function that do what the rest of the context says; None if that decides
        which others run.
        """
        key = (module, number)
        if key not in self._open:
            self._open[key] = self._find_open(module, number)
        return self._open[key]

    def _find_open(self, module: Module, number: int) -> frozenset[int] | None:
        terms, scope = module.facts.terms, module.facts.scopes[number]
        found: set[int] = set()
        # Those whose value is open, too; what another part of a template renders is text.
        open_values: set[int] = set()
        for term in range(scope.start, scope.end):
            entry = terms[term]
            is_told = entry[0] == t.CALL and self._is_told_all(terms[entry[1]])
            if is_told or not open_values.isdisjoint(t.operands(entry)):
                open_values.add(term)
            elif entry[0] == t.RENDER and entry[1] == "tag":
                # Any other tag is given what the template itself says.
                if self._is_told_all(terms[terms[entry[2]][1]]):
                    open_values.add(term)
            elif entry[0] == t.RENDER and entry[1] != "extends":
                found.add(term)
                if entry[1] == "import":
                    return None
        if any(region.term in open_values for region in module.regions_in(number)):
            return None
        return frozenset(found | open_values)

    def _is_told_all(self, function: t.Term) -> bool:
        """Whether a term is a tag that may read any name of the context."""
        if function[0] != t.REGISTERED or function[1] != "tag":
            return False
        tag = self._project.tags.find("tag", function[2], function[3])
        return tag is not None and tag.is_told_all
