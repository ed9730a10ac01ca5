"""``fwp check``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from fwp_checks.diagnostics import FILE_SKIPPED, INTERNAL_ERROR
from fwp_checks.finding import Finding, Report, Skipped
from fwp_checks.project.files.discovery import python_files
from fwp_checks.project.files.environment import package_files
from fwp_checks.session import Session
from fwp_plugins.cli import options
from fwp_plugins.cli.errors import CommandError
from fwp_plugins.cli.output import print_lines, progress, write_file
from fwp_plugins.formats import concise, full, json_document, summary
from fwp_plugins.formats.source import SourceLines, decode
from fwp_plugins.formats.terminal import Line
from fwp_plugins.projects import absolute

if TYPE_CHECKING:
    from fwp_plugins.cli.fixing import Fixer

STDIN = "-"
INCOMPLETE = (FILE_SKIPPED, INTERNAL_ERROR)
"""Codes that tell of files that were not checked: skipped, internal error."""


def run(arguments: argparse.Namespace) -> int:
    """Check, print, and give the exit code. Raises CommandError."""
    _reject_contradictions(arguments)
    texts: dict[str, str] = {}
    fixer = _fixer(arguments)
    if arguments.paths == [STDIN]:
        root, report = _check_stdin(arguments, texts, fixer)
    else:
        paths = [Path(path) for path in arguments.paths or (".",)]
        root, report = _check_paths(paths, arguments, fixer)
    if fixer is None:
        _write(report, root, texts, arguments)
    else:
        _write_fixed(fixer, report, root, texts, arguments)
        if fixer.has_failed:
            return 2
    return _exit_code(report, arguments.exit_zero)


def _fixer(arguments: argparse.Namespace) -> Fixer | None:
    if not arguments.fix and not arguments.diff:
        return None
    from fwp_plugins.cli.fixing import Fixer

    return Fixer(write=arguments.fix)


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
    if arguments.fix and STDIN in arguments.paths:
        raise CommandError("--fix writes files; for standard input (-) there is --diff")
    if arguments.diff and (arguments.statistics or arguments.format != "concise"):
        raise CommandError("--diff prints a diff; it has neither --format nor --statistics")


def _check_stdin(
    arguments: argparse.Namespace, texts: dict[str, str], fixer: Fixer | None
) -> tuple[Path, Report]:
    path = absolute(arguments.stdin_display_name)
    if path.is_dir():
        raise CommandError(f"{arguments.stdin_display_name}: is a folder, not a file")
    if not path.parent.is_dir():
        raise CommandError(f"{arguments.stdin_display_name}: no such folder: {path.parent}")
    content = sys.stdin.buffer.read()
    given = options.overrides(arguments)
    session = options.session_of(path, given, arguments)
    session.update(path, content)
    with suppress(SyntaxError, UnicodeDecodeError):  # which the engine reports
        texts[PurePath(os.path.relpath(path, session.root)).as_posix()] = decode(content)
    report = session.check(path)
    if fixer is not None:
        fixer.fix(session, [path], report, None)
    return session.root, report


def _check_paths(
    paths: list[Path], arguments: argparse.Namespace, fixer: Fixer | None
) -> tuple[Path, Report]:
    groups = options.sessions(paths, arguments)
    roots = [session.root for session, _ in groups]
    common = Path(os.path.commonpath(roots))
    findings: list[Finding] = []
    skipped: list[Skipped] = []
    withheld: list[str] = []
    with progress() as show:
        for session, named in groups:
            share = _covered(session, named) if arguments.force_exclude else named
            _warn_of_packages(session)
            report = session.check_all(paths=share, progress=show)
            if share and report == Report():
                _warn_of_nothing(session, share)
            if fixer is not None:
                left = fixer.fix(session, share, report, show)
                report = left if arguments.fix else report
            if session.root != common:
                report = _under(report, f"{session.root.relative_to(common).as_posix()}/")
            findings += report.findings
            skipped += report.skipped
            withheld += report.withheld
    findings.sort(key=lambda finding: finding.sort_key)
    return common, Report(tuple(findings), tuple(skipped), tuple(withheld))


def _covered(session: Session, paths: list[Path]) -> list[Path]:
    files = set(python_files(session.root, session.settings))
    return [path for path in paths if path in files or path.is_dir()]


def _warn_of_nothing(session: Session, paths: list[Path]) -> None:
    if not python_files(session.root, session.settings, paths):
        names = ", ".join(_from_here(path, "") for path in paths)
        print(f"fwp: warning: there is no Python file to check in {names}", file=sys.stderr)


def _warn_of_packages(session: Session) -> None:
    settings = session.settings
    for package in settings.read_packages:
        if not package_files(package, session.root, settings):
            place = settings.place_of("read-packages")
            print(
                f"fwp: warning: {place}: '{package}' is not installed, or has no source to read",
                file=sys.stderr,
            )


def _under(report: Report, prefix: str) -> Report:
    """The report with its paths relative to a folder above the project's root."""
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
        findings,
        tuple(replace(file, path=prefix + file.path) for file in report.skipped),
        tuple(prefix + path for path in report.withheld),
    )


def _write_fixed(
    fixer: Fixer, report: Report, root: Path, texts: dict[str, str], arguments: argparse.Namespace
) -> None:
    """What was fixed and what is left, or what would be fixed; notes go to standard error."""
    for note in fixer.notes:
        print(f"fwp: warning: {note}", file=sys.stderr)
    if arguments.fix:
        closing = fixer.summary(len(report.findings))
        if arguments.format == "json":
            print(closing, file=sys.stderr)
        _write(report, root, texts, arguments, [(closing, "good")])
        return
    print(fixer.summary(len(report.findings) - fixer.fixed), file=sys.stderr)
    _put(fixer.diff(Path.cwd()), arguments)


def _write(
    report: Report,
    root: Path,
    texts: dict[str, str],
    arguments: argparse.Namespace,
    *more: Line,
) -> None:
    lines = _lines(report, root, texts, arguments)
    closing = [] if arguments.format == "json" else [summary.summary(report), *more]
    _put(lines, arguments, closing)


def _put(
    lines: Iterable[Line], arguments: argparse.Namespace, closing: Sequence[Line] = ()
) -> None:
    """Lines go where the command line says, what closes them to standard output."""
    if arguments.output is None:
        print_lines([*lines, *closing], color=arguments.color)
    else:
        write_file(arguments.output, lines, color=arguments.color == "always")
        print_lines(closing, color=arguments.color)


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


def _exit_code(report: Report, exit_zero: bool) -> int:
    codes = {finding.code for finding in report.findings}
    if not codes.isdisjoint(INCOMPLETE):
        return 2
    return 1 if codes and not exit_zero else 0
