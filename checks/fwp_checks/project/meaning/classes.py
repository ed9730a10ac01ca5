"""Classes of the project: bases, method resolution order, where a member is bound."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Scope
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.values import (
    CallableValue,
    ClassValue,
    External,
    Instance,
    Member,
    Union,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

SETTINGS: tuple[str, ...] = (
    "pydantic_settings.BaseSettings",
    "pydantic.BaseSettings",
    "pydantic.v1.BaseSettings",
)
# Bases that bring nothing that the objects of every class do not have.
PLAIN_BASES: frozenset[str] = frozenset({"builtins.object", "abc.ABC", "typing.Generic"})
MODEL = "pydantic.BaseModel"
_PROTOCOLS = (External("typing.Protocol"), External("typing_extensions.Protocol"))


@dataclass(slots=True)
class ClassInfo:
    """What is known of a class.

    ``order`` starts with the class itself and goes on with project classes and library bases (by
    name), depth first, each once, the later place winning as in C3 for the common cases.
    ``is_open`` tells that some base could not be resolved. ``externals`` are the dotted names of
    the library classes it derives from, ``ancestors`` those and what they derive from. ``is_told``:
    its body tells one of them, which must be behind classes that are not read.
    """

    value: ClassValue
    scope: Scope
    order: tuple[ClassValue | External, ...]
    is_open: bool
    externals: tuple[str, ...] = ()
    ancestors: frozenset[str] = frozenset()
    is_told: bool = False
    subclasses: list[ClassValue] = field(default_factory=list)

    def has_only(self, bases: frozenset[str]) -> bool:
        """Whether all bases are known, and those of libraries are among these."""
        return not self.is_open and bases.issuperset(self.externals)


class Classes:
    """Looks classes up, once each."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[ClassValue, ClassInfo] = {}
        self._unsettled: dict[ClassValue, None] = {}
        self._ancestors: dict[str, frozenset[str]] = {}
        self._lines: dict[tuple[str, ...], frozenset[str]] = {}
        self._by_name: dict[object, list[ClassValue]] = {}
        self._linked_subclasses = False

    def info(self, value: ClassValue) -> ClassInfo:
        """Bases and order of a class."""
        info = self._known.get(value)
        return info if info is not None else self._find(value)

    def is_settled(self, value: ClassValue) -> bool:
        """Whether all bases of a class are known. They are not while they are being evaluated, nor
        are those of what derives from it: ``class Member(get_user_model())``.
        """
        return value not in self._unsettled

    def _find(self, value: ClassValue) -> ClassInfo:
        scope = value.module.facts.scopes[value.scope]
        is_outermost = not self._unsettled
        self._unsettled[value] = None
        # A class that inherits from itself through an import cycle has no order beyond itself.
        info = self._known[value] = ClassInfo(value, scope, (value,), False)
        try:
            self._order(info)
            info.externals = tuple([b.name for b in info.order if isinstance(b, External)])
            if info.externals:
                info.ancestors = self._behind(info.externals)
            if is_outermost or not any(base in self._unsettled for base in info.order[1:]):
                del self._unsettled[value]
        finally:
            if is_outermost:
                # Asked again, they have more to say.
                for other in self._unsettled:
                    del self._known[other]
                self._unsettled.clear()
        return info

    def _order(self, info: ClassInfo) -> None:
        scope = info.scope
        found: list[ClassValue | External] = [info.value]
        is_open = False
        frame = self.frame_around(info.value)
        for base in [base for term in scope.bases for base in self._made_of(frame, term)]:
            if isinstance(base, ClassValue):
                above = self.info(base)
                found.extend(above.order)
                is_open = is_open or above.is_open
            elif isinstance(base, External):
                found.append(base)
            else:
                is_open = True
        found.extend(self._made_by(frame, scope))
        bases = [base.name for base in found if isinstance(base, External)]
        told = self._project.frameworks.base_told_by_body(frame, scope, bases) if bases else None
        if told is not None:
            found.append(External(told))
        last = {base: index for index, base in enumerate(found)}
        info.order = tuple([base for index, base in enumerate(found) if last[base] == index])
        info.is_open = is_open
        info.is_told = told is not None

    def is_unread(self, name: str) -> bool:
        """Whether a library's class is one of which nothing says what it is."""
        root = name.partition(".")[0]
        return root not in sys.stdlib_module_names and not self._project.catalogue.is_type(name)

    def _made_by(self, frame: Frame, scope: Scope) -> Iterator[External]:
        """The library classes that decorators and a metaclass, by their rows, make of a class."""
        terms = frame.module.facts.terms
        makers = [terms[d][1] if terms[d][0] == t.CALL else d for d in scope.decorators]
        makers += [term for keyword, term in scope.keywords if keyword == "metaclass"]
        for maker in makers:
            value = self._project.values.evaluate(frame, maker)
            if isinstance(value, (External, Member)):
                given = self._project.catalogue.gives(value.name, "decorate")
                if given is not None and self._project.catalogue.is_type(given):
                    yield External(given)

    def _made_of(self, frame: Frame, term: int) -> Iterator[Value]:
        """The bases that a term brings: of a class that a call made, those that it was handed."""
        value = self._project.values.evaluate(frame, term)
        if isinstance(value, Instance) and value.class_ == "builtins.type":
            yield from value.arguments[1:]
        yield self.base(frame, term)

    def base(self, frame: Frame, term: int) -> Value:
        """What a term among a class's bases stands for: a class, if it is known."""
        terms = frame.module.facts.terms
        while terms[term][0] == t.ITEM:  # Base[T]
            term = terms[term][1]
        value = self._project.values.evaluate(frame, term)
        if isinstance(value, Union):
            classes = [o for o in options_of(value) if isinstance(o, (ClassValue, External))]
            return classes[0] if classes else value
        if isinstance(value, Instance) and value.class_ == "builtins.type" and value.arguments:
            return value.arguments[0]
        if isinstance(value, CallableValue) and isinstance(value.result, Instance):
            # A class that a call made: its objects are what calling it gives.
            made = value.result.class_
            return made if isinstance(made, ClassValue) else External(made)
        return value

    def is_protocol(self, value: ClassValue) -> bool:
        """Whether a class is a Protocol itself, not only a class that derives from one."""
        frame = self.frame_around(value)
        bases = value.module.facts.scopes[value.scope].bases
        return any(self.base(frame, base) in _PROTOCOLS for base in bases)

    def frame_around(self, value: ClassValue) -> Frame:
        """The frame in which a class body stands: its module's, or its function's without known
        arguments.
        """
        scopes = value.module.facts.scopes
        number = scopes[value.scope].parent
        while number > 0 and not scopes[number].is_function:
            number = scopes[number].parent
        return self._project.frame_of_scope(value.module, number)

    @cached_property
    def with_bases(self) -> list[ClassValue]:
        """Every class of the project that has bases."""
        return [
            ClassValue(module, number)
            for module in self._project.table.modules
            for number, scope in enumerate(module.facts.scopes)
            if scope.kind == "class" and scope.bases
        ]

    def link_subclasses(self) -> None:
        """Make every class known to its project bases; needed once, before overrides are asked."""
        if self._linked_subclasses:
            return
        self._linked_subclasses = True
        for value in self.with_bases:
            for base in self.info(value).order[1:]:
                if isinstance(base, ClassValue):
                    self.info(base).subclasses.append(value)

    def directly_below(self, class_: ClassValue) -> list[ClassValue]:
        """What ``class_.__subclasses__()`` lists of the project."""
        self.link_subclasses()
        return [
            below
            for below in self.info(class_).subclasses
            if any(
                self.base(self.frame_around(below), base) == class_
                for base in self._bases_of(below)
            )
        ]

    @staticmethod
    def _bases_of(class_: ClassValue) -> tuple[int, ...]:
        return class_.module.facts.scopes[class_.scope].bases

    def named(self, name: object) -> list[ClassValue]:
        """The classes of the project that go by a name."""
        if not self._by_name:
            for module in self._project.table.modules:
                for number, scope in enumerate(module.facts.scopes):
                    if scope.kind == "class":
                        class_ = ClassValue(module, number)
                        self._by_name.setdefault(class_.name, []).append(class_)
        return self._by_name.get(name, [])

    def is_overridden(self, class_: ClassValue | str, method: str) -> bool:
        """Whether some class of the project that derives from a class, its own or a library's by
        its dotted name, has a method of this name of its own.
        """
        if isinstance(class_, ClassValue):
            self.link_subclasses()
            return any(
                method in subclass.module.facts.scopes[subclass.scope].bindings
                for subclass in self.info(class_).subclasses
            )
        return any(
            method in subclass.module.facts.scopes[subclass.scope].bindings
            and self.derives(subclass, class_)
            for subclass in self.with_bases
        )

    def derives(self, value: Value, name: str) -> bool:
        """Whether a class is, or certainly derives from, the library class of this name."""
        if isinstance(value, External):
            return name in self._with_ancestors(value.name)
        if isinstance(value, ClassValue):
            return name in self.info(value).ancestors
        return False

    def _behind(self, bases: tuple[str, ...]) -> frozenset[str]:
        """Some library classes and all that they derive from; many classes have the same."""
        known = self._lines.get(bases)
        if known is None:
            found = self._with_ancestors(bases[0])
            known = found.union(*[self._with_ancestors(base) for base in bases[1:]])
            self._lines[bases] = known
        return known

    def _with_ancestors(self, class_name: str) -> frozenset[str]:
        """A library class and all that it derives from."""
        known = self._ancestors.get(class_name)
        if known is None:
            found: set[str] = set()
            waiting = [class_name]
            while waiting:
                current = waiting.pop()
                if current not in found:
                    found.add(current)
                    waiting.extend(self._project.catalogue.bases(current))
            known = self._ancestors[class_name] = frozenset(found)
        return known

    def is_instance(self, value: Value, name: str) -> bool:
        """Whether a value is an object of the library class of this name or of a class derived from
        it.
        """
        if not isinstance(value, Instance):
            return False
        if isinstance(value.class_, str):
            return name in self._with_ancestors(value.class_)
        return self.derives(value.class_, name)

    def is_settings(self, value: Value) -> bool:
        """Whether a value is an object of Pydantic's settings: each has a default or is read from
        the environment.
        """
        return any(self.is_instance(value, name) for name in SETTINGS)
