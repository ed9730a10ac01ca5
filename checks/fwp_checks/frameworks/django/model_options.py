"""What models say of themselves under ``_meta``: the label of their app and their names.

Source: django/db/models/options.py (``Options.contribute_to_class``) of Django 6.1.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fwp_checks.frameworks.django.models import Models
from fwp_checks.project.meaning.values import ClassValue, Constant, Detail, Instance, Value

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

META = "_meta"
OPTIONS = "django.db.models.options.Options"


@dataclass(slots=True, unsafe_hash=True)
class OfModel(Detail):
    """Among the details of the options of a model: the model."""

    model: ClassValue

    def met(self, other: OfModel) -> OfModel | None:
        """Options of either of two models are nobody's."""
        return self if self == other else None


def of_model(model: ClassValue) -> Instance:
    """``Post._meta``."""
    return Instance(OPTIONS, details=(OfModel(model),))


def attribute(project: Project, options: Instance, name: str) -> Value | None:
    """``Post._meta.app_label`` and the like; None for what is not known of them."""
    model = next((d.model for d in options.details if isinstance(d, OfModel)), None)
    if model is None:
        return None
    if name == "model":
        return model
    label = Models.of(project).app_label(model)
    known = {
        "app_label": label,
        "object_name": model.name,
        "model_name": model.name.lower(),
        "label": f"{label}.{model.name}",
        "label_lower": f"{label}.{model.name.lower()}",
    }
    return Constant(known[name]) if name in known else None
