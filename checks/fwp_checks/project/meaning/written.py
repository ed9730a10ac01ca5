"""What methods write to attributes of their objects: ``self.name = …``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.meaning.classes import PLAIN_BASES
from fwp_checks.project.meaning.values import ClassValue, FunctionValue, Instance, Value

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame
    from fwp_checks.project.meaning.kept import Kept


class Written:
    """Answers for one project."""

    def __init__(self, project: Project, kept: Kept) -> None:
        self._project = project
        self._kept = kept

    def of(self, instance: Instance, class_: ClassValue, name: str) -> list[Value]:
        """Values of ``self.name = …`` in any method of the class and its bases."""
        found: list[Value] = []
        known_inits = self._init_frames(instance)
        for owner in self._project.classes.info(class_).order:
            if not isinstance(owner, ClassValue):
                continue
            writes = owner.module.methods_writing.get(owner.scope, {}).get(name, ())
            for method, term in writes:
                if len(writes) > 1 and self._is_idle_setter(owner, method, term):
                    continue
                frame = known_inits.get((owner.module, method)) or self._method_frame(
                    owner, method, instance
                )
                found.append(self._project.values.evaluate(frame, term))
        return found

    def _is_idle_setter(self, owner: ClassValue, method: int, store: int) -> bool:
        """Whether a method keeps a bare argument which nobody hands over: no code speaks of a
        method of this name, and no library knows the class.
        """
        terms, scope = owner.module.facts.terms, owner.module.facts.scopes[method]
        term = t.unaliased(terms, terms[store][3])
        if terms[term][0] != t.PARAM or scope.name.startswith("__") or scope.decorators:
            return False
        if scope.parameters[terms[term][1]].annotation >= 0:
            return False
        if not self._project.classes.info(owner).has_only(PLAIN_BASES):
            return False
        return not self._project.call_sites.is_spoken_of(scope.name)

    def _method_frame(self, owner: ClassValue, method: int, instance: Instance) -> Frame:
        project = self._project
        scope = owner.module.facts.scopes[method]
        if scope.decorators and isinstance(instance.class_, ClassValue):
            frame = self._kept.frame_of_classmethod(owner, method, instance.class_)
            if frame is not None:
                return frame
        receiver: Value = Instance(instance.class_, arguments=instance.arguments)
        arguments = (receiver, *[None] * (len(scope.parameters) - 1))
        return project.frames.get(
            owner.module, method, project.classes.frame_around(owner), arguments
        )

    def _init_frames(self, instance: Instance) -> dict[tuple[Module, int], Frame]:
        """The constructor frames of an object whose arguments are known, with those of its bases'
        constructors.
        """
        found: dict[tuple[Module, int], Frame] = {}
        frame = instance.init
        while frame is not None and (frame.module, frame.scope_number) not in found:
            found[(frame.module, frame.scope_number)] = frame
            frame = self._super_init(frame)
        return found

    def _super_init(self, frame: Frame) -> Frame | None:
        terms = frame.module.facts.terms
        for term in range(frame.scope.start, frame.scope.end):
            entry = terms[term]
            if (
                entry[0] == t.CALL
                and terms[entry[1]][0] == t.ATTR
                and terms[entry[1]][2] == "__init__"
            ):
                method = self._project.values.evaluate(frame, entry[1])
                if isinstance(method, FunctionValue) and method.receiver is not None:
                    return self._project.calls.frame_for(
                        method, self._project.calls.arguments(frame, entry)
                    )
        return None
