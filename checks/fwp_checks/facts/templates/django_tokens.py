"""A Django template to tokens, the way Django's own lexer cuts it.

Source: django/template/base.py (Lexer, ``tag_re``) and django/utils/text.py (``smart_split``) of
Django 6.1.3. A tag or variable never goes over the end of a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_CLOSERS = {"%": "%}", "{": "}}", "#": "#}"}
_BIT = re.compile(r"""(?:[^\s'"]+|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|["'])+""")

LONGEST = 10_000
"""What stands between the braces of one tag is not looked at if it is longer than this."""


@dataclass(slots=True)
class Token:
    """A tag or a variable: where it stands, and where its content does.

    ``name`` is the first word of a tag; empty for a variable.
    """

    is_tag: bool
    start: int
    end: int
    content_start: int
    content_end: int
    name: str


@dataclass(slots=True)
class Bit:
    """One word of a tag and where it begins; words are split at spaces outside of quotes."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + len(self.text)


def tokens_of(text: str) -> list[Token]:
    """The tags and variables of a template, without those inside ``{% verbatim %}`` and
    ``{% comment %}``.
    """
    found: list[Token] = []
    until = ""
    for token in _tokens(text):
        if until:
            content = text[token.content_start : token.content_end]
            if token.is_tag and (content == until or (until == "endcomment" == token.name)):
                until = ""
                found.append(token)
            continue
        found.append(token)
        if token.name == "verbatim":
            until = f"end{text[token.content_start : token.content_end]}"
        elif token.name == "comment":
            until = "endcomment"
    return found


def _tokens(text: str) -> Iterator[Token]:
    line_end = -1
    at = text.find("{")
    missing: set[str] = set()
    while 0 <= at < len(text) - 1:
        if at > line_end:
            line_end = text.find("\n", at)
            line_end = len(text) if line_end < 0 else line_end
            # Looked for once in a line: a line may hold a great many openings without an end.
            missing.clear()
        closer = _CLOSERS.get(text[at + 1])
        end = -1
        if closer is not None and closer not in missing:
            end = text.find(closer, at + 2, line_end)
            if end < 0:
                missing.add(closer)
        if end < 0:
            at = text.find("{", at + 1)
            continue
        if closer != "#}":
            yield _token(text, at, end)
        at = text.find("{", end + 2)


def _token(text: str, start: int, end: int) -> Token:
    content = text[start + 2 : end]
    stripped = content.strip()
    begin = start + 2 + len(content) - len(content.lstrip())
    is_tag = text[start + 1] == "%"
    name = stripped.split(None, 1)[0] if is_tag and stripped else ""
    return Token(is_tag, start, end + 2, begin, begin + len(stripped), name)


def bits_of(text: str, token: Token) -> list[Bit]:
    """The words of a tag after its name. ``_("a b")`` is one word."""
    found: list[Bit] = []
    if token.content_end - token.content_start > LONGEST:
        return found
    sentence = False
    for match in _BIT.finditer(text, token.content_start, token.content_end):
        word = match.group()
        if sentence:
            first = found[-1]
            found[-1] = Bit(text[first.start : match.end()], first.start)
            sentence = not word.endswith(('")', "')"))
            continue
        found.append(Bit(word, match.start()))
        if word.startswith(('_("', "_('")) and not word.endswith(('")', "')")):
            sentence = True
    return found[1:]
