"""Where absolute imports start, and the dotted names that files answer to.

Two kinds of folders. *Shared* roots are on the import path of the whole project: those of the
settings, those that a packaging or test configuration names, the top folder, ``src``, and each
folder with a project file of its own. *Local* roots are guessed from how files lie: the folder
above a package, the folder of a script. A guess must not make ``import redis`` somewhere else mean
a script ``tools/redis.py``; so what lies under a local root is seen by its neighbours alone.

Code in a package may be started from inside of it, too: with the folder of the package as the
place to start in, as a script, or after a change of ``sys.path``. Such *inner* folders give names
only where nothing else goes by them. *Added* folders have the name of one that
code puts on ``sys.path``, which may lie where only a deployment copies it, or lie above code that
puts a folder there by its own place: they give a name that nothing else goes by, too, if only one
of them has it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from fwp_checks.settings import Settings

PROJECT_FILES = ("pyproject.toml", "setup.cfg", "setup.py", "manage.py")
"""Files that lie in the top folder of a Python project."""

# A folder with one of these is one that a program is started from.
_ENTRY_FILES = (
    "main.py",
    "app.py",
    "asgi.py",
    "wsgi.py",
    "server.py",
    "run.py",
    "__main__.py",
    "requirements.txt",
    "Dockerfile",
    "Pipfile",
    "Procfile",
)
# Programs of tools beside the code: they do not make their folder one that is imported from.
_TOOL_FILES = frozenset(
    {"setup.py", "conftest.py", "noxfile.py", "fabfile.py", "tasks.py", "dodo.py"}
)
# What lies in the folder of a whole repository or program, package or not.
_TOP_FILES = frozenset(
    {
        *(name for name in _ENTRY_FILES if not name.endswith(".py")),
        *(*PROJECT_FILES, ".git", ".github", ".gitignore", ".dockerignore"),
        *("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"),
    }
)
# The import path is changed at the beginning of a file, and what a script does stands at its end.
_BEGINNING = 3_000
_END = 1_000
# What is added stands in texts, which a loop around may go through.
_ADDING = re.compile(rb"^[^\n#]*\bsys[._]?path\b[^\n]*(?:append|insert|extend|\+=)", re.MULTILINE)
_LINES_AROUND = 3
# Begin with plain letters, for which patterns look ten times as fast.
_ABSOLUTE: tuple[re.Pattern[bytes], ...] = (
    re.compile(rb"\nfrom[ \t]+(\w+)\.(\w+)"),
    re.compile(rb"\nimport[ \t]+(\w+)\.(\w+)"),
)
_OWN_PLACE = b"__file__"
_TEXT = re.compile(rb"""(?<=["'])[\w./-]+(?=["'])|\b__file__\b""")


@dataclass(frozen=True)
class SourceRoots:
    """The folders that absolute imports start from, relative to the root of the project.

    The root itself is ``""``. ``inner`` are folders of packages that code may be started in,
    ``added`` those that code may put on the import path, ``package`` is the name of the root if it
    is a package.
    """

    shared: tuple[str, ...] = ("",)
    local: tuple[str, ...] = ()
    inner: tuple[str, ...] = ()
    package: str = ""
    added: tuple[str, ...] = ()

    @cached_property
    def by_use(self) -> list[str]:
        """All of them, those first by which people would import."""
        shared = sorted(self.shared, key=len, reverse=True)
        return [*filter(None, shared), *self.local, *(root for root in shared if not root)]


def source_roots(
    root: Path,
    files: Iterable[str],
    settings: Settings,
    contents: Mapping[str, bytes] | None = None,
) -> SourceRoots:
    """The folders that imports of these files start from.

    ``files`` are paths relative to the root, ``contents`` what is known to stand in them. Reads the
    project files that lie between them; the result depends on nothing but the files and these.
    """
    layout = _Layout(root, files)
    shared = [*settings.source_roots, *layout.declared(""), ""]
    if layout.is_plain("src"):
        shared.append("src")
    for folder in layout.plain:
        if folder and layout.has_file(folder, PROJECT_FILES):
            shared += [*layout.declared(folder), folder]
            if layout.is_plain(f"{folder}/src"):
                shared.append(f"{folder}/src")
    shared += layout.started_packages()
    local: list[str] = []
    known = set(shared)
    for folder in layout.plain:
        if folder in known or not folder:
            continue
        covered = any(above in known for above in _above(folder) if above)
        if layout.is_started_from(folder) or (
            not covered and (layout.has_packages(folder) or layout.has_scripts(folder))
        ):
            local.append(folder)
            known.add(folder)
    inner = [folder for folder in layout.started_inside(contents or {}) if folder not in known]
    package = root.name if layout.is_package("") and root.name.isidentifier() else ""
    added = [
        folder for folder in layout.added(contents or {}) if folder not in known or folder in local
    ]
    return SourceRoots(
        tuple(dict.fromkeys(shared)), tuple(local), tuple(inner), package, tuple(added)
    )


def module_names(path: str, roots: SourceRoots) -> list[str]:
    """All dotted names by which a file can be imported, the one people would use first.

    ``path`` is relative to the root with forward slashes. ``pkg/__init__.py`` answers to ``pkg``.
    Folders need no ``__init__.py`` (namespace packages), but names must be identifiers. Empty for a
    file that no import statement can name.
    """
    names = [_name_under(root, path) for root in roots.by_use if path.startswith(root)]
    return list(dict.fromkeys(filter(None, names)))


def inner_names(path: str, roots: SourceRoots) -> Iterator[tuple[str, str]]:
    """Further dotted names of a file, which hold where nothing else goes by them, each with the
    folder whose files may mean it so; the innermost first.
    """
    inner = frozenset(roots.inner)
    for folder in _above(path) if inner else ():
        if folder in inner and (name := _name_under(folder, path)):
            yield folder, name
    if roots.package and (path == "__init__.py" or _name_under("", path)):
        yield "", f"{roots.package}.{_name_under('', path)}".rstrip(".")


def added_names(path: str, roots: SourceRoots) -> list[str]:
    """The dotted names of a file seen from folders that code may put on the import path."""
    if not roots.added:
        return []
    added = frozenset(roots.added)
    names = [_name_under(folder, path) for folder in _above(path) if folder in added]
    return list(filter(None, names))


def sees(importer: str, path: str, name: str, roots: SourceRoots) -> bool:
    """Whether a file can import another by a name; both paths relative to the root.

    True if the folder that the name starts from is shared, or is a local root that holds the
    importing file.
    """
    place = path.removesuffix(".py").removesuffix("/__init__")
    below = name.replace(".", "/")
    if not f"/{place}".endswith(f"/{below}"):
        return False
    root = place[: -len(below)].rstrip("/")
    return root in roots.shared or (root in roots.local and _holds(root, importer))


class _Layout:
    """The folders of some files. ``plain`` are those without ``__init__.py``, outermost first."""

    def __init__(self, root: Path, files: Iterable[str]) -> None:
        self._root = root
        names: dict[str, set[str]] = {"": set()}
        for file in files:
            folder, _, name = file.rpartition("/")
            names.setdefault(folder, set()).add(name)
        for folder in list(names):
            for above in _above(folder):
                names.setdefault(above, set())
        self._names = names
        self._packages = {folder for folder in names if folder and "__init__.py" in names[folder]}
        self._outermost = {
            folder for folder in self._packages if folder.rpartition("/")[0] not in self._packages
        }
        self._package_parents = {package.rpartition("/")[0] for package in self._packages}
        plain = (folder for folder in names if folder not in self._packages)
        self.plain = sorted(plain, key=lambda folder: (folder.count("/") + bool(folder), folder))

    def is_plain(self, folder: str) -> bool:
        """Whether a folder has files below it and is no package."""
        return folder in self._names and folder not in self._packages

    def is_package(self, folder: str) -> bool:
        """Whether a folder has an ``__init__.py``; the root may have one, too."""
        return "__init__.py" in self._names.get(folder, ())

    def has_packages(self, folder: str) -> bool:
        """Whether a package lies directly in a folder."""
        return folder in self._package_parents

    def has_scripts(self, folder: str) -> bool:
        """Whether a folder, and none above it, has modules of its own."""
        if any(self._modules(above) for above in _above(folder)):
            return False
        return bool(self._modules(folder))

    def is_started_from(self, folder: str) -> bool:
        """Whether a folder has modules, and a file for starting a program with them."""
        if not self._modules(folder):
            return False
        return any(
            name in self._names[folder] if name.endswith(".py") else self.has_file(folder, (name,))
            for name in _ENTRY_FILES
        )

    def started_packages(self) -> list[str]:
        """The packages that Django's program for a project is started in: its own folder is what
        Python imports from then.
        """
        return sorted(folder for folder in self._packages if "manage.py" in self._names[folder])

    def started_inside(self, contents: Mapping[str, bytes]) -> list[str]:
        """The packages that code is started in, by what lies there: an outermost package with the
        files of a whole program, the package of a script, the packages around a file that changes
        ``sys.path``, and outermost packages whose code imports by what lies in them.
        """
        found = self._imported_inside(contents)
        for folder in self._outermost - found:
            try:
                beside = {entry.name for entry in (self._root / folder).iterdir()}
            except OSError:
                continue
            if not _TOP_FILES.isdisjoint(beside):
                found.add(folder)
        for path, content in contents.items():
            folder = path.rpartition("/")[0]
            if folder not in self._packages:
                continue
            if content.find(b"sys.path", 0, _BEGINNING) >= 0:
                while folder in self._packages:
                    found.add(folder)
                    folder = folder.rpartition("/")[0]
            elif content.find(b"__main__", max(0, len(content) - _END)) >= 0:
                found.add(folder)
        return sorted(found)

    def _imported_inside(self, contents: Mapping[str, bytes]) -> set[str]:
        """The outermost packages of which a file below imports a module by its place in them, as
        ``src/app/main.py`` does with ``from app.models import Item``.
        """
        inner: dict[bytes, set[str]] = {}
        for package in self._packages:
            folder, _, name = package.rpartition("/")
            if folder in self._outermost:
                inner.setdefault(name.encode(), set()).add(folder)
        found: set[str] = set()
        for path, content in contents.items() if inner else ():
            folders = [folder for folder in _above(path) if folder in self._outermost]
            if not folders or folders[0] in found:
                continue
            outer = folders[0]
            for pattern in _ABSOLUTE:
                for match in pattern.finditer(content, 0, _BEGINNING):
                    if outer in inner.get(match[1], ()) and self._is_meant(outer, path, match):
                        found.add(outer)
        return found

    def _is_meant(self, outer: str, importer: str, match: re.Match[bytes]) -> bool:
        """Whether a package has what a file below imports, and the file's own folder has not."""
        package, module = match[1].decode(), match[2].decode()
        beside = importer.rpartition("/")[0]
        if beside != outer and (
            f"{beside}/{package}" in self._names or f"{package}.py" in self._names[beside]
        ):
            return False
        place = f"{outer}/{package}"
        return f"{module}.py" in self._names[place] or f"{place}/{module}" in self._names

    def added(self, contents: Mapping[str, bytes]) -> list[str]:
        """The folders that files put on the import path, as far as texts there say them: those with
        the name of one, and those above a file that goes by its own place.
        """
        names: set[str] = set()
        found: set[str] = set()
        for path, content in contents.items():
            for text in _texts_of_added(content):
                if text == _OWN_PLACE:
                    found.update(_above(path))
                else:
                    names.add(text.decode().rstrip("/").rpartition("/")[2])
        names -= {"", ".", ".."}
        if names:
            found.update(folder for folder in self._names if folder.rpartition("/")[2] in names)
        return sorted(found - {""})

    def has_file(self, folder: str, names: Sequence[str]) -> bool:
        """Whether one of these files is in a folder."""
        place = self._root / folder
        return any((place / name).is_file() for name in names)

    def declared(self, folder: str) -> list[str]:
        """The source folders that the packaging and test configuration of a folder names."""
        place = self._root / folder
        found = []
        for text in [*_declared_in_pyproject(place), *_declared_in_setup_cfg(place)]:
            joined = os.path.normpath(f"{folder}/{text}" if folder else text).replace(os.sep, "/")
            joined = "" if joined == "." else joined
            if self.is_plain(joined):
                found.append(joined)
        return found

    def _modules(self, folder: str) -> set[str]:
        if folder in self._packages:
            return set()
        return self._names[folder] - _TOOL_FILES


def _texts_of_added(content: bytes) -> Iterator[bytes]:
    """The texts that stand where a file changes the import path."""
    if (
        content.find(b"sys.path", 0, _BEGINNING) < 0
        and content.find(b"sys_path", 0, _BEGINNING) < 0
    ):
        return
    beginning = content[:_BEGINNING]
    lines = beginning.split(b"\n")
    for match in _ADDING.finditer(beginning):
        at = beginning.count(b"\n", 0, match.start())
        around = lines[max(0, at - _LINES_AROUND) : at + 1 + _LINES_AROUND]
        yield from _TEXT.findall(b"\n".join(around))


def _declared_in_pyproject(folder: Path) -> Iterator[str]:
    import tomllib

    try:
        document = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return
    tool = _at(document, "tool")
    yield from _texts(_at(tool, "setuptools", "packages", "find", "where"))
    yield from _texts(_at(tool, "setuptools", "package-dir", ""))
    yield from _texts(_at(tool, "pdm", "build", "package-dir"))
    yield from _texts(_at(tool, "uv", "build-backend", "module-root"))
    yield from _texts(_at(tool, "pytest", "ini_options", "pythonpath"))
    yield from _texts(_at(tool, "pyright", "extraPaths"))
    for package in _texts(_at(tool, "hatch", "build", "targets", "wheel", "packages")):
        yield package.rstrip("/").rpartition("/")[0] or "."
    poetry = _at(tool, "poetry", "packages")
    for table in poetry if isinstance(poetry, list) else ():
        yield from _texts(_table(table).get("from"))


def _declared_in_setup_cfg(folder: Path) -> Iterator[str]:
    try:
        text = (folder / "setup.cfg").read_text("utf-8")
    except (OSError, ValueError):
        return
    import configparser

    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return
    where = parser.get("options.packages.find", "where", fallback="")
    yield from where.replace(",", "\n").split()
    for line in parser.get("options", "package_dir", fallback="").splitlines():
        package, equals, place = line.partition("=")
        if equals and not package.strip():
            yield place.strip()


def _at(document: object, *keys: str) -> Any:
    for key in keys:
        document = _table(document).get(key)
    return document


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [text for text in values if isinstance(text, str)]


def _above(folder: str) -> Iterator[str]:
    """The folders above a folder, innermost first, the root included."""
    while folder:
        folder = folder.rpartition("/")[0]
        yield folder


def _holds(folder: str, path: str) -> bool:
    return not folder or path.startswith(f"{folder}/")


def _name_under(root: str, path: str) -> str:
    """The dotted name of a file seen from a folder; empty if it has none."""
    if not path.endswith(".py") or not _holds(root, path):
        return ""
    parts = path[len(root) + 1 if root else 0 : -3].split("/")
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts) if all(part.isidentifier() for part in parts) else ""
