"""Each finding with its source line, the steps to its cause, and where to read on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fwp_checks.finding import Finding, Range, Report
from fwp_plugins.formats.source import SourceLines, mark, printable
from fwp_plugins.formats.terminal import Line

INDENT = "  "


def lines(report: Report, shown_path: Callable[[str], str], source: SourceLines) -> Iterator[Line]:
    """The findings of a report, an empty line after each; paths as in the concise format."""
    for finding in report.findings:
        yield from _finding(finding, shown_path, source)
        yield []


def _finding(
    finding: Finding, shown_path: Callable[[str], str], source: SourceLines
) -> Iterator[Line]:
    severity = finding.severity.value
    places = [finding.range, *(step.range for step in finding.trace)]
    gutter = len(str(max(place.line for place in places)))
    yield [
        (_position(shown_path(finding.path), finding.range), "path"),
        (f" {severity}", severity),
        (f" {finding.code}", severity),
        (f" {finding.rule}", ""),
    ]
    yield [(f"{INDENT}{printable(finding.message)}", "")]
    text = source.line(finding.path, finding.range.line)
    if text is not None:
        yield []
        yield from _frame(text, finding.range, gutter, severity)
    for step in finding.trace:
        yield []
        yield [
            (f"{INDENT}{_position(shown_path(step.path), step.range)}", "path"),
            (f" {printable(step.message)}", ""),
        ]
        text = source.line(step.path, step.range.line)
        if text is not None:
            yield from _frame(text, step.range, gutter, "step")
    if finding.fix_link or finding.rule_page:
        yield []
    if finding.fix_link:
        yield [(f"{INDENT}help: ", "faint"), (finding.fix_link, "link")]
    if finding.rule_page:
        yield [
            (f"{INDENT}rule: ", "faint"),
            (finding.rule_page, "link"),
            (f" (fwp explain {finding.code})", "faint"),
        ]


def _position(path: str, place: Range) -> str:
    return f"{printable(path)}:{place.line}:{place.column}:"


def _frame(text: str, place: Range, gutter: int, style: str) -> Iterator[Line]:
    """The first line of a range with its number, and what of it lies in the range underlined."""
    end = place.end_column - 1 if place.end_line == place.line else len(text)
    marked = mark(text, place.column - 1, end)
    yield [(f"{INDENT}{place.line:>{gutter}} | ", "gutter"), (marked.text, "")]
    yield [
        (f"{INDENT}{'':>{gutter}} | ", "gutter"),
        (" " * marked.offset, ""),
        ("^" * marked.length, style),
    ]
