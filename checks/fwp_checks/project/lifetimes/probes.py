"""Code that may connect anew: probes of health, tests of a connection, installers, backups,
signing in.

What a function is for stands nowhere but in its name, in the path of its route, and in what a
protocol asks for; these are the only places where the engine goes by how something is called.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fwp_checks.facts import terms as t
from fwp_checks.project.files.modules import Module

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_PROBES = frozenset(
    {
        "health", "healthz", "healthcheck", "healthchecks", "liveness", "livez", "readiness",
        "readyz", "heartbeat", "ping", "setup", "wizard", "install", "installer", "onboarding",
        "diagnostics", "diagnose", "selftest", "preflight", "backup", "backups", "restore",
    }
)  # fmt: skip
# These mean a probe where nothing else is said than of what.
_STATES = frozenset({"status", "alive", "ready", "live", "state", "system"})
_OF_WHAT = frozenset(
    {
        "get", "api", "view", "check", "checks", "is", "the", "system", "app", "application",
        "server", "service", "services", "db", "database", "databases", "redis", "mongo", "worker",
        "workers", "queue", "queues", "celery", "cache", "connection", "info", "handler",
        "endpoint", "monitoring", "sys",
    }
)  # fmt: skip
_TESTS = frozenset({"test", "check", "verify", "validate", "probe", "try"})
_CONNECTIONS = frozenset(
    {"connection", "connections", "connectivity", "connect", "datasource", "credentials"}
)
# Whether these can be reached is asked where nothing is asked about what is in them.
_STORES = frozenset({"db", "database", "redis", "settings", "mongo", "postgres", "mysql"})


_SIGNING_IN = frozenset(
    {"oauth", "oauth2", "oidc", "sso", "saml", "callback", "authorize", "signin", "login"}
)


# The grant by which a code that a user's sign-in has given is exchanged for a token,
# https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3
_CODE: t.Term = (t.CONST, "authorization_code")


def is_probe(module: Module, scope_number: int) -> bool:
    """Whether a function, or the class it is a method of, is named like a probe."""
    return any(map(_names_probe, _names(module, scope_number)))


def is_probe_path(path: str | None) -> bool:
    """Whether the last part of a path names a probe."""
    return any(map(_names_probe, _parts(path)[-1:]))


def is_sign_in(module: Module, scope_number: int) -> bool:
    """Whether a function, or the class it is a method of, is named like a part of signing in, or
    the function exchanges the code of a sign-in.
    """
    named = any(map(_names_sign_in, _names(module, scope_number)))
    return named or _exchanges_code(module, scope_number)


def _exchanges_code(module: Module, scope_number: int) -> bool:
    terms, scope = module.facts.terms, module.facts.scopes[scope_number]
    # A constant is one term for the whole file.
    return _CODE in terms and any(
        terms[operand] == _CODE
        for term in range(scope.start, scope.end)
        for operand in t.operands(terms[term])
    )


def is_sign_in_path(path: str | None) -> bool:
    """Whether some part of a path names a part of signing in."""
    return any(map(_names_sign_in, _parts(path)))


def _names(module: Module, scope_number: int) -> Iterator[str]:
    scopes = module.facts.scopes
    while scope_number > 0:
        yield scopes[scope_number].name
        scope_number = scopes[scope_number].parent


def _parts(path: str | None) -> list[str]:
    """The parts of a path that are written."""
    return [part for part in (path or "").split("/") if part and part[0] not in "{<(:"]


def _words(name: str) -> set[str]:
    return {word.lower() for word in _WORDS.findall(name)}


def _names_sign_in(name: str) -> bool:
    return not _words(name).isdisjoint(_SIGNING_IN)


def _names_probe(name: str) -> bool:
    words = _words(name)
    if not words.isdisjoint(_PROBES):
        return True
    if not words.isdisjoint(_STATES) and words <= _STATES | _OF_WHAT:
        return True
    if words.isdisjoint(_TESTS):
        return False
    of_store = not words.isdisjoint(_STORES) and words <= _TESTS | _STORES | _OF_WHAT
    return of_store or not words.isdisjoint(_CONNECTIONS)
