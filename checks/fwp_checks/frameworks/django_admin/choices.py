"""Fields of the admin's forms that ask for all objects they may lead to: once for each row, or
with queries of their own for each object.

Source: django/forms/models.py (``ModelChoiceIterator``: each form has a queryset of its own) and
contrib/admin/options.py (``formfield_for_foreignkey``) of Django 6.1.3. What widgets of
``raw_id_fields`` and ``autocomplete_fields`` ask for is the one object that is chosen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.django import form_fields
from fwp_checks.frameworks.django.models import Models, Relation
from fwp_checks.frameworks.django.uniqueness import picks_one
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.values import ClassValue, Constant
from fwp_checks.project.rows.needs import Consumer

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

# What may change which fields there are, or how they ask.
_CHANGING = frozenset(
    {
        *("formfield_for_foreignkey", "formfield_for_dbfield", "formfield_overrides", "get_form"),
        *("get_formset", "formset", "form", "get_fields", "get_fieldsets", "get_exclude"),
        *("get_readonly_fields", "get_autocomplete_fields", "get_changelist_form"),
        *("get_changelist_formset", "has_change_permission", "get_max_num", "template"),
    }
)
# What may change the one form, besides.
_CHANGING_ONE = frozenset(
    {
        *("formfield_for_manytomany", "get_field_queryset", "add_form_template", "add_view"),
        *("change_form_template", "change_view", "changeform_view", "render_change_form"),
    }
)
_ONE_AT_A_TIME = ("raw_id_fields", "autocomplete_fields", "readonly_fields")
# Which object around a row belongs to may be said by its type and number.
# (django/contrib/contenttypes/admin.py, GenericInlineModelAdmin)
_GENERIC = "django.contrib.contenttypes.admin.Generic"
_GENERIC_KEYS = (("ct_field", "content_type"), ("ct_fk_field", "object_id"))
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
    if is_short(project, inline) or _is_changed(project, inline):
        return ()
    if project.members.find_in_class(inline, "fieldsets") is not None:
        return ()
    named = project.members.find_in_class(inline, "fields")
    shown = _texts(project, inline, "fields")
    left = _left_out(project, inline)
    if left is None or (shown is None and named is not None):
        return ()
    around = way_back(project, inline, model, parent)
    if around is None:
        # What stands around is found by its type and number, or in a table between.
        return ()
    if shown is None:
        shown = [relation.name for relation in Models.of(project).relations(model)]
    return _keys(project, model, shown, {*left, around.name})


def is_short(project: Project, inline: ClassValue) -> bool:
    """Whether an inline says that it has few rows."""
    most = project.members.find_in_class(inline, "max_num")
    return isinstance(most, Constant) and isinstance(most.value, int) and most.value <= _FEW


def is_single(project: Project, inline: ClassValue, model: ClassValue, parent: ClassValue) -> bool:
    """Whether an inline has one row at most for each object around: its class says so, or what
    leads back to that object is unique.
    """
    if project.members.find_in_class(inline, "max_num") == Constant(1):
        return True
    if any(base.startswith(_GENERIC) for base in project.classes.info(inline).externals):
        keys = [_text(project, inline, option) or default for option, default in _GENERIC_KEYS]
    else:
        around = way_back(project, inline, model, parent)
        if around is None or around.is_unique:
            return around is not None
        keys = [around.name]
    return picks_one(project, Models.of(project), model, keys)


def way_back(
    project: Project, inline: ClassValue, model: ClassValue, parent: ClassValue
) -> Relation | None:
    """The relation of an inline's rows to the object around; None where it is not known."""
    named = _text(project, inline, "fk_name")
    if named:
        return Models.of(project).relation(model, named)
    line = project.classes.info(parent).order
    relations = Models.of(project).relations(model)
    return next((relation for relation in relations if relation.target in line), None)


def to_choose_from(
    project: Project, admin: ClassValue, model: ClassValue, around: ClassValue | None = None
) -> Iterator[Consumer]:
    """What shows the choices in the form of a model admin, or of an inline in the form of another
    model.
    """
    info = project.classes.info(admin)
    if info.is_open or _is_changed(project, admin, _CHANGING | _CHANGING_ONE):
        return
    if not all(base.startswith("django.contrib.admin.") for base in info.externals):
        return
    left = _left_out(project, admin)
    shown = _shown(project, admin, model)
    if left is None or shown is None:
        return
    line = project.classes.info(around).order if around is not None else ()
    fields = []
    for name in shown:
        target = form_fields.target_of(project, model, name, is_through_shown=False)
        if target is not None and name not in left and target not in line:
            fields.append((name, target))
    # The class alone is the place of its list.
    term = literals.definition_term(admin.module, admin.scope)
    place = Place(admin.module.path, term, "form")
    yield form_fields.consumer(project, "admin form", admin.name, place, fields)


def _shown(project: Project, admin: ClassValue, model: ClassValue) -> list[str] | None:
    """The fields in a form; None if they are not known."""
    if project.members.find_in_class(admin, "fieldsets") is not None:
        bound = literals.attribute_term(project, admin, "fieldsets")
        return _in_fieldsets(project, *bound) if bound is not None else None
    if project.members.find_in_class(admin, "fields") is not None:
        return _texts(project, admin, "fields")
    return form_fields.relation_names(project, model)


def _in_fieldsets(project: Project, frame: Frame, term: int) -> list[str] | None:
    found: list[str] = []
    for pair in literals.items(project, frame, term) or ():
        parts = literals.items(project, pair.frame, pair.term)
        if parts is None or len(parts) != 2:
            return None
        options = parts[1]
        entry = options.frame.module.facts.terms[options.term]
        for key, value in entry[1] if entry[0] == t.MAPPING else ():
            name = project.values.evaluate(options.frame, key) if key >= 0 else None
            if literals.text_of(name) == "fields":
                texts = _flat(project, literals.items(project, options.frame, value))
                if texts is None:
                    return None
                found.extend(texts)
    return found


def _is_changed(project: Project, class_: ClassValue, names: frozenset[str] = _CHANGING) -> bool:
    return any(
        not names.isdisjoint(owner.module.facts.scopes[owner.scope].bindings)
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
    return _flat(project, literals.items(project, *bound) if bound is not None else None)


def _flat(project: Project, items: list[literals.Item] | None) -> list[str] | None:
    """The names in a list; None where it is not written."""
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
