"""Attributes that an object certainly has, or certainly has not: what ``hasattr`` answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.project.meaning.classes import PLAIN_BASES
from fwp_checks.project.meaning.having import answer
from fwp_checks.project.meaning.values import ClassValue, Instance, Value, options_of

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_PLAIN: frozenset[str] = PLAIN_BASES | {"typing.Protocol"}
_ANY = ("__getattr__", "__getattribute__", "__slots__")
_SETTING = ("setattr", "update")


def has(project: Project, value: Value, name: str) -> bool:
    """Whether an object certainly has an attribute: its class binds it."""
    return all(answer(project, option, name) is True for option in options_of(value))


def lacks(project: Project, value: Value, name: str) -> bool:
    """Whether an object certainly has no such attribute: its class and what that is derived from
    neither bind nor declare it, nothing sets it, and all of them are known.
    """
    return all(
        answer(project, option, name) is False
        or (
            isinstance(option, Instance)
            and isinstance(option.class_, ClassValue)
            and _never_has(project, option.class_, name)
        )
        for option in options_of(value)
    )


def _never_has(project: Project, class_: ClassValue, name: str) -> bool:
    info = project.classes.info(class_)
    members = project.members
    if not info.has_only(_PLAIN) or hasattr(object, name):
        return False
    if any(members.find_in_class(class_, one) is not None for one in (name, *_ANY)):
        return False
    setting = {module for one in _SETTING for module, _ in project.call_sites.spelt(one)}
    for owner in info.order:
        if not isinstance(owner, ClassValue) or owner.module in setting:
            return False
        scope = owner.module.facts.scopes[owner.scope]
        if name in scope.annotations or scope.decorators:
            return False
    return not any(
        _may_be_of(project, project.values.evaluate(frame, module.facts.terms[store][1]), class_)
        for module, store in project.attribute_stores.get(name, ())
        for frame in (project.frame_of_scope(module, module.code_scope_of(store)),)
    )


def _may_be_of(project: Project, value: Value, class_: ClassValue) -> bool:
    """Whether a value may be an object of a class, or of one that it shares a base with."""
    mine = set(project.classes.info(class_).order)
    for option in options_of(value):
        if not isinstance(option, Instance):
            return True
        if isinstance(option.class_, ClassValue):
            if not mine.isdisjoint(project.classes.info(option.class_).order):
                return True
    return False
