"""Writing styled lines: plain text, or colours through rich, which is imported only then."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TextIO

Line = list[tuple[str, str]]
"""A line of output: pieces of text, each with a style ("" for none)."""

STYLES = {
    "error": "bold red",
    "warning": "bold yellow",
    "info": "bold cyan",
    "path": "bold",
    "gutter": "blue",
    "step": "blue",
    "link": "underline",
    "faint": "dim",
    "good": "green",
}
"""What rich makes of each style."""


def plain(line: Line) -> str:
    """The text of a line without its styles."""
    return "".join(text for text, _ in line)


def wants_color(choice: str, stream: TextIO) -> bool:
    """Whether to colour: ``always``, ``never``, or ``auto`` (a terminal, unless NO_COLOR is set;
    FORCE_COLOR wins).
    """
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def write_lines(lines: Iterable[Line], stream: TextIO, *, color: bool) -> None:
    """Write each line with a line end. Raises OSError when the stream cannot be written."""
    if not color:
        stream.writelines(f"{plain(line)}\n" for line in lines)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(
        file=stream, force_terminal=True, color_system="standard", no_color=False, highlight=False
    )
    for line in lines:
        text = Text.assemble(*((piece, STYLES.get(style, "")) for piece, style in line))
        console.print(text, soft_wrap=True)
