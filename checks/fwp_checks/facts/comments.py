"""Comments that silence findings: ``# fwp: ignore[FWP102] reason``, ``# fwp: ignore-file[FWP1]``.

- Codes may be cut short (``FWP1`` is all of FWP1xx); without brackets every finding is meant. What
  follows is the reason, for people.
- At the end of a line the comment is for that line; at the end of a statement of several lines
  (for a compound statement: of its header) for all of these lines.
- Alone on its line it is for the next statement or header; inside brackets for the next line.
- ``ignore-file`` is for the whole file, wherever it stands.

Only real comments count, never the inside of strings. The result is plain data that can be stored;
:func:`hides` and :func:`problems` read it.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import TypedDict

from fwp_checks.facts.lexer import Kind, LexError, Token, tokens_of


class Suppressions(TypedDict, total=False):
    """``lines``: the silenced prefixes by line, line 0 being the whole file.

    ``problems``: line and one-line reason of what could not be understood.
    """

    lines: dict[int, tuple[str, ...]]
    problems: list[tuple[int, str]]


EVERYTHING = ("FWP",)
"""The prefixes that silence every code."""

_MARKER = re.compile(r"#\s*fwp\s*:\s*", re.IGNORECASE)
_DIRECTIVE = re.compile(r"(?P<verb>[\w-]*)\s*(?P<codes>\[[^\]]*\]?)?\s*(?P<reason>.*)")
_CODE = re.compile(r"FWP\d{0,3}")
_CODE_WORD = re.compile(r"FWP\d", re.IGNORECASE)
_VERBS = ("ignore", "ignore-file")


def suppressions(text: str) -> Suppressions:
    """The comments of a text that silence findings; empty for nearly every file, at no cost.

    Never raises: text that cannot be told apart into tokens gives an empty result.
    """
    if ("fwp" not in text and "FWP" not in text) or _MARKER.search(text) is None:
        return {}
    try:
        tokens = tokens_of(text)
    except (LexError, RecursionError):
        return {}
    places = _Places(text, tokens)
    lines: dict[int, tuple[str, ...]] = {}
    reasons: list[tuple[int, str]] = []
    for token in tokens:
        marker = token.kind is Kind.COMMENT and _MARKER.search(text, token.start, token.end)
        if not marker:
            continue
        directive = _DIRECTIVE.match(text, marker.end(), token.end)
        assert directive is not None
        line = places.line_of(token.start)
        codes = _codes_of(directive)
        if isinstance(codes, str):
            reasons.append((line, codes))
            continue
        for covered in (0,) if directive["verb"] == "ignore-file" else places.covered_from(line):
            lines[covered] = tuple(sorted({*lines.get(covered, ()), *codes}))
    result: Suppressions = {}
    if lines:
        result["lines"] = lines
    if reasons:
        result["problems"] = reasons
    return result


def hides(found: Suppressions, line: int, code: str) -> bool:
    """Whether a finding with this code at this line (from 1) is silenced."""
    lines = found.get("lines")
    if not lines:
        return False
    return code.startswith(lines.get(line, ()) + lines.get(0, ()))


def problems(found: Suppressions) -> list[tuple[int, str]]:
    """Line and one-line reason of each comment that meant to silence something and does not."""
    return found.get("problems", [])


def named(found: Suppressions) -> list[tuple[int, str]]:
    """The prefixes that comments name, each with the first line (from 1) of those it is for."""
    lines = found.get("lines", {})
    return [
        (max(line, 1), prefix)
        for line in sorted(lines)
        for prefix in lines[line]
        if prefix not in lines.get(line - 1, ()) or line == 1
    ]


class _Places:
    """Where the lines and the statements of a text are."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self._newlines = [match.start() for match in re.finditer("\n", text)]
        self._statements: list[tuple[int, int]] = []
        code_lines: set[int] = set()
        first = last = 0
        for token in tokens:
            if token.kind is Kind.NEWLINE and first:
                self._statements.append((first, last))
                first = 0
            elif token.kind not in (Kind.NEWLINE, Kind.COMMENT):
                last = self.line_of(token.end - 1)
                code_lines |= {self.line_of(token.start), last}
                first = first or self.line_of(token.start)
        if first:
            self._statements.append((first, last))
        self._code_lines = sorted(code_lines)

    def line_of(self, index: int) -> int:
        """The line, from 1, that an index is in."""
        return bisect_left(self._newlines, index) + 1

    def covered_from(self, line: int) -> range:
        """The lines that a comment on a line is for."""
        statement = bisect_right(self._statements, line, key=lambda lines: lines[0])
        first, last = self._statements[statement - 1] if statement else (0, 0)
        if line > last:
            following = self._statements[statement : statement + 1]
            return range(following[0][0], following[0][1] + 1) if following else range(0)
        code_line = self._code_lines[bisect_left(self._code_lines, line)]
        if code_line == line == last:
            return range(first, last + 1)
        return range(code_line, code_line + 1)


def _codes_of(directive: re.Match[str]) -> tuple[str, ...] | str:
    """The prefixes that a directive silences, or the reason why it cannot be understood."""
    verb, codes, reason = directive.group("verb", "codes", "reason")
    usage = "write '# fwp: ignore[FWP102] reason'"
    if verb not in _VERBS:
        return f"'fwp: {verb}' is not known: {usage}"
    if codes is None:
        return f"codes stand in brackets: {usage}" if _CODE_WORD.match(reason) else EVERYTHING
    if not codes.endswith("]"):
        return f"the bracket after '{verb}' is not closed: {usage}"
    names = [name.strip() for name in codes[1:-1].split(",")]
    for name in names:
        if not _CODE.fullmatch(name):
            return f"'{name}' is not a code: codes look like FWP102 or FWP1"
    return tuple(names)
