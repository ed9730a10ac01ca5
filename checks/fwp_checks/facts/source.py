"""Bytes to text to tree: what Python itself would read, or the one reason why it cannot be read.

A pure function of the bytes, given the running Python: nothing else is opened and nothing printed.
"""

from __future__ import annotations

import ast
import codecs
import re
import threading
import warnings
from dataclasses import dataclass

from fwp_checks.facts.repair import repaired

MAX_BYTES = 5 * 1024 * 1024
"""Larger files are data in the form of Python; reading one would take seconds and gigabytes."""

# https://peps.python.org/pep-0263/: in the first line, or in the second after a blank or comment.
_COOKIE = re.compile(
    rb"(?:[ \t\f]*(?:\#[^\r\n]*)?(?:\r\n|\r|\n))??[ \t\f]*\#[^\r\n]*?coding[:=][ \t]*([-\w.]+)"
)
_UTF_16_OR_32 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
# Text codecs in which the first two lines of a file could not be written in ASCII, or not read.
_NOT_FOR_SOURCE = re.compile(r"utf-(?:16|32)|idna|punycode|undefined")
_TOO_DEEP = "nested too deeply for Python to parse"
_WARNINGS = threading.Lock()


@dataclass(slots=True, unsafe_hash=True)
class Problem:
    """Why a file cannot be read, in one line, and where; line and column count from 1."""

    line: int
    column: int
    reason: str


@dataclass(slots=True, unsafe_hash=True)
class Source:
    """One file as read: exactly one of ``tree`` and ``problem`` is None.

    ``text`` has ``\\n`` for every newline and no byte order mark, so ``text.split("\\n")`` are the
    lines that the tree's positions count. If ``repaired``, syntax newer than the running Python was
    rewritten; ``text`` is then the rewritten one, with the same lines. Undecodable bytes are
    replaced in the ``text`` of a file with a problem; it is empty if the file is too large or
    certainly not text.
    """

    text: str
    tree: ast.Module | None
    problem: Problem | None
    repaired: bool = False


def read(data: bytes) -> Source:
    """Decode and parse a file as Python does (PEP 263). Never raises."""
    text = _decoded(data)
    return parse(text) if isinstance(text, str) else text


def text_of(data: bytes) -> str | None:
    """The text of a file as positions count it: ``\\n`` for every newline, no byte order mark.

    None if it cannot be decoded.
    """
    text = _decoded(data)
    return _plain(text) if isinstance(text, str) else None


def _decoded(data: bytes) -> str | Source:
    """The text of a file, or what is wrong with it."""
    if len(data) > MAX_BYTES:
        limit = MAX_BYTES // (1024 * 1024)
        return _failed("", 1, 1, f"larger than {limit} MB, which no hand-written file is")
    if data.startswith(_UTF_16_OR_32) or _looks_like_utf_16(data):
        return _failed(
            "", 1, 1, "encoded in UTF-16 or UTF-32, which Python does not read: save it as UTF-8"
        )
    marked = data.startswith(codecs.BOM_UTF8)
    if marked:
        data = data[len(codecs.BOM_UTF8) :]
    cookie = _COOKIE.match(data)
    encoding = "utf-8" if cookie is None else cookie.group(1).decode("ascii")
    try:
        codec = "utf-8" if cookie is None else codecs.lookup(encoding).name
        if marked and codec != "utf-8":
            return _undecodable(
                data, 0, f"declares encoding '{encoding}' but begins with a UTF-8 mark"
            )
        if _NOT_FOR_SOURCE.match(codec):
            return _undecodable(
                data, 0, f"declares encoding '{encoding}', which cannot hold Python source"
            )
        return _decode(data, codec)
    except LookupError:
        return _undecodable(data, 0, f"declares the unknown encoding '{encoding}'")
    except UnicodeDecodeError as error:
        return _undecodable(data, error.start, _decode_reason(error, encoding, cookie is not None))
    except (ValueError, OverflowError, MemoryError):
        return _undecodable(data, 0, f"cannot be decoded as '{encoding}'")


