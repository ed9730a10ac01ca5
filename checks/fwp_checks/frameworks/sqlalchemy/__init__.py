"""SQLAlchemy, Flask-SQLAlchemy and SQLModel: which relations are loaded by queries of their own.

``mapped`` finds mapped classes and their relations (with ``annotations``, ``tables`` and
``imperative``), ``rows`` says what is known of queries and rows, ``options`` reads loader options,
``queries`` evaluates queries, sessions and results, ``instances`` the attributes of rows, ``lacks``
says what a query for a single row fetches, ``history`` what a function did before, with
``refreshed``, ``unattached`` what objects do that never get a session.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.finding import Edit
from fwp_checks.frameworks.base import Framework
from fwp_checks.frameworks.sqlalchemy import (
    accessors,
    edits,
    history,
    instances,
    lacks,
    options,
    preloaded,
    queries,
    refreshed,
    refusals,
    rounds,
    unattached,
)
from fwp_checks.frameworks.sqlalchemy.mapped import PACKAGES, Mappers
from fwp_checks.project.effects.unused import is_ended, is_unused
from fwp_checks.project.meaning.outcome import Alternative, Outcome, RunExternal
from fwp_checks.project.meaning.values import Arguments, ClassValue, Instance, Member, Value

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame, FunctionKey
    from fwp_checks.project.meaning.origins import Origin
    from fwp_checks.project.rows.apart import Apart
    from fwp_checks.project.rows.needs import Lack
    from fwp_checks.project.rows.refusals import Refused

_ENDS = frozenset(
    {
        f"sqlalchemy.orm.Session.{name}"
        for name in ("close", "reset", "commit", "rollback", "__exit__")
    }
)


class SQLAlchemy(Framework):
    """Hooks for SQLAlchemy."""

    name = "SQLAlchemy"
    modules = PACKAGES
    running = frozenset({"refresh"})
    row_sources = ("sqlalchemy.", "sqlmodel.", "flask_sqlalchemy.")

    sets_apart = rounds.SETS_APART

    def stands_alone(
        self, module: Module, term: int, depends: Callable[[int], bool]
    ) -> Apart | None:
        """Queries that lock their rows, and statements that write."""
        return rounds.stands_alone(module, term, depends)

    def table_term(self, run: RunExternal, module: Module, term: int) -> int:
        """What is handed to ``query`` or ``select``."""
        return rounds.table_term(module.facts.terms, term)

    def call(
        self, project: Project, name: str, arguments: Arguments, receiver: Value | None
    ) -> Outcome | None:
        """Queries keep what they load, results and rows keep it from their queries."""
        if isinstance(receiver, Instance):
            selected = instances.selected(receiver, name)
            if selected is not None:
                return Outcome.nothing(selected)
        return queries.call(project, name, arguments, receiver)

    def attribute(self, project: Project, base: Instance | Member, name: str) -> Value | None:
        """The rows of a page, and what ``awaitable_attrs`` gives."""
        if not isinstance(base, Instance):
            return None
        return instances.awaited_attribute(project, base, name) or queries.attribute(
            project, base, name
        )

    def adopted(self, project: Project) -> Iterable[ClassValue]:
        """Classes that calls map."""
        return Mappers.of(project).imperative

    def is_model(self, project: Project, class_: ClassValue) -> bool:
        """Mapped classes."""
        return Mappers.of(project).is_mapped(class_)

    def model_attribute(self, project: Project, base: Instance, name: str) -> Value | None:
        """Relations of mapped objects."""
        class_ = base.class_
        if isinstance(class_, ClassValue) and Mappers.of(project).is_mapped(class_):
            return instances.attribute(project, base, name)
        return None

    def read_names(self, project: Project) -> frozenset[str] | None:
        """What ``backref=`` and imperative mappings leave on classes."""
        return accessors.names(project)

    def reading(
        self, project: Project, base: Instance, name: str
    ) -> tuple[Alternative, ...] | None:
        """A relation that was not loaded with its object runs a query when it is first read."""
        return instances.reading(project, base, name)

    def lack(
        self, project: Project, frame: Frame | None, run: RunExternal
    ) -> tuple[Origin, Lack] | None:
        """Relations that were not loaded with their row."""
        return lacks.lack(project, run)

    def loading(self, lacking: Sequence[Lack]) -> str:
        """A call of ``options``."""
        return lacks.loading(lacking)

    def refusal(self, project: Project, run: RunExternal) -> Refused | None:
        """Lazy loads on an asynchronous session, and forbidden ones."""
        return refusals.refused(project, run)

    def is_loaded(self, project: Project, frame: Frame, term: int, run: RunExternal) -> bool:
        """Relations that are refreshed by their names, or that another query has loaded."""
        return refreshed.is_loaded(project, frame, term, run) or preloaded.is_loaded(
            project, frame, term, run
        )

    def waiting_functions(
        self, project: Project, modules: Container[Module]
    ) -> Iterator[FunctionKey]:
        """The functions that are handed to ``run_sync``."""
        return refusals.in_greenlets(project, modules)

    def edits(self, lacking: Sequence[Lack], module: Module, term: int) -> tuple[Edit, ...]:
        """A call of ``options``, and what it needs imported."""
        return edits.load_along(lacking, module, term)

    def assigned(self, base: Instance, names: frozenset[str]) -> Instance | None:
        """A row whose relations were assigned by hand."""
        return instances.assigned(base, names)

    def spares(self, project: Project, frame: Frame, term: int, run: RunExternal) -> bool:
        """Relations that are there already or ask nobody, and the end of a session that nothing ran
        on, or that has ended.
        """
        if run.name in _ENDS:
            entry = frame.module.facts.terms[term]
            if entry[0] == t.CALL:
                entry = frame.module.facts.terms[entry[1]]
            return entry[0] in (t.ATTR, t.ENTER) and (
                is_unused(project, frame, entry[1]) or is_ended(frame, entry[1], term)
            )
        return unattached.spares(project, frame, term, run) or history.spares(
            project, frame, term, run
        )

    def class_attribute(self, project: Project, class_: ClassValue, name: str) -> Value | None:
        """``Post.author`` in a query, and Flask-SQLAlchemy's ``Post.query``."""
        mappers = Mappers.of(project)
        if not mappers.is_mapped(class_):
            return None
        if name == "query":
            return queries.of_class(project, class_)
        relation = mappers.relation(class_, name)
        if relation is None or mappers.is_proxy(class_, name):
            return None
        return options.attribute(class_, relation.name)

    def element(self, project: Project, value: Instance) -> Value | None:
        """A row of a query or result."""
        return queries.element(project, value)

    def item(self, project: Project, base: Instance, key: Value | None) -> Value | None:
        """A row of a query, or a slice of it."""
        return queries.item(project, base, key)


FRAMEWORK = SQLAlchemy()
