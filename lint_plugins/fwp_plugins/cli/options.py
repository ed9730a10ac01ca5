"""From the parsed command line to sessions."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from pathlib import Path

from fwp_checks.rules import all_rules
from fwp_checks.session import Session
from fwp_plugins.cli.errors import CommandError
from fwp_plugins.projects import (
    RUN_CODES,
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
    for code in [*(select or ()), *(ignore or ())]:
        _require_known(code)
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
    """The file and the line of ``PATH:LINE``. Raises CommandError for anything else."""
    name, colon, number = text.rpartition(":")
    if not colon or not number.isdecimal() or int(number) < 1:
        raise CommandError(f"'{text}' is not of the form PATH:LINE")
    return file_named(Path(name)), int(number)


def file_named(path: Path) -> Path:
    """The absolute form of the path of a file. Raises CommandError for a folder, and if there is
    nothing.
    """
    if path.is_dir():
        raise CommandError(f"{path}: is a folder, not a file")
    return existing(path)


def existing(path: Path) -> Path:
    """The absolute form of a path. Raises CommandError if there is nothing."""
    if not path.exists():
        raise CommandError(f"{path}: no such file or folder")
    return absolute(path)


def cache_dir(arguments: argparse.Namespace) -> CacheDir:
    """Where the cache is to lie by the command line."""
    if arguments.no_cache:
        return False
    given: Path | None = arguments.cache_dir
    return absolute(given) if given else None


def suggestion(word: str) -> str:
    """The end of a message about an unknown word: the codes and rule names close to it."""
    names = [*RUN_CODES]
    for loaded in all_rules():
        names += [loaded.rule.code, loaded.rule.name]
    import difflib

    close = difflib.get_close_matches(word, [*names, *map(str.lower, names)], n=6, cutoff=0.6)
    unique = list(
        dict.fromkeys(match.upper() if match.startswith("fwp") else match for match in close)
    )
    return f"; did you mean {', '.join(unique[:3])}?" if unique else "; fwp rules lists them"


def _require_known(prefix: str) -> None:
    codes = [*RUN_CODES, *(loaded.rule.code for loaded in all_rules())]
    if not re.fullmatch("FWP[0-9]*", prefix) or not any(c.startswith(prefix) for c in codes):
        raise CommandError(f"no rule has a code that starts with '{prefix}'{suggestion(prefix)}")
