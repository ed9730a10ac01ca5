"""Errors of the engine's own, noted while questions are answered."""

from __future__ import annotations

import os
import traceback
from pathlib import Path
from typing import NamedTuple


class Failure(NamedTuple):
    """An exception of the engine's own: in which file's analysis, at what, and which one."""

    path: str
    place: str
    error: str


def describe_error(error: Exception) -> str:
    """Type, message and place of an exception, in one line.

    With the environment variable ``FWP_DEBUG`` the traceback goes to standard error.
    """
    if os.environ.get("FWP_DEBUG"):
        traceback.print_exception(error)
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" at {Path(last[0].filename).name}:{last[0].lineno}" if last else ""
    return f"{type(error).__name__}: {error}{where}"
