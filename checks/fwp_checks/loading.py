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
from fwp_checks.facts.sharing import Sharing
from fwp_checks.packs import Packs
from fwp_checks.reading import (
    Item,
    Readers,
    facts_of,
    is_worth_beginning,
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

    def __init__(self, sources: Sources, packs: Packs, jobs: int = 1) -> None:
        """``jobs`` is the number of processes that may be used; those that began before all files
        were known may have a little left to do when others begin. Facts are found in ``packs``, and
        put there.
        """
        self._sources = sources
        self._packs = packs
        self._jobs = jobs
        self._found: dict[str, ModuleFacts] = {}
        self._missing: dict[str, list[str]] = {}
        self._expected: list[str] = []
        self._expected_size = 0
        self._begun: list[Readers] = []
        self._waiting: list[Item] = []
        self._early = 0

    def expect(self, path: str, size: int) -> None:
        """One of the files that are to be read, of so many bytes, while others are not yet known.
        Other processes begin as soon as there is enough for all of them.
        """
        self._expected.append(path)
        self._expected_size += size
        if not self._begun and is_worth_beginning(self._expected_size, self._jobs):
            self.begin(())

    def begin(self, files: Iterable[str]) -> None:
        """Other processes begin with these files and those that were expected, if that is enough
        for one.
        """
        self._waiting += self._items([*self._expected, *files], "facts")
        self._expected = []
        self._expected_size = 0
        size = size_of(self._waiting)
        if is_worth_processes(size, self._jobs):
            self._early += size
            self._begin()

    def add(self, files: Iterable[str], for_syntax: Iterable[str] = ()) -> None:
        """The remaining files. Of those ``for_syntax``, which cannot matter, the facts are empty
        but for whether they can be read.
        """
        self._waiting += self._items(files, "facts") + self._items(for_syntax, "syntax")
        if not self._begun:
            self._begin()

    def result(self, progress: Progress | None = None) -> dict[str, ModuleFacts]:
        """The facts of the files by path; a file that cannot be read has facts that say so."""
        sharing = Sharing()
        for done, (key, facts) in enumerate(self._results(), 1):
            sharing.share(facts.terms)
            self._found.update(dict.fromkeys(self._missing[key], facts))
            if progress is not None:
                progress("reading", done, len(self._missing))
        self._packs.save()
        return self._found

    def stop(self) -> None:
        """End what is still going on: there is no result after that."""
        while self._begun:
            self._begun.pop().stop()

    def _items(self, files: Iterable[str], kind: str) -> list[Item]:
        """What there is to read: nothing of what is known, and once what several files hold."""
        asked: dict[str, list[str]] = {}
        contents: dict[str, bytes] = {}
        for path in files:
            content = self._sources.read(path)
            if isinstance(content, OSError):
                self._found[path] = _unreadable(content)
                continue
            key = _facts_key(self._sources.digest(path), kind)
            contents[key] = content
            (self._missing if key in self._missing else asked).setdefault(key, []).append(path)
        for key, data in self._packs.found(asked):
            facts = _facts_from(data)
            if facts is not None:
                self._found.update(dict.fromkeys(asked.pop(key), facts))
        self._missing.update(asked)
        return [Item(key, contents[key], kind == "syntax") for key in asked]

    def _begin(self) -> None:
        self._begun.append(readers(self._waiting, self._packs, self._jobs))
        self._waiting = []

    def _results(self) -> Iterator[tuple[str, ModuleFacts]]:
        # While others read what was known first, this process reads the rest, if that is no more
        # than its share of all.
        if size_of(self._waiting) * (self._jobs - 1) <= self._early:
            yield from readers(self._waiting, self._packs, 1).results()
            self._waiting = []
        while self._begun:
            yield from self._begun[0].results()
            self._begun.pop(0).stop()
            if self._waiting and not self._begun:
                self._begin()


def load(
    sources: Sources, files: Iterable[str], cache: Cache, jobs: int = 1, kind: str = ""
) -> dict[str, ModuleFacts]:
    """The facts of files by path, as :class:`Loading` gives them. If there may be many, ``kind``
    tells them from other files of the project.
    """
    loading = Loading(sources, Packs(cache, sources.root, kind), jobs)
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
    known = cache.get(key)
    facts = _facts_from(known) if known is not None else None
    if facts is None:
        facts = facts_of(Item(key, content))
        cache.put(key, facts.to_bytes())
    return facts


def _unreadable(error: OSError) -> ModuleFacts:
    reason = error.strerror or type(error).__name__
    return ModuleFacts.unreadable(1, 1, f"cannot be read: {reason}")


def _facts_key(digest: str, kind: str) -> str:
    """The cache key of the facts of a file with this content."""
    return recipe(_way(kind), digest)


@once
def _way(kind: str) -> str:
    """What besides the content decides about the facts."""
    python = f"{marshal.version} {sys.version_info[:2]}"
    return recipe(kind, str(FACTS_VERSION), python, _walker_digest())


@once
def _walker_digest() -> str:
    """A digest of the code that makes facts, so that a changed walk never meets old facts."""
    digest = blake2b(digest_size=8)
    for file in sorted((Path(__file__).parent / "facts").glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _facts_from(data: bytes) -> ModuleFacts | None:
    try:
        return ModuleFacts.from_bytes(data)
    except (ValueError, EOFError, TypeError):
        return None
