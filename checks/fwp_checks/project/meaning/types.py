"""Annotations to values: what a name declared ``x: T`` holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.catalogue import parse_value
from fwp_checks.facts import terms as t
from fwp_checks.project.meaning.cuts import Provisional
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.generics import NO_BINDINGS, Bindings, variable_name
from fwp_checks.project.meaning.values import (
    NONE,
    Awaitable,
    CallableValue,
    ClassValue,
    Constant,
    External,
    FunctionValue,
    Instance,
    Iterable,
    Manager,
    MappingValue,
    ModuleValue,
    TupleValue,
    Union,
    Unknown,
    Value,
    is_none,
    join,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_TYPING = (
    "typing.",
    "typing_extensions.",
    "collections.abc.",
    "builtins.",
    "contextlib.",
    "types.",
)
# What an element, or a value, of each container is declared by;
# https://docs.python.org/3/library/typing.html
_ELEMENTS = {
    "list": "list", "List": "list", "set": "set", "Set": "set", "frozenset": "set",
    "FrozenSet": "set", "AbstractSet": "set", "Sequence": "list", "MutableSequence": "list",
    "Collection": "list", "Container": "list", "Reversible": "list", "deque": "list",
    "Deque": "list", "Iterable": "iterable", "Iterator": "iterator", "Generator": "iterator",
}  # fmt: skip
_ASYNC_ELEMENTS = {"AsyncIterator", "AsyncIterable", "AsyncGenerator"}
_MAPPINGS = {
    "dict",
    "Dict",
    "Mapping",
    "MutableMapping",
    "defaultdict",
    "DefaultDict",
    "OrderedDict",
}
_TRANSPARENT = {
    "Final",
    "ClassVar",
    "Required",
    "NotRequired",
    "ReadOnly",
    "InitVar",
    "Unpack",
    "TypeGuard",
    "TypeIs",
}
_CLASSES = {"type", "Type"}
_NOTHING = {
    "Any",
    "object",
    "Callable",
    "Literal",
    "NoReturn",
    "Never",
    "TypeVar",
    "Protocol",
    "Generic",
    "LiteralString",
}


class Types:
    """Evaluates annotations of a project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[tuple[Frame, int, Bindings], Value] = {}

    def annotation(self, frame: Frame, term: int, bound: Bindings = NO_BINDINGS) -> Value:
        """What an object holds that is declared by the annotation at ``term``.

        ``bound`` says what type variables stand for.
        """
        key = (frame, term, bound)
        known = self._known.get(key)
        if known is None or type(known) is Provisional:
            known = self._project.cuts.value(self._known, key, known, self._find)
        return known

    def _find(self, key: tuple[Frame, int, Bindings]) -> Value:
        frame, term, bound = key
        return self._annotation(frame, term, bound)

    def _annotation(self, frame: Frame, term: int, bound: Bindings) -> Value:
        entry = frame.module.facts.terms[term]
        kind = entry[0]
        if kind == t.CONST:
            return NONE if entry[1] is None else Unknown("literal annotation")
        if kind == t.BINARY and entry[1] == "|":
            return join(
                [self.annotation(frame, entry[2], bound), self.annotation(frame, entry[3], bound)]
            )
        if kind == t.ITEM:
            return self._generic(frame, entry, bound)
        if kind == t.SEQUENCE:
            return Unknown("several annotations")
        if bound:
            given = dict(bound).get(variable_name(frame.module.facts.terms, term))
            if given is not None:
                return self.instance(given)
        alias = self._alias(frame, term)
        if alias is not None:
            return alias
        return self.instance(self._project.values.evaluate(frame, term))

    def _alias(self, frame: Frame, term: int) -> Value | None:
        """A name that stands for an annotation expression (``DbSession = Annotated[…]``), here or
        in another module.
        """
        place = self._definition(frame, term)
        if place is None:
            return None
        owner, found = place
        entry = owner.module.facts.terms[found]
        if entry[0] == t.ITEM or (entry[0] == t.BINARY and entry[1] == "|"):
            return self.annotation(owner, found)
        if entry[0] == t.DECLARED and entry[1] >= 0:  # X: TypeAlias = …
            return self.annotation(owner, entry[1])
        return None

    def _definition(self, frame: Frame, term: int, depth: int = 0) -> tuple[Frame, int] | None:
        """The frame and term that a name or an imported name was last bound to."""
        if depth > 8:
            return None
        entry = frame.module.facts.terms[term]
        project = self._project
        if entry[0] == t.NAME:
            return self._global_definition(frame, entry[1], depth)
        if entry[0] == t.IMPORT and entry[2] is not None:
            _, name, attribute, level = entry
            table = project.table
            module = (
                table.find_relative(name, level, frame.module)
                if level
                else table.find(name, frame.module)
            )
            if module is None:
                return None
            return self._global_definition(project.module_frame(module), attribute, depth)
        if entry[0] == t.ATTR:
            base = project.values.evaluate(frame, entry[1])
            if isinstance(base, ModuleValue):
                return self._global_definition(project.module_frame(base.module), entry[2], depth)
            return None
        return frame, term

    def _global_definition(self, frame: Frame, name: str, depth: int) -> tuple[Frame, int] | None:
        module_frame = self._project.module_frame(frame.module)
        found = module_frame.scope.bindings.get(name, -1)
        if found >= 0:
            return self._definition(module_frame, found, depth + 1)
        for imported, level in frame.module.facts.star_imports:
            table = self._project.table
            module = (
                table.find_relative(imported, level, frame.module)
                if level
                else table.find(imported, frame.module)
            )
            if module is not None and module is not frame.module:
                place = self._global_definition(self._project.module_frame(module), name, depth + 1)
                if place is not None:
                    return place
        return None

    def resolve(self, frame: Frame, term: int) -> tuple[Frame, int]:
        """The frame and term an annotation really stands at, through aliases in this and other
        modules.
        """
        for _ in range(8):
            entry = frame.module.facts.terms[term]
            if entry[0] == t.DECLARED and entry[1] >= 0:
                term = entry[1]
                continue
            if entry[0] not in (t.NAME, t.IMPORT, t.ATTR):
                break
            place = self._definition(frame, term)
            if place is None or place == (frame, term):
                break
            frame, term = place
        return frame, term

    def metadata(self, frame: Frame, term: int) -> list[tuple[Frame, int]]:
        """The further arguments of ``Annotated[T, …]`` behind an annotation, with the frame to
        evaluate them in.
        """
        if term < 0:
            return []
        frame, term = self.resolve(frame, term)
        terms = frame.module.facts.terms
        entry = terms[term]
        if entry[0] == t.ITEM and self._last_name(frame, entry[1]) == "Annotated":
            arguments = self._arguments(terms, entry[2])
            inner = self.metadata(frame, arguments[0]) if arguments else []
            return inner + [(frame, argument) for argument in arguments[1:]]
        if entry[0] == t.ITEM and self._last_name(frame, entry[1]) == "Optional":
            return self.metadata(frame, entry[2])
        if entry[0] == t.BINARY and entry[1] == "|":
            return self.metadata(frame, entry[2]) + self.metadata(frame, entry[3])
        return []

    # -- generics ----------------------------------------------------------------------------------

    def _last_name(self, frame: Frame, term: int) -> str:
        value = self._project.values.evaluate(frame, term)
        if isinstance(value, External) and value.name.startswith(_TYPING):
            return value.name.rpartition(".")[2]
        return ""

    @staticmethod
    def _arguments(terms: list[t.Term], term: int) -> tuple[int, ...]:
        entry = terms[term]
        return tuple(entry[2]) if entry[0] == t.SEQUENCE else (term,)

    def _generic(self, frame: Frame, entry: t.Term, bound: Bindings) -> Value:
        terms = frame.module.facts.terms
        arguments = self._arguments(terms, entry[2])
        name = self._last_name(frame, entry[1])
        if not name:
            return self._generic_class(frame, entry[1], arguments, bound)
        if not arguments:
            return Unknown(f"{name}[]")
        first = arguments[0]
        if name == "Annotated" or name in _TRANSPARENT:
            return self.annotation(frame, first, bound)
        if name == "Optional":
            return join([self.annotation(frame, first, bound), NONE])
        if name == "Union":
            return join([self.annotation(frame, argument, bound) for argument in arguments])
        if name in _ELEMENTS:
            return Iterable(self.annotation(frame, first, bound), _ELEMENTS[name])
        if name in _ASYNC_ELEMENTS:
            return Iterable(self.annotation(frame, first, bound), "iterator", is_async=True)
        if name in _MAPPINGS:
            return MappingValue(self.annotation(frame, arguments[-1], bound))
        if name in ("tuple", "Tuple"):
            return self._tuple(frame, arguments, bound)
        if name in _CLASSES:
            return self.class_of(self.annotation(frame, first, bound))
        if name in ("Awaitable", "Coroutine"):
            return Awaitable(self.annotation(frame, arguments[-1], bound))
        if name == "AbstractContextManager" or name == "ContextManager":
            return Manager(self.annotation(frame, first, bound), None, is_async=False)
        if name in ("AbstractAsyncContextManager", "AsyncContextManager"):
            return Manager(self.annotation(frame, first, bound), None, is_async=True)
        if name == "Callable":
            return CallableValue(self.annotation(frame, arguments[-1], bound))
        return Unknown(f"annotation {name}[…]")

    def _tuple(self, frame: Frame, arguments: tuple[int, ...], bound: Bindings) -> Value:
        terms = frame.module.facts.terms
        if len(arguments) == 2 and terms[arguments[1]] == (t.CONST, ...):
            return Iterable(self.annotation(frame, arguments[0], bound), "tuple")
        return TupleValue(tuple(self.annotation(frame, argument, bound) for argument in arguments))

    def _generic_class(
        self, frame: Frame, base: int, arguments: tuple[int, ...], bound: Bindings
    ) -> Value:
        value = self.annotation(frame, base, bound)
        if not isinstance(value, Instance):
            return value
        if isinstance(value.class_, str) and self._is_transparent(value.class_):
            return self.annotation(frame, arguments[0], bound)
        if isinstance(value.class_, ClassValue):
            if not self._project.generics.variables(value.class_):
                return value
        values = tuple(self.class_named(frame, argument, bound) for argument in arguments)
        if isinstance(value.class_, ClassValue) and all(isinstance(v, Unknown) for v in values):
            return value
        return Instance(value.class_, value.init, values, value.details)

    def _is_transparent(self, class_name: str) -> bool:
        """Whether a library's ``X[T]`` stands for an object of ``T``."""
        gives = self._project.catalogue.gives
        return gives(f"{class_name}.__class_getitem__", "call") == "instance[0]"

    def class_named(self, frame: Frame, term: int, bound: Bindings = NO_BINDINGS) -> Value:
        """The class that a type argument names."""
        return self.class_of(self.annotation(frame, term, bound))

    @staticmethod
    def class_of(instance: Value) -> Value:
        """The class that objects of this kind have."""
        if isinstance(instance, Instance):
            return (
                instance.class_
                if isinstance(instance.class_, ClassValue)
                else External(instance.class_)
            )
        if isinstance(instance, Union):
            return join([Types.class_of(option) for option in instance.options])
        return Unknown("class of something unknown")

    # -- classes -----------------------------------------------------------------------------------

    def instance(self, class_: Value) -> Value:
        """An object of a class that an annotation or a test names."""
        if isinstance(class_, ClassValue):
            return self._project_instance(class_)
        if isinstance(class_, External):
            return self._external_instance(class_.name)
        if isinstance(class_, Union):
            return join([self.instance(option) for option in class_.options])
        if is_none(class_):
            return NONE
        if isinstance(class_, Constant):
            return Unknown("annotation is a literal")
        if isinstance(class_, CallableValue):
            return class_.result  # NewType("UserId", T) annotates a T
        if isinstance(class_, FunctionValue):
            return Unknown("annotation is a function")
        if isinstance(class_, Unknown):
            return class_
        return Unknown("annotation is no class")

    def _project_instance(self, class_: ClassValue) -> Value:
        return Instance(class_)

    def _external_instance(self, name: str) -> Value:
        root, _, last = name.rpartition(".")
        if root + "." in _TYPING:
            if last in _NOTHING or last in (
                "Awaitable",
                "Coroutine",
                "Hashable",
                "Sized",
                "SupportsInt",
            ):
                return Unknown(f"annotation {last}")
            if last in _ELEMENTS:
                return Iterable(Unknown(f"element of a bare {last}"), _ELEMENTS[last])
            if last in _ASYNC_ELEMENTS:
                return Iterable(Unknown(f"element of a bare {last}"), "iterator", is_async=True)
            if last in _MAPPINGS:
                return MappingValue(Unknown(f"value of a bare {last}"))
            if last in _CLASSES or last in ("Self", "Optional", "Union", "tuple", "Tuple"):
                return Unknown(f"annotation {last}")
        return Instance(self._made_by(name))

    def _made_by(self, name: str) -> str:
        """The class whose objects a library's function makes that stands for it in annotations:
        ``queue: multiprocessing.Queue``; a class as it is.
        """
        catalogue = self._project.catalogue
        rows = () if catalogue.is_type(name) else catalogue.gives_rows(name, "call")
        for row in rows:
            made = parse_value(row.value)
            if made.kind == "type" and not (row.unless or row.when):
                return made.name
        return name
