"""The edit that closes a session of a dependency in any case: ``try`` around its ``yield``, and the
statements that close it in ``finally``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from fwp_checks.facts import terms as t
from fwp_checks.facts.lexer import LexError, tokens_of
from fwp_checks.facts.model import Statement
from fwp_checks.finding import Edit, Range
from fwp_checks.project.injection.declared import Leak
from fwp_checks.project.meaning.frames import Frame

_YIELD = re.compile(r"yield (\w+)")
_STEP = "    "


def closed_in_finally(leak: Leak) -> tuple[Edit, ...]:
    """The edit; none where it is not certain what to write.

    It is where ``yield name`` is a statement of the function's own, once, and what follows it
    closes the session last, or does not close it at all. What comes between stays behind the
    ``yield``: it is not to be done where the request has failed.
    """
    frame = leak.frame
    text = frame.module.text
    if text is None or leak.is_returned or len(frame.scope.yields) != 1:
        return ()
    lines = text.split("\n")
    statements = frame.module.facts.statements_of(frame.scope)
    at = _statement_at(statements, leak.given)
    if at < 0 or statements[at].kind != "expression":
        return ()
    first = statements[at].line
    match = _YIELD.fullmatch(lines[first - 1].split("#")[0].strip())
    rest = statements[at + 1 :]
    closing = _closing(frame, rest, leak)
    if match is None or closing is None or not _is_plain(lines, first, frame.scope.end_line):
        return ()
    end = _last_line(lines, frame.scope.end_line)
    indent = lines[first - 1][: len(lines[first - 1]) - len(lines[first - 1].lstrip())]
    split = rest[closing].line if closing < len(rest) else end + 1
    inside = _indented(lines[first - 1 : split - 1])
    after = _indented(lines[split - 1 : end])
    if not after:
        called = f"await {match[1]}.close()" if _is_async(frame, leak) else f"{match[1]}.close()"
        after = [f"{indent}{_STEP}{called}"]
    source = "\n".join([f"{indent}try:", *inside, f"{indent}finally:", *after])
    where = Range(first, 1, end, len(lines[end - 1]) + 1)
    return (Edit(frame.module.path, where, source),)


def _statement_at(statements: Sequence[Statement], term: int) -> int:
    for at, statement in enumerate(statements):
        if statement.start <= term < statement.end:
            return at
    return -1


def _closing(frame: Frame, rest: Sequence[Statement], leak: Leak) -> int | None:
    """The first of the statements at the end that do nothing but close the session; None if it is
    closed elsewhere.
    """
    at = len(rest)
    while at and rest[at - 1].kind == "expression" and _only_closes(frame, rest[at - 1], leak):
        at -= 1
    closed = [term for term in leak.closes if at < len(rest) and term >= rest[at].start]
    return at if len(closed) == len(leak.closes) else None


def _only_closes(frame: Frame, statement: Statement, leak: Leak) -> bool:
    terms = frame.module.facts.terms
    return any(statement.start <= term < statement.end for term in leak.closes) and all(
        terms[term][0] in (t.ATTR, t.CALL, t.AWAIT, t.DROP, t.NARROW)
        for term in range(statement.start, statement.end)
    )


def _is_async(frame: Frame, leak: Leak) -> bool:
    """Whether closing the session has to be awaited: its function is asynchronous, and so is it."""
    return frame.scope.is_async and leak.is_async


def _is_plain(lines: list[str], first: int, last: int) -> bool:
    """Whether lines can be moved to the right: no text runs over several of them."""
    source = "\n".join(lines[first - 1 : last])
    if "\\\n" in source or ";" in source:
        return False
    try:
        return not any("\n" in source[one.start : one.end].strip() for one in tokens_of(source))
    except LexError:
        return False


def _last_line(lines: list[str], last: int) -> int:
    while not lines[last - 1].strip():
        last -= 1
    return last


def _indented(lines: list[str]) -> list[str]:
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    return [f"{_STEP}{line}" if line.strip() else line for line in lines]
