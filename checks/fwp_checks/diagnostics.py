"""Diagnostics about the run itself (FWP9xx): a file that was skipped, an internal error, a comment
that silences nothing.
"""

from __future__ import annotations

from hashlib import blake2b

from fwp_checks.codes import PAGES, rule_codes
from fwp_checks.finding import Finding, Range, Severity

FILE_SKIPPED = "FWP901"
INTERNAL_ERROR = "FWP902"
BROKEN_SETTINGS = "FWP903"
USELESS_SUPPRESSION = "FWP904"
NAMES = {
    FILE_SKIPPED: "file-skipped",
    INTERNAL_ERROR: "internal-error",
    BROKEN_SETTINGS: "broken-settings",
    USELESS_SUPPRESSION: "useless-suppression",
}
"""The codes about the run itself, which no rule has, with their names."""

_REPORT_AT = "please report it with the file at https://github.com/flake8-fwp/flake8-fwp/issues"


def is_known_prefix(prefix: str) -> bool:
    """Whether some code starts so."""
    return any(code.startswith(prefix) for code in (*NAMES, *rule_codes()))


def file_skipped(path: str, line: int, column: int, reason: str) -> Finding:
    """A file could not be read or parsed; findings that depend on it are missing."""
    return _about(FILE_SKIPPED, path, line, column, f"file skipped: {reason}", Severity.ERROR)


def internal_error(path: str, place: str, error: str) -> Finding:
    """The linter failed at a place (a rule, a function) of a file; the other findings are there."""
    text = f"internal error in {place} while checking {path}: {error}; {_REPORT_AT}"
    return _about(INTERNAL_ERROR, path, 1, 1, text, Severity.ERROR)


def useless_suppression(path: str, line: int, reason: str) -> Finding:
    """A ``# fwp:`` comment that cannot be understood."""
    return _about(
        USELESS_SUPPRESSION, path, line, 1, f"comment silences nothing: {reason}", Severity.WARNING
    )


def _about(code: str, path: str, line: int, column: int, text: str, severity: Severity) -> Finding:
    identity = blake2b(
        f"{code}\0{path}\0{text}".encode("utf-8", "replace"), digest_size=10
    ).hexdigest()
    where = Range(line, column, line, column)
    page = f"{PAGES}{NAMES[code]}/"
    return Finding(
        code, NAMES[code], severity, path, where, " ".join(text.split()), "", page, identity
    )
