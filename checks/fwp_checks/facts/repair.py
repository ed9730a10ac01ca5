"""Source newer than the running Python, rewritten so that it parses: same lines, same expressions.

Every rewriting keeps the place of each expression; where ``except A, B:`` and ``type A=B`` have no
blank to become a bracket, one is put in, and the rest of that line moves. What a rewriting gives up
is never an expression that runs: type parameters, and the literal text of f- and t-strings, which
become tuples of their replacement fields.

=====================================  =======  ==========================================
Syntax                                 Python   Rewritten as
=====================================  =======  ==========================================
``[*part for part in parts]``          3.15     ``[ part for part in parts]`` (PEP 798)
``lazy import json``                   3.15     ``import      json`` (PEP 810)
``except A, B:``                       3.14     ``except(A, B):`` (PEP 758)
``t"{a}-{b}"``                         3.14     ``(  a,  b, )`` (PEP 750)
``class Box[T = int]:``                3.13     ``class Box(       ):`` (PEP 696)
``def first[T](rows: list[T]): ...``   3.12     ``def first(   rows: list[T]): ...`` (PEP 695)
``type Pair = tuple[int, int]``        3.12     ``(    Pair)= tuple[int, int]`` (PEP 695)
``f"{row["id"]}"`` and the like        3.12     ``(  row["id"],)`` (PEP 701)
=====================================  =======  ==========================================
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from keyword import iskeyword
from typing import NamedTuple

from fwp_checks.facts.lexer import Kind, LexError, Token, tokens_of

_HINT = re.compile(
    r"""
      \b except \b | \b type \s | \b lazy \s | \b (?:class|def) \s+ \w+ \s* \[
    | [fFtT][rR]?["'] | [\[({]\s*\*
    """,
    re.VERBOSE,
)


_OPEN = frozenset("([{")
_CLOSE = frozenset(")]}")


class Edit(NamedTuple):
    """``text[start:end]`` becomes ``replacement``."""

    start: int
    end: int
    replacement: str


def repaired(text: str, version: tuple[int, int] | None = None) -> str | None:
    """The text with everything newer than a version (default: the running Python) rewritten.

    None if nothing was found to rewrite or the text cannot be read. Newlines must be ``\\n``.
    Whether the result parses is for the caller to see.
    """
    if not _HINT.search(text):
        return None
    try:
        tokens = tokens_of(text)
    except (LexError, RecursionError):
        return None
    edits = sorted(_edits(text, tokens, version or sys.version_info[:2]))
    if not edits:
        return None
    parts: list[str] = []
    done = 0
    for edit in edits:
        if edit.start < done:
            return None
        parts += text[done : edit.start], edit.replacement
        done = edit.end
    parts.append(text[done:])
    return "".join(parts)


def _edits(text: str, tokens: list[Token], version: tuple[int, int]) -> Iterator[Edit]:
    yield from _template_edits(text, tokens, version)
    if version < (3, 15):
        yield from _unpacking_edits(tokens)
    for statement in _statements(tokens):
        first = statement[0].value
        if first == "except" and version < (3, 14):
            yield from _except_edits(text, statement)
        elif first == "lazy" and version < (3, 15):
            yield from _lazy_edits(statement)
        if version < (3, 13):
            yield from _generic_edits(text, statement, version)


def _statements(tokens: list[Token]) -> Iterator[list[Token]]:
    """The logical lines, without comments; those of several statements in one piece."""
    line: list[Token] = []
    for token in tokens:
        if token.kind is Kind.NEWLINE:
            if line:
                yield line
            line = []
        elif token.kind is not Kind.COMMENT:
            line.append(token)
    if line:
        yield line


def _closings(tokens: Sequence[Token]) -> dict[int, int]:
    """For the number of each token that opens a bracket, the number of the one that closes it."""
    open_brackets: list[int] = []
    found = {}
    for number, token in enumerate(tokens):
        if token.value in _OPEN:
            open_brackets.append(number)
        elif token.value in _CLOSE and open_brackets:
            found[open_brackets.pop()] = number
    return found


def _top_level(tokens: Sequence[Token]) -> Iterator[Token]:
    """The tokens outside all brackets."""
    depth = 0
    for token in tokens:
        if token.value in _CLOSE:
            depth -= 1
        elif token.value in _OPEN:
            depth += 1
        elif not depth:
            yield token


def _except_edits(text: str, statement: list[Token]) -> Iterator[Edit]:
    """``except A, B:``; with ``as`` every version needs the brackets, so that stays an error."""
    keywords = 2 if len(statement) > 1 and statement[1].value == "*" else 1
    has_comma = False
    for token in _top_level(statement[keywords:]):
        if token.value == "as":
            return
        has_comma = has_comma or token.value == ","
        if token.value == ":":
            if has_comma:
                before = statement[keywords - 1].end
                space = 1 if text[before] in " \t" else 0
                yield Edit(before, before + space, "(")
                yield Edit(token.start, token.start, ")")
            return


def _lazy_edits(statement: list[Token]) -> Iterator[Edit]:
    """``lazy import …`` and ``lazy from …``: the statement keeps its first column."""
    if len(statement) > 1 and statement[1].value in ("import", "from"):
        lazy, keyword = statement[:2]
        yield Edit(lazy.start, keyword.end, keyword.value.ljust(keyword.end - lazy.start))


def _generic_edits(text: str, statement: list[Token], version: tuple[int, int]) -> Iterator[Edit]:
    """Type parameters of functions and classes, and ``type`` statements."""
    closings: dict[int, int] | None = None
    done = 0
    for number in range(len(statement) - 2):
        keyword, name, after = statement[number : number + 3]
        if keyword.value not in ("def", "class", "type") or after.value not in ("[", "="):
            continue
        if number < done or name.kind is not Kind.NAME or iskeyword(name.value):
            continue
        closings = _closings(statement) if closings is None else closings
        closing = closings.get(number + 2)
        if version >= (3, 12) and not _has_default(statement, number + 2, closing):
            continue
        if keyword.value == "type":
            yield from _alias_edits(text, statement, number, closing)
        elif closing is not None:
            yield from _parameter_edits(text, statement, number + 2, closing)
        done = closing or done


def _parameter_edits(
    text: str, statement: list[Token], opening: int, closing: int
) -> Iterator[Edit]:
    """``f[T](…)`` becomes ``f(   …)``, ``C[T]:`` becomes ``C( ):``; newlines stay in brackets."""
    start, end = statement[opening].start, statement[closing].end
    blank = _blank(text[start + 1 : end - 1])
    following = statement[closing + 1] if closing + 1 < len(statement) else None
    if following is not None and following.value == "(":
        yield Edit(start, following.end, f"({blank} {_blank(text[end : following.start])} ")
    else:
        yield Edit(start, end, f"({blank})")


def _alias_edits(
    text: str, statement: list[Token], number: int, closing: int | None
) -> Iterator[Edit]:
    """``type X = …`` becomes ``(    X)= …``, ``type X[T] = …`` becomes ``(    X  ) = …``."""
    keyword, name = statement[number : number + 2]
    yield Edit(keyword.start, name.start, "(" + _blank(text[keyword.start + 1 : name.start]))
    if closing is not None:
        end = statement[closing].end
        yield Edit(name.end, end, _blank(text[name.end : end - 1]) + ")")
    else:
        yield Edit(name.end, name.end + (1 if text[name.end] in " \t" else 0), ")")


def _has_default(statement: list[Token], opening: int, closing: int | None) -> bool:
    """Whether a list of type parameters has a default (PEP 696, Python 3.13)."""
    if closing is None:
        return False
    return any(token.value == "=" for token in _top_level(statement[opening + 1 : closing]))


def _unpacking_edits(tokens: list[Token]) -> Iterator[Edit]:
    """The stars of a comprehension's element: ``[*x for x in y]``, ``{**x for x in y}``."""
    open_brackets: list[int] = []
    for number, token in enumerate(tokens):
        if token.value in _OPEN:
            open_brackets.append(number)
        elif token.value in _CLOSE and open_brackets:
            open_brackets.pop()
        elif token.value in (",", "for") and open_brackets:
            opening = open_brackets[-1]
            open_brackets[-1] = number  # only the first of them tells what the bracket holds
            star, second = tokens[opening + 1 : opening + 3]
            if token.value == "for" and tokens[opening].value in _OPEN and star.value == "*":
                end = second.end if second.value == "*" else star.end
                yield Edit(star.start, end, " " * (end - star.start))


def _template_edits(text: str, tokens: list[Token], version: tuple[int, int]) -> Iterator[Edit]:
    """f- and t-strings that the version cannot read, with the strings that they are joined to."""
    run: list[Token] = []
    for token in [*tokens, Token(Kind.NEWLINE, len(text), len(text))]:
        if token.kind in (Kind.STRING, Kind.TEMPLATE):
            run.append(token)
        elif token.kind is not Kind.COMMENT:
            if run:
                yield from _run_edits(text, run, version)
            run = []


def _run_edits(text: str, run: list[Token], version: tuple[int, int]) -> Iterator[Edit]:
    fields = [part for string in run for part in string.fields]
    for part in fields:
        yield from _template_edits(text, part.tokens, version)
    if not any(_is_newer(string, version) for string in run):
        return
    # Everything but the fields becomes blank, so that what is left is one tuple at the same place.
    for number, string in enumerate(run):
        done = string.start
        if number == 0:
            yield Edit(done, done + 1, "(")
            done += 1
        for part in string.fields:
            yield Edit(done, part.start, _blank(text[done : part.start]))
            yield Edit(part.end, part.end + 1, ",")
            done = part.end + 1
        if number == len(run) - 1:
            yield Edit(done, string.end - 1, _blank(text[done : string.end - 1]))
            yield Edit(string.end - 1, string.end, ")")
        else:
            yield Edit(done, string.end, _blank(text[done : string.end]))


def _is_newer(string: Token, version: tuple[int, int]) -> bool:
    if string.kind is not Kind.TEMPLATE:
        return False
    return version < (3, 14) if "t" in string.value else string.modern and version < (3, 12)


def _blank(text: str) -> str:
    """As long as the text, with its newlines."""
    return re.sub(r"[^\n]", " ", text)
