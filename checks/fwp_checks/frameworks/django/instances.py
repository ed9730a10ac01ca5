"""Objects of models: what their attributes hold, and which of them run a query when they are read.

Source: the descriptors in django/db/models/fields/related_descriptors.py,
django/db/models/query_utils.py and django/contrib/contenttypes/fields.py of Django 6.1.3.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fwp_checks.frameworks.django import rows
from fwp_checks.frameworks.django.models import SHOWN_BY, Field, Models, Relation
from fwp_checks.project.meaning.origins import Hop, behind, origin_of, with_origin
from fwp_checks.project.meaning.outcome import Alternative, RunExternal
from fwp_checks.project.meaning.values import (
    RECURSIVE,
    Arguments,
    ClassValue,
    Constant,
    External,
    FunctionValue,
    Instance,
    Iterable,
    MappingValue,
    Unknown,
    Value,
    Wrapped,
    unknown,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

DESCRIPTORS = {
    "one": "django.db.models.fields.related_descriptors.ForwardManyToOneDescriptor.__get__",
    "back": "django.db.models.fields.related_descriptors.ReverseOneToOneDescriptor.__get__",
    "generic": "django.contrib.contenttypes.fields.GenericForeignKeyDescriptor.__get__",
}
DEFERRED = "django.db.models.query_utils.DeferredAttribute.__get__"

# What a column holds, by the last part of its field's name.
_COLUMNS = {
    **dict.fromkeys(
        ("CharField", "TextField", "SlugField", "EmailField", "URLField"), "builtins.str"
    ),
    **dict.fromkeys(("FileField", "ImageField"), "django.db.models.fields.files.FieldFile"),
    **dict.fromkeys(
        ("IntegerField", "BigIntegerField", "SmallIntegerField", "AutoField", "BigAutoField"),
        "builtins.int",
    ),
    "BooleanField": "builtins.bool",
    "FloatField": "builtins.float",
    "BinaryField": "builtins.bytes",
}


STATE = "django.db.models.base.ModelState"
# Where a row keeps its relations: django/db/models/base.py, django/db/models/query.py
_STATE = "_state"
_PREFETCHED = "_prefetched_objects_cache"


@dataclass(slots=True, unsafe_hash=True)
class OfModel:
    """The model of the row whose state an object is."""

    class_: Value


_OF_ROWS = {("pk",): True, ("id",): True, ("_state", "adding"): False}


def _class_of(instance: Instance) -> Value:
    return External(instance.class_) if isinstance(instance.class_, str) else instance.class_


def attribute(project: Project, instance: Instance, name: str) -> Value | None:
    """What an attribute of a model instance holds, if it is a column, a relation, or a list that a
    prefetch left.
    """
    row = rows.row_of(instance)
    models = Models.of(project)
    class_ = _class_of(instance)
    for lookup in row.attributes if row is not None else ():
        if lookup.to_attr == name:
            return Iterable(_prefetched(models, instance, lookup), "list")
    relation = models.relation(class_, name)
    if relation is not None:
        return _related(models, relation, instance)
    if row is not None and _is_kept(project, instance, row, name):
        return Unknown(f"annotation '{name}'")
    if row is not None and name in (_STATE, _PREFETCHED):
        return _kept_objects(models, instance, row, name)
    if name == "pk":
        return Unknown("primary key")
    field = models.field(class_, name) if isinstance(class_, ClassValue) else None
    if isinstance(field, Field):
        held = _COLUMNS.get(field.type.rpartition(".")[2])
        return Instance(held) if held is not None else unknown(f"column '{name}'")
    return None


def _kept_objects(models: Models, instance: Instance, row: rows.Row, name: str) -> Value:
    """What a row keeps of its relations: those that were prefetched, under their names; in its
    state, the single ones.
    """
    if name == _STATE:
        return Instance(STATE, details=(row, OfModel(_class_of(instance))))
    return _by_name(models, _class_of(instance), row, single=False)


def fields_cache(project: Project, state: Instance) -> Value | None:
    """The related objects that the state of a row keeps (django/db/models/fields/mixins.py)."""
    row = rows.row_of(state)
    whose = [detail.class_ for detail in state.details if isinstance(detail, OfModel)]
    if row is None or not whose:
        return None
    return _by_name(Models.of(project), whose[0], row, single=True)


def _by_name(models: Models, class_: Value, row: rows.Row, *, single: bool) -> Value:
    """A mapping of the relations that were fetched with a row; those that may have been are
    unknown.
    """
    names = sorted({path.partition("__")[0] for path in row.loads} - {rows.ANYTHING, rows.FOLLOWED})
    relations = [(name, models.relation(class_, name)) for name in names]
    items = tuple(
        [
            (name, Unknown(f"relation '{name}'"))
            for name, relation in relations
            if relation is not None and relation.is_single is single
        ]
    )
    is_all = row.loads.isdisjoint((rows.ANYTHING, rows.FOLLOWED))
    rest = RECURSIVE if is_all else Unknown("what else was fetched along")
    # The empty name tells it apart from a mapping that is filled elsewhere.
    return MappingValue(rest, (("", rest), *items))


# What is computed under the name of a property goes to its setter; Django refuses it without one.
_KEEPING = ("property", "cached_property", "classmethod")


def _is_kept(project: Project, instance: Instance, row: rows.Row, name: str) -> bool:
    """Whether an annotation stands where a cached property would keep its result, or under the name
    of a method, and is read in its place.
    """
    class_ = instance.class_
    if name not in row.annotated or not isinstance(class_, ClassValue):
        return False
    bound = project.members.find_in_class(class_, name)
    return isinstance(bound, FunctionValue) or (
        isinstance(bound, Wrapped) and bound.how in _KEEPING
    )


def _prefetched(models: Models, instance: Instance, lookup: rows.Prefetched) -> Value:
    """One object of the list that ``Prefetch(…, to_attr=…)`` leaves."""
    relation = models.relation(_class_of(instance), lookup.path)
    inverse = relation.inverse if relation is not None else ""
    known = frozenset({inverse}) if inverse else rows.NO_PATHS
    if lookup.element is not None:
        return rows.loaded(lookup.element, known)
    if relation is None or relation.target is None:
        return Unknown("row of a model that is not known")
    origin = behind(origin_of(instance), Hop(relation.name, joins=False), is_many=True)
    return rows.objects(relation.target, (rows.Row(lookup.nested | known), origin))


def _related(models: Models, relation: Relation, instance: Instance) -> Value:
    name = relation.name
    if relation.target is None:
        return Unknown(f"relation '{name}' leads to a model that is not known")
    way_back = models.way_back(relation, _class_of(instance))
    row = rows.row_of(instance)
    known = _known(way_back, name, row)
    hop = Hop(name, joins=models.can_join(relation))
    own = origin_of(instance)
    origin = behind(own, hop, is_many=not relation.is_single)
    if relation.is_single:
        if row is not None and name in row.present and own is not None and own.hops:
            # This is the very object from which the row was reached.
            origin = replace(own, hops=own.hops[:-1])
        if row is None or (name in row.shared and origin is not None):
            # What is read of one object for all rows is read once.
            return rows.objects(relation.target)
        # What was not fetched along is fetched by the reading, alone.
        loads = rows.below(row.loads, name) | known
        if _is_followed(row, relation):
            loads |= {rows.FOLLOWED}
        is_joined = rows.loads(row.loads, name)
        found = rows.Row(
            loads,
            row.columns.below(name) if is_joined else rows.EVERY_COLUMN,
            attributes=rows.attributes_below(row.attributes, name),
            has_peers=row.has_peers,
            annotated=rows.below(row.annotated, name),
            shared=_shared(way_back, name, row),
            present=frozenset({way_back}) if way_back else rows.NO_PATHS,
        )
        return rows.objects(relation.target, (found,) if origin is None else (found, origin))
    if row is None:
        # Whoever fetched the object may have fetched these, too.
        query = rows.Query(prefetched=rows.ALL_PATHS, known=known, fetched=True)
    elif rows.loads(row.loads, name):
        named = rows.loads(row.loads - rows.ALL_PATHS, name)
        below = rows.below(row.loads, name)
        query = rows.Query(
            prefetched=below,
            known=known,
            fetched=True,
            surely=named,
            attributes=rows.attributes_below(row.attributes, name),
            annotated=rows.below(row.annotated, name),
            is_ordered=name in row.ordered or models.is_ordered(relation.target),
        )
    else:
        query = rows.Query(known=known, has_peers=row.has_peers)
    manager = models.managers.related(relation.target, query)
    return with_origin(manager, origin)


def _known(way_back: str, name: str, row: rows.Row | None) -> rows.Paths:
    """What an object knows of the one that it was reached from by a relation of this name: that
    one, with all it has. Ways there and back again say nothing more, and would have no end.
    """
    if not way_back:
        return rows.NO_PATHS
    loads = row.loads - {rows.FOLLOWED} if row is not None else rows.NO_PATHS
    further = [path for path in loads if {way_back, name}.isdisjoint(path.split("__"))]
    return frozenset({way_back, *(f"{way_back}__{path}" for path in further)})


def _shared(way_back: str, name: str, row: rows.Row) -> rows.Paths:
    """Of what is the same for all rows what the object behind a relation leads to by going back."""
    back = {f"{way_back}__{path}" for path in row.shared if path != name} if way_back else set()
    return frozenset(rows.below(row.shared, name) | back)


def _is_followed(row: rows.Row, relation: Relation) -> bool:
    """Whether ``select_related()`` without a name has fetched the object behind a relation."""
    return rows.FOLLOWED in row.loads and relation.kind == "one" and not relation.is_optional


def reading(project: Project, instance: Instance, name: str) -> tuple[Alternative, ...] | None:
    """What runs when an attribute of a model instance is read; None if nothing is known to."""
    row = rows.row_of(instance)
    if row is None:
        return None
    models = Models.of(project)
    class_ = _class_of(instance)
    if name == "__repr__":
        # Model.__repr__ in django/db/models/base.py shows the text of the object.
        return project.protocols.special(instance, ("__str__",))
    if name == "__str__" and isinstance(class_, External) and class_.name in SHOWN_BY:
        return reading(project, instance, SHOWN_BY[class_.name])
    relation = models.relation(class_, name)
    if relation is None and name in row.loads:
        # It was assigned: no property is asked.
        return ()
    if _is_kept(project, instance, row, name):
        return ()
    descriptor = None
    if relation is not None:
        if (
            relation.is_single
            and not rows.loads(row.loads, name)
            and not _is_followed(row, relation)
        ):
            descriptor = DESCRIPTORS[relation.kind]
    elif row.columns != rows.EVERY_COLUMN and isinstance(class_, ClassValue):
        field = models.field(class_, name)
        if (
            isinstance(field, Field)
            and not field.is_primary_key
            and f"{name}__{rows.ANYTHING}" not in row.loads
            and row.columns.lacks(name, *([field.relation] if field.relation else ()))
        ):
            descriptor = DEFERRED
    if descriptor is None:
        return None
    return ((RunExternal(descriptor, Arguments((Constant(name),)), instance),),)


def holds_value(project: Project, instance: Instance, name: str) -> bool:
    """Whether an attribute of a row is a column with more to say than yes or no."""
    class_ = instance.class_
    if rows.row_of(instance) is None or not isinstance(class_, ClassValue):
        return False
    field = Models.of(project).field(class_, name)
    if not isinstance(field, Field) or field.is_primary_key or field.relation:
        return False
    return _COLUMNS.get(field.type.rpartition(".")[2]) != "builtins.bool"


def truth(instance: Instance, names: tuple[str, ...]) -> bool | None:
    """Whether an attribute of an object is true: a row of a query has a key, and is not new; an
    object that was reached by a relation has the one from which it was reached.
    """
    row = rows.row_of(instance)
    if row is not None and len(names) == 1 and names[0] in row.present:
        return True
    if row is None or rows.loads(row.loads, names[0]):
        return None
    return _OF_ROWS.get(names)


def may_have(instance: Instance, name: str) -> bool:
    """Whether a row has an annotation, or what was assigned, or may have it: what is fetched by a
    query that is not known may have anything.
    """
    row = rows.row_of(instance)
    if row is None:
        return False
    is_left = any(lookup.to_attr == name for lookup in row.attributes)
    if name == _PREFETCHED and not row.loads <= {rows.FOLLOWED}:
        return True
    return is_left or name in row.annotated or rows.loads(row.loads, name)


def assigned(instance: Instance, names: frozenset[str]) -> Instance | None:
    """A row after attributes were assigned: they are there, and all beyond them may be."""
    row = rows.row_of(instance)
    if row is None or all(rows.loads(row.loads, name) for name in names):
        return None
    paths = {path for name in names for path in (name, f"{name}__{rows.ANYTHING}")}
    loaded = replace(row, loads=row.loads | paths, present=row.present - names)
    details = tuple(loaded if detail is row else detail for detail in instance.details)
    return replace(instance, details=details)
