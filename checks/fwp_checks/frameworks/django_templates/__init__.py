"""Django's templates: what renders which template with which context.

``rendering`` says what calls render, ``generic`` what generic views do, ``pages`` how a paginator
cuts a queryset, ``words`` what functions that compile tags see of them.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import TYPE_CHECKING

from fwp_checks.frameworks.base import Framework
from fwp_checks.frameworks.django_templates import generic, pages, rendering, words
from fwp_checks.project.meaning.outcome import Outcome
from fwp_checks.project.meaning.values import Arguments, ClassValue, Instance, Member, Value

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame
    from fwp_checks.project.rows.needs import Consumer


class DjangoTemplates(Framework):
    """Hooks for what renders Django's templates."""

    name = "Django templates"
    # Mixins of the others stand before Django's generic views.
    modules = frozenset(
        {"django", "braces", "rules", "guardian", "django_filters", "django_tables2"}
    )
    look_ups = rendering.LOOK_UPS

    def call(
        self, project: Project, name: str, arguments: Arguments, receiver: Value | None
    ) -> Outcome | None:
        """Rendering runs the template; methods that generic views inherit; pages; compiled tags."""
        return (
            rendering.call(project, name, arguments, receiver)
            or generic.call(project, name, arguments, receiver)
            or pages.call(name, arguments, receiver)
            or words.call(name, arguments, receiver)
        )

    def attribute(self, project: Project, base: Instance | Member, name: str) -> Value | None:
        """What a page holds; the text of a tag."""
        return pages.attribute(base, name) or words.attribute(base, name)

    def model_attribute(self, project: Project, base: Instance, name: str) -> Value | None:
        """What a generic view keeps on itself."""
        if not isinstance(base.class_, ClassValue):
            return None
        return generic.attribute(project, base, base.class_, name)

    def element(self, project: Project, value: Instance) -> Value | None:
        """One object of a page."""
        return pages.element(project, value)

    def item(self, project: Project, base: Instance, key: Value | None) -> Value | None:
        """One object of a page."""
        return pages.element(project, base) if key is not None else None

    def inherited_frames(self, project: Project) -> Iterator[Frame]:
        """Methods of views that base classes of the project's own have."""
        return generic.inherited(project)

    def consumers(self, project: Project, modules: Container[Module]) -> Iterator[Consumer]:
        """Templates that generic views and template responses render after the view."""
        yield from generic.consumers(project, modules)
        yield from rendering.consumers(project, modules)


FRAMEWORK = DjangoTemplates()
