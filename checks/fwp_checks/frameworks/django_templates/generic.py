"""Generic views: which queryset they show, under which names, in which template.

Source: django/views/generic/list.py, detail.py, edit.py, dates.py and base.py of Django 6.1.3.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fwp_checks.frameworks.django import rows, views
from fwp_checks.frameworks.django.models import Models
from fwp_checks.frameworks.django_templates import decorated, pages
from fwp_checks.frameworks.django_templates.processors import context_names, with_request
from fwp_checks.frameworks.django_templates.rendering import consumer
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.inheriting import INHERITS
from fwp_checks.project.meaning.origins import Place, built_at
from fwp_checks.project.meaning.outcome import Outcome
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    Arguments,
    ClassValue,
    Constant,
    FunctionValue,
    Instance,
    MappingValue,
    Member,
    TupleValue,
    Unknown,
    Value,
    is_informative,
    join,
    options_of,
    without_none,
)
from fwp_checks.project.rows.needs import Consumer

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

# By the last part of a library base's name: whether it shows a list or one object, and the ending
# of its template's name.
_ENDINGS = {
    "ListView": "_list", "DetailView": "_detail", "CreateView": "_form", "UpdateView": "_form",
    "DeleteView": "_confirm_delete", "ArchiveIndexView": "_archive",
    "YearArchiveView": "_archive_year", "MonthArchiveView": "_archive_month",
    "WeekArchiveView": "_archive_week", "DayArchiveView": "_archive_day",
    "TodayArchiveView": "_archive_day", "DateDetailView": "_detail", "FilterView": "_filter",
    "SingleTableView": "_list",
}  # fmt: skip
_LISTS = (
    *("ListView", "ArchiveIndexView", "ArchiveView", "MultipleObjectMixin", "DateMixin"),
    *("FilterView", "SingleTableView"),
)
_SINGLES = ("DetailView", "UpdateView", "DeleteView", "SingleObjectMixin")
_RENDERS = ("TemplateView", "FormView", "TemplateResponseMixin", "FormMixin", *_ENDINGS)
_METHODS = frozenset({"get_queryset", "get_object", "get_context_data"})
_KEPT = ("object_list", "object")
# Views of django-filter are generic views (django_filters/views.py of django-filter 26.2).
_FILTERED = "django_filters.views."
# Those of django-tables2, too (django_tables2/views.py of django-tables2 3.0.1).
_TABLES = "django_tables2."
_GENERIC = ("django.views.generic.", _FILTERED, _TABLES)
_PACKAGES = ("django.views.", "rest_framework.", _FILTERED, _TABLES)
_HTTP = ("get", "post", "put", "patch", "delete")
# Methods that the library calls itself.
_CALLED = (*_HTTP, "get_context_data", "render_to_response")
# Mixins of other packages that leave what a view shows as it is: braces/views/_access.py of
# django-braces 1.17.0, rules/contrib/views.py of rules 3.5, guardian/mixins.py of guardian 3.2.0.
_ACCESS = (
    *("braces.views.LoginRequiredMixin", "braces.views.PermissionRequiredMixin"),
    *("braces.views.SuperuserRequiredMixin", "braces.views.StaffuserRequiredMixin"),
    *("braces.views.GroupRequiredMixin", "braces.views.UserPassesTestMixin"),
    *("rules.contrib.views.PermissionRequiredMixin", "guardian.mixins.LoginRequiredMixin"),
    "guardian.mixins.PermissionRequiredMixin",
)
# So many views of one base class are looked at.
_MOST_VIEWS = 24


@dataclass(slots=True, unsafe_hash=True)
class _Kind:
    """What a view class shows, and the ending of its template's name ("" for none by default)."""

    is_list: bool
    is_single: bool
    ending: str


