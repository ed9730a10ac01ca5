"""How much a query for each row weighs."""

from __future__ import annotations

from enum import IntEnum


class Weight(IntEnum):
    """Who waits for the end of the loop, ordered from the lightest."""

    OPEN = 0
    """Maybe nobody: nothing says that the query is run at all."""
    WORK = 1
    """Each round is a piece of work, of which the query is a part; or the loop is a script's."""
    JOB = 2
    """Nobody waits: a command or a job of a worker."""
    WAITED = 3
    """Somebody may wait for an answer."""
