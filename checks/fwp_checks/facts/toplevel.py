"""What a module does when it is imported, statement by statement: which names it binds, and what it
imports. Facts say what a name stands for at the end; here it matters what is bound when.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Imported(NamedTuple):
    """``from <level dots><module> import <attribute>``; attribute None for ``import module``, ``*``
    for everything.
    """

    module: str
    attribute: str | None
    level: int


class Step(NamedTuple):
    """One statement at the top of a module: the names it binds, and what it imports.

    ``is_certain``: it runs whenever the module is imported, and nothing catches what it raises.
    """

    line: int
    column: int
    end_line: int
    end_column: int
    names: tuple[str, ...]
    imports: tuple[Imported, ...]
    is_certain: bool


_TYPING = ("TYPE_CHECKING", "typing.TYPE_CHECKING", "t.TYPE_CHECKING")


def steps(text: str) -> list[Step]:
    """The steps of a module's source, in the order in which they run; none if it cannot be parsed.

    Bodies of functions do not run, bodies of classes bind nothing here, and what only type checkers
    see (``if TYPE_CHECKING``) is left out.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return []
    return list(_steps(tree.body, True))


def _steps(statements: Sequence[ast.stmt], is_certain: bool) -> Iterator[Step]:
    for statement in statements:
        if isinstance(statement, ast.If):
            if ast.unparse(statement.test) not in _TYPING:
                yield from _steps(statement.body, False)
            yield from _steps(statement.orelse, False)
        elif isinstance(statement, (ast.Try, ast.TryStar)):
            yield from _steps(statement.body, is_certain and not statement.handlers)
            for handler in statement.handlers:
                yield from _steps(handler.body, False)
            yield from _steps(statement.orelse, False)
            yield from _steps(statement.finalbody, is_certain)
        elif isinstance(statement, (ast.For, ast.While, ast.With, ast.Match)):
            yield _step(statement, tuple(_bound(statement)), (), is_certain)
            yield from _inner(statement, is_certain)
        elif isinstance(statement, (ast.Import, ast.ImportFrom)):
            yield _step(statement, _names(statement), _imports(statement), is_certain)
        elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield _step(statement, (statement.name,), (), is_certain)
        else:
            yield _step(statement, tuple(_bound(statement)), (), is_certain)


def _inner(
    statement: ast.For | ast.While | ast.With | ast.Match, is_certain: bool
) -> Iterator[Step]:
    if isinstance(statement, ast.Match):
        for case in statement.cases:
            yield from _steps(case.body, False)
        return
    yield from _steps(statement.body, is_certain and isinstance(statement, ast.With))
    if not isinstance(statement, ast.With):
        yield from _steps(statement.orelse, False)


def _step(
    node: ast.stmt, names: tuple[str, ...], imports: tuple[Imported, ...], is_certain: bool
) -> Step:
    end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or 0
    return Step(node.lineno, node.col_offset, end_line, end_column, names, imports, is_certain)


def _bound(statement: ast.stmt) -> Iterator[str]:
    """Every name that a statement assigns, wherever in it: more of them is the safe side."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _names(statement: ast.Import | ast.ImportFrom) -> tuple[str, ...]:
    return tuple(alias.asname or alias.name.partition(".")[0] for alias in statement.names)


def _imports(statement: ast.Import | ast.ImportFrom) -> tuple[Imported, ...]:
    if isinstance(statement, ast.Import):
        return tuple(Imported(alias.name, None, 0) for alias in statement.names)
    module, level = statement.module or "", statement.level
    return tuple(Imported(module, alias.name, level) for alias in statement.names)
