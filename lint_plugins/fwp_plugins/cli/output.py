"""Writing to standard output or a file, and progress on a terminal."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fwp_plugins.cli.errors import CommandError
from fwp_plugins.formats.terminal import Line, wants_color, write_lines

ProgressCallback = Callable[[str, int, int], None]
_REFRESHED_AFTER = 0.1
"""Seconds."""


def print_lines(lines: Iterable[Line], *, color: str = "auto") -> None:
    """Write lines to standard output; a reader that has gone away (``| head``) is no error.

    Raises CommandError if they cannot be written.
    """
    if sys.stdout is None:  # closed by the shell: >&-
        raise CommandError("standard output is closed")
    try:
        write_lines(lines, sys.stdout, color=wants_color(color, sys.stdout))
        sys.stdout.flush()
    except BrokenPipeError:
        _close_output()
    except OSError as error:
        _close_output()
        raise CommandError(f"standard output: cannot be written: {error.strerror}") from error


def _close_output() -> None:
    # Python flushes again at exit: give it somewhere to flush to.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_text(text: str) -> None:
    """Write text as it is to standard output, as :func:`print_lines` does."""
    print_lines([[(line, "")] for line in text.rstrip("\n").split("\n")], color="never")


def write_file(path: Path, lines: Iterable[Line], *, color: bool) -> None:
    """Write lines to a file in UTF-8. Raises CommandError if that fails."""
    try:
        with path.open("w", encoding="utf-8", errors="backslashreplace") as stream:
            write_lines(lines, stream, color=color)
    except OSError as error:
        raise CommandError(f"{path}: cannot be written: {error.strerror}") from error


@contextmanager
def progress() -> Iterator[ProgressCallback | None]:
    """A callback that shows how far the run is, on standard error; None if that is no terminal."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    # No thread that refreshes: a process with threads cannot be copied to work on two cores.
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as bar:
        task = bar.add_task("", total=None)
        shown = ("", 0.0)

        def show(stage: str, done: int, total: int) -> None:
            nonlocal shown
            now = time.monotonic()
            is_due = stage != shown[0] or now - shown[1] > _REFRESHED_AFTER
            if is_due:
                shown = (stage, now)
            bar.update(task, description=stage, completed=done, total=total, refresh=is_due)

        yield show
