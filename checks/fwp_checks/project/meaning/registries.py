"""Mappings and lists that begin empty and are filled item by item: ``BACKENDS = {}``,
``self.clients = {}``, ``self.handlers = []``.

What they hold is what the project puts in under any key, also by a decorator on functions and
classes (``@register("name")``) or by a function or method that is handed it (``register("name",
Backend)``, ``self.add_service("files", self)``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, TypeGuard

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.mappings import FILLS
from fwp_checks.project.meaning.single_calls import SingleCalls
from fwp_checks.project.meaning.values import (
    RECURSIVE,
    CallableValue,
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
        """A module's global of this name, with what is put into it if it begins as ``{}``, and what
        that is declared to hold says nothing.
        """
        if not isinstance(value, MappingValue) or not _may_say_nothing(value):
            return value
        found: list[Value] = []
        bound = module.facts.scopes[0].bindings.get(name, -1)
        terms = module.facts.terms
        for term in self._stores_of(module):
            base = t.unaliased(terms, terms[term][1])
            if base == bound or terms[base] == (t.NAME, name):
                frame = self._project.frame_of_scope(module, module.code_scope_of(term))
                found.extend(self._stored(frame, terms[term][3]))
        held = join(found) if found else RECURSIVE
        return (
            value if not found or (value != _EMPTY and _says_nothing(held)) else MappingValue(held)
        )

    def filled_attribute(self, class_: ClassValue, name: str, value: Value) -> Value:
        """An attribute of an object of a class, with what its methods, and code of its module, put
        into it.
        """
        is_open = _may_say_nothing(value)
        begun = None
        if is_open or self._is_declared_by_base(class_, name, value):
            begun = self._begun(class_, name, value)
        if begun is None:
            return value
        found: list[Value] = []
        order = self._project.classes.info(class_).order
        for module in {owner.module: None for owner in order if isinstance(owner, ClassValue)}:
            terms = module.facts.terms
            for term in self._stores_of(module) if isinstance(begun, MappingValue) else ():
                base = terms[terms[term][1]]
                if base[0] == t.ATTR and base[2] == name:
                    frame = self._frame_of_holder(module, term, base[1], class_)
                    if frame is not None:
                        found.extend(self._stored(frame, terms[term][3]))
            for term in self._puts_in(module).get(name, ()):
                filled = terms[terms[terms[term][1]][1]]
                is_inner = filled[0] != t.ATTR
                if is_inner is not isinstance(begun, MappingValue):
                    continue
                frame = self._frame_of_holder(module, term, _list_of(terms, term), class_)
                if frame is not None:
                    put = join(list(self._put(frame, term)))
                    found.append(Iterable(put, "list") if is_inner else put)
        if not is_open:
            return self._with_others(value, found)
        if not found:
            return value
        if isinstance(begun, MappingValue):
            return MappingValue(join(found))
        return Iterable(join(found), begun.kind)

    @staticmethod
    def _is_declared_by_base(class_: ClassValue, name: str, value: Value) -> bool:
        """Whether an attribute holds objects of the project's, as a base of a class declares, which
        knows nothing of what a class derived from it puts in.
        """
        methods = class_.module.methods_writing.get(class_.scope, {})
        return bool(_objects_in(value)) and name not in methods

    def _with_others(self, value: Value, found: list[Value]) -> Value:
        """A container of what its annotation says, and of objects of other classes put into it."""
        declared = {held.class_ for held in _objects_in(value)}
        others = [
            option
            for option in options_of(join(found))
            if type(option) is Instance
            and isinstance(option.class_, ClassValue)
            and declared.isdisjoint(self._project.classes.info(option.class_).order)
        ]
        if isinstance(value, MappingValue):
            return MappingValue(join([value.value, *others]), value.items) if others else value
        if isinstance(value, Iterable):
            return replace(value, element=join([value.element, *others])) if others else value
        return value

    def _begun(self, class_: ClassValue, name: str, value: Value) -> MappingValue | Iterable | None:
        """The empty container that an attribute begins as, whatever is written beside it."""
        if _is_empty(value):
            return value
        found: MappingValue | Iterable | None = None
        for owner in self._project.classes.info(class_).order:
            if not isinstance(owner, ClassValue):
                continue
            terms = owner.module.facts.terms
            for method, store in owner.module.methods_writing.get(owner.scope, {}).get(name, ()):
                term = terms[store][3]
                entry = terms[term]
                if entry[0] != t.DECLARED or entry[1] < 0 or found is not None:
                    return None
                begun = self._project.values.evaluate(
                    self._method_frame(owner, method, class_), entry[1]
                )
                if not _is_empty(begun):
                    return None
                found = begun
        return found

    def _frame_of_holder(
        self, module: Module, term: int, base: int, class_: ClassValue
    ) -> Frame | None:
        """The frame in which a term has to do with an object of a class; None if it has not."""
        order = self._project.classes.info(class_).order
        number = module.scope_of(term)
        owner = ClassValue(module, module.facts.scopes[number].parent)
        if owner in order and module.is_parameter(base, number, 0):
            return self._method_frame(owner, number, class_)
        frame = self._project.frame_of_scope(module, module.code_scope_of(term))
        holder = self._project.values.evaluate(frame, base)
        return frame if type(holder) is Instance and holder.class_ in order else None

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
                if terms[terms[terms[term][1]][1]][0] != t.ATTR:
                    continue
                frame = self._project.frame_of_scope(module, module.code_scope_of(term))
                owner = self._project.values.evaluate(frame, terms[terms[terms[term][1]][1]][1])
                if isinstance(owner, ClassValue) and owner in order:
                    found.append(self._project.lists.put_in(frame, term))
        return Iterable(join(found), value.kind) if found else value

    def _puts_in(self, module: Module) -> dict[str, list[int]]:
        """The calls that put something into a list that is an attribute, or is in a mapping that is
        one, by the name of that.
        """
        known = self._puts.get(module)
        if known is None:
            known = self._puts[module] = {}
            terms = module.facts.terms
            for term in self._project.call_sites.spelt_in(module, FILLS):
                method = terms[terms[term][1]]
                base = _attribute_filled(terms, method[1]) if method[0] == t.ATTR else -1
                given = terms[term][2]
                position = FILLS[method[2]][0] if base >= 0 else len(given)
                if position < len(given) and terms[given[position]][0] != t.STAR:
                    known.setdefault(terms[base][2], []).append(term)
        return known

    def _put(self, frame: Frame, term: int) -> Iterator[Value]:
        """What a call puts into a list, as callers and decorated functions tell."""
        call = frame.module.facts.terms[term]
        index, is_each = FILLS[frame.module.facts.terms[call[1]][2]]
        value = self._project.lists.put_in(frame, term)
        if isinstance(value, (Unknown, CallableValue)) and not is_each:
            yield from self._stored(frame, call[2][index])
        else:
            yield value

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
        if isinstance(value, (Unknown, CallableValue)):
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


def _is_empty(value: Value) -> TypeGuard[MappingValue | Iterable]:
    """Whether a value is a container that is made with nothing in it."""
    if isinstance(value, Iterable):
        return isinstance(value.element, Unknown) and value.element.replaceable
    return value == _EMPTY


def _may_say_nothing(value: Value) -> bool:
    """Whether a container is empty, or declared to hold something that says nothing of itself."""
    if isinstance(value, MappingValue) and not value.items:
        return value.value is RECURSIVE or _says_nothing(value.value)
    return isinstance(value, Iterable) and _says_nothing(value.element)


def _objects_in(value: Value) -> list[Instance]:
    """The objects of the project's classes that a container holds, if it is one."""
    held: Value | None = None
    if isinstance(value, MappingValue):
        held = value.value if not value.items else None
    elif isinstance(value, Iterable):
        held = value.element
    return (
        [
            option
            for option in options_of(held)
            if type(option) is Instance and isinstance(option.class_, ClassValue)
        ]
        if held is not None
        else []
    )


def _says_nothing(held: Value) -> bool:
    if isinstance(held, (Iterable, MappingValue)):
        return _may_say_nothing(held)
    return all(isinstance(option, (Unknown, CallableValue)) for option in options_of(held))


def _attribute_filled(terms: list[t.Term], term: int) -> int:
    """The attribute that a list is, or that holds it by a key; -1 if none."""
    entry = terms[term]
    if entry[0] == t.ITEM:
        term = entry[1]
    elif entry[0] == t.CALL and terms[entry[1]][0] == t.ATTR:
        term = terms[entry[1]][1] if terms[entry[1]][2] == "setdefault" else -1
    return term if term >= 0 and terms[term][0] == t.ATTR else -1


def _list_of(terms: list[t.Term], call: int) -> int:
    """The object whose attribute a call puts something into."""
    base: int = terms[_attribute_filled(terms, terms[terms[call][1]][1])][1]
    return base


def _last_name(module: Module, called: t.Term) -> str:
    if called[0] in (t.ATTR, t.IMPORT):
        return str(called[2] or "")
    if called[0] == t.DEFINITION:
        return module.facts.scopes[called[1]].name
    return str(called[1]) if called[0] == t.NAME else ""
