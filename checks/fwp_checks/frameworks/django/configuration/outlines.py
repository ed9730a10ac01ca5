"""The branches and loops of a scope that is run, and the class bodies in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fwp_checks.facts.model import Region
from fwp_checks.frameworks.django.configuration.meetings import Meetings

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module

# Regions that may not run, or not be run to their end.
_CONDITIONAL = frozenset({"if", "else", "case", "except", "while"})


@dataclass(slots=True, unsafe_hash=True)
class Outline:
    """The regions of a scope's own code, with their numbers: branches, and where their ways meet,
    what may not run, loops by the term that they begin at; and where the class bodies in it end.
    """

    branches: list[tuple[int, Region]]
    branches_at: dict[int, list[tuple[int, Region]]]
    conditional: list[tuple[int, Region]]
    loops: dict[int, Region]
    class_bodies: dict[int, int]
    meetings: Meetings

    @classmethod
    def of(cls, module: Module, scope_number: int) -> Outline:
        """That of a scope."""
        facts = module.facts
        scope = facts.scopes[scope_number]
        within = [
            (number, region)
            for number, region in enumerate(facts.regions)
            if scope.start <= region.start and region.end <= scope.end
        ]
        branches = [(n, region) for n, region in within if region.kind in ("if", "else")]
        found = cls(branches, {}, [], {}, {}, Meetings(facts.terms, facts.regions, branches))
        for number, region in within:
            if region.kind in ("if", "else"):
                found.branches_at.setdefault(region.start, []).append((number, region))
            if region.kind in _CONDITIONAL:
                found.conditional.append((number, region))
            if region.kind == "for":
                found.loops[region.start] = region
        for inner in facts.scopes:
            if inner.kind == "class" and scope.start <= inner.start and inner.end <= scope.end:
                if inner is not scope:
                    found.class_bodies[inner.start] = inner.end
        return found
