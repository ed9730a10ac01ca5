"""Source lines, read and made fit for a terminal: widths, tabs, control characters, long lines."""

from __future__ import annotations

import io
import tokenize
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

TAB_STOP = 4
LONGEST_LINE = 160
"""Lines with more characters are cut to a window round the marked part."""
CONTEXT_BEFORE = 40
CUT = "…"

_BIDIRECTIONAL = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def decode(data: bytes) -> str:
    """Text of a source file's bytes, by its byte order mark or PEP 263 comment, with ``\\n`` line
    ends.

    Raises SyntaxError for an unknown encoding and UnicodeDecodeError for bytes that do not fit it.
    """
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return io.TextIOWrapper(io.BytesIO(data), encoding=encoding).read()


def escape(character: str) -> str:
    """What stands for a character on a terminal: itself, or a visible escape if it could steer the
    terminal.
    """
    if character in _BIDIRECTIONAL or unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
        return character.encode("unicode_escape").decode("ascii")
    return character


def printable(text: str) -> str:
    """A text on one line, without characters that could steer the terminal."""
    return text if text.isprintable() else "".join(map(escape, text))


def width(character: str) -> int:
    """Columns that a printable character takes on a terminal: 0, 1 or 2 (Unicode Standard Annex
    11).
    """
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


@dataclass(frozen=True, slots=True)
class MarkedLine:
    """A line ready to print, and the stretch to underline: its offset and length in terminal
    columns.
    """

    text: str
    offset: int
    length: int


def mark(line: str, start: int, end: int) -> MarkedLine:
    """Prepare a source line whose characters ``start`` to ``end`` (from 0, end exclusive) are to be
    underlined.

    Positions beyond the line are moved to its end; at least one column is underlined.
    """
    line = line.rstrip()
    start = max(0, min(start, len(line)))
    end = max(start, min(end, len(line)))
    first, last = 0, len(line)
    if len(line) > LONGEST_LINE:
        first = max(0, start - CONTEXT_BEFORE)
        last = min(len(line), first + LONGEST_LINE)
    parts = [CUT] if first > 0 else []
    column = offset = len(parts)
    length = 0
    for index in range(first, last):
        character = line[index]
        shown = " " * (TAB_STOP - column % TAB_STOP) if character == "\t" else escape(character)
        columns = sum(map(width, shown))
        if index < start:
            offset += columns
        elif index < end:
            length += columns
        column += columns
        parts.append(shown)
    if last < len(line):
        parts.append(CUT)
    return MarkedLine("".join(parts), offset, max(1, length))


class SourceLines:
    """Lines of the project's files, read when first asked for.

    ``locate`` gives the file of a path as findings write it; ``texts`` holds, by such paths, the
    texts that are to be used instead of what is on disk.
    """

    def __init__(
        self, locate: Callable[[str], Path], texts: Mapping[str, str] | None = None
    ) -> None:
        self._locate = locate
        self._texts = texts or {}
        self._lines: dict[str, list[str]] = {}

    def line(self, path: str, number: int) -> str | None:
        """A line by its number from 1, without its end; None if it cannot be had."""
        if path not in self._lines:
            self._lines[path] = self._read(path)
        lines = self._lines[path]
        return lines[number - 1] if 1 <= number <= len(lines) else None

    def _read(self, path: str) -> list[str]:
        text = self._texts.get(path)
        if text is None:
            try:
                text = decode(self._locate(path).read_bytes())
            except (OSError, SyntaxError, UnicodeDecodeError):
                return []
        return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
