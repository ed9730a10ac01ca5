"""Who calls a function, found from its name: places where it is spelt, if they mean it.

Where a question is about a few functions, this is cheaper than to evaluate all code for its calls.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module
from fwp_checks.project.lifetimes.model import Step
from fwp_checks.project.meaning.descriptors import PROPERTIES
from fwp_checks.project.meaning.frames import Frame, FunctionKey
from fwp_checks.project.meaning.values import (
    ClassValue,
    FunctionValue,
    Instance,
    Partial,
    SuperValue,
    Value,
    Wrapped,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# Methods that run when an object of their class is made, or used as its class is meant to be.
_OF_OBJECT = ("__init__", "__new__", "__post_init__", "__call__")
ENTERING = ("__enter__", "__aenter__")
_RUNNING = frozenset({"offloads", "calls", "enters_loop"})
# A name that is spelt in more places tells little, and costs much.
_MOST_PLACES = 200


class CallersByName:
    """Answers for one project; each function is looked up once."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[FunctionKey, list[Step]] = {}
        self._of_class: dict[tuple[str, int], list[Step]] = {}

    def of(self, module: Module, scope_number: int) -> list[Step]:
        """The places that call a function."""
        key = (module.path, scope_number)
        known = self._known.get(key)
        if known is None:
            self._known[key] = []
            known = self._known[key] = list(dict.fromkeys(self._find(module, scope_number)))
        return known

    def of_class(self, class_: ClassValue) -> list[Step]:
        """The places that make an object of a class, or of one derived from it."""
        key = (class_.module.path, class_.scope)
        known = self._of_class.get(key)
        if known is None:
            self._of_class[key] = []
            init = self._project.members.find_in_class(class_, "__init__")
            known = self._of_class[key] = list(dict.fromkeys(self._making(class_, init)))
        return known

    # -- functions ---------------------------------------------------------------------------------

    def _find(self, module: Module, scope_number: int) -> Iterator[Step]:
        scope = module.facts.scopes[scope_number]
        class_ = self._project.calls.class_of_method(module, scope_number)
        if scope.kind == "lambda":
            yield from self._around(module, scope_number)
            return
        if class_ is not None and scope.name in _OF_OBJECT:
            yield from self.of_class(class_)
        if class_ is not None and scope.name in ENTERING:
            yield from self._entered(class_, module, scope_number)
        if class_ is not None and self._is_read(module, scope_number):
            yield from self._readings(module, scope_number)
            return
        for caller, term in self._places(scope.name):
            yield from self._calling(caller, term, module, scope_number)
        for caller, term, argument in self._handing.get(scope.name, ()):
            frame = self._project.frame_of_scope(caller, caller.code_scope_of(term))
            if self._hands_on(frame, term) and self._means(
                self._project.values.evaluate(frame, argument), module, scope_number
            ):
                yield self._step(frame, term, (module.path, scope_number), None)
        if class_ is None and scope.parent > 0:
            yield from self._handed_around(module, scope_number)
        if class_ is None:
            yield from self._chosen(module, scope_number)

    def _places(self, name: str) -> list[tuple[Module, int]]:
        places = self._project.call_sites.spelt(name)
        return places if len(places) <= _MOST_PLACES else []

    def _calling(
        self, caller: Module, term: int, module: Module, scope_number: int
    ) -> Iterator[Step]:
        number = caller.code_scope_of(term)
        if not caller.is_served or (caller is module and number == scope_number):
            return
        frame = self._project.frame_of_scope(caller, number)
        entry = caller.facts.terms[term]
        value = self._project.values.evaluate(frame, entry[1])
        for option in options_of(value):
            if self._means(option, module, scope_number):
                bound = _is_bound(option)
                yield self._step(frame, term, (module.path, scope_number), 1 if bound else 0)
                return

    def _means(self, value: Value, module: Module, scope_number: int) -> bool:
        """Whether a value is a function, or one that a decorator of the project's put around it."""
        for option in options_of(value):
            while isinstance(option, (Partial, Wrapped)):
                option = option.function
            if not isinstance(option, FunctionValue):
                continue
            if option.module is module and option.scope == scope_number:
                return True
            if self._is_implemented(option, module, scope_number):
                return True
            if any(
                isinstance(held, FunctionValue)
                and held.module is module
                and held.scope == scope_number
                for held in option.frame.arguments
            ):
                return True
        return False

    def _is_implemented(self, method: FunctionValue, module: Module, scope_number: int) -> bool:
        """Whether a method only declares what this one does."""
        if not method.module.facts.scopes[method.scope].is_stub or method.receiver is None:
            return False
        return any(
            option.module is module and option.scope == scope_number
            for option in self._project.implementations.of(method) or ()
        )

    def _step(self, frame: Frame, term: int, function: FunctionKey, offset: int | None) -> Step:
        entry = frame.module.facts.terms[term]
        given = None
        if offset is not None and entry[0] == t.CALL:
            given = self._given(frame, entry, function, offset)
        return Step(frame, term, function, given)

    def _given(
        self, frame: Frame, entry: t.Term, function: FunctionKey, offset: int
    ) -> dict[int, int] | None:
        terms = frame.module.facts.terms
        if any(terms[argument][0] == t.STAR for argument in entry[2]) or any(
            name is None for name, _ in entry[3]
        ):
            return None
        callee = self._project.table.by_path[function[0]].facts.scopes[function[1]]
        given = {index + offset: argument for index, argument in enumerate(entry[2])}
        positions = {parameter.name: index for index, parameter in enumerate(callee.parameters)}
        given |= {positions[name]: term for name, term in entry[3] if name in positions}
        return given

    # -- objects -----------------------------------------------------------------------------------

    def _entered(self, class_: ClassValue, module: Module, scope_number: int) -> Iterator[Step]:
        """The blocks and stacks that enter an object of a class, or of one derived from it."""
        self._project.classes.link_subclasses()
        classes = (class_, *self._project.classes.info(class_).subclasses)
        for caller, term, entered in self._entering:
            frame = self._project.frame_of_scope(caller, caller.code_scope_of(term))
            value = self._project.values.evaluate(frame, entered)
            if any(isinstance(o, Instance) and o.class_ in classes for o in options_of(value)):
                yield self._step(frame, term, (module.path, scope_number), None)

    @cached_property
    def _entering(self) -> list[tuple[Module, int, int]]:
        """Where something is entered: module, the term that gives what is entered, that itself."""
        found = []
        for module in self._project.table.modules:
            if module.is_served:
                terms = module.facts.terms
                found += [(module, term, terms[term][1]) for term in module.of_kind(t.ENTER)]
        for name in ("enter_context", "enter_async_context"):
            for module, term in self._project.call_sites.spelt(name):
                if module.is_served and module.facts.terms[term][2]:
                    found.append((module, term, module.facts.terms[term][2][0]))
        return found

    def _making(self, class_: ClassValue, init: Value | None) -> Iterator[Step]:
        function = (class_.module.path, class_.scope)
        if isinstance(init, FunctionValue):
            function = (init.module.path, init.scope)
        for derived in (class_, *self._subclasses(class_)):
            for caller, term in self._places(derived.name):
                if not caller.is_served:
                    continue
                frame = self._project.frame_of_scope(caller, caller.code_scope_of(term))
                entry = caller.facts.terms[term]
                value = self._project.values.evaluate(frame, entry[1])
                if any(option == derived for option in options_of(value)):
                    yield self._step(frame, term, function, 1)
        if isinstance(init, FunctionValue):
            for caller, term in self._places("__init__"):
                yield from self._super_init(caller, term, init)

    def _subclasses(self, class_: ClassValue) -> Iterator[ClassValue]:
        """The derived classes that are made as this one is."""
        classes = self._project.classes
        classes.link_subclasses()
        for derived in classes.info(class_).subclasses:
            bound = derived.module.facts.scopes[derived.scope].bindings
            if "__init__" not in bound and "__new__" not in bound:
                yield derived

    def _super_init(self, caller: Module, term: int, init: FunctionValue) -> Iterator[Step]:
        number = caller.code_scope_of(term)
        frame = self._project.frame_of_scope(caller, number)
        entry = caller.facts.terms[term]
        called = caller.facts.terms[entry[1]]
        if called[0] != t.ATTR or caller.facts.scopes[number].name != "__init__":
            return
        base = self._project.values.evaluate(frame, called[1])
        if isinstance(base, SuperValue):
            value = self._project.values.evaluate(frame, entry[1])
            if self._means(value, init.module, init.scope):
                yield self._step(frame, term, (init.module.path, init.scope), 1)

    # -- what is read, and what is handed on -------------------------------------------------------

    def _is_read(self, module: Module, scope_number: int) -> bool:
        class_ = self._project.calls.class_of_method(module, scope_number)
        assert class_ is not None
        member = self._project.members.find_in_class(class_, module.facts.scopes[scope_number].name)
        return isinstance(member, Wrapped) and member.how in PROPERTIES

    def _readings(self, module: Module, scope_number: int) -> Iterator[Step]:
        name = module.facts.scopes[scope_number].name
        for caller, term in self._attributes.get(name, ())[:_MOST_PLACES]:
            frame = self._project.frame_of_scope(caller, caller.code_scope_of(term))
            base = self._project.values.evaluate(frame, caller.facts.terms[term][1])
            for getter in self._project.descriptors.getters(base, name):
                if self._means(getter, module, scope_number):
                    yield Step(frame, term, (module.path, scope_number), {})
                    break

    @cached_property
    def _attributes(self) -> dict[str, list[tuple[Module, int]]]:
        found: dict[str, list[tuple[Module, int]]] = {}
        for module in self._project.table.modules:
            if module.is_served:
                terms = module.facts.terms
                for term in module.of_kind(t.ATTR):
                    found.setdefault(terms[term][2], []).append((module, term))
        return found

    @cached_property
    def _handing(self) -> dict[str, list[tuple[Module, int, int]]]:
        """By the last name of a function that may be handed to a thread: module, call, argument."""
        found: dict[str, list[tuple[Module, int, int]]] = {}
        for member in sorted(self._project.catalogue.members_with_roles):
            for module, term in self._project.call_sites.spelt(member):
                if not module.is_served:
                    continue
                terms = module.facts.terms
                for argument in terms[term][2]:
                    last = _last_name(module, terms[argument])
                    if last:
                        found.setdefault(last, []).append((module, term, argument))
        return found

    def _hands_on(self, frame: Frame, call: int) -> bool:
        """Whether a call has another thread, or a loop, run what it is handed."""
        called = self._project.values.evaluate(frame, frame.module.facts.terms[call][1])
        name = getattr(called, "name", None)
        return isinstance(name, str) and any(
            role.role in _RUNNING for role in self._project.catalogue.roles(name)
        )

    def _chosen(self, module: Module, scope_number: int) -> Iterator[Step]:
        """Functions that choose it from a mapping: ``{"a": one, "b": two}[key]()``."""
        name = module.facts.scopes[scope_number].name
        for caller, term, held in self._written.get(name, ()):
            number = caller.code_scope_of(term)
            if number:
                frame = self._project.frame_of_scope(caller, number)
                if self._means(self._project.values.evaluate(frame, held), module, scope_number):
                    yield self._step(frame, term, (module.path, scope_number), None)

    @cached_property
    def _written(self) -> dict[str, list[tuple[Module, int, int]]]:
        """By the last name of what a mapping holds: module, mapping, item."""
        found: dict[str, list[tuple[Module, int, int]]] = {}
        for module in self._project.table.modules:
            terms = module.facts.terms
            for term in module.of_kind(t.MAPPING) if module.is_served else ():
                for _, held in terms[term][1]:
                    last = _last_name(module, terms[held])
                    if last:
                        found.setdefault(last, []).append((module, term, held))
        return found

    def _handed_around(self, module: Module, scope_number: int) -> Iterator[Step]:
        """Calls of the function around a nested one that are handed it."""
        outer = module.facts.scopes[scope_number].parent
        if not module.facts.scopes[outer].is_function:
            return
        terms = module.facts.terms
        for term in module.calls_in(outer):
            if any(terms[argument] == (t.DEFINITION, scope_number) for argument in terms[term][2]):
                frame = self._project.frame_of_scope(module, outer)
                yield self._step(frame, term, (module.path, scope_number), None)

    def _around(self, module: Module, scope_number: int) -> Iterator[Step]:
        """The function that a lambda stands in, which is taken to call it or to have it called."""
        outer = module.facts.scopes[scope_number].parent
        while outer > 0 and not module.facts.scopes[outer].is_function:
            outer = module.facts.scopes[outer].parent
        if outer > 0:
            yield from self._handed_around(module, scope_number)


def _is_bound(value: Value) -> bool:
    while isinstance(value, (Partial, Wrapped)):
        value = value.function
    return isinstance(value, FunctionValue) and isinstance(value.receiver, (Instance, ClassValue))


def _last_name(module: Module, entry: t.Term) -> str:
    kind = entry[0]
    if kind == t.ATTR:
        return str(entry[2])
    if kind == t.IMPORT:
        return str(entry[2] or "")
    if kind == t.NAME:
        return str(entry[1])
    if kind == t.DEFINITION:
        return module.facts.scopes[entry[1]].name
    return ""
