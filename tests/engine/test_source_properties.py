"""What holds for every file, however odd: reading gives a tree or one problem, and never raises."""

from __future__ import annotations

import argparse
import ast
import codecs
import dataclasses
import encodings.aliases
import enum
import functools
import inspect
import subprocess
import typing
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fwp_checks.facts.comments import suppressions
from fwp_checks.facts.lexer import Kind, LexError, Token, tokens_of
from fwp_checks.facts.repair import repaired
from fwp_checks.facts.source import Source, parse, read

OLDEST = (3, 11)

# Pieces that mean something to the decoder, the lexer or the repair, to be thrown together.
PIECES = st.sampled_from(
    [
        *"()[]{}:;,.=*#@\\'\"\n\r\t\f !\0\ufeff\ud800é\u2028",
        *["'''", '"""', "\\\n", "    ", "{{", "}}", "!r", ":=", "f'", 'f"', "rf'''", 't"', "b'"],
        *["except ", "except* ", "try:", "type ", "lazy ", "import ", "from ", "def f", "class C"],
        *["lambda ", "for ", " in ", " as ", "async ", "await ", "match ", "case ", "x", "1e5"],
        *["# coding: ", "utf-8", "latin-1", "ascii", "# fwp: ignore", "[FWP102]", "\\N{DASH}"],
        *["except A, B:\n", "type X[T] = T\n", "f'{x['a']}'", "[*a for a in b]", "if a:\n    b\n"],
    ]
)
SOUP = st.lists(PIECES, max_size=40).map("".join)


def assert_sound(source: Source) -> None:
    assert (source.tree is None) != (source.problem is None)
    if source.problem is not None:
        assert source.problem.line >= 1
        assert source.problem.column >= 1
        assert source.problem.reason.isprintable()
        assert not source.repaired
        if source.text:
            lines = source.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            assert source.problem.line <= len(lines)
            assert source.problem.column <= len(lines[source.problem.line - 1]) + 1
    else:
        assert "\r" not in source.text


@settings(max_examples=300)
@given(st.binary(max_size=300))
@example(b"\xff\xfe")
@example(b"\xef\xbb\xbf\xff")
@example(b"\x00" * 8)
@example(b"# coding: \xff")
def test_any_bytes(data: bytes) -> None:
    assert_sound(read(data))


@given(SOUP, st.sampled_from(["utf-8", "latin-1", "utf-16", "cp1252"]))
@settings(max_examples=300)
def test_any_pieces(text: str, encoding: str) -> None:
    assert_sound(read(text.encode(encoding, "replace")))
    assert_sound(parse(text))


@given(st.sampled_from(sorted({*encodings.aliases.aliases, *encodings.aliases.aliases.values()})))
@settings(max_examples=400)
def test_every_encoding_python_knows(name: str) -> None:
    assert_sound(read(b"# coding: %b\nx = '\xe9\\u1234'\n" % name.encode()))
    try:
        data = f"# coding: {name}\nx = 'e'\n".encode(name)
    except (LookupError, UnicodeError, TypeError):
        return
    source = read(data)
    assert_sound(source)
    if codecs.lookup(name).name in ("utf-8", "cp1252", "iso8859-1", "shift_jis", "gbk", "koi8-r"):
        assert source.problem is None


@given(SOUP)
@settings(max_examples=300)
def test_tokens_cover_the_text(text: str) -> None:
    try:
        tokens = tokens_of(text)
    except LexError as error:
        assert 0 <= error.index <= len(text)
        return
    end = 0
    for token in tokens:
        between = text[end : token.start]
        assert all(c in " \t\f\\\n" for c in between)
        assert token.start < token.end
        assert text.startswith(token.value, token.start) or token.kind in (
            Kind.STRING,
            Kind.TEMPLATE,
        )
        assert_inside(token)
        end = token.end
    assert all(c in " \t\f\\\n" for c in text[end:])


def assert_inside(token: Token) -> None:
    for part in token.fields:
        assert token.start < part.start <= part.end < token.end
        for inner in part.tokens:
            assert part.start <= inner.start < inner.end <= part.end
            assert_inside(inner)


@given(SOUP)
@settings(max_examples=300)
def test_repair_keeps_the_lines(text: str) -> None:
    result = repaired(text, OLDEST)
    if result is not None:
        before, after = text.split("\n"), result.split("\n")
        assert len(before) == len(after)
        for old, new in zip(before, after, strict=True):
            assert len(old) <= len(new)


@given(SOUP)
@settings(max_examples=300)
def test_suppressions_never_fail(text: str) -> None:
    found = suppressions(text)
    lines = text.count("\n") + 1
    assert all(0 <= line <= lines for line in found.get("lines", {}))
    assert all(1 <= line <= lines for line, _ in found.get("problems", []))


@pytest.mark.parametrize(
    "module", [argparse, ast, dataclasses, enum, functools, inspect, subprocess, typing]
)
def test_what_python_reads_needs_no_repair(module: ModuleType) -> None:
    assert module.__file__ is not None
    source = read(Path(module.__file__).read_bytes())
    assert source.problem is None
    assert repaired(source.text) is None
