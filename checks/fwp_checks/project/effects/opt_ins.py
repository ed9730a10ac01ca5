"""Switches of an object that are off, and that nothing in the project turns on unless a setting
asks for it: ``self.enabled = enabled``, of a parameter that is False by default and that nobody
hands over; ``self.enabled = False``, and a method that turns it on, called where a setting that is
False by default is on. And such settings of the application themselves: ``if settings.tracing:``.

What stands behind them may be done where somebody asks for it, and so may what the methods of a
class do whose objects are made nowhere else.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.effects.constructed import (
    CONSTRUCTOR,
    is_attribute_of,
    is_bound_by_classes,
)
from fwp_checks.project.effects.requirements import Condition
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.classes import SETTINGS
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.literals import attribute_term, bound
from fwp_checks.project.meaning.tested import tests_before, tests_in
from fwp_checks.project.meaning.values import (
    ClassValue,
    External,
    FunctionValue,
    Instance,
    options_of,
    without_none,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_OFF: t.Term = (t.CONST, False)
_ON: t.Term = (t.CONST, True)
_MOST_PLACES = 40
# How far up constructors of derived classes are followed.
_LEVELS = 4
# What gives a default to a setting, as its first argument or by this name.
_FIELDS: tuple[str, ...] = ("pydantic.Field", "pydantic.fields.Field")
_DEFAULT = "default"
_SETTINGS = frozenset(SETTINGS)
_READS = (t.ATTR, t.NAME, t.IMPORT)
# Through how many variables a setting is followed.
_STEPS = 4


class OptIns:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._names: dict[tuple[Module, int], frozenset[str]] = {}
        self._settings: dict[tuple[Module, int], list[tuple[int, int]]] = {}
        self._off: dict[tuple[ClassValue, str], bool] = {}
        self._made: dict[ClassValue, bool] = {}

    def has(self, frame: Frame, term: int) -> bool:
        """Whether a term runs only where such a switch is on: of the settings of the application,
        or of the object whose method it is.
        """
        module, number = frame.module, frame.scope_number
        for start, end in self._behind_settings(frame) if self._has_settings else ():
            if start <= term < end:
                return True
        parent = module.facts.scopes[number].parent
        if parent <= 0 or module.facts.scopes[parent].kind != "class":
            return False
        names = self._candidates(module, parent)
        if not names:
            return False
        terms = module.facts.terms
        for test, holds in tests_before(module, number, term):
            entry = terms[t.unaliased(terms, test)]
            if (
                holds
                and entry[0] == t.ATTR
                and entry[2] in names
                and module.is_parameter(entry[1], number, 0)
                and self._is_off(ClassValue(module, parent), entry[2])
            ):
                return True
        return False

    def is_of_such(self, frame: Frame) -> bool:
        """Whether a function is a method of a class whose objects are only made behind such a
        setting: ``if settings.mock: return MockService()``.
        """
        class_ = self._project.calls.class_of_method(frame.module, frame.scope_number)
        if class_ is None or not self._has_settings:
            return False
        known = self._made.get(class_)
        if known is None:
            known = self._made[class_] = self._is_made_on_request(class_)
        return known

    def _is_made_on_request(self, class_: ClassValue) -> bool:
        classes = self._project.classes
        classes.link_subclasses()
        sites = self._project.call_sites.spelt(class_.name)
        if classes.info(class_).subclasses or len(sites) > _MOST_PLACES:
            return False
        is_made = False
        for module, call in sites:
            caller = self._project.frame_of_scope(module, module.code_scope_of(call))
            if module.is_test or not self._means(caller, call, class_):
                continue
            if not any(start <= call < end for start, end in self._behind_settings(caller)):
                return False
            is_made = True
        return is_made and all(
            module.is_test or _only_calls(module, class_) for module in self._project.table.modules
        )

    @cached_property
    def _has_settings(self) -> bool:
        """Whether the project has settings of the application."""
        bases = self._project.call_sites.derived.values()
        return any(not _SETTINGS.isdisjoint(externals) for externals in bases)

    def _behind_settings(self, frame: Frame) -> list[tuple[int, int]]:
        """The stretches of a function that run only where such a setting is on."""
        key = (frame.module, frame.scope_number)
        known = self._settings.get(key)
        if known is None:
            known = self._settings[key] = [
                (test.start, test.end)
                for test in tests_in(*key)
                if test.holds and self._is_of_application(frame, test.term, _STEPS)
            ]
        return known

    def _is_of_application(self, frame: Frame, term: int, steps: int) -> bool:
        """Whether a term reads such a setting of the application, or a variable that holds it."""
        terms = frame.module.facts.terms
        entry = terms[t.unaliased(terms, term)]
        if entry[0] not in _READS or steps == 0:
            return False
        if entry[0] == t.ATTR and self._is_setting(frame, term):
            base = without_none(self._project.values.evaluate(frame, entry[1]))
            return all(map(self._project.classes.is_settings, options_of(base)))
        source = bound(self._project, frame, entry)
        return source is not None and self._is_of_application(*source, steps - 1)

    def _candidates(self, module: Module, class_: int) -> frozenset[str]:
        """The attributes that a constructor turns off, as far as is seen there."""
        key = (module, class_)
        known = self._names.get(key)
        if known is None:
            found = []
            for name, writes in module.methods_writing.get(class_, {}).items():
                for method, store in writes:
                    if module.facts.scopes[method].name == CONSTRUCTOR and (
                        module.facts.terms[module.facts.terms[store][3]] == _OFF
                        or _option(module, method, module.facts.terms[store][3]) >= 0
                    ):
                        found.append(name)
            known = self._names[key] = frozenset(found)
        return known

    def _is_off(self, class_: ClassValue, name: str) -> bool:
        key = (class_, name)
        known = self._off.get(key)
        if known is None:
            self._off[key] = False
            known = self._off[key] = self._stays_off(class_, name)
        return known

    def _stays_off(self, class_: ClassValue, name: str) -> bool:
        """Whether all that is assigned to attributes of this name leaves it off, but for what a
        setting asks for.
        """
        stores = self._project.attribute_stores.get(name, [])
        if len(stores) > _MOST_PLACES or is_bound_by_classes(self._project, class_, name):
            return False
        for module, store in stores:
            value = module.facts.terms[store][3]
            if module.is_test or value < 0 or module.facts.terms[value] == _OFF:
                continue
            if is_attribute_of(self._project, class_, module, store) is False:
                continue
            number = module.scope_of(store)
            owner = self._project.calls.class_of_method(module, number)
            if owner != class_ or not module.is_parameter(module.facts.terms[store][1], number, 0):
                return False
            if module.facts.scopes[number].name == CONSTRUCTOR:
                option = _option(module, number, value)
                if option < 0 or self._is_left_out(class_, option, _LEVELS) is not True:
                    return False
            elif module.facts.terms[value] != _ON or not self._is_asked_for(module, number):
                return False
        return True

    # -- constructors ------------------------------------------------------------------------------

    def _is_left_out(self, class_: ClassValue, option: int, levels: int) -> bool | None:
        """Whether objects of a class are never made with this parameter of its constructor; None
        if none are made at all.
        """
        if not levels:
            return False
        project = self._project
        init = project.members.find_in_class(class_, CONSTRUCTOR)
        if not isinstance(init, FunctionValue):
            return False
        constructor = project.frame_of_scope(init.module, init.scope)
        requirements = frozenset({Condition(option, "truthy")})
        is_made = False
        for made in (class_, *project.classes.info(class_).subclasses):
            own = project.members.find_in_class(made, CONSTRUCTOR)
            is_inherited = own == init
            name = made.name if is_inherited else CONSTRUCTOR
            places = project.call_sites.spelt(name)
            if is_inherited and len(places) > _MOST_PLACES:
                return False
            for module, call in places:
                number = module.code_scope_of(call)
                if module.is_test or (
                    not is_inherited and project.calls.class_of_method(module, number) != made
                ):
                    continue
                caller = project.frame_of_scope(module, number)
                if not self._means(caller, call, made if is_inherited else init):
                    continue
                is_made = True
                left = project.passed.left(requirements, caller, call, constructor)
                if left is None:
                    continue
                if is_inherited or len(left) != 1:
                    return False
                for need in left:
                    if need.test != "truthy" or need.is_of_many:
                        return False
                    if self._is_left_out(made, need.parameter, levels - 1) is False:
                        return False
        return is_made or None

    def _means(self, caller: Frame, call: int, wanted: ClassValue | FunctionValue) -> bool:
        """Whether a call may be one of a class or function."""
        called = self._project.values.evaluate(caller, caller.module.facts.terms[call][1])
        for option in options_of(called):
            if option == wanted:
                return True
            if isinstance(option, FunctionValue) and isinstance(wanted, FunctionValue):
                if (option.module, option.scope) == (wanted.module, wanted.scope):
                    return True
        return False

    # -- settings ----------------------------------------------------------------------------------

    def _is_asked_for(self, module: Module, method: int) -> bool:
        """Whether a method is called, and only where a setting that is off by default is on."""
        sites = self._project.call_sites
        if len(sites.spelt(module.facts.scopes[method].name)) > _MOST_PLACES:
            return False
        is_called = False
        for caller, call, called in sites.of_function(module, method):
            if caller.module.is_test:
                continue
            is_called = True
            if called is None or not any(
                holds and self._is_setting(caller, test)
                for test, holds in tests_before(caller.module, caller.scope_number, call)
            ):
                return False
        return is_called

    def _is_setting(self, frame: Frame, term: int) -> bool:
        """Whether a term reads an attribute whose class gives it False by default, and that nothing
        assigns.
        """
        terms = frame.module.facts.terms
        entry = terms[t.unaliased(terms, term)]
        if entry[0] != t.ATTR or entry[2] in self._project.attribute_stores:
            return False
        bases = options_of(without_none(self._project.values.evaluate(frame, entry[1])))
        return bool(bases) and all(
            isinstance(base, Instance)
            and isinstance(base.class_, ClassValue)
            and self._is_false(base.class_, entry[2])
            for base in bases
        )

    def _is_false(self, class_: ClassValue, name: str) -> bool:
        found = attribute_term(self._project, class_, name)
        if found is None:
            return False
        frame, term = found
        terms = frame.module.facts.terms
        while terms[term][0] in (t.DECLARED, t.ALIAS) and terms[term][1] >= 0:
            term = terms[term][1]
        entry = terms[term]
        if entry[0] == t.CALL:
            function = self._project.values.evaluate(frame, entry[1])
            if not isinstance(function, External) or function.name not in _FIELDS:
                return False
            given = [*entry[2][:1], *[value for key, value in entry[3] if key == _DEFAULT]]
            return any(terms[value] == _OFF for value in given)
        return entry == _OFF


def _only_calls(module: Module, class_: ClassValue) -> bool:
    """Whether a module does nothing with a class, or what has its name, but call it, and say that
    functions return it.
    """
    terms = module.facts.terms
    named = {term for term in module.of_kind(t.NAME) if terms[term][1] == class_.name}
    named.update(term for term in module.of_kind(t.IMPORT) if terms[term][2] == class_.name)
    named.update(term for term in module.of_kind(t.ATTR) if terms[term][2] == class_.name)
    if module is class_.module:
        definitions = module.of_kind(t.DEFINITION)
        named.update(term for term in definitions if terms[term][1] == class_.scope)
    if not named:
        return True
    waiting: list[int] = []
    spoken: set[int] = set()
    for scope in module.facts.scopes:
        if any(term in named and name != class_.name for name, term in scope.bindings.items()):
            return False
        # A framework makes what is declared.
        declared = [parameter.annotation for parameter in scope.parameters]
        if not named.isdisjoint([*declared, *scope.returns]):
            return False
        if scope.returns_annotation >= 0:
            waiting.append(scope.returns_annotation)
    while waiting:
        term = waiting.pop()
        spoken.add(term)
        waiting.extend(t.operands(terms[term]))
    return not any(
        operand in named and not (entry[0] == t.CALL and operand == entry[1])
        for at, entry in enumerate(terms)
        if at not in spoken
        for operand in t.operands(entry)
    )


def _option(module: Module, number: int, value: int) -> int:
    """The parameter that a term is, if it is False by default; -1 otherwise."""
    terms = module.facts.terms
    entry = terms[t.unaliased(terms, value)]
    if entry[0] != t.PARAM:
        return -1
    default = module.facts.scopes[number].parameters[entry[1]].default
    return int(entry[1]) if default >= 0 and terms[default] == _OFF else -1
