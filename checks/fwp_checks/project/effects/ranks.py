"""Which of several proofs of an effect is told first."""

from __future__ import annotations

from fwp_checks.project.meaning.frames import Frame

# Databases and caches are near, as a rule; of files and the processor it is known.
_RANKS = {"database": 1, "orm": 1, "cache": 1, "cpu": 2, "file": 3, "metadata": 3}

# Other threads hold a lock for moments, as a rule.
_BRIEF = frozenset({f"threading.{lock}.acquire" for lock in ("Lock", "RLock", "Condition")})

# What stands under a condition comes behind all that always runs.
_CONDITIONS = frozenset({"if", "else", "case", "except"})
_DOUBTFUL = 8
_LAST = 2 * _DOUBTFUL


def ranked(rank: int, frame: Frame, term: int) -> int:
    """The rank of a proof that goes on at a term of a frame."""
    if rank < _DOUBTFUL and any(
        region.kind in _CONDITIONS and region.start <= term < region.end
        for region in frame.module.regions_in(frame.scope_number)
    ):
        return rank + _DOUBTFUL
    return rank


def slowness(kind: str, name: str) -> int:
    """How long a library's call of this kind may take, beside others: the longest come first.

    Leaving a session or connection comes after all that may be done with it.
    """
    return _LAST if name.endswith(".__exit__") else _RANKS.get(kind, 0)


def is_brief(name: str) -> bool:
    """Whether a library's call only waits for a lock: whatever else waits takes longer."""
    return name in _BRIEF
