"""Files to facts: from the cache, or by reading them."""

from __future__ import annotations

import marshal
import sys
from collections.abc import Callable, Collection, Iterable
from functools import cache as once
from hashlib import blake2b
from pathlib import Path

from fwp_checks.cache import Cache, recipe
from fwp_checks.facts.model import FACTS_VERSION, ModuleFacts
from fwp_checks.reading import Item, facts_of, readers
from fwp_checks.sources import Sources, digest_of, read_file

Progress = Callable[[str, int, int], None]


class Loading:
    """Files whose facts are being made: other processes begin when it is made, this one joins them
    when it asks for the result.
    """

    def __init__(
        self,
        sources: Sources,
        files: Iterable[str],
        cache: Cache,
        jobs: int = 1,
        for_syntax: Collection[str] = (),
    ) -> None:
        """``jobs`` is the number of processes that may be used. Of the files ``for_syntax``, which
        cannot matter, the facts are empty but for whether they can be read.
        """
        self._found: dict[str, ModuleFacts] = {}
        self._missing: dict[str, list[str]] = {}
        items: list[Item] = []
        for path in (*files, *for_syntax):
            content = sources.read(path)
            if isinstance(content, OSError):
                self._found[path] = _unreadable(content)
                continue
            only_syntax = path in for_syntax
            key = _facts_key(sources.digest(path), "syntax" if only_syntax else "facts")
            facts = _from_cache(cache, key) if key not in self._missing else None
            if facts is not None:
                self._found[path] = facts
            else:
                if key not in self._missing:
                    items.append(Item(key, content, only_syntax))
                self._missing.setdefault(key, []).append(path)
        self._readers = readers(items, cache, jobs)

    def result(self, progress: Progress | None = None) -> dict[str, ModuleFacts]:
        """The facts of the files by path; a file that cannot be read has facts that say so."""
        for done, (key, facts) in enumerate(self._readers.results(), 1):
            self._found.update(dict.fromkeys(self._missing[key], facts))
            if progress is not None:
                progress("reading", done, len(self._missing))
        return self._found

    def stop(self) -> None:
        """End what is still going on: there is no result after that."""
        self._readers.stop()


def load(
    sources: Sources, files: Iterable[str], cache: Cache, jobs: int = 1
) -> dict[str, ModuleFacts]:
    """The facts of files by path, as :class:`Loading` gives them."""
    loading = Loading(sources, files, cache, jobs)
    try:
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
