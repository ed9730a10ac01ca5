"""What a project asks of the linter: ``[tool.fwp]`` of its ``pyproject.toml``, or its ``fwp.toml``.

Where both lie in the root, ``fwp.toml`` is read and the table in ``pyproject.toml`` is not; its
keys stand at the top level, without ``tool.fwp``. Keys are written with hyphens. A key that is not
known is an error, because a setting with a spelling mistake would silently do nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from fwp_checks.patterns import matches

FILE_ACCESS = ("requests", "everywhere", "never")

_CODE = re.compile(r"FWP\d{0,3}")
_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_NAMES = re.compile(r"[^\W\d][\w.{}, ]*(?:\.\*)?")
_ARGUMENT = re.compile(r"\d+|[^\W\d]\w*|\*")
_TOML_PLACE = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)


class SettingsError(Exception):
    """Settings that cannot be used; the message is one line that names the file and the key."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class OffloadCall(NamedTuple):
    """A function or decorator of the project that runs an argument in another thread.

    ``argument`` is its position, its keyword name, or ``*`` for all.
    """

    name: str
    argument: str


@dataclass(frozen=True)
class Settings:
    """The settings of one project; every field is a key of ``[tool.fwp]``, spelt with hyphens.

    - ``select``, ``ignore``: codes or their beginnings (``FWP1``); the longer one wins.
    - ``preview``: also report rules that are in preview.
    - ``per_file_ignores``: pairs of a path pattern and the codes not reported where it matches.
    - ``exclude``: path patterns of files that are not read.
    - ``include_tests``: also read and check test code.
    - ``source_roots``: folders, relative to the root, that absolute imports start from.
    - ``read_packages``: installed packages to read from site-packages like the project's own code.
    - ``python``: the environment (or its interpreter) whose site-packages are meant.
    - ``file_access``: where reading and writing files is reported: where a request waits for it
      (``requests``), in all async code (``everywhere``), or ``never``.
    - ``file_metadata``: also report ``exists``, ``stat`` and the like.
    - ``not_blocking``: names that block nothing, as in the catalogue (``pkg.{a,b}``, ``pkg.T.*``).
    - ``offload``: names that run a function argument in another thread.
    - ``entry_points``: decorators whose functions run on the event loop.
    - ``catalogue``: further rows, a table in the form of a catalogue file (at most one here).
    - ``cache``, ``cache_dir``: whether and where to keep the store on disk.

    ``source`` names the file and table in messages.
    """

    select: tuple[str, ...] = ("FWP",)
    ignore: tuple[str, ...] = ()
    preview: bool = False
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    exclude: tuple[str, ...] = ()
    include_tests: bool = False
    source_roots: tuple[str, ...] = ()
    read_packages: tuple[str, ...] = ()
    python: Path | None = None
    file_access: str = "requests"
    file_metadata: bool = False
    not_blocking: tuple[str, ...] = ()
    offload: tuple[OffloadCall, ...] = ()
    entry_points: tuple[str, ...] = ()
    catalogue: tuple[Mapping[str, object], ...] = ()
    cache: bool = True
    cache_dir: Path | None = None
    source: str = field(default="pyproject.toml: tool.fwp", compare=False)

    @classmethod
    def load(cls, root: Path) -> Settings:
        """The settings of the project in a folder; the defaults if it has none.

        Raises SettingsError with one line if the file cannot be read or says something unknown.
        """
        found = settings_table(root)
        if found is None:
            return cls()
        file, table = found
        source = "fwp.toml" if file.name == "fwp.toml" else "pyproject.toml: tool.fwp"
        given: dict[str, Any] = {"source": source}
        for key, value in table.items():
            place = _place(source, key)
            reader = _READERS.get(key)
            if key == "tool" and source == "fwp.toml":
                raise SettingsError(f"{place}: settings stand here without the heading [tool.fwp]")
            if reader is None:
                raise SettingsError(f"{place}: unknown setting{_suggestion(key, _READERS)}")
            try:
                given[key.replace("-", "_")] = reader(value, root)
            except _WrongValueError as wrong:
                raise SettingsError(f"{place}: {wrong}") from None
        return cls(**given)

    def place_of(self, key: str) -> str:
        """The file and the key of a setting, for messages."""
        return _place(self.source, key)

    @property
    def digest(self) -> str:
        """Equal for settings that give equal results; where the cache lies does not matter."""
        relevant = {
            key.name: getattr(self, key.name)
            for key in fields(self)
            if key.name not in ("cache", "cache_dir", "source")
        }
        text = json.dumps(relevant, sort_keys=True, default=str)
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    def enabled(self, code: str, *, preview: bool) -> bool:
        """Whether findings with a code are reported; ``preview`` tells that its rule is in preview.

        A rule in preview needs the setting ``preview`` or its full code in ``select``. Codes about
        the run itself (FWP9…) need not be selected: a file that was skipped is never passed over
        in silence unless ``ignore`` says so.
        """
        if preview and not self.preview and code not in self.select:
            return False
        selected = _longest(code, self.select)
        if code.startswith("FWP9"):
            selected = max(selected, 0)
        return selected > _longest(code, self.ignore)

    def ignored_in(self, path: str) -> tuple[str, ...]:
        """The codes (or beginnings) not reported in a file; its path is relative to the root."""
        found: list[str] = []
        for pattern, codes in self.per_file_ignores:
            if matches(path, (pattern,)):
                found += codes
        return tuple(found)


