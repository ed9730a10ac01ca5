"""Fields that methods of a serializer take out, and those of them that a call keeps all the same:
``__init__`` does so only where the call asks for it.

Source: rest_framework/serializers.py (``BaseSerializer.__init__``) and fields.py
(``Field.context``) of Django REST framework 3.18.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    RECURSIVE,
    Arguments,
    ClassValue,
    Constant,
    FunctionValue,
    Instance,
    MappingValue,
    Value,
)

if TYPE_CHECKING:
    from fwp_checks.facts.model import Region
    from fwp_checks.project.linked import Project

_INIT = "__init__"
_FIELDS = "fields"
_CONTEXT = "context"
_METHODS = (_INIT, "get_fields", "to_representation")
_CHOOSING = "get_field_names"
_NONE = Constant(None)
# What the library puts into the context itself.
_OF_VIEWS = ("request", "format", "view")


def names(
    project: Project, class_: ClassValue, methods: tuple[str, ...] = (*_METHODS, _CHOOSING)
) -> frozenset[str]:
    """Names of fields that methods of a serializer take out: ``self.fields.pop("…")``; those that
    its own ``get_field_names()`` speaks of may be.
    """
    found: set[str] = set()
    for name in methods:
        method = project.members.find_in_class(class_, name)
        if isinstance(method, FunctionValue):
            taken = _spoken_of(method) if name == _CHOOSING else _popped(method)
            found.update([name for name, _ in taken])
    return frozenset(found)


def kept(project: Project, class_: ClassValue, arguments: Arguments) -> frozenset[str]:
    """Those that ``__init__`` takes out where a keyword says so, or what the context has, if a call
    does not say that.
    """
    method = project.members.find_in_class(class_, _INIT)
    if not isinstance(method, FunctionValue) or not arguments.complete:
        return frozenset()
    asked: list[Terms] = []
    found: dict[str, bool] = {}
    for name, term in _popped(method):
        asked = asked or [Terms(project, method, Instance(class_), arguments)]
        found[name] = found.get(name, True) and asked[0].is_left(term)
    taken = names(project, class_, (*_METHODS[1:], _CHOOSING)) if found else ()
    return frozenset([name for name, is_left in found.items() if is_left and name not in taken])


def kept_by_view(project: Project, view: ClassValue, serializer: ClassValue) -> frozenset[str]:
    """Those that an action keeps which a view class inherits: it calls ``get_serializer()`` with
    nothing but what is shown.
    """
    if project.members.find_in_class(view, "get_serializer") is not None:
        return frozenset()
    return kept(project, serializer, with_context(project, Instance(view), NO_ARGUMENTS))


def with_context(project: Project, view: Instance, arguments: Arguments) -> Arguments:
    """What ``get_serializer()`` hands to a serializer: the context of the view, too, if that is the
    project's own.
    """
    own = (
        project.members.find_in_class(view.class_, "get_serializer_context")
        if isinstance(view.class_, ClassValue)
        else None
    )
    if own is None or arguments.get(-1, _CONTEXT) is not None:
        return arguments
    context = project.calls.invoke(project.members.bind(own, view), NO_ARGUMENTS).result
    return Arguments(
        arguments.positional,
        (*arguments.keywords, (_CONTEXT, context)),
        arguments.complete,
        arguments.terms,
        arguments.site,
    )


class Terms:
    """Says which terms of ``__init__`` a call may leave out."""

    def __init__(
        self, project: Project, method: FunctionValue, receiver: Instance, arguments: Arguments
    ) -> None:
        self._module = method.module
        self._number = method.scope
        self._terms = method.module.facts.terms
        bound = FunctionValue(method.frame, method.scope, receiver)
        self._handed = project.calls.handed(bound, arguments)
        self._frame = method.frame
        self._project = project
        given = dict(arguments.keywords).get(_CONTEXT, MappingValue(RECURSIVE))
        self._context = given if isinstance(given, MappingValue) else None

    def is_left(self, term: int) -> bool:
        """Whether a term does not run, or need not, as far as the arguments say."""
        may_be_left = False
        for region in self._module.regions_in(self._number):
            is_around = region.start <= term < region.end
            if not is_around and not self._is_behind(region, term):
                continue
            if region.kind not in ("if", "else"):
                return False
            holds = self._holds(region.term)
            if holds is None:
                return False
            # The term runs where the test holds, and behind a branch that leaves where it does not.
            wanted = (region.kind == "if") is is_around
            may_be_left = may_be_left or holds != (wanted,)
        return may_be_left

    def _is_behind(self, region: Region, term: int) -> bool:
        """Whether a term runs only where control has not left by a branch before."""
        if not region.leaves:
            return False
        first, last = self._module.rest_after(region, self._number)
        return first <= term < last

    def _holds(self, term: int) -> tuple[bool, ...] | None:
        """What a test may give; None if other things than the arguments decide it."""
        entry = self._terms[term]
        if entry[0] in (t.TRUTH, t.ALIAS, t.NARROW):
            return self._holds(entry[1])
        if entry[0] == t.UNARY and entry[1] == "not":
            holds = self._holds(entry[2])
            return tuple([not one for one in holds]) if holds is not None else None
        if entry[0] == t.BOOL:
            return self._of_all(entry[1] == "and", [self._holds(part) for part in entry[2]])
        if entry[0] == t.COMPARE and entry[1] in ("in", "not in"):
            has = self._has(entry[2], entry[3])
            return None if has is None else (has is (entry[1] == "in"),)
        if entry[0] == t.COMPARE and self._terms[entry[3]] == (t.CONST, None):
            value = self._value(entry[2])
            if not isinstance(value, Constant):
                return None
            return ((value.value is None) is (entry[1] in ("is", "==")),)
        value = self._value(term)
        if isinstance(value, Constant):
            return (bool(value.value),)
        return (True, False) if value is not None else None

    @staticmethod
    def _of_all(is_and: bool, parts: list[tuple[bool, ...] | None]) -> tuple[bool, ...] | None:
        """What several tests may give together, by ``and`` or by ``or``."""
        if any(part == (not is_and,) for part in parts):
            return (not is_and,)
        if any(part is None for part in parts):
            return None
        return (is_and,) if all(part == (is_and,) for part in parts) else (True, False)

    def _value(self, term: int) -> Value | None:
        """What the call gives for a term; None if that is not said by it."""
        term = t.unaliased(self._terms, term)
        entry = self._terms[term]
        if entry[0] == t.PARAM:
            return self._handed[entry[1]] if entry[1] < len(self._handed) else None
        if entry[0] != t.CALL or not entry[2] or self._terms[entry[1]][0] != t.ATTR:
            return None
        _, base, method = self._terms[entry[1]]
        has = self._has(entry[2][0], base) if method in ("get", "pop") else None
        if has is None:
            return None
        if has:
            mapping = self._mapping(base)
            return dict(mapping.items)[self._terms[entry[2][0]][1]] if mapping is not None else None
        if len(entry[2]) < 2:
            return _NONE
        value = self._project.values.evaluate(self._frame, entry[2][1])
        return value if isinstance(value, Constant) else None

    def _has(self, key: int, base: int) -> bool | None:
        """Whether the call gives something under a literal key."""
        mapping = self._mapping(base)
        entry = self._terms[key]
        if mapping is None or entry[0] != t.CONST:
            return None
        if any(known == entry[1] for known, _ in mapping.items):
            return True
        return False if mapping.value is RECURSIVE and entry[1] not in _OF_VIEWS else None

    def _mapping(self, term: int) -> MappingValue | None:
        """``**kwargs`` or the context, as the call gives it."""
        term = t.unaliased(self._terms, term)
        entry = self._terms[term]
        if entry[0] == t.PARAM:
            value = self._handed[entry[1]] if entry[1] < len(self._handed) else None
            return value if isinstance(value, MappingValue) else None
        if entry[0] == t.ATTR and entry[2] in (_CONTEXT, f"_{_CONTEXT}"):
            return self._context if self._module.is_parameter(entry[1], self._number, 0) else None
        return None


def _spoken_of(method: FunctionValue) -> Iterator[tuple[str, int]]:
    """The texts in a method, and where. (They stand where they were first met.)"""
    terms = method.module.facts.terms
    scope = method.module.facts.scopes[method.scope]
    for term in range(scope.start, scope.end):
        for text in t.reached(terms, term, t.CONST):
            if isinstance(terms[text][1], str):
                yield terms[text][1], term


def _popped(method: FunctionValue) -> Iterator[tuple[str, int]]:
    """Names that a method takes out of ``self.fields``, or out of what it makes the fields of, and
    where.
    """
    terms = method.module.facts.terms
    scope = method.module.facts.scopes[method.scope]
    for term in range(scope.start, scope.end):
        entry = terms[term]
        base = key = -1
        if entry[0] == t.CALL and terms[entry[1]][0] == t.ATTR and terms[entry[1]][2] == "pop":
            base, key = terms[entry[1]][1], entry[2][0] if entry[2] else -1
        elif entry[0] == t.STORE_ITEM and entry[3] < 0:
            base, key = entry[1], entry[2]
        if key < 0 or terms[key][0] != t.CONST or not isinstance(terms[key][1], str):
            continue
        is_of_fields = terms[base][0] == t.ATTR and terms[base][2] == _FIELDS
        if scope.name == "get_fields" or is_of_fields:
            yield terms[key][1], term
