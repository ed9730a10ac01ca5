"""Loader options: ``selectinload(Post.comments).joinedload(Comment.author)`` as a value.

Source: sqlalchemy/orm/strategy_options.py of SQLAlchemy 2.1.9; names as strings, and several names
in one call, are of 1.4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from fwp_checks.frameworks.sqlalchemy.rows import (
    EACH,
    EAGER,
    EVERYTHING,
    LAZY,
    MAYBE,
    NEVER,
    RAISE,
    UNKNOWN_OPTION,
    Entry,
    Option,
    option_of,
    text,
)
from fwp_checks.project.meaning.values import (
    Arguments,
    Instance,
    Iterable,
    TupleValue,
    Value,
)

LOAD = "sqlalchemy.orm.Load"
ATTRIBUTE = "sqlalchemy.orm.InstrumentedAttribute"

_STRATEGIES = {
    "joinedload": EAGER,
    "selectinload": EAGER,
    "subqueryload": EAGER,
    "contains_eager": EAGER,
    "immediateload": EAGER,
    "joinedload_all": EAGER,
    "subqueryload_all": EAGER,
    "eagerload": EAGER,
    "lazyload": LAZY,
    "raiseload": RAISE,
    "noload": NEVER,
}
_COLUMNS = frozenset({"load_only", "defer", "undefer", "undefer_group", "with_expression"})
_METHODS = frozenset({*_STRATEGIES, *_COLUMNS, "defaultload", "options", "selectin_polymorphic"})
_ABOUT_NO_RELATION = _COLUMNS | {"selectin_polymorphic", "with_loader_criteria"}


@dataclass(slots=True, unsafe_hash=True)
class Attribute:
    """``Post.author``: an attribute of a mapped class, in a query."""

    owner: Value
    name: str


def attribute(owner: Value, name: str) -> Instance:
    """The value of ``Post.author``."""
    return Instance(ATTRIBUTE, details=(Attribute(owner, name),))


def _attribute_of(value: Value) -> Attribute | None:
    if isinstance(value, Instance):
        for detail in value.details:
            if isinstance(detail, Attribute):
                return detail
    return None


def function(name: str, arguments: Arguments) -> Value | None:
    """What a function that makes loader options gives; None for any other function."""
    if name == "Load":
        return _value(Option(arguments.get(0, "entity"), ()))
    if name in _ABOUT_NO_RELATION:
        return _value(Option(None, ()))
    if name in _STRATEGIES or name == "defaultload":
        return _value(_extended(None, name, arguments))
    return None


def method(receiver: Instance, name: str, arguments: Arguments) -> Value | None:
    """What a method of a loader option gives, or one of ``Post.author`` that is still about it."""
    if receiver.class_ == ATTRIBUTE:
        return receiver if name in ("of_type", "and_") else None
    option = option_of(receiver)
    if option is None or name not in _METHODS:
        return None
    if name in _ABOUT_NO_RELATION:
        return receiver
    if name == "options":
        return _value(_nested(option, arguments))
    return _value(_extended(option, name, arguments))


def _value(option: Option) -> Instance:
    return Instance(LOAD, details=(option,))


def _extended(option: Option | None, name: str, arguments: Arguments) -> Option:
    """An option with one more step."""
    keys = list(arguments.positional)
    if not arguments.complete or not keys:
        return UNKNOWN_OPTION
    found = option or Option(None, ())
    for key in keys:
        known = _attribute_of(key)
        path = known.name if known is not None else text(key)
        if path is None:
            return UNKNOWN_OPTION
        root = found.root
        if option is None and not found.path and known is not None:
            root = known.owner
        found = replace(found, root=root)
        if path == "*":
            how = _STRATEGIES.get(name, MAYBE)
            reach = _joined(found.path, EACH) if found.path or root is not None else EVERYTHING
            return replace(found, entries=(*found.entries, (reach, how)))
        for part in path.split("."):
            found = _stepped(found, part, _STRATEGIES.get(name))
    return found


def _stepped(option: Option, name: str, how: str | None) -> Option:
    path = _joined(option.path, name)
    entries = option.entries if how is None else (*option.entries, (path, how))
    return replace(option, entries=entries, path=path)


def _nested(option: Option, arguments: Arguments) -> Option:
    entries: list[Entry] = list(option.entries)
    for inner in given(arguments):
        entries.extend((_joined(option.path, path), how) for path, how in inner.entries)
    return replace(option, entries=tuple(entries))


def given(arguments: Arguments) -> list[Option]:
    """The options in the arguments of ``.options(…)``."""
    found = [] if arguments.complete else [UNKNOWN_OPTION]
    for argument in arguments.positional:
        found.extend(held(argument))
    return found


def held(value: Value | None) -> list[Option]:
    """The options in a value: one, or a list of them."""
    if value is None:
        return []
    if isinstance(value, TupleValue):
        return [option for item in value.items for option in held(item)]
    if isinstance(value, Iterable):
        value = value.element
    return [option_of(value) or UNKNOWN_OPTION]


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
