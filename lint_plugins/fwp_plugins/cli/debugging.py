"""``fwp why`` and ``fwp facts``: what the engine knows."""

from __future__ import annotations

import argparse
from pathlib import Path

from fwp_plugins.cli.errors import CommandError
from fwp_plugins.cli.options import existing, overrides, session_of
from fwp_plugins.cli.output import print_text
from fwp_plugins.projects import Overrides


def why(arguments: argparse.Namespace) -> int:
    """Show what is known about a line.

    Raises CommandError for a place that is not in the project.
    """
    name, colon, number = arguments.place.rpartition(":")
    if not colon or not number.isdecimal() or int(number) < 1:
        raise CommandError(f"'{arguments.place}' is not of the form PATH:LINE")
    path = _file(Path(name))
    session = session_of(path, overrides(arguments), arguments)
    print_text(session.why(path, int(number)))
    return 0


def facts(arguments: argparse.Namespace) -> int:
    """Show the facts of one file. Raises CommandError for a path that is no file."""
    path = _file(arguments.path)
    print_text(session_of(path, Overrides(), arguments).facts(path))
    return 0


def _file(path: Path) -> Path:
    if path.is_dir():
        raise CommandError(f"{path}: is a folder, not a file")
    return existing(path)
