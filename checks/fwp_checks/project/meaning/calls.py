"""Calls: which function a call means, how arguments meet parameters, what comes back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning import python
from fwp_checks.project.meaning.arguments import CallArguments
from fwp_checks.project.meaning.cuts import Provisional
from fwp_checks.project.meaning.descriptors import GET
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.handing import Handing
from fwp_checks.project.meaning.implementations import MOST_COROUTINES
from fwp_checks.project.meaning.lists import is_in
from fwp_checks.project.meaning.origins import is_traced, single
from fwp_checks.project.meaning.outcome import (
    NOTHING_RUNS,
    UNKNOWN_RUNS,
    Called,
    Outcome,
    Run,
    RunExternal,
    RunFrame,
    running,
)
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    Arguments,
    Awaitable,
    CallableValue,
    ClassValue,
    Constant,
    Coroutine,
    External,
    FunctionValue,
    Generator,
    Instance,
    Iterable,
    Manager,
    MappingValue,
    Member,
    Partial,
    SuperValue,
    TupleValue,
    Union,
    Unknown,
    Value,
    Wrapped,
    holds_callable,
    is_informative,
    is_none,
    join,
    options_of,
    unknown,
    without_none,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project


class _CalledFunction(Called):
    """What a call of a function of the project does."""

    __slots__ = ("_frame", "_function", "_project")

    def __init__(
        self, project: Project, frame: Frame, function: FunctionValue, arguments: Arguments
    ) -> None:
        is_idle = project.configured.runs_nothing_here(frame)
        runs = NOTHING_RUNS if is_idle else running(frame)
        super().__init__(runs, arguments, project.cuts)
        self._project = project
        self._frame = frame
        self._function = function

    def _given(self, arguments: Arguments) -> Value:
        generics = self._project.generics
        returned = self._project.calls.returned(self._frame)
        return generics.closer(returned, generics.result(self._function, arguments))


class Calls:
    """Resolves calls of a project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._returned: dict[Frame, Value] = {}
        self._yielded: dict[Frame, Value] = {}
        self._parameters: dict[tuple[Frame, int], Value] = {}
        self._handing = Handing(project)

    # -- a call term -------------------------------------------------------------------------------

    def outcome(self, frame: Frame, term: int) -> Outcome:
        """What the call at a CALL term does."""
        known = frame.outcomes.get(term)
        if known is None:
            begun = self._project.cuts.begin()
            try:
                known = self._outcome(frame, term)
            finally:
                is_sure = self._project.cuts.end(begun)
            if is_sure:
                frame.outcomes[term] = known
        return known

    def _outcome(self, frame: Frame, term: int) -> Outcome:
        terms = frame.module.facts.terms
        entry = terms[term]
        function = self._project.values.evaluate(frame, entry[1])
        if isinstance(function, Unknown):
            return Outcome(UNKNOWN_RUNS, function)
        if isinstance(function, External) and function.name == "builtins.super":
            return Outcome.nothing(self._super(frame))
        if isinstance(function, External) and function.name == "builtins.locals":
            return Outcome.nothing(self._project.mappings.of_locals(frame))
        found = self.invoke(function, self.arguments(frame, entry, term))
        if terms[entry[1]][0] == t.ITEM and isinstance(function, ClassValue):
            found = self._project.generics.named(frame, entry[1], function, found)
        return found

    def arguments(self, frame: Frame, entry: t.Term, at: int = 0) -> Arguments:
        """The arguments of a CALL term as values, as they are when it runs, ``at`` there."""
        return CallArguments(self._project, frame, entry, at)

    def _super(self, frame: Frame) -> Value:
        current: Frame | None = frame
        while current is not None and current.scope_number:
            class_ = self.class_of_method(current.module, current.scope_number)
            if class_ is not None and current.scope.parameters:
                receiver = self._project.values.evaluate(current, current.scope.start)
                return SuperValue(class_, receiver)
            current = current.parent
        return Unknown("super() outside a method")

    @staticmethod
    def class_of_method(module: Module, scope_number: int) -> ClassValue | None:
        """The class in whose body a function stands."""
        scopes = module.facts.scopes
        parent = scopes[scope_number].parent
        if parent > 0 and scopes[parent].kind == "class":
            known: ClassValue | None = module.class_values.get(parent)
            return known if known is not None else ClassValue(module, parent)
        return None

    # -- invoking ----------------------------------------------------------------------------------

    def invoke(self, function: Value, arguments: Arguments) -> Outcome:
        """What calling a value with these arguments does."""
        if type(function) is not Union:
            return self._invoke_one(function, arguments)
        options = options_of(without_none(function))
        if len(options) > 1:
            options = self._project.implementations.written(options)
        return Outcome.either([self._invoke_one(option, arguments) for option in options])

    def _invoke_one(self, function: Value, arguments: Arguments) -> Outcome:
        if isinstance(function, FunctionValue):
            return self._invoke_function(function, arguments)
        if isinstance(function, ClassValue):
            return self._construct(function, arguments)
        if isinstance(function, External):
            return self._project.libraries.call(function.name, arguments, None)
        if isinstance(function, Member):
            return self._project.libraries.call(function.name, arguments, function.receiver)
        if isinstance(function, Instance):
            return self._invoke_instance(function, arguments)
        if isinstance(function, Partial):
            given = dict(function.keywords) | dict(arguments.keywords)
            merged = Arguments(
                function.positional + arguments.positional, tuple(given.items()), arguments.complete
            )
            return self.invoke(function.function, merged)
        if isinstance(function, Wrapped):
            return self._invoke_wrapped(function, arguments)
        if isinstance(function, CallableValue):
            return Outcome.nothing(function.result)
        if isinstance(function, Unknown):
            return Outcome.unknown(function.reason)
        return Outcome.unknown("called something that is no function")

    def _invoke_function(self, function: FunctionValue, arguments: Arguments) -> Outcome:
        scope = function.module.facts.scopes[function.scope]
        if scope.is_stub and function.receiver is not None:
            overrides = self._project.implementations.of(function, arguments.site)
            if overrides:
                outcomes = [self._invoke_function(o, arguments) for o in overrides]
                return Outcome.either(outcomes, MOST_COROUTINES)
        handed_on = self._project.overrides.handed_on(function, arguments)
        if handed_on is not None:
            return handed_on
        frame = self.frame_for(function, arguments)
        if scope.is_generator:
            return Outcome.nothing(Generator(frame, scope.is_async))
        if scope.is_async:
            return Outcome.nothing(
                Coroutine(frame, self._project.generics.result(function, arguments))
            )
        return _CalledFunction(self._project, frame, function, arguments)

    def _construct(self, class_: ClassValue, arguments: Arguments) -> Outcome:
        hooked = self._project.frameworks.construct(class_, arguments)
        if hooked is not None:
            return hooked
        descriptor = self._project.descriptors.made(class_, arguments)
        if descriptor is not None:
            return Outcome.nothing(descriptor)
        identity = self._project.frameworks.identity(class_, arguments.site)
        plain = Instance(class_, details=identity)
        members = self._project.members
        init = members.find_in_class(class_, "__init__")
        if isinstance(init, FunctionValue):
            bound = FunctionValue(init.frame, init.scope, plain)
            frame = self.frame_for(bound, arguments)
            known = any(argument is not None for argument in frame.arguments[1:])
            types = self._project.generics.made_of(class_, bound, arguments)
            made = Instance(class_, frame if known else None, types, identity)
            return Outcome(running(frame), made)
        held = self._project.data_classes.held(class_, arguments)
        plain = Instance(class_, details=(*identity, *held)) if held else plain
        after = members.find_in_class(class_, "__post_init__")
        if isinstance(after, FunctionValue):
            frame = self.frame_for(FunctionValue(after.frame, after.scope, plain), NO_ARGUMENTS)
            return Outcome(running(frame), plain)
        for base in self._project.classes.info(class_).externals:
            if self._project.catalogue.effects(base):
                return Outcome(((RunExternal(base, arguments),),), plain)
        return Outcome.nothing(plain)

    def _invoke_instance(self, instance: Instance, arguments: Arguments) -> Outcome:
        if isinstance(instance.class_, str):
            return self._project.libraries.call(f"{instance.class_}.__call__", arguments, instance)
        method = self._project.members.method(instance, "__call__")
        if method is None:
            return Outcome.unknown(f"{instance.class_.name} objects have no known __call__")
        return self.invoke(method, arguments)

    def _invoke_wrapped(self, wrapped: Wrapped, arguments: Arguments) -> Outcome:
        if wrapped.how in ("staticmethod", "classmethod"):
            return self.invoke(wrapped.function, arguments)
        if wrapped.how == GET:
            return self._project.descriptors.got(wrapped.function, arguments)
        if wrapped.how in ("contextmanager", "asynccontextmanager"):
            managers: list[Value] = []
            for option in options_of(self.invoke(wrapped.function, arguments).result):
                if not isinstance(option, Generator):
                    return Outcome.unknown("context manager made of something that is no generator")
                managers.append(Manager(self.yielded(option.frame), option.frame, option.is_async))
            return Outcome.nothing(join(managers))
        inner = self.invoke(wrapped.function, arguments)
        if wrapped.how == "offloaded":
            return Outcome(((),), compute=lambda: Awaitable(inner.result))
        if wrapped.how == "enters_loop":
            values = self._project.values
            enters: tuple[Run, ...] = (RunExternal("asgiref.sync.AsyncToSync.__call__", arguments),)
            for option in options_of(inner.result):
                if isinstance(option, Coroutine):
                    enters += (RunFrame(option.frame),)
            return Outcome((enters,), compute=lambda: values.awaited(inner.result))
        return Outcome.unknown(f"called a {wrapped.how}")

    def is_async(self, function: Value) -> bool | None:
        """Whether calling a value gives something to await; None if that is not known."""
        if isinstance(function, FunctionValue):
            scope = function.module.facts.scopes[function.scope]
            return scope.is_async and not scope.is_generator
        if isinstance(function, Partial):
            return self.is_async(function.function)
        if isinstance(function, Wrapped):
            return function.how == "offloaded" or (
                function.how in ("staticmethod", "classmethod")
                and bool(self.is_async(function.function))
            )
        if isinstance(function, Instance) and isinstance(function.class_, ClassValue):
            member = self._project.members.find_in_class(function.class_, "__call__")
            return self.is_async(member) if member is not None else None
        if isinstance(function, (External, Member)):
            given = self._project.catalogue.gives(function.name, "call")
            return given.startswith("awaitable[") if given else None
        if isinstance(function, ClassValue):
            return False
        return None

    @staticmethod
    def is_generator(function: Value, *, is_async: bool) -> bool | None:
        """Whether a value is a generator function of this kind; None if that is not known."""
        while isinstance(function, Partial):
            function = function.function
        if isinstance(function, FunctionValue):
            scope = function.module.facts.scopes[function.scope]
            return scope.is_generator and scope.is_async is is_async
        return False if isinstance(function, ClassValue) else None

    # -- decorators --------------------------------------------------------------------------------

    def decorated(self, frame: Frame, function: Value, decorator: int) -> Value:
        """What a function or class is after the decorator at a term."""
        values = self._project.values
        entry = frame.module.facts.terms[decorator]
        value = values.evaluate(frame, decorator)
        names = [value]
        if entry[0] == t.CALL:
            names.append(values.evaluate(frame, entry[1]))
        for name in names:
            if self._project.configured.offloads(name):
                return Wrapped("offloaded", function)
            if isinstance(name, External):
                how = python.DECORATORS.get(name.name) or self._project.libraries.decorator(
                    name.name
                )
                if how is not None:
                    return Wrapped(how, function)
            if isinstance(name, Member) and name.name.startswith("builtins.property."):
                return name.receiver
        if isinstance(value, (FunctionValue, Partial, ClassValue, CallableValue)) or (
            isinstance(value, Instance) and isinstance(value.class_, ClassValue)
        ):
            result = self.invoke(value, Arguments((function,))).result
            if is_informative(result):
                return result
        return function

    # -- parameters --------------------------------------------------------------------------------

    def unbound_frame(self, parent: Frame, scope_number: int) -> Frame:
        """The frame of a function of which only the receiver's class is known."""
        scope = parent.module.facts.scopes[scope_number]
        arguments: list[Value | None] = [None] * len(scope.parameters)
        class_ = self.class_of_method(parent.module, scope_number)
        if class_ is not None and arguments:
            arguments[0] = self._own_receiver(parent, scope_number, class_)
        return self._project.frames.get(parent.module, scope_number, parent, tuple(arguments))

    def _own_receiver(self, parent: Frame, scope_number: int, class_: ClassValue) -> Value | None:
        scope = parent.module.facts.scopes[scope_number]
        for decorator in scope.decorators:
            name = self._project.values.evaluate(parent, decorator)
            if isinstance(name, External):
                if name.name == "builtins.staticmethod":
                    return None
                if name.name == "builtins.classmethod":
                    return class_
        return (
            class_
            if scope.name in ("__new__", "__init_subclass__", "__class_getitem__")
            else Instance(class_)
        )

    def frame_for(self, function: FunctionValue, arguments: Arguments) -> Frame:
        """The frame in which a function runs when called so."""
        return self._handing.frame_for(function, arguments)

    def single_frame(self, function: FunctionValue, arguments: Arguments) -> Frame:
        """The frame of one call of a function, with all that it is handed, literals too."""
        return self._handing.single_frame(function, arguments)

    def handed(self, function: FunctionValue, arguments: Arguments) -> list[Value | None]:
        """What each parameter of a function gets from a call, literals and defaults included."""
        return self._handing.handed(function, arguments)

    def parameter(self, frame: Frame, index: int) -> Value:
        """The value of a parameter whose argument is not known: by dependency injection, annotation
        or default.
        """
        key = (frame, index)
        known = self._parameters.get(key)
        if known is None or type(known) is Provisional:
            known = self._project.cuts.value(self._parameters, key, known, self._parameter)
        return known

    def _parameter(self, key: tuple[Frame, int]) -> Value:
        frame, index = key
        if index >= len(frame.scope.parameters):
            return Unknown("parameter of another function")
        parameter = frame.scope.parameters[index]
        around = frame.parent or frame
        injected = self._project.frameworks.parameter(frame, index)
        if injected is not None:
            return injected
        if parameter.annotation >= 0:
            declared = self._project.types.annotation(
                around, parameter.annotation, self._project.generics.bindings(frame)
            )
            if parameter.kind == "*":
                return Iterable(declared, "tuple")
            if parameter.kind == "**":
                return MappingValue(declared)
            if is_informative(declared):
                return declared
        if parameter.kind == "*":
            return Iterable(unknown(f"argument in *{parameter.name}"), "tuple")
        if parameter.kind == "**":
            return MappingValue(unknown(f"argument in **{parameter.name}"))
        if parameter.default >= 0:
            default = self._project.values.evaluate(around, parameter.default)
            if is_informative(default):
                return default
            if is_none(default):
                return unknown(f"parameter '{parameter.name}' is None by default", replaceable=True)
            if isinstance(default, Constant):
                return unknown(f"parameter '{parameter.name}' is a literal by default")
        return unknown(f"parameter '{parameter.name}' has no annotation")

    # -- results -----------------------------------------------------------------------------------

    def returned(self, frame: Frame) -> Value:
        """What a function's body gives back: by its annotation, else by its return statements."""
        known = self._returned.get(frame)
        if known is None or type(known) is Provisional:
            known = self._project.cuts.value(self._returned, frame, known, self._find_returned)
        return known

    def _find_returned(self, frame: Frame) -> Value:
        return single(self._find_given(frame), partial(is_in, frame))

    def _find_given(self, frame: Frame) -> Value:
        scope = frame.scope
        declared: Value = Unknown(f"{frame.name} has no return annotation")
        if scope.returns_annotation >= 0:
            declared = self._project.types.annotation(
                frame.parent or frame,
                scope.returns_annotation,
                self._project.generics.bindings(frame),
            )
            if is_informative(declared) and not self._may_be_closer(declared):
                return self._traced(frame, declared) or declared
        inferred = self._left(frame) if scope.returns else NOTHING
        if is_informative(inferred) and not (
            is_informative(declared) and self.leaves_open(inferred, declared)
        ):
            return inferred
        if is_informative(declared) or (
            isinstance(inferred, Constant) and scope.returns_annotation >= 0
        ):
            return declared if is_informative(declared) else inferred
        return inferred

    def leaves_open(self, inferred: Value, declared: Value) -> bool:
        """Whether code may give something of which nothing is known but what is declared."""
        is_object = all(isinstance(o, (Instance, Constant)) for o in options_of(declared))
        is_unsaid = self._project.libraries.is_unsaid
        return any(
            isinstance(o, Unknown) or (is_object and is_unsaid(o)) for o in options_of(inferred)
        )

    def _traced(self, frame: Frame, declared: Value) -> Value | None:
        """What the body returns, if that is rows or a query of which more is known than that."""
        if not self._may_be_traced(declared):
            return None
        returned = self._left(frame)
        return returned if is_traced(returned) else None

    def _left(self, frame: Frame) -> Value:
        """What the return statements of a function give."""
        used, left = self._project.assignments.used, self._project.lists.left
        returns = self._project.branches.returns(frame, frame.scope.returns)
        end = frame.scope.end
        return join([left(frame, term, used(frame, term, end)) for term in returns])

    def _may_be_traced(self, declared: Value) -> bool:
        if isinstance(declared, Iterable):
            return self._may_be_traced(declared.element)
        if isinstance(declared, TupleValue):
            return any(self._may_be_traced(item) for item in declared.items)
        if isinstance(declared, Union):
            return any(self._may_be_traced(option) for option in declared.options)
        if not isinstance(declared, Instance):
            return False
        frameworks = self._project.frameworks
        if frameworks.tells_apart(declared.class_):
            return True
        sources = frameworks.row_sources
        return bool(sources) and (
            isinstance(declared.class_, ClassValue) or declared.class_.startswith(sources)
        )

    def _may_be_closer(self, declared: Value) -> bool:
        """Whether the body may say more than the annotation: an object of a project class, a
        container, a function.
        """
        for option in options_of(declared):
            if isinstance(option, Instance) and isinstance(option.class_, ClassValue):
                return True
            if isinstance(option, (CallableValue, Manager)) or holds_callable(option):
                return True
        return False

    def yielded(self, frame: Frame) -> Value:
        """What a generator function yields."""
        known = self._yielded.get(frame)
        if known is None or type(known) is Provisional:
            known = self._project.cuts.value(self._yielded, frame, known, self._find_yielded)
        return known

    def _find_yielded(self, frame: Frame) -> Value:
        scope = frame.scope
        values = self._project.values
        found: list[Value] = []
        for term in scope.yields:
            _, operand, is_from = frame.module.facts.terms[term]
            if operand >= 0:
                value = values.evaluate(frame, operand)
                found.append(self._project.protocols.element(value) if is_from else value)
        inferred = join(found) if found else NOTHING
        if scope.returns_annotation < 0:
            return inferred
        is_known = is_informative(inferred)
        if is_known and not isinstance(inferred, Union):
            return inferred
        declared = self._project.types.annotation(
            frame.parent or frame, scope.returns_annotation, self._project.generics.bindings(frame)
        )
        if isinstance(declared, Iterable):
            declared = declared.element
        elif not is_informative(declared):
            return inferred
        # Also "def get_db() -> Session: yield …", which is wrong, and common.
        if is_known and not (is_informative(declared) and self.leaves_open(inferred, declared)):
            return inferred
        return declared


NOTHING = Constant(None)
