"""Which fields of its form the page of a generic view draws.

Source: ``FormMixin`` in django/views/generic/edit.py (its page has the form as ``form``), and
django/forms/forms.py and django/forms/boundfield.py (which of their attributes draw fields) of
Django 6.1.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.templates import Language
from fwp_checks.frameworks.django_templates import generic
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.values import ClassValue, Instance, Value
from fwp_checks.project.templates.context_reads import literal_names

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.templates.templates import Template

_FORM_CLASS = "form_class"
_FORM = "form"
# Of a form these lead to all of its fields.
_WHOLE = frozenset(
    {"as_p", "as_ul", "as_div", "as_table", "render", "fields", "visible_fields", "hidden_fields"}
)
# Of a field these go through no choices.
_ABOUT = frozenset(
    {
        *("auto_id", "errors", "help_text", "html_initial_id", "html_initial_name", "html_name"),
        *("id_for_label", "initial", "label", "name", "value"),
    }
)


def is_drawn(project: Project, form: ClassValue, name: str) -> bool:
    """Whether a page may draw a field of a form: it is known of all pages that they do not where
    nothing but generic views use the form.
    """
    key = "django.drawn forms"
    known = project.framework_data.get(key)
    if known is None:
        known = project.framework_data[key] = _Pages(project)
    assert isinstance(known, _Pages)
    return known.may_draw(form, name)


class _Pages:
    """The generic views of one project, by the form that they name."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._views: dict[Value, list[ClassValue]] = {}
        self._is_used_otherwise: dict[ClassValue, bool] = {}
        for class_ in project.classes.with_bases:
            if not class_.module.is_test and generic.kind_of(project, class_) is not None:
                form = project.members.find_in_class(class_, _FORM_CLASS)
                if isinstance(form, ClassValue):
                    self._views.setdefault(form, []).append(class_)

    def may_draw(self, form: ClassValue, name: str) -> bool:
        """Whether one of the views draws a field, or something else may."""
        if form not in self._views:
            return True
        if form not in self._is_used_otherwise:
            self._is_used_otherwise[form] = _is_used_otherwise(self._project, form)
        return self._is_used_otherwise[form] or any(
            _draws(self._project, view, name) for view in self._views[form]
        )


def _is_used_otherwise(project: Project, form: ClassValue) -> bool:
    """Whether code does anything with a form but to name it as that of a class."""
    name = form.module.facts.scopes[form.scope].name
    for module in project.table.modules:
        own = set() if module.is_test else set(_mentions(module, form, name))
        if not own:
            continue
        terms, scopes = module.facts.terms, module.facts.scopes
        if any(not own.isdisjoint((*scope.returns, *scope.bases)) for scope in scopes):
            return True
        if any(not own.isdisjoint(t.operands(entry)) for entry in terms):
            return True
        for scope in scopes[1:]:
            if any(v in own and key != _FORM_CLASS for key, v in scope.bindings.items()):
                return True
        named = {scope.bindings.get(_FORM_CLASS) for scope in scopes if scope.kind == "class"}
        if any(terms[one][0] in (t.NAME, t.ATTR) and one not in named for one in own):
            return True
    return False


def _mentions(module: Module, form: ClassValue, name: str) -> Iterator[int]:
    """Where a module speaks of a form."""
    terms = module.facts.terms
    near = form.module.name.rpartition(".")[2]
    imported = {(one.attribute or one.module.rpartition(".")[2]) for one in module.facts.imports}
    if module is form.module:
        yield from (n for n in module.of_kind(t.DEFINITION) if terms[n][1] == form.scope)
    if module is form.module or name in imported:
        yield from (n for n in module.of_kind(t.NAME) if terms[n][1] == name)
        yield from (n for n in module.of_kind(t.IMPORT) if terms[n][2] == name)
    if near in imported:
        yield from (n for n in module.of_kind(t.ATTR) if terms[n][2] == name)


def _draws(project: Project, view: ClassValue, name: str) -> bool:
    """Whether the page of a view may draw a field."""
    kind = generic.kind_of(project, view)
    named = generic.template_of(project, Instance(view), view, kind) if kind is not None else None
    if named is None:
        return True
    is_spoken_of = False
    waiting = list(project.templates.named(named, Language.DJANGO, None))
    seen: set[Template] = set()
    for template in waiting:
        if template is None:
            return True
        if template in seen:
            continue
        seen.add(template)
        used = _used(project, template)
        forms = _forms(template)
        if used is None or _is_shown(template, forms, name):
            return True
        is_spoken_of = is_spoken_of or bool(forms)
        waiting.extend(used)
    return not is_spoken_of


def _used(project: Project, template: Template) -> list[Template] | None:
    """The templates that a template's own text hands its form on to; None if that is not known."""
    found: list[Template] = []
    for term in template.of_kind(t.RENDER):
        entry = template.facts.terms[term]
        if entry[1] not in ("include", "extends") or _FORM in dict(entry[3]):
            continue
        names = literal_names(template.facts, entry[2])
        if names is None:
            return None
        others = [project.templates.find(one, template.language, template) for one in names]
        if None in others:
            return None
        found.extend([other for other in others if other is not None])
    return found


def _forms(template: Template) -> set[int]:
    """Where a template's own text speaks of the form."""
    terms = template.facts.terms
    return {
        number
        for number in template.of_kind(t.LOOKUP)
        if terms[number][2] == _FORM and terms[terms[number][1]][0] in (t.PARAM, t.NAME)
    }


def _is_shown(template: Template, forms: set[int], name: str) -> bool:
    """Whether a template's own text does more with a form than to ask for other fields."""
    terms = template.facts.terms
    fields = {
        number
        for number in template.of_kind(t.LOOKUP)
        if terms[number][1] in forms and terms[number][2] == name
    }
    for entry in terms:
        if entry[0] != t.LOOKUP:
            if not (forms | fields).isdisjoint(t.operands(entry)):
                return True
        elif (entry[1] in forms and entry[2] in _WHOLE) or (
            entry[1] in fields and entry[2] not in _ABOUT
        ):
            return True
    return False