def parse(text: str) -> Source:
    """Parse text that is decoded already, such as an editor's unsaved buffer. Never raises."""
    text = _plain(text)
    null = text.find("\0")
    if null >= 0:
        line, column = _position(text, null)
        return _failed(text, line, column, "contains a null byte, so it is not Python source")
    outcome = _tree(text)
    if isinstance(outcome, ast.Module):
        return Source(text, outcome, None)
    rewritten = repaired(text)
    if rewritten is not None:
        second = _tree(rewritten)
        if isinstance(second, ast.Module):
            return Source(rewritten, second, None, True)
        # What stops the parser later is the real error: newer syntax before it was understood.
        if (second.line, second.column) > (outcome.line, outcome.column):
            outcome = second
    return Source(text, None, outcome)


def _plain(text: str) -> str:
    text = text.removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def parse_expression(text: str) -> ast.expr | None:
    """The tree of one expression, such as an annotation written as a string; None if it is none."""
    try:
        with _WARNINGS, warnings.catch_warnings(action="ignore"):
            return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def last_name(node: ast.expr) -> str:
    """The last part of a name, ``cast`` of ``typing.cast``; "" for anything else."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def wide_lines(text: str) -> dict[int, bytes]:
    """The lines that are more than ASCII, in UTF-8, by their numbers."""
    lines = text.encode("utf-8", "surrogatepass").split(b"\n")
    return {number: line for number, line in enumerate(lines, 1) if not line.isascii()}


def _tree(text: str) -> ast.Module | Problem:
    try:
        # Invalid escapes and the like warn while parsing; that is neither ours to print nor, under
        # -W error, to stop at. The lock keeps threads from restoring each other's filters.
        with _WARNINGS, warnings.catch_warnings(action="ignore"):
            return ast.parse(text)
    except SyntaxError as error:
        return _syntax_problem(text, error)
    except (RecursionError, MemoryError):
        return Problem(1, 1, _TOO_DEEP)
    except ValueError as error:
        return Problem(1, 1, f"cannot be parsed: {_one_line(str(error))}")


def _syntax_problem(text: str, error: SyntaxError) -> Problem:
    # For some errors in f-strings and at the end Python gives no position, or one outside the text.
    lines = text.count("\n") + 1
    line = min(max(error.lineno or 1, 1), lines)
    start = 0
    for _ in range(line - 1):
        start = text.index("\n", start) + 1
    end = text.find("\n", start)
    width = (len(text) if end < 0 else end) - start
    column = min(max(error.offset or 1, 1), width + 1)
    reason = _one_line(error.msg or "invalid syntax")
    if "too many nested" in reason or "too many levels" in reason:
        return Problem(line, column, _TOO_DEEP)
    return Problem(line, column, f"syntax error: {reason}")


def _decode(data: bytes, codec: str) -> str:
    if codec == "utf-8":
        return data.decode()
    with _WARNINGS, warnings.catch_warnings(action="ignore"):
        return data.decode(codec)


def _decode_reason(error: UnicodeDecodeError, encoding: str, declared: bool) -> str:
    byte = (
        f"byte 0x{error.object[error.start]:02x}" if error.start < len(error.object) else "the end"
    )
    if declared:
        return f"{byte} cannot be decoded as '{_one_line(encoding)}', the declared encoding"
    return f"{byte} is not UTF-8, and no encoding is declared: save it as UTF-8"


def _undecodable(data: bytes, index: int, reason: str) -> Source:
    text = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    before = data[:index].decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    line, column = _position(before, len(before))
    return _failed(text, line, column, reason)


def _looks_like_utf_16(data: bytes) -> bool:
    """UTF-16 without a mark: a null beside each of the first characters, which are ASCII."""
    head = data[:8]
    if len(head) < 4 or b"\0" not in head:
        return False
    even, odd = head[::2], head[1::2]
    return (not any(even) and all(odd)) or (not any(odd) and all(even))


def _position(text: str, index: int) -> tuple[int, int]:
    return text.count("\n", 0, index) + 1, index - (text.rfind("\n", 0, index) + 1) + 1


def _failed(text: str, line: int, column: int, reason: str) -> Source:
    return Source(text, None, Problem(line, column, reason))


def _one_line(message: str) -> str:
    """A message without newlines and control characters, cut at 200 characters."""
    printable = "".join(c if c.isprintable() else " " for c in message)
    return " ".join(printable.split())[:200]
