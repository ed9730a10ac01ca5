"""Methods that take a stub's place: overrides in subclasses, and what has the shape of a Protocol.
And stubs whose place nothing takes, which are no callee where there are others.

A class implements a Protocol without naming it, https://typing.python.org/en/latest/spec/protocol.html
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Parameter, Scope
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.values import (
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Value,
    is_informative,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# With more than these, the method called could be anything; coroutines are told apart by who runs
# them, which is the same for all.
_MOST = 8
MOST_COROUTINES = 64
# Functions and classes are called, too; and what every class has shapes nothing.
_SHAPED_BY_ANYTHING = frozenset({"__call__"})
_OF_EVERY_CLASS = frozenset({"__init__", "__slots__", "__doc__", "__module__", "__hash__"})
# https://docs.python.org/3/library/abc.html#abc.abstractmethod
_ABSTRACT = "abc.abstractmethod"
_SUPER: t.Term = (t.NAME, "super")


class Implementations:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._shaped: dict[ClassValue, tuple[ClassValue, ...]] = {}

    def of(self, stub: FunctionValue, site: tuple[str, int] | None = None) -> list[FunctionValue]:
        """The methods that a call of a bound stub, at a path and term, may mean; none where that is
        not known.
        """
        receiver = stub.receiver
        if not isinstance(receiver, Instance) or not isinstance(receiver.class_, ClassValue):
            return []
        self._project.classes.link_subclasses()
        name = self._scope(stub).name
        found: list[FunctionValue] = []
        for subclass in self._project.classes.info(receiver.class_).subclasses:
            if name in subclass.module.facts.scopes[subclass.scope].bindings:
                member = self._member(subclass, name)
                if isinstance(member, FunctionValue):
                    if not self._scope(member).is_stub:
                        found.append(member)
                elif is_informative(member):
                    return []
        for class_ in self._of_protocol(receiver.class_):
            member = self._member(class_, name)
            if isinstance(member, FunctionValue) and member not in found:
                found.append(member)
        if len(found) > (MOST_COROUTINES if self._scope(stub).is_async else _MOST):
            return []
        caller = self._calling_itself(site) if found and site is not None else None
        if caller is not None:
            found = [member for member in found if not self._replaces(member, caller)]
        return found

    def _calling_itself(self, site: tuple[str, int]) -> tuple[Module, int] | None:
        """The method that calls another one of its own object at a place, ``self.step()``."""
        module = self._project.table.by_path.get(site[0])
        if module is None:
            return None
        terms = module.facts.terms
        entry = terms[site[1]]
        called = terms[entry[1]] if entry[0] == t.CALL else entry
        number = module.code_scope_of(site[1])
        if called[0] != t.ATTR or not module.is_parameter(called[1], number, 0):
            return None
        is_method = self._project.calls.class_of_method(module, number) is not None
        return (module, number) if is_method else None

    def _replaces(self, member: FunctionValue, caller: tuple[Module, int]) -> bool:
        """Whether objects of the class that a method is looked up in have another method than the
        one that calls it, which does not go on with that one.
        """
        receiver = member.receiver
        class_ = receiver.class_ if isinstance(receiver, Instance) else None
        module, number = caller
        name = module.facts.scopes[number].name
        own = self._project.calls.class_of_method(module, number)
        if not isinstance(class_, ClassValue) or class_ == own:
            return False
        other = self._project.members.find_in_class(class_, name)
        if not isinstance(other, FunctionValue) or (other.module, other.scope) == caller:
            return False
        scope, terms = self._scope(other), other.module.facts.terms
        return not any(
            terms[term] == _SUPER or (terms[term][0] == t.ATTR and terms[term][2] == name)
            for term in range(scope.start, scope.end)
        )

    def written(self, callees: tuple[Value, ...]) -> tuple[Value, ...]:
        """The callees that a call may run, of several: without those that only refuse to, or are
        abstract; all of them where none is left.
        """
        left = tuple([callee for callee in callees if not self._is_unwritten(callee)])
        return left or callees

    def _is_unwritten(self, callee: Value) -> bool:
        if not isinstance(callee, FunctionValue):
            return False
        scope = self._scope(callee)
        if not scope.is_stub or scope.is_async or scope.is_generator:
            return False
        terms = callee.module.facts.terms
        refuses = any(terms[term][0] == t.RAISE for term in range(scope.start, scope.end))
        return (refuses or self._is_abstract(callee, scope)) and not self._is_overridden(callee)

    def _is_abstract(self, method: FunctionValue, scope: Scope) -> bool:
        named = [self._project.values.evaluate(method.frame, term) for term in scope.decorators]
        return any(isinstance(name, External) and name.name == _ABSTRACT for name in named)

    def _is_overridden(self, method: FunctionValue) -> bool:
        """Whether the object that a method is bound to may be of a class that has another one."""
        receiver = method.receiver
        class_ = receiver.class_ if isinstance(receiver, Instance) else receiver
        if not isinstance(class_, ClassValue):
            return False
        classes = self._project.classes
        return classes.is_protocol(class_) or classes.is_overridden(
            class_, self._scope(method).name
        )

    def _member(self, class_: ClassValue, name: str) -> Value:
        return self._project.members.attribute(Instance(class_), name)

    @staticmethod
    def _scope(function: FunctionValue) -> Scope:
        return function.module.facts.scopes[function.scope]

    # -- protocols ---------------------------------------------------------------------------------

    def _of_protocol(self, protocol: ClassValue) -> tuple[ClassValue, ...]:
        """The classes with the shape of a Protocol that do not name it as a base."""
        return self._project.cuts.once(
            self._shaped, protocol, lambda _: tuple(self._find_shaped(protocol)), meanwhile=()
        )

    def _find_shaped(self, protocol: ClassValue) -> list[ClassValue]:
        classes = self._project.classes
        if not classes.is_protocol(protocol):
            return []
        wanted = self._members_of(protocol)
        methods = {name: m for name, m in wanted.items() if m is not None}
        if not methods or not _SHAPED_BY_ANYTHING.isdisjoint(wanted):
            return []
        rarest = min(methods, key=lambda name: (len(self._binding.get(name, ())), name))
        candidates: dict[ClassValue, None] = {}
        for class_ in self._binding.get(rarest, ()):
            candidates.update(dict.fromkeys((class_, *classes.info(class_).subclasses)))
        shaped = {
            class_: None
            for class_ in candidates
            if protocol not in classes.info(class_).order
            and (protocol.module.is_test or not class_.module.is_test)
            and not classes.is_protocol(class_)
            and all(self._has(class_, name, method) for name, method in wanted.items())
        }
        # A class that inherits all of it from another one adds nothing.
        return [
            class_
            for class_ in shaped
            if not any(base in shaped for base in classes.info(class_).order[1:])
            or not wanted.keys().isdisjoint(class_.module.facts.scopes[class_.scope].bindings)
        ]

    def _members_of(self, protocol: ClassValue) -> dict[str, FunctionValue | None]:
        """What a class needs for a Protocol: methods, and (None) other attributes, by name."""
        found: dict[str, FunctionValue | None] = {}
        for owner in self._project.classes.info(protocol).order:
            if isinstance(owner, ClassValue):
                scope = owner.module.facts.scopes[owner.scope]
                for name in (*scope.bindings, *scope.annotations):
                    if name not in found and name not in _OF_EVERY_CLASS:
                        member = self._member(protocol, name) if name in scope.bindings else None
                        found[name] = member if isinstance(member, FunctionValue) else None
        return found

    def _has(self, class_: ClassValue, name: str, method: FunctionValue | None) -> bool:
        """Whether a class has a member of this name, and as the method that is wanted."""
        if method is None:
            return any(
                isinstance(owner, ClassValue) and self._project.members.declares(owner, name)
                for owner in self._project.classes.info(class_).order
            )
        member = self._member(class_, name)
        return isinstance(member, FunctionValue) and _fits(self._scope(member), self._scope(method))

    @cached_property
    def _binding(self) -> dict[str, list[ClassValue]]:
        """The classes whose bodies bind a name to a function."""
        found: dict[str, list[ClassValue]] = {}
        for module in self._project.table.modules:
            scopes = module.facts.scopes
            for scope in scopes:
                if scope.kind == "function" and scope.parent > 0:
                    if scopes[scope.parent].kind == "class":
                        found.setdefault(scope.name, []).append(ClassValue(module, scope.parent))
        return found


def _fits(method: Scope, wanted: Scope) -> bool:
    """Whether a method can be called as a Protocol's method is: by the same names, and awaited if
    that is.
    """
    if method.is_async != wanted.is_async or method.is_stub:
        return False
    own = method.parameters[1:]
    kinds = {parameter.kind for parameter in own}
    if {"*", "**"} <= kinds:
        return True
    names = {parameter.name for parameter in own}
    asked = [p for p in wanted.parameters[1:] if p.kind not in ("*", "**")]
    if not all(_is_taken(parameter, names, kinds) for parameter in asked):
        return False
    given = {parameter.name for parameter in asked}
    return all(p.name in given or p.default >= 0 or p.kind in ("*", "**") for p in own)


def _is_taken(parameter: Parameter, names: set[str], kinds: set[str]) -> bool:
    if parameter.name in names:
        return True
    return ("**" if parameter.kind == "keyword" else "*") in kinds
