"""Object types of a GraphQL schema, whatever library declares them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fwp_checks.frameworks.django.models import Models, Relation
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.values import (
    Arguments,
    ClassValue,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

INFO = "graphene.ResolveInfo"
_PLAIN = (
    *("graphene.", "graphene_django.", "strawberry.", "strawberry_django."),
    *("builtins.", "abc.", "typing."),
)


@dataclass(slots=True, unsafe_hash=True)
class GraphField:
    """One field of an object type.

    ``owner`` is the class that declares it. ``type`` is the object type that it gives, ``is_list``
    many of them. ``resolver`` is the project's function that resolves it; where there is none,
    ``source`` is the attribute that is read. ``by_manager``: what a resolver gives, else the
    default manager of a model, goes through the ``get_queryset`` of its type. ``is_made``:
    graphene-django made it from a relation of the model. ``is_own``: a field class of the project's
    decides what it gives.
    """

    owner: ClassValue
    name: str
    place: Place
    type: ClassValue | None = None
    is_list: bool = False
    resolver: Value | None = None
    source: str = ""
    by_manager: bool = False
    is_made: bool = False
    is_own: bool = False

    @property
    def label(self) -> str:
        """``Query.books``."""
        return f"{self.owner.name}.{self.name}"


class ObjectTypes:
    """Reads the object types of one library; one for each project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._models = Models.of(project)
        self._own: dict[ClassValue, tuple[GraphField, ...]] = {}
        self.listed: set[ClassValue] | None = None

    @property
    def asks_by_key(self) -> bool:
        """Whether a single relation goes through the ``get_queryset`` of the type behind it."""
        return False

    def all(self) -> Iterator[ClassValue]:
        """Every object type, and the classes that one is put together from."""
        raise NotImplementedError

    def model(self, class_: ClassValue) -> Value | None:
        """The model of Django that a type is made from, the project's or a library's."""
        raise NotImplementedError

    def of_model(self, model: Value | None) -> list[ClassValue]:
        """The types that are made from a model."""
        raise NotImplementedError

    def arguments(self, resolver: Value, root: Value) -> Arguments:
        """What a resolver is called with for an object."""
        raise NotImplementedError

    def frame(self, resolver: Value, root: Value) -> Frame | None:
        """The frame in which a resolver runs for an object, where arguments cannot say it."""
        return None

    def _find(self, class_: ClassValue) -> Iterator[GraphField]:
        """The fields that a class itself declares, or is given because of its model."""
        raise NotImplementedError

    def own(self, class_: ClassValue) -> tuple[GraphField, ...]:
        """The fields that a class itself declares, or is given because of its model."""
        known = self._own.get(class_)
        if known is None:
            self._own[class_] = ()
            known = self._own[class_] = tuple(self._find(class_))
        return known

    def fields(self, class_: ClassValue) -> Iterator[GraphField]:
        """The fields of a type, inherited ones too."""
        seen: set[str] = set()
        for owner in self._project.classes.info(class_).order:
            for field in self.own(owner) if isinstance(owner, ClassValue) else ():
                if field.name not in seen:
                    seen.add(field.name)
                    yield field

    def behind(self, relation: Relation) -> list[ClassValue]:
        """The types of what a relation leads to."""
        targets = options_of(relation.target) if relation.target is not None else ()
        return [found for option in targets for found in self.of_model(option)]

    def queryset_method(self, class_: ClassValue) -> Value | None:
        """The project's ``get_queryset`` of a type."""
        return self._project.members.find_in_class(class_, "get_queryset")

    def is_plain(self, class_: ClassValue) -> bool:
        """Whether all that a type derives from is the project's or the library's."""
        info = self._project.classes.info(class_)
        return not info.is_open and all(base.startswith(_PLAIN) for base in info.externals)
