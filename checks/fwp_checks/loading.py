"""Files to facts: from the cache, in this process, or in several."""

from __future__ import annotations

import gc
import marshal
import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache as once
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from fwp_checks.cache import Cache, recipe
from fwp_checks.facts.extract import extract
from fwp_checks.facts.model import FACTS_VERSION, ModuleFacts
from fwp_checks.facts.source import read
from fwp_checks.sources import Sources, digest_of, read_file

Progress = Callable[[str, int, int], None]


class Item(NamedTuple):
    """A file to be read. ``key`` is that of its facts; ``for_syntax``: only whether it can be."""

    key: str
    content: bytes
    for_syntax: bool = False


# Starting a process costs about as much as reading this many bytes of source.
_WORTH_A_PROCESS = 400_000
# Smaller chunks cost more to hand over, larger ones leave a process without work at the end.
_CHUNK_BYTES = 75_000


def load(
    sources: Sources,
    files: Iterable[str],
    cache: Cache,
    jobs: int = 1,
    progress: Progress | None = None,
    for_syntax: Collection[str] = (),
) -> dict[str, ModuleFacts]:
    """The facts of files by path; a file that cannot be read has facts that say so.

    ``jobs`` is the number of processes that may be used. Of the files ``for_syntax``, which cannot
    matter, the facts are empty but for that.
    """
    found: dict[str, ModuleFacts] = {}
    missing: dict[str, list[str]] = {}
    items: list[Item] = []
    for path in (*files, *for_syntax):
        content = sources.read(path)
        if isinstance(content, OSError):
            found[path] = _unreadable(content)
            continue
        only_syntax = path in for_syntax
        key = _facts_key(sources.digest(path), "syntax" if only_syntax else "facts")
        facts = _from_cache(cache, key) if key not in missing else None
        if facts is not None:
            found[path] = facts
        else:
            if key not in missing:
                items.append(Item(key, content, only_syntax))
            missing.setdefault(key, []).append(path)
    for done, (key, facts) in enumerate(_extract(items, cache, jobs), 1):
        found.update(dict.fromkeys(missing[key], facts))
        if progress is not None:
            progress("reading", done, len(items))
    return found


def _facts_of_syntax(content: bytes) -> ModuleFacts:
    """Empty facts, with the problem of a file that cannot be parsed."""
    problem = read(content).problem
    if problem is None:
        return ModuleFacts.empty()
    return ModuleFacts.unreadable(problem.line, problem.column, problem.reason)


def load_file(path: Path, cache: Cache) -> ModuleFacts:
    """The facts of one file outside the project."""
    content = read_file(path)
    if isinstance(content, OSError):
        return _unreadable(content)
    key = _facts_key(digest_of(content), "facts")
    return _from_cache(cache, key) or _extract_one(Item(key, content), cache)[0]


def _unreadable(error: OSError) -> ModuleFacts:
    reason = error.strerror or type(error).__name__
    return ModuleFacts.unreadable(1, 1, f"cannot be read: {reason}")


def _extract(items: list[Item], cache: Cache, jobs: int) -> Iterator[tuple[str, ModuleFacts]]:
    total = sum(len(item.content) for item in items)
    if jobs > 1 and total > _WORTH_A_PROCESS and not multiprocessing.current_process().daemon:
        yield from _extract_in_processes(items, cache, jobs)
    else:
        for item in items:
            yield item.key, _extract_one(item, cache)[0]


def _extract_one(item: Item, cache: Cache) -> tuple[ModuleFacts, bytes]:
    facts = _facts_of_syntax(item.content) if item.for_syntax else extract(item.content)
    data = facts.to_bytes()
    cache.put(item.key, data)
    return facts, data


def _extract_in_processes(
    items: list[Item], cache: Cache, jobs: int
) -> Iterator[tuple[str, ModuleFacts]]:
    methods = multiprocessing.get_all_start_methods()
    can_fork = "fork" in methods and os.name == "posix" and sys.platform != "darwin"
    context = multiprocessing.get_context("fork" if can_fork else "spawn")
    # Large files first, so that none is left for the end.
    chunks: list[list[Item]] = [[]]
    size = 0
    for item in sorted(items, key=lambda item: (-len(item.content), item.key)):
        chunks[-1].append(item)
        size += len(item.content)
        if size > _CHUNK_BYTES:
            chunks.append([])
            size = 0
    with ProcessPoolExecutor(jobs - 1, context, _start_worker, (cache,)) as pool:
        waiting = deque((chunk, pool.submit(_extract_chunk, chunk)) for chunk in chunks)
        # The workers take chunks from the front; this process reads what they have found, and takes
        # chunks from the end.
        while waiting:
            chunk, future = waiting[0]
            if not future.done() and waiting[-1][1].cancel():
                chunk, _ = waiting.pop()
                for item in chunk:
                    yield item.key, _extract_one(item, cache)[0]
            else:
                waiting.popleft()
                for item, data in zip(chunk, future.result(), strict=True):
                    yield item.key, ModuleFacts.from_bytes(data)


_worker_cache = Cache(None)


def _start_worker(cache: Cache) -> None:
    global _worker_cache
    _worker_cache = cache
    gc.disable()


def _extract_chunk(chunk: list[Item]) -> list[bytes]:
    return [_extract_one(item, _worker_cache)[1] for item in chunk]


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
