"""What a project has to say when one of its objects is written, which bulk methods leave out.

Source: https://docs.djangoproject.com/en/stable/ref/models/querysets/#bulk-create
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.frameworks.django import rows
from fwp_checks.frameworks.django.models import Models
from fwp_checks.project.meaning.outcome import RunExternal
from fwp_checks.project.meaning.values import ClassValue, FunctionValue, Instance, Value, options_of

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_RECEIVER = frozenset({"django.dispatch.receiver"})
_CONNECT = frozenset(
    f"django.db.models.signals.{when}_{what}.connect"
    for when in ("pre", "post")
    for what in ("save", "delete")
)


def hooks(project: Project, run: RunExternal) -> str:
    """``Post.save()`` and ``the receivers of its signals``, as far as there are any."""
    model = _model(project, run.receiver)
    if model is None:
        return ""
    method = "delete" if run.name.endswith("delete") else "save"
    found = []
    if isinstance(project.members.find_in_class(model, method), FunctionValue):
        found.append(f"{model.name}.{method}()")
    if _has_receivers(project):
        found.append("the receivers of its signals")
    return " and ".join(found)


def _model(project: Project, receiver: Value | None) -> ClassValue | None:
    if not isinstance(receiver, Instance):
        return None
    models = Models.of(project)
    of_queryset = rows.model_of(receiver) or receiver.class_
    for option in options_of(of_queryset) if isinstance(of_queryset, Value) else ():
        if isinstance(option, ClassValue) and models.is_model(option):
            return option
    return None


def _has_receivers(project: Project) -> bool:
    """Whether the project listens to the signals of writing."""
    known: bool | None = project.framework_data.get("django.receivers")
    if known is None:
        sites = project.call_sites
        known = any(True for _ in sites.decorated(_RECEIVER)) or any(
            True for _ in sites.of(_CONNECT)
        )
        project.framework_data["django.receivers"] = known
    return known
