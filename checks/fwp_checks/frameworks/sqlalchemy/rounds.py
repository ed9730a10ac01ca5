"""What sets the rounds of a loop apart that ask a session.

https://docs.sqlalchemy.org/en/20/orm/session_api.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fwp_checks.facts import terms as t
from fwp_checks.project.rows.apart import Apart

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


def stands_alone(
    terms: Sequence[t.Term], term: int, depends: Callable[[int], bool]
) -> Apart | None:
    """Why the query that a term runs is one for itself: it locks its rows."""
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
            # session.scalars(select(User).with_for_update())
            waiting.extend(entry[2][:1])
        waiting.append(entry[1])
    return None
