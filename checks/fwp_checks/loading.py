"""Reads files and turns them into facts: from the cache, in this process, or in several."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from fwp_checks.cache import Cache, recipe
from fwp_checks.facts.extract import extract
from fwp_checks.facts.model import FACTS_VERSION, ModuleFacts

Progress = Callable[[str, int, int], None]

# Starting a process costs about as much as reading this many bytes of source.
_WORTH_A_PROCESS = 400_000
_CHUNK_BYTES = 250_000


@dataclass(frozen=True, slots=True)
class Loaded:
    """The facts of one file."""

    facts: ModuleFacts


class Loader:
    """Loads files of one project. ``overlays`` are texts by relative path, ``extra`` the places of
    files outside.
    """

    def __init__(
        self,
        root: Path,
        cache: Cache,
        overlays: Mapping[str, str],
        extra: Mapping[str, Path],
        jobs: int,
    ) -> None:
        self._root = root
        self._cache = cache
        self._overlays = overlays
        self._extra = extra
        self._jobs = jobs if not multiprocessing.current_process().daemon else 1
        self._bytes: dict[str, bytes | OSError] = {}
        self._digests: dict[str, str] = {}

    def digests(self, files: Iterable[str]) -> dict[str, str]:
        """A digest of each file's content."""
        for path in files:
            if path not in self._digests:
                content = self._read(path)
                data = content if isinstance(content, bytes) else str(content).encode()
                self._digests[path] = blake2b(data, digest_size=16).hexdigest()
        return {path: self._digests[path] for path in files}

    def _read(self, path: str) -> bytes | OSError:
        known = self._bytes.get(path)
        if known is None:
            overlay = self._overlays.get(path)
            if overlay is not None:
                known = overlay.encode("utf-8", "surrogatepass")
            else:
                try:
                    known = (self._extra.get(path) or self._root / path).read_bytes()
                except OSError as error:
                    known = error
            self._bytes[path] = known
        return known

    def load(self, files: Iterable[str], progress: Progress | None) -> dict[str, Loaded]:
        """The facts of files by relative path."""
        files = list(files)
        digests = self.digests(files)
        found: dict[str, Loaded] = {}
        missing: list[tuple[str, str, bytes]] = []
        for path in files:
            content = self._bytes[path]
            if isinstance(content, OSError):
                reason = content.strerror or type(content).__name__
                found[path] = Loaded(ModuleFacts.unreadable(1, 1, f"cannot be read: {reason}"))
                continue
            key = facts_key(digests[path])
            facts = _from_cache(self._cache, key)
            if facts is not None:
                found[path] = Loaded(facts)
            else:
                missing.append((path, key, content))
        for done, (path, facts) in enumerate(self._extract(missing), 1):
            found[path] = Loaded(facts)
            if progress is not None:
                progress("reading", done, len(missing))
        self._bytes.clear()
        return found

    def _extract(self, missing: list[tuple[str, str, bytes]]) -> Iterable[tuple[str, ModuleFacts]]:
        total = sum(len(content) for _, _, content in missing)
        if self._jobs > 1 and total > _WORTH_A_PROCESS:
            yield from self._extract_in_processes(missing)
            return
        for path, key, content in missing:
            facts = extract(content)
            self._cache.put(key, facts.to_bytes())
            yield path, facts

    def _extract_in_processes(
        self, missing: list[tuple[str, str, bytes]]
    ) -> Iterable[tuple[str, ModuleFacts]]:
        methods = multiprocessing.get_all_start_methods()
        context = multiprocessing.get_context(
            "fork" if "fork" in methods and os.name == "posix" else "spawn"
        )
        chunks: list[list[tuple[str, str, bytes]]] = [[]]
        size = 0
        for item in sorted(missing, key=lambda item: -len(item[2])):
            chunks[-1].append(item)
            size += len(item[2])
            if size > _CHUNK_BYTES:
                chunks.append([])
                size = 0
        with ProcessPoolExecutor(self._jobs, mp_context=context) as pool:
            for chunk, results in zip(chunks, pool.map(_extract_chunk, chunks), strict=True):
                for (path, key, _), data in zip(chunk, results, strict=True):
                    self._cache.put(key, data)
                    yield path, ModuleFacts.from_bytes(data)

    def load_file(self, file: Path) -> Loaded:
        """The facts of one file outside the project."""
        try:
            content = file.read_bytes()
        except OSError as error:
            return Loaded(ModuleFacts.unreadable(1, 1, f"cannot be read: {error.strerror}"))
        key = facts_key(blake2b(content, digest_size=16).hexdigest())
        facts = _from_cache(self._cache, key)
        if facts is None:
            facts = extract(content)
            self._cache.put(key, facts.to_bytes())
        return Loaded(facts)


def facts_key(digest: str) -> str:
    """The cache key of the facts of a file with this content."""
    import marshal
    import sys

    return recipe(
        "facts",
        str(FACTS_VERSION),
        str(marshal.version),
        str(sys.version_info[:2]),
        _walker_digest(),
        digest,
    )


def _walker_digest() -> str:
    global _WALKER_DIGEST
    if _WALKER_DIGEST is None:
        digest = blake2b(digest_size=8)
        for file in sorted((Path(__file__).parent / "facts").glob("*.py")):
            digest.update(file.read_bytes())
        _WALKER_DIGEST = digest.hexdigest()
    return _WALKER_DIGEST


_WALKER_DIGEST: str | None = None


def _from_cache(cache: Cache, key: str) -> ModuleFacts | None:
    data = cache.get(key)
    if data is None:
        return None
    try:
        return ModuleFacts.from_bytes(data)
    except (ValueError, EOFError, TypeError):
        return None


def _extract_chunk(chunk: list[tuple[str, str, bytes]]) -> list[bytes]:
    import gc

    gc.disable()
    return [extract(content).to_bytes() for _, _, content in chunk]
