"""Key derivation that is quick: PBKDF2 with few rounds.

The recommended hundreds of thousands take tenths of a second; 10,000 rounds take 10 ms (SHA-512,
measured on one core). The rounds are the fourth argument:
https://docs.python.org/3/library/hashlib.html#hashlib.pbkdf2_hmac
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.base import Framework
from fwp_checks.project.meaning.values import Constant

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame
    from fwp_checks.project.meaning.outcome import RunExternal

_DERIVES = "hashlib.pbkdf2_hmac"
_ROUNDS = (3, "iterations")
_FEW = 10_000


class Hashing(Framework):
    """Hooks for key derivation."""

    name = "hashlib"
    modules = frozenset({"hashlib"})

    def spares(self, project: Project, frame: Frame, term: int, run: RunExternal) -> bool:
        """Whether a key is derived in few rounds."""
        entry = frame.module.facts.terms[term]
        if run.name != _DERIVES or entry[0] != t.CALL:
            return False
        rounds = project.calls.arguments(frame, entry).get(*_ROUNDS)
        return (
            isinstance(rounds, Constant) and isinstance(rounds.value, int) and rounds.value < _FEW
        )


FRAMEWORK = Hashing()
