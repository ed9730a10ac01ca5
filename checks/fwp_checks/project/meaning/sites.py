"""Where a project calls library functions, or has them as decorators: what frameworks search.

A registration may stand in a function whose parameters have no annotations (``def setup(app): …``).
What they hold is then learnt from the calls of that function.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.rounds import rounds
from fwp_checks.project.meaning.spelt import OF_A_VALUE, Spelt
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    Arguments,
    ClassValue,
    Coroutine,
    External,
    FunctionValue,
    Generator,
    Instance,
    Member,
    Unknown,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project


# A function called from more places than this is no place of registration; nor is a method, by
# whose name methods of other classes are called, too.
_MAX_CALLS = 100
_MAX_METHOD_CALLS = 40
_MAX_FRAMES = 8
_CHAINS = (t.ATTR, t.ITEM, t.CALL, t.NARROW, t.ALIAS, t.AWAIT)


class CallSite:
    """One call of a library function, with its arguments as values."""

    __slots__ = ("_project", "frame", "name", "term")

    def __init__(self, project: Project, frame: Frame, term: int, name: str) -> None:
        self._project = project
        self.frame = frame
        self.term = term
        self.name = name

    @property
    def arguments(self) -> Arguments:
        """The arguments of the call."""
        return self._project.calls.arguments(self.frame, self.frame.module.facts.terms[self.term])

    def handed(self, position: int, keyword: str) -> Value | None:
        """An argument of the call; a method of the object that is being made there is that of the
        object as it is made: ``def __init__(self, app, store): …; app.add_route("/", self.show)``.
        """
        value = self.arguments.get(position, keyword)
        return None if value is None else _of_new(self.frame, value)

    def handed_each(self, position: int, keyword: str) -> Iterator[Value | None]:
        """An argument of the call; that of each round of the loop around it where there are too
        many for one value: ``for path, handler in ROUTES: router.add_get(path, handler)``.
        """
        value = self.handed(position, keyword)
        entry = self.frame.module.facts.terms[self.term]
        given = [term for name, term in entry[3] if name == keyword] if keyword else []
        given += entry[2][position : position + 1] if position >= 0 else ()
        if not isinstance(value, Unknown) or len(given) != 1:
            yield value
            return
        for around in rounds(self._project, self.frame, given):
            yield CallSite(self._project, around, self.term, self.name).handed(position, keyword)


class Decoration:
    """A function under a library's decorator of the canonical ``name``.

    ``around`` is the frame the decorator is evaluated in, ``scope_number`` the function's scope.
    """

    __slots__ = ("_project", "around", "name", "scope_number", "term")

    def __init__(
        self, project: Project, around: Frame, scope_number: int, term: int, name: str
    ) -> None:
        self._project = project
        self.around = around
        self.scope_number = scope_number
        self.term = term
        self.name = name

    @property
    def is_own(self) -> bool:
        """Whether the decorator is the project's own, in place of the library's."""
        entry = self.around.module.facts.terms[self.term]
        called = entry[1] if entry[0] == t.CALL else self.term
        return isinstance(self._project.values.evaluate(self.around, called), FunctionValue)

    @property
    def arguments(self) -> Arguments:
        """The arguments of the decorator, none if it stands there bare."""
        entry = self.around.module.facts.terms[self.term]
        return (
            self._project.calls.arguments(self.around, entry)
            if entry[0] == t.CALL
            else NO_ARGUMENTS
        )

    @property
    def function(self) -> Value:
        """The function as the decorator sees it: with the decorators below applied."""
        calls = self._project.calls
        plain = calls.unbound_frame(self.around, self.scope_number)
        scope = plain.scope
        bound = (
            calls.class_of_method(plain.module, self.scope_number) is not None and plain.arguments
        )
        receiver = plain.arguments[0] if bound else None
        value: Value = FunctionValue(self.around, self.scope_number, receiver)
        for inner in reversed(scope.decorators[scope.decorators.index(self.term) + 1 :]):
            value = calls.decorated(self.around, value, inner)
        return value


class CallSites(Spelt):
    """Finds calls by what they resolve to; the spelling says which are worth resolving."""

    def __init__(self, project: Project) -> None:
        super().__init__(project)
        self._calling: dict[tuple[Module, int, bool, bool], tuple[Frame, ...]] = {}

    def of(
        self,
        names: frozenset[str],
        *,
        imported: bool = False,
        through: frozenset[str] = frozenset(),
    ) -> Iterator[CallSite]:
        """Calls of any of these library names (canonical), in module order.

        A name that ends in ``.member`` also matches the member read through an object of a project
        class that derives from the library's. Common member names are found quicker with
        ``imported`` (the names are functions of modules) or ``through`` (they are read from an
        attribute of one of these names: ``app.on_startup.append``).
        """
        derived = {name for base in names for name in self._derived.get(base, ())}
        last = {name.rpartition(".")[2] for name in names}
        others = {one for name in last for one in self._project.catalogue.other_spellings(name)}
        spellings = sorted(last | others | derived)
        places = {place for name in spellings for place in self._index.get(name, ())}
        for module, term in map(self._place, sorted(places)):
            function = module.facts.terms[term][1]
            if imported and not _is_imported(module, function):
                continue
            if through and not _is_read_from(module, function, through):
                continue
            for frame, name in self._matching(module, term, function, names):
                yield CallSite(self._project, frame, term, name)

    def of_function(
        self, module: Module, number: int
    ) -> Iterator[tuple[Frame, int, FunctionValue | None]]:
        """Calls by the name of a function of the project that may be of it: the frame around, the
        CALL term, and the function as it is bound there; None where something unknown is called.
        """
        for caller, term in self.spelt(module.facts.scopes[number].name):
            frame = self._project.frame_of_scope(caller, caller.code_scope_of(term))
            called = self._project.values.evaluate(frame, caller.facts.terms[term][1])
            for option in options_of(called):
                if isinstance(option, Unknown):
                    yield frame, term, None
                elif isinstance(option, FunctionValue):
                    if option.module is module and option.scope == number:
                        yield frame, term, option

    def decorated(self, names: frozenset[str]) -> Iterator[Decoration]:
        """Functions under a decorator of any of these library names, bare or with arguments."""
        spellings = sorted({name.rpartition(".")[2] for name in names})
        places = [place for spelling in spellings for place in self._decorators.get(spelling, ())]
        for module, number, term in sorted(places, key=lambda place: (place[0].path, place[2])):
            entry = module.facts.terms[term]
            called = entry[1] if entry[0] == t.CALL else term
            for frame, name in self._matching(module, term, called, names, is_decorator=True):
                yield Decoration(self._project, frame, number, term, name)

    def decorated_classes(
        self, names: frozenset[str]
    ) -> Iterator[tuple[ClassValue, Frame, int, str]]:
        """Classes under a decorator of any of these library names: with the frame in which that is
        evaluated, its term and the name.
        """
        spellings = sorted({name.rpartition(".")[2] for name in names})
        index = self._class_decorators
        places = [place for spelling in spellings for place in index.get(spelling, ())]
        for module, number, term in sorted(places, key=lambda place: (place[0].path, place[2])):
            entry = module.facts.terms[term]
            called = entry[1] if entry[0] == t.CALL else term
            for frame, name in self._matching(module, term, called, names):
                yield ClassValue(module, number), frame, term, name

    def applied(self, names: frozenset[str]) -> Iterator[tuple[CallSite, CallSite]]:
        """Calls of what a call of any of these names gives: ``app.get("/")(handler)``.

        The call of the name, and the call of its result.
        """
        for module, term in map(self._place, self._index.get(OF_A_VALUE, ())):
            terms = module.facts.terms
            made = terms[term][1]
            if terms[made][0] != t.CALL:
                continue
            function = terms[made][1]
            ending = f".{self._spelling(module, terms[function])}"
            if not any(name.endswith(ending) for name in names):
                continue
            for frame, name in self._matching(module, term, function, names):
                yield (
                    CallSite(self._project, frame, made, name),
                    CallSite(self._project, frame, term, name),
                )

    # -- frames ------------------------------------------------------------------------------------

    def _matching(
        self,
        module: Module,
        term: int,
        function: int,
        names: frozenset[str],
        *,
        is_decorator: bool = False,
    ) -> Iterator[tuple[Frame, str]]:
        """The frames around a call or decorator in which what is called means one of the names."""
        scope_number = module.code_scope_of(term)
        plain = self._project.frame_of_scope(module, scope_number)
        value = self._project.values.evaluate(plain, function)
        name = self._first(value, names)
        if name is not None:
            yield plain, name
            # The function under a decorator sees the variables around it.
            open_ended = is_decorator or self._differs_by_caller(plain, term)
        else:
            unknown = any(isinstance(option, Unknown) for option in options_of(value))
            open_ended = unknown and _reads_parameter(module, function)
        # Where only arguments differ, calls of other functions tell nothing.
        certain = name is not None
        frames = self._frames_by_calls(module, scope_number, certain=certain) if open_ended else ()
        for frame in frames:
            name = self._first(self._project.values.evaluate(frame, function), names)
            if name is not None:
                yield frame, name

    def _differs_by_caller(self, frame: Frame, term: int) -> bool:
        """Whether what a call is handed may depend on the arguments of the function around it."""
        entry = frame.module.facts.terms[term]
        if entry[0] != t.CALL:
            return False
        for argument in (*entry[2], *(value for _, value in entry[3])):
            if _reads_parameter(frame.module, argument):
                return True
            for option in options_of(self._project.values.evaluate(frame, argument)):
                if isinstance(option, FunctionValue) and option.frame is frame:
                    return True
        return False

    def frames_around(self, module: Module, scope_number: int) -> Iterator[Frame]:
        """The frames in which code of a scope runs, as far as calls in the project tell.

        First the one about whose arguments nothing is known; then those that calls make.
        """
        scope_number = _function_around(module, scope_number)
        yield self._project.frame_of_scope(module, scope_number)
        yield from self._frames_by_calls(module, scope_number)

    def frames_handed(self, module: Module, scope_number: int) -> tuple[Frame, ...]:
        """The frames that calls in the project make of the function around code, where those of
        its parameters count that have an annotation: which application ``app: Flask`` is.
        """
        scope_number = _function_around(module, scope_number)
        return self._frames_by_calls(module, scope_number, annotated=True)

    @staticmethod
    def _called_as(module: Module, scope_number: int) -> str:
        """The name by which a function is called: of a constructor, its class's."""
        scopes = module.facts.scopes
        scope = scopes[scope_number]
        return scopes[scope.parent].name if scope.name == "__init__" else scope.name

    def _frames_by_calls(
        self, module: Module, scope_number: int, *, annotated: bool = False, certain: bool = False
    ) -> tuple[Frame, ...]:
        """The frames that calls make of a function; ``certain``: calls of what is known to be
        another function are not followed to their callers.
        """
        if not scope_number:
            return ()
        key = (module, scope_number, annotated, certain)
        found = self._calling.get(key)
        if found is None:
            self._calling[key] = ()  # a function that calls itself tells nothing
            frames = self._find_frames(module, scope_number, annotated, certain)
            found = self._calling[key] = tuple(frames)
        return found

    def _find_frames(
        self, module: Module, scope_number: int, annotated: bool, certain: bool
    ) -> Iterable[Frame]:
        scopes = module.facts.scopes
        scope = scopes[scope_number]
        places = self._index.get(self._called_as(module, scope_number), ())
        is_method = scopes[scope.parent].kind == "class"
        if len(places) > (_MAX_METHOD_CALLS if is_method else _MAX_CALLS):
            return ()
        plain = self._project.frame_of_scope(module, scope_number)
        if scope.kind != "function" or not (annotated or self._takes_anything(plain)):
            return ()
        found: dict[Frame, None] = {}
        for caller, term in map(self._place, places):
            number = _function_around(caller, caller.scope_of(term))
            arounds = [self._project.frame_of_scope(caller, number)]
            if certain and self._is_of_another(arounds[0], term, plain):
                continue
            arounds += self._frames_by_calls(caller, number, annotated=annotated, certain=certain)
            for around in arounds:
                for frame in self._run_by(around, term):
                    if (
                        frame.module is module
                        and frame.scope_number == scope_number
                        and frame is not plain
                    ):
                        found[frame] = None
                if len(found) >= _MAX_FRAMES:
                    return found
        return found

    def _is_of_another(self, frame: Frame, call: int, plain: Frame) -> bool:
        """Whether what is called is known, and is not the function of a frame."""
        function = frame.module.facts.terms[call][1]
        value = self._project.values.evaluate(frame, function)
        if any(isinstance(option, Unknown) for option in options_of(value)):
            return False
        return all(run.function != plain.function for run in self._run_by(frame, call))

    def _takes_anything(self, frame: Frame) -> bool:
        """Whether annotations leave open what some parameter holds."""
        types = self._project.types
        around = frame.parent or frame
        return any(
            parameter.annotation < 0
            or isinstance(types.annotation(around, parameter.annotation), Unknown)
            for parameter in frame.scope.parameters
        )

    def _run_by(self, frame: Frame, call: int) -> Iterator[Frame]:
        entry = frame.module.facts.terms[call]
        function = self._project.values.evaluate(frame, entry[1])
        made = _of_new(frame, function)
        if made is function:
            outcome = self._project.calls.outcome(frame, call)
        else:
            outcome = self._project.calls.invoke(
                made, self._project.calls.arguments(frame, entry, call)
            )
        yield from outcome.frames()
        if outcome.alternatives == ((),):
            for option in options_of(outcome.result):
                if isinstance(option, (Coroutine, Generator)):
                    yield option.frame

    # -- names -------------------------------------------------------------------------------------

    def _first(self, function: Value, names: frozenset[str]) -> str | None:
        for option in options_of(function):
            name = self.resolved(option, names)
            if name is not None:
                return name
        return None

    def resolved(self, function: object, names: frozenset[str]) -> str | None:
        """Which of these library names a function is; None if it is none."""
        if isinstance(function, (External, Member)):
            if function.name in names:
                return function.name
            owner, _, member = function.name.rpartition(".")
            for base in self._project.catalogue.bases(owner):
                if f"{base}.{member}" in names:
                    return f"{base}.{member}"
            if isinstance(function, Member) and isinstance(function.receiver, Instance):
                return self._inherited(owner, member, function.receiver, names)
        if isinstance(function, ClassValue):
            for base in self._project.classes.info(function).externals:
                if base in names:
                    return base
        if isinstance(function, FunctionValue) and isinstance(function.receiver, Instance):
            return self._overridden(function, function.receiver, names)
        return None

    def _inherited(
        self, owner: str, member: str, receiver: Instance, names: frozenset[str]
    ) -> str | None:
        """The member of another library class that a project class derives from: which of several
        it is inherited from is not always known.
        """
        if not isinstance(receiver.class_, ClassValue):
            return None
        bases = self._project.classes.info(receiver.class_).externals
        found = (f"{base}.{member}" for base in bases if owner in bases)
        return next((name for name in found if name in names), None)

    def _overridden(
        self, method: FunctionValue, receiver: Instance, names: frozenset[str]
    ) -> str | None:
        """The library's method that a project class derived from the library's overrides."""
        if not isinstance(receiver.class_, ClassValue):
            return None
        member = method.module.facts.scopes[method.scope].name
        for base in self._project.classes.info(receiver.class_).externals:
            for owner in (base, *self._project.catalogue.bases(base)):
                if f"{owner}.{member}" in names:
                    return f"{owner}.{member}"
        return None

    @cached_property
    def _derived(self) -> dict[str, set[str]]:
        """The names of the project's classes that derive from each library class."""
        found: dict[str, set[str]] = {}
        for class_, bases in self.derived.items():
            for base in bases:
                found.setdefault(base, set()).add(class_.name)
        return found

    @cached_property
    def derived(self) -> dict[ClassValue, tuple[str, ...]]:
        """The project's classes that derive from library classes, with the names of these."""
        found: dict[ClassValue, tuple[str, ...]] = {}
        for class_ in self._project.classes.with_bases:
            externals = self._project.classes.info(class_).externals
            if externals:
                found[class_] = externals
        return found


