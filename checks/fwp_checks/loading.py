"""Files to facts: from the cache, or by reading them."""

from __future__ import annotations

import marshal
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache as once
from hashlib import blake2b
from pathlib import Path

from fwp_checks.cache import Cache, recipe
from fwp_checks.facts.model import FACTS_VERSION, ModuleFacts
from fwp_checks.reading import (
    Item,
    Readers,
    facts_of,
    is_worth_processes,
    readers,
    size_of,
)
from fwp_checks.sources import Sources, digest_of, read_file

Progress = Callable[[str, int, int], None]


class Loading:
    """Files whose facts are being made: other processes begin as soon as there is enough for them,
    this one joins them when it asks for the result.
    """

    def __init__(
        self, sources: Sources, cache: Cache, jobs: int = 1, files: Iterable[str] = ()
    ) -> None:
        """``jobs`` is the number of processes that may be used, ``files`` are those that are known
        from the start to be read.
        """
        self._sources = sources
        self._cache = cache
        self._jobs = jobs
        self._found: dict[str, ModuleFacts] = {}
        self._missing: dict[str, list[str]] = {}
        self._begun: Readers | None = None
        self._waiting = [item for path in files for item in self._items(path)]
        self._early = size_of(self._waiting)
        if is_worth_processes(self._early, jobs):
            self._begin()

    def add(self, files: Iterable[str], for_syntax: Iterable[str] = ()) -> None:
        """The remaining files. Of those ``for_syntax``, which cannot matter, the facts are empty
        but for whether they can be read.
        """
        self._waiting += [item for path in files for item in self._items(path)]
        self._waiting += [item for path in for_syntax for item in self._items(path, "syntax")]
        if self._begun is None:
            self._begin()

    def result(self, progress: Progress | None = None) -> dict[str, ModuleFacts]:
        """The facts of the files by path; a file that cannot be read has facts that say so."""
        for done, (key, facts) in enumerate(self._results(), 1):
            self._found.update(dict.fromkeys(self._missing[key], facts))
            if progress is not None:
                progress("reading", done, len(self._missing))
        return self._found

    def stop(self) -> None:
        """End what is still going on: there is no result after that."""
        if self._begun is not None:
            self._begun.stop()
            self._begun = None

    def _items(self, path: str, kind: str = "facts") -> list[Item]:
        """What there is to read for a file: nothing if it is known, or the same as another."""
        content = self._sources.read(path)
        if isinstance(content, OSError):
            self._found[path] = _unreadable(content)
            return []
        key = _facts_key(self._sources.digest(path), kind)
        same = self._missing.get(key)
        if same is not None:
            same.append(path)
            return []
        facts = _from_cache(self._cache, key)
        if facts is not None:
            self._found[path] = facts
            return []
        self._missing[key] = [path]
        return [Item(key, content, kind == "syntax")]

    def _begin(self) -> None:
        self._begun = readers(self._waiting, self._cache, self._jobs)
        self._waiting = []

    def _results(self) -> Iterator[tuple[str, ModuleFacts]]:
        # While others read what was known first, this process reads the rest, if that is no more
        # than its share of all.
        if size_of(self._waiting) * (self._jobs - 1) <= self._early:
            yield from readers(self._waiting, self._cache, 1).results()
            self._waiting = []
        while self._begun is not None:
            yield from self._begun.results()
            self.stop()
            if self._waiting:
                self._begin()


def load(
    sources: Sources, files: Iterable[str], cache: Cache, jobs: int = 1
) -> dict[str, ModuleFacts]:
    """The facts of files by path, as :class:`Loading` gives them."""
    loading = Loading(sources, cache, jobs)
    try:
        loading.add(files)
        return loading.result()
    finally:
        loading.stop()


def load_file(path: Path, cache: Cache) -> ModuleFacts:
    """The facts of one file outside the project."""
    content = read_file(path)
    if isinstance(content, OSError):
        return _unreadable(content)
    key = _facts_key(digest_of(content), "facts")
    return _from_cache(cache, key) or facts_of(Item(key, content), cache)


def _unreadable(error: OSError) -> ModuleFacts:
    reason = error.strerror or type(error).__name__
    return ModuleFacts.unreadable(1, 1, f"cannot be read: {reason}")


def _facts_key(digest: str, kind: str) -> str:
    """The cache key of the facts of a file with this content."""
    python = f"{marshal.version} {sys.version_info[:2]}"
    return recipe(kind, str(FACTS_VERSION), python, _walker_digest(), digest)


@once
def _walker_digest() -> str:
    """A digest of the code that makes facts, so that a changed walk never meets old facts."""
    digest = blake2b(digest_size=8)
    for file in sorted((Path(__file__).parent / "facts").glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _from_cache(cache: Cache, key: str) -> ModuleFacts | None:
    data = cache.get(key)
    if data is None:
        return None
    try:
        return ModuleFacts.from_bytes(data)
    except (ValueError, EOFError, TypeError):
        return None
