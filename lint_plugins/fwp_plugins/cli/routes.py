"""``fwp routes``: the applications of a project, their routes, and what handlers do."""

from __future__ import annotations

import argparse
from pathlib import Path

from fwp_checks.routes import RouteTree
from fwp_plugins.cli.options import sessions
from fwp_plugins.cli.output import print_lines, print_text
from fwp_plugins.formats.route_document import route_document
from fwp_plugins.formats.route_table import route_table

EXIT_INCOMPLETE = 2


def run(arguments: argparse.Namespace) -> int:
    """Print the routes in the paths; 2 if files could not be read.

    Raises CommandError for paths that do not exist and SettingsError for broken settings.
    """
    trees = []
    for session, paths in sessions(arguments.paths or [Path()], arguments):
        trees.append(session.routes(None if paths == [session.root] else paths))
    tree = _together(trees)
    if arguments.format == "json":
        print_text(route_document(tree))
    elif tree.is_empty:
        print_text("no routes found")
    else:
        print_lines(route_table(tree), color=arguments.color)
    return EXIT_INCOMPLETE if tree.skipped else 0


def _together(trees: list[RouteTree]) -> RouteTree:
    return RouteTree(
        tuple(one for tree in trees for one in tree.applications),
        tuple(one for tree in trees for one in tree.routers),
        tuple(one for tree in trees for one in tree.routes),
        tuple(one for tree in trees for one in tree.hooks),
        tuple(one for tree in trees for one in tree.skipped),
    )
