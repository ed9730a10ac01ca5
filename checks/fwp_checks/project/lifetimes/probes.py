"""Code that may connect anew: probes of health, tests of a connection, installers, backups.

What a function is for stands nowhere but in its name and in the path of its route; these are the
only places where the engine goes by how something is called.
"""

from __future__ import annotations

import re

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
    {
        "connection", "connections", "connectivity", "connect", "db", "database", "redis",
        "datasource", "credentials", "settings",
    }
)  # fmt: skip


def is_probe(module: Module, scope_number: int) -> bool:
    """Whether a function, or the class it is a method of, is named like a probe."""
    scopes = module.facts.scopes
    while scope_number > 0:
        if _names_probe(scopes[scope_number].name):
            return True
        scope_number = scopes[scope_number].parent
    return False


def is_probe_path(path: str | None) -> bool:
    """Whether the last part of a path names a probe."""
    parts = [part for part in (path or "").split("/") if part and part[0] not in "{<(:"]
    return bool(parts) and _names_probe(parts[-1])


def _names_probe(name: str) -> bool:
    words = {word.lower() for word in _WORDS.findall(name)}
    if not words.isdisjoint(_PROBES):
        return True
    if not words.isdisjoint(_STATES) and words <= _STATES | _OF_WHAT:
        return True
    return not words.isdisjoint(_TESTS) and not words.isdisjoint(_CONNECTIONS)
