"""What functions that compile tags ask of the parser and of the tag's text.

Source: django/template/base.py of Django 6.1.3: ``Token.split_contents``,
``Parser.compile_filter``, ``Variable.resolve``, ``FilterExpression.resolve``.
"""

from __future__ import annotations

from fwp_checks.project.meaning.outcome import Outcome
from fwp_checks.project.meaning.values import Arguments, Instance, Member, Value
from fwp_checks.project.templates import nodes

_COMPILING = frozenset(
    {
        f"{nodes.PARSER}.compile_filter",
        *("django.template.Variable", "django.template.base.Variable"),
    }
)
_CONTENTS = f"{nodes.TOKEN}.contents"


def call(name: str, arguments: Arguments, receiver: Value | None) -> Outcome | None:
    """What splitting a tag's text, compiling one of its words, or resolving that gives."""
    if name in _COMPILING:
        given = arguments.get(0)
        found = nodes.compiled(given) if given is not None else None
        return Outcome.nothing(found) if found is not None else None
    if not isinstance(receiver, Instance) or not receiver.arguments:
        return None
    if name == f"{nodes.EXPRESSION}.resolve":
        return Outcome.nothing(receiver.arguments[0])
    if name in (f"{nodes.TOKEN}.split_contents", f"{_CONTENTS}.split"):
        return Outcome.nothing(receiver.arguments[0])
    return None


def attribute(base: Instance | Member, name: str) -> Value | None:
    """``token.contents``."""
    if isinstance(base, Instance) and base.class_ == nodes.TOKEN and name == "contents":
        return Instance(_CONTENTS, arguments=base.arguments)
    return None
