"""How the interpreter runs while a project is analysed."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Chains of calls are followed by recursion; Python-to-Python calls take no C stack since 3.11.
_RECURSION_LIMIT = 20_000
_MANY_OBJECTS = 200_000
_is_frozen = False


@contextmanager
def no_collection() -> Iterator[None]:
    """Without the cyclic collector, which costs a third of the time and finds nothing here.

    What a large project is made of is not looked at afterwards either, until the next analysis or
    the end of the process: to find and free its cycles takes as long as a quarter of its check.
    """
    global _is_frozen
    if not gc.isenabled():
        yield
        return
    if _is_frozen:
        gc.unfreeze()
        gc.collect()
    gc.disable()
    try:
        yield
    finally:
        _is_frozen = gc.get_count()[0] > _MANY_OBJECTS
        if _is_frozen:
            gc.freeze()
        gc.enable()


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Room for long chains of calls while a project is evaluated."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _RECURSION_LIMIT))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
