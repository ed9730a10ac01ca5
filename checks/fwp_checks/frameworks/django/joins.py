"""What Django joins without being told a name.

Source: ``get_related_selections`` (django/db/models/sql/compiler.py), ``select_related_descend``
(django/db/models/query_utils.py) of Django 6.1.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.frameworks.django.models import Models, Relation
from fwp_checks.project.meaning.values import ClassValue, External, Value, options_of

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# How far Django follows foreign keys by itself.
_MAX_JOINS = 5
# Who names more than that had better choose.
_MOST_NAMES = 6
# Shipped models without foreign keys that have to be filled.
_WITHOUT = frozenset(
    {
        *(f"django.contrib.auth.models.{name}" for name in ("User", "AbstractUser", "Group")),
        "django.contrib.contenttypes.models.ContentType",
        "django.contrib.sites.models.Site",
    }
)


def required(project: Project, model: Value) -> Iterator[str]:
    """The paths of foreign keys that are not null, each before those behind it."""
    for path, _ in _followed(project, model, _MAX_JOINS):
        yield path


def nameless(project: Project, model: Value) -> tuple[str, ...] | None:
    """What ``select_related()`` without a name fetches of a model's rows, as names for it; None if
    that is not certain, or too much to name.
    """
    if not _is_known(project, model):
        return None
    found: list[str] = []
    for path, target in _followed(project, model, _MAX_JOINS):
        found.append(path)
        if len(found) > _MOST_NAMES or target is None:
            return None
        if not all(_is_known(project, option) for option in options_of(target)):
            return None
    return tuple(dict.fromkeys(found))


def _followed(project: Project, model: Value, depth: int) -> Iterator[tuple[str, Value | None]]:
    """The paths of foreign keys that are not null, and what they lead to."""
    if not isinstance(model, ClassValue) or not depth:
        return
    models = Models.of(project)
    for owner in project.classes.info(model).order:
        if not isinstance(owner, ClassValue):
            continue
        for name, relation in models.declared(owner).items():
            if not isinstance(relation, Relation) or relation.kind != "one":
                continue
            if relation.is_optional:
                continue
            yield name, relation.target
            for target in options_of(relation.target) if relation.target else ():
                for path, behind in _followed(project, target, depth - 1):
                    yield f"{name}__{path}", behind


def _is_known(project: Project, model: Value) -> bool:
    """Whether all foreign keys of a model are known."""
    if not isinstance(model, ClassValue):
        return isinstance(model, External) and model.name in _WITHOUT
    info = project.classes.info(model)
    return not info.is_open and all(
        name in _WITHOUT or name.startswith(("django.db.models.", "builtins."))
        for name in info.externals
    )
