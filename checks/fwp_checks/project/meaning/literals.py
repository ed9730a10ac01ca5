"""Lists and tuples that are spelt out: which items they have, and where each stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.meaning.values import ClassValue, Constant, ModuleValue, Value

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

_COPIES = frozenset({"list", "tuple", "set", "frozenset", "sorted"})
_MAX_STEPS = 30


class Item:
    """One item: the term it stands at, and the frame to evaluate it in."""

    __slots__ = ("frame", "term")

    def __init__(self, frame: Frame, term: int) -> None:
        self.frame = frame
        self.term = term


def items(project: Project, frame: Frame, term: int) -> list[Item] | None:
    """The items of a display, seen through names, ``+``, ``*``, copies and attributes of other
    classes; None where some of them are not known.
    """
    return _items(project, frame, term, 0)


def _items(project: Project, frame: Frame, term: int, steps: int) -> list[Item] | None:
    if steps > _MAX_STEPS:
        return None
    entry = frame.module.facts.terms[term]
    if entry[0] == t.SEQUENCE:
        return _of_display(project, frame, entry, steps)
    if entry[0] == t.BINARY and entry[1] in ("+", "+="):
        left = _items(project, frame, entry[2], steps + 1)
        right = _items(project, frame, entry[3], steps + 1)
        return left + right if left is not None and right is not None else None
    if entry[0] in (t.ALIAS, t.DECLARED) and entry[1] >= 0:
        return _items(project, frame, entry[1], steps + 1)
    if entry[0] == t.CALL and len(entry[2]) == 1 and not entry[3]:
        called = frame.module.facts.terms[entry[1]]
        if called[0] == t.NAME and called[1] in _COPIES:
            return _items(project, frame, entry[2][0], steps + 1)
    source = bound(project, frame, entry)
    return _items(project, *source, steps + 1) if source is not None else None


def _of_display(project: Project, frame: Frame, entry: t.Term, steps: int) -> list[Item] | None:
    found: list[Item] = []
    for item in entry[2]:
        starred = frame.module.facts.terms[item]
        if starred[0] == t.STAR:
            inner = _items(project, frame, starred[1], steps + 1)
            if inner is None:
                return None
            found.extend(inner)
        else:
            found.append(Item(frame, item))
    return found


def bound(project: Project, frame: Frame, entry: t.Term) -> tuple[Frame, int] | None:
    """The term that a name, an import or an attribute of a class stands for."""
    if entry[0] == t.NAME:
        term = frame.module.facts.scopes[0].bindings.get(entry[1], -1)
        return (project.module_frame(frame.module), term) if term >= 0 else None
    if entry[0] == t.IMPORT:
        table = project.table
        _, name, attribute, level = entry
        found = (
            table.find_relative(name, level, frame.module)
            if level
            else table.find(name, frame.module)
        )
        if found is None or attribute is None:
            return None
        term = found.facts.scopes[0].bindings.get(attribute, -1)
        return (project.module_frame(found), term) if term >= 0 else None
    if entry[0] == t.ATTR:
        base = project.values.evaluate(frame, entry[1])
        if isinstance(base, ModuleValue):
            term = base.module.facts.scopes[0].bindings.get(entry[2], -1)
            return (project.module_frame(base.module), term) if term >= 0 else None
        if isinstance(base, ClassValue):
            return attribute_term(project, base, entry[2])
    return None


def attribute_term(project: Project, class_: ClassValue, name: str) -> tuple[Frame, int] | None:
    """Where a class, or the first of its bases that does, binds a name: the frame around that
    class, and the term.
    """
    for owner in project.classes.info(class_).order:
        if isinstance(owner, ClassValue):
            term = owner.module.facts.scopes[owner.scope].bindings.get(name, -1)
            if term >= 0:
                return project.classes.frame_around(owner), term
    return None


def strings(project: Project, found: list[Item]) -> list[str] | None:
    """The items as texts; None if one is not."""
    texts = []
    for item in found:
        text = text_of(project.values.evaluate(item.frame, item.term))
        if text is None:
            return None
        texts.append(text)
    return texts


def text_of(value: Value | None) -> str | None:
    """The text that a literal holds; None for anything else."""
    return value.value if isinstance(value, Constant) and isinstance(value.value, str) else None


def definition_term(module: Module, scope_number: int) -> int:
    """The term that defines a class or function; where it is bound again, its first own term."""
    scope = module.facts.scopes[scope_number]
    term = module.facts.scopes[scope.parent].bindings.get(scope.name, -1)
    if term >= 0 and module.facts.terms[term] == (t.DEFINITION, scope_number):
        return term
    for number in range(scope.end, len(module.facts.terms)):
        if module.facts.terms[number] == (t.DEFINITION, scope_number):
            return number
    return scope.start
