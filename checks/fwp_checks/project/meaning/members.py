"""Attributes and items of values."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, cast

from fwp_checks.catalogue import parse_value
from fwp_checks.facts import terms as t
from fwp_checks.project.meaning.classes import MODEL, PLAIN_BASES
from fwp_checks.project.meaning.cuts import Provisional
from fwp_checks.project.meaning.delegates import handed_on
from fwp_checks.project.meaning.descriptors import GET, OF_CLASSES, PROPERTIES
from fwp_checks.project.meaning.kept import Kept
from fwp_checks.project.meaning.origins import held_by
from fwp_checks.project.meaning.values import (
    MAX_OPTIONS,
    NO_ARGUMENTS,
    RECURSIVE,
    Arguments,
    CallableValue,
    ClassValue,
    Constant,
    External,
    FunctionValue,
    Generator,
    GlobalsValue,
    Instance,
    Iterable,
    MappingValue,
    Member,
    ModuleValue,
    NamespaceValue,
    Partial,
    SuperValue,
    TupleValue,
    Union,
    Unknown,
    Value,
    Wrapped,
    is_informative,
    is_none,
    join,
    names_in,
    options_of,
    unknown,
    without_none,
)
from fwp_checks.project.meaning.written import Written

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

_OF_MODEL = f"{MODEL}."
_MODEL_BASES: frozenset[str] = PLAIN_BASES | {MODEL}
# Those that do not begin with "model_" or "_", https://docs.pydantic.dev/2.14/api/base_model/
_OF_MODELS: frozenset[str] = frozenset(
    {
        "construct", "copy", "dict", "from_orm", "json", "parse_file", "parse_obj", "parse_raw",
        "schema", "schema_json", "update_forward_refs", "validate",
    }
)  # fmt: skip
# How often one attribute follows another of its name (``chain.bound.bound``): in a loop there is no
# end to them.
_MOST_STEPS = 2
# Deques are followed as lists; these methods are theirs alone.
_OF_DEQUES = frozenset({"appendleft", "extendleft", "popleft", "rotate"})
# Under these, a property stays what it is for objects: Python's own, then those of SQLAlchemy's
# hybrid_property, https://docs.sqlalchemy.org/en/20/orm/extensions/hybrid.html
_PROPERTY_DECORATORS = frozenset(
    {"setter", "getter", "deleter", "expression", "comparator", "update_expression", "inplace"}
)


class Members:
    """Looks up attributes and items."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._kept = Kept(project)
        self._written = Written(project, self._kept)
        self._known: dict[tuple[Value, str], Value] = {}
        # Of libraries by how they are spelt; what rows name in their place is found each time.
        self._externals: dict[str, External] = {}
        self._known_of_class: dict[tuple[ClassValue | str, str], Value] = {}
        self._places: dict[ClassValue, dict[str, tuple[ClassValue, int] | None]] = {}

    def attribute(self, base: Value, name: str) -> Value:
        """The value of ``base.name``."""
        kind = type(base)
        if kind is Unknown:
            return base
        if kind is External:
            return self._of_external(cast("External", base).name, name, None)
        if kind is Instance:
            instance = cast("Instance", base)
            if instance.init is None and not instance.details and not instance.arguments:
                return self._of_plain(instance, name)
        if kind is MappingValue or kind is Iterable or kind is TupleValue:
            # To find it among what is known takes longer: all that is in the container counts.
            return _of_container(base, name)
        key = (base, name)
        known = self._known.get(key)
        if known is None or type(known) is Provisional:
            known = self._project.cuts.value(self._known, key, known, self._find)
        return known

    def _of_plain(self, instance: Instance, name: str) -> Value:
        """An attribute of an object of which nothing is known but its class."""
        key = (instance.class_, name)
        known = self._known_of_class.get(key)
        if known is None or type(known) is Provisional:
            find = partial(self._find_of_plain, instance)
            known = self._project.cuts.value(self._known_of_class, key, known, find)
        return known

    def _find_of_plain(self, instance: Instance, key: tuple[ClassValue | str, str]) -> Value:
        return self._of_instance(instance, key[1])

    def _find(self, key: tuple[Value, str]) -> Value:
        base, name = key
        return self._attribute(base, name)

    def _attribute(self, base: Value, name: str) -> Value:
        project = self._project
        if isinstance(base, Union):
            return self._of_union(options_of(without_none(base)), name)
        if isinstance(base, Instance):
            return self._of_instance(base, name)
        if isinstance(base, ModuleValue):
            return project.values.module_attribute(base.module, name)
        if isinstance(base, NamespaceValue):
            return project.values.imported(base.origin, base.name, name, 0)
        if isinstance(base, Member):
            hooked = project.frameworks.attribute(base, name)
            return (
                hooked if hooked is not None else self._of_external(base.name, name, base.receiver)
            )
        if isinstance(base, ClassValue):
            return self._of_class(base, name)
        if isinstance(base, SuperValue):
            return self._of_super(base, name)
        if isinstance(base, Wrapped):
            return self._of_wrapped(base, name)
        if isinstance(base, FunctionValue):
            return self._of_function(base, name)
        if isinstance(base, Partial) and name == "func":
            return base.function
        if isinstance(base, Constant):
            return (
                Member(f"builtins.{type(base.value).__name__}.{name}", base)
                if base.value is not None
                else RECURSIVE
            )
        if isinstance(base, GlobalsValue):
            return Member(f"builtins.globals.{name}", base)
        return unknown(f"attribute '{name}' of {type(base).__name__.lower()}")

    def _of_union(self, options: tuple[Value, ...], name: str) -> Value:
        """An attribute of one of several: of those that have one of that name, if some do."""
        found = [self.attribute(option, name) for option in options]
        if len(found) > 1 and any(_says_nothing(value) for value in found):
            left = [
                value
                for option, value in zip(options, found, strict=True)
                if not _says_nothing(value) or not self._has_none(option, name)
            ]
            return join(left or found)
        return join(found)

    def _has_none(self, option: Value, name: str) -> bool:
        """Whether an object's class is the project's own and has nothing of that name, nor have
        those that derive from it.
        """
        if type(option) is not Instance or not isinstance(option.class_, ClassValue):
            return False
        classes = self._project.classes
        info = classes.info(option.class_)
        if (
            not info.has_only(_MODEL_BASES)
            or classes.is_protocol(option.class_)
            or self._any_declares(info.order, name)
            or (MODEL in info.externals and _may_be_of_model(info.order, name))
        ):
            return False
        classes.link_subclasses()
        return not self._any_declares(info.subclasses, name)

    def _any_declares(self, owners: Sequence[ClassValue | External], name: str) -> bool:
        return any(
            isinstance(owner, ClassValue)
            and (self.declares(owner, name) or self.declares(owner, "__getattr__"))
            for owner in owners
        )

    @staticmethod
    def declares(class_: ClassValue, name: str) -> bool:
        """Whether the body of a class, or a method of it, gives its objects an attribute."""
        scope = class_.module.facts.scopes[class_.scope]
        return (
            name in scope.bindings
            or name in scope.annotations
            or name in class_.module.methods_writing.get(class_.scope, {})
        )

    # -- libraries ---------------------------------------------------------------------------------

    def of_library(self, name: str) -> Value:
        """What a library's dotted name stands for: an object that a row names
        (`django.db.connection`), or itself.
        """
        owner, _, last = name.rpartition(".")
        return self._of_external(owner, last, None) if owner else External(name)

    def _of_external(self, owner: str, name: str, receiver: Value | None) -> Value:
        spelt = f"{owner}.{name}"
        known = self._externals.get(spelt) if receiver is None else None
        if known is not None:
            return known
        catalogue = self._project.catalogue
        full = catalogue.canonical(spelt)
        given = catalogue.gives(full, "attribute")
        if given is not None:
            holder = receiver if receiver is not None else External(owner)
            return self._project.libraries.value(parse_value(given), NO_ARGUMENTS, holder)
        if owner.count(name) >= _MOST_STEPS and owner.split(".").count(name) >= _MOST_STEPS:
            return Unknown(f"'{full}' goes from one object to the next")
        if receiver is not None:
            return Member(full, receiver)
        known = self._externals[spelt] = External(full)
        return known

    # -- classes -----------------------------------------------------------------------------------

    def find_in_class(
        self, class_: ClassValue, name: str, after: ClassValue | None = None
    ) -> Value | None:
        """What the class or a project base binds under a name, unbound; a library base's member as
        a last resort.
        """
        found = self._binding(class_, name, after)
        return found[1] if found is not None else None

    def _binding(
        self, class_: ClassValue, name: str, after: ClassValue | None = None
    ) -> tuple[ClassValue, Value] | None:
        place = (
            self._place(class_, name)
            if after is None
            else _bound(self._order_after(class_, after), name)
        )
        if place is None:
            return None
        owner, term = place
        frame = self._project.classes.frame_around(owner)
        return owner, frame.known(term) or self._project.values.evaluate(frame, term)

    def _order_after(
        self, class_: ClassValue, after: ClassValue
    ) -> tuple[ClassValue | External, ...]:
        order = self._project.classes.info(class_).order
        return order[order.index(after) + 1 :] if after in order else ()

    def _place(self, class_: ClassValue, name: str) -> tuple[ClassValue, int] | None:
        """The class that binds a name for another one, and the term that it is bound to."""
        places = self._places.get(class_)
        if places is None:
            places = {}
            order = self._project.classes.info(class_).order
            if not self._project.classes.is_settled(class_):
                return _bound(order, name)
            self._places[class_] = places
        if name not in places:
            places[name] = _bound(self._project.classes.info(class_).order, name)
        return places[name]

    def _of_class(self, class_: ClassValue, name: str) -> Value:
        hooked = self._project.frameworks.class_attribute(class_, name)
        if hooked is not None:
            return hooked
        if name == "__subclasses__":
            below = self._project.classes.directly_below(class_)
            if 0 < len(below) <= MAX_OPTIONS:
                return CallableValue(Iterable(join(list(below)), "list"))
        value = self.find_in_class(class_, name)
        if isinstance(value, Iterable):
            return self._project.registries.filled_list(class_, name, value)
        if isinstance(value, MappingValue):
            return self._project.registries.filled_by_class(class_, name, value)
        if value is not None and not is_none(value):
            return self.bind(value, None, class_)
        if value is not None or self._declared(class_, class_, name) is None:
            kept = self._kept.of(class_, name)
            if kept:
                return join(kept)
        if value is not None:
            return value
        library = self._library_member(class_, name, class_)
        if library is None and not self._project.classes.info(class_).is_open:
            # What has no value in the class body is given one from elsewhere. Library bases and
            # metaclasses may leave descriptors under such names.
            library = self._declared(class_, class_, name)
        return library or Unknown(f"class {class_.name} binds no '{name}'")

    def _library_member(self, class_: ClassValue, name: str, receiver: Value) -> Value | None:
        """A member inherited from a library class: the first base of which the catalogue says
        something, else the first.
        """
        of_property = self._project.descriptors.inherited(receiver, class_, name)
        if of_property is not None:
            return of_property
        catalogue = self._project.catalogue
        externals = [
            base
            for base in self._project.classes.info(class_).externals
            if not base.startswith(("typing.", "abc."))
        ]
        externals = [base for base in externals if base not in ("builtins.object", "enum.Enum")]
        for base in externals:
            full = f"{base}.{name}"
            if (
                catalogue.effects(full)
                or catalogue.gives(full, "call")
                or catalogue.gives(full, "attribute")
            ):
                return self._of_external(base, name, receiver)
        return self._of_external(externals[0], name, receiver) if externals else None

    def bind(self, value: Value, receiver: Value | None, class_: ClassValue | None = None) -> Value:
        """What reading a class's binding through an object (or through the class) gives."""
        if isinstance(value, Union):
            return join([self.bind(option, receiver, class_) for option in value.options])
        if isinstance(value, FunctionValue):
            if receiver is None or value.receiver is not None:
                return value
            return FunctionValue(value.frame, value.scope, receiver)
        if isinstance(value, Wrapped):
            return self._bind_wrapped(value, receiver, class_)
        if type(value) is Instance and self._project.descriptors.is_one(value):
            return self._project.descriptors.read(value, receiver, class_)
        return value

    def _bind_wrapped(
        self, value: Wrapped, receiver: Value | None, class_: ClassValue | None
    ) -> Value:
        how = value.how
        if how == "staticmethod":
            return value.function
        if how in ("classmethod", OF_CLASSES):
            owner: Value | None = class_
            if isinstance(receiver, Instance) and isinstance(receiver.class_, ClassValue):
                owner = receiver.class_
            function = self.bind(value.function, owner)
            if how == OF_CLASSES:
                return self._project.calls.invoke(function, NO_ARGUMENTS).result
            return function
        if how in PROPERTIES:
            if receiver is None:
                return value
            getter = self.bind(value.function, receiver)
            return self._project.calls.invoke(getter, NO_ARGUMENTS).result
        return Wrapped(how, self.bind(value.function, receiver, class_))

    def _of_super(self, base: SuperValue, name: str) -> Value:
        receiver = base.receiver
        own = receiver.class_ if isinstance(receiver, Instance) else receiver
        class_ = own if isinstance(own, ClassValue) else base.class_
        if base.class_ not in self._project.classes.info(class_).order:
            class_ = base.class_
        found = self._binding(class_, name, after=base.class_)
        if found is not None:
            return self.bind(found[1], receiver, class_)
        # What a mixin hands on goes to the library class that it is mixed with.
        return (
            self._library_member(base.class_, name, receiver)
            or self._library_member(class_, name, receiver)
            or Unknown(f"super() has no '{name}'")
        )

    def _of_wrapped(self, base: Wrapped, name: str) -> Value:
        if base.how == "property" and name in _PROPERTY_DECORATORS:
            return Member(f"builtins.property.{name}", base)
        if name == GET:
            return Wrapped(GET, base)
        if name == "__wrapped__":
            return base.function
        return (
            self.attribute(base.function, name)
            if base.how == "offloaded"
            else Unknown(f"attribute of a {base.how}")
        )

    def _of_function(self, function: FunctionValue, name: str) -> Value:
        if name == GET:
            return Wrapped(GET, function)
        # A decorator may make an object of the function: a Celery task has .delay. A row says which
        # type it gives.
        scope = function.module.facts.scopes[function.scope]
        for decorator in scope.decorators:
            type_ = self._decorator_type(function.frame, decorator)
            if type_ is not None:
                return self._of_external(type_, name, Instance(type_))
        return Unknown(f"attribute '{name}' of a function")

    def _decorator_type(self, frame: Frame, decorator: int) -> str | None:
        entry = frame.module.facts.terms[decorator]
        called = entry[1] if entry[0] == t.CALL else decorator
        value = self._project.values.evaluate(frame, called)
        if isinstance(value, (External, Member)):
            given = self._project.catalogue.gives(value.name, "decorate")
            spec = parse_value(given) if given is not None else None
            if (
                spec is not None
                and spec.kind == "type"
                and self._project.catalogue.is_type(spec.name)
            ):
                return spec.name
        return None

    # -- objects -----------------------------------------------------------------------------------

    def method(self, instance: Instance, name: str) -> Value | None:
        """A special method of an object, bound; None if its class has none."""
        if isinstance(instance.class_, str):
            return Member(f"{instance.class_}.{name}", instance)
        value = self.find_in_class(instance.class_, name)
        if value is not None:
            return self.bind(value, instance)
        for base in self._project.classes.info(instance.class_).externals:
            if self._project.catalogue.effects(f"{base}.{name}"):
                return Member(f"{base}.{name}", instance)
        return None

    def _of_instance(self, instance: Instance, name: str) -> Value:
        hooked = self._project.frameworks.attribute(instance, name)
        if hooked is not None:
            return hooked
        if isinstance(instance.class_, str):
            return self._of_external(instance.class_, name, instance)
        return self._of_project_instance(instance, instance.class_, name)

    def _of_project_instance(self, instance: Instance, class_: ClassValue, name: str) -> Value:
        if name == "__class__":
            return class_
        bound = self._binding(class_, name)
        if bound is not None:
            value = bound[1]
            if isinstance(value, (Wrapped, FunctionValue)):
                return self.bind(value, instance, class_)
            if type(value) is Instance and self._project.descriptors.is_one(value):
                found = self._project.descriptors.read(value, instance, class_)
                if is_informative(found):
                    return found
        held = held_by(instance, name) if instance.details else None
        if held is not None:
            return held
        written = self._written.of(instance, class_, name)
        class_level = self.bind(bound[1], instance, class_) if bound is not None else None
        if class_level is not None and not is_none(class_level):
            if not written:
                return self._project.registries.filled_by_class(class_, name, class_level)
            if not self._holds_assigned(class_level, written):
                written.append(class_level)
        declared = self._declared(instance, class_, name)
        if not written and declared is None:
            written = self._kept.of(class_, name)
        if not written and class_level is not None:
            return self._project.registries.filled_by_class(class_, name, class_level)
        if written:
            value = self._project.registries.filled_attribute(class_, name, join(written))
            if declared is not None and not is_informative(without_none(value)):
                return declared
            return value
        if declared is not None:
            return declared
        library = self._library_member(class_, name, instance)
        if library is not None:
            return library
        getter = self.find_in_class(class_, "__getattr__")
        if getter is not None:
            computed = Unknown(f"{class_.name} computes its attributes")
            return handed_on(self._project, getter, name) or computed
        return unknown(f"{class_.name} objects have no known '{name}'")

    def _holds_assigned(self, class_level: Value, written: list[Value]) -> bool:
        """Whether a class binds a library's descriptor, which holds what is assigned to it. Of
        constants alone nobody knows what else configuration says.
        """
        if type(class_level) is not Instance:
            return False
        if not self._project.libraries.stands_for_attribute(class_level):
            return False
        return any(
            type(option) is not Constant for value in written for option in options_of(value)
        )

    def _declared(self, receiver: Value, class_: ClassValue, name: str) -> Value | None:
        """The annotated type of an attribute of an object, or of the class itself."""
        for owner in self._project.classes.info(class_).order:
            if isinstance(owner, ClassValue):
                scope = owner.module.facts.scopes[owner.scope]
                annotation = scope.annotations.get(name, -1)
                if annotation >= 0:
                    frame = self._project.classes.frame_around(owner)
                    bound = self._project.generics.bindings_in(receiver, owner)
                    return self._project.types.annotation(frame, annotation, bound)
        return None

    # -- items -------------------------------------------------------------------------------------

    def item(self, base: Value, key: Value | None) -> Value:
        """The value of ``base[key]``; key None for a slice."""
        hooked = self._project.frameworks.item(base, key)
        if hooked is not None:
            return hooked
        if isinstance(base, GlobalsValue):
            names = names_in(key)
            found = [self._project.values.module_attribute(base.module, name) for name in names]
            return join(found) if found else Unknown("global whose name is computed")
        if isinstance(base, MappingValue):
            if isinstance(key, Constant):
                for known, value in base.items:
                    if known == key.value and type(known) is type(key.value):
                        return value
            return join([base.value, *[value for _, value in base.items]])
        if isinstance(base, (Iterable, TupleValue)):
            if key is None:
                return base
            if (
                isinstance(base, TupleValue)
                and isinstance(key, Constant)
                and isinstance(key.value, int)
            ):
                if -len(base.items) <= key.value < len(base.items):
                    return base.items[key.value]
            return self._project.protocols.element(base)
        if isinstance(base, Instance):
            if isinstance(key, Constant) and isinstance(key.value, (int, str)):
                field = self._project.protocols.field(base, key.value)
                if field is not None:
                    return field
            method = self.method(base, "__getitem__")
            if method is not None:
                return self._project.calls.invoke(
                    method, Arguments((key,) if key is not None else ())
                ).result
            return Unknown("item of an object without __getitem__")
        if isinstance(base, Member):
            full = f"{base.name}.__getitem__"
            return self._project.libraries.call(full, NO_ARGUMENTS, base.receiver).result
        if isinstance(base, Generator):
            return Unknown("item of a generator")
        return base if isinstance(base, Unknown) else Unknown("item of something without items")


