"""What is shown through serializers: by actions that views inherit, and by calls of serializers.

Source: rest_framework/generics.py and serializers.py of Django REST framework 3.18.3.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.django.rows import row_of
from fwp_checks.frameworks.rest_framework import pages
from fwp_checks.frameworks.rest_framework.serializers import Chosen, Serializers, chosen
from fwp_checks.frameworks.rest_framework.views import (
    MAX_CHOICES,
    Acting,
    Served,
    by_mixins,
    class_of,
    is_view,
    place_of,
    queryset_of,
    serializing,
)
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.origins import (
    UNKNOWN_QUERY,
    Place,
    consumed_at,
    origin_of,
    with_origin,
)
from fwp_checks.project.meaning.values import (
    ClassValue,
    Instance,
    Value,
    is_informative,
    join,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

_CALLS = ("get_serializer", "serializer_class")
_MAX_VIEWS = 12
_NO_NAMES: list[str | None] = []


def served(project: Project, modules: Container[Module]) -> Iterator[Served]:
    """Everything that is shown through a serializer in these modules."""
    for class_ in project.classes.with_bases:
        if class_.module in modules and is_view(project, class_):
            yield from by_mixins(project, class_)
    for module in project.table.modules:
        if module in modules and not module.is_read_only:
            yield from _by_calls(project, module)


def _by_calls(project: Project, module: Module) -> Iterator[Served]:
    serializers = Serializers.of(project)
    for term in module.calls:
        entry = module.facts.terms[term]
        names = [name for name, _ in entry[3]] if entry[3] else _NO_NAMES
        if not entry[2] and "instance" not in names:
            continue
        if "many" not in names and not _reads_as_serializer(module, entry[1]):
            continue
        scope_number = module.code_scope_of(term)
        place = Place(
            module.path, literals.definition_term(module, scope_number) if scope_number else term
        )
        for frame, view in _frames(project, module, scope_number):
            shown = chosen(project, frame, entry)
            if shown is None:
                continue
            found = options_of(project.values.evaluate(frame, term))[:MAX_CHOICES]
            # A class that a caller hands over is taken before any other.
            handed = [o for o in found if isinstance(o, Instance) and o.class_ in frame.arguments]
            at = place if view is None else place_of(view)
            for made in handed or found:
                if isinstance(made, Instance) and serializers.is_serializer(class_of(made)):
                    for one in _by_object(project, frame, at, made, shown):
                        # Of several, what chooses one may choose the rows, too.
                        if len(found) == 1 or serializers.is_for(one.serializer, one.row):
                            yield one


def _by_object(
    project: Project, frame: Frame, place: Place, made: Instance, fields: Chosen
) -> Iterator[Served]:
    """What a serializer object shows, if that is known."""
    how = serializing(made)
    if how is None or not isinstance(made.class_, ClassValue):
        return
    shown = queryset_of(project, how.shown) if how.many else how.shown
    row = project.protocols.element(shown) if how.many else _alone(shown)
    if is_informative(row):
        marked = consumed_at(row, place.path, place.term)
        whole = pages.whole_of_call(project, frame, shown) if how.many else None
        rows = shown if how.many else None
        name = _owner_name(frame)
        fields = replace(fields, kept=how.kept)
        yield Served(name, place, made.class_, marked, not how.many, fields, whole, rows)


def _alone(value: Value) -> Value:
    """A single row, of which it is known what was fetched with it, as one of a query: what its
    lists lack is said of that.
    """
    return join(
        [
            with_origin(option, UNKNOWN_QUERY)
            if isinstance(option, Instance) and row_of(option) and origin_of(option) is None
            else option
            for option in options_of(value)
        ]
    )


def _reads_as_serializer(module: Module, function: int) -> bool:
    """Whether what is called is spelt like a serializer class, or a view's way to one."""
    entry = module.facts.terms[function]
    if entry[0] == t.ATTR:
        return entry[2] in _CALLS or str(entry[2]).endswith("Serializer")
    if entry[0] == t.IMPORT:
        return str(entry[2] or "").endswith("Serializer")
    if entry[0] == t.DEFINITION:
        return module.facts.scopes[entry[1]].name.endswith("Serializer")
    return entry[0] in (t.CALL, t.JOIN) or str(entry[1]).endswith("Serializer")


def _owner_name(frame: Frame) -> str:
    is_method = frame.module.facts.scopes[frame.scope.parent].kind == "class"
    view = frame.arguments[0] if is_method and frame.arguments else None
    if isinstance(view, Instance) and isinstance(view.class_, ClassValue):
        return f"{view.class_.name}.{frame.name}"
    return frame.name


def _frames(
    project: Project, module: Module, scope_number: int
) -> Iterator[tuple[Frame, ClassValue | None]]:
    """The frames in which code serializes: of a method, one for each view class that has it, and
    those that calls in the project make, with the view class that calls it then.
    """
    class_ = project.calls.class_of_method(module, scope_number)
    views: list[ClassValue] = []
    if class_ is not None:
        project.classes.link_subclasses()
        found = [class_, *project.classes.info(class_).subclasses]
        views = [view for view in found if isinstance(view, ClassValue) and is_view(project, view)]
    if class_ is None or not views:
        for frame in project.call_sites.frames_around(module, scope_number):
            yield frame, None
        return
    scope = module.facts.scopes[scope_number]
    for view in views[:_MAX_VIEWS]:
        if project.members.find_in_class(view, scope.name) is not None and scope.parameters:
            receiver = Instance(view, details=(Acting(scope.name),))
            arguments = (receiver, *[None] * (len(scope.parameters) - 1))
            around = project.classes.frame_around(class_)
            yield project.frames.get(module, scope_number, around, arguments), None
    for frame in project.call_sites.frames_around(module, scope_number):
        known = frame.arguments[0] if frame.arguments else None
        caller = known.class_ if isinstance(known, Instance) else None
        if isinstance(caller, ClassValue) and caller in views:
            if any(given is not None for given in frame.arguments[1:]):
                yield frame, caller
