"""What classes keep in attributes of their own: ``cls._instance = cls()`` in a classmethod.

The class body says nothing of it but None, or nothing at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.values import ClassValue, Value

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project


class Kept:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._stores: dict[str, dict[str, list[tuple[Module, int]]]] = {}

    def of(self, class_: ClassValue, name: str) -> list[Value]:
        """What the project assigns to this attribute of a class: of the class itself or one that
        it derives from.
        """
        order = self._project.classes.info(class_).order
        owners = [owner for owner in order if isinstance(owner, ClassValue)]
        found: list[Value] = []
        for owner in owners:
            found.extend(self._by_own_methods(owner, class_, name))
        found.extend(self._by_name(owners, name))
        return found

    def frame_of_classmethod(
        self, owner: ClassValue, method: int, class_: ClassValue
    ) -> Frame | None:
        """The frame of a method, called of a class, that is handed the class; None for others."""
        project = self._project
        parent = project.classes.frame_around(owner)
        frame = project.calls.unbound_frame(parent, method)
        if not frame.arguments or not isinstance(frame.arguments[0], ClassValue):
            return None
        return project.frames.get(owner.module, method, parent, (class_, *frame.arguments[1:]))

    def _by_own_methods(self, owner: ClassValue, class_: ClassValue, name: str) -> Iterator[Value]:
        for method, term in owner.module.methods_writing.get(owner.scope, {}).get(name, ()):
            frame = self.frame_of_classmethod(owner, method, class_)
            if frame is not None:
                yield self._project.values.evaluate(frame, term)

    def _by_name(self, owners: list[ClassValue], name: str) -> Iterator[Value]:
        """``Manager._instance = …``, wherever it stands."""
        places = self._stores.get(name)
        if places is None:
            places = self._stores[name] = self._find_stores(name)
        for owner in owners if places else ():
            for module, term in places.get(owner.name, ()):
                _, base, _, stored = module.facts.terms[term]
                frame = self._project.frame_of_scope(module, module.code_scope_of(term))
                if self._project.values.evaluate(frame, base) is owner:
                    yield self._project.values.evaluate(frame, stored)

    def _find_stores(self, name: str) -> dict[str, list[tuple[Module, int]]]:
        """The assignments to an attribute of this name, by what may be the name of a class."""
        found: dict[str, list[tuple[Module, int]]] = {}
        for module, term in self._project.attribute_stores.get(name, ()):
            base = module.facts.terms[module.facts.terms[term][1]]
            last = self._last_name(module, base)
            if last:
                found.setdefault(last, []).append((module, term))
        return found

    @staticmethod
    def _last_name(module: Module, entry: t.Term) -> str:
        """The name that a class has where it is defined, if a term of this kind is one."""
        if entry[0] == t.NAME:
            bound = module.facts.scopes[0].bindings.get(entry[1], -1)
            entry = module.facts.terms[bound] if bound >= 0 else entry
        if entry[0] == t.DEFINITION:
            return module.facts.scopes[entry[1]].name
        return str(entry[2]) if entry[0] in (t.IMPORT, t.ATTR) else ""