def kind_of(project: Project, class_: Value) -> _Kind | None:
    """What a generic view class shows; None for any other class."""
    if not isinstance(class_, ClassValue):
        return None
    names = [
        base.rpartition(".")[2]
        for base in project.classes.info(class_).externals
        if base.startswith(_GENERIC)
    ]
    if not any(name.endswith(_RENDERS) or name.endswith(_LISTS + _SINGLES) for name in names):
        return None
    ending = next((_ENDINGS[name] for name in names if name in _ENDINGS), "")
    is_list = any(name.endswith(_LISTS) for name in names)
    return _Kind(is_list, any(name.endswith(_SINGLES) for name in names), ending)


# -- what a view object gives ----------------------------------------------------------------------


def call(
    project: Project, name: str, arguments: Arguments, receiver: Value | None
) -> Outcome | None:
    """What a method that a view class inherits from the library gives; None for any other."""
    method = name.rpartition(".")[2]
    if method not in _METHODS or not isinstance(receiver, Instance):
        return None
    kind = kind_of(project, receiver.class_ if not isinstance(receiver.class_, str) else receiver)
    if kind is None or not isinstance(receiver.class_, ClassValue):
        return None
    if not name.startswith(("django.", _FILTERED, _TABLES)) and not _leaves(
        project, receiver.class_
    ):
        return None
    if method == "get_context_data":
        names = _names(project, receiver, receiver.class_, kind)
        names.update(arguments.keywords)
        return Outcome.nothing(
            MappingValue(Unknown("another name of the context"), tuple(names.items()))
        )
    if method == "get_queryset":
        found = _assigned(project, receiver) or _default_queryset(project, receiver.class_)
    else:
        found = _one(project, _queryset(project, receiver, receiver.class_))
    return Outcome.nothing(found) if found is not None else None


def _leaves(project: Project, class_: ClassValue) -> bool:
    """Whether all that a view class inherits from other packages is known to leave its rows and
    its context alone.
    """
    return all(
        base.startswith(("django.", "builtins.", _FILTERED, _TABLES)) or base in _ACCESS
        for base in project.classes.info(class_).externals
    )


def attribute(project: Project, view: Instance, class_: ClassValue, name: str) -> Value | None:
    """``self.object_list`` and ``self.object`` of a view."""
    if name not in _KEPT or project.members.find_in_class(class_, name) is not None:
        return None
    kind = kind_of(project, class_)
    if kind is None:
        return None
    if name == "object_list" and kind.is_list:
        return _queryset(project, view, class_)
    return _object(project, view) if name == "object" and kind.is_single else None


def _queryset(project: Project, view: Instance, class_: ClassValue) -> Value | None:
    """What ``get_queryset()`` of a view gives."""
    method = project.members.find_in_class(class_, "get_queryset")
    if method is None:
        return _assigned(project, view) or _default_queryset(project, class_)
    bound = project.members.bind(method, view, class_)
    return without_none(project.calls.invoke(bound, NO_ARGUMENTS).result)


def _object(project: Project, view: Instance) -> Value:
    """What ``get_object()`` of a view gives."""
    method = project.members.attribute(view, "get_object")
    return without_none(project.calls.invoke(method, NO_ARGUMENTS).result)


def _assigned(project: Project, view: Instance) -> Value | None:
    """The queryset that methods of a view assign to it; None if none does."""
    class_ = view.class_
    order = project.classes.info(class_).order if isinstance(class_, ClassValue) else ()
    if not any(
        isinstance(owner, ClassValue)
        and "queryset" in owner.module.methods_writing.get(owner.scope, {})
        for owner in order
    ):
        return None
    value = without_none(project.members.attribute(view, "queryset"))
    if any(Models.of(project).is_manager(option) for option in options_of(value)):
        every = project.members.attribute(value, "all")
        value = project.calls.invoke(every, NO_ARGUMENTS).result
    return value


def _default_queryset(project: Project, class_: ClassValue) -> Value | None:
    """The queryset that a class names, or all objects of the model that it names."""
    for name, start in (("queryset", "queryset"), ("model", "_default_manager")):
        bound = literals.attribute_term(project, class_, name)
        if bound is None:
            continue
        frame, term = bound
        value = without_none(project.values.evaluate(frame, term))
        if name == "model":
            manager = Models.of(project).managers.named(value, start)
            value = manager if manager is not None else value
        if any(Models.of(project).is_manager(option) for option in options_of(value)):
            every = project.members.attribute(value, "all")
            value = project.calls.invoke(every, NO_ARGUMENTS).result
            value = built_at(
                value, class_.module.path, literals.definition_term(class_.module, class_.scope)
            )
        if is_informative(value):
            return value
    return None


