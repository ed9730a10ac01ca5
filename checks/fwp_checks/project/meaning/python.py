"""What the standard library's own tools do with values: partial, cast, containers, iteration,
decorators.

Everything that blocks is in the catalogue; here are the functions whose result depends on their
arguments in a way that a row cannot say. Sources: https://docs.python.org/3/library/ (functions,
functools, contextlib, typing, asyncio).
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import TYPE_CHECKING

from fwp_checks.project.meaning.branches import performs
from fwp_checks.project.meaning.origins import consumed_at, is_traced
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    NONE,
    RECURSIVE,
    Arguments,
    Awaitable,
    CallableValue,
    ClassValue,
    Constant,
    Coroutine,
    External,
    GlobalsValue,
    Instance,
    Iterable,
    Manager,
    MappingValue,
    Partial,
    TupleValue,
    Unknown,
    Value,
    Wrapped,
    is_informative,
    join,
    names_in,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

BUILTINS: dict[str, Value] = {name: External(f"builtins.{name}") for name in dir(builtins)}
BUILTINS["__debug__"] = Constant(True)

DECORATORS: dict[str, str] = {
    "builtins.property": "property",
    "abc.abstractproperty": "property",
    "functools.cached_property": "cached_property",
    "django.utils.functional.cached_property": "cached_property",
    "werkzeug.utils.cached_property": "cached_property",
    "sqlalchemy.ext.hybrid.hybrid_property": "property",
    "pydantic.computed_field": "property",
    # https://github.com/django/django/blob/5.2/django/utils/functional.py
    "django.utils.functional.classproperty": "classproperty",
    "builtins.staticmethod": "staticmethod",
    "builtins.classmethod": "classmethod",
    "contextlib.contextmanager": "contextmanager",
    "contextlib.asynccontextmanager": "asynccontextmanager",
}

# A decorator that has been given its options and now gives its function back.
IDENTITY = "builtins.identity"

# A module that is made at run time.
MODULE = Instance("types.ModuleType")

Known = Callable[["Project", Arguments, "Value | None"], "Value | None"]


def _first(arguments: Arguments) -> Value:
    return arguments.positional[0] if arguments.positional else Unknown("no argument")


def _partial(_project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
    if not arguments.positional:
        return None
    return Partial(arguments.positional[0], arguments.positional[1:], arguments.keywords)


def _cast(project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
    declared = project.types.instance(_first(arguments))
    if not is_informative(declared) and arguments.site is not None and arguments.terms:
        # Of Union[int, str] and list[int] the value says nothing, but how they are written.
        path, at = arguments.site
        module = project.table.by_path[path]
        around = project.frame_of_scope(module, module.code_scope_of(at))
        declared = project.types.annotation(around, arguments.terms[0])
    return declared if is_informative(declared) else arguments.get(1)


def _getattr(project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
    names = names_in(arguments.get(1))
    if not names:
        return Unknown("attribute whose name is computed")
    found = [project.members.attribute(_first(arguments), name) for name in names]
    default = arguments.get(2)
    view = _first(arguments)
    if default is not None and len(names) == 1 and isinstance(view, Instance) and performs(view):
        class_ = view.class_
        if isinstance(class_, ClassValue):
            bound = project.members.find_in_class(class_, names[0])
            return default if bound is None else found[0]
    return join([*found, default] if default is not None else found)


def _import_module(project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
    """https://docs.python.org/3/library/importlib.html#importlib.import_module"""
    names = names_in(arguments.get(0, "name"))
    origin = project.table.by_path.get(arguments.site[0]) if arguments.site else None
    found: list[Value] = []
    if origin is None:
        return None
    for name in names:
        rest = name.lstrip(".")
        level = len(name) - len(rest)
        for package in names_in(arguments.get(1, "package")) if level else [""]:
            parts = package.split(".") if package else []
            parts = parts[: len(parts) - level + 1] if level else parts
            dotted = ".".join([*parts, rest] if rest else parts)
            found.append(project.values.imported(origin, dotted, None, 0))
    return join(found) if found else Unknown("module whose name is computed")


