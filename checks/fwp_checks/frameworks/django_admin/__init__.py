"""The admin: which rows its pages show, and what is read of each.

Source: django/contrib/admin/views/main.py (``ChangeList.get_queryset``, ``apply_select_related``),
utils.py (``lookup_field``), templatetags/admin_list.py and options.py (``action_checkbox``) of
Django 6.1.3. Until 6.0 a foreign key in ``list_display`` joined every foreign key that is not null,
and no other; since then those in ``list_display`` are joined. Which it is, requirements tell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.templates import Language
from fwp_checks.frameworks.base import Framework
from fwp_checks.frameworks.django import rows
from fwp_checks.frameworks.django.joins import required
from fwp_checks.frameworks.django.models import Field, Models
from fwp_checks.frameworks.django_admin import choices
from fwp_checks.frameworks.django_admin.columns import Columns, GivenColumns, method_of
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.libraries import functions_in
from fwp_checks.project.meaning.origins import UNKNOWN_QUERY, Place, consumed_at, with_origin
from fwp_checks.project.meaning.outcome import Alternative, Outcome
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    Arguments,
    ClassValue,
    Constant,
    External,
    FunctionValue,
    Instance,
    Iterable,
    TupleValue,
    Unknown,
    Value,
    Wrapped,
    is_none,
    join,
    options_of,
    without_none,
)
from fwp_checks.project.rows.needs import Consumer, Touch

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

# Packages whose admin classes derive from Django's.
_PACKAGES = frozenset(
    {
        *(
            "import_export",
            "simple_history",
            "reversion",
            "guardian",
            "unfold",
            "mptt",
            "polymorphic",
        ),
        *("modeltranslation", "parler", "nested_admin", "adminsortable2", "treebeard", "jazzmin"),
    }
)
_STR = "__str__"
_REGISTRATIONS = "django.registrations"
_SINCE_6_1 = re.compile(r"(?:==|~=|\^|>=?)=?\s*(?:6\.[1-9]|[7-9]\b|[1-9]\d)")
_REQUEST = "django.http.HttpRequest"
# What shows the rows in a form: django/contrib/admin/options.py.
_INLINE_TEMPLATES = {
    "TabularInline": "admin/edit_inline/tabular.html",
    "StackedInline": "admin/edit_inline/stacked.html",
}
# Inlines for objects of several classes.
_OF_KINDS = "polymorphic.admin."
# Shown as columns, all of them plain.
_SHIPPED = ("UserAdmin", "GroupAdmin")


@dataclass(slots=True, unsafe_hash=True)
class Administers:
    """Marks a model admin object, which is registered for a model."""

    model: ClassValue


@dataclass(slots=True, unsafe_hash=True)
class Registration:
    """A model admin class and a model that it is registered for."""

    admin: ClassValue
    model: ClassValue


def is_admin(project: Project, class_: Value) -> bool:
    """Whether a project class is a model admin with a list of its own, of Django's or of a package
    on top.
    """
    bases = project.classes.info(class_).externals if isinstance(class_, ClassValue) else ()
    return any(base.endswith("Admin") for base in bases) and not any(
        base.endswith("ChildModelAdmin") for base in bases
    )


class DjangoAdmin(Framework):
    """Hooks for the admin."""

    name = "Django admin"
    modules = frozenset({"django", *_PACKAGES})

    def call(
        self, project: Project, name: str, arguments: Arguments, receiver: Value | None
    ) -> Outcome | None:
        """The queryset that a model admin starts from."""
        model = _model_of(receiver) if name.endswith(".get_queryset") else None
        queryset = _default_queryset(project, model) if model is not None else None
        return Outcome.nothing(queryset) if queryset is not None else None

    def model_attribute(self, project: Project, base: Instance, name: str) -> Value | None:
        """The model of a model admin."""
        return _model_of(base) if name == "model" else None

    def inherited_frames(self, project: Project) -> Iterator[Frame]:
        """Methods of model admins that show something of an object in its form."""
        for registration in registrations(project):
            if not registration.admin.module.is_read_only:
                yield from ObjectPage(project, registration).frames()

    def consumers(self, project: Project, modules: Container[Module]) -> Iterator[Consumer]:
        """The change lists of the registered model admins, and the lists in their forms."""
        seen = set()
        for registration in registrations(project):
            if registration not in seen and not registration.admin.module.is_read_only:
                seen.add(registration)
                if registration.admin.module in modules:
                    yield ChangeList(project, registration).consumer()
                    yield from choices.to_choose_from(
                        project, registration.admin, registration.model
                    )
                for inline in _inlines(project, registration.admin):
                    if inline not in seen and not inline.admin.module.is_read_only:
                        seen.add(inline)
                        if inline.admin.module in modules:
                            parent = registration.model
                            if not choices.is_single(project, inline.admin, inline.model, parent):
                                yield InlineList(project, inline, parent).consumer()
                            yield from choices.to_choose_from(
                                project, inline.admin, inline.model, parent
                            )


FRAMEWORK = DjangoAdmin()


def _model_of(value: Value | None) -> ClassValue | None:
    for detail in value.details if isinstance(value, Instance) else ():
        if isinstance(detail, Administers):
            return detail.model
    return None


def _default_queryset(project: Project, model: ClassValue) -> Value | None:
    manager = Models.of(project).managers.default(model)
    if manager is None:
        return None
    method = project.members.attribute(manager, "get_queryset")
    return project.calls.invoke(method, NO_ARGUMENTS).result


# -- registrations ---------------------------------------------------------------------------------


def registrations(project: Project) -> list[Registration]:
    """Model admin classes with the models that they are registered for."""
    known: list[Registration] | None = project.framework_data.get(_REGISTRATIONS)
    if known is None:
        found = dict.fromkeys(_find_registrations(project))
        known = project.framework_data[_REGISTRATIONS] = list(found)
    return known


def _find_registrations(project: Project) -> Iterator[Registration]:
    registering: dict[Module, list[int]] = {}
    for module, term in project.call_sites.spelt("register"):
        registering.setdefault(module, []).append(term)
    for module in project.table.modules:
        # What registers may come from a module of the project.
        if module not in registering and not any(
            entry.module.startswith("django.contrib") for entry in module.facts.imports
        ):
            continue
        for number, scope in enumerate(module.facts.scopes):
            if scope.kind == "class" and scope.decorators:
                yield from _decorated(project, ClassValue(module, number))
        for term in registering.get(module, ()):
            if module.facts.terms[module.facts.terms[term][1]][0] == t.ATTR:
                yield from _registered(project, module, term)


def _decorated(project: Project, class_: ClassValue) -> Iterator[Registration]:
    frame = project.classes.frame_around(class_)
    terms = class_.module.facts.terms
    for decorator in class_.module.facts.scopes[class_.scope].decorators:
        entry = terms[decorator]
        if entry[0] != t.CALL or not is_admin(project, class_):
            continue
        called = functions_in(project.values.evaluate(frame, entry[1]))
        if any(isinstance(one, External) and one.name.endswith(".register") for one in called):
            for argument in entry[2]:
                for model in _models_in(project, frame, argument):
                    yield Registration(class_, model)


def _registered(project: Project, module: Module, term: int) -> Iterator[Registration]:
    frame = project.frame_of_scope(module, module.code_scope_of(term))
    entry = module.facts.terms[term]
    given = [*entry[2], *[value for name, value in entry[3] if name == "admin_class"]]
    if len(given) < 2:
        return
    admin = project.values.evaluate(frame, given[1])
    if isinstance(admin, ClassValue) and is_admin(project, admin):
        for model in _models_in(project, frame, given[0]):
            yield Registration(admin, model)


def _models_in(project: Project, frame: Frame, term: int) -> Iterator[ClassValue]:
    """The model that a term means, or those of the list that it means."""
    items = literals.items(project, frame, term)
    found = (
        [project.values.evaluate(item.frame, item.term) for item in items]
        if items is not None
        else [project.values.evaluate(frame, term)]
    )
    for value in found:
        if isinstance(value, ClassValue) and Models.of(project).is_model(value):
            yield value


# -- the list of a model ---------------------------------------------------------------------------


class ChangeList:
    """The page that lists the objects of one model."""

    def __init__(self, project: Project, registration: Registration) -> None:
        self._project = project
        self._models = Models.of(project)
        self._class = registration.admin
        self._model = registration.model
        self._admin = Instance(self._class, details=(Administers(self._model),))
        self._touches: list[Touch] = []
        self._joined: tuple[str, ...] = ()
        module = self._class.module
        self._place = Place(module.path, literals.definition_term(module, self._class.scope))

    def consumer(self) -> Consumer:
        """What the page does with each row."""
        columns = self._listed()
        if columns is not None:
            names = [literals.text_of(value) for value, _ in columns]
            row = self._row(self._selected([name for name in names if name is not None]))
            for value, place in columns:
                self._column(value, row, place)
            if not is_none(self._option("actions") or Unknown("the default")):
                # The box to tick says which object it is for.
                self._shown(row, self._place)
        return Consumer(
            self._place,
            "admin",
            self._class.name,
            self._class.module,
            self._place.term,
            touches=tuple(self._touches),
            joined=self._joined,
            is_extended=self._is_extended(),
            choices=choices.in_list(self._project, self._class, self._model),
        )

    def _is_extended(self) -> bool:
        """Whether other classes inherit from it, perhaps for another model."""
        self._project.classes.link_subclasses()
        return bool(self._project.classes.info(self._class).subclasses)

    def _option(self, name: str) -> Value | None:
        return self._project.members.find_in_class(self._class, name)

    def _is_shipped(self) -> bool:
        bases = self._project.classes.info(self._class).externals
        return any(base.endswith(_SHIPPED) for base in bases)

    def _listed(self) -> list[tuple[Value, Place]] | None:
        """The columns, and where each is named: all that some request may see; None if they are
        not known.
        """
        return given_or(self._project, self._admin, "list_display", self._named)

    def _named(self) -> list[tuple[Value, Place]]:
        """The columns that the class names."""
        columns = self._columns("list_display")
        if columns is None:
            return [] if self._is_shipped() else [(Constant(_STR), self._place)]
        return columns

    def _columns(self, option: str) -> list[tuple[Value, Place]] | None:
        """What an option of the class lists, and where; None where it is not given."""
        bound = literals.attribute_term(self._project, self._class, option)
        if bound is None:
            return None
        return [
            (
                self._project.values.evaluate(item.frame, item.term),
                Place(item.frame.module.path, item.term),
            )
            for item in literals.items(self._project, *bound) or ()
        ]

    # -- the query ---------------------------------------------------------------------------------

    def _row(self, selected: rows.Paths) -> Value:
        """One of the rows, with what was fetched along."""
        method = self._project.members.attribute(self._admin, "get_queryset")
        is_own = isinstance(method, FunctionValue)
        body = self._class.module.facts.scopes[self._class.scope].bindings
        is_inherited = "get_queryset" not in body
        given = (
            self._project.calls.invoke(method, Arguments((Instance(_REQUEST),))) if is_own else None
        )
        queryset = given.result if given else _default_queryset(self._project, self._model)
        if queryset is None:
            return Unknown("queryset of a model admin")
        found = []
        for option in options_of(without_none(queryset)):
            query = rows.query_of(option)
            if not isinstance(option, Instance) or query is None:
                return Unknown("queryset of a model admin")
            if query.selected:
                self._joined = ()
            else:
                option = rows.with_query(option, replace(query, selected=selected))
            if not is_own or (is_inherited and not query.selected):
                # What is missing is added to the class.
                option = with_origin(option, UNKNOWN_QUERY)
            found.append(self._project.protocols.element(option))
        return consumed_at(join(found), self._place.path, self._place.term)

    def _selected(self, names: list[str]) -> rows.Paths:
        """What is joined if ``get_queryset`` joins nothing."""
        if self._project.members.find_in_class(self._class, "get_list_select_related") is not None:
            method = self._project.members.attribute(self._admin, "get_list_select_related")
            request = Arguments((Instance(_REQUEST),))
            return _named(self._project.calls.invoke(method, request).result)
        bound = literals.attribute_term(self._project, self._class, "list_select_related")
        value = self._project.values.evaluate(*bound) if bound is not None else Constant(False)
        if value in (Constant(False), Constant(True)):
            keys = [name for name in names if self._is_key(self._model, name)]
            if not keys and value == Constant(False):
                return rows.NO_PATHS
            if value == Constant(False) and self._joins_what_is_named:
                self._joined = tuple(keys)
                return frozenset(keys)
            followed = list(required(self._project, self._model))
            # Who names what to join has to name these, too: a column may read them.
            near = [path for path in followed if "__" not in path]
            self._joined = tuple(dict.fromkeys((*keys, *near)))
            return frozenset(followed)
        items = literals.items(self._project, *bound) if bound is not None else None
        texts = literals.strings(self._project, items) if items is not None else None
        self._joined = tuple(texts or ())
        return frozenset(texts) if texts is not None else rows.ALL_PATHS

    @property
    def _joins_what_is_named(self) -> bool:
        """Since Django 6.1, as far as requirements tell: also keys that may be null."""
        asked = self._project.deployment.requirements.get("django", ())
        return any(_SINCE_6_1.search(one.versions) for one in asked)

    def _is_key(self, model: Value, name: str) -> bool:
        relation = self._models.relation(model, name)
        return relation is not None and relation.kind == "one"

    # -- columns -----------------------------------------------------------------------------------

    def _note(self, alternatives: tuple[Alternative, ...], place: Place) -> None:
        module = self._project.table.by_path.get(place.path)
        if any(alternatives) and module is not None:
            self._touches.append(Touch(alternatives, module, place.term))

    def _column(self, value: Value, row: Value, place: Place) -> None:
        if isinstance(value, FunctionValue):
            self._called(value, (row,), place)
            return
        if not isinstance(value, Constant) or not isinstance(value.value, str):
            return
        name = value.value
        if name == _STR:
            self._shown(row, place)
            return
        declared = self._models.relation(self._model, name) or self._models.field(self._model, name)
        if declared is None:
            own = self._project.members.find_in_class(self._class, name)
            if own is not None:
                bound = self._project.members.bind(own, self._admin)
                self._called(bound, (row,), place)
                return
        if isinstance(declared, Field):
            self._follow(row, (name,), place)
            return
        parts = (name,) if declared is not None or "__" not in name else tuple(name.split("__"))
        shown = self._follow(row, parts, place)
        if declared is None and len(parts) == 1:
            shown = self._called(shown, (), place)
        self._shown(shown, place)

    def _follow(self, value: Value, names: tuple[str, ...], place: Place) -> Value:
        for name in names:
            if name != _STR:
                self._note(self._project.protocols.reading(value, name), place)
                value = self._project.members.attribute(value, name)
        return value

    def _called(self, value: Value, arguments: tuple[Value, ...], place: Place) -> Value:
        if not isinstance(value, (FunctionValue, Wrapped)):
            return value
        outcome = self._project.calls.invoke(value, Arguments(arguments))
        self._note(outcome.alternatives, place)
        return outcome.result

    def _shown(self, value: Value, place: Place) -> None:
        """Objects of models are shown by their ``__str__``."""
        options = options_of(without_none(value))
        if all(isinstance(o, Instance) and isinstance(o.class_, ClassValue) for o in options):
            self._note(self._project.protocols.special(without_none(value), (_STR,)), place)

    def _read_only(self) -> Columns | None:
        """The fields that are shown as they are."""
        option = "readonly_fields"
        return given_or(self._project, self._admin, option, lambda: self._columns(option) or [])


class InlineList(ChangeList):
    """The objects of one model in the form of another: each row shows its text, and read-only
    fields. Nothing is joined, and the object around is not known to them.
    """

    def __init__(self, project: Project, registration: Registration, parent: ClassValue) -> None:
        super().__init__(project, registration)
        self._parent = parent

    def consumer(self) -> Consumer:
        """What the form does with each row."""
        row = Unknown("row of a form set") if self._is_chosen() else self._row(rows.NO_PATHS)
        if self._option("template") is None and self._has_text():
            self._shown(row, self._place)
        fields = self._columns("fields")
        named = [value for value, _ in fields or ()]
        by_kind = self._is_by_kind()
        if self._option("fieldsets") is None and not by_kind:
            for value, place in self._read_only() or ():
                if fields is None or value in named:
                    self._column(value, row, place)
        chosen = choices.in_inline(self._project, self._class, self._model, self._parent)
        return Consumer(
            self._place,
            "inline",
            self._class.name,
            self._class.module,
            self._place.term,
            touches=tuple(self._touches),
            choices=() if by_kind else chosen,
        )

    def _is_chosen(self) -> bool:
        """Whether the form set finishes the queryset itself: it may take a few rows, or fetch what
        they lead to. (django/forms/models.py, BaseModelFormSet.get_queryset)
        """
        formset = self._option("formset")
        if not isinstance(formset, ClassValue):
            return False
        classes = [o for o in self._project.classes.info(formset).order if type(o) is ClassValue]
        return any(
            "get_queryset" in owner.module.facts.scopes[owner.scope].bindings
            or "queryset" in owner.module.methods_writing.get(owner.scope, {})
            for owner in classes
        )

    def _is_by_kind(self) -> bool:
        """Whether each row is shown with the fields of the inline for its class, not with these.
        (polymorphic/admin/helpers.py of django-polymorphic 4.11.7)
        """
        bases = self._project.classes.info(self._class).externals
        return any(base.startswith(_OF_KINDS) for base in bases)

    def _has_text(self) -> bool:
        """Whether the template shows the text of each row: Django's does, one of the project's may
        leave it out.
        """
        bases = self._project.classes.info(self._class).externals
        ends = [end for end in _INLINE_TEMPLATES if any(base.endswith(end) for base in bases)]
        return all(self._prints(_INLINE_TEMPLATES[end], "original") for end in ends)

    def _prints(self, name: str, what: str) -> bool:
        """Whether a template prints what it reads as this attribute, as far as the project has a
        template of this name.
        """
        templates = self._project.templates
        if not templates.is_given(name):
            return True
        template = templates.find(name, Language.DJANGO)
        terms = template.facts.terms if template is not None else ()
        return any(
            entry[0] == t.FORMAT
            and any(terms[part][0] == t.LOOKUP and terms[part][2] == what for part in entry[1])
            for entry in terms
        )


class ObjectPage(ChangeList):
    """The form of one object, whose read-only fields may be methods of the model admin."""

    def frames(self) -> Iterator[Frame]:
        """What these methods run, with the object."""
        fields = self._columns("fields")
        named = [one for value, _ in fields or () for one in (value, *_in_row(value))]
        for value, _ in self._read_only() or ():
            name = literals.text_of(value)
            if fields is not None and value not in named:
                continue
            method = self._option(name) if name is not None else value
            bound = self._project.members.bind(method, self._admin) if method is not None else None
            if isinstance(bound, FunctionValue):
                yield self._project.calls.frame_for(bound, Arguments((self._object,)))

    @cached_property
    def _object(self) -> Value:
        """The only one of its query."""
        method = self._project.members.attribute(self._admin, "get_queryset")
        if isinstance(method, FunctionValue):
            given = self._project.calls.invoke(method, Arguments((Instance(_REQUEST),))).result
        else:
            given = _default_queryset(self._project, self._model) or Unknown("no manager")
        asked = self._project.members.attribute(without_none(given), "get")
        return self._project.calls.invoke(asked, NO_ARGUMENTS).result


def _in_row(value: Value) -> tuple[Value, ...]:
    """The fields that stand in one row of a form."""
    return value.items if isinstance(value, TupleValue) else ()


def given_or(
    project: Project, admin: Instance, option: str, named: Callable[[], Columns]
) -> Columns | None:
    """What a method of a model admin gives, or an option names; None where that is not known."""
    class_ = admin.class_
    assert isinstance(class_, ClassValue)
    method = project.members.find_in_class(class_, method_of(option))
    if method is None:
        return named()
    return GivenColumns(project, option, named).of(project.members.bind(method, admin))


def _inlines(project: Project, admin: ClassValue) -> Iterator[Registration]:
    """The inlines of a model admin, with their models."""

    def named() -> Columns:
        bound = literals.attribute_term(project, admin, "inlines")
        items = literals.items(project, *bound) if bound is not None else None
        return [
            (
                project.values.evaluate(item.frame, item.term),
                Place(item.frame.module.path, item.term),
            )
            for item in items or ()
        ]

    for inline, _ in given_or(project, Instance(admin), "inlines", named) or named():
        if isinstance(inline, ClassValue):
            model = project.members.find_in_class(inline, "model")
            if isinstance(model, ClassValue) and Models.of(project).is_model(model):
                yield Registration(inline, model)


def _named(value: Value) -> rows.Paths:
    """The relations that ``get_list_select_related`` names; all where that is not known."""
    items = value.items if isinstance(value, TupleValue) else ()
    if isinstance(value, Iterable):
        items = options_of(value.element)
    texts = [literals.text_of(item) for item in items]
    known = frozenset(text for text in texts if text is not None)
    return known if known and None not in texts else rows.ALL_PATHS
