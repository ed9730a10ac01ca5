"""What web frameworks have in common, for the modules of each to state as tables.

Functions are registered by decorator, by call or by deriving a class; objects are kept on the
application or the request under an attribute (``app.state.db``) or a key (``app["db"]``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.base import Framework
from fwp_checks.project.loop.loop_roots import Context, Root
from fwp_checks.project.loop.private_loops import runs_apart
from fwp_checks.project.meaning.single_calls import SingleCalls
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    Arguments,
    ClassValue,
    Constant,
    Coroutine,
    FunctionValue,
    Generator,
    Instance,
    MappingValue,
    Member,
    Partial,
    TupleValue,
    Value,
    Wrapped,
    is_informative,
    join,
    options_of,
)
from fwp_checks.project.meaning.values import Iterable as IterableValue

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

_NAMED = (t.NAME, t.IMPORT, t.ATTR)


@dataclass(slots=True, unsafe_hash=True)
class Place:
    """How a call registers a function: what it then is, and which argument it is."""

    context: Context
    position: int = 0
    keyword: str = ""


@dataclass(slots=True, unsafe_hash=True)
class Registration:
    """What a registered function is to its framework.

    ``threaded``: it is called in a thread if it is written ``def``. ``handed``: the types of the
    arguments that it gets.
    """

    context: Context
    threaded: bool = False
    handed: tuple[str, ...] = ()


def members(owners: Iterable[str], names: Iterable[str]) -> tuple[str, ...]:
    """The dotted names of these members of each of these types."""
    found = tuple(names)
    return tuple(f"{owner}.{name}" for owner in owners for name in found)


def held(value: Value | None) -> list[Value]:
    """The values in a list, tuple or mapping; any other value by itself; nothing for None."""
    if value is None:
        return []
    found: list[Value] = []
    for option in options_of(value):
        if isinstance(option, TupleValue):
            found.extend(option.items)
        elif isinstance(option, IterableValue):
            found.extend(options_of(option.element))
        elif isinstance(option, MappingValue):
            found.extend((*options_of(option.value), *(item for _, item in option.items)))
        else:
            found.append(option)
    return found


_VALIDATORS = members(
    ("pydantic",), ("validator", "root_validator", "field_validator", "model_validator")
)


class WebFramework(Framework):
    """A framework described by tables.

    ``decorators`` and ``registrations`` say what a function is that is registered so; ``methods``
    which methods of classes derived from a library class are called, as what. ``threaded``: what is
    called in a thread if it is written ``def``. ``handed``: the types of the arguments that each
    kind of function gets. ``keepers``: groups of names of objects (types, or members of types) on
    which the project stores things that are read through any of the group. ``own_loop``: each call
    has an event loop of its own.
    """

    decorators: ClassVar[tuple[tuple[Context, tuple[str, ...]], ...]] = ()
    registrations: ClassVar[tuple[tuple[Place, tuple[str, ...]], ...]] = ()
    methods: ClassVar[tuple[tuple[str, Context, tuple[str, ...]], ...]] = ()
    threaded: ClassVar[frozenset[Context]] = frozenset()
    handed: ClassVar[tuple[tuple[Context, tuple[str, ...]], ...]] = ()
    keepers: ClassVar[tuple[frozenset[str], ...]] = ()
    own_loop = False
    serving = ""
    """The module of its library that servers import, where the rest is for clients."""

    def __init__(self) -> None:
        self._decorators = {name: what for what, names in self.decorators for name in names}
        self._registrations = {name: what for what, names in self.registrations for name in names}
        self._handed: dict[Context, tuple[str, ...]] = dict(self.handed)

    # -- roots -------------------------------------------------------------------------------------

    def roots(self, project: Project) -> Iterator[Root]:
        """Functions that it calls on the event loop."""
        return iter(self._known_roots(project))

    def _known_roots(self, project: Project) -> list[Root]:
        if not self.is_used(project):
            return []
        return project.cuts.apart(
            project.framework_data,
            f"{self.name}.roots",
            lambda _: list(self.find_roots(project)),
            [],
        )

    def is_used(self, project: Project) -> bool:
        """Whether the project imports it, and not only what clients use of it."""
        key = f"{self.name}.is_used"
        known: bool | None = project.framework_data.get(key)
        if known is None:
            known = not self.modules.isdisjoint(_imported(project)) and (
                not self.serving or imports(project, self.serving)
            )
            project.framework_data[key] = known
        return known

    def find_roots(self, project: Project) -> Iterator[Root]:
        """What the tables say of the project; what a function is as a method counts first."""
        for class_, base, context, names in self._derived(project):
            for name in names:
                how = self.registration(context, f"{base}.{name}", NO_ARGUMENTS)
                yield from self.method(project, class_, name, how)
        for decoration in project.call_sites.decorated(frozenset(self._decorators)):
            context = self._decorators[decoration.name]
            how = self.registration(context, decoration.name, decoration.arguments)
            for root in self.registered(project, decoration.function, how):
                # A router of the project's own may call a plain function in any way it likes.
                yield replace(root, thread_if_def=False) if decoration.is_own else root
            # An async function inside a wrapper of the project's is what it is registered as, too.
            plain = project.calls.unbound_frame(decoration.around, decoration.scope_number)
            if plain.scope.is_async and len(plain.scope.decorators) > 1:
                if not runs_apart(project, decoration.around, decoration.scope_number):
                    yield self.root(plain, Registration(context))
        for made, applied in project.call_sites.applied(frozenset(self._decorators)):
            how = self.registration(self._decorators[made.name], made.name, made.arguments)
            yield from self.registered(project, applied.arguments.get(0), how)
        for site in project.call_sites.of(frozenset(self._registrations)):
            place = self._registrations[site.name]
            how = self.registration(place.context, site.name, site.arguments)
            for value in site.handed_each(place.position, place.keyword):
                yield from self.registered(project, value, how)

    def registration(self, context: Context, name: str, arguments: Arguments) -> Registration:
        """What a function is that a call of ``name`` registers, or that is the method ``name``."""
        return Registration(context, context in self.threaded, self._handed.get(context, ()))

    def _derived(
        self, project: Project
    ) -> Iterator[tuple[ClassValue, str, Context, tuple[str, ...]]]:
        derived = project.call_sites.derived if self.methods else {}
        for class_ in derived:
            for base, context, names in self.methods:
                if project.classes.derives(class_, base):
                    yield class_, base, context, names

    def method(
        self, project: Project, class_: ClassValue, name: str, how: Registration
    ) -> Iterator[Root]:
        """The root of a method that a project class defines or inherits from another."""
        if project.members.find_in_class(class_, name) is not None:
            value = project.members.attribute(Instance(class_), name)
            yield from self.registered(project, value, how)

    def registered(
        self, project: Project, value: Value | None, how: Registration
    ) -> Iterator[Root]:
        """The roots in a value that is registered, or in the values of a list or mapping."""
        for option in held(value):
            given: tuple[Value, ...] = tuple(Instance(name) for name in how.handed)
            keywords: tuple[tuple[str, Value], ...] = ()
            while isinstance(option, Partial):
                given = (*option.positional, *given)
                keywords += option.keywords
                option = option.function
            if isinstance(option, Wrapped) and option.how in _TRANSPARENT:
                option = option.function
            if isinstance(option, Instance) and isinstance(option.class_, ClassValue):
                option = project.members.method(option, "__call__") or option
            if isinstance(option, ClassValue):
                yield from self.class_registered(project, option, how)
            elif isinstance(option, FunctionValue):
                for function in SingleCalls(project).made_for(option) or [option]:
                    frame = project.calls.frame_for(function, Arguments(given, keywords))
                    if not how.threaded or self.is_async(project, frame, how):
                        yield self.root(frame, how)
            elif isinstance(option, Coroutine) or (
                isinstance(option, Generator) and option.is_async
            ):
                yield self.root(option.frame, Registration(how.context))

    def root(self, frame: Frame, how: Registration) -> Root:
        """A root of this framework."""
        return Root(
            frame, how.context, self.name, thread_if_def=how.threaded, own_loop=self.own_loop
        )

    def is_async(self, project: Project, frame: Frame, how: Registration) -> bool:
        """Whether a function counts as asynchronous."""
        return frame.scope.is_async

    def class_registered(
        self, project: Project, class_: ClassValue, how: Registration
    ) -> Iterator[Root]:
        """The roots in a class that is registered in a function's place."""
        return iter(())

    # -- validators --------------------------------------------------------------------------------

    def validators(self, project: Project, routes: tuple[str, ...]) -> Iterator[Root]:
        """Pydantic validators of the models that functions under these decorators take."""
        models: set[ClassValue] | None = None
        for decoration in project.call_sites.decorated(frozenset(_VALIDATORS)):
            frame = project.calls.unbound_frame(decoration.around, decoration.scope_number)
            class_ = project.calls.class_of_method(frame.module, frame.scope_number)
            if class_ is not None and not frame.scope.is_async:
                if models is None:
                    models = set(self._request_models(project, routes))
                if class_ in models:
                    yield self.root(frame, Registration(Context.VALIDATOR))

    def _request_models(self, project: Project, routes: tuple[str, ...]) -> Iterator[ClassValue]:
        seen: set[Value] = set()
        for decoration in project.call_sites.decorated(frozenset(routes)):
            frame = project.calls.unbound_frame(decoration.around, decoration.scope_number)
            for index in range(len(frame.scope.parameters)):
                value = project.calls.parameter(frame, index)
                if value not in seen:
                    seen.add(value)
                    yield from self._models_in(project, value)

    def _models_in(self, project: Project, value: Value) -> Iterator[ClassValue]:
        for option in options_of(value):
            if isinstance(option, IterableValue):
                yield from self._models_in(project, option.element)
            elif isinstance(option, Instance) and isinstance(option.class_, ClassValue):
                if project.classes.derives(option.class_, "pydantic.BaseModel"):
                    for owner in project.classes.info(option.class_).order:
                        if isinstance(owner, ClassValue):
                            yield owner

    # -- what is kept on the application and the request -------------------------------------------

    def attribute(self, project: Project, base: Instance | Member, name: str) -> Value | None:
        """What the project stored under this attribute of an application or a request."""
        owner = _owner(base)
        for keepers in self.keepers:
            if owner in keepers:
                stores = project.attribute_stores.get(name, ())
                return self._stored(project, stores, keepers)
        return None

    def item(self, project: Project, base: Instance, key: Value | None) -> Value | None:
        """What the project stored under this key of an application or a request."""
        for keepers in self.keepers:
            if key is not None and _owner(base) in keepers:
                return self._stored(project, self._item_stores(project, key), keepers)
        return None

    def _stored(
        self, project: Project, stores: Iterable[tuple[Module, int]], keepers: frozenset[str]
    ) -> Value | None:
        found: list[Value] = []
        for values in self.stored(project, stores, keepers):
            found.append(next((value for value in values if is_informative(value)), values[0]))
        return join(found) if found else None

    def stored(
        self, project: Project, stores: Iterable[tuple[Module, int]], keepers: frozenset[str]
    ) -> Iterator[list[Value]]:
        """For each store on one of the keepers, what it stores in each frame it may run in."""
        for module, term in stores:
            entry = module.facts.terms[term]
            values = [
                project.values.evaluate(frame, entry[3])
                for frame in self._frames(project, module, module.code_scope_of(term))
                if _owner(project.values.evaluate(frame, entry[1])) in keepers
            ]
            if values:
                yield values

    def _frames(self, project: Project, module: Module, scope_number: int) -> Iterator[Frame]:
        """The frames in which code runs, as calls in the project and registrations tell."""
        yield from project.call_sites.frames_around(module, scope_number)
        for root in self._known_roots(project):
            if root.frame.module is module and root.frame.scope_number == scope_number:
                yield root.frame

    def _item_stores(self, project: Project, key: Value) -> Iterator[tuple[Module, int]]:
        by_literal, by_name = item_stores(project)
        if isinstance(key, Constant):
            yield from by_literal.get((type(key.value), key.value), ())
        for module, term in by_name:
            frame = project.frame_of_scope(module, module.code_scope_of(term))
            if project.values.evaluate(frame, module.facts.terms[term][2]) == key:
                yield module, term


