"""Path patterns of settings, after the manner of ``.gitignore``.

A pattern without a slash matches a file or folder of that name at any depth; with one it starts at
the root (a slash at the end does not count). ``*`` and ``?`` stop at slashes, ``**`` does not,
``[…]`` is a set of characters. What matches a folder matches everything in it.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import lru_cache

_PIECE = re.compile(
    r"/\*\*(?=/|$) | ^\*\*/ | \*+ | \? | \[!?\]?[^\]/]*\] | .", re.VERBOSE | re.DOTALL
)


def matches(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether a pattern matches a path; both relative to the root, with forward slashes."""
    return bool(patterns) and _compiled(patterns).fullmatch(path) is not None


@lru_cache(maxsize=256)
def _compiled(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{_expression(pattern)})" for pattern in patterns), re.DOTALL)


def _expression(pattern: str) -> str:
    inner = pattern.rstrip("/")
    anchored = "/" in inner
    inner = inner.removeprefix("./").removeprefix("/")
    body = "".join(_piece(piece.group()) for piece in _PIECE.finditer(inner))
    return f"{'' if anchored else '(?:.*/)?'}{body}(?:/.*)?"


def _piece(piece: str) -> str:
    if piece == "/**":
        return "(?:/.*)?"
    if piece == "**/":
        return "(?:.*/)?"
    if piece[0] == "*":
        return "[^/]*" if len(piece) == 1 else ".*"
    if piece == "?":
        return "[^/]"
    if piece[0] == "[" and len(piece) > 2:
        inner = piece[1:-1].replace("\\", r"\\").replace("[", r"\[").replace("&&", r"&\&")
        expression = f"[^/{inner[1:]}]" if inner[0] == "!" else f"[{inner}]"
        with suppress(re.error):  # a range like [z-a]: the text as it stands
            re.compile(expression)
            return expression
    return re.escape(piece)
