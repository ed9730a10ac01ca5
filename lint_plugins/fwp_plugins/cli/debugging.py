"""``fwp why`` and ``fwp facts``: what the engine knows."""

from __future__ import annotations

import argparse

from fwp_plugins.cli.options import file_named, overrides, place, session_of
from fwp_plugins.cli.output import print_text
from fwp_plugins.projects import Overrides


def why(arguments: argparse.Namespace) -> int:
    """Show what is known about a line.

    Raises CommandError for a place that is not in the project.
    """
    path, line = place(arguments.place)
    session = session_of(path, overrides(arguments), arguments)
    print_text(session.why(path, line))
    return 0


def facts(arguments: argparse.Namespace) -> int:
    """Show the facts of one file. Raises CommandError for a path that is no file."""
    path = file_named(arguments.path)
    print_text(session_of(path, Overrides(), arguments).facts(path))
    return 0
