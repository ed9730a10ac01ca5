"""Queries, each with the lines of the project that were running."""

from __future__ import annotations

import re
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

Site = tuple[str, int, int]
"""Path relative to the project, first and last line of what is running."""
Sites = frozenset[Site]

_COUNTED = re.compile(r"\s*(?:SELECT|INSERT|UPDATE|DELETE|REPLACE|WITH)\b", re.IGNORECASE)


@dataclass(slots=True)
class Recorder:
    """Counts queries by the lines of a project that run them and their SQL, and the rows that were
    made objects of.
    """

    root: Path
    counts: Counter[tuple[Sites, str]] = field(default_factory=Counter)
    fetched: int = 0

    def note(self, sql: str) -> None:
        """A query is about to run."""
        if _COUNTED.match(sql):
            self.counts[self._sites(), " ".join(sql.split())] += 1

    def _sites(self) -> Sites:
        found = set()
        prefix = f"{self.root}/"
        for frame in _stack(sys._getframe(2)):
            name = frame.f_code.co_filename
            if name.startswith(prefix):
                found.add((name.removeprefix(prefix), *_lines(frame)))
            else:
                place = _template_place(frame)
                if place is not None and place[0].startswith(prefix):
                    path = place[0].removeprefix(prefix)
                    found.add((path, place[1], place[1]))
        return frozenset(found)


def _stack(frame: FrameType | None) -> Iterator[FrameType]:
    """A frame and those around it; around a greenlet are those of the one that waits for it."""
    greenlets = sys.modules.get("greenlet")
    greenlet = greenlets.getcurrent() if greenlets is not None else None
    while frame is not None:
        yield frame
        frame = frame.f_back
        if frame is None and greenlet is not None:
            greenlet = greenlet.parent
            frame = greenlet.gr_frame if greenlet is not None else None


def raised_at(error: BaseException, root: Path) -> list[Site]:
    """The lines of a project that an exception, or what caused it, passed through."""
    found: list[Site] = []
    cause: BaseException | None = error
    while cause is not None:
        for frame, line in traceback.walk_tb(cause.__traceback__):
            path = Path(frame.f_code.co_filename)
            if path.is_relative_to(root):
                found.append((path.relative_to(root).as_posix(), line, line))
        cause = cause.__cause__ or cause.__context__
    return found


def growth(small: Recorder, large: Recorder, rows: int) -> list[dict[str, Any]]:
    """The queries that run more often where there are ``rows`` more rows: sites, counts, SQL."""
    return [
        {"sites": sorted(sites), "from": small.counts[sites, sql], "to": count, "sql": sql[:200]}
        for (sites, sql), count in sorted(large.counts.items(), key=_order)
        if count - small.counts[sites, sql] >= rows // 2
    ]


def _order(item: tuple[tuple[Sites, str], int]) -> tuple[list[Site], str]:
    (sites, sql), _ = item
    return sorted(sites), sql


def _lines(frame: FrameType) -> tuple[int, int]:
    """The lines of the instruction that a frame is at."""
    first, last = _positions(frame.f_code, frame.f_lasti)
    line = frame.f_lineno
    return first or line, last or first or line


def _positions(code: CodeType, at: int) -> tuple[int | None, int | None]:
    found = next(islice(code.co_positions(), at // 2, None), (None, None, None, None))
    return found[0], found[1]


def _template_place(frame: FrameType) -> tuple[str, int] | None:
    """File and line of the template node that is rendered: Django's, or Jinja's compiled code."""
    if frame.f_code.co_name == "render_annotated":
        node = frame.f_locals.get("self")
        token, origin = getattr(node, "token", None), getattr(node, "origin", None)
        if token is not None and origin is not None:
            return str(origin.name), int(token.lineno)
    template = frame.f_globals.get("__jinja_template__")
    if template is not None:
        return str(frame.f_code.co_filename), int(template.get_corresponding_lineno(frame.f_lineno))
    return None
