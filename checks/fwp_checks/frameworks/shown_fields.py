"""What libraries that turn objects into plain data read of each: the fields that they show."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.origins import Place, consumed_at
from fwp_checks.project.meaning.outcome import Alternative
from fwp_checks.project.meaning.values import (
    Arguments,
    ClassValue,
    Instance,
    Iterable,
    TupleValue,
    Value,
    is_informative,
    join,
    options_of,
    without_none,
)
from fwp_checks.project.rows.needs import Consumer, Touch

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project

# So many sets of fields are followed for one list, the outer ones first.
_MOST_SHAPES = 40
_MOST_CLASSES = 12


@dataclass(slots=True, unsafe_hash=True)
class ShownField:
    """One field: the attributes that lead to what is shown, or the function that is called with the
    object. ``inner`` gives the fields of each object behind it. ``place`` is where it is declared.
    """

    names: tuple[str, ...]
    place: Place
    inner: Callable[[], tuple[ShownField, ...]] | None = None
    function: Value | None = None


Fields = tuple[ShownField, ...]


def consumers(
    project: Project, module: Module, term: int, shown: list[tuple[Value, Fields]]
) -> Iterator[Consumer]:
    """What showing lists at a term by their fields reads; nothing where that is nothing. ``shown``
    are the lists, by what is known where they are shown.
    """
    place = Place(module.path, term)
    touches: list[Touch] = []
    for data, fields in shown:
        row = consumed_at(_element(project, data), place.path, place.term)
        if is_informative(row):
            touches.extend(_touches(project, row, fields))
    if touches:
        label = module.facts.scopes[module.code_scope_of(term)].name
        yield Consumer(place, "", label, module, term, touches=tuple(touches))


def consumers_of_results(
    project: Project,
    module: Module,
    scope_number: int,
    fields: Fields,
    is_shown: Callable[[Value], bool],
) -> Iterator[Consumer]:
    """What showing the lists reads that a function gives, each alone or before a status.

    ``is_shown`` tells whether a value is a list.
    """
    shown: dict[int, list[tuple[Value, Fields]]] = {}
    for frame in frames(project, module, scope_number):
        for returned in frame.scope.returns:
            data = project.values.evaluate(frame, returned)
            if isinstance(data, TupleValue) and data.items:
                data = data.items[0]
            if is_shown(data):
                shown.setdefault(returned, []).append((data, fields))
    for returned, lists in shown.items():
        yield from consumers(project, module, returned, lists)


def _element(project: Project, data: Value) -> Value:
    """One of the objects of a list."""
    options = options_of(without_none(data))
    return join([project.protocols.element(option) for option in options])


def is_list(data: Value) -> bool:
    """Whether a value is certainly a list of objects."""
    return all(_is_list(option) for option in options_of(without_none(data)))


def is_many(project: Project, data: Value) -> bool:
    """Whether a value is certainly a list, or a query that is gone through like one."""
    elements = [project.protocols.element(option) for option in options_of(without_none(data))]
    return all(is_informative(element) for element in elements)


def _is_list(value: Value) -> bool:
    return isinstance(value, Iterable) and value.kind in ("list", "tuple")


def frames(project: Project, module: Module, scope_number: int) -> Iterator[Frame]:
    """The frames in which code shows something: of a method, one for each class that has it."""
    class_ = project.calls.class_of_method(module, scope_number)
    scope = module.facts.scopes[scope_number]
    if class_ is None or not scope.parameters:
        yield from project.call_sites.frames_around(module, scope_number)
        return
    project.classes.link_subclasses()
    around = project.classes.frame_around(class_)
    for own in [class_, *project.classes.info(class_).subclasses][:_MOST_CLASSES]:
        if isinstance(own, ClassValue):
            arguments = (Instance(own), *[None] * (len(scope.parameters) - 1))
            yield project.frames.get(module, scope_number, around, arguments)


def _touches(project: Project, row: Value, fields: Fields) -> Iterator[Touch]:
    waiting = deque([(row, fields)])
    for _ in range(_MOST_SHAPES):
        if not waiting:
            return
        value, shown = waiting.popleft()
        for field in shown:
            touches, behind = _read(project, value, field)
            yield from touches
            if field.inner is not None and is_informative(behind):
                waiting.append((behind, field.inner()))


def _read(project: Project, value: Value, field: ShownField) -> tuple[list[Touch], Value]:
    """What showing a field of an object does, and the objects that are behind it."""
    found: list[Touch] = []

    def note(alternatives: tuple[Alternative, ...]) -> None:
        module = project.table.by_path.get(field.place.path)
        if any(alternatives) and module is not None:
            found.append(Touch(alternatives, module, field.place.term))

    if field.function is not None:
        note(project.calls.invoke(field.function, Arguments((value,))).alternatives)
        return found, value
    for name in field.names:
        note(project.protocols.reading(value, name))
        value = without_none(project.members.attribute(value, name))
    if field.inner is None:
        return found, value
    objects: list[Value] = []
    for option in options_of(value):
        if isinstance(option, Iterable):
            note(project.protocols.iterating(option, is_async=False))
            option = project.protocols.element(option)
        objects.append(option)
    return found, join(objects)
