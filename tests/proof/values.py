"""What the sources of a case tell: values that it filters by, functions that it calls itself."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_LOOKUPS = (
    *("exact", "iexact", "in", "startswith", "istartswith", "endswith", "iendswith", "contains"),
    *("icontains", "gte", "lte", "gt", "lt", "isnull", "range", "regex"),
)
_SKIPPED_CALLS = ("exclude", "annotate", "defaults", "create", "update")


def compared_values(sources: Iterable[Path]) -> dict[str, Any]:
    """For each field name, the value that the sources filter by: ``filter(status="open")``,
    ``where(Post.status == "open")``, what a parameter ``status`` is given or has as its default.
    """
    found: dict[str, Any] = {}
    nodes = [node for path in sources for node in ast.walk(ast.parse(path.read_bytes()))]
    functions = {node.name: node.args for node in nodes if isinstance(node, ast.FunctionDef)}
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            called = functions.get(node.func.id)
            for parameter, given in zip(called.args if called else (), node.args, strict=False):
                if isinstance(given, ast.Constant) and given.value is not None:
                    _note(found, parameter.arg, given)
        _note_node(found, node)
    return found


def _note_node(found: dict[str, Any], node: ast.AST) -> None:
    if isinstance(node, ast.Call) and _name(node.func) not in _SKIPPED_CALLS:
        for keyword in node.keywords:
            if keyword.arg is not None:
                _note(found, keyword.arg, keyword.value)
    elif isinstance(node, ast.arguments):
        named = [*node.posonlyargs, *node.args][-len(node.defaults) :]
        for parameter, default in zip(named, node.defaults, strict=False):
            if getattr(default, "value", None) is not None:
                _note(found, parameter.arg, default)
    elif isinstance(node, ast.Compare) and isinstance(node.left, ast.Attribute):
        if isinstance(node.ops[0], ast.Eq):
            _note(found, node.left.attr, node.comparators[0])


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _note(found: dict[str, Any], keyword: str, value: ast.expr) -> None:
    parts = keyword.split("__")
    lookup = parts.pop() if len(parts) > 1 and parts[-1] in _LOOKUPS else "exact"
    try:
        constant = ast.literal_eval(value)
    except ValueError:
        return
    if lookup == "in" and isinstance(constant, list | tuple | set) and constant:
        constant = sorted(constant, key=str)[0]
    elif lookup in ("gt", "lt") and isinstance(constant, int | float):
        constant += 1 if lookup == "gt" else -1
    elif lookup == "isnull":
        if constant is not True:
            return
        constant = None
    elif lookup in ("range", "regex"):
        return
    if constant is None or isinstance(constant, str | int | float | bool):
        found.setdefault(parts[-1], constant)


def used_names(sources: Iterable[Path]) -> set[str]:
    """The names that are read, or called on something, anywhere but in lists of addresses: those
    of helpers, which are no entries.
    """
    found = set()
    for path in sources:
        if path.suffix == ".py" and path.name != "urls.py":
            for node in ast.walk(ast.parse(path.read_bytes())):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                    found.add(node.id)
                elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    found.add(node.func.attr)
    return found
