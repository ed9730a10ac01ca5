"""The functions in what is registered: behind wrappers and partials, in classes of views."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.web import held
from fwp_checks.project.application.model import Handler
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Partial,
    Value,
    Wrapped,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "trace")


class HandlerFinder:
    """Finds them in values of a project."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def handlers(
        self, value: Value | None, methods: tuple[str, ...], usual: tuple[str, ...] = ()
    ) -> Iterator[Handler]:
        """The handlers in a value that is registered for these methods, if it says any."""
        for option in held(value):
            function, wrappers = self.unwrapped(option)
            if isinstance(function, FunctionValue):
                frame = self.project.calls.frame_for(function, NO_ARGUMENTS)
                yield Handler(frame, methods or usual, None, wrappers)
            elif isinstance(function, ClassValue):
                yield from self.class_handlers(function, methods)

    def class_handlers(self, class_: ClassValue, methods: tuple[str, ...]) -> Iterator[Handler]:
        """The handlers in a class that is registered in a function's place."""
        return self.handlers_of(class_, METHODS, methods)

    def handlers_of(
        self, class_: ClassValue, names: Iterable[str], methods: tuple[str, ...] = ()
    ) -> Iterator[Handler]:
        """The methods of a class that answer the HTTP methods of their names."""
        for name in names:
            if methods and name.upper() not in methods:
                continue
            found = self.project.members.find_in_class(class_, name)
            if found is not None:
                bound = self.project.members.bind(found, Instance(class_), class_)
                function, wrappers = self.unwrapped(bound)
                if isinstance(function, FunctionValue):
                    if function.receiver is None:
                        function = FunctionValue(function.frame, function.scope, Instance(class_))
                    frame = self.project.calls.frame_for(function, NO_ARGUMENTS)
                    yield Handler(frame, (name.upper(),), class_, wrappers)

    def unwrapped(self, value: Value) -> tuple[Value, tuple[Frame, ...]]:
        """The function that wrappers are put around, and the wrappers, outermost first."""
        wrappers: list[Frame] = []
        while True:
            if isinstance(value, (Partial, Wrapped)):
                value = value.function
            elif isinstance(value, Instance) and isinstance(value.class_, ClassValue):
                value = self.project.members.method(value, "__call__") or value
                return value, tuple(wrappers)
            elif isinstance(value, FunctionValue):
                inner = self._wrapped_by(value)
                if inner is None:
                    return value, tuple(wrappers)
                wrappers.append(self.project.calls.frame_for(value, NO_ARGUMENTS))
                value = inner
            else:
                return value, tuple(wrappers)

    def _wrapped_by(self, function: FunctionValue) -> Value | None:
        """What ``functools.wraps`` says that a function wraps."""
        terms = function.module.facts.terms
        for decorator in function.module.facts.scopes[function.scope].decorators:
            entry = terms[decorator]
            if entry[0] == t.CALL and self.project.values.evaluate(
                function.frame, entry[1]
            ) == External("functools.wraps"):
                given = self.project.calls.arguments(function.frame, entry)
                wrapped = given.get(0, "wrapped")
                if isinstance(wrapped, (FunctionValue, Partial, Wrapped)):
                    return wrapped
        return None

    def functions(self, value: Value) -> Iterator[Frame]:
        """The functions that run where a value is called: of a class, what makes its objects."""
        for option in held(value):
            function, _ = self.unwrapped(option)
            if isinstance(function, ClassValue):
                init = self.project.members.find_in_class(function, "__init__")
                if isinstance(init, FunctionValue):
                    function = FunctionValue(init.frame, init.scope, Instance(function))
            if isinstance(function, FunctionValue):
                yield self.project.calls.frame_for(function, NO_ARGUMENTS)
