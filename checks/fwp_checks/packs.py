"""Facts of many files in one entry of the cache.

To make an entry for each of 1,500 files takes 0.3 s, to make a hundred of the same size together
0.02 s. So what is read together is kept together, in a *pack*. A list for each project tells which
packs it has and whose facts they hold. What is read after a few files have changed gets entries of
its own, so that an edit costs no more than that.
"""

from __future__ import annotations

import marshal
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from fwp_checks.cache import Cache, recipe

# So many have entries of their own.
_FEW = 4


def are_listed(cache: Cache, root: Path, kind: str) -> bool:
    """Whether there is a list of packs of this kind for the project in a folder."""
    return any(cache.has(place) for place in _lists(root, kind))


class Packs:
    """The packs of one kind of files of the project in a folder; without a kind there are none."""

    def __init__(self, cache: Cache, root: Path, kind: str) -> None:
        self._cache = cache
        self._lists = _lists(root, kind) if kind and self.are_kept else []
        listed = self._listed()
        self._is_listed = listed is not None
        self._packs = listed or {}
        self._pack_of = {key: pack for pack, keys in self._packs.items() for key in keys}
        self._opened: dict[str, dict[str, bytes]] = {}
        self._used: set[str] = set()
        self._new: dict[str, Sequence[str]] = {}

    @property
    def are_kept(self) -> bool:
        """Whether what is put is found again."""
        return self._cache.directory is not None

    def found(self, keys: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """What is kept under these keys: nothing, if no list tells of the project."""
        if not self.are_kept or (self._lists and not self._is_listed):
            return
        left = dict.fromkeys(keys)
        for pack in dict.fromkeys(self._pack_of[key] for key in keys if key in self._pack_of):
            for key, data in self._read(pack):
                if key in left:
                    del left[key]
                    self._used.add(key)
                    yield key, data
        for key in left:
            known = self._cache.get(key)
            if known is not None:
                yield key, known

    def get(self, key: str) -> bytes | None:
        """What is kept under one key. The pack that has it is remembered: others are asked for."""
        pack = self._pack_of.get(key)
        if pack is None:
            return self._cache.get(key)
        opened = self._opened.get(pack)
        if opened is None:
            opened = self._opened[pack] = dict(self._read(pack))
        if key in opened:
            self._used.add(key)
        return opened.get(key)

    def put(self, keys: Sequence[str], found: list[bytes]) -> None:
        """Keep what was read together. It is found again after :meth:`note` and :meth:`save`."""
        if self._is_pack(keys):
            self._cache.put(_key(keys), marshal.dumps(found))
        else:
            for key, data in zip(keys, found, strict=True):
                self._cache.put(key, data)

    def note(self, keys: Sequence[str]) -> None:
        """That these were put together, by this process or by another."""
        if self._is_pack(keys):
            self._new[_key(keys)] = keys

    def save(self) -> None:
        """List the packs for the next time: new ones, and those of which at least half was used.
        A project without any gets a list, too, by which it is known.
        """
        if not self._new and self._is_listed:
            return
        for pack, keys in list(self._packs.items()):
            used = self._used.intersection(keys)
            if len(used) * 2 < len(keys):
                for key, data in self._read(pack) if used else ():
                    if key in used:
                        self._cache.put(key, data)
                del self._packs[pack]
        self._packs.update(self._new)
        self._new = {}
        packs = marshal.dumps([(pack, list(keys)) for pack, keys in self._packs.items()])
        for place in self._lists:
            self._cache.put(place, packs)

    def _is_pack(self, keys: Sequence[str]) -> bool:
        return bool(self._lists) and len(keys) > _FEW

    def _listed(self) -> dict[str, Sequence[str]] | None:
        """The packs of the project with whose facts each holds; None if there is no list."""
        for place in self._lists:
            data = self._cache.get(place)
            if data is not None:
                try:
                    return dict(marshal.loads(data))
                except (ValueError, EOFError, TypeError):
                    return None
        return None

    def _read(self, pack: str) -> Iterator[tuple[str, bytes]]:
        data = self._cache.get(pack)
        try:
            found = [] if data is None else marshal.loads(data)
        except (ValueError, EOFError, TypeError):
            return
        yield from zip(self._packs[pack], found, strict=False)


def _lists(root: Path, kind: str) -> list[str]:
    """The places of the lists for a project, in the order in which they are looked for."""
    # A checkout in another place has its own list, and begins with what others of its name had.
    return [recipe("packs", str(marshal.version), kind, place) for place in (str(root), root.name)]


def _key(keys: Sequence[str]) -> str:
    return recipe("pack", *keys)
