"""Reading a file: encodings, newlines, hostile input, positions of problems."""

from __future__ import annotations

import ast
import subprocess
import sys
import warnings

import pytest

from fwp_checks.facts.source import MAX_BYTES, Problem, parse, read, text_of


def problem_of(data: bytes) -> Problem:
    source = read(data)
    assert source.tree is None
    assert source.problem is not None
    assert "\n" not in source.problem.reason
    return source.problem


def constant_of(data: bytes) -> object:
    """The value of the one assignment in a file."""
    source = read(data)
    assert source.problem is None
    assert source.tree is not None
    statement = source.tree.body[-1]
    assert isinstance(statement, ast.Assign)
    assert isinstance(statement.value, ast.Constant)
    return statement.value.value


@pytest.mark.parametrize(
    "data",
    [
        "x = 'é€'\n".encode(),
        b"\xef\xbb\xbf" + "x = 'é€'\n".encode(),
        b"\xef\xbb\xbf# coding: utf-8\n" + "x = 'é€'\n".encode(),
        "# -*- coding: utf8 -*-\nx = 'é€'\n".encode(),
        "# coding: iso-8859-15\nx = 'é€'\n".encode("iso-8859-15"),
        "#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\nx = 'é€'\n".encode("cp1252"),
        "\f\n  # coding=cp1252\nx = 'é€'\n".encode("cp1252"),
        "#\r# coding: cp1252\rx = 'é€'\r".encode("cp1252"),
        "# coding: shift_jis\n# \n\n".encode("shift_jis")
        + "x = 'é€'\n".encode("ascii", "namereplace"),
    ],
)
def test_encodings_python_reads(data: bytes) -> None:
    assert constant_of(data) == "é€"


@pytest.mark.parametrize(
    "data",
    [
        "x = 1\n# coding: cp1252\ny = 'é'\n".encode(),
        "\n\n# coding: cp1252\ny = 'é'\n".encode(),
        "'coding: cp1252'\ny = 'é'\n".encode(),
        "# encoding is cp1252\ny = 'é'\n".encode(),
    ],
)
def test_what_only_looks_like_a_declaration(data: bytes) -> None:
    assert constant_of(data) == "é"


@pytest.mark.parametrize(
    ("data", "line", "column", "part"),
    [
        ("a = 1\r\nb = 'é".encode() + b"\xe9'\n", 2, 7, "byte 0xe9 is not UTF-8"),
        (b"# coding: ascii\nb = '\xe9'\n", 2, 6, "byte 0xe9 cannot be decoded as 'ascii'"),
        (b"# coding: no-such\nx = 1\n", 1, 1, "unknown encoding 'no-such'"),
        (b"# coding: rot13\nk = 1\n", 1, 1, "unknown encoding 'rot13'"),
        (b"# coding: utf-16\nx = 1\n", 1, 1, "'utf-16', which cannot hold Python source"),
        (b"\xef\xbb\xbf# coding: latin-1\nx = 1\n", 1, 1, "UTF-8 mark"),
        ("x = 1\n".encode("utf-16"), 1, 1, "UTF-16"),
        ("x = 1\n".encode("utf-16-le"), 1, 1, "UTF-16"),
        ("x = 1\n".encode("utf-16-be"), 1, 1, "UTF-16"),
        ("x = 1\n".encode("utf-32"), 1, 1, "UTF-16 or UTF-32"),
        (b"x = 1\ny = '\0'\n", 2, 6, "null byte"),
        (b"# coding: utf-7\nx = '+2AA-'\n", 1, 1, "cannot be parsed"),
        (b"# coding: raw_unicode_escape\nx = '\\ud800'\n", 1, 1, "cannot be parsed"),
        (b"#" * (MAX_BYTES + 1), 1, 1, "larger than 5 MB"),
    ],
)
def test_undecodable_bytes_have_a_place_and_a_reason(
    data: bytes, line: int, column: int, part: str
) -> None:
    problem = problem_of(data)
    assert (problem.line, problem.column) == (line, column)
    assert part in problem.reason


def test_undecodable_bytes_are_replaced_in_the_text() -> None:
    assert read(b"a = 1\nb = '\xe9'\n").text == "a = 1\nb = '\ufffd'\n"


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_newlines_count_alike(newline: str) -> None:
    source = read(
        f"a = 1{newline}{newline}def f():{newline}    return '''{newline}'''{newline}".encode()
    )
    assert source.tree is not None
    assert source.text == "a = 1\n\ndef f():\n    return '''\n'''\n"
    assert [statement.lineno for statement in source.tree.body] == [1, 3]


