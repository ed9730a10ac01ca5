"""Attributes that code assigns on an object before it uses it: ``post.author = author``.

Frameworks take note of what their objects hold from then on, in this function and in those that the
object is handed to.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.mappings import roots_of
from fwp_checks.project.meaning.values import Instance, Union, Value, join

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_SETATTR = (t.NAME, "setattr")
# Where objects keep their attributes.
_KEPT = "__dict__"


class Assignments:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._values = project.values
        self._known: dict[Module, dict[int, dict[int, list[tuple[int, str]]]]] = {}
        self._set: dict[Module, list[AttributeSet]] = {}

    def used(self, frame: Frame, term: int, at: int) -> Value:
        """The value of a term where another one uses it."""
        value = frame.known(term) or self._values.evaluate(frame, term)
        if type(value) is Union or (type(value) is Instance and value.details):
            names = self._before(frame, term, at)
            if names:
                return self._with(value, frozenset(names))
        return value

    def _before(self, frame: Frame, term: int, at: int) -> list[str]:
        """The attributes that are assigned before ``at`` on what a term stands for."""
        assigned = self._in_scope(frame)
        if not assigned:
            return []
        roots = roots_of(frame.module.facts.terms, term)
        return [name for root in roots for place, name in assigned.get(root, ()) if place < at]

    def _in_scope(self, frame: Frame) -> dict[int, list[tuple[int, str]]]:
        """By what an attribute is assigned on: where, and its name."""
        module = frame.module
        known = self._known.get(module)
        if known is None:
            known = self._known[module] = {}
            terms = module.facts.terms
            for one in self.set_in(module):
                assigned = known.setdefault(module.code_scope_of(one.term), {})
                for root in roots_of(terms, one.owner):
                    assigned.setdefault(root, []).append((one.term, one.name))
        return known.get(frame.scope_number, {})

    def set_in(self, module: Module) -> list[AttributeSet]:
        """What a file sets on objects: ``post.size = …``, ``setattr(post, "size", …)``,
        ``post.__dict__["size"] = …``
        """
        known = self._set.get(module)
        if known is None:
            known = self._set[module] = _attributes_set(module, self._setting.get(module, ()))
        return known

    @cached_property
    def _setting(self) -> dict[Module, list[int]]:
        """The calls of ``setattr`` in each file."""
        found: dict[Module, list[int]] = {}
        for module, call in self._project.call_sites.spelt("setattr"):
            found.setdefault(module, []).append(call)
        return found

    def _with(self, value: Value, names: frozenset[str]) -> Value:
        if isinstance(value, Union):
            return join([self._with(option, names) for option in value.options])
        if isinstance(value, Instance) and value.details:
            return self._project.frameworks.assigned(value, names)
        return value


class AttributeSet(NamedTuple):
    """Where code sets an attribute on an object, and to what."""

    term: int
    owner: int
    name: str
    value: int


def _attributes_set(module: Module, setting: Sequence[int]) -> list[AttributeSet]:
    terms = module.facts.terms
    found: list[AttributeSet] = []
    for store in module.of_kind(t.STORE):
        _, owner, name, value = terms[store]
        if value >= 0:
            found.append(AttributeSet(store, owner, name, value))
    for call in setting:
        given = terms[call][2]
        if len(given) == 3 and terms[terms[call][1]] == _SETATTR:
            if terms[given[1]][0] == t.CONST:
                name = str(terms[given[1]][1])
                found.append(AttributeSet(call, given[0], name, given[2]))
    for store in module.of_kind(t.STORE_ITEM):
        _, base, key, value = terms[store]
        if value >= 0 and terms[key][0] == t.CONST:
            held = terms[t.unaliased(terms, base)]
            if held[0] == t.ATTR and held[2] == _KEPT:
                found.append(AttributeSet(store, held[1], str(terms[key][1]), value))
    return found


def assigned_before(frame: Frame, term: int) -> int:
    """What an ATTR term was assigned last in its function, whichever path was taken; -1 if that is
    not there.
    """
    module = frame.module
    terms = module.facts.terms
    term = t.unaliased(terms, term)
    last = -1
    for store in module.attribute_writes_in(frame.scope_number):
        if store < term and terms[store][2] == terms[term][2]:
            last = store
    if last < 0 or terms[last][0] != t.STORE or not _is_same(terms, terms[last][1], terms[term][1]):
        return -1
    for region in module.regions_in(frame.scope_number):
        if region.start <= last < region.end and not region.start <= term < region.end:
            return -1
    return int(terms[last][3])


def _is_same(terms: list[t.Term], one: int, other: int) -> bool:
    """Whether two terms of a function are the same parameter or variable."""
    one, other = t.unaliased(terms, one), t.unaliased(terms, other)
    return one == other or (terms[one][0] == t.PARAM and terms[one] == terms[other])


def bound_to(frame: Frame, term: int) -> str:
    """The variable or attribute that what a term makes is bound to; empty if there is none."""
    facts = frame.module.facts
    scope = facts.scopes[frame.module.scope_of(term)]
    for name, bound in scope.bindings.items():
        seen = bound
        while facts.terms[seen][0] in (t.ALIAS, t.NARROW, t.DECLARED) and facts.terms[seen][1] >= 0:
            seen = facts.terms[seen][1]
        if seen == term:
            return name
    for store in facts.attribute_writes:
        if facts.terms[store][0] == t.STORE and facts.terms[store][3] == term:
            return str(facts.terms[store][2])
    return ""
