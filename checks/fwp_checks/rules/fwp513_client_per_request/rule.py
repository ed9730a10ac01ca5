"""FWP513: each request makes a client with connections of its own."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity
from fwp_checks.project.lifetimes.model import Opening, PerRequest
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule, openings

RULE = Rule(
    code="FWP513",
    name="client-per-request",
    summary="A client with connections of its own is made for each request instead of once.",
    severity=Severity.WARNING,
    fix_link="https://fastapi.tiangolo.com/advanced/events/#lifespan",
)
_RESOURCES = frozenset({"client"})
# Clients that take a handshake or two, no more: one for a rare request does no harm.
_LIGHT = frozenset({"http", "llm"})
# As many of them are a habit.
_SEVERAL = 3


def check(file: FileView) -> Iterator[Finding]:
    """One finding a call that makes a client; rare ones that make an HTTP client are left alone."""
    for found in openings.opened(file, _RESOURCES):
        severity, because, way_out = Severity.WARNING, "", ""
        if found.opening.row.kind in _LIGHT:
            shared = file.project.lifetimes.shared(found.opening.name)
            if shared is not None:
                because, way_out = f", while {_place(shared)} keeps one for all", "that one"
            because = because or _on_hot_path(found)
            if not because and file.project.lifetimes.count(found.opening.name) < _SEVERAL:
                continue
            severity = Severity.WARNING if because else Severity.INFO
        yield openings.report(file, RULE, found, severity, because, way_out)


def _place(opening: Opening) -> str:
    module = opening.frame.module
    return f"{module.path}:{module.facts.span(opening.term)[0]}"


def _on_hot_path(found: PerRequest) -> str:
    """What makes it more than one client for a rare request; empty if nothing does."""
    if any(way.is_in_loop for way in found.ways):
        return ", in a loop"
    return next((f", as a {way.label} does" for way in found.ways if way.label != "handler"), "")