def test_characters_that_only_other_tools_count_as_newlines() -> None:
    source = read("a = '\x0b\x1c\u2028\x85'\n\x0cb = 1\n".encode())
    assert source.tree is not None
    assert [statement.lineno for statement in source.tree.body] == [1, 2]


@pytest.mark.parametrize("data", [b"", b"\n", b"\xef\xbb\xbf", b"# only a comment", b"x = 1"])
def test_little_or_nothing_is_fine(data: bytes) -> None:
    source = read(data)
    assert source.problem is None
    assert not source.repaired


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("x = 1\ny = (\n", 2, 5),
        ("def f():\nreturn 1\n", 2, 1),
        ("x = 'é' é é\n", 1, 9),
        ("x = '''\nabc\n", 1, 5),
        ("print 'hello'\n", 1, 1),
    ],
)
def test_a_syntax_error_has_its_place(text: str, line: int, column: int) -> None:
    problem = problem_of(text.encode())
    assert (problem.line, problem.column) == (line, column)
    assert problem.reason.startswith("syntax error: ")


def test_a_place_outside_the_text_is_moved_into_it() -> None:
    for text in (
        "f'{'",
        "f'''\n{a b\n}'''",
        "x = f'{a!}'",
        "(",
        "\\",
        "x = \\",
        'f"{a:{b:{c:{d}}}}"',
    ):
        source = read(text.encode())
        if source.problem is not None:
            lines = text.split("\n")
            assert 1 <= source.problem.line <= len(lines)
            assert 1 <= source.problem.column <= len(lines[source.problem.line - 1]) + 1


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000 + ")" * 10_000,
        "-" * 10_000 + "1",
        "a" + "()" * 10_000,
        "1" + "+1" * 10_000,
        "if a: pass\n" + "elif a: pass\n" * 10_000,
        "".join(" " * depth + "if a:\n" for depth in range(150)) + " " * 150 + "pass\n",
    ],
)
def test_nesting_without_end_is_one_problem(text: str) -> None:
    assert problem_of(text.encode()).reason == "nested too deeply for Python to parse"


@pytest.mark.parametrize(
    "text", ["(*" * 200_000, "def a[" * 100_000, "f'{" + "(*" * 100_000, "f'{" * 10_000]
)
def test_the_repair_of_hostile_text_ends(text: str) -> None:
    assert problem_of(text.encode()).line == 1


def test_one_line_of_a_megabyte() -> None:
    source = read(b"x = '" + b"a" * 1_000_000 + b"'")
    assert source.problem is None


def test_warnings_while_parsing_are_not_printed_nor_errors() -> None:
    program = (
        "from fwp_checks.facts.source import read\n"
        "source = read(b\"x = '\\\\d' + 1if 1else 2\\nassert (1, 'a')\\n\")\n"
        "assert source.problem is None, source.problem\n"
        "from fwp_checks.facts.extract import extract\n"
        "facts = extract(b'x: \"Literal[\\'\\\\\\\\d\\']\" = 1')\n"
        "assert not any('does not parse' in term for term in facts.terms), facts.terms\n"
    )
    for flag in ("-Wdefault", "-Werror"):
        done = subprocess.run(
            [sys.executable, flag, "-c", program],
            capture_output=True,
            text=True,
            check=False,
            env={"PYTHONPATH": "checks"},
        )
        assert (done.returncode, done.stderr) == (0, "")


def test_the_filters_of_the_caller_are_restored() -> None:
    before = list(warnings.filters)
    read(b"x = '\\d'\n")
    assert warnings.filters == before


def test_text_of_an_editor_ignores_the_declared_encoding() -> None:
    source = parse("\ufeff# coding: ascii\r\nx = 'é'\r\n")
    assert source.problem is None
    assert source.text == "# coding: ascii\nx = 'é'\n"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\xef\xbb\xbfx = 1\r\ny = 2\r", "x = 1\ny = 2\n"),
        (b"# coding: latin-1\nx = '\xe9'\n", "# coding: latin-1\nx = 'é'\n"),
        (b"x = '\xff'\n", None),
    ],
)
def test_the_text_that_positions_count(data: bytes, text: str | None) -> None:
    assert text_of(data) == text


@pytest.mark.parametrize("text", ["f(a, *b, c=1, **d)", "a.b", "f"])
def test_a_node_holds_its_fields_in_order_and_then_its_positions(text: str) -> None:
    # What walks expressions reads the dictionaries of nodes by place.
    tree = read(text.encode()).tree
    assert tree is not None
    for node in ast.walk(tree):
        assert tuple(node.__dict__) == (*node._fields, *node._attributes)
