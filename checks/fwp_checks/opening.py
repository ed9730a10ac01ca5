"""The first half of an analysis: which files matter, and their facts.

It needs little of the engine: other processes are reading files by the time that the rest of it is
imported.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from fwp_checks.cache import Cache
from fwp_checks.loading import Loading
from fwp_checks.packs import Packs
from fwp_checks.project.files.relevance import is_certain, relevant
from fwp_checks.project.files.roots import (
    SourceRoots,
    added_names,
    inner_names,
    module_names,
    source_roots,
)
from fwp_checks.settings import Settings
from fwp_checks.sources import Sources

# Files that cannot matter are parsed for syntax errors only while they are few.
_SYNTAX_BYTES = 1_000_000


class Opening:
    """The files of a project (paths relative to the root), whose facts are being made: of those
    that matter in any case as soon as there are enough, of the others from :meth:`complete` on.

    ``wanted`` are files that are analysed even if nothing speaks for it. ``roots`` are the folders
    that imports start from, ``names`` the dotted names that each file answers to. As a context it
    ends the reading that is still going on.
    """

    roots: SourceRoots
    names: dict[str, list[str]]

    def __init__(
        self,
        root: Path,
        settings: Settings,
        sources: Sources,
        cache: Cache,
        jobs: int = 1,
        wanted: Collection[str] = (),
    ) -> None:
        self._root = root
        self._settings = settings
        self._sources = sources
        self._wanted = wanted
        self._files: Sequence[str] = ()
        self._contents: dict[str, bytes] = {}
        self._matter: set[str] = set()
        self.loading = Loading(sources, Packs(cache, root, "code"), jobs)

    def see(self, path: str) -> None:
        """One of the files, while others are being looked for."""
        if self._matters(path):
            self.loading.expect(path, len(self._contents[path]))

    def begin(self, files: Sequence[str]) -> None:
        """All of the files, those that were seen among them."""
        unseen = [path for path in files if path not in self._contents]
        self.loading.begin([path for path in unseen if self._matters(path)])
        contents = self._contents
        self._contents = {path: contents[path] for path in files if path in contents}
        self._files = files

    def _matters(self, path: str) -> bool:
        """Whether a file, which is read, matters in any case."""
        content = self._sources.read(path)
        if isinstance(content, OSError):
            return False
        self._contents[path] = content
        if not is_certain(path, content):
            return False
        self._matter.add(path)
        return True

    def complete(self) -> None:
        """Find out what else matters, while other processes read what does in any case."""
        files, contents, matter = self._files, self._contents, self._matter
        wanted = self._wanted
        inside = [path for path in files if path not in wanted or not Path(path).is_absolute()]
        self.roots = source_roots(self._root, inside, self._settings, contents)
        self.names = {path: module_names(path, self.roots) for path in files}
        everything = files if self._settings.entry_points else wanted
        rest = relevant(contents, self._all_names(), {*everything, *matter}) - matter
        rest.update(path for path in files if path not in contents)
        others = [path for path in contents if path not in matter and path not in rest]
        if sum(len(contents[path]) for path in others) > _SYNTAX_BYTES:
            others = []
        self._contents = {}
        self.loading.add([path for path in files if path in rest], for_syntax=others)

    def _all_names(self) -> dict[str, list[str]]:
        """Every name that an import may call a file by."""
        if not (self.roots.inner or self.roots.package or self.roots.added):
            return self.names
        return {
            path: [
                *names,
                *[name for _, name in inner_names(path, self.roots)],
                *added_names(path, self.roots),
            ]
            for path, names in self.names.items()
        }

    def __enter__(self) -> Opening:
        return self

    def __exit__(self, *exception: object) -> None:
        self.loading.stop()
