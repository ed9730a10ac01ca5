"""``fwp check``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePath

from fwp_checks.finding import Finding, Report, Skipped
from fwp_checks.session import Session
from fwp_plugins.cli import options
from fwp_plugins.cli.errors import CommandError
from fwp_plugins.cli.output import print_lines, progress, write_file
from fwp_plugins.formats import concise, full, json_document, summary
from fwp_plugins.formats.source import SourceLines, decode
from fwp_plugins.formats.terminal import Line

STDIN = "-"
SKIPPED = "FWP901"
INTERNAL_ERROR = "FWP902"


def run(arguments: argparse.Namespace) -> int:
    """Check, print, and give the exit code. Raises CommandError."""
    _reject_contradictions(arguments)
    texts: dict[str, str] = {}
    if arguments.paths == [STDIN]:
        root, report, session = _check_stdin(arguments, texts)
        checked = [session]
    else:
        paths = [Path(path) for path in arguments.paths or (".",)]
        root, report, checked = _check_paths(paths, arguments)
    _write(report, root, texts, arguments)
    return _exit_code(report, checked, arguments.exit_zero)


def _reject_contradictions(arguments: argparse.Namespace) -> None:
    if STDIN in arguments.paths:
        if len(arguments.paths) > 1:
            raise CommandError("standard input (-) cannot be checked together with other paths")
        if arguments.stdin_display_name is None:
            raise CommandError(
                "- needs --stdin-display-name PATH: the file that the text belongs to"
            )
    elif arguments.stdin_display_name is not None:
        raise CommandError("--stdin-display-name needs the path - (standard input)")
    if arguments.statistics and arguments.format == "json":
        raise CommandError("--statistics cannot be combined with --format json")


def _check_stdin(
    arguments: argparse.Namespace, texts: dict[str, str]
) -> tuple[Path, Report, Session]:
    path: Path = arguments.stdin_display_name.absolute()
    if not path.parent.is_dir():
        raise CommandError(f"{arguments.stdin_display_name}: no such folder: {path.parent}")
    try:
        text = decode(sys.stdin.buffer.read())
    except (SyntaxError, UnicodeDecodeError) as error:
        raise CommandError(f"{arguments.stdin_display_name}: standard input: {error}") from error
    given = options.overrides(arguments)
    session = options.session_of(path, given, arguments)
    session.update(path, text)
    texts[PurePath(os.path.relpath(path, session.root)).as_posix()] = text
    return session.root, session.check(path), session


def _check_paths(
    paths: list[Path], arguments: argparse.Namespace
) -> tuple[Path, Report, list[Session]]:
    groups = options.sessions(paths, arguments)
    roots = [session.root for session, _ in groups]
    common = Path(os.path.commonpath(roots))
    findings: list[Finding] = []
    skipped: list[Skipped] = []
    with progress() as show:
        for session, share in groups:
            report = session.check_all(paths=share, progress=show)
            prefix = (
                "" if session.root == common else f"{session.root.relative_to(common).as_posix()}/"
            )
            moved = _under(report, prefix)
            findings += moved.findings
            skipped += moved.skipped
    merged = Report(tuple(sorted(findings, key=lambda finding: finding.sort_key)), tuple(skipped))
    return common, merged, [session for session, _ in groups]


def _under(report: Report, prefix: str) -> Report:
    """The report with its paths relative to a folder above the project, where several projects are
    checked at once.
    """
    if not prefix:
        return report
    findings = tuple(
        replace(
            finding,
            path=prefix + finding.path,
            trace=tuple(replace(step, path=prefix + step.path) for step in finding.trace),
            edits=tuple(replace(edit, path=prefix + edit.path) for edit in finding.edits),
        )
        for finding in report.findings
    )
    return Report(
        findings, tuple(replace(file, path=prefix + file.path) for file in report.skipped)
    )


def _write(
    report: Report, root: Path, texts: dict[str, str], arguments: argparse.Namespace
) -> None:
    lines = _lines(report, root, texts, arguments)
    closing = [] if arguments.format == "json" else [summary.summary(report)]
    if arguments.output is None:
        print_lines([*lines, *closing], color=arguments.color)
    else:
        write_file(arguments.output, lines, color=arguments.color == "always")
        print_lines(closing, color=arguments.color)
    shown = {finding.path for finding in report.findings if finding.code == SKIPPED}
    for file in report.skipped:
        if file.path not in shown:
            place = f"{_from_here(root, file.path)}:{file.line}"
            print(f"fwp: skipped {place}: {file.reason}", file=sys.stderr)


def _lines(
    report: Report, root: Path, texts: dict[str, str], arguments: argparse.Namespace
) -> Iterator[Line]:
    if arguments.format == "json":
        yield [(json_document.document(report).rstrip("\n"), "")]
    elif arguments.statistics:
        yield from summary.statistics(report)
    elif arguments.format == "full":
        source = SourceLines(root.joinpath, texts)
        yield from full.lines(report, lambda path: _from_here(root, path), source)
    else:
        yield from concise.lines(report, lambda path: _from_here(root, path))


def _from_here(root: Path, path: str) -> str:
    """A path of the report as seen from the current folder, so that editors can open it."""
    return PurePath(os.path.relpath(root / path)).as_posix()


def _exit_code(report: Report, sessions: list[Session], exit_zero: bool) -> int:
    accepted = all(
        any(SKIPPED.startswith(prefix) for prefix in session.settings.ignore)
        for session in sessions
    )
    codes = {finding.code for finding in report.findings}
    if INTERNAL_ERROR in codes or (report.skipped and not accepted):
        return 2
    return 1 if codes and not exit_zero else 0
