"""What a test says of a value: ``if user is not None``, ``assert isinstance(self.engine, Engine)``.

Local names carry it in their terms (NARROW). Of attributes and of names from outside it holds where
the test has succeeded, or has failed, as long as the function assigns no attribute of that name in
between.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.mappings import roots_of
from fwp_checks.project.meaning.origins import origin_of
from fwp_checks.project.meaning.tested import parts, tests_in
from fwp_checks.project.meaning.values import (
    NONE,
    ClassValue,
    Constant,
    Coroutine,
    External,
    FunctionValue,
    Generator,
    Instance,
    Member,
    ModuleValue,
    Partial,
    TupleValue,
    Union,
    Unknown,
    Value,
    Wrapped,
    join,
    options_of,
    without_none,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

Read = tuple[object, ...]
"""A variable of a function and what is read of it."""

TRUTHY = (
    Instance,
    FunctionValue,
    ClassValue,
    External,
    ModuleValue,
    Wrapped,
    Partial,
    Coroutine,
    Generator,
)
"""Values that are true, as long as no method of theirs says otherwise."""


_PLAIN: frozenset[str] = frozenset(
    f"builtins.{name}" for name in ("bool", "bytearray", "bytes", "float", "int", "str")
)
_ABSTRACT: tuple[str, ...] = ("collections.abc.", "typing.", "numbers.", "os.PathLike")
_OF_METHODS: frozenset[Value] = frozenset(
    External(f"builtins.{name}") for name in ("classmethod", "property", "staticmethod")
)
# Nothing comes from here, so other paths say what it is.
_RULED_OUT = Unknown("ruled out by a test", replaceable=True)


class _Tested(NamedTuple):
    """``isinstance(tested, class_)`` has said yes (``holds``) or no from ``start`` to ``end``."""

    start: int
    end: int
    call: int
    tested: int
    class_: int
    holds: bool


class Narrowing:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[Module, dict[str, list[_Tested]]] = {}

    def narrowed(self, frame: Frame, value: Value, entry: t.Term) -> Value:
        """What is left of a value where the test of a NARROW term has succeeded."""
        test: str = entry[2]
        class_: int = entry[3]
        if test in ("truthy", "not-none"):
            return without_none(value)
        if test == "falsy":
            kept = [o for o in options_of(value) if not isinstance(o, TRUTHY)]
            return join(kept) if kept else value
        if test == "none":
            return NONE
        if test == "instance":
            is_never = self._is_never(frame, value, entry[1], class_)
            return _RULED_OUT if is_never else self._to(frame, value, class_)
        if test == "not-instance":
            return self._away(frame, value, class_)
        if test in ("coroutine-function", "not-coroutine-function"):
            return self._by_coroutine_function(value, test == "coroutine-function")
        return value

    # -- attributes, and names from outside --------------------------------------------------------

    def of_attribute(self, frame: Frame, term: int, value: Value) -> Value:
        """What is left of the value of an ATTR term where it stands."""
        if not isinstance(value, (Union, Unknown)):
            return value
        return self._where(frame, term, term, value)

    def of_name(self, frame: Frame, name: int, at: int, value: Value) -> Value:
        """What is left of a value that a NAME term gives, for a term that reads it."""
        if type(value) is not Union or frame.module.facts.terms[name][0] != t.NAME:
            return value
        return self._where(frame, name, at, value)

    def _where(self, frame: Frame, read: int, at: int, value: Value) -> Value:
        module = frame.module
        terms = module.facts.terms
        known = self._known.get(module)
        if known is None:
            calls = self._project.call_sites.spelt_in(module, ("isinstance",))
            known = self._known[module] = self._find(module, calls)
        entry = terms[read]
        for tested in known.get(entry[2] if entry[0] == t.ATTR else entry[1], ()):
            if (
                tested.start <= at < tested.end
                and module.scope_of(at) == module.scope_of(tested.call)
                and is_same(terms, read, tested.tested)
                and not _is_assigned(module, tested, at)
            ):
                if tested.holds:
                    return self._to(frame, value, tested.class_)
                value = self._away(frame, value, tested.class_)
        return value

    @staticmethod
    def _find(module: Module, calls: list[int]) -> dict[str, list[_Tested]]:
        """The tests of a module, by the names of the attributes or variables."""
        terms = module.facts.terms
        found: dict[str, list[_Tested]] = {}
        for call in calls:
            entry = terms[call]
            if terms[entry[1]] != (t.NAME, "isinstance") or len(entry[2]) != 2:
                continue
            tested, class_ = entry[2]
            read = terms[tested]
            if read[0] != t.ATTR and read[0] != t.NAME:
                continue
            name = read[2] if read[0] == t.ATTR else read[1]
            for start, end, holds in _stretches(module, call):
                found.setdefault(name, []).append(_Tested(start, end, call, tested, class_, holds))
        return found

    # -- classes -----------------------------------------------------------------------------------

    def _to(self, frame: Frame, value: Value, class_term: int) -> Value:
        wanted = self._project.values.evaluate(frame, class_term)
        classes = wanted.items if isinstance(wanted, TupleValue) else options_of(wanted)
        if not all(isinstance(c, (ClassValue, External)) for c in classes):
            return value
        if _OF_METHODS.issuperset(classes):
            return self._to_wrapped(value, classes)
        fitting = [
            o for o in options_of(value) if isinstance(o, Instance) and self._fits(o, classes)
        ]
        if fitting:
            return join(list(fitting))
        return join([self._project.types.instance(c) for c in classes])

    @staticmethod
    def _to_wrapped(value: Value, classes: tuple[Value, ...]) -> Value:
        """What is left of a function where it is asked whether a descriptor of Python holds it."""
        options = options_of(value)
        if not all(isinstance(option, (FunctionValue, Wrapped)) for option in options):
            return value
        kept: list[Value] = [
            option
            for option in options
            if isinstance(option, Wrapped) and External(f"builtins.{option.how}") in classes
        ]
        return join(kept) if kept else _RULED_OUT

    def _is_never(self, frame: Frame, value: Value, term: int, class_term: int) -> bool:
        """Whether a variable holds nothing but queries that are known to be made, or literals and
        objects of the language that libraries give, and is asked for a library's class that has no
        such objects.

        What is only declared to be of a class may be of another one: there the test knows better.
        """
        options = options_of(value)
        are_queries = all(map(_is_query, options))
        if not are_queries and not all(isinstance(o, Constant) or _is_plain(o) for o in options):
            return False
        if not are_queries and not any(map(_is_plain, options)):
            return False
        wanted = self._project.values.evaluate(frame, class_term)
        classes = wanted.items if isinstance(wanted, TupleValue) else options_of(wanted)
        catalogue = self._project.catalogue
        for class_ in classes:
            if (
                not isinstance(class_, External)
                or class_.name.startswith((*_ABSTRACT, "builtins."))
                or not catalogue.is_type(class_.name)
            ):
                return False
        if are_queries:
            return not any(self._may_fit(o, classes) for o in options if isinstance(o, Instance))
        return all(self._is_given(frame, root) for root in roots_of(frame.module.facts.terms, term))

    def _is_given(self, frame: Frame, term: int) -> bool:
        """Whether a term is a literal, or what a library's function or method gives."""
        terms = frame.module.facts.terms
        if terms[term][0] == t.AWAIT:
            term = terms[term][1]
        if terms[term][0] != t.CALL:
            return bool(terms[term][0] == t.CONST)
        called = options_of(self._project.values.evaluate(frame, terms[term][1]))
        return all(isinstance(function, (External, Member)) for function in called)

    def _away(self, frame: Frame, value: Value, class_term: int) -> Value:
        wanted = self._project.values.evaluate(frame, class_term)
        classes = wanted.items if isinstance(wanted, TupleValue) else options_of(wanted)
        kept = [
            o for o in options_of(value) if not (isinstance(o, Instance) and self._fits(o, classes))
        ]
        return join(kept) if kept else _RULED_OUT

    def _may_fit(self, instance: Instance, classes: tuple[Value, ...]) -> bool:
        """Whether an object is of one of these classes, or may be: of one that derives from its."""
        own = instance.class_
        derived = [self._project.types.instance(c) for c in classes] if isinstance(own, str) else []
        return self._fits(instance, classes) or any(
            self._project.classes.is_instance(one, str(own)) for one in derived
        )

    def _fits(self, instance: Instance, classes: tuple[Value, ...]) -> bool:
        own = instance.class_
        for class_ in classes:
            if isinstance(class_, External) and self._project.classes.is_instance(
                instance, class_.name
            ):
                return True
            if (
                isinstance(class_, ClassValue)
                and isinstance(own, ClassValue)
                and class_ in self._project.classes.info(own).order
            ):
                return True
        return False

    def _by_coroutine_function(self, value: Value, wanted: bool) -> Value:
        kept = []
        for option in options_of(value):
            is_async = self._project.calls.is_async(option)
            if is_async is None or is_async is wanted:
                kept.append(option)
        return join(kept) if kept else _RULED_OUT


