"""Objects of data classes that are made with rows of queries: ``Line(post, place)`` has the row as
its ``post``, whatever the annotation says.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.meaning.origins import Held, is_traced
from fwp_checks.project.meaning.values import (
    Arguments,
    ClassValue,
    Detail,
    External,
    Instance,
    Value,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

DATA_CLASS = External("dataclasses.dataclass")


class DataClasses:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._fields: dict[ClassValue, tuple[tuple[str, bool], ...]] = {}

    def held(self, class_: ClassValue, arguments: Arguments) -> tuple[Detail, ...]:
        """What an object of a class that is called keeps of rows that it is handed."""
        found: list[tuple[str, Value]] = []
        for position, (name, may_be_row) in enumerate(self._fields_of(class_)):
            given = arguments.get(position, name) if may_be_row else None
            if given is not None and is_traced(given):
                found.append((name, given))
        return (Held(tuple(found)),) if found else ()

    def _fields_of(self, class_: ClassValue) -> tuple[tuple[str, bool], ...]:
        known = self._fields.get(class_)
        if known is None:
            known = self._fields[class_] = tuple(self._find(class_))
        return known

    def _find(self, class_: ClassValue) -> Iterator[tuple[str, bool]]:
        """The fields in order, and whether each may hold a row: none where more is to be known."""
        scope = class_.module.facts.scopes[class_.scope]
        around = self._project.classes.frame_around(class_)
        if scope.bases or not is_data_class(self._project, class_):
            return
        for name, annotation in scope.annotations.items():
            declared = self._project.types.annotation(around, annotation)
            is_plain = isinstance(declared, Instance) and isinstance(declared.class_, str)
            yield name, not is_plain


def is_data_class(project: Project, class_: ClassValue) -> bool:
    """Whether a class is one of data by its only decorator."""
    scope = class_.module.facts.scopes[class_.scope]
    if len(scope.decorators) != 1:
        return False
    around = project.classes.frame_around(class_)
    terms = class_.module.facts.terms
    decorator = terms[scope.decorators[0]]
    called = decorator[1] if decorator[0] == t.CALL else scope.decorators[0]
    return project.values.evaluate(around, called) == DATA_CLASS
