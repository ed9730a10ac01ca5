"""Forms of models for Django: the choices of the fields that it makes of relations.

Source: django/forms/models.py (``ModelFormMetaclass``, ``fields_for_model``) of Django 6.1.3.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.base import Framework
from fwp_checks.frameworks.django import form_fields
from fwp_checks.frameworks.django.models import Models
from fwp_checks.frameworks.django.views import project_classes
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.values import ClassValue, Constant, External, Instance, Value
from fwp_checks.project.rows.needs import Consumer

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

_FORM = "django.forms.ModelForm"
_ALL = "__all__"
# Widgets that list every choice.
_LISTING = frozenset(
    f"django.forms.{where}{name}"
    for name in ("Select", "SelectMultiple", "RadioSelect", "CheckboxSelectMultiple")
    for where in ("", "widgets.")
)
_WIDGETS = "widgets"
_CLASSES = "field_classes"
_CHANGING = ("queryset", "widget", "choices")
_OF_ADMIN = ("form", "add_form")


class DjangoModelForms(Framework):
    """Hooks for forms of models."""

    name = "Django's forms of models"
    modules = frozenset({"django"})

    def consumers(self, project: Project, modules: Container[Module]) -> Iterator[Consumer]:
        """The fields whose choices are the objects of another model."""
        elsewhere: _Elsewhere | None = None
        for class_ in project_classes(project):
            module = class_.module
            if "Meta" not in module.facts.scopes[class_.scope].bindings:
                continue
            if module not in modules or module.is_read_only:
                continue
            form = _Form.of(project, class_)
            if form is not None:
                elsewhere = elsewhere or _Elsewhere(project)
                if class_ not in elsewhere.of_admin:
                    found = list(form.consumers(elsewhere.changed))
                    if any(one.touches for one in found) and elsewhere.uses(class_):
                        yield from found


FRAMEWORK = DjangoModelForms()


class _Form:
    """A form of a model, with what its ``Meta`` says."""

    def __init__(
        self, project: Project, class_: ClassValue, meta: ClassValue, model: ClassValue
    ) -> None:
        self._project = project
        self._class = class_
        self._meta = meta
        self._model = model

    @classmethod
    def of(cls, project: Project, class_: ClassValue) -> _Form | None:
        """The form that a class is; None if it is none, or one that others may change."""
        info = project.classes.info(class_)
        if _FORM not in info.externals or info.is_open:
            return None
        if not all(base.startswith("django.") for base in info.externals):
            return None
        meta = project.members.find_in_class(class_, "Meta")
        if not isinstance(meta, ClassValue) or project.classes.info(meta).is_open:
            return None
        model = project.members.find_in_class(meta, "model")
        if not isinstance(model, ClassValue) or not Models.of(project).is_model(model):
            return None
        if project.members.find_in_class(meta, "formfield_callback") is not None:
            return None
        return cls(project, class_, meta, model)

    def consumers(self, changed: Container[object]) -> Iterator[Consumer]:
        """The fields that ask for something with each choice, but for those that other code
        changes; of those that the form names, each for itself.
        """
        fields: dict[Place, list[tuple[str, ClassValue]]] = {}
        for name, place in self._fields():
            if name not in changed and not self._is_own(name):
                target = form_fields.target_of(self._project, self._model, name)
                if target is not None:
                    fields.setdefault(place, []).append((name, target))
        for place, found in fields.items():
            yield form_fields.consumer(self._project, "choices", self._class, place, found)

    def _fields(self) -> Iterator[tuple[str, Place]]:
        """The fields that the form has of its model, and where each is named."""
        module = self._class.module
        here = Place(module.path, literals.definition_term(module, self._class.scope))
        left = self._texts("exclude")
        given = self._project.members.find_in_class(self._meta, "fields")
        if left is None:
            return
        if given is None or given == Constant(_ALL):
            if given is not None or left:
                for name in form_fields.relation_names(self._project, self._model):
                    if name not in left:
                        yield name, here
            return
        named = self._texts("fields")
        for name, place in (named or {}).items():
            if name not in left:
                yield name, place if place.path == module.path else here

    def _texts(self, option: str) -> dict[str, Place] | None:
        """The names that an option lists, with where; None where they are not known."""
        bound = literals.attribute_term(self._project, self._meta, option)
        if bound is None:
            return {}
        found: dict[str, Place] = {}
        items = literals.items(self._project, *bound)
        for item in items or ():
            text = literals.text_of(self._project.values.evaluate(item.frame, item.term))
            if text is None:
                return None
            found[text] = Place(item.frame.module.path, item.term)
        return found if items is not None else None

    def _is_own(self, name: str) -> bool:
        """Whether the project itself says what a field is, or how it is shown."""
        order = self._project.classes.info(self._class).order
        return (
            any(_is_said(owner, name) for owner in order if isinstance(owner, ClassValue))
            or self._given(_CLASSES, name) is not None
            or not _is_listing(self._given(_WIDGETS, name))
        )

    def _given(self, option: str, name: str) -> Value | None:
        """What an option of ``Meta`` says of a field; None if nothing."""
        bound = literals.attribute_term(self._project, self._meta, option)
        if bound is None:
            return None
        frame, term = bound
        terms = frame.module.facts.terms
        entry = terms[t.unaliased(terms, term)]
        if entry[0] != t.MAPPING:
            return self._project.values.evaluate(frame, term)
        return self._in_mapping(frame, entry, name)

    def _in_mapping(self, frame: Frame, entry: t.Term, name: str) -> Value | None:
        evaluate = self._project.values.evaluate
        for key, value in entry[1]:
            text = literals.text_of(evaluate(frame, key)) if key >= 0 else None
            if text is None or text == name:
                return evaluate(frame, value)
        return None


def _is_listing(widget: Value | None) -> bool:
    if widget is None:
        return True
    if isinstance(widget, External):
        return widget.name in _LISTING
    return isinstance(widget, Instance) and widget.class_ in _LISTING


def _is_said(owner: ClassValue, name: str) -> bool:
    """Whether a class of the form binds a field, or one of its methods touches it."""
    module = owner.module
    scope = module.facts.scopes[owner.scope]
    if name in scope.bindings:
        return True
    terms = module.facts.terms
    inside = range(scope.start, scope.end)
    others = {
        entry[1]
        for entry in (terms[number] for number in inside)
        if entry[0] == t.ITEM and terms[entry[2]][0] == t.CONST and terms[entry[2]][1] != name
    }
    return any(
        terms[number][0] == t.ATTR
        and terms[number][2] in ("fields", "base_fields")
        and number not in others
        and module.code_scope_of(number) > 0
        for number in inside
    )


class _Elsewhere:
    """What other code of a project does with forms: the names of fields that are given other
    choices, and the forms whose fields the admin makes anew.
    """

    def __init__(self, project: Project) -> None:
        self.changed: set[object] = set()
        self.of_admin: set[Value] = set()
        self._importing: dict[str, dict[Module, None]] = {}
        for module in project.table.modules:
            self._note_writes(module)
            for entry in module.facts.imports:
                name = entry.attribute or entry.module.rpartition(".")[2]
                self._importing.setdefault(name, {})[module] = None
            for number, scope in enumerate(module.facts.scopes):
                if scope.kind == "class" and scope.bases:
                    self._note_class(project, ClassValue(module, number))

    def uses(self, form: ClassValue) -> bool:
        """Whether something does more with a form than to import it."""
        name = form.module.facts.scopes[form.scope].name
        at_home = {form.module: None, **self._importing.get(name, {})}
        near = self._importing.get(form.module.name.rpartition(".")[2], {})
        return any(_mentions(module, form, name) for module in at_home) or any(
            module.facts.terms[number][2] == name
            for module in near
            for number in module.of_kind(t.ATTR)
        )

    def _note_writes(self, module: Module) -> None:
        terms = module.facts.terms
        for store in module.facts.attribute_writes:
            _, base, attribute, _ = terms[store]
            if attribute in _CHANGING and terms[base][0] == t.ITEM:
                fields, key = terms[terms[base][1]], terms[terms[base][2]]
                if fields[0] == t.ATTR and fields[2] == "fields" and key[0] == t.CONST:
                    self.changed.add(key[1])

    def _note_class(self, project: Project, class_: ClassValue) -> None:
        bindings = class_.module.facts.scopes[class_.scope].bindings
        for name in _OF_ADMIN:
            if name in bindings:
                given = project.members.find_in_class(class_, name)
                if isinstance(given, ClassValue):
                    self.of_admin.update(project.classes.info(given).order)


def _mentions(module: Module, form: ClassValue, name: str) -> bool:
    terms, scopes = module.facts.terms, module.facts.scopes
    if any(terms[number][1] == name for number in module.of_kind(t.NAME)):
        return True
    own = {number for number in module.of_kind(t.IMPORT) if terms[number][2] == name}
    if module is form.module:
        own.update(n for n in module.of_kind(t.DEFINITION) if terms[n][1] == form.scope)
    return (
        any(not own.isdisjoint((*scope.returns, *scope.bases)) for scope in scopes)
        or any(not own.isdisjoint(s.bindings.values()) for s in scopes[1:] if s.kind == "class")
        or any(not own.isdisjoint(t.operands(entry)) for entry in terms)
    )