def _one(project: Project, queryset: Value | None) -> Value | None:
    """One object of a queryset, fetched alone."""
    found = [
        project.calls.invoke(project.members.attribute(option, "get"), NO_ARGUMENTS).result
        for option in (options_of(queryset) if queryset is not None else ())
        if Models.of(project).is_queryset(option)
    ]
    return join(found) if found else None


# -- context ---------------------------------------------------------------------------------------


def _names(project: Project, view: Instance, class_: ClassValue, kind: _Kind) -> dict[str, Value]:
    """The names that the library's ``get_context_data`` gives to a template."""
    found = decorated.context_names(project, view, class_)
    found["view"] = view
    extra = project.members.find_in_class(class_, "extra_context")
    found.update(context_names(extra))
    named = _text(project.members.find_in_class(class_, "context_object_name"))
    if kind.is_list:
        queryset = _queryset(project, view, class_)
        if queryset is not None:
            queryset = _filtered(project, view, class_, queryset, found)
            model = _model_name(queryset)
            size = project.members.find_in_class(class_, "paginate_by")
            if size is not None:
                shown = queryset
                if isinstance(project.members.attribute(view, "get_paginate_by"), Member):
                    orphans = project.members.find_in_class(class_, "paginate_orphans")
                    shown = pages.on_one(queryset, size, orphans)
                found["paginator"] = pages.paginator(queryset, shown)
                found["page_obj"] = pages.page(shown, queryset)
                queryset = shown
            found["object_list"] = queryset
            found[named or f"{model}_list"] = queryset
    elif kind.is_single:
        shown = _object(project, view)
        found["object"] = shown
        found[named or _model_name(shown)] = shown
    return found


def _filtered(
    project: Project, view: Instance, class_: ClassValue, queryset: Value, names: dict[str, Value]
) -> Value:
    """What the filter set of a view lets through of its queryset, noted as ``filter``."""
    if not any(base.startswith(_FILTERED) for base in project.classes.info(class_).externals):
        return queryset
    made_by = project.members.attribute(view, "filterset_class")
    given = Arguments(keywords=(("queryset", queryset),))
    names["filter"] = project.calls.invoke(made_by, given).result
    found = without_none(project.members.attribute(names["filter"], "qs"))
    return found if is_informative(found) else queryset


def _context(project: Project, view: Instance, class_: ClassValue, kind: _Kind) -> dict[str, Value]:
    method = project.members.find_in_class(class_, "get_context_data")
    if method is None:
        return _names(project, view, class_, kind)
    bound = project.members.bind(method, view, class_)
    return context_names(project.calls.invoke(bound, NO_ARGUMENTS).result)


def _model_name(value: Value) -> str:
    """The name of the model of a queryset or an object, in small letters."""
    model = rows.model_of(value)
    if model is None and isinstance(value, Instance):
        model = value.class_ if isinstance(value.class_, ClassValue) else None
    return model.name.lower() if isinstance(model, ClassValue) else ""


def _text(value: Value | None) -> str:
    return literals.text_of(value) or ""


# -- templates -------------------------------------------------------------------------------------


def consumers(project: Project, modules: Container[Module]) -> Iterator[Consumer]:
    """The templates that generic views render."""
    yield from _responses(project, modules)
    for class_ in project.classes.with_bases:
        if class_.module not in modules or class_.module.is_test:
            continue
        kind = kind_of(project, class_)
        if kind is None:
            continue
        view = Instance(class_)
        template = template_of(project, view, class_, kind)
        if template is None:
            continue
        request = Instance(views.REQUEST)
        names = with_request(project, _context(project, view, class_, kind), request)
        frame = project.classes.frame_around(class_)
        place = Place(class_.module.path, class_.module.facts.scopes[class_.scope].start)
        yield consumer(project, place, template, names, frame)


