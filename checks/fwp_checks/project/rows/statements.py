"""What kind of statement is executed: most ask for rows; some set, write, lock or draw."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.meaning.literals import text_of
from fwp_checks.project.meaning.outcome import RunExternal
from fwp_checks.project.meaning.values import Constant, External, FunctionValue, Member, options_of
from fwp_checks.project.rows.apart import Apart

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

# Functions that set something, or tell somebody; their result is no row of a table.
# https://www.postgresql.org/docs/current/functions-admin.html (advisory locks, signals, settings),
# https://www.postgresql.org/docs/current/functions-sequence.html,
# https://dev.mysql.com/doc/refman/8.4/en/locking-functions.html
_DOING = (
    r"pg_(?:try_)?advisory_\w+|pg_notify|pg_cancel_backend|pg_terminate_backend|pg_reload_conf|"
    r"set_config|setval|get_lock|release_lock|release_all_locks"
)
_DONE = re.compile(rf"(?:{_DOING})", re.IGNORECASE)
# https://www.postgresql.org/docs/current/sql-set.html
_SETTING = re.compile(r"\s*(?:RE)?SET\s|\s*SELECT\s+set_config\s*\(", re.IGNORECASE)
# Statements about one thing each: they give no rows, or tell how one statement is run, or what one
# table is like. https://www.postgresql.org/docs/current/sql-explain.html,
# https://dev.mysql.com/doc/refman/8.4/en/explain.html, https://sqlite.org/eqp.html
_COMMANDING = re.compile(
    r"\s*(?:KILL|PRAGMA|USE|CREATE|ALTER|DROP|TRUNCATE|VACUUM|REINDEX|GRANT|REVOKE|COMMENT|LOCK|"
    r"ANALYZE|NOTIFY|LISTEN|UNLISTEN|REFRESH|ATTACH|DETACH|EXPLAIN|DESCRIBE|DESC|SHOW)\s|"
    rf"\s*SELECT\s+(?:{_DOING})\s*\(",
    re.IGNORECASE,
)
_WRITING = re.compile(r"\s*(?:INSERT|UPDATE|DELETE|REPLACE|MERGE|UPSERT|COPY)\s", re.IGNORECASE)
# https://www.postgresql.org/docs/current/sql-select.html#SQL-FOR-UPDATE-SHARE
_LOCKING = re.compile(r"\sFOR\s+(?:NO\s+KEY\s+UPDATE|UPDATE|(?:KEY\s+)?SHARE)\b", re.IGNORECASE)

# Functions that give another value each time,
# https://www.postgresql.org/docs/current/functions-sequence.html,
# https://www.postgresql.org/docs/current/functions-uuid.html,
# https://learn.microsoft.com/en-us/sql/t-sql/functions/next-value-for-transact-sql
_VOLATILE = ("clock_timestamp", "gen_random_uuid", "next_value", "nextval", "rand", "random")
_DRAWING = re.compile(
    rf"\b(?:{'|'.join(_VOLATILE)}|uuid_generate_v[14])\s*\(|\bNEXT\s+VALUE\s+FOR\s",
    re.IGNORECASE,
)
# Methods of texts that leave what they begin with.
_OF_TEXTS = ("format", "format_map", "replace", "strip", "lstrip", "rstrip")
# How far it is followed what a text is put together of, and into how many functions.
_STEPS = 12
_LEVELS = 2
_BETWEEN = " … "


def executes(run: RunExternal) -> bool:
    """Whether a run is the execution of a statement that it is handed."""
    return run.name.rpartition(".")[2] == "execute"


def is_setting(run: RunExternal) -> bool:
    """Whether a run sets something of the connection."""
    statement = run.arguments.get(0, "sql") if executes(run) else None
    return (
        isinstance(statement, Constant)
        and isinstance(statement.value, str)
        and _SETTING.match(statement.value) is not None
    )


def kind_of(project: Project, run: RunExternal, frame: Frame, statement: int) -> Apart | None:
    """Why what is executed, a term of a frame (-1: no argument), is one for itself; None if it asks
    for rows.
    """
    if is_setting(run):
        return Apart.CONNECTION
    text = _spelt(project, frame, statement, _STEPS)
    if text is not None:
        return _told(text)
    return _function(project, frame, statement) if statement >= 0 else None


def _told(text: str) -> Apart | None:
    if _COMMANDING.match(text):
        return Apart.CONNECTION
    if _DRAWING.search(text):
        return Apart.DRAWN
    if _WRITING.match(text):
        return Apart.WRITES
    return Apart.LOCK if _LOCKING.search(text) else None


def _function(project: Project, frame: Frame, statement: int) -> Apart | None:
    """The same of ``select(func.nextval("seq"))``."""
    terms = frame.module.facts.terms
    for part in sorted(made_of(terms, statement)):
        entry = terms[part]
        called = terms[entry[1]] if entry[0] == t.CALL else entry
        if entry[0] != t.CALL or called[0] != t.ATTR or type(called[2]) is not str:
            continue
        is_drawn, is_done = called[2] in _VOLATILE, _DONE.fullmatch(called[2]) is not None
        if (is_drawn or is_done) and any(
            isinstance(function, (External, Member)) and function.name.startswith("sqlalchemy.")
            for function in options_of(project.values.evaluate(frame, entry[1]))
        ):
            return Apart.CONNECTION if is_done else Apart.DRAWN
    return None


def made_of(
    terms: list[t.Term], term: int, is_fixed: Callable[[int], bool] | None = None
) -> set[int]:
    """All terms that a term is made of, without those of parts that are the same for all."""
    waiting = [term]
    seen: set[int] = set()
    while waiting:
        current = waiting.pop()
        if current not in seen and not (is_fixed is not None and is_fixed(current)):
            seen.add(current)
            waiting.extend(t.operands(terms[current]))
    return seen


def _spelt(
    project: Project, frame: Frame, term: int, steps: int, levels: int = _LEVELS
) -> str | None:
    """What of a statement is spelt out, from its beginning; None if that is not."""
    if term < 0 or not steps:
        return None
    terms = frame.module.facts.terms
    term = t.unaliased(terms, term)
    entry = terms[term]
    kind = entry[0]
    if kind == t.CONST:
        return entry[1] if isinstance(entry[1], str) else None
    if kind == t.FORMAT:
        return _BETWEEN.join(str(text) for text in entry[2]) if len(entry) > 2 else None
    if kind == t.BINARY:
        left = _spelt(project, frame, entry[2], steps - 1, levels)
        if left is None or entry[1] == "%":
            return left
        return left + (_spelt(project, frame, entry[3], steps - 1, levels) or _BETWEEN)
    if kind == t.JOIN:
        found = [_spelt(project, frame, one, steps - 1, levels) for one in entry[1]]
        texts = [text for text in found if text is not None]
        kinds = {_told(text) for text in texts}
        return min(texts) if len(texts) == len(found) and len(kinds) == 1 else None
    if kind == t.CALL:
        called = terms[entry[1]]
        tried = (given_to(terms, entry), called[1] if called[0] == t.ATTR else -1)
        for inner in dict.fromkeys(tried):
            spelt = _spelt(project, frame, inner, steps - 1, levels)
            if spelt is not None:
                return spelt
        return _returned(project, frame, entry[1], steps - 1, levels) if levels else None
    if kind == t.NAME:
        bound = frame.module.facts.scopes[0].bindings.get(entry[1], -1)
        if bound >= 0 and terms[bound][0] in (t.CALL, t.BINARY, t.FORMAT):
            return _spelt(project, project.module_frame(frame.module), bound, steps - 1, levels)
    if kind in (t.NAME, t.ATTR, t.PARAM):
        return text_of(project.values.evaluate(frame, term))
    return None


def given_to(terms: list[t.Term], entry: t.Term) -> int:
    """What a call makes a statement of: ``text(sql)``, ``sql.format(name)``,
    ``text(sql).bindparams(…)``; -1 if there is nothing.
    """
    called = terms[entry[1]]
    if called[0] == t.ATTR:
        base = terms[t.unaliased(terms, called[1])]
        if called[2] in _OF_TEXTS or base[0] in (t.CALL, t.CONST, t.FORMAT, t.BINARY):
            return int(called[1])
    return entry[2][0] if entry[2] else -1


def _returned(project: Project, frame: Frame, function: int, steps: int, levels: int) -> str | None:
    """What of a statement is spelt out that a function of the project gives."""
    found: list[str | None] = []
    for option in options_of(project.values.evaluate(frame, function)):
        if not isinstance(option, FunctionValue):
            return None
        inner = project.frame_of_scope(option.module, option.scope)
        for returned in inner.scope.returns:
            found.append(_spelt(project, inner, returned, steps, levels - 1))
    texts = [text for text in found if text is not None]
    kinds = {_told(text) for text in texts}
    return min(texts) if texts and len(texts) == len(found) and len(kinds) == 1 else None
