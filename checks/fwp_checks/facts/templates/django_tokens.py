"""A Django template to tokens, the way Django's own lexer cuts it.

Source: django/template/base.py (Lexer, ``tag_re``) and django/utils/text.py (``smart_split``) of
Django 6.1.3. A tag or variable never goes over the end of a line. Components of django-cotton
(``<c-post-list :posts="posts" />``) are tags, too, as its compiler makes them: django_cotton/
compiler_regex.py and templatetags/_component.py of 2.8.0.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_CLOSERS = {"%": "%}", "{": "}}", "#": "#}"}
_BIT = re.compile(r"""(?:[^\s'"]+|"[^"\\]*(?:\\.[^"\\]*)*"|'[^'\\]*(?:\\.[^'\\]*)*'|["'])+""")
COMPONENT = "<c-"
"""What a component begins with."""
_COMPONENT = re.compile(rf"{COMPONENT}([A-Za-z][\w.-]*)")
_ATTRIBUTE = re.compile(r"""\s+([^\s=<>"'/]+)(?:=("[^"]*"|'[^']*'|[^\s>"']+))?""")
# Parts of the components themselves.
_NO_COMPONENTS = frozenset({"slot", "vars"})

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
    comments: list[tuple[int, int]] = []
    tokens = list(_tokens(text, comments))
    components = list(_components(text, comments))
    if components:
        tokens = sorted((*tokens, *components), key=lambda token: token.start)
    for token in tokens:
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


def _components(text: str, comments: Sequence[tuple[int, int]]) -> Iterator[Token]:
    """The components of a page that no comment holds; their names tell what they begin with."""
    for match in _COMPONENT.finditer(text) if COMPONENT in text else ():
        comment = bisect_right(comments, (match.start(), 0)) - 1
        if match.group(1) in _NO_COMPONENTS or (
            comment >= 0 and match.start() < comments[comment][1]
        ):
            continue
        end = match.end()
        attribute = _ATTRIBUTE.match(text, end)
        while attribute is not None:
            end = attribute.end()
            attribute = _ATTRIBUTE.match(text, end)
        yield Token(True, match.start(), match.end(), match.start() + 1, end, match.group())


def attributes_of(text: str, token: Token) -> Iterator[tuple[str, Bit | None]]:
    """The attributes of a component: names, and what stands between their quotes."""
    at = token.end
    while at < token.content_end:
        attribute = _ATTRIBUTE.match(text, at)
        if attribute is None:
            return
        value = attribute.group(2)
        is_quoted = value is not None and value[0] in "\"'"
        bit = None
        if value is not None:
            bit = Bit(value[1:-1] if is_quoted else value, attribute.start(2) + is_quoted)
        yield attribute.group(1), bit
        at = attribute.end()


def _tokens(text: str, comments: list[tuple[int, int]]) -> Iterator[Token]:
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
        if closer == "#}":
            comments.append((at, end))
        else:
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
