"""What methods of a model admin give in place of an option, from source: ``get_list_display()``,
``get_inlines()``, ``get_readonly_fields()``.

Source: django/contrib/admin/options.py of Django 6.1.3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.mappings import FILLS, roots_of
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.values import Arguments, ClassValue, FunctionValue, Instance, Value

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

_COPIES = frozenset({"list", "tuple"})
_MAX_STEPS = 30
# Methods that take items out of a list.
_TAKING = ("remove", "pop", "clear")

Columns = list[tuple[Value, Place]]


def method_of(option: str) -> str:
    """The method that is asked instead of an option."""
    return f"get_{option}"


class GivenColumns:
    """Reads what the method of one model admin gives: all that it may give to some request.

    ``named`` gives what the option of the class names.
    """

    def __init__(self, project: Project, option: str, named: Callable[[], Columns]) -> None:
        self._project = project
        self._option = option
        self._named = named
        self._steps = 0

    def of(self, method: Value) -> Columns | None:
        """The columns of a bound method; None if some of them are not known, or are taken out."""
        if not isinstance(method, FunctionValue):
            return self._named()
        arguments = Arguments((Instance("django.http.HttpRequest"),))
        frame = self._project.calls.frame_for(method, arguments)
        terms = frame.module.facts.terms
        inside = range(frame.scope.start, frame.scope.end)
        if any(terms[term][0] == t.ATTR and terms[term][2] in _TAKING for term in inside):
            return None
        return self._all(frame, frame.scope.returns)

    def _all(self, frame: Frame, terms: list[int] | tuple[int, ...]) -> Columns | None:
        found: dict[Value, Place] = {}
        for term in terms:
            columns = self._at(frame, term)
            if columns is None:
                return None
            for value, place in columns:
                found.setdefault(value, place)
        return list(found.items()) if found else None

    def _at(self, frame: Frame, term: int) -> Columns | None:
        """The columns in the list that a term stands for, and in what is put into it later."""
        self._steps += 1
        if self._steps > _MAX_STEPS:
            return None
        columns = self._written(frame, term)
        for fill in self._fills(frame, term) if columns is not None else ():
            more = self._filled(frame, fill)
            if columns is None or more is None:
                return None
            columns = [*columns, *more]
        return columns

    def _written(self, frame: Frame, term: int) -> Columns | None:
        entry = frame.module.facts.terms[term]
        if entry[0] == t.JOIN:
            return self._all(frame, [option for option in entry[1] if option < term])
        if entry[0] in (t.ALIAS, t.NARROW, t.DECLARED) and entry[1] >= 0:
            return self._at(frame, entry[1])
        if entry[0] == t.BINARY and entry[1] in ("+", "+="):
            left, right = self._at(frame, entry[2]), self._at(frame, entry[3])
            return None if left is None or right is None else [*left, *right]
        if entry[0] == t.SEQUENCE:
            return self._displayed(frame, entry[2])
        if entry[0] == t.CALL:
            return self._called(frame, entry)
        if entry[0] == t.ATTR and frame.module.is_parameter(entry[1], frame.scope_number, 0):
            if entry[2] == self._option:
                return self._named()
            bound = self._attribute(frame, entry[2])
            return self._at(*bound) if bound is not None else None
        items = literals.items(self._project, frame, term)
        if items is None:
            return None
        evaluate = self._project.values.evaluate
        return [
            (evaluate(item.frame, item.term), Place(item.frame.module.path, item.term))
            for item in items
        ]

    def _attribute(self, frame: Frame, name: str) -> tuple[Frame, int] | None:
        """Where the class of the model admin names an attribute."""
        admin = frame.arguments[0] if frame.arguments else None
        if not isinstance(admin, Instance) or not isinstance(admin.class_, ClassValue):
            return None
        return literals.attribute_term(self._project, admin.class_, name)

    def _displayed(self, frame: Frame, items: tuple[int, ...]) -> Columns | None:
        found: Columns = []
        for item in items:
            entry = frame.module.facts.terms[item]
            if entry[0] != t.STAR:
                value = self._project.values.evaluate(frame, item)
                found.append((value, Place(frame.module.path, item)))
                continue
            inner = self._at(frame, entry[1])
            if inner is None:
                return None
            found.extend(inner)
        return found

    def _called(self, frame: Frame, entry: t.Term) -> Columns | None:
        called = frame.module.facts.terms[entry[1]]
        if called[0] == t.NAME and called[1] in _COPIES and len(entry[2]) == 1:
            return self._at(frame, entry[2][0])
        if called[0] == t.ATTR and called[2] == method_of(self._option):
            return self.of(self._project.values.evaluate(frame, entry[1]))
        return None

    def _fills(self, frame: Frame, term: int) -> list[int]:
        """The calls that put something into the list that a term makes."""
        terms = frame.module.facts.terms
        return [
            call
            for call in frame.module.calls
            if frame.scope.start <= call < frame.scope.end
            and terms[terms[call][1]][0] == t.ATTR
            and terms[terms[call][1]][2] in FILLS
            and term in roots_of(terms, terms[terms[call][1]][1])
        ]

    def _filled(self, frame: Frame, call: int) -> Columns | None:
        entry = frame.module.facts.terms[call]
        index, is_each = FILLS[frame.module.facts.terms[entry[1]][2]]
        if len(entry[2]) <= index:
            return None
        if is_each:
            return self._at(frame, entry[2][index])
        return self._displayed(frame, (entry[2][index],))
