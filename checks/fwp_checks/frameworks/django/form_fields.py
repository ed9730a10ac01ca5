"""Fields of forms that Django makes of a model's relations: what there is to choose from.

Source: django/db/models/fields/related.py (``ForeignKey.formfield``, ``ManyToManyField.formfield``:
the objects of ``_default_manager``) and django/forms/models.py (``ModelChoiceIterator``,
``ModelChoiceField.label_from_instance``: the text of each) of Django 6.1.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.django import rows
from fwp_checks.frameworks.django.models import Models
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.origins import UNKNOWN_QUERY, Hop, Place, consumed_at, with_origin
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    ClassValue,
    Constant,
    Instance,
    Value,
    is_informative,
    join,
    options_of,
    without_none,
)
from fwp_checks.project.rows.needs import Consumer, Touch

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project

_RELATIONS = frozenset(
    f"django.db.models.{name}" for name in ("ForeignKey", "OneToOneField", "ManyToManyField")
)
# Of other classes those whose form fields word the objects in no other way:
# https://github.com/django-mptt/django-mptt/blob/0.20.0/mptt/forms.py (TreeNodeChoiceFieldMixin),
# https://github.com/wagtail/django-modelcluster/blob/v6.5/modelcluster/fields.py.
_ALIKE = frozenset(
    {
        *(f"mptt.fields.Tree{name}" for name in ("ForeignKey", "OneToOneField", "ManyToManyField")),
        *("modelcluster.fields.ParentalKey", "modelcluster.fields.ParentalManyToManyField"),
    }
)
# What decides which choices are shown, and how.
_OF_CHOICES = frozenset({"queryset", "widget", "choices", "label_from_instance"})
# What decides about the form field.
_DECIDING = ("__new__", "__init__", "formfield")


def target_of(
    project: Project, model: ClassValue, name: str, *, is_through_shown: bool = True
) -> ClassValue | None:
    """The model all of whose objects are to choose from in the form field of a relation; None where
    there is no such field, or not all are. ``is_through_shown``: there is a field for a relation
    with a model of its own between, too.
    """
    bound = literals.attribute_term(project, model, name)
    made = project.values.evaluate(*bound) if bound is not None else None
    if bound is None or not isinstance(made, Instance) or not _is_usual(project, made):
        return None
    arguments = Models.of(project).arguments(*bound)
    if not arguments.complete or arguments.get(-1, "limit_choices_to") is not None:
        return None
    if arguments.get(-1, "editable") not in (None, Constant(True)):
        return None
    if arguments.get(-1, "parent_link") not in (None, Constant(False)):
        return None
    if not is_through_shown and arguments.get(-1, "through") is not None:
        return None
    relation = Models.of(project).relation(model, name)
    target = relation.target if relation is not None else None
    return target if isinstance(target, ClassValue) else None


def _is_usual(project: Project, field: Instance) -> bool:
    """Whether a relation makes the form field that Django's own ones make."""
    if isinstance(field.class_, str):
        return field.class_ in _RELATIONS or field.class_ in _ALIKE
    info = project.classes.info(field.class_)
    if info.is_open or any(
        name in owner.module.facts.scopes[owner.scope].bindings
        for owner in info.order
        if isinstance(owner, ClassValue)
        for name in _DECIDING
    ):
        return False
    return all(base in _RELATIONS or base in _ALIKE for base in info.externals)


def relation_names(project: Project, model: ClassValue) -> list[str]:
    """The relations that a model or one it derives from declares: the fields of a form with all."""
    found: dict[str, None] = {}
    for owner in project.classes.info(model).order:
        if isinstance(owner, ClassValue):
            found.update(dict.fromkeys(Models.of(project).declared(owner)))
    return [name for name in found if Models.of(project).relation(model, name) is not None]


def consumer(
    project: Project,
    what: str,
    label: str,
    place: Place,
    fields: Iterable[tuple[str, ClassValue]],
) -> Consumer:
    """What shows the choices of fields of a form, given with the model of each.

    The fields are the first step on the way to what is read.
    """
    module = project.table.by_path[place.path]
    touches: list[Touch] = []
    for name, target in fields:
        row = _row(project, target, name, place)
        if row is not None:
            alternatives = project.protocols.special(row, ("__str__",))
            if any(alternatives):
                touches.append(Touch(alternatives, module, place.term))
    return Consumer(place, what, label, module, place.term, touches=tuple(touches))


def _row(project: Project, target: ClassValue, name: str, place: Place) -> Value | None:
    """One of the objects of the default manager, whose query is none that the form builds."""
    manager = Models.of(project).managers.default(target)
    if manager is None:
        return None
    method = project.members.attribute(manager, "get_queryset")
    queryset = project.calls.invoke(method, NO_ARGUMENTS).result
    origin = replace(UNKNOWN_QUERY, consumed=place, hops=(Hop(name, joins=True),))
    found: list[Value] = []
    for option in options_of(without_none(queryset)):
        if not isinstance(option, Instance) or rows.query_of(option) is None:
            return None
        row = project.protocols.element(option)
        if not isinstance(row, Instance) or not isinstance(row.class_, ClassValue):
            return None
        found.append(with_origin(row, origin))
    return join(found)


# -- what methods of a form say later --------------------------------------------------------------


def changed_later(module: Module, form: int, name: str) -> dict[str, list[int]]:
    """What methods of a form, by its scope, assign to the field of a name: the STORE terms, by the
    attribute that decides which choices are shown or how; by none if it is not said which field.
    """
    scopes, terms = module.facts.scopes, module.facts.terms
    found: dict[str, list[int]] = {}
    for store in module.facts.attribute_writes:
        _, base, attribute, value = terms[store]
        if attribute in _OF_CHOICES and scopes[module.scope_of(store)].parent == form:
            field = terms[t.unaliased(terms, base)]
            key = terms[field[2]] if field[0] == t.ITEM else t.NOTHING
            if key[0] != t.CONST or value < 0:
                found.setdefault("", []).append(store)
            elif key[1] == name:
                found.setdefault(attribute, []).append(store)
    return found


def assigned(project: Project, module: Module, store: int) -> Value:
    """What a STORE term assigns."""
    frame = project.frame_of_scope(module, module.code_scope_of(store))
    return project.values.evaluate(frame, module.facts.terms[store][3])


def choice(project: Project, queryset: Value | None, place: Place) -> Value | None:
    """One of the rows of a queryset or manager from which there is to choose at a place; None if
    nothing is known of them.
    """
    if queryset is None:
        return None
    if any(Models.of(project).is_manager(option) for option in options_of(queryset)):
        method = project.members.attribute(queryset, "all")
        queryset = project.calls.invoke(method, NO_ARGUMENTS).result
    row = consumed_at(project.protocols.element(queryset), place.path, place.term)
    return row if is_informative(row) else None


def chosen_later(project: Project, form: ClassValue, name: str, label: str) -> Iterator[Consumer]:
    """The choices of a field that Django makes, where methods of the form give it a queryset."""
    module = form.module
    changed = changed_later(module, form.scope, name)
    for store in changed["queryset"] if changed.keys() == {"queryset"} else ():
        place = Place(module.path, store)
        row = choice(project, assigned(project, module, store), place)
        shown = project.protocols.special(row, ("__str__",)) if row is not None else ()
        if any(shown):
            # They are told of like loops.
            yield Consumer(place, "", label, module, store, touches=(Touch(shown, module, store),))
