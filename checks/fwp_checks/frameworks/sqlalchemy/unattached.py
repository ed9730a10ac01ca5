"""Objects of mapped classes in projects that make no session at all, but run their statements on a
connection of their own (``databases``): a relationship that is loaded dynamically then gives what
was appended to it, and asks nobody.

Source: AppenderMixin of sqlalchemy/orm/dynamic.py of SQLAlchemy 2.1.9 (``__iter__`` where
``session`` is None).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.sqlalchemy.mapped import Mappers
from fwp_checks.frameworks.sqlalchemy.rows import DYNAMIC, QUERY
from fwp_checks.project.meaning.values import (
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame
    from fwp_checks.project.meaning.outcome import RunExternal

_SESSIONS = ("sqlalchemy.orm.Session", "sqlalchemy.ext.asyncio.AsyncSession")
# Dynamic relationships work on sessions of this kind only.
_NAMES: frozenset[str] = frozenset(
    {"sqlalchemy.orm.Session", "sqlalchemy.orm.session.Session", "sqlmodel.Session"}
)
_MAKERS = ("sessionmaker", "async_sessionmaker", "scoped_session", "async_scoped_session")
# Other packages have classes of these names, too.
_CLASSES = ("Session", "AsyncSession", "SQLAlchemy", "create_session")
_PACKAGES = ("sqlalchemy.", "sqlmodel.", "flask_sqlalchemy.")
_KEY = "sqlalchemy.has_sessions"


def spares(project: Project, frame: Frame, term: int, run: RunExternal) -> bool:
    """Whether what is run is a dynamic relationship, and no object of the project has a session."""
    if not run.name.startswith(QUERY) or not _is_dynamic(project, frame, term):
        return False
    known = project.framework_data.get(_KEY)
    if known is None:
        known = project.framework_data[_KEY] = _has_sessions(project)
    return known is False


def _is_dynamic(project: Project, frame: Frame, term: int) -> bool:
    """Whether a query starts from a dynamic relationship of an object."""
    terms = frame.module.facts.terms
    while True:
        entry = terms[term]
        if entry[0] == t.ATTR:
            for option in options_of(project.values.evaluate(frame, entry[1])):
                if isinstance(option, Instance) and isinstance(option.class_, ClassValue):
                    relation = Mappers.of(project).relation(option.class_, str(entry[2]))
                    return relation is not None and relation.lazy == DYNAMIC
        elif entry[0] not in (t.ITER, t.CALL, t.ALIAS, t.NARROW, t.ITEM):
            return False
        term = entry[1]


def _has_sessions(project: Project) -> bool:
    """Whether a project makes sessions outside of its tests, or is handed some, as far as its code
    shows.
    """
    sites = project.call_sites
    if any(_imports(module) for module in project.table.modules if not module.is_test):
        return True
    if any(not module.is_test for name in _MAKERS for module, _ in sites.spelt(name)):
        return True
    for module, call in (place for name in _CLASSES for place in sites.spelt(name)):
        frame = project.frame_of_scope(module, module.code_scope_of(call))
        called = project.values.evaluate(frame, module.facts.terms[call][1])
        if not module.is_test and any(_may_be_session(option) for option in options_of(called)):
            return True
    return any(_derives(project, module) for module in project.table.modules if not module.is_test)


def _imports(module: Module) -> bool:
    """Whether a module imports the class, perhaps to say what it is handed."""
    return any(f"{entry.module}.{entry.attribute}" in _NAMES for entry in module.facts.imports)


def _may_be_session(called: Value) -> bool:
    """Whether calling something may give a session: one of another package is none."""
    if isinstance(called, (ClassValue, FunctionValue)):
        return False
    return not isinstance(called, External) or called.name.startswith(_PACKAGES)


def _derives(project: Project, module: Module) -> bool:
    """Whether a module has a class of sessions of its own."""
    return any(
        project.classes.derives(ClassValue(module, number), name)
        for number, scope in enumerate(module.facts.scopes)
        if scope.kind == "class" and scope.bases
        for name in _SESSIONS
    )
