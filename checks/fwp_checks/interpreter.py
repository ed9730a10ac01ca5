"""How the interpreter runs while a project is analysed."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import TypeVar

# Chains of calls are followed by recursion; Python-to-Python calls take no C stack since 3.11.
_RECURSION_LIMIT = 20_000
_MANY_OBJECTS = 200_000
_is_frozen = False
_Result = TypeVar("_Result")
# Frames of calls lie in chunks of 16 KB, and a chunk is given back to the system as soon as it is
# left: a loop whose calls begin one takes a hundred times as long, wherever that happens to be.
# What declares to need a large stack begins a chunk of twice its size, with room for all that it
# calls; memory that is never touched costs nothing (push_chunk in Python/pystate.c of CPython 3.11
# to 3.13). In words of a machine:
_STACK_SIZE = 1 << 17


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
def rare_collection() -> Iterator[None]:
    """With the cyclic collector only for many objects: those of imports stay in any case, and it
    would go through them a hundred times.
    """
    before = gc.get_threshold()
    gc.set_threshold(_MANY_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Room for long chains of calls while a project is evaluated."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _RECURSION_LIMIT))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def on_one_stack(function: Callable[[], _Result]) -> _Result:
    """What a function gives, called where the frames of long chains of calls lie side by side."""
    code = _call.__code__.replace(co_stacksize=_STACK_SIZE)
    called: _Result = FunctionType(code, {})(function)
    return called


def _call(function: Callable[[], _Result]) -> _Result:
    return function()
