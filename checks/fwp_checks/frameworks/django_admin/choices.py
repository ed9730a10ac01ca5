"""Fields of the admin's forms that ask for all objects they may lead to, once for each row.

Source: django/forms/models.py (``ModelChoiceIterator``: each form has a queryset of its own) and
contrib/admin/options.py (``formfield_for_foreignkey``) of Django 6.1.3. What widgets of
``raw_id_fields`` and ``autocomplete_fields`` ask for is the one object that is chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.django.models import Models
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.values import ClassValue, Constant

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# What may change which fields there are, or how they ask.
_CHANGING = frozenset(
    {
        *("formfield_for_foreignkey", "formfield_for_dbfield", "formfield_overrides", "get_form"),
        *("get_formset", "formset", "form", "get_fields", "get_fieldsets", "get_exclude"),
        *("get_readonly_fields", "get_autocomplete_fields", "get_changelist_form"),
        *("get_changelist_formset", "has_change_permission", "get_max_num", "template"),
    }
)
_ONE_AT_A_TIME = ("raw_id_fields", "autocomplete_fields", "readonly_fields")
# So few forms that it hardly matters.
_FEW = 10


def in_list(project: Project, admin: ClassValue, model: ClassValue) -> tuple[str, ...]:
    """The foreign keys that ``list_editable`` of a model admin names."""
    if _is_changed(project, admin):
        return ()
    shown = _texts(project, admin, "list_editable") or []
    left = _left_out(project, admin)
    return () if left is None else _keys(project, model, shown, left)


def in_inline(
    project: Project, inline: ClassValue, model: ClassValue, parent: ClassValue
) -> tuple[str, ...]:
    """The foreign keys in the forms of an inline, but for the one to the object around."""
    most = project.members.find_in_class(inline, "max_num")
    is_short = isinstance(most, Constant) and isinstance(most.value, int) and most.value <= _FEW
    if is_short or _is_changed(project, inline):
        return ()
    if project.members.find_in_class(inline, "fieldsets") is not None:
        return ()
    named = project.members.find_in_class(inline, "fields")
    shown = _texts(project, inline, "fields")
    left = _left_out(project, inline)
    if left is None or (shown is None and named is not None):
        return ()
    relations = Models.of(project).relations(model)
    line = project.classes.info(parent).order
    around = _text(project, inline, "fk_name") or next(
        (relation.name for relation in relations if relation.target in line), ""
    )
    if not around:
        # What stands around is found by its type and number, or in a table between.
        return ()
    if shown is None:
        shown = [relation.name for relation in relations]
    return _keys(project, model, shown, {*left, around})


def _is_changed(project: Project, class_: ClassValue) -> bool:
    return any(
        not _CHANGING.isdisjoint(owner.module.facts.scopes[owner.scope].bindings)
        for owner in project.classes.info(class_).order
        if isinstance(owner, ClassValue)
    )


def _left_out(project: Project, class_: ClassValue) -> set[str] | None:
    """The fields that are no choice among all objects; None if they are not known."""
    found: set[str] = set()
    for option in (*_ONE_AT_A_TIME, "exclude"):
        texts = _texts(project, class_, option)
        if texts is None and project.members.find_in_class(class_, option) is not None:
            return None
        found.update(texts or ())
    return found


def _keys(project: Project, model: ClassValue, shown: list[str], left: set[str]) -> tuple[str, ...]:
    models = Models.of(project)
    found = []
    for name in dict.fromkeys(shown):
        relation = models.relation(model, name) if name not in left else None
        if relation is None or relation.kind != "one" or relation.target is None:
            continue
        if _is_editable(project, model, name):
            found.append(name)
    return tuple(found)


def _is_editable(project: Project, model: ClassValue, name: str) -> bool:
    bound = literals.attribute_term(project, model, name)
    if bound is None:
        return False
    terms = bound[0].module.facts.terms
    entry = terms[t.unaliased(terms, bound[1])]
    if entry[0] == t.DECLARED and entry[1] >= 0:
        entry = terms[entry[1]]
    return entry[0] == t.CALL and not any(
        keyword in ("editable", "parent_link") and terms[given] != (t.CONST, keyword == "editable")
        for keyword, given in entry[3]
    )


def _texts(project: Project, class_: ClassValue, option: str) -> list[str] | None:
    """The names in an option of a class; None where it is not given, or not written."""
    bound = literals.attribute_term(project, class_, option)
    items = literals.items(project, *bound) if bound is not None else None
    found: list[str] = []
    for item in items or ():
        # Fields in one line stand in a tuple of their own.
        inner = literals.items(project, item.frame, item.term)
        texts = literals.strings(project, inner if inner is not None else [item])
        if texts is None:
            return None
        found.extend(texts)
    return found if items is not None else None


def _text(project: Project, class_: ClassValue, option: str) -> str:
    return literals.text_of(project.members.find_in_class(class_, option)) or ""
