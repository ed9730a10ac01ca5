"""Models whose bases are classes of packages that are not read: their bodies tell.

Source: django/db/models/base.py of Django 6.1.3: nothing but the metaclass of models makes columns
of what a class body binds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.django.models import (
    FOREIGN_KEY,
    GENERIC_KEY,
    GENERIC_RELATION,
    MANY_TO_MANY,
    MODEL,
)
from fwp_checks.project.meaning.values import External

if TYPE_CHECKING:
    from fwp_checks.facts.model import Scope
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

_RELATIONS = (FOREIGN_KEY, MANY_TO_MANY, GENERIC_KEY, GENERIC_RELATION)
# Expressions bind a column to this: docs.djangoproject.com/en/stable/ref/models/expressions/
_OF_EXPRESSIONS = "output_field"


def base(project: Project, frame: Frame, scope: Scope, bases: Sequence[str]) -> str | None:
    """The class of models, if a class has a package's class among its bases of which nothing is
    known, none that is known to be a model, and binds columns or relations.
    """
    unread = [name for name in bases if project.classes.is_unread(name)]
    # Django's own models all have rows.
    if all(name.startswith("django.") for name in unread):
        return None
    if any(project.classes.derives(External(name), MODEL) for name in bases):
        return None
    terms = frame.module.facts.terms
    for name, term in scope.bindings.items():
        if terms[term][0] == t.CALL and name != _OF_EXPRESSIONS:
            called = project.values.evaluate(frame, terms[term][1])
            if isinstance(called, External) and _is_of_models(project, called):
                return MODEL
    return None


def _is_of_models(project: Project, called: External) -> bool:
    name = called.name
    if name.startswith("django.db.models.") and name.endswith("Field"):
        return True
    return any(project.classes.derives(called, relation) for relation in _RELATIONS)