def _responses(project: Project, modules: Container[Module]) -> Iterator[Consumer]:
    """``self.render_to_response(context)`` of views, rendered when the view has returned."""
    for module, term in project.call_sites.spelt("render_to_response"):
        if module not in modules or module not in project.row_modules:
            continue
        for frame in project.call_sites.frames_around(module, module.code_scope_of(term)):
            entry = module.facts.terms[term]
            function = project.values.evaluate(frame, entry[1])
            view = function.receiver if isinstance(function, Member) else None
            if not isinstance(view, Instance) or not isinstance(view.class_, ClassValue):
                continue
            kind = kind_of(project, view.class_)
            template = template_of(project, view, view.class_, kind) if kind is not None else None
            if template is not None:
                names = context_names(project.calls.arguments(frame, entry).get(0, "context"))
                names = with_request(project, names, Instance(views.REQUEST))
                yield consumer(project, Place(module.path, term), template, names, frame)


def template_of(project: Project, view: Instance, class_: ClassValue, kind: _Kind) -> Value | None:
    """What names the template of a view."""
    method = project.members.find_in_class(class_, "get_template_names")
    if isinstance(method, FunctionValue):
        bound = project.members.bind(method, view, class_)
        return project.calls.invoke(bound, NO_ARGUMENTS).result
    named = project.members.find_in_class(class_, "template_name")
    if named is not None and is_informative_name(named):
        return named
    model = _shown_model(project, view, class_, kind)
    if model is None or not kind.ending:
        return None
    ending = _text(project.members.find_in_class(class_, "template_name_suffix")) or kind.ending
    label = Models.of(project).app_label(model)
    return Constant(f"{label}/{model.name.lower()}{ending}.html")


def is_informative_name(value: Value) -> bool:
    """Whether a value can name a template."""
    return any(
        isinstance(option, TupleValue) or literals.text_of(option) for option in options_of(value)
    )


def _shown_model(
    project: Project, view: Instance, class_: ClassValue, kind: _Kind
) -> ClassValue | None:
    declared = project.members.find_in_class(class_, "model")
    if isinstance(declared, ClassValue):
        return declared
    queryset = _queryset(project, view, class_)
    model = rows.model_of(queryset)
    return model if isinstance(model, ClassValue) else None


# -- methods of base classes -----------------------------------------------------------------------


def inherited(project: Project) -> Iterator[Frame]:
    """What the library calls of a view class and a base class of the project's own has: only for
    the view class is it known which rows that goes through.
    """
    views_of: dict[FunctionValue, int] = {}
    for class_ in project.classes.with_bases:
        if class_.module.is_test or not _is_view(project, class_):
            continue
        bound = class_.module.facts.scopes[class_.scope].bindings
        for name in _CALLED:
            method = project.members.find_in_class(class_, name) if name not in bound else None
            if not isinstance(method, FunctionValue) or method.module.is_read_only:
                continue
            views_of[method] = views_of.get(method, 0) + 1
            if views_of[method] <= _MOST_VIEWS:
                view = Instance(class_, details=(INHERITS,))
                called = project.members.bind(method, view, class_)
                if isinstance(called, FunctionValue):
                    yield project.calls.frame_for(called, _handed(project, view, class_, name))


def _is_view(project: Project, class_: ClassValue) -> bool:
    return any(
        base.startswith(_PACKAGES) and base.endswith(("View", "ViewSet"))
        for base in project.classes.info(class_).externals
    )


def _handed(project: Project, view: Instance, class_: ClassValue, name: str) -> Arguments:
    """What the library hands to a method of a view."""
    if name in _HTTP:
        return Arguments((Instance(views.REQUEST),))
    kind = kind_of(project, class_) if name == "render_to_response" else None
    if kind is None:
        return NO_ARGUMENTS
    items = tuple(_context(project, view, class_, kind).items())
    return Arguments((MappingValue(Unknown("another name of the context"), items),))
