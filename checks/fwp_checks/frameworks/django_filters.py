"""django-filter: the rows that a filter set lets through.

Source: django_filters/filterset.py (``BaseFilterSet``) of django-filter 26.2. Filters narrow the
queryset that a filter set was given, or that of its model; its rows are those of that queryset.
Views of the package are generic views (``django_templates/generic``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fwp_checks.frameworks.base import Framework
from fwp_checks.frameworks.django.models import Models
from fwp_checks.project.meaning.outcome import Outcome, RunFrame
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    Arguments,
    ClassValue,
    FunctionValue,
    Instance,
    Value,
    without_none,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_PACKAGE = "django_filters"


@dataclass(slots=True, unsafe_hash=True)
class Filtering:
    """Marks a filter set, and what it was given to filter."""

    queryset: Value


class DjangoFilters(Framework):
    """Hooks for filter sets."""

    name = "django-filter"
    modules = frozenset({_PACKAGE})

    def call(
        self, project: Project, name: str, arguments: Arguments, receiver: Value | None
    ) -> Outcome | None:
        """``filter_queryset()`` narrows what it is given."""
        if not name.startswith(f"{_PACKAGE}.") or not name.endswith("FilterSet.filter_queryset"):
            return None
        given = arguments.get(0, "queryset")
        return Outcome.nothing(given) if given is not None else None

    def construct(
        self, project: Project, class_: ClassValue, arguments: Arguments
    ) -> Outcome | None:
        """A filter set keeps its queryset."""
        if not _is_filter_set(project, class_):
            return None
        given = arguments.get(1, "queryset")
        queryset = without_none(given) if given is not None else _of_model(project, class_)
        if queryset is None:
            return None
        made = Instance(class_, details=(Filtering(queryset),))
        init = project.members.find_in_class(class_, "__init__")
        if not isinstance(init, FunctionValue):
            return Outcome.nothing(made)
        called = FunctionValue(init.frame, init.scope, Instance(class_))
        return Outcome(((RunFrame(project.calls.frame_for(called, arguments)),),), made)

    def model_attribute(self, project: Project, base: Instance, name: str) -> Value | None:
        """``qs``, and the queryset before any filter."""
        if name not in ("qs", "queryset") or not isinstance(base.class_, ClassValue):
            return None
        found = [detail for detail in base.details if isinstance(detail, Filtering)]
        if not found or project.members.find_in_class(base.class_, name) is not None:
            return None
        queryset = _all(project, found[0].queryset)
        method = project.members.find_in_class(base.class_, "filter_queryset")
        if name == "queryset" or not isinstance(method, FunctionValue):
            return queryset
        bound = project.members.bind(method, base)
        return project.calls.invoke(bound, Arguments((queryset,))).result


FRAMEWORK = DjangoFilters()


def _is_filter_set(project: Project, class_: ClassValue) -> bool:
    return any(
        base.startswith(f"{_PACKAGE}.") and base.endswith("FilterSet")
        for base in project.classes.info(class_).externals
    )


def _of_model(project: Project, class_: ClassValue) -> Value | None:
    """All objects of the model that a filter set is for."""
    meta = project.members.find_in_class(class_, "Meta")
    model = project.members.find_in_class(meta, "model") if isinstance(meta, ClassValue) else None
    return Models.of(project).managers.default(model) if model is not None else None


def _all(project: Project, value: Value) -> Value:
    return project.calls.invoke(project.members.attribute(value, "all"), NO_ARGUMENTS).result
