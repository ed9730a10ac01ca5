"""What a run of the linter gives out: findings, and files it had to skip.

All positions here count lines and columns from 1; columns count characters, not bytes.
All paths are relative to the project root, with forward slashes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Severity(Enum):
    """How much a finding weighs; ordered from the heaviest."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for error, 1 for warning, 2 for info."""
        return ("error", "warning", "info").index(self.value)


@dataclass(slots=True, unsafe_hash=True)
class Range:
    """A stretch of source; the end column is the first one after the stretch."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(slots=True, unsafe_hash=True)
class Step:
    """One step of the path from a finding to its cause."""

    path: str
    range: Range
    message: str


@dataclass(slots=True, unsafe_hash=True)
class Edit:
    """A replacement of one range of one file, part of an automatic fix."""

    path: str
    range: Range
    replacement: str


@dataclass(slots=True, unsafe_hash=True)
class Finding:
    """One pitfall at one place.

    ``message`` is one line (the thing, the reason, the way out) without code and link;
    ``fingerprint`` survives moves of the line. ``is_preview``: it is reported in preview only,
    whatever its rule.
    """

    code: str
    rule: str
    severity: Severity
    path: str
    range: Range
    message: str
    fix_link: str
    rule_page: str
    fingerprint: str
    trace: tuple[Step, ...] = ()
    edits: tuple[Edit, ...] = ()
    is_preview: bool = False

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        """Order of findings in every output: by path, position, code."""
        return (self.path, self.range.line, self.range.column, self.code, self.message)

    @property
    def text(self) -> str:
        """The message with its fix link at the end, as hosts without a link field show it."""
        return f"{self.message} {self.fix_link}" if self.fix_link else self.message


@dataclass(slots=True, unsafe_hash=True)
class Skipped:
    """A file that could not be read, with the one-line reason and where it stopped."""

    path: str
    line: int
    reason: str


@dataclass(slots=True, unsafe_hash=True)
class Report:
    """The result of a check: findings in order, and the files that were skipped.

    A skipped file also has an FWP901 finding; an internal error has an FWP902 finding.
    ``withheld`` has the path of each finding that only preview reports, of rules that are not.
    """

    findings: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = field(default=())
    withheld: tuple[str, ...] = ()
