"""The bytes of a project's files, and their digests: all that an unchanged project needs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from pathlib import Path


class Sources:
    """Files of one project. ``overlays`` are contents by relative path, ``extra`` the places of
    files that lie outside the root.
    """

    def __init__(
        self, root: Path, overlays: Mapping[str, str | bytes], extra: Mapping[str, Path]
    ) -> None:
        self.root = root
        self._folder = os.path.join(root, "")  # noqa: PTH118 - ends with a slash
        self._overlays = overlays
        self._extra = extra
        self._content: dict[str, bytes | OSError] = {}
        self._digests: dict[str, str] = {}

    def read(self, path: str) -> bytes | OSError:
        """The bytes of a file (path relative to the root), or why they cannot be had."""
        known = self._content.get(path)
        if known is None:
            overlay = self._overlays.get(path)
            if isinstance(overlay, str):
                known = overlay.encode("utf-8", "surrogatepass")
            elif overlay is not None:
                known = overlay
            else:
                known = read_file(self._extra.get(path) or f"{self._folder}{path}")
            self._content[path] = known
        return known

    def digest(self, path: str) -> str:
        """A digest of a file's bytes."""
        known = self._digests.get(path)
        if known is None:
            content = self.read(path)
            known = digest_of(content if isinstance(content, bytes) else str(content).encode())
            self._digests[path] = known
        return known

    def digests(self, paths: Iterable[str]) -> dict[str, str]:
        """The digests of files by path."""
        return {path: self.digest(path) for path in paths}

    def forget(self) -> None:
        """Drop the bytes, which are no longer needed once facts are made of them."""
        self._content.clear()


def read_file(path: Path | str) -> bytes | OSError:
    """The bytes of a file, or why they cannot be had."""
    try:
        # Without a buffer, which is one more copy, and without a Path: half of the time.
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123
            return file.readall()
    except OSError as error:
        return error


def digest_of(content: bytes) -> str:
    """The digest by which content is known in the cache."""
    return blake2b(content, digest_size=16).hexdigest()
