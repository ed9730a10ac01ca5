"""Contents to facts: by this process alone, or together with others."""

from __future__ import annotations

import gc
import marshal
import os
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from fwp_checks.cache import Cache
from fwp_checks.facts.extract import extract
from fwp_checks.facts.model import ModuleFacts
from fwp_checks.facts.source import read
from fwp_checks.forked import ForkError, Stream
from fwp_checks.packs import Packs

if TYPE_CHECKING:
    from concurrent.futures import Future


class Item(NamedTuple):
    """A file to be read. ``key`` is that of its facts; ``for_syntax``: only whether it can be."""

    key: str
    content: bytes
    for_syntax: bool = False


class Readers(Protocol):
    """Who reads some files; they have begun when they are made."""

    def results(self) -> Iterator[tuple[str, ModuleFacts]]:
        """The facts of all files by their keys, as they come."""

    def stop(self) -> None:
        """End what is still going on, if anything is."""


def readers(items: Sequence[Item], packs: Packs, processes: int) -> Readers:
    """Who is to read these files, with this number of processes in all at most. What they find is
    put into ``packs``.
    """
    if is_worth_processes(size_of(items), processes):
        if _MAY_BE_COPIED:
            return Copies(items, packs, processes - 1)
        import multiprocessing

        if not multiprocessing.current_process().daemon:
            return Pool(items, packs, processes - 1)
    return Alone(items, packs)


def size_of(items: Iterable[Item]) -> int:
    """How many bytes there are to read."""
    return sum(len(item.content) for item in items)


def is_worth_processes(size: int, processes: int) -> bool:
    """Whether so many bytes are read faster by several processes, of which there may be so many."""
    return processes > 1 and size > _WORTH_A_PROCESS


def is_worth_beginning(size: int, processes: int) -> bool:
    """Whether so many bytes, of more to come, are enough for all other processes."""
    return _MAY_BE_COPIED and processes > 1 and size > _WORTH_A_PROCESS * (processes - 1)


def facts_of(item: Item) -> ModuleFacts:
    """The facts of a file."""
    if not item.for_syntax:
        return extract(item.content)
    problem = read(item.content).problem
    if problem is None:
        return ModuleFacts.empty()
    return ModuleFacts.unreadable(problem.line, problem.column, problem.reason)


class Alone:
    """This process."""

    def __init__(self, items: Sequence[Item], packs: Packs) -> None:
        self._items = items
        self._packs = packs

    def results(self) -> Iterator[tuple[str, ModuleFacts]]:
        for chunk in _chunks(self._items):
            yield from _read_here(chunk, self._packs)

    def stop(self) -> None:
        """There is nothing to end."""


def _read_here(chunk: Sequence[Item], packs: Packs) -> Iterator[tuple[str, ModuleFacts]]:
    made = []
    for item in chunk:
        facts = facts_of(item)
        if packs.are_kept:
            made.append(facts.to_bytes())
        yield item.key, facts
    if packs.are_kept:
        keys = _keys(chunk)
        packs.put(keys, made)
        packs.note(keys)


def _keys(chunk: Sequence[Item]) -> list[str]:
    return [item.key for item in chunk]


