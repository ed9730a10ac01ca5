"""Pages of a paginator: a slice of the queryset that the paginator was given.

Source: django/core/paginator.py of Django 6.1.3. A queryset is sliced, so its rows are those of the
queryset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.project.meaning.origins import limited
from fwp_checks.project.meaning.outcome import Outcome
from fwp_checks.project.meaning.values import (
    Arguments,
    CallableValue,
    Constant,
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
# The numbers of all pages, or of those around one.
_NUMBERS: Value = Iterable(Instance("builtins.int"), "range")


def page(objects: Value, among: Value | None = None) -> Instance:
    """A page: its objects, which are ``among`` those of its paginator."""
    return Instance(PAGE, arguments=(objects, objects if among is None else among))


def paginator(objects: Value, shown: Value | None = None) -> Instance:
    """A paginator over a list of objects, of which ``shown`` are those of one page."""
    return Instance(PAGINATOR, arguments=(objects, objects if shown is None else shown))


def on_one(objects: Value, size: Value | None, orphans: Value | None) -> Value:
    """Those of a list of objects that are on one page, as many as are written."""
    most = 0
    for number in (size, orphans):
        if isinstance(number, Constant) and isinstance(number.value, int):
            most += number.value
        elif number is not None:
            return objects
    return limited(objects, most) if size is not None else objects


def call(name: str, arguments: Arguments, receiver: Value | None) -> Outcome | None:
    """What making a paginator, or asking one for a page, gives."""
    if name == PAGINATOR:
        objects = arguments.get(0, "object_list")
        if objects is None:
            return None
        shown = on_one(objects, arguments.get(1, "per_page"), arguments.get(2, "orphans"))
        return Outcome.nothing(paginator(objects, shown))
    if name in (f"{PAGINATOR}.page", f"{PAGINATOR}.get_page"):
        if isinstance(receiver, Instance) and receiver.arguments:
            return Outcome.nothing(page(receiver.arguments[-1], receiver.arguments[0]))
    return None


def attribute(base: Instance | Member, name: str) -> Value | None:
    """What an attribute of a paginator or a page holds."""
    if not isinstance(base, Instance) or not base.arguments:
        return None
    if base.class_ == PAGE:
        if name == "object_list":
            return base.arguments[0]
        if name == "paginator":
            return paginator(base.arguments[-1], base.arguments[0])
        return Unknown("state of a page") if name in ("number", "has_next") else None
    if base.class_ == PAGINATOR:
        if name == "object_list":
            return base.arguments[0]
        if name in ("page", "get_page"):
            return CallableValue(page(base.arguments[-1], base.arguments[0]))
        if name == "page_range":
            return _NUMBERS
        if name == "get_elided_page_range":
            return CallableValue(_NUMBERS)
    return None


def element(project: Project, value: Instance) -> Value | None:
    """One object of a page."""
    if value.class_ not in (PAGE, PAGINATOR) or not value.arguments:
        return None
    found = project.protocols.element(value.arguments[0])
    if value.class_ == PAGINATOR:
        return page(value.arguments[-1], value.arguments[0])
    return found if is_informative(found) else None
