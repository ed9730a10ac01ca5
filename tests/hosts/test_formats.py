"""Formats: exact texts."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from fwp_checks.finding import Finding, Range, Report, Severity
from fwp_plugins.formats import concise, full, json_document, summary
from fwp_plugins.formats.source import SourceLines
from fwp_plugins.formats.terminal import Line, plain, wants_color, write_lines
from tests.hosts.reports import CPU, FILES, REPORT, THROUGH_HELPER


def text(lines: list[Line]) -> str:
    return "".join(f"{plain(line)}\n" for line in lines)


def full_text(report: Report, files: dict[str, str]) -> str:
    source = SourceLines(lambda path: Path("/nonexistent") / path, files)
    return text(list(full.lines(report, str, source)))


def test_concise() -> None:
    assert text(list(concise.lines(REPORT, lambda path: f"../{path}"))) == (
        "../app/api.py:4:9: FWP102 'load' blocks the event loop in async handler 'read'; "
        "use an async client. https://example.org/async\n"
        "../app/gone.py:12:1: FWP107 'hash' keeps the event loop busy.\n"
    )


def test_full() -> None:
    assert full_text(REPORT, FILES) == (
        "app/api.py:4:9: error FWP102 blocking-call-through-helper\n"
        "  'load' blocks the event loop in async handler 'read'; use an async client.\n"
        "\n"
        "  4 |     user = load('é漢', user_id)\n"
        "    |            ^^^^^^^^^^^^^^^^^^^^\n"
        "\n"
        "  app/services.py:2:12: 'requests.get' waits for an HTTP response\n"
        "  2 |     return requests.get(\n"
        "    |            ^^^^^^^^^^^^^\n"
        "\n"
        "  help: https://example.org/async\n"
        "  rule: https://example.org/rules/blocking-call-through-helper/ (fwp explain FWP102)\n"
        "\n"
        "app/gone.py:12:1: warning FWP107 cpu-bound-in-async\n"
        "  'hash' keeps the event loop busy.\n"
        "\n"
    )


def frame(line: str, column: int, end_column: int) -> list[str]:
    """The two lines of the code frame of a range on the only line of a file."""
    finding = replace(
        THROUGH_HELPER, path="one.py", range=Range(1, column, 1, end_column), trace=()
    )
    return full_text(Report((finding,)), {"one.py": line}).split("\n")[3:5]


@pytest.mark.parametrize(
    ("line", "marked", "shown", "underline"),
    [
        ("x = f(1)", "f(1)", "x = f(1)", "    ^^^^"),
        ("\tx = f(1)", "f(1)", "    x = f(1)", "        ^^^^"),
        ("a\tf(1)", "f(1)", "a   f(1)", "    ^^^^"),
        ("s = '漢字'; f(1)", "f(1)", "s = '漢字'; f(1)", "            ^^^^"),
        ("e\u0301 = f('a\u0301')", "f('a\u0301')", "e\u0301 = f('a\u0301')", "    ^^^^^^"),
        ("f('\x1b[31m')", "f('\x1b[31m')", "f('\\x1b[31m')", "^^^^^^^^^^^^^"),
        ("f('\u202e')", "f('\u202e')", "f('\\u202e')", "^^^^^^^^^^^"),
        ("f(1)   ", "f(1)   ", "f(1)", "^^^^"),
    ],
)
def test_frame(line: str, marked: str, shown: str, underline: str) -> None:
    start = line.index(marked)
    assert frame(line, start + 1, start + len(marked) + 1) == [
        f"  1 | {shown}",
        f"    | {underline}",
    ]


def test_frame_of_a_long_line_is_a_window_round_the_range() -> None:
    line = "a" * 500_000 + "f(1)" + "b" * 500_000
    assert frame(line, 500_001, 500_005) == [
        "  1 | …" + "a" * 40 + "f(1)" + "b" * 116 + "…",
        "    | " + " " * 41 + "^^^^",
    ]


def test_frame_of_a_range_that_the_file_no_longer_has() -> None:
    assert frame("x", 90, 95) == ["  1 | x", "    |  ^"]


def test_gutter_is_as_wide_as_the_largest_line_number() -> None:
    step = replace(THROUGH_HELPER.trace[0], path="long.py", range=Range(1000, 1, 1000, 2))
    finding = replace(THROUGH_HELPER, trace=(step,))
    lines = full_text(Report((finding,)), {**FILES, "long.py": "\n" * 999 + "y"}).split("\n")
    assert lines[3].startswith("     4 | ")
    assert lines[7] == "  1000 | y"


def test_lines_are_counted_as_python_counts_them(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_bytes(b"# coding: latin-1\r\na = '\x0c\xe9'\rb\nc")
    source = SourceLines(tmp_path.joinpath)
    assert [source.line("m.py", number) for number in (2, 3, 4, 5, 0)] == [
        "a = '\x0cé'",
        "b",
        "c",
        None,
        None,
    ]


def test_source_that_cannot_be_decoded_has_no_lines(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_bytes(b"\xff\xfe\x00")
    assert SourceLines(tmp_path.joinpath).line("m.py", 1) is None


def test_control_characters_of_paths_and_messages_are_escaped() -> None:
    finding = replace(CPU, path="a\x1b\nb.py", message="x\n\x07y")
    assert text(list(concise.lines(Report((finding,)), str))) == (
        "a\\x1b\\nb.py:12:1: FWP107 x\\n\\x07y\n"
    )


def test_json() -> None:
    assert json.loads(json_document.document(REPORT)) == {
        "version": 1,
        "findings": [
            {
                "code": "FWP102",
                "rule": "blocking-call-through-helper",
                "severity": "error",
                "path": "app/api.py",
                "line": 4,
                "column": 9,
                "end_line": 4,
                "end_column": 28,
                "message": THROUGH_HELPER.message,
                "trace": [
                    {
                        "path": "app/services.py",
                        "line": 2,
                        "column": 12,
                        "message": "'requests.get' waits for an HTTP response",
                    }
                ],
                "fix_link": "https://example.org/async",
                "rule_page": "https://example.org/rules/blocking-call-through-helper/",
                "fingerprint": "0123abcd",
                "edits": [
                    {
                        "path": "app/api.py",
                        "line": 4,
                        "column": 9,
                        "end_line": 4,
                        "end_column": 13,
                        "replacement": "await aload",
                    }
                ],
            },
            {
                "code": "FWP107",
                "rule": "cpu-bound-in-async",
                "severity": "warning",
                "path": "app/gone.py",
                "line": 12,
                "column": 1,
                "end_line": 12,
                "end_column": 2,
                "message": "'hash' keeps the event loop busy.",
                "trace": [],
                "fix_link": "",
                "rule_page": "",
                "fingerprint": "4567",
                "edits": [],
            },
        ],
        "skipped": [{"path": "app/broken.py", "line": 3, "reason": "invalid syntax"}],
        "withheld": 0,
    }


def test_json_is_ascii() -> None:
    finding = replace(CPU, message="→ é \udc80")
    document = json_document.document(Report((finding,)))
    assert document.isascii()
    assert json.loads(document)["findings"][0]["message"] == "→ é \udc80"


def info(path: str) -> Finding:
    return replace(CPU, path=path, severity=Severity.INFO)


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (Report(), "No findings."),
        (Report((CPU,)), "1 finding (1 warning) in 1 file."),
        (
            Report((CPU, CPU, THROUGH_HELPER, info("x"), info("y"))),
            "5 findings (1 error, 2 warnings, 2 info) in 4 files.",
        ),
        (REPORT, "2 findings (1 error, 1 warning) in 2 files; 1 file skipped."),
        (Report((), REPORT.skipped * 2), "No findings; 2 files skipped."),
        (Report(withheld=("app.py",)), "No findings. --preview reports 1 more."),
        (
            Report((CPU,), withheld=("app.py", "app.py")),
            "1 finding (1 warning) in 1 file. --preview reports 2 more.",
        ),
    ],
)
def test_summary(report: Report, expected: str) -> None:
    assert plain(summary.summary(report)) == expected


def test_statistics() -> None:
    report = Report((CPU,) * 9 + (THROUGH_HELPER,) * 10)
    assert text(list(summary.statistics(report))) == (
        "10 FWP102 blocking-call-through-helper\n 9 FWP107 cpu-bound-in-async\n"
    )


def test_statistics_of_nothing() -> None:
    assert list(summary.statistics(Report())) == []


def test_colors_change_no_character() -> None:
    source = SourceLines(Path, FILES)
    lines = [*full.lines(REPORT, str, source), summary.summary(REPORT)]
    stream = io.StringIO()
    write_lines(lines, stream, color=True)
    colored = stream.getvalue()
    assert "\x1b[1;31m" in colored
    from rich.text import Text

    assert Text.from_ansi(colored).plain == text(lines)


def test_long_lines_are_not_wrapped_in_color() -> None:
    stream = io.StringIO()
    write_lines([[("x" * 300, "path")]], stream, color=True)
    assert "x" * 300 in stream.getvalue()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("choice", "terminal", "environment", "expected"),
    [
        ("auto", True, {}, True),
        ("auto", False, {}, False),
        ("auto", True, {"NO_COLOR": "1"}, False),
        ("auto", True, {"TERM": "dumb"}, False),
        ("auto", False, {"FORCE_COLOR": "1"}, True),
        ("always", False, {"NO_COLOR": "1"}, True),
        ("never", True, {"FORCE_COLOR": "1"}, False),
    ],
)
def test_when_to_color(
    choice: str,
    terminal: bool,
    environment: dict[str, str],
    expected: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert wants_color(choice, Terminal() if terminal else io.StringIO()) is expected
