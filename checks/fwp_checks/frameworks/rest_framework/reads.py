"""What serializing an object reads of it, step by step.

Source: rest_framework/serializers.py (``Serializer.to_representation``,
``ListSerializer.to_representation``), fields.py (``get_attribute``) and relations.py of Django REST
framework 3.18.3.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.django import rows
from fwp_checks.frameworks.django.models import Models
from fwp_checks.frameworks.rest_framework.serializers import (
    ALL_FIELDS,
    Chosen,
    Serializer,
    SerializerField,
    Serializers,
)
from fwp_checks.project.meaning.origins import Place, gone_through
from fwp_checks.project.meaning.outcome import Alternative, RunFrame
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    Arguments,
    ClassValue,
    Constant,
    FunctionValue,
    Instance,
    Member,
    Union,
    Value,
    Wrapped,
    join,
    options_of,
    without_none,
)
from fwp_checks.project.rows.needs import Touch

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# So many serializers are followed for one list, the outer ones first: further in, the query lacks
# what leads there already.
_MOST_SERIALIZERS = 40


class Reader:
    """Follows serializers over one object.

    ``single``: the object is the only one, so that what is read for it is read once; only what is
    read for each row of the lists that it shows counts. Read ``touches`` afterwards.
    """

    def __init__(self, project: Project, *, single: bool = False) -> None:
        self.touches: list[Touch] = []
        self._project = project
        self._serializers = Serializers.of(project)
        self._models = Models.of(project)
        self._is_once = single
        # The serializers around the one that is being followed, and those that wait.
        self._around: tuple[Serializer, ...] = ()
        self._waiting: deque[tuple[tuple[Serializer, ...], bool, Value, SerializerField]] = deque()
        # What the serializer puts on the object before the fields are read.
        self._put: dict[str, Value] = {}

    def serialize(
        self,
        serializer: Serializer,
        row: Value,
        outer: Place | None = None,
        chosen: Chosen = ALL_FIELDS,
    ) -> None:
        """Note what showing ``row`` reads. ``outer`` is the place of the field around, ``chosen``
        says which fields to show.
        """
        is_once = self._is_once
        self._serialize(serializer, row, outer, chosen)
        for _ in range(_MOST_SERIALIZERS):
            if not self._waiting:
                break
            self._around, self._is_once, value, field = self._waiting.popleft()
            self._serialize(self._around[-1], value, field.place, field.chosen)
        self._waiting.clear()
        self._around, self._is_once = (), is_once

    def _serialize(
        self, serializer: Serializer, row: Value, outer: Place | None, chosen: Chosen
    ) -> None:
        self._put = {}
        if isinstance(serializer, ClassValue) and self._own(serializer, row):
            return
        for field in self._serializers.fields(serializer, chosen.kept):
            if chosen.has(field.name):
                place = field.place if field.place.path else outer
                if place is not None:
                    self._field(serializer, replace(field, place=place), row)

    def _own(self, serializer: ClassValue, row: Value) -> bool:
        """Note what a project's ``to_representation`` runs; whether it shows everything itself."""
        method = self._project.members.find_in_class(serializer, "to_representation")
        if not isinstance(method, FunctionValue):
            return False
        scope = method.module.facts.scopes[method.scope]
        self._run(Place(method.module.path, scope.start), method, Instance(serializer), (row,))
        self._put = self._written(method, Instance(serializer), row)
        return not calls_super(method)

    def _written(self, method: FunctionValue, receiver: Instance, row: Value) -> dict[str, Value]:
        """What a method assigns to attributes of the object that it is handed."""
        facts = method.module.facts
        scope = facts.scopes[method.scope]
        stores = [
            (facts.terms[term][2], facts.terms[term][3])
            for term in facts.attribute_writes
            if scope.start <= term < scope.end
            and method.module.is_parameter(facts.terms[term][1], method.scope, 1)
        ]
        bound = self._project.members.bind(method, receiver)
        if not stores or not isinstance(bound, FunctionValue):
            return {}
        frame = self._project.calls.frame_for(bound, Arguments((row,)))
        evaluate = self._project.values.evaluate
        return {name: evaluate(frame, value) for name, value in stores if value >= 0}

    def listed(self, serializer: ClassValue, rows: Value, row: Value) -> Value | None:
        """Note what a project's list serializer runs with all rows; the row of which it has the
        serializer show the fields, None if it does without.
        """
        list_class = self._serializers.list_class(serializer)
        method = (
            self._project.members.find_in_class(list_class, "to_representation")
            if list_class is not None
            else None
        )
        if list_class is None or not isinstance(method, FunctionValue):
            return row
        scope = method.module.facts.scopes[method.scope]
        self._run(Place(method.module.path, scope.start), method, Instance(list_class), (rows,))
        if calls_super(method):
            return row
        bound = self._project.members.bind(method, Instance(list_class))
        handed = _handed_to_child(method)
        if handed < 0 or not isinstance(bound, FunctionValue):
            return None
        frame = self._project.calls.frame_for(bound, Arguments((rows,)))
        return gone_through(self._project.values.evaluate(frame, handed), row)

    def _run(
        self, place: Place, method: Value, receiver: Instance, arguments: tuple[Value, ...]
    ) -> Value:
        bound = self._project.members.bind(method, receiver)
        outcome = self._project.calls.invoke(bound, Arguments(arguments))
        self._note(place, outcome.alternatives)
        return outcome.result

    def _note(self, place: Place, alternatives: tuple[Alternative, ...]) -> None:
        if self._is_once:
            return
        kept = tuple(self._effective(alternative) for alternative in alternatives)
        module = self._project.table.by_path.get(place.path)
        if any(kept) and module is not None:
            self.touches.append(Touch(kept, module, place.term))

    def _effective(self, alternative: Alternative) -> Alternative:
        """What runs of an alternative has an effect."""
        effects = self._project.catalogue.effects
        return alternative and tuple(
            [run for run in alternative if isinstance(run, RunFrame) or effects(run.name)]
        )

    # -- fields ------------------------------------------------------------------------------------

    def _field(self, serializer: Serializer, field: SerializerField, row: Value) -> None:
        if field.kind == "method":
            if isinstance(serializer, ClassValue):
                method = self._project.members.find_in_class(serializer, field.detail)
                if method is not None:
                    shown = self._run(field.place, method, Instance(serializer), (row,))
                    self._rendered(field.place, shown)
            return
        if field.own is not None and self._own_field(field, field.own, row):
            return
        if self._is_by_key(field):
            self._key(field, row)
            return
        if field.source and field.source[0] in self._put:
            value = self._follow(field.place, self._put[field.source[0]], field.source[1:])
        else:
            value = self._follow(field.place, row, field.source)
        is_once = self._is_once
        if field.many:
            value = self._rows(field.place, value)
        self._show(field, value)
        self._is_once = is_once

    def _own_field(self, field: SerializerField, own: ClassValue, row: Value) -> bool:
        """Note what a field class of the project runs by methods of its own; whether it has any."""
        shows = self._project.members.find_in_class(own, "to_representation")
        asks = self._project.members.find_in_class(own, "get_attribute")
        receiver = Instance(own)
        value = row
        if isinstance(asks, FunctionValue):
            value = self._run(field.place, asks, receiver, (row,))
        elif isinstance(shows, FunctionValue) and self._is_by_key(field):
            self._key(field, row)
            value = rows.loaded(self._follow(None, row, field.source), rows.ALL_PATHS)
        elif isinstance(shows, FunctionValue):
            value = self._follow(field.place, row, field.source)
        if not isinstance(shows, FunctionValue):
            return isinstance(asks, FunctionValue)
        is_once = self._is_once
        if field.many:
            value = self._rows(field.place, value)
        self._run(field.place, shows, receiver, (value,))
        self._is_once = is_once
        return True

    def _is_by_key(self, field: SerializerField) -> bool:
        """Whether a field is handed the key of what it shows alone, which a class of the project
        may say: ``use_pk_only_optimization``. Where that depends on something it may be.
        """
        if field.many or not field.source:
            return False
        find, lookup = self._project.members.find_in_class, field.detail
        if field.own is not None:
            says = find(field.own, "use_pk_only_optimization")
            if isinstance(says, FunctionValue):
                bound = self._project.members.bind(says, Instance(field.own))
                result = self._project.calls.invoke(bound, NO_ARGUMENTS).result
                return any(option != Constant(False) for option in options_of(result))
            given = find(field.own, "lookup_field")
            lookup = str(given.value) if isinstance(given, Constant) else lookup
        return field.kind == "key" or (field.kind == "link" and lookup == "pk")

    def _key(self, field: SerializerField, row: Value) -> None:
        """A single relation shown by its key, which is a column of the row: the object stays where
        it is. (The other end of a one-to-one field has no such column.)
        """
        owner = self._follow(field.place, row, field.source[:-1])
        name = field.source[-1]
        for option in options_of(without_none(owner)):
            relation = self._relation(option, name)
            column = f"{name}_id" if relation == "one" else name
            self._follow(field.place, option, (column,))

    def _relation(self, value: Value, name: str) -> str:
        if not isinstance(value, Instance) or not isinstance(value.class_, ClassValue):
            return ""
        relation = self._models.relation(value.class_, name)
        return relation.kind if relation is not None else ""

    def _show(self, field: SerializerField, value: Value) -> None:
        value = without_none(value)
        if field.kind == "nested" and field.serializer is not None:
            if self._around.count(field.serializer) < 2:
                around = (*self._around, field.serializer)
                self._waiting.append((around, self._is_once, value, field))
        elif field.kind in ("text", "string"):
            objects = [o for o in options_of(value) if self._is_object(o)]
            if objects and len(objects) == len(options_of(value)):
                self._note(field.place, self._project.protocols.special(value, ("__str__",)))
        elif field.kind == "slug":
            self._follow(field.place, value, tuple(field.detail.split("__")))
        elif field.kind in ("link", "identity") and field.detail != "pk":
            self._follow(field.place, value, (field.detail,))
        elif field.kind == "value":
            self._rendered(field.place, value)

    def _rendered(self, place: Place, value: Value) -> None:
        """Whoever renders what is shown goes through querysets (``JSONEncoder.default`` of
        rest_framework/utils/encoders.py), lists of values do so before.
        """
        for option in options_of(without_none(value)):
            if self._models.is_queryset(option):
                self._note(place, self._project.protocols.iterating(option, is_async=False))

    def _is_object(self, value: Value) -> bool:
        return (
            isinstance(value, Instance)
            and isinstance(value.class_, ClassValue)
            and self._models.is_model(value.class_)
        )

    # -- values ------------------------------------------------------------------------------------

    def _follow(self, place: Place | None, value: Value, names: tuple[str, ...]) -> Value:
        """What a path of attributes leads to; functions on the way are called. Without a place
        nothing reads it.
        """
        for name in names:
            if place is not None:
                self._note(place, self._project.protocols.reading(value, name))
            value = self._called(place, self._project.members.attribute(value, name))
        return value

    def _called(self, place: Place | None, value: Value) -> Value:
        if isinstance(value, Union):
            return join([self._called(place, option) for option in value.options])
        is_method = isinstance(value, Member) and value.name.rpartition(".")[2].islower()
        if isinstance(value, (FunctionValue, Wrapped)) or is_method:
            outcome = self._project.calls.invoke(value, NO_ARGUMENTS)
            if place is not None:
                self._note(place, outcome.alternatives)
            return outcome.result
        return value

    def _rows(self, place: Place, value: Value) -> Value:
        """One of the objects that a list field shows, which are asked for here."""
        value = join([self._all(place, option) for option in options_of(without_none(value))])
        self._note(place, self._project.protocols.iterating(value, is_async=False))
        self._is_once = False
        return self._project.protocols.element(value)

    def _all(self, place: Place, value: Value) -> Value:
        if self._models.is_manager(value):
            return self._called(place, self._project.members.attribute(value, "all"))
        return value


def calls_super(method: FunctionValue) -> bool:
    """Whether a method calls the one of its name that it overrides."""
    terms = method.module.facts.terms
    scope = method.module.facts.scopes[method.scope]
    for entry in terms[scope.start : scope.end]:
        if entry[0] == t.CALL and terms[entry[1]][0] == t.ATTR:
            called = terms[entry[1]]
            if called[2] == scope.name and terms[called[1]][0] == t.CALL:
                made = terms[terms[called[1]][1]]
                if made[0] == t.NAME and made[1] == "super":
                    return True
    return False


def _handed_to_child(method: FunctionValue) -> int:
    """What a list serializer has shown by ``self.child.to_representation(…)``; -1 if nothing."""
    facts = method.module.facts
    terms = facts.terms
    scope = facts.scopes[method.scope]
    for entry in terms[scope.start : scope.end]:
        if entry[0] != t.CALL or len(entry[2]) != 1:
            continue
        called = terms[entry[1]]
        if called[0] == t.ATTR and called[2] == "to_representation":
            child = terms[called[1]]
            is_child = child[0] == t.ATTR and child[2] == "child"
            if is_child and method.module.is_parameter(child[1], method.scope, 0):
                return int(entry[2][0])
    return -1
