"""Mappings that begin empty and are filled item by item: ``BACKENDS = {}``, ``self.clients = {}``.

What they hold is what the project puts in under any key, also by a decorator on functions and
classes (``@register("name")``) or by a function or method that is handed it (``register("name",
Backend)``, ``self.add_service("files", self)``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.mappings import FILLS
from fwp_checks.project.meaning.single_calls import SingleCalls
from fwp_checks.project.meaning.values import (
    RECURSIVE,
    ClassValue,
    FunctionValue,
    Instance,
    Iterable,
    MappingValue,
    Unknown,
    Value,
    join,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_EMPTY = MappingValue(RECURSIVE)


class Registries:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._stores: dict[Module, list[int]] = {}
        self._puts: dict[Module, dict[str, list[int]]] = {}
        self._decorated: dict[str, list[tuple[Module, int, int]]] | None = None

    def filled(self, module: Module, name: str, value: Value) -> Value:
        """A module's global of this name, with what is put into it if it begins as ``{}``."""
        if value != _EMPTY:
            return value
        found: list[Value] = []
        bound = module.facts.scopes[0].bindings.get(name, -1)
        terms = module.facts.terms
        for term in self._stores_of(module):
            base = terms[term][1]
            if base == bound or terms[base] == (t.NAME, name):
                frame = self._project.frame_of_scope(module, module.code_scope_of(term))
                found.extend(self._stored(frame, terms[term][3]))
        return MappingValue(join(found)) if found else value

    def filled_attribute(self, class_: ClassValue, name: str, value: Value) -> Value:
        """An attribute of an object of a class, with what its methods put into it."""
        if value != _EMPTY:
            return value
        found: list[Value] = []
        for owner in self._project.classes.info(class_).order:
            if isinstance(owner, ClassValue):
                module = owner.module
                terms = module.facts.terms
                for term in self._stores_of(module):
                    base = terms[terms[term][1]]
                    if base[0] != t.ATTR or base[2] != name:
                        continue
                    scope_number = module.scope_of(term)
                    if module.facts.scopes[scope_number].parent == owner.scope:
                        if module.is_parameter(base[1], scope_number, 0):
                            frame = self._method_frame(owner, scope_number, class_)
                            found.extend(self._stored(frame, terms[term][3]))
        return MappingValue(join(found)) if found else value

    def filled_by_class(self, class_: ClassValue, name: str, value: Value) -> Value:
        """An attribute of a class itself, with what code of its module puts into it by way of the
        class or an object: ``self.__class__.services[name] = service``.
        """
        if value != _EMPTY:
            return value
        order = self._project.classes.info(class_).order
        found: list[Value] = []
        for module in {owner.module: None for owner in order if isinstance(owner, ClassValue)}:
            terms = module.facts.terms
            for term in self._stores_of(module):
                base = terms[terms[term][1]]
                if base[0] != t.ATTR or base[2] != name:
                    continue
                frame = self._project.frame_of_scope(module, module.code_scope_of(term))
                holder = self._project.values.evaluate(frame, base[1])
                owner = holder.class_ if isinstance(holder, Instance) else holder
                if isinstance(owner, ClassValue) and owner in order:
                    found.extend(self._stored(frame, terms[term][3]))
        return MappingValue(join(found)) if found else value

    def filled_list(self, class_: ClassValue, name: str, value: Iterable) -> Iterable:
        """A list or set that a class has, with what code of its module puts into it by way of the
        class: ``cls.routes.append(view)``.
        """
        if not (isinstance(value.element, Unknown) and value.element.replaceable):
            return value
        order = self._project.classes.info(class_).order
        found: list[Value] = []
        for module in {owner.module: None for owner in order if isinstance(owner, ClassValue)}:
            terms = module.facts.terms
            for term in self._puts_in(module).get(name, ()):
                frame = self._project.frame_of_scope(module, module.code_scope_of(term))
                owner = self._project.values.evaluate(frame, terms[terms[terms[term][1]][1]][1])
                if isinstance(owner, ClassValue) and owner in order:
                    found.append(self._project.lists.put_in(frame, term))
        return Iterable(join(found), value.kind) if found else value

    def _puts_in(self, module: Module) -> dict[str, list[int]]:
        """The calls that put something into a list that is an attribute, by the name of that."""
        known = self._puts.get(module)
        if known is None:
            known = self._puts[module] = {}
            terms = module.facts.terms
            for term in module.calls:
                method = terms[terms[term][1]]
                fill = FILLS.get(method[2]) if method[0] == t.ATTR else None
                if fill is None or terms[method[1]][0] != t.ATTR:
                    continue
                given = terms[term][2]
                if len(given) > fill[0] and terms[given[fill[0]]][0] != t.STAR:
                    known.setdefault(terms[method[1]][2], []).append(term)
        return known

    def _method_frame(self, owner: ClassValue, method: int, class_: ClassValue) -> Frame:
        project = self._project
        parameters = owner.module.facts.scopes[method].parameters
        arguments = (Instance(class_), *[None] * (len(parameters) - 1))
        parent = project.classes.frame_around(owner)
        return project.frames.get(owner.module, method, parent, arguments)

    def _stores_of(self, module: Module) -> list[int]:
        """The terms of a module that put an item into something."""
        known = self._stores.get(module)
        if known is None:
            known = self._stores[module] = [
                term
                for term, entry in enumerate(module.facts.terms)
                if entry[0] == t.STORE_ITEM and entry[3] >= 0
            ]
        return known

    def _stored(self, frame: Frame, term: int) -> Iterator[Value]:
        value = self._project.values.evaluate(frame, term)
        found: list[Value] = []
        if isinstance(value, Unknown):
            parameter = self._parameter(frame, term)
            if parameter == 0:
                found.extend(self._decorated_by(frame))
            if parameter >= 0 and not found:
                found.extend(self._handed_over(frame, term))
        yield from found or [value]

    def _handed_over(self, frame: Frame, term: int) -> Iterator[Value]:
        """What a parameter is in the calls of its function."""
        single_calls = SingleCalls(self._project)
        for single in single_calls.of(frame.module, frame.scope_number):
            yield self._project.values.evaluate(single.frame, term)

    @staticmethod
    def _parameter(frame: Frame, term: int) -> int:
        """Which parameter of the function a term is; -1 if none."""
        terms = frame.module.facts.terms
        while terms[term][0] in (t.NARROW, t.ALIAS):
            term = terms[term][1]
        return int(terms[term][1]) if terms[term][0] == t.PARAM else -1

    def _decorated_by(self, frame: Frame) -> Iterator[Value]:
        """What stands under a function as a decorator, or under the function that makes it."""
        outer = frame.parent
        made = outer if outer is not None and outer.scope.is_function else frame
        for module, number, decorator in self._decorators.get(made.name, ()):
            around = self._project.frame_of_scope(module, module.code_scope_of(decorator))
            entry = module.facts.terms[decorator]
            if (entry[0] == t.CALL) is (made is frame):
                continue
            called = entry[1] if entry[0] == t.CALL else decorator
            for option in options_of(self._project.values.evaluate(around, called)):
                if (
                    isinstance(option, FunctionValue)
                    and option.module is made.module
                    and option.scope == made.scope_number
                ):
                    is_class = module.facts.scopes[number].kind == "class"
                    yield (
                        ClassValue(module, number) if is_class else FunctionValue(around, number)
                    )

    @property
    def _decorators(self) -> dict[str, list[tuple[Module, int, int]]]:
        """Decorators of functions and classes by their last name: module, scope, term."""
        if self._decorated is None:
            self._decorated = {}
            for module in self._project.table.modules:
                terms = module.facts.terms
                for number, scope in enumerate(module.facts.scopes):
                    for term in scope.decorators:
                        called = terms[terms[term][1]] if terms[term][0] == t.CALL else terms[term]
                        name = _last_name(module, called)
                        self._decorated.setdefault(name, []).append((module, number, term))
        return self._decorated


def _last_name(module: Module, called: t.Term) -> str:
    if called[0] in (t.ATTR, t.IMPORT):
        return str(called[2] or "")
    if called[0] == t.DEFINITION:
        return module.facts.scopes[called[1]].name
    return str(called[1]) if called[0] == t.NAME else ""
