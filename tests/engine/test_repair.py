"""Syntax newer than the running Python, and the lexer that finds it."""

from __future__ import annotations

import ast
import sys

import pytest

from fwp_checks.facts.lexer import Kind, LexError, tokens_of
from fwp_checks.facts.repair import repaired
from fwp_checks.facts.source import read

OLDEST = (3, 11)

NEWER = [
    # except without brackets (3.14)
    ("try: pass\nexcept A, B: pass\n", "try: pass\nexcept(A, B): pass\n"),
    ("try: pass\nexcept* a.A, B(1, 2) :\n  x\n", "try: pass\nexcept*(a.A, B(1, 2) ):\n  x\n"),
    ("try: pass\nexcept(A), B: x\n", "try: pass\nexcept((A), B): x\n"),
    # type parameters and aliases (3.12), defaults (3.13)
    ("type Pair = tuple[int, int]\n", "(    Pair)= tuple[int, int]\n"),
    ("if a: type X = int; type Y = X\n", "if a: (    X)= int; (    Y)= X\n"),
    ("type X[A, *B, **C] = dict[A, 1]\n", "(    X           ) = dict[A, 1]\n"),
    ("type X[\n  A\n] = A\n", "(    X \n   \n) = A\n"),
    ("def f[T: (int, str)](x: T): pass\n", "def f(               x: T): pass\n"),
    ("async def f[\n  T\n] (x): pass\n", "async def f(\n   \n   x): pass\n"),
    ("class C[T = int](B[T]): pass\n", "class C(         B[T]): pass\n"),
    ("class C[T,]: x = 1\n", "class C(  ): x = 1\n"),
    # f-strings (3.12)
    ('x = f"{row["id"]}"\n', 'x = (  row["id"],)\n'),
    (
        'x = ("a"  # b\n  f"{"\\n".join(y)!r:>{w}} z")\n',
        'x = ((    # b\n     "\\n".join(y),    w,   ))\n',
    ),
    ('f"{f"{f"{x}"}"}"\n', '(  (  f"{x}",),)\n'),
    ("f'{\nx  # note\n}' 'b'\n", "(  \nx  # note\n,    )\n"),
    ("f'{\"\\\\\"=}'\n", '(  "\\\\", )\n'),
    # template strings (3.14)
    ("x = t'{a=!s} {{}} {b:%d}'\n", "x = (  a,          b,   )\n"),
    ("x = rt'\\{a}'\n", "x = (    a,)\n"),
    # lazy imports, comprehensions with stars (3.15)
    ("lazy import a.b as c\n", "import      a.b as c\n"),
    ("lazy from a import b\n", "from      a import b\n"),
    ("x = [*y for y in z]\n", "x = [ y for y in z]\n"),
    ("x = f({**y for y in z}, *a)\n", "x = f({  y for y in z}, *a)\n"),
]


@pytest.mark.parametrize(("text", "expected"), NEWER)
def test_newer_syntax_is_rewritten_in_its_place(text: str, expected: str) -> None:
    result = repaired(text, OLDEST)
    assert result is not None
    assert [len(line) for line in result.split("\n")] == [
        len(line) + (line.startswith("except") and 1 + line.startswith("except("))
        for line in text.split("\n")
    ]
    ast.parse(result)
    assert result == expected


@pytest.mark.parametrize(
    "text",
    [
        "try: pass\nexcept (A, B): pass\n",
        "try: pass\nexcept A as b: pass\n",
        "try: pass\nexcept A(1, 2): pass\n",
        "type = 1\ntype[0] = type.x\nlazy = type\nprint(type)\n",
        "x = f'{a[\"b\"]!r:{w}} {{' 'c'\nf'''{a['b']} {c\n}'''\n",
        "x = 'except A, B:'  # except A, B:\n'''\nexcept A, B:\ntype X = 1\n'''\n",
        "rf'\\{a}'\nf'\\N{EM DASH}{b}'\n",
        "f(*a, b)\n[*a, *b]\n(*a,)\n{**a, 'b': c}\n[x for x in (*a, b)]\n",
    ],
)
def test_what_every_version_reads_stays(text: str) -> None:
    ast.parse(text)
    assert repaired(text, OLDEST) is None


def test_only_what_is_newer_is_rewritten() -> None:
    assert repaired('def f[T](x): pass\nf\'{"a""b"}\'\n', (3, 12)) is None
    assert repaired("def f[T = int](x): pass\n", (3, 13)) is None
    assert repaired("def f[T = int](x): pass\n", (3, 12)) == "def f(         x): pass\n"
    assert repaired("try: pass\nexcept A, B: pass\nt'{a}'\n", (3, 14)) is None
    assert repaired("lazy import a\n[*a for a in b]\n", (3, 15)) is None


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="this Python reads it as it is")
def test_a_repaired_file_keeps_its_lines() -> None:
    text = "import a\ntry:\n    a.b()\nexcept ValueError, a.Error:\n    a.c(  1)\nd = 2\n"
    source = read(text.encode())
    assert source.repaired
    assert source.problem is None
    assert source.tree is not None
    calls = [node for node in ast.walk(source.tree) if isinstance(node, ast.Call)]
    assert [(node.lineno, node.col_offset) for node in calls] == [(3, 4), (5, 4)]
    assert source.text.split("\n")[3] == "except(ValueError, a.Error):"


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="this Python reads it as it is")
def test_the_real_error_behind_newer_syntax_is_the_one_reported() -> None:
    problem = read(b"try: a\nexcept A, B: b\nx = = 1\n").problem
    assert problem is not None
    assert problem.line == 3


def test_an_except_with_a_name_needs_its_brackets() -> None:
    text = "try: a\nexcept A, B as c: b\n"
    assert repaired(text, OLDEST) is None
    problem = read(text.encode()).problem
    assert problem is not None
    assert problem.line == 2


@pytest.mark.parametrize(
    "text", ["'", '"""a', "f'{a'", "f'}'", "f'{a!r'", "f'{a:", "f'\n'", "f'{a:\n}'"]
)
def test_strings_without_an_end_are_given_up(text: str) -> None:
    with pytest.raises(LexError):
        tokens_of(text)


def test_tokens() -> None:
    text = "x = rb'\\'' 'a\\\nb' # c 'd'\n(\n1e-5,) \\\n.y\n"
    tokens = [(token.kind, text[token.start : token.end]) for token in tokens_of(text)]
    operator, name = Kind.OPERATOR, Kind.NAME
    assert tokens == [
        (name, "x"),
        (operator, "="),
        (Kind.STRING, "rb'\\''"),
        (Kind.STRING, "'a\\\nb'"),
        (Kind.COMMENT, "# c 'd'"),
        (Kind.NEWLINE, "\n"),
        (operator, "("),
        (Kind.NUMBER, "1e"),
        (operator, "-"),
        (Kind.NUMBER, "5"),
        (operator, ","),
        (operator, ")"),
        (operator, "."),
        (name, "y"),
        (Kind.NEWLINE, "\n"),
    ]
