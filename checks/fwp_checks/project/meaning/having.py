"""What ``hasattr`` answers, as far as what is known of an object by itself tells that."""

from __future__ import annotations

from io import BytesIO, StringIO
from typing import TYPE_CHECKING

from fwp_checks.project.meaning.values import (
    ClassValue,
    Constant,
    Instance,
    Iterable,
    MappingValue,
    TupleValue,
    Value,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# Objects of these are of no other class that a test asks for, but of abstract ones.
PLAIN: dict[str, type] = {
    f"builtins.{class_.__name__}": class_
    for class_ in (bool, bytearray, bytes, dict, float, int, list, str, tuple)
} | {"io.BytesIO": BytesIO, "io.StringIO": StringIO}
_CONTAINERS: dict[str, type] = {class_.__name__: class_ for class_ in (list, tuple, set, frozenset)}


def answer(project: Project, value: Value, name: str) -> bool | None:
    """Whether an object has an attribute; None where somebody may have set it, or not all is known
    of its class.
    """
    plain = _plain(value)
    if plain is not None:
        return hasattr(plain, name)
    if not isinstance(value, Instance):
        return None
    class_ = value.class_
    if isinstance(class_, ClassValue):
        owners = project.classes.info(class_).externals
        if project.members.find_in_class(class_, name) is not None:
            return True
    else:
        owners = (class_,)
    if any(project.catalogue.names_member(f"{owner}.{name}") for owner in owners):
        return True
    return project.frameworks.has_attribute(value, name)


def _plain(value: Value) -> type | None:
    """The class of the language that an object is of."""
    if isinstance(value, Constant):
        return type(value.value)
    if isinstance(value, TupleValue):
        return tuple
    if isinstance(value, MappingValue):
        return dict
    if isinstance(value, Iterable):
        return _CONTAINERS.get(value.kind)
    if isinstance(value, Instance) and isinstance(value.class_, str):
        return PLAIN.get(value.class_)
    return None
