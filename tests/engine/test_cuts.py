"""Cycles of evaluation: what is found does not depend on what was asked before."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import pytest

from fwp_checks.project.meaning.cuts import Cuts
from fwp_checks.project.meaning.values import Value, options_of

from .trees import linked

# Each needs the others: two cycles that have a part in common, and one that leads there.
_NEEDS = {"a": "bx", "b": "c", "c": "ady", "d": "cz", "e": "be"}


def _asker(memo: dict[str, frozenset[str]], asked: list[str]) -> Callable[[str], frozenset[str]]:
    """What letters lead to, each asked once unless it is forgotten."""
    cuts = Cuts()

    def find(letter: str) -> frozenset[str]:
        asked.append(letter)
        needs = _NEEDS.get(letter)
        return frozenset(letter) if needs is None else frozenset().union(*map(reached, needs))

    def reached(letter: str) -> frozenset[str]:
        return cuts.once(memo, letter, find, meanwhile=frozenset())

    return reached


@pytest.mark.parametrize("order", list(permutations("abcde")))
def test_what_is_found_does_not_depend_on_the_order(order: str) -> None:
    reached = _asker({}, [])
    found = {letter: "".join(sorted(reached(letter))) for letter in order}
    assert found == dict.fromkeys("abcde", "xyz")


def test_what_is_sure_is_remembered() -> None:
    memo: dict[str, frozenset[str]] = {}
    asked: list[str] = []
    reached = _asker(memo, asked)
    reached("a")
    # What depends on the head is to be found out again; the rest is known.
    assert sorted(memo) == ["a", "x", "y", "z"]
    asked.clear()
    reached("c")
    assert sorted(asked) == ["c", "d"]
    asked.clear()
    reached("c")
    assert asked == []


def test_nothing_is_found_out_twice_within_a_cycle() -> None:
    asked: list[str] = []
    reached = _asker({}, asked)
    reached("a")
    assert sorted(asked) == sorted(set(asked))


def test_values_of_names_in_a_cycle_do_not_depend_on_the_order(tmp_path: Path) -> None:
    source = """
    from fastapi import FastAPI

    class Left: ...
    class Right: ...

    def one(deep):
        if deep:
            return two(deep - 1)
        return Left()

    def two(deep):
        if deep:
            return one(deep - 1)
        return Right()

    first = one(unknown)
    second = two(unknown)
    """
    found = []
    for order in (("first", "second"), ("second", "first")):
        project = linked(tmp_path, {"app.py": source})
        module = project.table.by_path["app.py"]
        values: dict[str, Value] = {}
        for name in order:
            values[name] = project.values.global_name(module, name)
        found.append({name: set(map(str, options_of(value))) for name, value in values.items()})
    assert found[0] == found[1]
    assert [len(options) for options in found[0].values()] == [2, 2]
