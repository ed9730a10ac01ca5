"""Services of Compose files that are built from a Dockerfile and run a command of their own.

``command:`` overrides the ``CMD`` of the image
(https://docs.docker.com/reference/compose-file/services/#command). Read are block mappings, as
Compose files are written; an alias, an anchor's content and flow mappings are not.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_FILE = re.compile(r"(?:^|/)(?:docker-)?compose[^/]*\.ya?ml$")
_KEY = re.compile(r"( *)([\w.-]+):(?:\s+(.*))?$")
_CMD = re.compile(r"\s*CMD\b", re.IGNORECASE)


@dataclass(slots=True, unsafe_hash=True)
class _Entry:
    """An entry of nested mappings: the keys from the outside in, the value, first and last line."""

    keys: tuple[str, ...]
    value: str
    first: int
    last: int


@dataclass(slots=True, unsafe_hash=True)
class Service:
    """A service that is built from a Dockerfile, a path relative to the project's root.

    ``command`` is the lines of its own command, first and last, None where it has none.
    """

    dockerfile: str
    command: tuple[int, int] | None


def is_compose(path: str) -> bool:
    """Whether a file is one of Compose by its name."""
    return _FILE.search(path.lower()) is not None


def services(path: str, text: str) -> list[Service]:
    """The services of a Compose file that are built."""
    entries = list(_entries(text.splitlines()))
    found = []
    for service in dict.fromkeys(e.keys[:2] for e in entries if e.keys[0] == "services"):
        own = {entry.keys[2:]: entry for entry in entries if entry.keys[:2] == service}
        if ("build",) not in own:
            continue
        context = _value(own, "build") or _value(own, "build", "context") or "."
        file = _value(own, "build", "dockerfile") or "Dockerfile"
        folder = posixpath.join(posixpath.dirname(path), context)
        command = own.get(("command",))
        lines = (command.first, command.last) if command is not None else None
        found.append(Service(posixpath.normpath(posixpath.join(folder, file)), lines))
    return found


def is_command(text: str, line: int) -> bool:
    """Whether a line of a Dockerfile is a CMD."""
    lines = text.splitlines()
    return line <= len(lines) and _CMD.match(lines[line - 1]) is not None


def _value(own: dict[tuple[str, ...], _Entry], *keys: str) -> str:
    return own[keys].value if keys in own else ""


def _entries(lines: Sequence[str]) -> Iterator[_Entry]:
    marks = [
        (number, len(match[1]), match[2], (match[3] or "").partition(" #")[0].strip(" \"'"))
        for number, match in enumerate(map(_KEY.match, lines), 1)
        if match is not None
    ]
    around: list[tuple[int, str]] = []
    for at, (number, indent, key, value) in enumerate(marks):
        while around and around[-1][0] >= indent:
            around.pop()
        around.append((indent, key))
        following = (one[0] - 1 for one in marks[at + 1 :] if one[1] <= indent)
        yield _Entry(tuple(name for _, name in around), value, number, next(following, len(lines)))