def _globals(project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
    module = project.table.by_path.get(arguments.site[0]) if arguments.site else None
    return GlobalsValue(module) if module is not None else None


def _global(project: Project, arguments: Arguments, receiver: Value | None) -> Value | None:
    if not isinstance(receiver, GlobalsValue):
        return None
    default = arguments.get(1)
    found = project.members.item(receiver, arguments.get(0))
    return join([found, default]) if default is not None else found


def _same(_project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
    return _first(arguments)


def _identity_decorator(
    _project: Project, arguments: Arguments, _receiver: Value | None
) -> Value | None:
    function = arguments.get(0)
    return function if function is not None and is_informative(function) else External(IDENTITY)


def _wraps(_project: Project, _arguments: Arguments, _receiver: Value | None) -> Value | None:
    return External(IDENTITY)


def _elements_as(kind: str) -> Known:
    def known(project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
        if not arguments.positional:
            return Iterable(RECURSIVE, kind)
        return Iterable(project.protocols.element(arguments.positional[0]), kind)

    return known


def _element(project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
    if len(arguments.positional) > 1 and not arguments.keywords:
        return join(list(arguments.positional))
    return project.protocols.element(_first(arguments))


def _next(project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
    """An element, or the default."""
    element = project.protocols.element(_first(arguments))
    return join([element, *arguments.positional[1:2]])


def _async_element(project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
    return Awaitable(project.protocols.element(_first(arguments)))


def _enumerate(project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
    element = project.protocols.element(_first(arguments))
    return Iterable(TupleValue((Instance("builtins.int"), element)), "iterator")


def _zip(project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
    elements = tuple(project.protocols.element(value) for value in arguments.positional)
    return Iterable(TupleValue(elements), "iterator")


def _map(project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
    given = handed("builtins.map", project, arguments)
    return Iterable(project.calls.invoke(_first(arguments), given).result, "iterator")


# Which arguments these take elements from, for the function that they call with each.
_ELEMENTWISE = {
    "builtins.map": slice(1, None),
    **dict.fromkeys(("builtins.filter", "itertools.takewhile"), slice(1, 2)),
    **dict.fromkeys(("itertools.dropwhile", "itertools.filterfalse"), slice(1, 2)),
    **dict.fromkeys(("builtins.sorted", "itertools.groupby"), slice(0, 1)),
    **dict.fromkeys(("builtins.min", "builtins.max"), slice(0, 1)),
    **dict.fromkeys(("heapq.nlargest", "heapq.nsmallest", "functools.reduce"), slice(1, 2)),
}


def handed(
    name: str, project: Project, arguments: Arguments, receiver: Value | None = None
) -> Arguments:
    """What a library function hands to a function that it is given: elements, one after the other,
    or nothing that is known.
    """
    if arguments.site is None:
        return NO_ARGUMENTS
    taken = _ELEMENTWISE.get(name)
    of: tuple[Value, ...] = ()
    if taken is not None:
        of = arguments.positional[taken]
    elif name == "builtins.list.sort" and receiver is not None:
        of = (receiver,)
    elements = [project.protocols.element(value) for value in of]
    found = [consumed_at(element, *arguments.site) for element in elements]
    if name == "functools.reduce":
        found.insert(0, Unknown("what was reduced so far"))
    return Arguments(tuple(found)) if found else NO_ARGUMENTS


def _filter(project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
    return Iterable(
        project.protocols.element(arguments.get(1) or Unknown("no argument")), "iterator"
    )


def _chain(project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
    return Iterable(
        join([project.protocols.element(value) for value in arguments.positional]), "iterator"
    )


def _chained(project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
    element = project.protocols.element(project.protocols.element(_first(arguments)))
    return Iterable(element, "iterator")


def _groups(project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
    group = Iterable(project.protocols.element(_first(arguments)), "iterator")
    return Iterable(TupleValue((Unknown("key of a group"), group)), "iterator")


def _batches(project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
    return Iterable(Iterable(project.protocols.element(_first(arguments)), "tuple"), "iterator")


def _defaulting(project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
    factory = arguments.get(0)
    if factory is None or factory == Constant(None):
        return MappingValue(RECURSIVE)
    return MappingValue(project.calls.invoke(factory, NO_ARGUMENTS).result)


def _addresses(_project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
    """``(family, type, protocol, name, address)`` each, of the type of socket that was asked for,
    https://docs.python.org/3/library/socket.html#socket.getaddrinfo
    """
    kind = arguments.get(3, "type")
    if not isinstance(kind, External):
        return None
    other = Unknown("part of an address")
    return Iterable(TupleValue((other, kind, other, other, other)), "list")


def _attribute_getter(
    _project: Project, arguments: Arguments, _receiver: Value | None
) -> Value | None:
    return Partial(External(ATTRIBUTE_GETTER), arguments.positional, ())


def _gotten(project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
    *names, value = arguments.positional
    if len(names) != 1 or not isinstance(names[0], Constant):
        return None
    for part in str(names[0].value).split("."):
        value = project.members.attribute(value, part)
    return value


def _type(_project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
    value = _first(arguments)
    if len(arguments.positional) == 1 and isinstance(value, Instance):
        return value.class_ if isinstance(value.class_, ClassValue) else External(value.class_)
    return Unknown("type of something unknown")


def _module(_project: Project, _arguments: Arguments, _receiver: Value | None) -> Value | None:
    return MODULE


def _type_variable(project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
    bound = arguments.get(-1, "bound")
    if isinstance(bound, (ClassValue, External)):
        return CallableValue(project.types.instance(bound))
    return Unknown("type variable")


def _new_type(project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
    return CallableValue(project.types.instance(arguments.get(1) or Unknown("no argument")))


def _dict(_project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
    items: dict[object, Value] = {}
    value: Value = RECURSIVE
    for given in arguments.positional[:1]:
        if isinstance(given, MappingValue):
            items.update(given.items)
            value = given.value
        else:
            value = Unknown("mapping made of something unknown")
    items.update(arguments.keywords)
    if not arguments.complete:
        value = Unknown("mapping made of hidden arguments")
    return MappingValue(value, tuple(items.items()))


def _dict_value(_project: Project, arguments: Arguments, receiver: Value | None) -> Value | None:
    if not isinstance(receiver, MappingValue):
        return None
    key = arguments.get(0)
    default = arguments.get(1)
    if isinstance(key, Constant):
        held = [value for known, value in receiver.items if known == key.value]
        if held:
            return join(held)
        if receiver.items and receiver.value is RECURSIVE:
            # All that it holds is spelt out, and nothing stands under this key.
            return default if default is not None else NONE
    found: list[Value] = [receiver.value, *[value for _, value in receiver.items]]
    if default is not None:
        found.append(default)
    return join(found)


def _dict_values(_project: Project, _arguments: Arguments, receiver: Value | None) -> Value | None:
    if not isinstance(receiver, MappingValue):
        return None
    return Iterable(join([receiver.value, *[value for _, value in receiver.items]]), "iterator")


def _dict_items(_project: Project, _arguments: Arguments, receiver: Value | None) -> Value | None:
    if not isinstance(receiver, MappingValue):
        return None
    value = join([receiver.value, *[value for _, value in receiver.items]])
    return Iterable(TupleValue((Unknown("key of a mapping"), value)), "iterator")


def _list_item(project: Project, arguments: Arguments, receiver: Value | None) -> Value | None:
    if receiver is None:
        return None
    item = project.protocols.element(receiver)
    module = project.table.by_path.get(arguments.site[0]) if arguments.site else None
    if module is not None and arguments.site is not None and is_traced(item):
        path, term = arguments.site
        if project.emptied.loop_of(module, term) is not None:
            return consumed_at(item, path, term)
    return item


def _receiver(_project: Project, _arguments: Arguments, receiver: Value | None) -> Value | None:
    return receiver


def _closing(_project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
    return Manager(_first(arguments), None, is_async=False)


def _nullcontext(_project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
    return Manager(arguments.get(0, "enter_result") or Constant(None), None, is_async=False)


def _enter_context(project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
    return project.protocols.entered(_first(arguments), is_async=False)


def _enter_async_context(
    project: Project, arguments: Arguments, _receiver: Value | None
) -> Value | None:
    return Awaitable(project.protocols.entered(_first(arguments), is_async=True))


def _awaiting(project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
    value = _first(arguments)
    if isinstance(value, (Coroutine, Awaitable)):
        return Awaitable(project.values.awaited(value))
    return Awaitable(Unknown("result of a task"))


def _task(project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
    value = _first(arguments)
    known = isinstance(value, (Coroutine, Awaitable))
    result = project.values.awaited(value) if known else Unknown("result of a task")
    return Instance("asyncio.Task", arguments=(result,))


def _run(project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
    return project.values.awaited(_first(arguments))


def _wrapping(how: str) -> Known:
    def known(_project: Project, arguments: Arguments, _receiver: Value | None) -> Value | None:
        return Wrapped(how, arguments.positional[0]) if arguments.positional else None

    return known


def _namedtuple(_project: Project, _arguments: Arguments, _receiver: Value | None) -> Value | None:
    return Unknown("class made by namedtuple")


# What puts the arguments after the first into a text, if nobody has set the level higher: from
# warnings upwards messages are put out by default,
# https://docs.python.org/3/howto/logging.html#when-to-use-logging
_LEVELS = ("warning", "error", "critical", "exception")
LOGGED = frozenset(
    f"{owner}.{level}" for owner in ("logging", "logging.Logger") for level in _LEVELS
)

# Builtin functions that call a special method of their first argument: the first of these that it
# has.
SPECIAL_METHODS: dict[str, tuple[str, ...]] = {
    "builtins.len": ("__len__",),
    "builtins.bool": ("__bool__", "__len__"),
    # What has no __next__ is an iterator that stands for what it iterates.
    "builtins.next": ("__next__", "__iter__"),
    "builtins.repr": ("__repr__",),
    "builtins.str": ("__str__", "__repr__"),
    "builtins.print": ("__str__", "__repr__"),
    "builtins.str.format": ("__str__", "__repr__"),
    **dict.fromkeys(LOGGED, ("__str__", "__repr__")),
}

# Functions that compare the elements of a container, with each other or with their first argument:
# the first of these methods that an element has.
COMPARING: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("builtins.sorted", "builtins.min", "builtins.list.sort"), ("__lt__",)),
    "builtins.max": ("__gt__", "__lt__"),
    **{f"builtins.list.{name}": ("__eq__",) for name in ("index", "count", "remove")},
}

# Functions that read the attribute of their first argument that the second one names.
ATTRIBUTE_READERS = frozenset({"builtins.getattr", "builtins.hasattr"})

# What operator.attrgetter(…) makes: it is called with the names, and an object after them.
ATTRIBUTE_GETTER = "operator.attrgetter.__call__"

CALLS: dict[str, Known] = {
    IDENTITY: _same,
    "functools.partial": _partial,
    "functools.lru_cache": _identity_decorator,
    "functools.cache": _identity_decorator,
    "functools.wraps": _wraps,
    "functools.update_wrapper": _same,
    "typing.cast": _cast,
    "typing_extensions.cast": _cast,
    "typing.TypeVar": _type_variable,
    "typing_extensions.TypeVar": _type_variable,
    "typing.NewType": _new_type,
    "importlib.import_module": _import_module,
    "importlib.util.module_from_spec": _module,
    "types.ModuleType": _module,
    "copy.copy": _same,
    "copy.deepcopy": _same,
    "collections.namedtuple": _namedtuple,
    "builtins.getattr": _getattr,
    "builtins.globals": _globals,
    "builtins.globals.get": _global,
    "builtins.type": _type,
    "builtins.iter": _elements_as("iterator"),
    "builtins.list": _elements_as("list"),
    "builtins.tuple": _elements_as("tuple"),
    "builtins.set": _elements_as("set"),
    "builtins.frozenset": _elements_as("set"),
    "builtins.sorted": _elements_as("list"),
    "collections.deque": _elements_as("list"),
    "builtins.reversed": _elements_as("iterator"),
    "builtins.enumerate": _enumerate,
    "builtins.zip": _zip,
    "builtins.map": _map,
    "builtins.filter": _filter,
    "builtins.next": _next,
    "builtins.min": _element,
    "builtins.max": _element,
    **dict.fromkeys(("random.choice", "secrets.choice"), _element),
    **dict.fromkeys(("random.choices", "random.sample"), _elements_as("list")),
    "builtins.anext": _async_element,
    "itertools.chain": _chain,
    "itertools.chain.from_iterable": _chained,
    "itertools.groupby": _groups,
    **dict.fromkeys(("itertools.batched", "more_itertools.chunked"), _batches),
    "collections.defaultdict": _defaulting,
    "socket.getaddrinfo": _addresses,
    "operator.attrgetter": _attribute_getter,
    ATTRIBUTE_GETTER: _gotten,
    **dict.fromkeys(("itertools.islice", "itertools.cycle"), _elements_as("iterator")),
    "builtins.dict": _dict,
    "builtins.dict.get": _dict_value,
    "builtins.dict.pop": _dict_value,
    "builtins.dict.setdefault": _dict_value,
    "builtins.dict.values": _dict_values,
    "builtins.dict.items": _dict_items,
    "builtins.dict.copy": _receiver,
    "builtins.list.pop": _list_item,
    "collections.deque.popleft": _list_item,
    "builtins.list.copy": _receiver,
    "builtins.set.pop": _list_item,
    "builtins.set.copy": _receiver,
    "builtins.property": _wrapping("property"),
    "builtins.staticmethod": _wrapping("staticmethod"),
    "builtins.classmethod": _wrapping("classmethod"),
    "contextlib.contextmanager": _wrapping("contextmanager"),
    "contextlib.asynccontextmanager": _wrapping("asynccontextmanager"),
    "contextlib.closing": _closing,
    "contextlib.nullcontext": _nullcontext,
    "contextlib.ExitStack.enter_context": _enter_context,
    "contextlib.AsyncExitStack.enter_context": _enter_context,
    "contextlib.AsyncExitStack.enter_async_context": _enter_async_context,
    "asyncio.create_task": _task,
    "asyncio.ensure_future": _task,
    "asyncio.wait_for": _awaiting,
    "asyncio.shield": _awaiting,
    "asyncio.TaskGroup.create_task": _task,
    "asyncio.AbstractEventLoop.create_task": _task,
    "asyncio.run": _run,
    "asyncio.Runner.run": _run,
    "asyncio.AbstractEventLoop.run_until_complete": _run,
}
