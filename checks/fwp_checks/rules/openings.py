"""What the rules about things that requests open anew share: how they word it, and weigh it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.finding import Finding, Severity, Step
from fwp_checks.project.lifetimes.model import PerRequest, Way

if TYPE_CHECKING:
    from fwp_checks.project.view import FileView
    from fwp_checks.rules import Rule

_MOST_WAYS = 20
# What a function opens by a single helper is its own doing.
_NEAR = 2


def opened(file: FileView, resources: frozenset[str]) -> Iterator[PerRequest]:
    """What this file opens anew for requests, of these kinds."""
    return (found for found in file.opened_per_request if found.opening.row.resource in resources)


def weight(found: PerRequest) -> Severity:
    """An error where the request opens it itself or by one helper, a warning further away."""
    return Severity.ERROR if len(found.ways[0].chain) <= _NEAR else Severity.WARNING


def report(
    file: FileView,
    rule: Rule,
    found: PerRequest,
    severity: Severity,
    because: str = "",
    way_out: str = "",
) -> Finding:
    """A finding at the call that opens something. ``because`` goes before the way out, which is the
    one of the catalogue if there is no other.
    """
    way, row = found.ways[0], found.opening.row
    name = way.chain[-1].name
    chain = f": {function_name(file, way)} → {file.chain_text(way.chain)}"
    message = (
        f"'{name}' {row.reason} each time {way.label} '{function_name(file, way)}' runs"
        f"{_others(found)}{chain if len(way.chain) > 1 else ''}{because}; "
        f"use {way_out or row.alternative}."
    )
    frame = found.opening.frame
    return file.finding(
        rule,
        file.range_of(file.module, found.opening.term),
        message,
        key=(frame.qualname, found.opening.name),
        severity=severity,
        fix_link=row.link,
        trace=_trace(file, found),
    )


def function_name(file: FileView, way: Way) -> str:
    """The own name of the function that a request runs."""
    return file.name_of(*way.function)


def _others(found: PerRequest) -> str:
    others = len(found.ways) - 1
    if not others:
        return ""
    return f", and {others} {'other' if others == 1 else 'others'}"


def _trace(file: FileView, found: PerRequest) -> tuple[Step, ...]:
    """The calls that lead here from the request, then where the other ways begin."""
    first, *others = found.ways
    calls = [*first.chain[:-1], *[way.chain[0] for way in others if len(way.chain) > 1]]
    return file.steps(calls[:_MOST_WAYS])