def _of_new(frame: Frame, value: Value) -> Value:
    """A method of the object that a frame makes, as a method of what its arguments make of it."""
    if type(value) is not FunctionValue or frame.scope.name != "__init__":
        return value
    receiver = value.receiver
    if frame.arguments[:1] != (receiver,) or not any(frame.arguments[1:]):
        return value
    if type(receiver) is not Instance or receiver.init is not None:
        return value
    return FunctionValue(value.frame, value.scope, replace(receiver, init=frame))


def _function_around(module: Module, scope_number: int) -> int:
    """The function, lambda or module whose code runs in a scope: for a class body, that around."""
    scopes = module.facts.scopes
    while scope_number > 0 and not scopes[scope_number].is_function:
        scope_number = scopes[scope_number].parent
    return scope_number


def _is_imported(module: Module, term: int) -> bool:
    """Whether a term reads as an import and attributes of it: ``web.get``."""
    terms = module.facts.terms
    while terms[term][0] == t.ATTR:
        term = terms[term][1]
    entry = terms[term]
    if entry[0] == t.NAME:
        bound = module.facts.scopes[0].bindings.get(entry[1], -1)
        return bound < 0 or terms[bound][0] in (t.IMPORT, t.JOIN)
    return bool(entry[0] == t.IMPORT)


def _is_read_from(module: Module, term: int, names: frozenset[str]) -> bool:
    """Whether a term is an attribute of an attribute with one of these names."""
    terms = module.facts.terms
    if terms[term][0] != t.ATTR:
        return False
    base = terms[terms[term][1]]
    return bool(base[0] == t.ATTR and base[2] in names)


def _reads_parameter(module: Module, term: int) -> bool:
    """Whether a term is a parameter, a variable of a function around, or read from one."""
    terms = module.facts.terms
    waiting = [term]
    seen = set()
    while waiting:
        term = waiting.pop()
        entry = terms[term]
        if entry[0] == t.PARAM:
            return True
        if entry[0] == t.NAME and entry[1] not in module.facts.scopes[0].bindings:
            return True
        if term not in seen:
            seen.add(term)
            if entry[0] in _CHAINS:
                waiting.append(entry[1])
            elif entry[0] == t.JOIN:
                waiting.extend(entry[1])
    return False
