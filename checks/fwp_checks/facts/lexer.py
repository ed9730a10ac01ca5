"""Tokens of Python source, told apart the same way on every Python version.

The standard ``tokenize`` follows the grammar of the Python that runs it: before 3.12 it takes
nested f-strings apart at the wrong quotes, from 3.12 on it refuses text that does not compile.
Comments and newer syntax must be found in both cases, so this lexer knows just enough of the
language (https://docs.python.org/3/reference/lexical_analysis.html): names, strings, comments,
brackets and the ends of logical lines. What stands in a replacement field of an f- or t-string
is tokens like everything else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import IntEnum

MAX_DEPTH = 40
"""f-strings nested deeper than this are given up."""


class LexError(Exception):
    """The text is not Python source; holds the index where that was noticed."""

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


class Kind(IntEnum):
    """What a token is."""

    NAME = 1
    NUMBER = 2
    OPERATOR = 3
    STRING = 4
    TEMPLATE = 5
    COMMENT = 6
    NEWLINE = 7


@dataclass(slots=True)
class Token:
    """One token: ``text[start:end]``.

    ``NEWLINE`` ends a logical line. A ``TEMPLATE`` is an f- or t-string with its ``fields``;
    ``modern`` tells that it needs PEP 701 (Python 3.12). ``value`` is the text of a name or
    operator, the lower-case prefix and quote of a string.
    """

    kind: Kind
    start: int
    end: int
    value: str = ""
    fields: tuple[Field, ...] = ()
    modern: bool = False


@dataclass(slots=True)
class Field:
    """A replacement field; ``text[start:end]`` is its expression, without conversion and format."""

    start: int
    end: int
    tokens: list[Token] = field(default_factory=list)


_TOKEN = re.compile(
    r"""
      (?P<space> [ \t\f]+ | \\\n )
    | (?P<comment> \#[^\n]* )
    | (?P<newline> \n )
    | (?P<string>
          # Most names are told from prefixes at a glance.
          (?= [A-Za-z]{0,2} ["'] )
          (?P<prefix> (?i: br | rb | fr | rf | tr | rt | [rbuft] )? )
          (?P<quote> \"\"\" | ''' | ["'] )
      )
    | (?P<name> [^\W\d]\w* )
    | (?P<number> \.?\d[\w.]* )
    | (?P<operator> != | := | . )
    """,
    re.VERBOSE,
)
_REST_OF_STRING = {
    "'": re.compile(r"[^'\\\n]*(?:\\.[^'\\\n]*)*'", re.DOTALL),
    '"': re.compile(r'[^"\\\n]*(?:\\.[^"\\\n]*)*"', re.DOTALL),
    "'''": re.compile(r"[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'''", re.DOTALL),
    '"""': re.compile(r'[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*"""', re.DOTALL),
}
_LITERAL_STOP = re.compile(r"""[\\{}\n"']""")
_NAMED_CHARACTER = re.compile(r"\\N\{[^{}\n]*\}")
_OPEN = "([{"
_CLOSE = ")]}"


def tokens_of(text: str) -> list[Token]:
    """The tokens of a text whose newlines are ``\\n``.

    Raises LexError at a string without an end or an f-string that cannot be read. Whether
    brackets match is not checked.
    """
    found, _ = _Lexer(text).tokens(0, 0)
    return found


class _Lexer:
    def __init__(self, text: str) -> None:
        self._text = text

    def tokens(self, index: int, depth: int) -> tuple[list[Token], int]:
        """Tokens from an index on, and where they end: with the text or the replacement field."""
        text = self._text
        match = _TOKEN.match
        found: list[Token] = []
        brackets = 0
        while index < len(text):
            token = match(text, index)
            if token is None:
                raise LexError(index)
            kind = token.lastgroup
            index = token.end()
            if kind == "space":
                continue
            start = token.start()
            if kind == "name":
                found.append(Token(Kind.NAME, start, index, token.group()))
            elif kind == "operator":
                value = token.group()
                if depth and not brackets and value in ("}", ":", "!", ":="):
                    return found, start
                if value in _OPEN:
                    brackets += 1
                elif value in _CLOSE:
                    brackets = max(0, brackets - 1)
                found.append(Token(Kind.OPERATOR, start, index, value))
            elif kind == "string":
                string = self._string(token, depth)
                index = string.end
                found.append(string)
            elif kind == "newline":
                if not brackets and not depth:
                    found.append(Token(Kind.NEWLINE, start, index))
            elif kind == "comment":
                found.append(Token(Kind.COMMENT, start, index))
            else:
                found.append(Token(Kind.NUMBER, start, index))
        if depth:
            raise LexError(index)
        return found, index

    def _string(self, opening: re.Match[str], depth: int) -> Token:
        prefix, quote = opening.group("prefix").lower(), opening.group("quote")
        if "f" in prefix or "t" in prefix:
            return self._template(opening.start(), opening.end(), prefix, quote, depth + 1)
        rest = _REST_OF_STRING[quote].match(self._text, opening.end())
        if rest is None:
            raise LexError(opening.start())
        return Token(Kind.STRING, opening.start(), rest.end(), prefix + quote)

    def _template(self, start: int, index: int, prefix: str, quote: str, depth: int) -> Token:
        """An f- or t-string whose literal part begins at an index."""
        if depth > MAX_DEPTH:
            raise LexError(start)
        fields: list[Field] = []
        raw = "r" in prefix
        text = self._text
        while True:
            index = self._literal(index, quote, raw, False)
            if text.startswith(quote, index):
                break
            index = self._field(index + 1, quote, raw, depth, fields)
        end = index + len(quote)
        modern = any(self._needs_pep_701(part, quote) for part in fields)
        return Token(Kind.TEMPLATE, start, end, prefix + quote, tuple(fields), modern)

    def _literal(self, index: int, quote: str, raw: bool, in_format: bool) -> int:
        """The index after literal text: of the closing quote, a field's ``{``, a format's ``}``."""
        text = self._text
        while True:
            stop = _LITERAL_STOP.search(text, index)
            if stop is None:
                raise LexError(index)
            index = stop.start()
            character = text[index]
            if character == "\\":
                named = None if raw else _NAMED_CHARACTER.match(text, index)
                if named is not None:
                    index = named.end()
                else:
                    index += 1 if text.startswith(("{", "}"), index + 1) else 2
            elif character == "{":
                if in_format or not text.startswith("{", index + 1):
                    return index
                index += 2
            elif character == "}":
                if in_format:
                    return index
                if not text.startswith("}", index + 1):
                    raise LexError(index)
                index += 2
            elif character == "\n":
                if len(quote) == 1:
                    raise LexError(index)
                index += 1
            elif text.startswith(quote, index):
                if in_format:
                    raise LexError(index)
                return index
            else:
                index += 1

    def _field(self, index: int, quote: str, raw: bool, depth: int, fields: list[Field]) -> int:
        """Add the replacement field after a ``{`` and those of its format; gives the end."""
        if depth > MAX_DEPTH:
            raise LexError(index)
        text = self._text
        found, end = self.tokens(index, depth)
        expression_end = end
        if found and found[-1].value == "=" and self._is_debug(found):
            expression_end = found.pop().start
        fields.append(Field(index, expression_end, found))
        if text[end] == "!":
            conversion = _TOKEN.match(text, end + 1)
            end = conversion.end() if conversion else end + 1
        if text.startswith(":", end):
            end += 1
            while True:
                end = self._literal(end, quote, raw, True)
                if text[end] == "}":
                    break
                end = self._field(end + 1, quote, raw, depth + 1, fields)
        if not text.startswith("}", end):
            raise LexError(end)
        return end + 1

    def _is_debug(self, found: list[Token]) -> bool:
        """Whether a final ``=`` is the one of ``{name=}`` and not the end of ``==`` or ``<=``."""
        before = self._text[found[-1].start - 1]
        return before not in "=<>!"

    def _needs_pep_701(self, part: Field, quote: str) -> bool:
        """Whether Python 3.11 cannot read this replacement field inside this quote."""
        expression = self._text[part.start : part.end]
        return (
            quote in expression
            or "\\" in expression
            or (len(quote) == 1 and "\n" in expression)
            or any(token.kind is Kind.COMMENT for token in part.tokens)
        )
