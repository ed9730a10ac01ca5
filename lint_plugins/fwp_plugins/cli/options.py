"""From the parsed command line to sessions."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from fwp_checks.session import Session
from fwp_plugins.cli.errors import CommandError
from fwp_plugins.codes import unknown
from fwp_plugins.projects import (
    CacheDir,
    Overrides,
    absolute,
    available_cores,
    group_by_project,
    open_session,
)


def overrides(arguments: argparse.Namespace) -> Overrides:
    """The settings given on the command line. Raises CommandError for a code that no rule has."""
    select = getattr(arguments, "select", None)
    ignore = getattr(arguments, "ignore", None)
    problem = unknown([*(select or ()), *(ignore or ())])
    if problem is not None:
        raise CommandError(problem)
    return Overrides(
        select=None if select is None else tuple(select),
        ignore=None if ignore is None else tuple(ignore),
        preview=arguments.preview,
        file_access=arguments.file_access,
        file_metadata=arguments.file_metadata,
        include_tests=arguments.include_tests,
    )


def sessions(
    paths: Iterable[Path], arguments: argparse.Namespace
) -> list[tuple[Session, list[Path]]]:
    """One session a project, with its share of the paths.

    Raises CommandError for paths that do not exist and SettingsError for broken settings.
    """
    starts = [existing(path) for path in paths]
    jobs = arguments.jobs or available_cores()
    return group_by_project(starts, overrides(arguments), cache_dir=cache_dir(arguments), jobs=jobs)


def session_of(start: Path, given: Overrides, arguments: argparse.Namespace) -> Session:
    """The session of the project of one path. Raises SettingsError for broken settings."""
    jobs = getattr(arguments, "jobs", None) or available_cores()
    return open_session(start, given, cache_dir=cache_dir(arguments), jobs=jobs)


def place(text: str) -> tuple[Path, int]:
    """The file and the line of ``PATH:LINE``. Raises CommandError for anything else, and for a line
    behind the end of the file.
    """
    name, colon, number = text.rpartition(":")
    if not colon or not number.isdecimal() or int(number) < 1:
        raise CommandError(f"'{text}' is not of the form PATH:LINE")
    path, line = file_named(Path(name)), int(number)
    with suppress(OSError):  # which is told when the file is read
        last = path.read_bytes().count(b"\n") + 1
        if line > last:
            raise CommandError(f"{text}: the last line of the file is {last}")
    return path, line


def file_named(path: Path) -> Path:
    """The absolute form of the path of a file. Raises CommandError for a folder, and if there is
    nothing.
    """
    if path.is_dir():
        raise CommandError(f"{path}: is a folder, not a file")
    return existing(path)


def existing(path: Path) -> Path:
    """The absolute form of a path. Raises CommandError if there is nothing, and for a folder that
    cannot be read.
    """
    try:
        exists = path.exists()
        if path.is_dir():
            os.scandir(path).close()
    except OSError as error:
        raise CommandError(f"{path}: cannot be read: {error.strerror}") from None
    if not exists:
        raise CommandError(f"{path}: no such file or folder")
    return absolute(path)


def cache_dir(arguments: argparse.Namespace) -> CacheDir:
    """Where the cache is to lie by the command line."""
    if arguments.no_cache:
        return False
    given: Path | None = arguments.cache_dir
    return absolute(given) if given else None
