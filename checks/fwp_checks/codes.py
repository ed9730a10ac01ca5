"""What is known of rules without any of them: their codes, and where their pages are published."""

from __future__ import annotations

from functools import cache
from pathlib import Path

PAGES = "https://flake8-fwp.readthedocs.io/en/latest/rules/"

_PREFIX = "fwp"


@cache
def rule_codes() -> tuple[str, ...]:
    """The codes of all rules, by the names of their folders: no rule is imported for that."""
    names = sorted(entry.name for entry in (Path(__file__).parent / "rules").iterdir())
    return tuple(name.partition("_")[0].upper() for name in names if name.startswith(_PREFIX))