def _says_nothing(value: Value) -> bool:
    """Whether an attribute is not known, or what every model would have under its name."""
    return type(value) is Unknown or (type(value) is Member and value.name.startswith(_OF_MODEL))


def _may_be_of_model(owners: Sequence[ClassValue | External], name: str) -> bool:
    """Whether a Pydantic model may have an attribute that its class does not declare: one of every
    model, or an extra field.
    """
    if name.startswith(("_", "model_")) or name in _OF_MODELS:
        return True
    for owner in owners:
        if isinstance(owner, ClassValue):
            terms = owner.module.facts.terms
            scope = owner.module.facts.scopes[owner.scope]
            config = scope.bindings.get("model_config", -1)
            texts = t.reached(terms, config, t.CONST) if config >= 0 else ()
            if any(terms[text][1] == "allow" for text in texts):
                return True
            if "Config" in scope.bindings or "extra" in [keyword for keyword, _ in scope.keywords]:
                return True
    return False


def _of_container(value: Value, name: str) -> Member:
    """A method of a container."""
    if isinstance(value, Iterable):
        type_ = value.kind if value.kind in ("set", "tuple") else "list"
    else:
        type_ = "tuple" if isinstance(value, TupleValue) else "dict"
    owner = "collections.deque" if name in _OF_DEQUES else f"builtins.{type_}"
    return Member(f"{owner}.{name}", value)


def _bound(order: tuple[ClassValue | External, ...], name: str) -> tuple[ClassValue, int] | None:
    for owner in order:
        if isinstance(owner, ClassValue):
            term = owner.module.facts.scopes[owner.scope].bindings.get(name, -1)
            if term >= 0:
                return owner, term
    return None
