"""Methods of abstract models and of mixins, run for a model that inherits them: only there are all
of their relations known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.frameworks.django.models import Models
from fwp_checks.project.meaning.values import ClassValue, Instance

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame


def frames(project: Project) -> Iterator[Frame]:
    """The methods of each such class, with an object of the first model that inherits them."""
    models = Models.of(project)
    done: set[ClassValue] = set()
    for model in models.all:
        if models.meta(model, "abstract") is True:
            continue
        for owner in project.classes.info(model).order[1:]:
            if not isinstance(owner, ClassValue) or owner in done:
                continue
            done.add(owner)
            if not models.is_model(owner) or models.meta(owner, "abstract") is True:
                yield from _methods(project, owner, model)


def _methods(project: Project, owner: ClassValue, model: ClassValue) -> Iterator[Frame]:
    parent = project.classes.frame_around(owner)
    for number, scope in enumerate(owner.module.facts.scopes):
        if scope.parent == owner.scope and scope.is_function and scope.parameters:
            plain = project.calls.unbound_frame(parent, number)
            if isinstance(plain.arguments[0], Instance):
                arguments = (Instance(model), *plain.arguments[1:])
                yield project.frames.get(owner.module, number, parent, arguments)
