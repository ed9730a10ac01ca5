"""How much a query for each row weighs."""

from __future__ import annotations

from enum import IntEnum


class Weight(IntEnum):
    """Who waits for the end of the loop, ordered from the lightest."""

    WORK = 0
    """Each round is a piece of work, of which the query is a part; or the loop is a script's."""
    JOB = 1
    """Nobody waits: a command or a job of a worker."""
    WAITED = 2
    """Somebody may wait for an answer."""