def settings_table(folder: Path) -> tuple[Path, Mapping[str, object]] | None:
    """The file with the settings of a folder, and its table; None if the folder has none.

    Raises SettingsError if the file cannot be read.
    """
    own = folder / "fwp.toml"
    if own.is_file():
        return own, _toml(own)
    shared = folder / "pyproject.toml"
    if not shared.is_file():
        return None
    document = _toml(shared)
    tool = document.get("tool")
    table = tool.get("fwp") if isinstance(tool, dict) else None
    if table is None:
        return None
    if not isinstance(table, dict):
        raise SettingsError("pyproject.toml: tool.fwp: must be a table")
    return shared, table


def _place(source: str, key: str) -> str:
    return f"{source}: {key}" if source == "fwp.toml" else f"{source}.{key}"


def _toml(file: Path) -> dict[str, Any]:
    import tomllib  # where it is needed: it takes a tenth of the start

    try:
        text = file.read_bytes().decode("utf-8")
        return tomllib.loads(text)
    except OSError as error:
        raise SettingsError(f"{file.name}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise SettingsError(f"{file.name}:{line}: is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.fullmatch(str(error))
        if place is None:
            raise SettingsError(f"{file.name}: {error}") from None
        reason, line_number, column = place.groups()
        where = f"{line_number}:{column}" if line_number else f"{text.count(chr(10)) + 1}:1"
        raise SettingsError(f"{file.name}:{where}: {reason}") from None
    except RecursionError:
        raise SettingsError(f"{file.name}: nested too deeply") from None


class _WrongValueError(Exception):
    """A value that a key cannot have; the message is one clause."""


def _flag(value: object, _: Path) -> bool:
    if not isinstance(value, bool):
        raise _WrongValueError(f"must be true or false, not {_kind(value)}")
    return value


def _text(value: object, _: Path) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _WrongValueError(f"must be a text, not {_kind(value)}")
    return value


def _texts(value: object, root: Path) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _WrongValueError(f"must be a list of texts, not {_kind(value)}")
    return tuple(_text(item, root) for item in value)


def _codes(value: object, root: Path) -> tuple[str, ...]:
    for code in _texts(value, root):
        if not _CODE.fullmatch(code):
            raise _WrongValueError(f"'{code}' is not a code: codes look like FWP102 or FWP1")
    return _texts(value, root)


def _patterns(value: object, root: Path) -> tuple[str, ...]:
    for pattern in _texts(value, root):
        if ".." in pattern.split("/") or not pattern.strip("./"):
            raise _WrongValueError(f"'{pattern}' is not a path pattern inside the project")
    return _texts(value, root)


def _per_file_ignores(value: object, root: Path) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if not isinstance(value, dict):
        raise _WrongValueError(f"must be a table of path patterns with codes, not {_kind(value)}")
    found = []
    for pattern, codes in value.items():
        _patterns([pattern], root)
        try:
            found.append((pattern, _codes(codes, root)))
        except _WrongValueError as wrong:
            raise _WrongValueError(f"'{pattern}': {wrong}") from None
    return tuple(found)


def _folders(value: object, root: Path) -> tuple[str, ...]:
    found = []
    for text in _texts(value, root):
        folder = text.replace("\\", "/").removeprefix("./").rstrip("/")
        if folder.startswith("/") or ":" in folder or ".." in folder.split("/"):
            raise _WrongValueError(
                f"'{text}' must be a folder inside the project, relative to its root"
            )
        if not (root / folder).is_dir():
            raise _WrongValueError(f"'{text}' is no folder of the project")
        found.append("" if folder == "." else folder)
    return tuple(found)


def _path(value: object, root: Path) -> Path:
    text = _text(value, root)
    try:
        return root / Path(text).expanduser()
    except RuntimeError as error:
        raise _WrongValueError(f"'{text}': {error}") from None


def _dotted_names(value: object, root: Path) -> tuple[str, ...]:
    for name in _texts(value, root):
        if not _DOTTED.fullmatch(name):
            raise _WrongValueError(f"'{name}' is not a dotted name like 'package.module.function'")
    return _texts(value, root)


def _row_names(value: object, root: Path) -> tuple[str, ...]:
    for name in _texts(value, root):
        if not _NAMES.fullmatch(name) or name.count("{") != name.count("}"):
            raise _WrongValueError(
                f"'{name}' is not a name like 'pkg.function', 'pkg.{{a,b}}', 'pkg.Type.*'"
            )
    return _texts(value, root)


def _file_access(value: object, _: Path) -> str:
    if value not in FILE_ACCESS:
        raise _WrongValueError(f"must be one of {', '.join(FILE_ACCESS)}, not {value!r}")
    return str(value)


def _offload(value: object, root: Path) -> tuple[OffloadCall, ...]:
    if not isinstance(value, list):
        raise _WrongValueError(f"must be a list of names or tables, not {_kind(value)}")
    found = []
    for item in value:
        table = {"name": item} if isinstance(item, str) else item
        if not isinstance(table, dict) or "name" not in table:
            raise _WrongValueError("each entry is a name or a table {name = …, argument = …}")
        for key in table:
            if key not in ("name", "argument"):
                raise _WrongValueError(
                    f"unknown key '{key}'{_suggestion(key, ('name', 'argument'))}"
                )
        [name] = _dotted_names([table["name"]], root)
        argument = table.get("argument", 0)
        if isinstance(argument, bool) or not _ARGUMENT.fullmatch(str(argument)):
            raise _WrongValueError(f"'{argument}' is neither a position nor a parameter name")
        found.append(OffloadCall(name, str(argument)))
    return tuple(found)


def _catalogue(value: object, _: Path) -> tuple[Mapping[str, object], ...]:
    if not isinstance(value, dict):
        raise _WrongValueError(
            f"must be a table in the form of a catalogue file, not {_kind(value)}"
        )
    return (value,)


_READERS: dict[str, Callable[[object, Path], object]] = {
    "select": _codes,
    "ignore": _codes,
    "preview": _flag,
    "per-file-ignores": _per_file_ignores,
    "exclude": _patterns,
    "include-tests": _flag,
    "source-roots": _folders,
    "read-packages": _dotted_names,
    "python": _path,
    "file-access": _file_access,
    "file-metadata": _flag,
    "not-blocking": _row_names,
    "offload": _offload,
    "entry-points": _dotted_names,
    "catalogue": _catalogue,
    "cache": _flag,
    "cache-dir": _path,
}


def _longest(code: str, prefixes: tuple[str, ...]) -> int:
    """The length of the longest beginning of a code among some, -1 if there is none."""
    return max((len(prefix) for prefix in prefixes if code.startswith(prefix)), default=-1)


def _suggestion(key: str, known: Mapping[str, object] | tuple[str, ...]) -> str:
    import difflib

    close = difflib.get_close_matches(key.replace("_", "-"), known, n=1)
    return f" (did you mean '{close[0]}'?)" if close else f"; known: {', '.join(known)}"


def _kind(value: object) -> str:
    """What a TOML value is, for messages."""
    if isinstance(value, bool):
        return str(value).lower()
    names = {str: "a text", int: "a number", float: "a number", list: "a list", dict: "a table"}
    if value == "":
        return "an empty text"
    return names.get(type(value), "a date")
