"""What handles exceptions: where an error is passed on, and where it is kept from the callers.

``except Error: connection.rollback(); raise`` is done only where something has failed already.
``try: page = current() … except Exception: page = None`` goes on where ``current`` has raised.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import TYPE_CHECKING

from fwp_checks.catalogue import EffectRow
from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Region
from fwp_checks.project.files.modules import Module
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.values import External, TupleValue

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_DJANGO = ("django.db.", "django.shortcuts.", "django.contrib.")
_DJANGO_ROWS = "django.toml"
_QUERIES = frozenset({"database", "orm"})
UNDOING = "rollback"
# What catches Django's refusal, https://docs.djangoproject.com/en/stable/ref/exceptions/
_CATCHING = frozenset(
    {
        "builtins.Exception",
        "builtins.BaseException",
        "django.core.exceptions.SynchronousOnlyOperation",
    }
)


def is_refused(row: EffectRow, library: str) -> bool:
    """Whether Django refuses the call of a library's function on any event loop: its own row says
    so, perhaps of a class that a package derives from its.
    """
    is_django = row.source == _DJANGO_ROWS or library.startswith(_DJANGO)
    return is_django and row.kind in _QUERIES


def is_undoing(library: str) -> bool:
    """Whether a library's function rolls back what was begun."""
    return library.endswith(f".{UNDOING}")


def passing_on(module: Module, region: Region, number: int) -> Iterator[tuple[int, int]]:
    """Of a handler that ends by raising, the stretches of terms after which it does; none of
    another. Branches that leave it otherwise (``if again: sleep(); continue``) do not.
    """
    last = region.end - 1
    if last < region.start or module.facts.terms[last][0] != t.RAISE:
        return
    start = region.start
    for inner in module.regions_in(number):
        if inner == region or not (region.start <= inner.start and inner.end <= region.end):
            continue
        if inner.start <= last < inner.end:
            return
    for inner in _leaving(module, region, number):
        if start < inner.start:
            yield start, inner.start
        start = max(start, inner.end)
    yield start, region.end


def _leaving(module: Module, region: Region, number: int) -> list[Region]:
    """The branches of a handler that leave it, and do not raise, as they stand."""
    terms = module.facts.terms
    found = [
        inner
        for inner in module.regions_in(number)
        if region.start <= inner.start < inner.end < region.end
        and (inner.leaves or inner.exits)
        and terms[inner.end - 1][0] != t.RAISE
    ]
    return sorted(found, key=attrgetter("start"))


def is_after_error(frame: Frame, term: int, library: str) -> bool:
    """Whether a library's function runs at a term only behind an error: in a handler that then
    raises, or to roll back in any.
    """
    module, number = frame.module, frame.scope_number
    around = [
        region
        for region in module.regions_in(number)
        if region.kind == "except" and region.start <= term < region.end
    ]
    if around and is_undoing(library):
        return True
    return any(
        start <= term < end
        for region in around
        for start, end in passing_on(module, region, number)
    )


class Refusals:
    """Answers for one project: where Django's refusal of a query is kept from the callers."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[tuple[Module, int, int], bool] = {}

    def is_caught(self, frame: Frame, term: int) -> bool:
        """Whether a function that is refused a query at a term goes on behind it, or returns."""
        return self._kept_by(frame, term) is not None

    def is_survived(self, frame: Frame, term: int) -> bool:
        """Whether it goes on."""
        handler = self._kept_by(frame, term)
        return handler is not None and not handler.exits

    def _kept_by(self, frame: Frame, term: int) -> Region | None:
        """The handler that keeps it; None if one may pass it on."""
        regions = frame.module.regions_in(frame.scope_number)
        tried = [r for r in regions if r.kind == "try" and r.start <= term < r.end]
        for attempt in sorted(tried, key=attrgetter("end")):
            for handler in frame.module.handlers_of(attempt, frame.scope_number):
                if self._catches(frame, handler):
                    terms = frame.module.facts.terms[handler.start : handler.end]
                    # What it raises may be caught around, which is not followed.
                    return None if any(entry[0] == t.RAISE for entry in terms) else handler
        return None

    def _catches(self, frame: Frame, handler: Region) -> bool:
        if handler.term < 0:
            return True
        key = (frame.module, frame.scope_number, handler.start)
        known = self._known.get(key)
        if known is None:
            value = self._project.values.evaluate(frame, handler.term)
            caught = value.items if isinstance(value, TupleValue) else (value,)
            known = self._known[key] = any(
                isinstance(one, External) and one.name in _CATCHING for one in caught
            )
        return known
