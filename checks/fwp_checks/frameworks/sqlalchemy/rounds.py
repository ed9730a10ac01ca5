"""What sets the rounds of a loop apart that ask a session.

https://docs.sqlalchemy.org/en/20/orm/session_api.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.rows.apart import Apart

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module

_SESSIONS = (
    "sqlalchemy.orm.Session",
    "sqlalchemy.orm.scoped_session",
    "sqlalchemy.ext.asyncio.AsyncSession",
    "sqlalchemy.ext.asyncio.async_scoped_session",
)
_METHODS = {
    "begin": Apart.TRANSACTION,
    "begin_nested": Apart.TRANSACTION,
    "add": Apart.CHANGES,
    "add_all": Apart.CHANGES,
    "delete": Apart.CHANGES,
    "merge": Apart.CHANGES,
}
SETS_APART = {
    f"{session}.{method}": why for session in _SESSIONS for method, why in _METHODS.items()
}
"""Methods that set a round apart."""
# https://docs.sqlalchemy.org/en/20/core/dml.html, as functions and as methods of a table.
_WRITING = ("update", "insert", "delete")
# https://docs.sqlalchemy.org/en/20/core/ddl.html#ddl-expression-constructs-api
_DEFINING = frozenset(
    {
        *("CreateTable", "DropTable", "CreateSchema", "DropSchema", "CreateIndex", "DropIndex"),
        *("CreateSequence", "DropSequence", "AddConstraint", "DropConstraint", "DDL"),
        *("SetTableComment", "DropTableComment", "SetColumnComment", "DropColumnComment"),
    }
)
# Where in a term the name is that it reads.
_NAMED: dict[int, int] = {t.NAME: 1, t.ATTR: 2, t.IMPORT: 2}
_NARROWING = ("filter", "filter_by", "where", "order_by", "join", "limit", "offset", "options")
_FROM_ROWS = (t.ITER, t.UNPACK, t.ITEM, t.ATTR)


def stands_alone(module: Module, term: int, depends: Callable[[int], bool]) -> Apart | None:
    """Why the query that a term runs is one for itself: it locks its rows, or is a statement that
    writes or defines something, ``session.execute(posts.update().where(…))``.
    """
    terms = module.facts.terms
    waiting = [term]
    seen: set[int] = set()
    while waiting:
        current = t.unaliased(terms, waiting.pop())
        entry = terms[current]
        if current in seen or entry[0] not in (t.CALL, t.ATTR, t.AWAIT, t.ITER, t.TRUTH):
            continue
        seen.add(current)
        if entry[0] == t.CALL:
            called = terms[entry[1]]
            if called[0] == t.ATTR and called[2] == "with_for_update":
                return Apart.LOCK
            name = _name(module, called)
            if name in _DEFINING:
                return Apart.CONNECTION
            if name in _WRITING:
                return Apart.WRITES
            # session.scalars(select(User).with_for_update())
            waiting.extend(entry[2][:1])
        waiting.append(entry[1])
    return None


def _name(module: Module, called: t.Term) -> str:
    """The last name of what is called, as its library calls it."""
    if called[0] == t.NAME:
        bound = module.facts.scopes[0].bindings.get(called[1], -1)
        imported = module.facts.terms[bound] if bound >= 0 else called
        called = imported if imported[0] == t.IMPORT and imported[2] else called
    return str(called[_NAMED[called[0]]]) if called[0] in _NAMED else ""


def table_term(terms: list[t.Term], term: int) -> int:
    """What a query is for, if that is a variable's: ``session.query(model)``, ``select(model)``,
    ``select(count()).select_from(model)``; else -1.
    """
    while True:
        entry = terms[t.unaliased(terms, term)]
        if entry[0] != t.CALL:
            if entry[0] not in (t.AWAIT, t.ITER, t.TRUTH):
                return -1
            term = entry[1]
            continue
        called = terms[entry[1]]
        name = called[_NAMED[called[0]]] if called[0] in _NAMED else ""
        if name in ("query", "select", "select_from"):
            asked = entry[2][0] if len(entry[2]) == 1 else -1
            is_read = asked >= 0 and terms[t.unaliased(terms, asked)][0] in _FROM_ROWS
            return asked if is_read else -1
        if called[0] == t.ATTR and not entry[2]:
            term = called[1]
        elif entry[2]:
            # session.scalars(select(model)), list(session.query(model))
            term = called[1] if called[0] == t.ATTR and name in _NARROWING else entry[2][0]
        else:
            return -1
