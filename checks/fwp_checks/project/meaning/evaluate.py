"""Terms to values.

Evaluation is on demand and remembered in the frame. A term that is being evaluated further up
stands for RECURSIVE, which adds nothing where paths meet (:mod:`fwp_checks.project.meaning.cuts`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module, relative_folder
from fwp_checks.project.meaning import python
from fwp_checks.project.meaning.branches import performs
from fwp_checks.project.meaning.choices import Choices
from fwp_checks.project.meaning.cuts import Provisional
from fwp_checks.project.meaning.delegates import given_by
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.narrowing import TRUTHY, Narrowing
from fwp_checks.project.meaning.origins import consumed_at, is_traced, single
from fwp_checks.project.meaning.texts import names_page, text_at
from fwp_checks.project.meaning.values import (
    EMPTY,
    NONE,
    RECURSIVE,
    Awaitable,
    ClassValue,
    Constant,
    Coroutine,
    External,
    FunctionValue,
    Instance,
    Iterable,
    MappingValue,
    ModuleValue,
    NamespaceValue,
    TupleValue,
    Union,
    Unknown,
    Value,
    is_informative,
    is_none,
    join,
    options_of,
    unknown,
    without_none,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_MAX_DEPTH = 400
_TOO_DEEP = Unknown("too many steps away")
_UNBOUND = Unknown("not bound")
_PICKING_ONE = tuple(External(f"builtins.{name}") for name in ("max", "min", "next"))
# Of dictionaries, lists and sets: what takes out one.
_TAKING = ("get", "pop")


class Values:
    """Evaluates terms of a project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._depth = 0
        self._narrowing = Narrowing(project)
        self._choices = Choices(project)
        self._globals: dict[Module, dict[str, Value]] = {}
        self._texts: dict[str, Constant] = {}
        self._table: list[Callable[[Frame, t.Term, int], Value]] = [self._nothing] * len(
            t.KIND_NAMES
        )
        for kind, method in {
            t.CONST: self._const,
            t.PARAM: self._parameter,
            t.AWAIT: self._await,
            t.ITER: self._iter,
            t.ENTER: self._enter,
            t.ITEM: self._item,
            t.JOIN: self._join,
            t.SEQUENCE: self._sequence,
            t.MAPPING: self._mapping,
            t.DEFINITION: self._definition,
            t.BINARY: self._binary,
            t.BOOL: self._bool,
            t.COMPREHENSION: self._comprehension,
            t.UNPACK: self._unpack,
            t.UNARY: self._unary,
            t.FORMAT: self._format,
            t.NARROW: self._narrow,
            t.UNKNOWN: self._unknown,
            t.ALIAS: self._alias,
            t.IMPORT: self._import,
            t.CAUGHT: self._caught,
            t.STORE: self._stored,
            t.TYPE_VARIABLE: self._type_variable,
            t.DECLARED: self._declared,
            t.LOOKUP: self._lookup,
            t.RENDER: self._render,
            t.REGISTERED: self._registered,
        }.items():
            self._table[kind] = method

    def evaluate(self, frame: Frame, term: int) -> Value:
        """The value of a term in a frame that can see it (its own scope's, or one nested in it)."""
        known = frame.known(term)
        if known is not None:
            return known
        if self._depth > _MAX_DEPTH:
            return _TOO_DEEP
        entry = frame.module.facts.terms[term]
        kind: int = entry[0]
        cuts = self._project.cuts
        begun = cuts.begin()
        frame.note(term, begun)
        self._depth += 1
        try:
            # What there is most of needs no table, which native code takes longer to go through.
            if kind == t.ATTR:
                value = self._attribute(frame, entry, term)
            elif kind == t.CALL:
                value = self._call(frame, entry, term)
            elif kind == t.NAME:
                value = self.name(frame, entry[1])
            else:
                value = self._table[kind](frame, entry, term)
            if type(value) is MappingValue:
                value = self._project.mappings.filled(frame, term, value)
            elif type(value) is Iterable and (kind == t.SEQUENCE or kind == t.CALL):
                value = self._project.lists.filled(frame, term, value)
        except BaseException:
            frame.note(term, RECURSIVE)
            raise
        finally:
            self._depth -= 1
            is_sure = cuts.end(begun)
        kept = value if is_sure else cuts.provisional(begun, value, partial(frame.forget, term))
        frame.note(term, kept)
        return value

    # -- names -------------------------------------------------------------------------------------

    def name(self, frame: Frame, name: str) -> Value:
        """The value of a name that is looked up from a frame outwards."""
        current: Frame | None = frame
        while current is not None and current.scope_number:
            scope = current.scope
            for bound in (scope.captured, scope.bindings, scope.type_parameters):
                term = bound.get(name, -1)
                if term >= 0:
                    # Comprehension variables and type parameters belong to the scope around.
                    owner = current if bound is scope.bindings else current.parent
                    value = self.evaluate(owner or current, term)
                    writes = self._nonlocal_writes(current, name)
                    return join([value, *writes]) if writes else value
            current = current.parent
        return self.global_name(frame.module, name)

    def _nonlocal_writes(self, frame: Frame, name: str) -> list[Value]:
        found = []
        for scope_number, scope in enumerate(frame.module.facts.scopes):
            if scope.parent == frame.scope_number and scope.outer_writes:
                for kind, written, term in scope.outer_writes:
                    if kind == "nonlocal" and written == name:
                        inner = self._project.frame_of_scope(frame.module, scope_number)
                        found.append(self.evaluate(inner, term))
        return found

    def global_name(self, module: Module, name: str) -> Value:
        """The value of a module's global name, or of the builtin of that name."""
        value = self.module_binding(module, name)
        # "open = open" takes the builtin: the name is bound to it before it is bound here.
        if value is not None and not (value is RECURSIVE and name in python.BUILTINS):
            return value
        if name in python.BUILTINS:
            return python.BUILTINS[name]
        loaded = self._put_into_module(name)
        if loaded:
            return join(loaded)
        return Unknown(f"name '{name}' is not bound in {module.path}")

    def _put_into_module(self, name: str) -> list[Value]:
        """What a loader of the project puts under a name into modules before it runs them."""
        found = []
        for module, term in self._project.attribute_stores.get(name, ()):
            frame = self._project.frame_of_scope(module, module.code_scope_of(term))
            _, base, _, value = module.facts.terms[term]
            if self.evaluate(frame, base) == python.MODULE:
                found.append(self.evaluate(frame, value))
        return found

    def module_binding(self, module: Module, name: str) -> Value | None:
        """The value a module's namespace holds under a name; None if it holds nothing."""
        bound = self._globals.get(module)
        if bound is None:
            bound = self._globals[module] = {}
        known = bound.get(name)
        if known is None or type(known) is Provisional:
            find = partial(self._find_binding, module)
            known = self._project.cuts.value(bound, name, known, find)
        return None if known is _UNBOUND else known

    def _find_binding(self, module: Module, name: str) -> Value:
        found: list[Value] = []
        scope = module.facts.scopes[0]
        frame = self._project.module_frame(module)
        term = scope.bindings.get(name, -1)
        if term >= 0:
            found.append(self.evaluate(frame, term))
        for writer, written in module.global_writes.get(name, ()):
            found.append(self.evaluate(self._project.frame_of_scope(module, writer), written))
        if found:
            declared = self._choices.declared(frame, name)
            if declared is not None:
                return declared
            return self._project.registries.filled(module, name, join(found))
        if name in scope.annotations:
            return self._project.types.annotation(frame, scope.annotations[name])
        found_out: Value = _UNBOUND
        for imported, level in reversed(module.facts.star_imports):
            value = self._star_import(module, imported, level, name)
            if value is RECURSIVE:
                # Modules of a package take the name from the package itself, which has it from
                # another.
                found_out = value
            elif value is not None:
                return value
        return found_out

    def _star_import(self, module: Module, imported: str, level: int, name: str) -> Value | None:
        source = self._find_module(module, imported, level)
        if source is None and not level and self._project.catalogue.is_type(f"{imported}.{name}"):
            return self.external(f"{imported}.{name}")
        if source is None or source is module:
            return None
        if name.startswith("_"):
            exported = source.facts.scopes[0].bindings.get("__all__", -1)
            if exported < 0:
                return None
        return self.module_binding(source, name)

    # -- imports -----------------------------------------------------------------------------------

    def _find_module(self, origin: Module, name: str, level: int) -> Module | None:
        if level:
            return self._project.table.find_relative(name, level, origin)
        return self._project.table.find(name, origin)

    def _import(self, frame: Frame, entry: t.Term, _term: int) -> Value:
        return self.imported(frame.module, entry[1], entry[2], entry[3])

    def imported(self, origin: Module, name: str, attribute: str | None, level: int) -> Value:
        """What ``import name`` or ``from name import attribute`` binds in a module."""
        table = self._project.table
        module = self._find_module(origin, name, level)
        if attribute is None:
            if module is not None and not level:
                return ModuleValue(module)
            if table.is_namespace(name) and not self._project.catalogue.knows_module(name):
                return NamespaceValue(name, origin)
            return self.external(name)
        if module is not None:
            return self.module_attribute(module, attribute)
        if level:
            folder = relative_folder(origin, level)
            if folder is None:
                return Unknown("relative import beyond the root")
            path = "/".join([*folder, *(name.split(".") if name else []), attribute])
            for candidate in (f"{path}.py", f"{path}/__init__.py"):
                found = table.by_path.get(candidate)
                if found is not None:
                    return ModuleValue(found)
            return Unknown(f"no module '{'.' * level}{name}' beside {origin.path}")
        submodule = table.find(f"{name}.{attribute}", origin)
        if submodule is not None:
            return ModuleValue(submodule)
        if table.is_namespace(f"{name}.{attribute}"):
            return NamespaceValue(f"{name}.{attribute}", origin)
        if table.is_namespace(name) and not self._project.catalogue.knows_module(name):
            return Unknown(f"no module '{name}' in the project")
        return self.external(f"{name}.{attribute}")

    def module_attribute(self, module: Module, name: str) -> Value:
        """``module.name``: what it binds, else a submodule of that name."""
        value = self.module_binding(module, name)
        if value is not None and value is not RECURSIVE:
            return value
        if module.is_package:
            folder = module.path.removesuffix("__init__.py")
            for candidate in (f"{folder}{name}.py", f"{folder}{name}/__init__.py"):
                found = self._project.table.by_path.get(candidate)
                if found is not None:
                    return ModuleValue(found)
        if value is None and "__getattr__" in module.facts.scopes[0].bindings:
            value = given_by(self._project, self.module_binding(module, "__getattr__"), name)
        return value or Unknown(f"{module.path} binds no '{name}'")

    def external(self, name: str) -> Value:
        """A library's name in its canonical spelling."""
        return self._project.members.of_library(name)

    # -- simple terms ------------------------------------------------------------------------------

    def _nothing(self, _frame: Frame, entry: t.Term, _term: int) -> Value:
        return unknown(f"result of {t.KIND_NAMES[entry[0]].lower()}")

    def _const(self, _frame: Frame, entry: t.Term, _term: int) -> Value:
        value = entry[1]
        if not isinstance(value, str):
            return Constant(value)
        known = self._texts.get(value)
        if known is None:
            known = self._texts[value] = Constant(value)
        return known

    def _unknown(self, _frame: Frame, entry: t.Term, _term: int) -> Value:
        return Unknown(entry[1])

    def _alias(self, frame: Frame, entry: t.Term, _term: int) -> Value:
        return self.evaluate(frame, entry[1])

    def _stored(self, frame: Frame, entry: t.Term, _term: int) -> Value:
        return self.evaluate(frame, entry[3])

    def _join(self, frame: Frame, entry: t.Term, term: int) -> Value:
        possible = self._project.branches.options(frame, term, entry[1])
        possible = self._choices.of(frame, possible)
        return join([self.evaluate(frame, option) for option in possible])

    def _bool(self, frame: Frame, entry: t.Term, term: int) -> Value:
        options = entry[2]
        if entry[1] == "or":
            options = self._project.branches.options(frame, term, options)
        values = [self.evaluate(frame, option) for option in options]
        if entry[1] == "and":
            # "a and b" is b, or something falsy that the code then does not use as an object.
            return join([values[-1], *[v for v in values[:-1] if isinstance(v, Unknown)]])
        kept: list[Value] = []
        for value in values:
            kept.append(without_none(value))
            if isinstance(value, TRUTHY):
                break
        return join([v for v in kept if not (isinstance(v, Constant) and not v.value)] or [NONE])

    def _sequence(self, frame: Frame, entry: t.Term, _term: int) -> Value:
        terms = frame.module.facts.terms
        starred = any(terms[item][0] == t.STAR for item in entry[2])
        values = [
            self._project.protocols.element(self.evaluate(frame, terms[item][1]))
            if terms[item][0] == t.STAR
            else self.evaluate(frame, item)
            for item in entry[2]
        ]
        if entry[1] == "tuple" and not starred:
            return TupleValue(tuple(values))
        return Iterable(join(values) if values else EMPTY, entry[1])

    def _mapping(self, frame: Frame, entry: t.Term, _term: int) -> Value:
        items = []
        others: list[Value] = []
        for key, value in entry[1]:
            known = self.evaluate(frame, key) if key >= 0 else None
            held = self.evaluate(frame, value)
            if isinstance(known, Constant):
                items.append((known.value, held))
            elif key >= 0:
                others.append(held)
            elif isinstance(held, MappingValue):
                items.extend(held.items)
                others.append(held.value)
            else:
                others.append(Unknown("unpacked mapping"))
        return MappingValue(join(others) if others else RECURSIVE, tuple(items[:64]))

    def _comprehension(self, frame: Frame, entry: t.Term, _term: int) -> Value:
        element = self.evaluate(frame, entry[2])
        if entry[1] == "dict":
            return MappingValue(element)
        region = frame.module.facts.regions[entry[4]]
        return Iterable(element, entry[1], is_async=entry[1] == "generator" and region.is_async)

    def _format(self, frame: Frame, entry: t.Term, term: int) -> Value:
        is_name = names_page(frame.module.facts.terms, entry) or _performs(frame)
        text = text_at(self._project, frame, term) if is_name else None
        return Instance("builtins.str") if text is None else Constant(text)

    def _caught(self, frame: Frame, entry: t.Term, _term: int) -> Value:
        if entry[1] < 0:
            return Unknown("exception")
        class_ = self.evaluate(frame, entry[1])
        if isinstance(class_, (ClassValue, External)):
            return self._project.types.instance(class_)
        return Unknown("one of several exceptions")

    def _type_variable(self, frame: Frame, entry: t.Term, _term: int) -> Value:
        if entry[2] >= 0:
            bound = self._project.types.annotation(frame, entry[2])
            if isinstance(bound, Instance):
                return (
                    bound.class_ if isinstance(bound.class_, ClassValue) else External(bound.class_)
                )
        return Unknown(f"type variable {entry[1]}")

    def _declared(self, frame: Frame, entry: t.Term, _term: int) -> Value:
        declared = self._project.types.annotation(frame, entry[2])
        if entry[1] < 0:
            return declared
        value = self.evaluate(frame, entry[1])
        if isinstance(declared, Unknown) or self._is_closer(value, declared):
            return value
        return declared

    def _is_closer(self, value: Value, declared: Value) -> bool:
        """Whether an assigned value says at least as much as the annotation beside it."""
        if isinstance(value, (Unknown, Constant)):
            return False
        if isinstance(declared, Instance) and self._project.libraries.is_unsaid(value):
            return False
        if type(value) is Instance and self._project.libraries.stands_for_attribute(value):
            return False
        if isinstance(value, Instance) and isinstance(declared, Instance):
            return value.class_ != declared.class_ or bool(value.init or value.details)
        if isinstance(value, MappingValue) and value.items and isinstance(declared, MappingValue):
            if isinstance(declared.value, Unknown):
                # dict[str, Any] says nothing of what stands there.
                return True
        return not isinstance(value, (Iterable, MappingValue, Union)) or is_traced(value)

    # -- parameters --------------------------------------------------------------------------------

    def _parameter(self, frame: Frame, entry: t.Term, _term: int) -> Value:
        # Terms of a class body inside a function, or of a comprehension, are evaluated in the
        # function's own frame.
        index = entry[1]
        if index < len(frame.arguments):
            given = frame.arguments[index]
            if given is not None:
                return given
        return self._project.calls.parameter(frame, index)

    # -- objects -----------------------------------------------------------------------------------

    def _attribute(self, frame: Frame, entry: t.Term, term: int) -> Value:
        base = self._project.assignments.used(frame, entry[1], term)
        if type(base) is Union:
            base = self._narrowing.of_name(frame, entry[1], term, base)
        value = self._project.members.attribute(base, entry[2])
        if type(value) is Unknown and frame.scope.name == "__init__":
            value = self._of_new(frame, base, entry[2], value)
        return self._narrowing.of_attribute(frame, term, value)

    def _of_new(self, frame: Frame, base: Value, name: str, value: Value) -> Value:
        """An attribute of the object that is being made, as the arguments here say."""
        if type(base) is not Instance or base.init is not None:
            return value
        if frame.arguments[:1] != (base,) or not any(frame.arguments[1:]):
            return value
        return self._project.members.attribute(replace(base, init=frame), name)

    def _call(self, frame: Frame, entry: t.Term, term: int) -> Value:
        result = self._project.calls.outcome(frame, term).result
        if frame.module.is_template:
            return self._project.templates.built(frame, term, result)
        if type(result) is Unknown or (
            type(result) is Instance and result.class_ == "builtins.str"
        ):
            is_name = names_page(frame.module.facts.terms, entry)
            text = text_at(self._project, frame, term) if is_name else None
            return result if text is None else Constant(text)
        if type(result) in (Instance, Union, MappingValue):
            built = self._project.inheriting.finished(frame, term, result)
            if not is_traced(built):
                return built
            called = frame.module.facts.terms[entry[1]]
            if called[0] == t.ATTR and called[2] in _TAKING:
                held = without_none(self.evaluate(frame, called[1]))
                is_held = type(held) in (MappingValue, Iterable)
                return self._project.lists.picked(frame, term, built) if is_held else built
            return single(built) if self.evaluate(frame, entry[1]) in _PICKING_ONE else built
        return result

    def _lookup(self, frame: Frame, entry: t.Term, term: int) -> Value:
        base = self.evaluate(frame, entry[1])
        found = self._project.templates.looked_up(base, entry[2], entry[3]).result
        return self._project.templates.built(frame, term, found)

    def _render(self, frame: Frame, entry: t.Term, _term: int) -> Value:
        return self._project.templates.rendered(frame, entry).result

    def _registered(self, frame: Frame, entry: t.Term, _term: int) -> Value:
        return self._project.tags.value(frame, entry[1], entry[2], entry[3])

    def _await(self, frame: Frame, entry: t.Term, _term: int) -> Value:
        return self.awaited(self.evaluate(frame, entry[1]))

    def awaited(self, value: Value) -> Value:
        """What ``await value`` gives."""
        results: list[Value] = []
        for option in options_of(without_none(value)):
            if isinstance(option, Coroutine):
                found = self._project.calls.returned(option.frame)
                results.append(self._project.generics.closer(found, option.declared))
            elif isinstance(option, Awaitable):
                results.append(option.result)
            elif isinstance(option, Instance):
                results.append(self._project.protocols.awaited_instance(option))
            elif isinstance(option, Unknown):
                results.append(option)
            else:
                results.append(Unknown("awaited something that is no awaitable"))
        return join(results)

    def _iter(self, frame: Frame, entry: t.Term, term: int) -> Value:
        element = self._project.protocols.element(self.evaluate(frame, entry[1]))
        return consumed_at(element, frame.module.path, term)

    def _enter(self, frame: Frame, entry: t.Term, _term: int) -> Value:
        return self._project.protocols.entered(self.evaluate(frame, entry[1]), entry[2])

    def _unary(self, frame: Frame, entry: t.Term, term: int) -> Value:
        if entry[1] == "-":
            operand = self.evaluate(frame, entry[2])
            if type(operand) is Constant and type(operand.value) is int:
                return Constant(-operand.value)
        return self._nothing(frame, entry, term)

    def _unpack(self, frame: Frame, entry: t.Term, _term: int) -> Value:
        value = without_none(self.evaluate(frame, entry[1]))
        options = options_of(value)
        return join([self._project.protocols.unpacked(option, entry[2]) for option in options])

    def _item(self, frame: Frame, entry: t.Term, term: int) -> Value:
        base = without_none(self.evaluate(frame, entry[1]))
        if isinstance(base, (External, ClassValue)):
            # A generic class or a container type under arguments is still the class.
            return base
        by = frame.module.facts.terms[entry[2]]
        key = None if by[0] == t.SLICE else self.evaluate(frame, entry[2])
        if type(key) is ClassValue:
            held = self._project.mappings.by_class(frame, entry[1], key)
            if held is not None:
                return held
        return self._project.lists.taken(frame, term, base, key)

    def _binary(self, frame: Frame, entry: t.Term, term: int) -> Value:
        left = self.evaluate(frame, entry[2])
        if names_page(frame.module.facts.terms, entry) or (
            type(left) is Constant and _performs(frame)
        ):
            text = text_at(self._project, frame, term)
            if text is not None:
                return Constant(text)
        if entry[1] == "|" and isinstance(left, (External, ClassValue)):
            right = self.evaluate(frame, entry[3])
            return join([left, right]) if not is_none(right) else left
        left = without_none(left)
        objects = [option for option in options_of(left) if isinstance(option, Instance)]
        if objects:
            other = partial(self.evaluate, frame, entry[3])
            given = [self._project.protocols.binary(o, entry[1], other) for o in objects]
            known = [value for value in given if value is not None]
            if len(known) == len(options_of(left)):
                return join(known)
        if isinstance(left, Iterable) and entry[1] in ("+", "+=", "|", "|="):
            more = self._project.protocols.element(self.evaluate(frame, entry[3]))
            return Iterable(join([left.element, more]), left.kind) if is_informative(more) else left
        if isinstance(left, MappingValue) and entry[1] in ("|", "+="):
            return self._project.mappings.merged(left, self.evaluate(frame, entry[3]))
        if isinstance(left, (Iterable, MappingValue)) or (
            isinstance(left, Instance) and left.class_ == "builtins.str"
        ):
            return left
        return unknown(f"result of operator {entry[1]}")

    def _narrow(self, frame: Frame, entry: t.Term, _term: int) -> Value:
        return self._narrowing.narrowed(frame, self.evaluate(frame, entry[1]), entry)

    # -- definitions -------------------------------------------------------------------------------

    def _definition(self, frame: Frame, entry: t.Term, _term: int) -> Value:
        number = entry[1]
        scope = frame.module.facts.scopes[number]
        if scope.kind == "class":
            value: Value = ClassValue(frame.module, number)
        else:
            value = FunctionValue(frame, number)
        for decorator in reversed(scope.decorators):
            value = self._project.calls.decorated(frame, value, decorator)
        return value


def _performs(frame: Frame) -> bool:
    """Whether the receiver of a method performs an action, from which names are put together."""
    return bool(frame.arguments) and performs(frame.arguments[0])
