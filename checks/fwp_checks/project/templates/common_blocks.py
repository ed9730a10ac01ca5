"""Blocks that do the same on many pages: most of what a block of a base template reads is the same
on all pages that extend it. One frame is enough for them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from fwp_checks.facts.templates import Language
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.values import Value
from fwp_checks.project.templates.lookups import Spot, TemplateContext

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.templates.context_reads import ContextReads
    from fwp_checks.project.templates.templates import Template

# A block, with those that it shows, and all that they read.
_Key = tuple[tuple[Spot, ...], tuple[tuple[str, Value], ...]]


class CommonBlocks:
    """Answers for one project. ``reads`` tells which names the text of a template reads, ``make``
    makes a frame of a block.
    """

    def __init__(
        self,
        project: Project,
        reads: ContextReads,
        make: Callable[[Module, int, TemplateContext], Frame],
    ) -> None:
        self._project = project
        self._reads = reads
        self._make = make
        self._known: dict[_Key, Frame] = {}
        self._same: dict[Frame, bool] = {}

    def frame(self, spot: Spot, context: TemplateContext) -> Frame:
        """The frame of a block under a context: the first one that does the same, if that is known
        by now.
        """
        key = self._key(spot, context)
        if key is None:
            return self._make(*spot, context)
        known = self._known.get(key)
        if known is not None and self._is_same(known):
            return known
        frame = self._make(*spot, context)
        self._known.setdefault(key, frame)
        return frame

    def _key(self, spot: Spot, context: TemplateContext) -> _Key | None:
        """What decides what a block does; None where that may be the whole context."""
        spots = [spot]
        names: set[str] = set()
        for module, number in spots:
            template = cast("Template", module)
            reads = self._reads.of_scope(template, number)
            if reads.everything or reads.is_told_all or template.language is not Language.DJANGO:
                return None
            for part in (reads, *map(self._reads.of, reads.used)):
                # What becomes of rows in a loop depends on where they were handed over.
                if part.everything or part.has_loops:
                    return None
                names |= part.names
            shown = [context.blocks.shown_at(own) for own in reads.blocks]
            if reads.shows_next:
                shown += (context.blocks.behind((module, number)) or ())[:1]
            spots += [one for one in shown if one not in spots]
        return tuple(spots), tuple([one for one in context.names if one[0] in names])

    def _is_same(self, frame: Frame) -> bool:
        """Whether what a frame does is known, with all parts of templates that it runs, and does
        not tell where they were rendered.
        """
        known = self._same.get(frame)
        if known is not None:
            return known
        behaviours, twins = self._project.behaviours, self._project.templates.twins
        waiting = [frame]
        for one in waiting:
            if not behaviours.is_known(one):
                return False
            if twins.is_placed(one):
                self._same[frame] = False
                return False
            parts = [inner for inner in behaviours.following(one) if inner.module.is_template]
            waiting += [inner for inner in parts if inner not in waiting]
        self._same[frame] = True
        return True
