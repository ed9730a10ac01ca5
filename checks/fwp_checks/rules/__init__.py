"""The rules: one folder each, found by location.

A folder ``fwp101_blocking_call_in_async`` holds ``rule.py`` (declares ``RULE`` and ``check``) and
``rule.md`` (its page, whose cases are its tests). There is no list to edit: :func:`all_rules` looks
at the folders.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from fwp_checks.codes import PAGES
from fwp_checks.finding import Severity

if TYPE_CHECKING:
    from fwp_checks.finding import Finding
    from fwp_checks.project.view import FileView

# Event loop and queries.
_OF_SHARES = ("FWP1", "FWP2")


class Status(Enum):
    """What a user may expect of a rule."""

    STABLE = "stable"
    PREVIEW = "preview"


@dataclass(slots=True, unsafe_hash=True)
class Rule:
    """What a rule declares about itself.

    ``summary`` is one sentence for lists; ``fix_link`` the page that shows the way out, used where
    no closer one (a catalogue row's) is known.
    """

    code: str
    name: str
    summary: str
    severity: Severity
    fix_link: str
    status: Status = Status.STABLE

    @property
    def is_preview(self) -> bool:
        """Whether it is off unless asked for."""
        return self.status is Status.PREVIEW

    @property
    def needs_evidence(self) -> bool:
        """Whether it asks what runs on the event loop or is done with rows. Then it is checked
        last, when all shares of the project are evaluated, and only in the files that these tell
        something of (``paths`` of the event loop and of queries).
        """
        return self.code.startswith(_OF_SHARES)

    @property
    def page_url(self) -> str:
        """Address of the rule's page in the published documentation."""
        return f"{PAGES}{self.name}/"


@dataclass(slots=True, unsafe_hash=True)
class LoadedRule:
    """A rule with its check function and the path of its page."""

    rule: Rule
    check: Callable[[FileView], Iterable[Finding]]
    page: Path


@cache
def all_rules() -> tuple[LoadedRule, ...]:
    """Every rule in this package, ordered by code."""
    found = []
    for info in pkgutil.iter_modules(__path__):
        if info.ispkg:
            module = importlib.import_module(f"{__name__}.{info.name}.rule")
            page = Path(__path__[0]) / info.name / "rule.md"
            found.append(LoadedRule(module.RULE, module.check, page))
    return tuple(sorted(found, key=lambda loaded: loaded.rule.code))