def _is_query(value: Value) -> bool:
    """Whether a value is a query, and not one of its rows."""
    origin = origin_of(value)
    return origin is not None and origin.consumed is None


def _is_plain(value: Value) -> bool:
    """Whether a value is an object of a class of the language."""
    return isinstance(value, Instance) and value.class_ in _PLAIN


def is_same(terms: list[t.Term], one: int, other: int) -> bool:
    """Whether two terms of a function read the same variable or attribute, or the same item of
    one.
    """
    one, other = t.unaliased(terms, one), t.unaliased(terms, other)
    if one == other or terms[one][0] != terms[other][0]:
        return one == other
    return what_is_read(terms, one) == what_is_read(terms, other)


def what_is_read(terms: list[t.Term], term: int) -> Read:
    """The variable, attribute or item that a term of a function reads: equal for terms of which
    :func:`is_same` is true.
    """
    term = t.unaliased(terms, term)
    entry = terms[term]
    if entry[0] == t.ATTR:
        return (*what_is_read(terms, entry[1]), entry[2])
    if entry[0] == t.ITEM:
        key = terms[entry[2]]
        read = key if key[0] == t.CONST else what_is_read(terms, entry[2])
        return (*what_is_read(terms, entry[1]), read)
    return (entry,) if entry[0] in (t.NAME, t.PARAM) else (term,)


