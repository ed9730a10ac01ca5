"""Forms of models for Django: the choices of the fields that it makes of relations, for a class of
the project, for a call of a factory, or for a generic view that names a model and fields.

Source: django/forms/models.py (``ModelFormMetaclass``, ``fields_for_model``, ``modelform_factory``,
``modelformset_factory``, ``inlineformset_factory``) and django/views/generic/edit.py
(``ModelFormMixin.get_form_class``) of Django 6.1.3.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.base import Framework
from fwp_checks.frameworks.django import form_fields
from fwp_checks.frameworks.django.models import Models
from fwp_checks.frameworks.django_templates import drawn
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.values import ClassValue, Constant, External, Instance, Value
from fwp_checks.project.rows.needs import Consumer

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

_FORM = "django.forms.ModelForm"
# The factories of forms, with what may be handed to them by position.
_FACTORIES = {
    "modelform_factory": ("model", "form", "fields", "exclude"),
    "modelformset_factory": ("model", "form"),
    "inlineformset_factory": ("parent_model", "model", "form", "formset", "fk_name", "fields"),
}
_FACTORY_NAMES = frozenset(
    f"django.forms.{where}{name}" for name in _FACTORIES for where in ("", "models.")
)
# With these a factory makes another form than Django's own.
_OTHERWISE = ("form", "formset", "formfield_callback")
_EDITING = frozenset(
    f"django.views.generic.{where}{name}"
    for name in ("CreateView", "UpdateView")
    for where in ("", "edit.")
)
_OTHER_FORM = ("form_class", "get_form_class")
_ALL = "__all__"
# Widgets that list every choice.
_LISTING = frozenset(
    f"django.forms.{where}{name}"
    for name in ("Select", "SelectMultiple", "RadioSelect", "CheckboxSelectMultiple")
    for where in ("", "widgets.")
)
_WIDGETS = "widgets"
_CLASSES = "field_classes"
_FIELDS = ("fields", "base_fields")
_CHANGING = ("queryset", "widget", "choices")
_OF_ADMIN = ("form", "add_form")


class DjangoModelForms(Framework):
    """Hooks for forms of models."""

    name = "Django's forms of models"
    modules = frozenset({"django"})

    def consumers(self, project: Project, modules: Container[Module]) -> Iterator[Consumer]:
        """The fields whose choices are the objects of another model."""
        elsewhere: _Elsewhere | None = None
        for form in _forms(project, modules):
            elsewhere = elsewhere or _Elsewhere(project)
            if form.class_ not in elsewhere.of_admin:
                found = list(form.consumers(elsewhere.changed))
                if any(one.touches for one in found) and elsewhere.uses(form.class_):
                    yield from found


FRAMEWORK = DjangoModelForms()


def _forms(project: Project, modules: Container[Module]) -> Iterator[_Form]:
    """The forms of models in some modules."""
    for class_ in project.classes.with_bases:
        if class_.module not in modules or class_.module.is_read_only:
            continue
        form = None
        if "Meta" in class_.module.facts.scopes[class_.scope].bindings:
            form = _declared(project, class_)
        elif not _EDITING.isdisjoint(project.classes.info(class_).externals):
            form = _of_view(project, class_)
        if form is not None:
            yield form
    for site in project.call_sites.of(_FACTORY_NAMES, imported=True):
        module = site.frame.module
        if module in modules and not module.is_read_only and not module.is_test:
            form = _made(project, site.frame, site.term, site.name.rpartition(".")[2])
            if form is not None:
                yield form


def _declared(project: Project, class_: ClassValue) -> _Form | None:
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
    return _Form(project, class_.name, class_, model, _OfClass(project, meta))


def _of_view(project: Project, view: ClassValue) -> _Form | None:
    """The form that a generic view makes of the model and the fields that it names."""
    info = project.classes.info(view)
    if info.is_open or not all(base.startswith("django.") for base in info.externals):
        return None
    find = project.members.find_in_class
    model = find(view, "model")
    if not isinstance(model, ClassValue) or not Models.of(project).is_model(model):
        return None
    if find(view, "fields") is None or any(find(view, name) for name in _OTHER_FORM):
        return None
    return _Form(project, f"of {view.name}", view, model, _OfClass(project, view, ("fields",)))


def _made(project: Project, frame: Frame, term: int, factory: str) -> _Form | None:
    """The form that a call of a factory makes."""
    module = frame.module
    options = _OfCall(project, frame, term, _FACTORIES[factory])
    if not options.is_known or module.facts.scopes[module.scope_of(term)].kind == "class":
        return None
    if any(options.bound(name) is not None for name in _OTHERWISE):
        return None
    model, around = options.value("model"), options.value("parent_model")
    if not isinstance(model, ClassValue) or not Models.of(project).is_model(model):
        return None
    return _Form(project, f"of {factory}()", Place(module.path, term), model, options, around)


class _OfClass:
    """What a class says of a form: its ``Meta``, or a view."""

    def __init__(
        self, project: Project, class_: ClassValue, names: Container[str] | None = None
    ) -> None:
        self._project = project
        self._class = class_
        self._names = names

    def bound(self, option: str) -> tuple[Frame, int] | None:
        """Where an option is given; None if it is not."""
        if self._names is not None and option not in self._names:
            return None
        return literals.attribute_term(self._project, self._class, option)

    def value(self, option: str) -> Value | None:
        """What an option is."""
        if self._names is not None and option not in self._names:
            return None
        return self._project.members.find_in_class(self._class, option)

    def has(self, place: Place) -> bool:
        """Whether nothing else says what is said there."""
        scope = self._class.module.facts.scopes[self._class.scope]
        return place.path == self._class.module.path and scope.start <= place.term < scope.end


class _OfCall:
    """What the arguments of a call say of a form."""

    def __init__(
        self, project: Project, frame: Frame, term: int, positions: tuple[str, ...]
    ) -> None:
        self._project = project
        self._frame = frame
        terms = frame.module.facts.terms
        entry = terms[term]
        self._given: dict[str, int] = dict(zip(positions, entry[2], strict=False))
        self._given |= {name: given for name, given in entry[3] if name is not None}
        # Arguments that stand in a list or a dictionary, or that have no name here.
        self.is_known = (
            len(entry[2]) <= len(positions)
            and not any(terms[given][0] == t.STAR for given in entry[2])
            and all(name is not None for name, _ in entry[3])
        )
        self._call = term

    def bound(self, option: str) -> tuple[Frame, int] | None:
        """Where an option is given; None if it is not."""
        given = self._given.get(option, -1)
        if given < 0 or self._frame.module.facts.terms[given] == (t.CONST, None):
            return None
        return self._frame, given

    def value(self, option: str) -> Value | None:
        """What an option is."""
        bound = self.bound(option)
        return self._project.values.evaluate(*bound) if bound is not None else None

    def has(self, place: Place) -> bool:
        """Whether nothing else says what is said there."""
        return False


class _Form:
    """A form of a model, with what is said of it; ``source`` is the class that says so, or the call
    that makes it. ``around`` is the model of the object in whose form it stands.
    """

    def __init__(
        self,
        project: Project,
        label: str,
        source: ClassValue | Place,
        model: ClassValue,
        options: _OfClass | _OfCall,
        around: Value | None = None,
    ) -> None:
        self._project = project
        self._label = label
        self._model = model
        self._options = options
        self._around = project.classes.info(around).order if isinstance(around, ClassValue) else ()
        self.class_ = source if isinstance(source, ClassValue) else None
        if isinstance(source, ClassValue):
            term = literals.definition_term(source.module, source.scope)
            self._here = Place(source.module.path, term, "form")
        else:
            self._here = source

    def consumers(self, changed: Container[object]) -> Iterator[Consumer]:
        """The fields that ask for something with each choice, but for those that other code
        changes; of those that the form names, each for itself.
        """
        fields: dict[Place, list[tuple[str, ClassValue]]] = {}
        for name, place in self._fields():
            if name not in changed and not self._is_own(name):
                target = form_fields.target_of(self._project, self._model, name)
                if target is None or target in self._around:
                    continue
                if self._is_drawn(name):
                    fields.setdefault(place, []).append((name, target))
        for place, found in fields.items():
            yield form_fields.consumer(self._project, "choices", self._label, place, found)
        if self.class_ is not None and isinstance(self._options, _OfClass):
            yield from self._chosen_later(self.class_, changed)

    def _chosen_later(self, form: ClassValue, changed: Container[object]) -> Iterator[Consumer]:
        """The choices that methods of the form itself give to fields that Django makes."""
        order = self._project.classes.info(form).order
        for name, _ in self._fields():
            is_declared = any(
                isinstance(owner, ClassValue)
                and name in owner.module.facts.scopes[owner.scope].bindings
                for owner in order
            )
            if name in changed and not is_declared and not self._is_otherwise(name):
                target = form_fields.target_of(self._project, self._model, name)
                if target is not None and self._is_drawn(name):
                    yield from form_fields.chosen_later(self._project, form, name, self._label)

    def _fields(self) -> Iterator[tuple[str, Place]]:
        """The fields that the form has of its model, and where each is named."""
        left = self._texts("exclude")
        given = self._options.value("fields")
        if left is None:
            return
        if given is None or given == Constant(_ALL):
            if given is not None or left:
                for name in form_fields.relation_names(self._project, self._model):
                    if name not in left:
                        yield name, self._here
            return
        named = self._texts("fields")
        for name, place in (named or {}).items():
            if name not in left:
                yield name, place if self._options.has(place) else self._here

    def _texts(self, option: str) -> dict[str, Place] | None:
        """The names that an option lists, with where; None where they are not known."""
        bound = self._options.bound(option)
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
        order = self._project.classes.info(self.class_).order if self.class_ is not None else ()
        return (
            any(_is_said(owner, name) for owner in order if isinstance(owner, ClassValue))
        ) or self._is_otherwise(name)

    def _is_drawn(self, name: str) -> bool:
        """Whether a page may show a field; one that a call of a factory makes is taken to."""
        return self.class_ is None or drawn.is_drawn(self._project, self.class_, name)

    def _is_otherwise(self, name: str) -> bool:
        """Whether ``Meta`` says what a field is, or gives it a widget that lists no choices."""
        return self._given(_CLASSES, name) is not None or not _is_listing(
            self._given(_WIDGETS, name)
        )

    def _given(self, option: str, name: str) -> Value | None:
        """What an option of ``Meta`` says of a field; None if nothing."""
        bound = self._options.bound(option)
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
        and terms[number][2] in _FIELDS
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
        for class_ in project.classes.with_bases:
            self._note_class(project, class_)

    def uses(self, form: ClassValue | None) -> bool:
        """Whether something does more with a form than to import it; what a call makes is used."""
        if form is None:
            return True
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
                if fields[0] == t.ATTR and fields[2] in _FIELDS and key[0] == t.CONST:
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