class Copies:
    """This process and copies of it, each of which takes the next chunk when it is done with one.

    The numbers of the chunks stand in a pipe, from which each number is read once.
    """

    def __init__(self, items: Sequence[Item], packs: Packs, copies: int) -> None:
        """Starts as many copies as there can be: without any, this process does it all."""
        self._packs = packs
        self._chunks = _chunks(items)
        self._numbers, end = os.pipe()
        os.write(end, b"".join(n.to_bytes(_NUMBER, "little") for n in range(len(self._chunks))))
        os.close(end)
        self._streams: list[Stream] = []
        try:
            for _ in range(copies):
                self._streams.append(Stream(self._pieces))
        except ForkError:
            pass

    def results(self) -> Iterator[tuple[str, ModuleFacts]]:
        waiting = dict(enumerate(self._chunks))
        while (number := self._take()) is not None:
            yield from _read_here(waiting.pop(number), self._packs)
            for stream in self._streams:
                yield from self._received(stream.arrived(), waiting)
        while self._streams:
            yield from self._received(self._streams.pop().rest(), waiting)
        # What was taken by a copy that came to an untimely end.
        for chunk in waiting.values():
            yield from _read_here(chunk, self._packs)

    def stop(self) -> None:
        while self._streams:
            self._streams.pop().stop()
        os.close(self._numbers)

    def _take(self) -> int | None:
        """The number of the next chunk that nobody has taken yet."""
        number = os.read(self._numbers, _NUMBER)
        return int.from_bytes(number, "little") if number else None

    def _pieces(self) -> Iterator[bytes]:
        """What a copy tells: numbers of chunks, each with the facts of its files."""
        gc.disable()
        while (number := self._take()) is not None:
            yield marshal.dumps((number, _in_bytes(self._chunks[number], self._packs)))

    def _received(
        self, pieces: Sequence[bytes], waiting: dict[int, list[Item]]
    ) -> Iterator[tuple[str, ModuleFacts]]:
        for piece in pieces:
            number, made = marshal.loads(piece)
            yield from _read_elsewhere(waiting.pop(number), made, self._packs)


class Pool:
    """This process and others that are started anew, where it cannot be copied."""

    def __init__(self, items: Sequence[Item], packs: Packs, others: int) -> None:
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor

        self._packs = packs
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(others, context, _start_worker, (packs,))
        self._waiting: deque[tuple[list[Item], Future[list[bytes]]]] = deque(
            (chunk, self._pool.submit(_read_chunk, chunk)) for chunk in _chunks(items)
        )

    def results(self) -> Iterator[tuple[str, ModuleFacts]]:
        # The others take chunks from the front; this process reads what they have found, and takes
        # chunks from the end.
        waiting = self._waiting
        while waiting:
            chunk, future = waiting[0]
            if not future.done() and waiting[-1][1].cancel():
                chunk, _ = waiting.pop()
                yield from _read_here(chunk, self._packs)
            else:
                waiting.popleft()
                yield from _read_elsewhere(chunk, future.result(), self._packs)

    def stop(self) -> None:
        self._pool.shutdown(cancel_futures=True)


_worker_packs = Packs(Cache(None), Path(), "")


def _start_worker(packs: Packs) -> None:
    global _worker_packs
    _worker_packs = packs
    gc.disable()


def _read_chunk(chunk: list[Item]) -> list[bytes]:
    return _in_bytes(chunk, _worker_packs)


def _in_bytes(chunk: Sequence[Item], packs: Packs) -> list[bytes]:
    """The facts of a chunk, for another process; they are kept by this one."""
    made = [facts_of(item).to_bytes() for item in chunk]
    packs.put(_keys(chunk), made)
    return made


def _read_elsewhere(
    chunk: Sequence[Item], made: Sequence[bytes], packs: Packs
) -> Iterator[tuple[str, ModuleFacts]]:
    packs.note(_keys(chunk))
    for item, data in zip(chunk, made, strict=True):
        yield item.key, ModuleFacts.from_bytes(data)


# macOS's own libraries use threads, so its processes cannot be copied safely.
_MAY_BE_COPIED = hasattr(os, "fork") and sys.platform != "darwin"
# Another process costs about as much as reading this many bytes of source.
_WORTH_A_PROCESS = 400_000
# Smaller chunks cost more to hand over, larger ones leave a process without work at the end.
_CHUNK_BYTES = 75_000
_NUMBER = 4
# All their numbers must find room in a pipe, which holds 16 KB at least.
_MOST_CHUNKS = 4_000


def _chunks(items: Sequence[Item]) -> list[list[Item]]:
    """Files that are read in one go: large ones first, so that none is left for the end."""
    least = max(_CHUNK_BYTES, size_of(items) // _MOST_CHUNKS)
    chunks: list[list[Item]] = [[]]
    size = 0
    for item in sorted(items, key=lambda item: (-len(item.content), item.key)):
        if size > least:
            chunks.append([])
            size = 0
        chunks[-1].append(item)
        size += len(item.content)
    return chunks
