"""Pages of a paginator: a slice of the queryset that the paginator was given.

Source: django/core/paginator.py of Django 6.1.3. A queryset is sliced, so its rows are those of the
queryset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.project.meaning.outcome import Outcome
from fwp_checks.project.meaning.values import (
    Arguments,
    CallableValue,
    Instance,
    Iterable,
    Member,
    Unknown,
    Value,
    is_informative,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

PAGINATOR = "django.core.paginator.Paginator"
PAGE = "django.core.paginator.Page"


def page(objects: Value) -> Instance:
    """A page of a list of objects."""
    return Instance(PAGE, arguments=(objects,))


def paginator(objects: Value) -> Instance:
    """A paginator over a list of objects."""
    return Instance(PAGINATOR, arguments=(objects,))


def call(name: str, arguments: Arguments, receiver: Value | None) -> Outcome | None:
    """What making a paginator, or asking one for a page, gives."""
    if name == PAGINATOR:
        objects = arguments.get(0, "object_list")
        return Outcome.nothing(paginator(objects)) if objects is not None else None
    if name in (f"{PAGINATOR}.page", f"{PAGINATOR}.get_page"):
        if isinstance(receiver, Instance) and receiver.arguments:
            return Outcome.nothing(page(receiver.arguments[0]))
    return None


def attribute(base: Instance | Member, name: str) -> Value | None:
    """What an attribute of a paginator or a page holds."""
    if not isinstance(base, Instance) or not base.arguments:
        return None
    if base.class_ == PAGE:
        if name == "object_list":
            return base.arguments[0]
        if name == "paginator":
            return paginator(base.arguments[0])
        return Unknown("state of a page") if name in ("number", "has_next") else None
    if base.class_ == PAGINATOR:
        if name == "object_list":
            return base.arguments[0]
        if name in ("page", "get_page"):
            return CallableValue(page(base.arguments[0]))
        if name == "page_range":
            return Iterable(Instance("builtins.int"), "list")
    return None


def element(project: Project, value: Instance) -> Value | None:
    """One object of a page."""
    if value.class_ not in (PAGE, PAGINATOR) or not value.arguments:
        return None
    found = project.protocols.element(value.arguments[0])
    if value.class_ == PAGINATOR:
        return page(value.arguments[0])
    return found if is_informative(found) else None
