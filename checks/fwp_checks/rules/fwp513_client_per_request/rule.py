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
# As many functions that do it are a habit; as many that do it by the same helper a burden.
_SEVERAL = 3
_MANY = 10
_HANDLERS = ("handler", "view method")


def check(file: FileView) -> Iterator[Finding]:
    """One finding a call that makes a client; rare ones that make an HTTP client are left alone."""
    for found in openings.opened(file, _RESOURCES):
        severity, because, way_out = Severity.WARNING, "", ""
        if found.opening.row.kind in _LIGHT:
            shared = file.project.lifetimes.shared.instead_of(found)
            if shared is not None:
                because, way_out = f", while {_place(shared)} keeps one for all", "that one"
            elif all(map(file.project.lifetimes.is_rare, found.ways)):
                continue
            elif any(way.is_in_loop for way in found.ways):
                because = ", in a loop"
            if not because and not _is_hot(found):
                if file.project.lifetimes.count(found.opening.name) < _SEVERAL:
                    continue
                severity = Severity.INFO
        yield openings.report(file, RULE, found, severity, because, way_out)


def _place(opening: Opening) -> str:
    module = opening.frame.module
    return f"{module.path}:{module.facts.span(opening.term)[0]}"


def _is_hot(found: PerRequest) -> bool:
    """Whether many requests do it: what runs before handlers, or a great many handlers."""
    return len(found.ways) >= _MANY or any(way.label not in _HANDLERS for way in found.ways)
