"""Which files can matter: those with asynchronous code or a web framework, what they import, and
whatever may get rows of a database from them; but no migrations, which run once.

Nothing is reported in the others and nothing reported depends on them, so they are not analysed.
The look is at bytes, by pattern, and errs on the side of yes: an import in a comment counts as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from fwp_checks.project.files.modules import relative_folder_of

_FRAMEWORKS = frozenset({
    "fastapi", "starlette", "litestar", "aiohttp", "quart", "sanic", "tornado", "flask", "django",
    "channels", "ninja", "rest_framework", "asgiref", "strawberry", "sqlalchemy", "sqlmodel",
    "flask_sqlalchemy", "apiflask", "flask_admin", "flask_appbuilder", "flask_openapi3",
    "flask_restful", "flask_restplus", "flask_restx", "flask_smorest", "flask_classful",
    "flask_classy", "jupyterhub", "reflex", "blacksheep", "chainlit", "nicegui", "shiny",
    "configurations",
})  # fmt: skip
# Django's settings and lists of routes are reached by name only, and often import nothing.
_SETTINGS = (
    *(b"INSTALLED_APPS", b"MIDDLEWARE", b"AUTH_USER_MODEL", b"ROOT_URLCONF"),
    *(b"DATABASES", b"CACHES", b"urlpatterns"),
)
_SETTING = re.compile(rb"^[ \t]*(?:%s)\b" % b"|".join(_SETTINGS), re.MULTILINE)
# Begins with a plain word, which is looked for ten times as fast; what stands before it is looked
# at afterwards.
_WORD = b"import"
_IMPORT = re.compile(rb"import(?:[ \t]*(\([^)]*\)|\*)|[ \t]+([^\n;#(]+))")
_FROM = re.compile(rb"from(?<!\wfrom)[ \t]+([.\w]+)[ \t]+\Z")
_IN_A_WORD = re.compile(rb"\w\Z")
_NAME = re.compile(r"\w+")
_DOTTED = re.compile(rb"""["']([A-Za-z_]\w*(?:\.\w+)+)["']""")
# https://docs.python.org/3/library/importlib.html#importlib.import_module
_IMPORTING = b"import_module("
_IMPORTED = re.compile(
    rb"""import_module\(\s*["']([\w.]+)["'](?:\s*,\s*(?:package\s*=\s*)?["']([\w.]+)["'])?"""
)
_ASYNC = re.compile(rb"async[ \t]+def\b")
# Imports stand in the beginning of nearly all files. They are found faster by their own names than
# as any import is, and behind a newline than at the beginning of a line.
_OF_FRAMEWORK = re.compile(
    rb"\n[ \t]*(?:from|import)[ \t]+(?:%s)\b" % "|".join(sorted(_FRAMEWORKS)).encode()
)
_BEGINNING = 3_000
# A module with these may leave work to subclasses that it does not import.
_OPEN_WORDS = (b"NotImplementedError", b"abstractmethod", b"Protocol", b"ABC")
_OPEN = re.compile(rb"\b(?:%s)\b" % b"|".join(_OPEN_WORDS))
# It imports what it is given: https://flask.palletsprojects.com/en/stable/api/#flask.Config
_CONFIGURING = b".from_object("
# What imports a module with an application may run it.
_MAKING = b"Flask("
# What the names that a module imports tell of it, as bits. The rows of one that imports what maps
# them may be read wherever it is imported, directly or not. Some settings hold nothing but what
# they take from others: by ``import *``, or by means of what puts parts together.
_OF_WEB, _OF_ROWS, _OF_PARTS = 1, 2, 4
_ORMS = ("django.db.", "django.contrib.gis.db.", "sqlalchemy.", "sqlmodel.", "flask_sqlalchemy.")
_SPLIT_SETTINGS = "split_settings."

# https://docs.djangoproject.com/en/stable/topics/migrations/#migration-files: Django looks for them
# in this folder and runs each of them once; no code needs to import one.
_MIGRATIONS = "migrations"
_MIGRATION = re.compile(rb"^class Migration\((?:\w+\.)*Migration\):", re.MULTILINE)


def is_certain(path: str, content: bytes) -> bool:
    """Whether a file matters whatever the others are, as most of those do that matter."""
    return (
        _OF_FRAMEWORK.search(b"\n" + content[:_BEGINNING]) is not None
        and not _is_migration(path, content)
    ) or _is_asynchronous(content)


def _is_asynchronous(content: bytes) -> bool:
    return b"async" in content and _ASYNC.search(content) is not None


def _is_migration(path: str, content: bytes) -> bool:
    """Whether a file is a migration of Django that nothing runs on an event loop."""
    folder = path.rpartition("/")[0]
    return (
        folder.rpartition("/")[2] == _MIGRATIONS
        and _MIGRATION.search(content) is not None
        and not _is_asynchronous(content)
    )


def relevant(
    contents: Mapping[str, bytes], names: Mapping[str, Sequence[str]], wanted: Iterable[str]
) -> set[str]:
    """The files that can matter, of files by path; ``names`` are the dotted names that files answer
    to, ``wanted`` paths that matter in any case.
    """
    imports = _Imports(contents, names)
    wanted = {path for path in wanted if path in contents}
    imports.leave_out(_unused_migrations(contents, imports, wanted))
    asynchronous = {path for path in imports.paths if _is_asynchronous(contents[path])}
    found = wanted | asynchronous
    settings = set()
    for path in imports.paths:
        if _has(_SETTING, _SETTINGS, contents[path]):
            settings.add(path)
        if path not in found and imports.tells(path, _OF_WEB):
            found.add(path)
    settings |= _takers(settings, imports)
    found |= settings | {path for one in settings for path in imports.named_in(one)}
    imports.close(found)
    carriers = {path for path in found if imports.tells(path, _OF_ROWS)}
    carriers |= {path for path in found if _MAKING in contents[path]}
    found |= _users(carriers, imports)
    imports.close(found)
    looked_at: set[str] = set()
    special: set[str] = set()
    while True:
        others = [path for path in imports.paths if path not in found]
        imported = {target for path in others for target in imports.of(path)}
        # Who imports such a module may drop its coroutines, or do what it leaves open.
        for path in (imported & found) - looked_at:
            looked_at.add(path)
            if path in asynchronous or _has(_OPEN, _OPEN_WORDS, contents[path]):
                special.add(path)
        users = {path for path in others if not special.isdisjoint(imports.of(path))}
        if not users:
            return found
        found |= users
        imports.close(found)


def _unused_migrations(
    contents: Mapping[str, bytes], imports: _Imports, wanted: set[str]
) -> set[str]:
    """The migrations that are not wanted and that no other code imports."""
    found = {path for path, content in contents.items() if _is_migration(path, content)} - wanted
    if found:
        used = {target for path in contents if path not in found for target in imports.of(path)}
        used &= found
        imports.close(used)
        found -= used
    return found


def _takers(settings: set[str], imports: _Imports) -> set[str]:
    """The files that take all names of settings, or of files that do so."""
    known = set(settings)
    found = {path for path in imports.paths if imports.tells(path, _OF_PARTS)}
    candidates = imports.with_star | found
    while new := [p for p in candidates - known - found if not known.isdisjoint(imports.of(p))]:
        found.update(new)
        known.update(new)
    return found - settings


def _has(pattern: re.Pattern[bytes], words: Sequence[bytes], content: bytes) -> bool:
    """Whether a pattern that needs one of these words is found: to look for plain words first takes
    a tenth of the time.
    """
    return any(word in content for word in words) and pattern.search(content) is not None


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


class _Statement(NamedTuple):
    """An import as written: what its absolute names tell, and the files they mean; or what a
    relative one (``level`` above 0) names, which means other files in other folders.
    """

    told: int
    targets: tuple[str, ...]
    module: str = ""
    level: int = 0
    attributes: Sequence[str] = ()


class _Imports:
    """What files import, as far as a pattern can tell."""

    def __init__(self, contents: Mapping[str, bytes], names: Mapping[str, Sequence[str]]) -> None:
        self._contents = contents
        self._paths = list(contents)
        self._known: dict[str, frozenset[str]] = {}
        self._told: dict[str, int] = {}
        self._statements: dict[tuple[bytes, bytes], _Statement] = {}
        self._by_name: dict[str, list[str]] = {}
        self._with_star: set[str] = set()
        for path in contents:
            for name in names[path]:
                self._by_name.setdefault(name, []).append(path)
        self._packages = {name.partition(".")[0] for name in self._by_name}

    @property
    def paths(self) -> Iterable[str]:
        """All files, but those that were left out."""
        return self._paths

    def leave_out(self, paths: set[str]) -> None:
        """Have nothing to do with the imports of these files any more."""
        self._paths = [path for path in self._paths if path not in paths]

    @property
    def with_star(self) -> set[str]:
        """The files that import all names of some module."""
        for path in self._paths:
            self._read(path)
        return self._with_star

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
        self._read(path)
        return self._known[path]

    def tells(self, path: str, what: int) -> bool:
        """Whether a file imports by a name that tells this."""
        self._read(path)
        return self._told[path] & what != 0

    def named_in(self, path: str) -> Iterator[str]:
        """The files whose modules, or names in them, a file has as texts: middleware, say."""
        for name in set(_DOTTED.findall(self._contents[path])):
            text = name.decode()
            yield from self._by_name.get(text, ())
            yield from self._by_name.get(text.rpartition(".")[0], ())

    def _read(self, path: str) -> None:
        if path in self._known:
            return
        content = self._contents[path]
        if b"\\" in content:
            content = content.replace(b"\\\n", b" ")
        told = 0
        found: set[str] = set()
        start = content.find(_WORD)
        while start >= 0:
            match = _IMPORT.match(content, start)
            if match is None:
                start = content.find(_WORD, start + len(_WORD))
                continue
            before = content[content.rfind(b"\n", 0, start) + 1 : start]
            start = content.find(_WORD, match.end())
            # Most statements stand in many files.
            key = (before, match[1] or match[2])
            statement = self._statements.get(key)
            if statement is None:
                statement = self._statements[key] = self._statement(*key)
            if key[1] == b"*":
                self._with_star.add(path)
            told |= statement.told
            if statement.targets:
                found.update(statement.targets)
            elif statement.level:
                found.update(self._relative(path, statement))
        if _IMPORTING in content:
            found.update(self._imported_by_name(path, content))
        if _CONFIGURING in content:
            found.update(self.named_in(path))
        self._told[path] = told
        self._known[path] = frozenset(found)

    def _imported_by_name(self, path: str, content: bytes) -> Iterator[str]:
        """What a file imports at run time by texts that it holds."""
        for first, package in _IMPORTED.findall(content):
            name = first.decode("utf-8", "replace")
            rest = name.lstrip(".")
            level = len(name) - len(rest)
            if not level:
                yield from self._absolute(name)
            elif package:
                parts = package.decode("utf-8", "replace").split(".")
                yield from self._absolute(".".join([*parts[: len(parts) - level + 1], rest]))
            else:
                yield from self._relative(path, _Statement(0, (), rest, level))
        yield from self.named_in(path)

    def _statement(self, before: bytes, what: bytes) -> _Statement:
        source = _FROM.search(before)
        if source is not None:
            name = source[1].decode("utf-8", "replace")
            module = name.lstrip(".")
            if module == name and not self._is_known(name):
                return _Statement(_told_by(name), ())
            attributes = _NAME.findall(what.decode("utf-8", "replace"))
            if module != name:
                return _Statement(0, (), module, len(name) - len(module), attributes)
            return _Statement(_told_by(name), tuple(self._absolute(name, attributes)))
        if _IN_A_WORD.search(before):
            return _Statement(0, ())
        told = 0
        targets: list[str] = []
        for text in what.decode("utf-8", "replace").split(","):
            for name in text.split()[:1]:
                told |= _told_by(name)
                targets += self._absolute(name)
        return _Statement(told, tuple(targets))

    def _is_known(self, name: str) -> bool:
        """Whether a dotted name may mean a file."""
        return name.partition(".")[0] in self._packages

    def _absolute(self, name: str, attributes: Sequence[str] = ()) -> Iterator[str]:
        if not self._is_known(name):
            return
        # Importing a.b.c runs a and a.b, too.
        parent = name
        while parent:
            yield from self._by_name.get(parent, ())
            parent = parent.rpartition(".")[0]
        for attribute in attributes:
            yield from self._by_name.get(f"{name}.{attribute}", ())

    def _relative(self, path: str, statement: _Statement) -> Iterator[str]:
        folder = relative_folder_of(path, statement.level)
        if folder is None:
            return
        base = [*folder, *(part for part in statement.module.split(".") if part)]
        for stem in (base, *([*base, attribute] for attribute in statement.attributes)):
            joined = "/".join(stem)
            for candidate in (f"{joined}.py", f"{joined}/__init__.py" if joined else "__init__.py"):
                if candidate in self._contents:
                    yield candidate


def _told_by(name: str) -> int:
    """What an absolute name tells of a file that imports by it."""
    told = _OF_WEB if name.partition(".")[0] in _FRAMEWORKS else 0
    dotted = f"{name}."
    if dotted.startswith(_ORMS):
        told |= _OF_ROWS
    if dotted.startswith(_SPLIT_SETTINGS):
        told |= _OF_PARTS
    return told
