"""What the rules about lazy loads of SQLAlchemy share: how they name what is loaded row by row."""

from __future__ import annotations

from collections.abc import Sequence

from fwp_checks.project.rows.needs import Need
from fwp_checks.rules import rows

_MOST_PATHS = 6


def cost(needs: Sequence[Need]) -> str:
    """``2 extra queries: author, tags``; of a great many, the first."""
    paths = rows.paths(needs)
    named = ", ".join(paths[:_MOST_PATHS])
    more = f" and {len(paths) - _MOST_PATHS} more" if len(paths) > _MOST_PATHS else ""
    return f"{rows.counted(len(paths))}: {named}{more}"
