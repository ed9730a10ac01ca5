"""Temporary files that others write to by their names: nothing is flushed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.base import Framework

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame
    from fwp_checks.project.meaning.outcome import RunExternal

_FLUSH = "tempfile._TemporaryFileWrapper.flush"
# What leaves nothing behind that could be flushed.
_NOT_WRITING = frozenset(
    {"close", "closed", "fileno", "flush", "name", "read", "readline", "readlines", "seek", "tell"}
)


class TemporaryFiles(Framework):
    """Hooks for temporary files."""

    name = "tempfile"
    modules = frozenset({"tempfile"})

    def spares(self, project: Project, frame: Frame, term: int, run: RunExternal) -> bool:
        """Whether a file is flushed, an attribute of an object's own, that nothing writes to."""
        terms = frame.module.facts.terms
        if run.name != _FLUSH or terms[term][0] != t.CALL:
            return False
        called = terms[terms[term][1]]
        file = terms[t.unaliased(terms, called[1])] if called[0] == t.ATTR else called
        return (
            file[0] == t.ATTR
            and str(file[2]).startswith("_")
            and frame.module.is_parameter(file[1], frame.scope_number, 0)
            and not _is_written(frame.module, str(file[2]))
        )


def _is_written(module: Module, name: str) -> bool:
    """Whether a module may write to what an attribute holds, or hands that on."""
    terms = module.facts.terms
    read = {term for term in module.of_kind(t.ATTR) if terms[term][2] == name}
    return any(
        not read.isdisjoint(t.operands(entry))
        for entry in terms
        if entry[0] != t.ATTR or entry[2] not in _NOT_WRITING
    )


FRAMEWORK = TemporaryFiles()
