"""Which files can matter: those with asynchronous code or a web framework, what they import, and
whatever may get rows of a database from them.

Nothing is reported in the others and nothing reported depends on them, so they are not analysed.
The look is at bytes, by pattern, and errs on the side of yes: an import in a comment counts as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from fwp_checks.project.modules import relative_folder_of
from fwp_checks.project.roots import SourceRoots, module_names

_FRAMEWORKS = (
    "fastapi", "starlette", "litestar", "aiohttp", "quart", "sanic", "tornado", "flask", "django",
    "channels", "ninja", "rest_framework", "asgiref", "strawberry", "sqlalchemy", "sqlmodel",
    "flask_sqlalchemy",
)  # fmt: skip
# Django's settings are reached by name only, and often import nothing.
_SETTINGS = ("INSTALLED_APPS", "MIDDLEWARE", "AUTH_USER_MODEL", "ROOT_URLCONF")
_SEED = re.compile(
    rb"\basync[ \t]+def\b|\b(?:from|import)[ \t]+(?:%s)\b|^(?:%s)\b"
    % ("|".join(_FRAMEWORKS).encode(), "|".join(_SETTINGS).encode()),
    re.MULTILINE,
)
_IMPORT = re.compile(
    rb"\bfrom[ \t]+([.\w]+)[ \t]+import[ \t]*(\([^)]*\)|[^\n;]*)|\bimport[ \t]+([^\n;#(]+)"
)
_NAME = re.compile(r"\w+")
# A module with these may leave work to subclasses that it does not import, or make coroutines.
_IMPORTANT = re.compile(
    rb"\basync[ \t]+def\b|\b(?:NotImplementedError|abstractmethod|Protocol|ABC)\b"
)
# The rows of a module with these may be read wherever it is imported, directly or not.
_ORMS = ("django.db", "django.contrib.gis.db", "sqlalchemy", "sqlmodel", "flask_sqlalchemy")
_QUERYING = re.compile(
    rb"\b(?:from|import)[ \t]+(?:%s)\b" % "|".join(map(re.escape, _ORMS)).encode()
)


def relevant(contents: Mapping[str, bytes], roots: SourceRoots, wanted: Iterable[str]) -> set[str]:
    """The files that can matter, of files by path; ``wanted`` are paths that do in any case."""
    imports = _Imports(contents, roots)
    found = {path for path in wanted if path in contents}
    found.update(path for path, content in contents.items() if _SEED.search(content))
    imports.close(found)
    found |= _users({path for path in found if _QUERYING.search(contents[path])}, imports)
    imports.close(found)
    while True:
        # Who imports such a module may drop its coroutines, or do what it leaves open.
        special = {path for path in found if _IMPORTANT.search(contents[path])}
        users = {
            path
            for path in contents
            if path not in found and not special.isdisjoint(imports.of(path))
        }
        if not users:
            return found
        found |= users
        imports.close(found)


def _users(carriers: set[str], imports: _Imports) -> set[str]:
    """Everything that imports one of these files, directly or not."""
    importers: dict[str, list[str]] = {}
    for path in imports.paths if carriers else ():
        for imported in imports.of(path):
            importers.setdefault(imported, []).append(path)
    found = set(carriers)
    waiting = list(carriers)
    while waiting:
        for path in importers.get(waiting.pop(), ()):
            if path not in found:
                found.add(path)
                waiting.append(path)
    return found


class _Imports:
    """What files import, as far as a pattern can tell."""

    def __init__(self, contents: Mapping[str, bytes], roots: SourceRoots) -> None:
        self._contents = contents
        self._known: dict[str, frozenset[str]] = {}
        self._by_name: dict[str, list[str]] = {}
        for path in contents:
            for name in module_names(path, roots):
                self._by_name.setdefault(name, []).append(path)

    @property
    def paths(self) -> Iterable[str]:
        """All files."""
        return self._contents

    def close(self, found: set[str]) -> None:
        """Add everything that these files import, directly or not."""
        waiting = list(found)
        while waiting:
            for path in self.of(waiting.pop()):
                if path not in found:
                    found.add(path)
                    waiting.append(path)

    def of(self, path: str) -> frozenset[str]:
        """The files that a file may import."""
        known = self._known.get(path)
        if known is None:
            content = self._contents[path].replace(b"\\\n", b" ")
            known = self._known[path] = frozenset(self._targets(path, content))
        return known

    def _targets(self, path: str, content: bytes) -> Iterator[str]:
        for module, what, plain in _IMPORT.findall(content):
            if plain:
                for name in plain.decode("utf-8", "replace").split(","):
                    yield from self._absolute(name.strip().partition(" ")[0], ())
                continue
            name = module.decode("utf-8", "replace")
            attributes = _NAME.findall(what.decode("utf-8", "replace"))
            level = len(name) - len(name.lstrip("."))
            if level:
                yield from self._relative(path, name[level:], level, attributes)
            else:
                yield from self._absolute(name, attributes)

    def _absolute(self, name: str, attributes: Sequence[str]) -> Iterator[str]:
        # Importing a.b.c runs a and a.b, too.
        parent = name
        while parent:
            yield from self._by_name.get(parent, ())
            parent = parent.rpartition(".")[0]
        for attribute in attributes:
            yield from self._by_name.get(f"{name}.{attribute}", ())

    def _relative(
        self, path: str, name: str, level: int, attributes: Sequence[str]
    ) -> Iterator[str]:
        folder = relative_folder_of(path, level)
        if folder is None:
            return
        base = [*folder, *(part for part in name.split(".") if part)]
        for stem in (base, *([*base, attribute] for attribute in attributes)):
            joined = "/".join(stem)
            for candidate in (f"{joined}.py", f"{joined}/__init__.py" if joined else "__init__.py"):
                if candidate in self._contents:
                    yield candidate
