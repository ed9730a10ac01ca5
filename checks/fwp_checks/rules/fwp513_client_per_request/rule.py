"""FWP513: each request makes a client with connections of its own."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity, Step
from fwp_checks.project.lifetimes.model import Opening, PerRequest
from fwp_checks.project.lifetimes.single_requests import SingleRequests
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
# What sends several requests by one connection, and where that is said.
_SESSIONS = {
    "requests": (
        "requests.Session",
        "https://requests.readthedocs.io/en/latest/user/advanced/#session-objects",
    ),
    "httpx": ("httpx.Client", "https://www.python-httpx.org/advanced/clients/#why-use-a-client"),
}


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
    for several in file.project.lifetimes.single_requests.of(file.module):
        yield _several(file, several)


def _several(file: FileView, several: SingleRequests) -> Finding:
    """A finding about calls that send a request each, by connections of their own."""
    session, link = _SESSIONS[several.name.partition(".")[0]]
    way, number = several.ways[0], len(several.terms)
    often = "in a loop" if several.is_in_loop else f"{number} times in '{several.frame.name}'"
    function = openings.function_name(file, way)
    chain = f": {function} → {file.chain_text(way.chain)}" if len(way.chain) > 1 else ""
    return file.finding(
        RULE,
        file.range_of(file.module, several.terms[0]),
        f"'{several.name}' connects to the same host anew {often}, each time {way.label} "
        f"'{function}' runs{chain}; send them by one {session}().",
        key=(several.frame.qualname, several.name),
        severity=Severity.INFO,
        fix_link=link,
        trace=[
            Step(file.module.path, file.range_of(file.module, term), "connects to it again")
            for term in several.terms[1:]
        ],
    )


def _place(opening: Opening) -> str:
    module = opening.frame.module
    return f"{module.path}:{module.facts.span(opening.term)[0]}"


def _is_hot(found: PerRequest) -> bool:
    """Whether many requests do it: what runs before handlers, or a great many handlers."""
    return len(found.ways) >= _MANY or any(way.label not in _HANDLERS for way in found.ways)
