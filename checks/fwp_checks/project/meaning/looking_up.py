"""Parameters by which a function finds something: ``def page(template, **names): return
render_template(template, **names)``, ``def may(action, user): return RULES[action](user)``.

What it finds depends on the text that it is handed, which frames are not told apart by otherwise.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.literals import bound
from fwp_checks.project.meaning.spelt import OF_A_VALUE
from fwp_checks.project.meaning.values import Constant, FunctionValue, Value

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# How many helpers may hand a name on to each other.
_MOST_STEPS = 3

_Function = tuple[Module, int]


class LookingUp:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[_Function, frozenset[int]] = {}

    def is_name(self, function: FunctionValue, index: int, given: Value | None) -> bool:
        """Whether what a parameter is given is a text by which the function finds something."""
        if not isinstance(given, Constant) or not isinstance(given.value, str):
            return False
        return index in self.of(function.module, function.scope)

    def of(self, module: Module, scope_number: int) -> frozenset[int]:
        """The parameters by which a function finds something."""
        key = (module, scope_number)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = (
                self._find(module, scope_number, self._helpers)
                if key in self._keyed or key in self._calling
                else frozenset()
            )
        return known

    @cached_property
    def _calling(self) -> set[_Function]:
        """The functions that call what may find something."""
        sites = self._project.call_sites
        wanted = self._project.frameworks.look_ups | self._helpers
        places = [place for name in wanted for place in sites.spelt(name)]
        for module, call in sites.spelt(OF_A_VALUE):
            # What a call has made goes by the name that it was given.
            called = module.facts.terms[module.facts.terms[call][1]]
            if called[0] == t.NAME and called[1] in wanted:
                places.append((module, call))
        return {(module, module.code_scope_of(call)) for module, call in places}

    @cached_property
    def _helpers(self) -> frozenset[str]:
        """The names of functions of the project that hand a parameter to what finds something, by
        themselves or through each other: helpers of helpers that render templates.
        """
        found: set[str] = set()
        for module, number in self._keyed:
            scope = module.facts.scopes[number]
            if scope.kind == "function" and scope.parent == 0 and self._keys(module, number):
                found.add(scope.name)
        names: set[str] | frozenset[str] = self._project.frameworks.look_ups | found
        for _ in range(_MOST_STEPS):
            wanted = frozenset(names)
            names = set()
            for name in sorted(wanted):
                for module, call in self._project.call_sites.spelt(name):
                    number = module.code_scope_of(call)
                    scope = module.facts.scopes[number]
                    if scope.kind == "function" and scope.parent == 0 and scope.name not in found:
                        if self._find(module, number, wanted):
                            names.add(scope.name)
            found |= names
        return frozenset(found)

    @cached_property
    def _keyed(self) -> dict[_Function, None]:
        """The functions that take something by a parameter, and those around them."""
        modules = self._project.table.modules
        places = [(module, item) for module in modules for item in module.of_kind(t.ITEM)]
        places += self._project.call_sites.spelt("get")
        found: dict[_Function, None] = {}
        for module, place in places:
            terms = module.facts.terms
            _, key = _taken(terms[place], terms)
            if key >= 0 and terms[t.unaliased(terms, key)][0] == t.PARAM:
                number = module.code_scope_of(place)
                while number > 0:
                    found[module, number] = None
                    number = module.facts.scopes[number].parent
        return found

    def _find(self, module: Module, scope_number: int, helpers: frozenset[str]) -> frozenset[int]:
        """The parameters that a function hands to what finds something by a text."""
        terms = module.facts.terms
        names = self._project.frameworks.look_ups
        found = set()
        for call in module.calls_in(scope_number):
            entry = terms[call]
            called = terms[entry[1]]
            spelt = _spelt(module, called)
            if spelt in names or (called[0] == t.NAME and spelt in helpers):
                for argument in t.operands(entry)[1:]:
                    handed = terms[t.unaliased(terms, argument)]
                    if handed[0] == t.PARAM:
                        found.add(handed[1])
        return frozenset(found | self._keys(module, scope_number))

    def _keys(self, module: Module, scope_number: int) -> set[int]:
        """The parameters by which a function takes another one from a mapping that is written out:
        ``RULES[action]``, ``self.rules.get(action)``.
        """
        terms = module.facts.terms
        scope = module.facts.scopes[scope_number]
        items = module.of_kind(t.ITEM)
        own = items[bisect_left(items, scope.start) : bisect_left(items, scope.end)]
        found: set[int] = set()
        for place in (*own, *module.calls_in(scope_number)):
            held, key = _taken(terms[place], terms)
            asked = terms[t.unaliased(terms, key)] if key >= 0 else t.NOTHING
            if asked[0] == t.PARAM and self._holds_functions(module, scope_number, held):
                found.add(asked[1])
        return found

    def _holds_functions(self, module: Module, scope_number: int, term: int) -> bool:
        """Whether something is a mapping of texts to functions, each written out."""
        frame = self._project.frame_of_scope(module, scope_number)
        held = self._written(frame, term)
        if held is None:
            return False
        around, entry = held
        terms = around.module.facts.terms
        if entry[0] != t.MAPPING or not all(
            key >= 0 and terms[key][0] == t.CONST for key, _ in entry[1]
        ):
            return False
        values = [self._written(around, value) for _, value in entry[1]]
        return any(value is not None and value[1][0] == t.DEFINITION for value in values)

    def _written(self, frame: Frame, term: int) -> tuple[Frame, t.Term] | None:
        """What a name, or an attribute of the method's own object, stands for."""
        for _ in range(_MOST_STEPS):
            terms = frame.module.facts.terms
            entry = terms[t.unaliased(terms, term)]
            if entry[0] == t.DECLARED and entry[1] >= 0:
                source: tuple[Frame, int] | None = (frame, entry[1])
            elif entry[0] in (t.NAME, t.IMPORT):
                source = bound(self._project, frame, entry)
            elif entry[0] == t.ATTR and terms[entry[1]] == (t.PARAM, 0):
                around = frame.module.facts.scopes[frame.scope.parent]
                at = around.bindings.get(entry[2], -1) if around.kind == "class" else -1
                parent = self._project.frame_of_scope(frame.module, frame.scope.parent)
                source = (parent, at) if at >= 0 else None
            else:
                return frame, entry
            if source is None:
                return None
            frame, term = source
        return None


def _taken(entry: t.Term, terms: list[t.Term]) -> tuple[int, int]:
    """What something is taken from, and by which key: ``held[key]``, ``held.get(key)``; -1 each for
    any other term.
    """
    if entry[0] == t.ITEM:
        return entry[1], entry[2]
    if entry[0] == t.CALL and entry[2] and terms[entry[1]][0] == t.ATTR:
        if terms[entry[1]][2] == "get":
            return terms[entry[1]][1], entry[2][0]
    return -1, -1


def _spelt(module: Module, called: t.Term) -> str:
    """The last part of the name of what is called, as its own module calls it."""
    if called[0] == t.NAME:
        bound = module.facts.scopes[0].bindings.get(called[1], -1)
        meant = module.facts.terms[bound] if bound >= 0 else called
        called = meant if meant[0] in (t.ATTR, t.IMPORT) else called
    return str(called[2] if called[0] in (t.ATTR, t.IMPORT) else called[1])
