"""The calls of a function one by one, each with all that it hands over, literals too.

A function that registers for its callers (``add("/users", users)``) is seen through at its calls;
so is one that is written as a decorator: ``@page("/users")`` calls what ``page("/users")`` gives.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING, NamedTuple, TypeGuard

from fwp_checks.facts import terms as t
from fwp_checks.project.meaning.frames import Frame, FunctionKey
from fwp_checks.project.meaning.literals import definition_term
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.sites import CallSite
from fwp_checks.project.meaning.spelt import OF_A_VALUE
from fwp_checks.project.meaning.values import (
    Arguments,
    ClassValue,
    FunctionValue,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project


_DISPLAYS = (t.SEQUENCE, t.MAPPING, t.COMPREHENSION, t.CONST, t.FORMAT)


class SingleCall(NamedTuple):
    """One call of a function: where it is, its frame, and the function that it decorates there, if
    it does.
    """

    place: Place
    frame: Frame
    decorated: Value | None = None


class _Decorated(NamedTuple):
    """A function under a decorator: that, the frame around, the function, decorators below."""

    decorator: FunctionValue
    around: Frame
    number: int
    below: tuple[int, ...]


class SingleCalls:
    """Finds them in a project."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def of(self, module: Module, scope_number: int) -> Iterator[SingleCall]:
        """The calls of a function, by its name or as a decorator; none of code of a module."""
        if not scope_number:
            return
        scopes = module.facts.scopes
        scope = scopes[scope_number]
        name = scopes[scope.parent].name if scope.name == "__init__" else scope.name
        for caller, term in self._project.call_sites.spelt(name):
            entry = caller.facts.terms[term]
            if _is_of_display(caller.facts.terms, entry[1]):
                continue
            around = self._project.frame_of_scope(caller, caller.code_scope_of(term))
            for option in options_of(self._project.values.evaluate(around, entry[1])):
                if isinstance(option, ClassValue):
                    made = self._project.values.evaluate(around, term)
                    option = self._project.members.attribute(made, "__init__")
                if _is(option, module, scope_number):
                    arguments = self._project.calls.arguments(around, entry, term)
                    frame = self._project.calls.single_frame(option, arguments)
                    yield SingleCall(Place(caller.path, term), frame)
        yield from self._as_decorator(module, scope_number, scope.name)
        if scope.parent and scopes[scope.parent].kind == "function":
            yield from self._as_decorator(module, scope_number, scopes[scope.parent].name)

    def _as_decorator(self, module: Module, scope_number: int, name: str) -> Iterator[SingleCall]:
        """The functions that a function decorates, itself or as what one of this name gives."""
        for caller, number, term in self._project.call_sites.decorators_spelt(name):
            around = self._project.frame_of_scope(caller, caller.code_scope_of(term))
            entry = caller.facts.terms[term]
            decorated = FunctionValue(around, number)
            # The term of a bare name may be where that is bound.
            at = term if entry[0] == t.CALL else definition_term(caller, number)
            for decorator in self._decorators(around, entry, term):
                if _is(decorator, module, scope_number):
                    frame = self._project.calls.single_frame(decorator, Arguments((decorated,)))
                    yield SingleCall(Place(caller.path, at), frame, decorated)

    def _decorators(self, around: Frame, entry: t.Term, term: int) -> Iterator[Value]:
        if entry[0] != t.CALL:
            yield from options_of(self._project.values.evaluate(around, term))
            return
        for maker in options_of(self._project.values.evaluate(around, entry[1])):
            if isinstance(maker, FunctionValue):
                arguments = self._project.calls.arguments(around, entry, term)
                outer = self._project.calls.single_frame(maker, arguments)
                for returned in outer.scope.returns:
                    yield from options_of(self._project.values.evaluate(outer, returned))

    def made_for(self, function: FunctionValue) -> list[FunctionValue]:
        """A function that is made anew for each function that is decorated, one for each of them:
        ``control`` of ``def register(view): async def control(request): await view(request)``.
        """
        maker = function.frame
        if not maker.scope_number or not maker.arguments or any(maker.arguments):
            return []
        # Once for all that is registered so: each of hundreds would make a frame for each.
        known: dict[Hashable, list[FunctionValue]]
        known = self._project.framework_data.setdefault("single_calls.made_for", {})
        key = (maker.function, function.scope, function.receiver)
        if key not in known:
            known[key] = self._find_made_for(function, maker)
        return known[key]

    def _find_made_for(self, function: FunctionValue, maker: Frame) -> list[FunctionValue]:
        found = []
        for decorator, around, number, below in self._decorated_by.get(maker.function, ()):
            decorated: Value = FunctionValue(around, number)
            for inner in below:
                decorated = self._project.calls.decorated(around, decorated, inner)
            frame = self._project.calls.single_frame(decorator, Arguments((decorated,)))
            found.append(FunctionValue(frame, function.scope, function.receiver))
        return found

    @property
    def _decorated_by(self) -> dict[FunctionKey, list[_Decorated]]:
        """By the functions that serve as decorators: what is decorated."""
        data = self._project.framework_data
        return self._project.cuts.apart(data, "single_calls.decorated_by", self._find_decorated, {})

    def _find_decorated(self, _: str) -> dict[FunctionKey, list[_Decorated]]:
        found: dict[FunctionKey, list[_Decorated]] = {}
        for module in self._project.table.modules:
            for number, scope in enumerate(module.facts.scopes):
                for index, term in enumerate(scope.decorators if scope.is_function else ()):
                    around = self._project.frame_of_scope(module, module.code_scope_of(term))
                    value = self._project.values.evaluate(around, term)
                    if isinstance(value, FunctionValue):
                        below = tuple(reversed(scope.decorators[index + 1 :]))
                        place = (value.module.path, value.scope)
                        entry = _Decorated(value, around, number, below)
                        found.setdefault(place, []).append(entry)
        return found

    def applied(self, names: frozenset[str]) -> Iterator[tuple[SingleCall, CallSite, CallSite]]:
        """Calls of what a call of a parameter gives, ``method(path)(view)``, where the parameter is
        one of these members: for each call of the function around, the call of the parameter and
        that of its result.
        """
        for single, made, term, function in self._of_parameters():
            for option in options_of(function):
                name = self._project.call_sites.resolved(option, names)
                if name is not None:
                    site = CallSite(self._project, single.frame, made, name)
                    yield single, site, CallSite(self._project, single.frame, term, name)

    def _of_parameters(self) -> list[tuple[SingleCall, int, int, Value]]:
        """The calls of what a call of a parameter gives, with what that parameter is."""
        data = self._project.framework_data
        return self._project.cuts.apart(data, "single_calls.of_parameters", self._find_calls, [])

    def _find_calls(self, _: str) -> list[tuple[SingleCall, int, int, Value]]:
        found: list[tuple[SingleCall, int, int, Value]] = []
        for module, term in self._project.call_sites.spelt(OF_A_VALUE):
            terms = module.facts.terms
            made = terms[term][1]
            if terms[made][0] != t.CALL or not _may_be_parameter(module, terms[made][1]):
                continue
            for single in self.of(module, module.code_scope_of(term)):
                function = self._project.values.evaluate(single.frame, terms[made][1])
                found.append((single, made, term, function))
        return found


def _may_be_parameter(module: Module, term: int) -> bool:
    """Whether a term is a parameter, of a function around, too; no builtin or global."""
    entry = module.facts.terms[term]
    if entry[0] != t.NAME:
        return bool(entry[0] == t.PARAM)
    scopes = module.facts.scopes
    number = module.code_scope_of(term)
    while number > 0:
        if entry[1] in scopes[number].bindings or entry[1] in scopes[number].captured:
            return True
        number = scopes[number].parent
    return False


def _is_of_display(terms: list[t.Term], function: int) -> bool:
    """Whether what is called is a method of a list that is written out, which is none of the
    project's: ``found.append(post)`` behind ``found = []``.
    """
    entry = terms[function]
    return entry[0] == t.ATTR and terms[t.unaliased(terms, entry[1])][0] in _DISPLAYS


def _is(value: Value, module: Module, scope_number: int) -> TypeGuard[FunctionValue]:
    return (
        isinstance(value, FunctionValue) and value.module is module and value.scope == scope_number
    )
