"""Files that say how the project is run: read when the first question about them is asked."""

from __future__ import annotations

from collections.abc import Iterable

from fwp_checks.cache import Cache
from fwp_checks.facts.model import ModuleFacts
from fwp_checks.loading import load
from fwp_checks.sources import Sources


class StoredDeployment:
    """The deployment files of one project; ``paths`` are relative to its root."""

    def __init__(self, sources: Sources, cache: Cache, paths: Iterable[str]) -> None:
        self._sources = sources
        self._cache = cache
        self.paths = tuple(paths)

    def read(self, path: str) -> bytes | OSError:
        """The bytes of a file, or why they cannot be had."""
        return self._sources.read(path)

    def facts(self, path: str) -> ModuleFacts:
        """The facts of a file in Python; of one that cannot be parsed, facts that say so."""
        return load(self._sources, [path], self._cache)[path]
