"""Attributes that hold what the constructor of their object was handed, and nothing else ever:
``self.url = url``, in ``__init__`` alone; and where objects were constructed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.values import (
    ClassValue,
    FunctionValue,
    Instance,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

CONSTRUCTOR = "__init__"
MOST_STORES = 40
_SETTING = "setattr"
_ENTERING = ("__enter__", "__aenter__")
# https://docs.python.org/3/library/contextlib.html#contextlib.AbstractContextManager
_ENTERED_AS_THEY_ARE = frozenset(
    {"contextlib.AbstractContextManager", "contextlib.AbstractAsyncContextManager"}
)


class Constructed:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[tuple[ClassValue, str], int] = {}

    def constructor(self, class_: ClassValue) -> Frame | None:
        """The frame of the ``__init__`` that makes objects of a class, if the project has it."""
        init = self._project.members.find_in_class(class_, CONSTRUCTOR)
        if not isinstance(init, FunctionValue):
            return None
        return self._project.frame_of_scope(init.module, init.scope)

    def origin(self, frame: Frame, term: int) -> int:
        """Where an object comes from that methods hand on that return it: ``make().opened()``,
        ``with make() as it``, ``await it.__aenter__()``.
        """
        terms = frame.module.facts.terms
        while True:
            term = t.unaliased(terms, term)
            entry = terms[term]
            if entry[0] == t.AWAIT:
                entry = terms[t.unaliased(terms, entry[1])]
            if entry[0] == t.ENTER:
                inner, method = entry[1], _ENTERING[bool(entry[2])]
            elif entry[0] == t.CALL and terms[entry[1]][0] == t.ATTR:
                inner, method = terms[entry[1]][1], terms[entry[1]][2]
            else:
                return term
            options = options_of(self._project.values.evaluate(frame, inner))
            if not all(self._returns_itself(option, method) for option in options):
                return term
            term = inner

    def _returns_itself(self, value: Value, name: str) -> bool:
        """Whether all that a method of an object returns is that object."""
        if not isinstance(value, Instance) or not isinstance(value.class_, ClassValue):
            return False
        method = self._project.members.find_in_class(value.class_, name)
        if method is None and name in _ENTERING:
            return not _ENTERED_AS_THEY_ARE.isdisjoint(
                self._project.classes.info(value.class_).externals
            )
        if not isinstance(method, FunctionValue):
            return False
        scope = method.module.facts.scopes[method.scope]
        return bool(scope.returns) and all(
            method.module.is_parameter(returned, method.scope, 0) for returned in scope.returns
        )

    def option(self, class_: ClassValue, name: str) -> int:
        """The parameter of the constructor that an attribute of a class's objects holds, by its
        position; -1 if it holds something else, or may.
        """
        key = (class_, name)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._find(class_, name)
        return known

    def _find(self, class_: ClassValue, name: str) -> int:
        stores = self._project.attribute_stores.get(name, [])
        constructor = self.constructor(class_) if 0 < len(stores) <= MOST_STORES else None
        if constructor is None or is_bound_by_classes(self._project, class_, name):
            return -1
        module, number = constructor.module, constructor.scope_number
        setting = [caller for caller, _ in self._project.call_sites.spelt(_SETTING)]
        if module in setting or class_.module in setting:
            return -1
        option = -1
        for place, store in stores:
            if place.is_test or is_attribute_of(self._project, class_, place, store) is False:
                continue
            entry = place.facts.terms[store]
            if (
                option >= 0
                or place is not module
                or place.scope_of(store) != number
                or entry[0] != t.STORE
                or entry[3] < 0
                or not place.is_parameter(entry[1], number, 0)
                or any(region.start <= store < region.end for region in place.regions_in(number))
            ):
                return -1
            held = place.facts.terms[t.unaliased(place.facts.terms, entry[3])]
            if held[0] != t.PARAM:
                return -1
            option = int(held[1])
        return option


def is_bound_by_classes(project: Project, class_: ClassValue, name: str) -> bool:
    """Whether the body of a class binds a name, or that of one above or below it."""
    classes = project.classes
    classes.link_subclasses()
    info = classes.info(class_)
    return any(
        name in owner.module.facts.scopes[owner.scope].bindings
        for owner in (*info.order, *info.subclasses)
        if isinstance(owner, ClassValue)
    )


def is_attribute_of(project: Project, class_: ClassValue, module: Module, term: int) -> bool | None:
    """Whether an attribute, read or assigned, is one of a class's objects, or of those of classes
    above or below it; None if that is not known.
    """
    number = module.scope_of(term)
    base = module.facts.terms[term][1]
    own = project.calls.class_of_method(module, number)
    if own is not None and module.is_parameter(base, number, 0):
        options: tuple[Value, ...] = (own,)
    else:
        frame = project.frame_of_scope(module, module.code_scope_of(term))
        options = options_of(project.values.evaluate(frame, base))
    classes = project.classes
    found: bool | None = False
    for option in options:
        owner = option.class_ if isinstance(option, Instance) else option
        if isinstance(owner, ClassValue):
            if class_ in classes.info(owner).order or owner in classes.info(class_).order:
                return True
        elif not isinstance(owner, str):
            found = None
    return found
