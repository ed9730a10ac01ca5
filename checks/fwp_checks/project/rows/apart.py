"""Why the queries of several rounds of a loop are not one."""

from __future__ import annotations

from enum import Enum


class Apart(Enum):
    """Why the queries of several rounds are not one."""

    BOUNDS = "bounds"
    """What they leave out, or where they end, differs from round to round."""
    LOCK = "lock"
    """Each locks what it reads."""
    TRANSACTION = "transaction"
    """Each is part of a transaction that begins and ends within the round."""
    SHAPE = "shape"
    """What each asks for is of another kind: another table, other columns, another statement."""
    CHANGES = "changes"
    """Each also changes objects, which are written with the rest."""
    WRITES = "writes"
    """Each writes itself, and may have what the others have not, or need what they have written."""
    TREE = "tree"
    """The loop goes down a tree: its function calls itself."""
    DRAWN = "drawn"
    """Each asks for a value that is another one each time: the next of a sequence."""
    CONNECTION = "connection"
    """Each goes to another database, or to another tenant's part of it."""
    DIALOGUE = "dialogue"
    """Each round waits for somebody's answer."""

    @property
    def is_certain(self) -> bool:
        """Whether nothing can be done about it, or nothing would be gained."""
        return self in (Apart.CONNECTION, Apart.DIALOGUE)
