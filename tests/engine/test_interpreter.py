"""How the interpreter runs while a project is analysed."""

from __future__ import annotations

import gc
import sys
from functools import partial

import pytest

from fwp_checks.interpreter import deep_recursion, on_one_stack, rare_collection


def _depth(levels: int) -> int:
    return 1 + _depth(levels - 1) if levels else 0


def test_collection_is_rare_for_a_while() -> None:
    before = gc.get_threshold()
    with pytest.raises(ZeroDivisionError), rare_collection():
        assert gc.get_threshold()[0] > before[0]
        assert 1 // 0
    assert gc.get_threshold() == before


def test_one_stack_gives_what_the_function_gives() -> None:
    with deep_recursion():
        assert on_one_stack(partial(_depth, 5000)) == 5000


def test_one_stack_lets_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError):
        on_one_stack(lambda: 1 // 0)


def test_one_stack_has_room_for_long_chains_of_calls() -> None:
    """The frame around asks for more than all frames of the deepest recursion take."""
    around = on_one_stack(lambda: sys._getframe(1).f_code)
    assert around.co_stacksize >= 100_000
