"""Django REST framework: serializers over querysets.

``serializers`` reads the fields of serializers, ``reads`` what showing an object reads of it, and
``views`` finds who shows which queryset; ``routers`` knows the routes of viewsets.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import TYPE_CHECKING

from fwp_checks.frameworks.base import Framework
from fwp_checks.frameworks.django import kept, rows
from fwp_checks.frameworks.django.models import Models
from fwp_checks.frameworks.django.views import REQUEST
from fwp_checks.frameworks.rest_framework import serving, taken_out, views
from fwp_checks.frameworks.rest_framework.reads import Reader
from fwp_checks.frameworks.rest_framework.routers import RouterParts
from fwp_checks.frameworks.rest_framework.serializers import Chosen, Serializers
from fwp_checks.project.meaning.origins import Place, origin_of
from fwp_checks.project.meaning.outcome import Alternative, Outcome, RunFrame
from fwp_checks.project.meaning.values import (
    Arguments,
    ClassValue,
    Constant,
    FunctionValue,
    Instance,
    Member,
    Unknown,
    Value,
    options_of,
)
from fwp_checks.project.rows.needs import Consumer, Touch

if TYPE_CHECKING:
    from fwp_checks.project.application.model import Part
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

# Whether an action shows a single object.
_DETAIL = {"list": False, "retrieve": True}
_REQUEST = "rest_framework.request.Request"


class RestFramework(Framework):
    """Hooks for Django REST framework."""

    name = "Django REST framework"
    modules = frozenset({"rest_framework"})
    told_apart = RouterParts.classes()

    def application_parts(self, project: Project) -> Iterator[Part]:
        """Routers, and the routes of their viewsets."""
        return RouterParts(project).parts()

    def call(
        self, project: Project, name: str, arguments: Arguments, receiver: Value | None
    ) -> Outcome | None:
        """The querysets and serializers of generic views."""
        given = views.call(project, name, arguments, receiver)
        return Outcome.nothing(given) if given is not None else None

    def attribute(self, project: Project, base: Instance | Member, name: str) -> Value | None:
        """The method and the user of a request, and what the project keeps on it."""
        if not isinstance(base, Instance) or base.class_ != _REQUEST:
            return None
        if name == "method" and base.details and isinstance(base.details[0], views.Acting):
            method = base.details[0].method
            return Constant(method) if method else None
        if name == "user":
            return rows.objects(Models.of(project).user)
        if name == "_request":
            return Instance(REQUEST)
        return kept.attribute(project, base, name)

    def model_attribute(self, project: Project, base: Instance, name: str) -> Value | None:
        """What a view object knows of the request that it answers."""
        how = views.acting(base)
        if how is not None and name == "action":
            return Constant(how.action)
        if how is not None and name in ("serializer_class", "queryset"):
            said = views.said_for_action(project, base, name)
            if said is not None:
                return said
        if name == "serializer_class":
            own = views.of_class_for_action(project, base, name)
            if own is not None:
                return own
        if name == "queryset":
            return views.assigned_queryset(project, base)
        if name == "request" and views.is_view(project, views.class_of(base)):
            return Instance(_REQUEST, details=(how,) if how is not None else ())
        return None

    def truth(self, base: Instance, names: tuple[str, ...]) -> bool | None:
        """``self.detail`` of a viewset (``SimpleRouter.routes`` in rest_framework/routers.py)."""
        how = views.acting(base)
        return _DETAIL.get(how.action) if how is not None and names == ("detail",) else None

    def construct(
        self, project: Project, class_: ClassValue, arguments: Arguments
    ) -> Outcome | None:
        """A serializer keeps the object that it shows."""
        shown = arguments.get(0, "instance")
        if shown is None or not Serializers.of(project).is_serializer(class_):
            return None
        many = arguments.get(-1, "many") == Constant(True)
        if many and views.prepares_lists(project, class_):
            shown = Unknown("a list whose serializer fetches more along")
        left = taken_out.kept(project, class_, arguments)
        made = Instance(class_, details=(views.Serializing(shown, many, left),))
        init = project.members.find_in_class(class_, "__init__")
        if not isinstance(init, FunctionValue):
            return Outcome.nothing(made)
        frame = project.calls.frame_for(
            FunctionValue(init.frame, init.scope, Instance(class_)), arguments
        )
        return Outcome(((RunFrame(frame),),), made)

    def parameter(self, project: Project, frame: Frame, index: int) -> Value | None:
        """The object that a view is to delete (``DestroyModelMixin.destroy`` in mixins.py)."""
        return views.deleted(project, frame) if index == 1 else None

    def read_names(self, project: Project) -> None:
        """Accessors of relations have names of many forms, and the user of a request is fetched
        when anything of it is read.
        """

    def reading(
        self, project: Project, base: Instance, name: str
    ) -> tuple[Alternative, ...] | None:
        """``serializer.data`` shows its object, if that is one of many rows."""
        how = views.serializing(base) if name == "data" else None
        if how is None or not isinstance(base.class_, ClassValue):
            return None
        shown = views.queryset_of(project, how.shown) if how.many else how.shown
        row = project.protocols.element(shown) if how.many else shown
        # A list may be one of many that are asked for themselves: ``post.comments.order_by("pk")``.
        origins = [origin_of(option) for option in (*options_of(row), *options_of(shown))]
        if not any(origin is not None and origin.consumed is not None for origin in origins):
            return None
        reader = Reader(project)
        reader.serialize(base.class_, row, chosen=Chosen(kept=how.kept))
        found = [touch.alternatives for touch in reader.touches]
        if how.many:
            found.insert(0, project.protocols.iterating(shown, is_async=False))
        runs = [run for alternatives in found if all(alternatives) for run in alternatives[0] or ()]
        return (tuple(runs),) if runs else None

    def consumers(self, project: Project, modules: Container[Module]) -> Iterator[Consumer]:
        """Lists that are shown through serializers, and lists inside of a single object."""
        found: dict[Place, list[views.Served]] = {}
        for served in serving.served(project, modules):
            found.setdefault(served.place, []).append(served)
        for place, several in found.items():
            module = project.table.by_path[place.path]
            touches: list[Touch] = []
            for served in several:
                reader = Reader(project, single=served.single)
                row: Value | None = served.row
                if served.rows is not None:
                    row = reader.listed(served.serializer, served.rows, served.row)
                if row is not None:
                    reader.serialize(served.serializer, row, place, served.chosen)
                touches.extend(reader.touches)
            whole = {one.whole: None for one in several if one.whole is not None}
            yield Consumer(
                place,
                "serializer",
                several[0].name,
                module,
                place.term,
                touches=tuple(touches),
                wholes=tuple(whole),
            )


FRAMEWORK = RestFramework()
