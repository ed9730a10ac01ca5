"""The store on disk: payloads by the recipe that made them.

One directory of small files, shared by all projects and processes of a user. Deleting it, or any
file in it, changes time and never results: what is missing, damaged, cut short or was put there by
something else is a miss. Entries appear whole (temporary file, then rename) and carry a checksum
over their key and payload, so no lock is needed. Payloads are only bytes here; what they mean, and
which version of the program may read them, belongs into the key (:func:`recipe`).
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

_MAGIC = b"FWPcache1\n"
_DIGEST_SIZE = 16
_HEADER_SIZE = len(_MAGIC) + _DIGEST_SIZE
_KEY = re.compile(r"[0-9a-f]{16,128}")
_FOLDER = re.compile(r"[0-9a-f]{2}")
_DAY = 24 * 60 * 60
_TEMPORARY = ".new-"
_PRUNED = "pruned"
# https://bford.info/cachedir/: backup programs leave out directories with this file.
_TAG = """\
Signature: 8a477f597d28d172789f06886806bc55
# This is the cache of fwp. It can be deleted at any time.
"""
# Links are not followed, and a pipe in the place of an entry is not waited for.
_READ_FLAGS = os.O_RDONLY
_WRITE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL
for _flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY", "O_CLOEXEC"):
    _READ_FLAGS |= getattr(os, _flag, 0)
    _WRITE_FLAGS |= getattr(os, _flag, 0)


class Cache:
    """Bytes by key, on disk.

    ``directory`` None is a cache that is always empty. Nothing here raises OSError: what cannot be
    read is a miss, and after the first failure to write (no permission, disk full) nothing more
    is written. Above ``limit_bytes`` the entries that were not read for longest are deleted; that
    is looked at once a day, and whenever a process has written an eighth of the limit.
    """

    def __init__(self, directory: Path | None, *, limit_bytes: int = 512 * 1024 * 1024) -> None:
        self.directory = directory
        self._root = None if directory is None else os.fspath(directory)
        self._limit = limit_bytes
        self._writable = directory is not None
        self._prepared = False
        self._written = 0

    def get(self, key: str) -> bytes | None:
        """The payload of a key, None if there is none. Raises ValueError for what is no recipe."""
        if self._root is None:
            return None
        path = self._path(key)
        try:
            handle = os.open(path, _READ_FLAGS)
        except OSError:
            return None
        try:
            content = self._read(handle, path)
        except OSError:
            return None
        finally:
            os.close(handle)
        payload = content[_HEADER_SIZE:]
        if content[:_HEADER_SIZE] != _header(key, payload):
            self._remove(path)
            return None
        return payload

    def has(self, key: str) -> bool:
        """Whether there is an entry for a key; it may turn out to be damaged."""
        return self._root is not None and Path(self._path(key)).is_file()

    def put(self, key: str, payload: bytes) -> None:
        """Keep a payload. Raises ValueError for what is no recipe."""
        if self._root is None or not self._writable:
            return
        path = self._path(key)
        try:
            self._prepare()
            self._write(path, _header(key, payload) + payload)
        except OSError:
            self._writable = False
            return
        self._written += len(payload) + _HEADER_SIZE
        if self._written > self._limit // 8:
            self._written = 0
            self.prune()

    def prune(self) -> None:
        """If the limit is exceeded, delete what was not read for longest until a fifth is free.

        Only files that this class could have written are counted and deleted. Several processes may
        do this at the same time.
        """
        if self.directory is None:
            return
        with suppress(OSError):
            (self.directory / _PRUNED).touch()
        entries = []
        for entry in _entries(self.directory):
            if entry.is_temporary:
                if entry.used < time.time() - _DAY:
                    self._remove(entry.path)
            else:
                entries.append(entry)
        total = sum(entry.size for entry in entries)
        if total <= self._limit:
            return
        for entry in sorted(entries, key=lambda entry: (entry.used, entry.path)):
            if total <= self._limit * 4 // 5:
                break
            self._remove(entry.path)
            total -= entry.size

    def _path(self, key: str) -> str:
        if not _KEY.fullmatch(key):
            raise ValueError(f"not a cache key: {key!r}")
        return f"{self._root}{os.sep}{key[:2]}{os.sep}{key[2:]}"

    def _read(self, handle: int, path: str) -> bytes:
        status = os.fstat(handle)
        if self._writable and status.st_mtime < time.time() - _DAY:
            # The time of the last use, for pruning; file systems seldom keep access times.
            with suppress(OSError):
                os.utime(path)
        parts = []
        left = status.st_size
        while left > 0 and (part := os.read(handle, left)):
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    def _write(self, path: str, content: bytes) -> None:
        # A name that nobody else takes, not even a machine that shares the directory.
        folder, separator, _ = path.rpartition(os.sep)
        temporary = f"{folder}{separator}{_TEMPORARY}{os.urandom(12).hex()}"
        try:
            handle = os.open(temporary, _WRITE_FLAGS, 0o600)
        except FileNotFoundError:
            Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(temporary, _WRITE_FLAGS, 0o600)
        try:
            try:
                _write_all(handle, content)
            finally:
                os.close(handle)
        except BaseException:
            self._remove(temporary)
            raise
        try:
            Path(temporary).replace(path)
        except OSError:
            # Windows, while another process reads the old entry; or a directory in its place.
            self._remove(temporary)

    def _prepare(self) -> None:
        """Before the first write: make the directory, and look at its size once a day."""
        if self._prepared or self.directory is None:
            return
        self._prepared = True
        if not self.directory.is_dir():
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(FileExistsError), (self.directory / "CACHEDIR.TAG").open("x") as tag:
                tag.write(_TAG)
        try:
            pruned = (self.directory / _PRUNED).stat().st_mtime
        except OSError:
            pruned = 0.0
        if pruned < time.time() - _DAY:
            self.prune()

    def _remove(self, path: str) -> None:
        if self._writable:
            with suppress(OSError):
                Path(path).unlink()


class _Entry(NamedTuple):
    path: str
    size: int
    used: float
    is_temporary: bool


def recipe(*parts: str | bytes) -> str:
    """A key made of everything that a payload depends on, in this order."""
    digest = blake2b(digest_size=20)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(b"%c%d:" % (b"s" if isinstance(part, str) else b"b", len(data)))
        digest.update(data)
    return digest.hexdigest()


def default_directory() -> Path | None:
    """The place of the cache: ``FWP_CACHE_DIR``, else ``fwp`` in the user's caches.

    The user's caches are ``$XDG_CACHE_HOME`` or ``~/.cache``; ``~/Library/Caches`` on macOS;
    ``%LOCALAPPDATA%`` on Windows. None if the user has no home.
    """
    if chosen := os.environ.get("FWP_CACHE_DIR"):
        return Path(chosen).absolute()
    base = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME", "")
    if base and Path(base).is_absolute():
        return Path(base, "fwp")
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "win32":
        return home / "AppData" / "Local" / "fwp"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "fwp"
    return home / ".cache" / "fwp"


def _write_all(handle: int, content: bytes) -> None:
    written = os.write(handle, content)
    while written < len(content):
        written += os.write(handle, content[written:])


def _header(key: str, payload: bytes) -> bytes:
    digest = blake2b(payload, digest_size=_DIGEST_SIZE, key=key.encode()[:64])
    return _MAGIC + digest.digest()


def _entries(root: Path) -> Iterator[_Entry]:
    """The files of the cache: ``ab/cdef…`` and temporary ones beside them, links left out."""
    for folder in _listed(root):
        if not _FOLDER.fullmatch(folder.name) or not folder.is_dir(follow_symlinks=False):
            continue
        for file in _listed(folder.path):
            is_temporary = file.name.startswith(_TEMPORARY)
            if not is_temporary and not _KEY.fullmatch(folder.name + file.name):
                continue
            with suppress(OSError):
                status = file.stat(follow_symlinks=False)
                yield _Entry(file.path, status.st_size, status.st_mtime, is_temporary)


def _listed(folder: str | Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as listing:
            return list(listing)
    except OSError:
        return []
