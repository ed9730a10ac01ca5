"""Classes whose objects stand in for what waits: a store that keeps everything in memory beside one
that asks a database, and an object that does nothing beside a client.

They serve development, tests, and installations that do without. What they leave undone, the other
classes do where the application is configured for them.
"""

from __future__ import annotations

import sys
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.effects.ranks import is_brief
from fwp_checks.project.effects.taking import argument_at
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.classes import MODEL, PLAIN_BASES, SETTINGS
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.outcome import Alternative, Run, RunExternal, RunFrame
from fwp_checks.project.meaning.values import (
    ClassValue,
    External,
    Instance,
    Iterable,
    MappingValue,
    Member,
    Unknown,
    Value,
    options_of,
    without_none,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_BASES: frozenset[str] = (
    PLAIN_BASES | {"typing.Protocol", "typing_extensions.Protocol", MODEL} | set(SETTINGS)
)
_CONTAINERS: tuple[str, ...] = ("builtins.", "collections.")
_SINGLE: frozenset[str] = frozenset(
    {f"builtins.{name}" for name in ("bool", "bytes", "complex", "float", "int", "object", "str")}
)
_CONSTRUCTOR = "__init__"
# What does any of these does something.
_DOING = frozenset({t.CALL, t.ATTR, t.ITEM, t.STORE, t.STORE_ITEM, t.AWAIT, t.ITER, t.ENTER})
# What leads from an object to what is in it.
_STEPS = frozenset({t.ITEM, t.ITER, t.UNPACK, t.ALIAS, t.NARROW, t.ENTER, t.AWAIT})
# So many functions are looked at that the methods of a class call.
_MOST_FUNCTIONS = 80
# So many calls are asked what they hand over, and so many functions up.
_MOST_CALLS = 20
_LEVELS = 3


class StandIns:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[ClassValue, bool] = {}

    def leave(
        self, frame: Frame, term: int, waiting: list[Alternative], others: list[Alternative]
    ) -> bool:
        """Whether, of the callees that an event may have, those that do not wait only stand in for
        those that do, which the code makes use of, and may hand over here.
        """
        doing = [class_ for one in waiting for class_ in _classes_of(one) if class_ is not None]
        if not doing:
            return False
        is_declared = self._is_of_protocol(frame, term)
        for alternative in others:
            classes = _classes_of(alternative)
            for class_ in classes:
                if class_ is None or not self._stands_in(class_):
                    return False
                if not is_declared and not all(self._are_kin(class_, one) for one in doing):
                    return False
            if not classes:
                return False
        # What comes last looks at all code.
        if self._is_only_handed_such(frame, term):
            return False
        return any(class_.name in self._named for class_ in doing)

    def _is_of_protocol(self, frame: Frame, term: int) -> bool:
        """Whether the object whose method runs is declared to be of a Protocol."""
        receiver = _receiver(frame, term)
        options = (
            options_of(without_none(self._project.values.evaluate(frame, receiver)))
            if receiver >= 0
            else ()
        )
        return bool(options) and all(
            isinstance(option, Instance)
            and isinstance(option.class_, ClassValue)
            and self._project.classes.is_protocol(option.class_)
            for option in options
        )

    def _are_kin(self, class_: ClassValue, other: ClassValue) -> bool:
        """Whether two classes fill in the same one, or one that keeps something has no public
        methods but those of the other.
        """
        order = self._project.classes.info(class_).order
        others = self._project.classes.info(other).order
        if class_ in others or other in order:
            return False
        shared = [one for one in order if isinstance(one, ClassValue) and one in others]
        if any(map(_is_interface, shared)):
            return True
        own, its = self._public(class_), self._public(other)
        return len(own) > 1 and own <= its and not self._is_idle(class_)

    def _public(self, class_: ClassValue) -> set[str]:
        names = {frame.scope.name for frame in self._methods(class_)}
        return {name for name in names if not name.startswith("_")}

    def _is_only_handed_such(self, frame: Frame, term: int) -> bool:
        """Whether all that the object whose method runs comes from are such classes."""
        receiver = _receiver(frame, term)
        if receiver < 0:
            return False
        classes = [
            option.class_ if isinstance(option, Instance) else None
            for value in self._sources(frame, receiver, _LEVELS)
            for option in options_of(without_none(value))
        ]
        return bool(classes) and all(
            isinstance(class_, ClassValue) and self._stands_in(class_) for class_ in classes
        )

    def _sources(self, frame: Frame, term: int, levels: int) -> list[Value]:
        """What an object may be that a function or the constructor of its class is handed."""
        term = t.unaliased(frame.module.facts.terms, term)
        handed = self._parameter(frame, term) if levels else None
        if handed is None:
            return [self._project.values.evaluate(frame, term)]
        callee, index, calls = handed
        parameter = callee.scope.parameters[index]
        is_method = self._project.calls.class_of_method(callee.module, callee.scope_number)
        position = index - (is_method is not None)
        found: list[Value] = []
        for caller, call in calls:
            argument = argument_at(caller.module, call, str(position))
            if argument is None:
                argument = argument_at(caller.module, call, parameter.name)
            if argument is not None:
                found.extend(self._sources(caller, argument, levels - 1))
            else:
                found.append(Unknown("left out, or handed over otherwise"))
        return found

    def _parameter(
        self, frame: Frame, term: int
    ) -> tuple[Frame, int, list[tuple[Frame, int]]] | None:
        """The function and its parameter that a term holds, with the calls of it."""
        module, number = frame.module, frame.scope_number
        sites = self._project.call_sites
        entry = module.facts.terms[term]
        calls: list[tuple[Frame, int]] = []
        if entry[0] == t.PARAM:
            callee, index = frame, int(entry[1])
            if len(sites.spelt(frame.scope.name)) > _MOST_CALLS:
                return None
            for caller, call, called in sites.of_function(module, number):
                if called is None:
                    return None
                calls.append((caller, call))
        elif entry[0] == t.ATTR and module.is_parameter(entry[1], number, 0):
            class_ = class_of(RunFrame(frame))
            constructor = self._project.constructed.constructor(class_) if class_ else None
            if class_ is None or constructor is None:
                return None
            callee, index = constructor, self._project.constructed.option(class_, entry[2])
            made = sites.spelt(class_.name)
            if index < 0 or len(made) > _MOST_CALLS:
                return None
            for place, call in made:
                caller = self._project.frame_of_scope(place, place.code_scope_of(call))
                value = self._project.values.evaluate(caller, place.facts.terms[call][1])
                if class_ in options_of(value):
                    calls.append((caller, call))
        else:
            return None
        calls = [(caller, call) for caller, call in calls if not caller.module.is_test]
        return (callee, index, calls) if calls else None

    @cached_property
    def _named(self) -> frozenset[str]:
        """The names of classes that code calls or refers to, but for where they are defined."""
        found: set[str] = set()
        for module in self._project.table.modules:
            if not module.is_test:
                found.update(_names_in(module))
        return frozenset(found)

    def _stands_in(self, class_: ClassValue) -> bool:
        known = self._known.get(class_)
        if known is None:
            self._known[class_] = False
            known = self._known[class_] = self._does_without(class_)
        return known

    def _does_without(self, class_: ClassValue) -> bool:
        """Whether a class works on nothing but what its own objects hold, or does nothing."""
        classes = self._project.classes
        classes.link_subclasses()
        info = classes.info(class_)
        if not info.has_only(_BASES) or classes.is_protocol(class_):
            return False
        methods = self._methods(class_)
        written = [frame for frame in methods if not frame.scope.is_stub]
        if self._is_idle(class_):
            return not info.subclasses
        return any(self._uses_container(frame, class_) for frame in written) and all(
            self._keeps_to_itself(frame, class_) for frame in written
        )

    def _is_idle(self, class_: ClassValue) -> bool:
        """Whether a class has methods of its own, and none that does anything."""
        called = [one for one in self._methods(class_) if one.scope.name != _CONSTRUCTOR]
        is_own = any(
            one.module is class_.module and one.scope.parent == class_.scope for one in called
        )
        return is_own and all(map(_does_nothing, called))

    def _methods(self, class_: ClassValue) -> list[Frame]:
        """The methods of a class, with those that it inherits."""
        found: dict[str, Frame] = {}
        for owner in self._project.classes.info(class_).order:
            if not isinstance(owner, ClassValue):
                continue
            scopes = owner.module.facts.scopes
            for term in scopes[owner.scope].bindings.values():
                entry = owner.module.facts.terms[term]
                if entry[0] == t.DEFINITION and scopes[entry[1]].kind == "function":
                    frame = self._project.frame_of_scope(owner.module, entry[1])
                    found.setdefault(scopes[entry[1]].name, frame)
        return list(found.values())

    def _uses_container(self, frame: Frame, class_: ClassValue) -> bool:
        """Whether a method works on a container that its object holds."""
        module, scope = frame.module, frame.scope
        terms = module.facts.terms
        return scope.name != _CONSTRUCTOR and any(
            terms[term][0] == t.ATTR
            and module.is_parameter(terms[term][1], frame.scope_number, 0)
            and self._is_container(class_, terms[term][2])
            for term in range(scope.start, scope.end)
        )

    def _is_container(self, class_: ClassValue, name: str) -> bool:
        value = self._project.members.attribute(Instance(class_), name)
        return any(
            isinstance(option, (MappingValue, Iterable))
            or (
                isinstance(option, Instance)
                and isinstance(option.class_, str)
                and option.class_.startswith(_CONTAINERS)
                and option.class_ not in _SINGLE
            )
            for option in options_of(value)
        )

    def _keeps_to_itself(self, frame: Frame, class_: ClassValue) -> bool:
        """Whether a method, with what it calls, neither waits for anything nor calls what is not
        known, but for what it is handed or its containers hold.
        """
        for call in frame.module.calls_in(frame.scope_number):
            if not self._is_known(frame, frame.module.facts.terms[call][1], class_):
                return False
        waiting = [frame]
        seen = {frame}
        while waiting:
            behaviour = self._project.behaviours.of(waiting.pop())
            made = [inner for _, inner in behaviour.coroutines]
            for event in behaviour.events:
                for alternative in event.alternatives:
                    for run in alternative or ():
                        if isinstance(run, RunFrame):
                            made.append(run.frame)
                        elif not self._is_light(run):
                            return False
            waiting.extend([inner for inner in dict.fromkeys(made) if inner not in seen])
            seen.update(made)
            if len(seen) > _MOST_FUNCTIONS:
                return False
        return True

    def _is_light(self, run: RunExternal) -> bool:
        """Whether a library's call only takes a lock, or computes."""
        effects = self._project.catalogue.effects(run.name)
        return is_brief(run.name) or all(row.kind == "cpu" for row in effects)

    def _is_known(self, frame: Frame, called: int, class_: ClassValue) -> bool:
        """Whether what a method calls is known, or comes from what it works on."""
        for option in options_of(self._project.values.evaluate(frame, called)):
            if isinstance(option, (External, Member)) and not self._is_of_known(option):
                return False
            if isinstance(option, Unknown) and not self._is_held(frame, called, class_):
                return False
        return True

    def _is_of_known(self, value: External | Member) -> bool:
        root = value.name.partition(".")[0]
        return root in sys.stdlib_module_names or self._project.catalogue.knows_module(root)

    def _is_held(self, frame: Frame, term: int, class_: ClassValue) -> bool:
        """Whether a term comes from what a method is handed, or from what its object's containers
        hold, or what a call gives, which is looked at itself.
        """
        module = frame.module
        terms = module.facts.terms
        name = ""
        while True:
            entry = terms[term]
            kind: int = entry[0]
            if kind == t.ATTR:
                name = entry[2]
            elif kind == t.JOIN:
                return all(self._is_held(frame, one, class_) for one in entry[1] if one != term)
            elif kind not in _STEPS:
                break
            term = entry[1]
        if kind == t.PARAM:
            return not module.is_parameter(term, frame.scope_number, 0) or self._is_container(
                class_, name
            )
        return bool(kind in (t.CALL, t.COMPREHENSION, t.SEQUENCE, t.MAPPING, t.CONST))


def class_of(run: Run) -> ClassValue | None:
    """The class of the object whose method runs."""
    if not isinstance(run, RunFrame):
        return None
    frame = run.frame
    module, number = frame.module, frame.scope_number
    parent = module.facts.scopes[number].parent
    if parent <= 0 or module.facts.scopes[parent].kind != "class":
        return None
    receiver: Value | None = frame.arguments[0] if frame.arguments else None
    if isinstance(receiver, Instance) and isinstance(receiver.class_, ClassValue):
        return receiver.class_
    return ClassValue(module, parent)


def _is_interface(class_: ClassValue) -> bool:
    """Whether a class leaves methods to those that are derived from it."""
    scopes = class_.module.facts.scopes
    return any(scope.is_stub for scope in scopes if scope.parent == class_.scope)


def _receiver(frame: Frame, term: int) -> int:
    """The term of the object whose attribute an event reads, or calls; -1 if there is none."""
    terms = frame.module.facts.terms
    entry = terms[term]
    called = terms[entry[1]] if entry[0] == t.CALL else entry
    return int(called[1]) if called[0] == t.ATTR else -1


def _classes_of(alternative: Alternative) -> list[ClassValue | None]:
    return [class_of(run) for run in alternative or ()]


def _does_nothing(frame: Frame) -> bool:
    """Whether a method only gives constants or what it is handed."""
    scope, terms = frame.scope, frame.module.facts.terms
    return scope.is_stub or all(
        terms[term][0] not in _DOING for term in range(scope.start, scope.end)
    )


def _names_in(module: Module) -> set[str]:
    """The names that a module's terms refer to, which may be those of classes."""
    terms = module.facts.terms
    scopes = module.facts.scopes
    found = {terms[term][1] for term in module.of_kind(t.NAME)}
    found.update([terms[term][2] for term in module.of_kind(t.IMPORT) if terms[term][2]])
    found.update([terms[term][2] for term in module.of_kind(t.ATTR)])
    for term in module.calls:
        called = terms[terms[term][1]]
        if called[0] == t.DEFINITION:
            found.add(scopes[called[1]].name)
    return found
