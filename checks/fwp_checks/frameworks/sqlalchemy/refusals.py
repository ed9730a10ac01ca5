"""Lazy loads that an asynchronous session refuses: reading the relation raises ``MissingGreenlet``,
or ``InvalidRequestError`` where the mapping or the query forbids them.

Inside ``run_sync`` they work: the function runs in a greenlet that can wait. Source:
sqlalchemy/util/concurrency.py of SQLAlchemy 2.1.9,
https://docs.sqlalchemy.org/en/20/orm/extensions/asyncio.html#asyncio-orm-avoid-lazyloads
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.sqlalchemy.instances import FORBIDDEN
from fwp_checks.frameworks.sqlalchemy.lacks import is_refused, option
from fwp_checks.frameworks.sqlalchemy.mapped import PACKAGES, Mappers
from fwp_checks.frameworks.sqlalchemy.rows import row_of
from fwp_checks.project.meaning.origins import Hop
from fwp_checks.project.meaning.outcome import Alternative, RunExternal
from fwp_checks.project.meaning.values import (
    ClassValue,
    Constant,
    FunctionValue,
    Instance,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

_GREENLETS = ("run_sync", "greenlet_spawn")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A relation that is read although it was not loaded. ``name`` is the relation with its class,
    ``loading`` the option that loads it; ``consumer`` what hands it to a framework that reads it,
    empty if the code at ``module`` and ``term`` does. ``is_forbidden``: by ``lazy="raise"`` or
    ``raiseload``.
    """

    module: Module
    term: int
    name: str
    loading: str
    consumer: str = ""
    is_forbidden: bool = False


class Refusals:
    """Finds them, once for each project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._by_module: dict[Module, list[Refusal]] = {}
        if not PACKAGES.isdisjoint(project.names.imported_roots):
            for refusal in dict.fromkeys(self._find()):
                self._by_module.setdefault(refusal.module, []).append(refusal)

    @classmethod
    def of(cls, project: Project, module: Module) -> Sequence[Refusal]:
        """Those in a module."""
        known = project.framework_data.get("sqlalchemy.refusals")
        if known is None:
            known = project.framework_data["sqlalchemy.refusals"] = cls(project)
        assert isinstance(known, cls)
        return known._by_module.get(module, ())

    def _find(self) -> Iterator[Refusal]:
        needs = self._project.row_needs
        greenlets = set(self._greenlets())
        for frame in needs.frames:
            if self._is_in(frame, greenlets):
                continue
            for event in self._project.behaviours.of(frame).events:
                yield from self._refused(event.alternatives, frame.module, event.term, "")
        for consumer in needs.consumers:
            for touch in consumer.touches:
                yield from self._refused(
                    touch.alternatives, consumer.module, consumer.term, consumer.label
                )

    def _refused(
        self, alternatives: tuple[Alternative, ...], module: Module, term: int, consumer: str
    ) -> Iterator[Refusal]:
        """The refusals of an event, if it is one whatever path is taken."""
        found = []
        for alternative in alternatives:
            runs = [run for run in alternative or () if isinstance(run, RunExternal)]
            refused = [run for run in runs if is_refused(run)]
            if not refused:
                return
            found.extend(refused)
        for run in found[:1]:
            receiver, name = run.receiver, run.arguments.get(0)
            if isinstance(receiver, Instance) and isinstance(name, Constant):
                hop = self._hop(receiver, str(name.value))
                row = row_of(receiver)
                way = (*row.way, hop) if row is not None else (hop,)
                is_forbidden = run.arguments.keywords == FORBIDDEN
                named = f"{hop.owner}.{hop.name}"
                yield Refusal(module, term, named, option(way), consumer, is_forbidden)

    def _hop(self, receiver: Instance, name: str) -> Hop:
        class_ = receiver.class_
        assert isinstance(class_, ClassValue)
        relation = Mappers.of(self._project).relation(class_, name)
        return Hop(name, relation is not None and relation.is_many is False, class_.name)

    # -- greenlets ---------------------------------------------------------------------------------

    def _greenlets(self) -> Iterator[tuple[Module, int]]:
        """The functions that are handed to ``run_sync``."""
        for module in self._project.table.modules:
            terms = module.facts.terms
            for term in module.calls:
                function = terms[terms[term][1]]
                name = function[2] if function[0] in (t.ATTR, t.IMPORT) else function[1]
                if name not in _GREENLETS or not terms[term][2]:
                    continue
                frame = self._project.frame_of_scope(module, module.code_scope_of(term))
                given = self._project.values.evaluate(frame, terms[term][2][0])
                for value in options_of(given):
                    if isinstance(value, FunctionValue):
                        yield value.module, value.scope

    @staticmethod
    def _is_in(frame: Frame, greenlets: set[tuple[Module, int]]) -> bool:
        number = frame.scope_number
        while number > 0:
            if (frame.module, number) in greenlets:
                return True
            number = frame.module.facts.scopes[number].parent
        return False
