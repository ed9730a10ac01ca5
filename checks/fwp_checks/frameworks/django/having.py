"""Attributes that querysets and rows have, and what only one of the two has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.frameworks.django import instances, rows
from fwp_checks.frameworks.django.models import MODEL, Models
from fwp_checks.project.meaning.classes import PLAIN_BASES
from fwp_checks.project.meaning.values import ClassValue, Instance

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# https://github.com/django/django/blob/5.2/django/db/models/query.py: what ``__init__`` sets, and
# properties.
_OF_QUERYSETS: frozenset[str] = frozenset(
    {
        *("_result_cache", "_prefetch_related_lookups", "db", "model", "ordered", "query"),
        "resolve_expression",
    }
)
_OF_ROWS: frozenset[str] = frozenset({"_meta", "_state", "pk"})
_ROWS_ONLY: frozenset[str] = frozenset({*_OF_ROWS, "id", "save", "refresh_from_db"})
_BASES: frozenset[str] = PLAIN_BASES | {MODEL, rows.QUERYSET}


def has_attribute(project: Project, base: Instance, name: str) -> bool | None:
    """What ``hasattr`` answers for a queryset, a manager or a row, if Django decides that."""
    models = Models.of(project)
    if isinstance(base.class_, ClassValue) and models.is_model(base.class_):
        relation = models.relation(base.class_, name)
        if name in _OF_ROWS or instances.may_have(base, name):
            return True
        if relation is not None:
            # The other end of a one-to-one relation may be missing.
            return None if relation.kind == "back" else True
        is_foreign = _is_of_querysets(project, name) or hasattr(list, name)
        return False if is_foreign and _is_known(project, base, name) else None
    if models.is_queryset(base):
        if name in _OF_QUERYSETS:
            return True
        return False if name in _ROWS_ONLY and _is_known(project, base, name) else None
    return None


def _is_of_querysets(project: Project, name: str) -> bool:
    return name in _OF_QUERYSETS or project.catalogue.names_member(f"{rows.QUERYSET}.{name}")


def _is_known(project: Project, base: Instance, name: str) -> bool:
    """Whether nothing sets the attribute, and all is known of the object's class."""
    if name in project.attribute_stores:
        return False
    if isinstance(base.class_, str):
        return base.class_ == rows.QUERYSET
    return project.classes.info(base.class_).has_only(_BASES)
