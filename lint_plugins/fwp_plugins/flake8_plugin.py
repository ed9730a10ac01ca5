"""The flake8 plugin. flake8 knows it by the entry point ``FWP``.

flake8 asks file by file, in one process or several. Each process keeps its sessions in a class
attribute. If there will be several, the parent checks the project before they start: forked workers
inherit the result, others find it in the cache.

Rules that are off by default are switched on by options of our own: with flake8's
``extend_default_ignore``, ``--select=FWP`` or any ``--ignore`` of the user would switch them on by
accident.
"""

from __future__ import annotations

import argparse
import ast
import multiprocessing
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from fwp_checks import __version__
from fwp_checks.settings import FILE_ACCESS
from fwp_plugins.projects import FileByFile, Overrides, available_cores

Diagnostic = tuple[int, int, str, type[Any]]
"""What flake8 takes: line from 1, column from 0, "CODE text", the plugin's class."""

# flake8's name for a standard input that nobody has named, and ours: that of a file in the folder.
_STDIN, _UNNAMED = "stdin", "stdin.py"


class FwpChecker:
    """Gives flake8 the findings of one file."""

    name = "flake8-fwp"
    version = __version__
    _files: FileByFile
    _stdin_name: str | None

    def __init__(self, tree: ast.AST, filename: str, lines: Sequence[str]) -> None:
        """Take what flake8 knows of a file; asking for ``tree`` makes it call us once a file."""
        self._filename = filename
        self._lines = lines

    @classmethod
    def add_options(cls, manager: Any) -> None:
        """Register the ``--fwp-`` options; all may stand in flake8's configuration as well."""

        def switch(name: str, text: str) -> None:
            # No default: absence leaves what the project's settings say, "false" in the
            # configuration does not.
            manager.add_option(
                name, action="store_true", default=None, parse_from_config=True, help=text
            )

        def folder(name: str, text: str) -> None:
            manager.add_option(
                name, metavar="DIR", normalize_paths=True, parse_from_config=True, help=text
            )

        switch("--fwp-preview", "Also report the rules that are in preview.")
        manager.add_option(
            "--fwp-enable",
            metavar="CODES",
            default=[],
            comma_separated_list=True,
            parse_from_config=True,
            help="Also report these rules, although they are in preview (codes or prefixes).",
        )
        manager.add_option(
            "--fwp-file-access",
            metavar="WHERE",
            parse_from_config=True,
            help=f"Where to report reading and writing files: {', '.join(FILE_ACCESS)}.",
        )
        switch("--fwp-file-metadata", "Also report exists, stat and the like.")
        switch("--fwp-include-tests", "Also check test code.")
        folder("--fwp-root", "Where the project is looked for (default: from each file upward).")
        folder("--fwp-cache-dir", "Folder of the cache (default: in the user's cache folder).")
        switch("--fwp-no-cache", "Neither read nor write the cache on disk.")

    @classmethod
    def parse_options(cls, options: argparse.Namespace) -> None:
        """Start a run.

        flake8 calls this in the parent and, unless workers are forked, in each of them.
        """
        folder = Path(options.fwp_cache_dir) if options.fwp_cache_dir else None
        cls._files = FileByFile(
            Overrides(
                enable=tuple(options.fwp_enable),
                preview=options.fwp_preview,
                file_access=options.fwp_file_access,
                file_metadata=options.fwp_file_metadata,
                include_tests=options.fwp_include_tests,
            ),
            cache_dir=False if options.fwp_no_cache else folder,
            root=Path(options.fwp_root) if options.fwp_root else None,
        )
        cls._stdin_name = options.stdin_display_name if "-" in options.filenames else None
        if _has_workers(options) and (_forks_workers() or not options.fwp_no_cache):
            jobs = available_cores() if options.jobs.is_auto else options.jobs.n_jobs
            # What goes wrong here goes wrong again, and is reported, file by file.
            with suppress(Exception):
                cls._files.prepare(options.filenames, jobs)

    def run(self) -> Iterator[Diagnostic]:
        """The findings of the file. Never raises an Exception."""
        name, text = self._filename, None
        if name == self._stdin_name:
            text = "".join(self._lines)
            name = _UNNAMED if name == _STDIN else name
        for finding in self._files.check(name, text):
            place = finding.range
            yield place.line, place.column - 1, f"{finding.code} {finding.text}", type(self)


def _has_workers(options: argparse.Namespace) -> bool:
    """Whether this is the parent of workers, judged as flake8's ``checker.Manager`` does."""
    if "-" in options.filenames or multiprocessing.parent_process() is not None:
        return False
    if not options.jobs.is_auto and options.jobs.n_jobs < 2:
        return False
    return len(options.filenames) > 1 or any(Path(name).is_dir() for name in options.filenames)


def _forks_workers() -> bool:
    # get_start_method() alone would fix the default for the rest of the process; the default comes
    # first in the list.
    method = multiprocessing.get_start_method(allow_none=True)
    return (method or multiprocessing.get_all_start_methods()[0]) == "fork"
