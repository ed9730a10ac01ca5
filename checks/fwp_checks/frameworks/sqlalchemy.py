"""SQLAlchemy: what factories give when they are told the class to make.

``sessionmaker(class_=AsyncSession)`` was the way to asynchronous sessions before
``async_sessionmaker``:
https://docs.sqlalchemy.org/en/20/orm/session_api.html#sqlalchemy.orm.sessionmaker.params.class_
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.frameworks.base import Framework
from fwp_checks.project.outcome import Outcome
from fwp_checks.project.values import Arguments, CallableValue, ClassValue, External, Value

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_FACTORIES = frozenset({"sqlalchemy.orm.sessionmaker", "sqlalchemy.ext.asyncio.async_sessionmaker"})


class SQLAlchemy(Framework):
    """Hooks for SQLAlchemy."""

    name = "SQLAlchemy"
    modules = frozenset({"sqlalchemy"})

    def call(
        self, project: Project, name: str, arguments: Arguments, receiver: Value | None
    ) -> Outcome | None:
        """A session factory for a class of its own."""
        if name not in _FACTORIES:
            return None
        class_ = arguments.get(-1, "class_")
        if isinstance(class_, (External, ClassValue)):
            return Outcome.nothing(CallableValue(project.types.instance(class_)))
        return None


FRAMEWORK = SQLAlchemy()