_TRANSPARENT = ("staticmethod", "classmethod", "asynccontextmanager", "contextmanager")


def _owner(value: Value) -> str:
    if isinstance(value, Member):
        return value.name
    return value.class_ if isinstance(value, Instance) and isinstance(value.class_, str) else ""


def _imported(project: Project) -> set[str]:
    """The first parts of all that the project imports."""
    known: set[str] | None = project.framework_data.get("web.imports")
    if known is None:
        known = project.framework_data["web.imports"] = {
            entry.module.partition(".")[0]
            for module in project.table.modules
            for entry in module.facts.imports
            if not entry.level
        }
    return known


def imports(project: Project, name: str) -> bool:
    """Whether the project imports a module of a library, or may read it from what it imports."""
    library, _, last = name.rpartition(".")
    for module in project.table.modules:
        for entry in module.facts.imports:
            if entry.level or not entry.module.startswith(library):
                continue
            imported = f"{entry.module}.{entry.attribute}" if entry.attribute else entry.module
            if imported.startswith(name) or (library, 0) in module.facts.star_imports:
                return True
            if imported == library and _reads(module, library, last):
                return True
    return False


def _reads(module: Module, library: str, name: str) -> bool:
    """Whether a module may read an attribute of a library that it imports."""
    terms = module.facts.terms
    bindings = module.facts.scopes[0].bindings
    for term in module.of_kind(t.ATTR):
        if terms[term][2] != name:
            continue
        base = terms[terms[term][1]]
        if base[0] == t.NAME and base[1] in bindings:
            base = terms[bindings[base[1]]]
        if base[0] == t.JOIN or (base[0] in (t.IMPORT, t.NAME) and base[1] == library):
            return True
    return False


Stores = list[tuple["Module", int]]


def item_stores(project: Project) -> tuple[dict[Any, Stores], Stores]:
    """Every ``x[key] = …``: by literal key, and those whose key is a name."""
    known: tuple[dict[Any, Stores], Stores] | None = project.framework_data.get("web.item_stores")
    if known is None:
        by_literal: dict[Any, Stores] = {}
        by_name: Stores = []
        known = project.framework_data["web.item_stores"] = (by_literal, by_name)
        for module in project.table.modules:
            terms = module.facts.terms
            for term, entry in enumerate(terms):
                if entry[0] != t.STORE_ITEM or entry[3] < 0:
                    continue
                key = terms[entry[2]]
                if key[0] == t.CONST:
                    by_literal.setdefault((type(key[1]), key[1]), []).append((module, term))
                elif key[0] in _NAMED:
                    by_name.append((module, term))
    return known
