"""The test code of a project: no part of it, and read when something is asked of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

from fwp_checks.facts.model import ModuleFacts
from fwp_checks.project.files.modules import Module
from fwp_checks.project.files.roots import SourceRoots, module_names

Loading = Callable[[Sequence[str]], Mapping[str, ModuleFacts]]


class TestCode:
    """Test files by their paths relative to the root, and what gives the facts of some files."""

    __test__ = False

    def __init__(self, paths: Sequence[str], roots: SourceRoots, load: Loading) -> None:
        self._paths = paths
        self._roots = roots
        self._load = load

    @cached_property
    def modules(self) -> list[Module]:
        """The test files as modules, which see those of the project and are seen by none."""
        facts = self._load(self._paths)
        return [
            Module(path, module_names(path, self._roots), facts[path], is_test=True)
            for path in self._paths
            if path in facts
        ]
