"""Methods and properties of views that a decorator puts into the context of their templates.

Source: django_context_decorator.py of django-context-decorator 1.6.1: what ``get_context_data()``
gives gets the decorated names of the class and of those that it derives from, unless it has them;
what can be called is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    ClassValue,
    FunctionValue,
    Instance,
    Value,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_DECORATORS = frozenset({"django_context_decorator.context"})
_Names = dict[ClassValue, list[str]]


def context_names(project: Project, view: Instance, class_: ClassValue) -> dict[str, Value]:
    """What is put into the context of a view, by name."""
    by_class: _Names | None = project.framework_data.get("django.decorated")
    if by_class is None:
        by_class = project.framework_data["django.decorated"] = _find(project)
    found: dict[str, Value] = {}
    for owner in project.classes.info(class_).order if by_class else ():
        for name in by_class.get(owner, ()) if isinstance(owner, ClassValue) else ():
            if name not in found:
                value = project.members.attribute(view, name)
                if isinstance(value, FunctionValue):
                    value = project.calls.invoke(value, NO_ARGUMENTS).result
                found[name] = value
    return found


def _find(project: Project) -> _Names:
    """The names of decorated functions, by the class around them."""
    found: _Names = {}
    for decoration in project.call_sites.decorated(_DECORATORS):
        module = decoration.around.module
        scope = module.facts.scopes[decoration.scope_number]
        if module.facts.scopes[scope.parent].kind == "class":
            found.setdefault(ClassValue(module, scope.parent), []).append(scope.name)
    return found
