"""A Jinja template to tokens, the way Jinja's own lexer cuts it, with the default delimiters.

Source: jinja2/lexer.py of Jinja 3.1.6.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from fwp_checks.facts.templates.source import TemplateError

_WORD = re.compile(
    r"""(?P<space>\s+)
    |(?P<text>'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*")
    |(?P<number>0[xXbBoO][\da-fA-F_]+|\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?)
    |(?P<name>[^\W\d]\w*)
    |(?P<operator>\*\*|//|==|!=|<=|>=|[-+*/%~.,:;|=<>()\[\]{}])""",
    re.VERBOSE | re.DOTALL,
)
_RAW = re.compile(r"\{%[-+]?\s*raw\s*[-+]?%\}")
_END_RAW = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")
_PAIRS = {")": "(", "]": "[", "}": "{"}
_MOST_WORDS = 20_000


class Word(NamedTuple):
    """One word of an expression; ``kind`` is text, number, name or operator."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(slots=True, unsafe_hash=True)
class JinjaToken:
    """A tag or a variable with its words; ``name`` is the first word of a tag."""

    start: int
    end: int
    name: str
    words: tuple[Word, ...]


def tokens_of(text: str) -> list[JinjaToken]:
    """The tags and variables of a template. Raises TemplateError where Jinja would."""
    found: list[JinjaToken] = []
    at = text.find("{")
    while 0 <= at < len(text) - 1:
        kind = text[at + 1]
        if kind == "#":
            end = text.find("#}", at + 2)
            if end < 0:
                raise TemplateError(at, "a comment is not closed")
            at = text.find("{", end + 2)
        elif kind == "%" and (raw := _RAW.match(text, at)):
            close = _END_RAW.search(text, raw.end())
            if close is None:
                raise TemplateError(at, "the tag 'raw' is not closed")
            at = text.find("{", close.end())
        elif kind in "%{":
            token = _token(text, at, "%}" if kind == "%" else "}}")
            if token.words:
                found.append(token)
            elif kind == "{":
                raise TemplateError(at, "a variable tag is empty")
            at = text.find("{", token.end)
        else:
            at = text.find("{", at + 1)
    return found


def _token(text: str, start: int, closer: str) -> JinjaToken:
    words: list[Word] = []
    brackets: list[str] = []
    at = start + 2
    if text[at : at + 1] in ("-", "+"):
        at += 1
    while True:
        if not brackets:
            for closing in (closer, f"-{closer}", f"+{closer}"):
                if text.startswith(closing, at):
                    if closer == "%}" and words and words[-1].text == ":":
                        # As in Python: ``skip_if("colon")`` in jinja2/parser.py of Jinja 3.1.6.
                        words.pop()
                    name = words[0].text if closer == "%}" and words else ""
                    return JinjaToken(start, at + len(closing), name, tuple(words))
        match = _WORD.match(text, at)
        if match is None or len(words) > _MOST_WORDS:
            if at >= len(text):
                raise TemplateError(start, f"'{text[start : start + 2]}' is not closed")
            raise TemplateError(at, f"unexpected {text[at : at + 1]!r}")
        at = match.end()
        kind = match.lastgroup or ""
        if kind == "space":
            continue
        word = Word(kind, match.group(), match.start(), at)
        words.append(word)
        if word.text in ("(", "[", "{"):
            brackets.append(word.text)
        elif word.text in _PAIRS and kind == "operator":
            if not brackets or brackets.pop() != _PAIRS[word.text]:
                raise TemplateError(word.start, f"unexpected '{word.text}'")
