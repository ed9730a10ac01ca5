"""Lazy loads that an asynchronous session refuses: reading the relation raises ``MissingGreenlet``,
or ``InvalidRequestError`` where the mapping or the query forbids them.

Inside ``run_sync`` they work: the function runs in a greenlet that can wait. Source:
sqlalchemy/util/concurrency.py of SQLAlchemy 2.1.9,
https://docs.sqlalchemy.org/en/20/orm/extensions/asyncio.html#asyncio-orm-avoid-lazyloads
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import TYPE_CHECKING

from fwp_checks.frameworks.sqlalchemy.instances import FORBIDDEN
from fwp_checks.frameworks.sqlalchemy.lacks import is_refused, option
from fwp_checks.frameworks.sqlalchemy.mapped import Mappers
from fwp_checks.frameworks.sqlalchemy.rows import row_of
from fwp_checks.project.meaning.origins import Hop
from fwp_checks.project.meaning.outcome import RunExternal
from fwp_checks.project.meaning.values import (
    ClassValue,
    Constant,
    FunctionValue,
    Instance,
    options_of,
)
from fwp_checks.project.rows.refusals import Refused

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import FunctionKey

_GREENLETS = ("run_sync", "greenlet_spawn")


def refused(project: Project, run: RunExternal) -> Refused | None:
    """The relation that a run should load and may not; None for any other run."""
    if not is_refused(run):
        return None
    receiver, name = run.receiver, run.arguments.get(0)
    class_ = receiver.class_ if isinstance(receiver, Instance) else None
    if receiver is None or not isinstance(class_, ClassValue) or not isinstance(name, Constant):
        return None
    relation = Mappers.of(project).relation(class_, str(name.value))
    hop = Hop(str(name.value), relation is not None and relation.is_many is False, class_.name)
    row = row_of(receiver)
    way = (*row.way, hop) if row is not None else (hop,)
    return Refused(f"{hop.owner}.{hop.name}", option(way), run.arguments.keywords == FORBIDDEN)


def in_greenlets(project: Project, modules: Container[Module]) -> Iterator[FunctionKey]:
    """The functions that these modules hand to ``run_sync``."""
    for name in _GREENLETS:
        for module, term in project.call_sites.spelt(name):
            given = module.facts.terms[term][2]
            if module not in modules or not given:
                continue
            frame = project.frame_of_scope(module, module.code_scope_of(term))
            for value in options_of(project.values.evaluate(frame, given[0])):
                if isinstance(value, FunctionValue):
                    yield value.module.path, value.scope