def _stretches(module: Module, call: int) -> Iterator[tuple[int, int, bool]]:
    """Where a test has succeeded or failed: in branches, behind those that leave, behind an
    ``assert``.
    """
    terms = module.facts.terms
    number = module.scope_of(call)
    for test in tests_in(module, number):
        if test.term == call:
            yield test.start, test.end, test.holds
    scope = module.facts.scopes[number]
    for statement in module.facts.statements_of(scope) if scope.kind == "function" else ():
        if statement.kind == "assert" and statement.start <= call < statement.end:
            if any(
                any(part == (call, True) for part in parts(terms, term, holds=True))
                and not any(term in _operands(terms[after]) for after in range(term, statement.end))
                for term in range(call, statement.end)
            ):
                yield statement.end, scope.end, True


def _operands(entry: t.Term) -> tuple[int, ...]:
    """What ``not``, ``and`` and ``or`` are made of."""
    if entry[0] == t.UNARY:
        return (entry[2],)
    return entry[2] if entry[0] == t.BOOL else ()


def _is_assigned(module: Module, tested: _Tested, term: int) -> bool:
    """Whether an attribute of that name is assigned between a test and a use."""
    terms = module.facts.terms
    if terms[tested.tested][0] != t.ATTR:
        return False
    name = terms[tested.tested][2]
    return any(
        tested.call < store < term and terms[store][2] == name
        for store in module.attribute_writes_in(module.code_scope_of(tested.call))
    )
