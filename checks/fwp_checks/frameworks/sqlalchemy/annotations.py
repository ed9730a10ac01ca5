"""What the annotation of a relation says: ``Mapped[list["Comment"]]``, ``Mapped["Post | None"]``.

Source: https://docs.sqlalchemy.org/en/20/orm/basic_relationships.html and
https://docs.sqlalchemy.org/en/20/orm/large_collections.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.sqlalchemy.rows import DYNAMIC, WRITE_ONLY
from fwp_checks.project.meaning.values import ClassValue

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

_COLLECTIONS = frozenset(
    {
        *("list", "List", "set", "Set", "dict", "Dict", "tuple", "Tuple", "Sequence"),
        *("Collection", "Iterable", "MutableSequence", "MutableSet", "AbstractSet"),
    }
)
_LAZY = {"WriteOnlyMapped": WRITE_ONLY, "DynamicMapped": DYNAMIC}


@dataclass(slots=True, unsafe_hash=True)
class Annotated:
    """What an annotation says of a relation; ``lazy`` is empty where it says nothing of that."""

    target: ClassValue | None = None
    is_many: bool | None = None
    lazy: str = ""


_NOTHING = Annotated()


class Annotations:
    """Reads the annotations of class bodies. ``named`` finds a mapped class by its name."""

    def __init__(
        self, project: Project, named: Callable[[ClassValue, str], ClassValue | None]
    ) -> None:
        self._project = project
        self._named = named

    def of(self, class_: ClassValue, name: str) -> Annotated:
        """What a class says about the attribute of this name."""
        term = class_.module.facts.scopes[class_.scope].annotations.get(name, -1)
        if term < 0:
            return _NOTHING
        return self._read(class_, self._project.classes.frame_around(class_), term)

    def _read(self, owner: ClassValue, frame: Frame, term: int) -> Annotated:
        terms = frame.module.facts.terms
        entry = terms[term]
        if entry[0] == t.ITEM:
            container = self._spelt(frame, entry[1])
            arguments = terms[entry[2]]
            inner = arguments[2] if arguments[0] == t.SEQUENCE else (entry[2],)
            if not inner:
                return _NOTHING
            of_several = container in ("dict", "Dict")
            if container == "Union":
                return self._first(owner, frame, tuple(inner))
            read = self._read(owner, frame, inner[-1] if of_several else inner[0])
            if container in _COLLECTIONS:
                return replace(read, is_many=True)
            lazy = _LAZY.get(container, "")
            return replace(read, is_many=True, lazy=lazy) if lazy else read
        if entry[0] == t.BINARY:
            return self._first(owner, frame, (entry[2], entry[3]))
        return Annotated(self._class(owner, frame, term), False)

    def _first(self, owner: ClassValue, frame: Frame, terms: tuple[int, ...]) -> Annotated:
        for term in terms:
            if frame.module.facts.terms[term] != (t.CONST, None):
                return self._read(owner, frame, term)
        return _NOTHING

    def _class(self, owner: ClassValue, frame: Frame, term: int) -> ClassValue | None:
        value = self._project.values.evaluate(frame, term)
        if isinstance(value, ClassValue):
            return value
        name = self._spelt(frame, term)
        return self._named(owner, name) if name else None

    @staticmethod
    def _spelt(frame: Frame, term: int) -> str:
        """The last name that an annotation is spelt with."""
        terms = frame.module.facts.terms
        while terms[term][0] in (t.NARROW, t.ALIAS):
            term = terms[term][1]
        entry = terms[term]
        if entry[0] == t.NAME:
            bound = frame.module.facts.scopes[0].bindings.get(entry[1], -1)
            if bound >= 0 and terms[bound][0] == t.IMPORT and terms[bound][2]:
                return str(terms[bound][2])
            return str(entry[1])
        if entry[0] in (t.ATTR, t.IMPORT):
            return str(entry[2] or "")
        if entry[0] == t.DEFINITION:
            return frame.module.facts.scopes[entry[1]].name
        return str(entry[1]) if entry[0] == t.CONST and isinstance(entry[1], str) else ""
