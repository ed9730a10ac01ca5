"""MongoEngine: a queryset keeps the documents that were fetched for one loop for the next one.

Not so one of ``no_cache()``, nor what its methods give, which is another queryset.
https://github.com/MongoEngine/mongoengine/blob/v0.29.3/mongoengine/queryset/queryset.py#L38
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.base import Framework
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.values import Instance

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame
    from fwp_checks.project.meaning.outcome import RunExternal

_KEEPS = "mongoengine.queryset.QuerySet"
_ITERATING = f"{_KEEPS}.__iter__"
# What runs wherever the code around it does.
_PLAIN = "with"


class MongoEngine(Framework):
    """Hooks for MongoEngine."""

    name = "MongoEngine"
    modules = frozenset({"mongoengine"})

    def spares(self, project: Project, frame: Frame, term: int, run: RunExternal) -> bool:
        """Whether a loop goes through a queryset that one before it has gone through."""
        terms = frame.module.facts.terms
        if run.name != _ITERATING or terms[term][0] != t.ITER:
            return False
        if not isinstance(run.receiver, Instance) or run.receiver.class_ != _KEEPS:
            return False
        queryset = t.unaliased(terms, terms[term][1])
        return any(
            terms[before][0] == t.ITER
            and t.unaliased(terms, terms[before][1]) == queryset
            and _has_run(frame.module, frame.scope_number, before, term)
            for before in range(frame.scope.start, term)
        )


def _has_run(module: Module, scope_number: int, before: int, term: int) -> bool:
    """Whether a term of a function has run wherever a later one does."""
    return all(
        region.kind == _PLAIN or region.term == before or region.start <= term < region.end
        for region in module.regions_in(scope_number)
        if region.start <= before < region.end
    )


FRAMEWORK = MongoEngine()
