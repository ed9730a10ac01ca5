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


def test_what_is_found_apart_is_found_once() -> None:
    """Each of many handlers asks what is registered, which asks all of them."""
    cuts = Cuts()
    memo: dict[str, frozenset[str]] = {}
    asked: list[str] = []

    def handler(name: str) -> frozenset[str]:
        asked.append(name)
        return registered() | {name}

    def everything(name: str) -> frozenset[str]:
        asked.append(name)
        return frozenset().union(*[of(f"handler{number}") for number in range(50)])

    def of(name: str) -> frozenset[str]:
        return cuts.once(memo, name, handler, meanwhile=frozenset())

    def registered() -> frozenset[str]:
        return cuts.apart(memo, "registered", everything, meanwhile=frozenset())

    every = {f"handler{number}" for number in range(50)}
    for number in (7, *range(50)):
        assert of(f"handler{number}") == every
    assert registered() == every
    assert asked.count("registered") == 1
    # Each for what is registered, the first one for itself, too, and again after that.
    assert len(asked) == 1 + 50 + 1 + 49


def test_two_that_are_found_apart_and_need_each_other() -> None:
    cuts = Cuts()
    needs = {"one": ("two", "x"), "two": ("one", "y")}

    def reached(memo: dict[str, frozenset[str]], name: str) -> frozenset[str]:
        def find(name: str) -> frozenset[str]:
            return frozenset(name).union(*[reached(memo, other) for other in needs.get(name, ())])

        return cuts.apart(memo, name, find, meanwhile=frozenset())

    for order in (("one", "two"), ("two", "one")):
        memo: dict[str, frozenset[str]] = {}
        found = {name: reached(memo, name) for name in order}
        assert found["one"] == found["two"] >= {"x", "y"}


def test_a_failure_leaves_nothing_under_way() -> None:
    cuts = Cuts()
    outer: dict[str, int] = {}
    inner: dict[str, int] = {}
    asked = []

    def fail(key: str) -> int:
        asked.append(key)
        raise ValueError

    with pytest.raises(ValueError):
        cuts.apart(outer, "a", lambda _: cuts.once(inner, "b", fail, 7), 5)
    # What has failed counts as nothing, and is not tried again.
    assert (outer, inner) == ({"a": 5}, {"b": 7})
    assert cuts.once(inner, "b", fail, 7) == 7
    assert asked == ["b"]
    memo: dict[str, int] = {}
    assert cuts.once(memo, "c", lambda _: 3, 0) == 3
    assert memo == {"c": 3}
