"""Cycles of evaluation: where they are cut, and what is not remembered for that.

Whatever is asked for while it is being found out is RECURSIVE, which adds nothing where paths meet.
That is right for the *head* of the cycle, which was asked first: what leads back to it says nothing
new about it. It is not right for what was found on the way, of which the head is a part: that is
remembered until the head is known, and found out again when it is asked for after that. So what
something is found to be does not depend on what was asked before.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from fwp_checks.project.meaning.values import RECURSIVE, Value

T = TypeVar("T")

_NOTHING: Value = RECURSIVE


class Provisional(Value):
    """Stands in a memo for what is being found out, and for what was found on the way of that.

    ``held`` is what it counts as, ``depth`` how many others were being found out around the
    outermost of those that it depends on. Of what is being found out: ``outermost`` is the least
    depth of what was met on the way, ``before`` how much was not sure when it began.
    """

    __slots__ = ("_cuts", "before", "depth", "held", "outermost")

    def __init__(self, cuts: Cuts, depth: int, held: Any) -> None:
        self._cuts = cuts
        self.depth = depth
        self.held = held
        self.outermost = depth
        self.before = 0

    def met(self) -> Value:
        """What it counts as, where it is asked for."""
        self._cuts.meet(self.depth)
        held: Value = self.held
        return held


class Cuts:
    """What a project's evaluation is finding out at a moment, one for the sake of the other."""

    def __init__(self) -> None:
        self._depth = 0
        # One for each depth, used again and again.
        self._under_way = [Provisional(self, 0, RECURSIVE)]
        self._unsure: list[Callable[[], object]] = []

    def begin(self, meanwhile: Any = RECURSIVE) -> Provisional:
        """Something is found out from now on; what is to stand in its memo until that is done, and
        what it counts as there.
        """
        depth = self._depth = self._depth + 1
        if depth == len(self._under_way):
            self._under_way.append(Provisional(self, depth, RECURSIVE))
        begun = self._under_way[depth]
        begun.held = meanwhile
        begun.outermost = depth
        begun.before = len(self._unsure)
        return begun

    def meet(self, depth: int) -> None:
        """What depends on something that is being found out at this depth is asked for."""
        inner = self._under_way[self._depth]
        if depth < inner.outermost:
            inner.outermost = depth

    def end(self, begun: Provisional) -> bool:
        """It is found out, or cannot be; whether that holds for good."""
        depth = begun.depth
        self._depth = depth - 1
        if begun.outermost < depth:
            self.meet(begun.outermost)
            return False
        while len(self._unsure) > begun.before:
            self._unsure.pop()()
        return True

    def provisional(
        self, begun: Provisional, found: Any, forget: Callable[[], object]
    ) -> Provisional:
        """What is to stand in a memo for something found that does not hold for good, until
        ``forget`` is called, which takes it out.
        """
        self._unsure.append(forget)
        return Provisional(self, begun.outermost, found)

    def value(self, memo: dict[Any, Any], key: Any, find: Callable[[Any], Value]) -> Value:
        """The same as :meth:`once`, of a value."""
        return self.once(memo, key, find, meanwhile=_NOTHING)

    def once(self, memo: dict[Any, Any], key: Any, find: Callable[[Any], T], meanwhile: T) -> T:
        """What is remembered under a key, or found out for it; ``meanwhile`` is what it counts as
        where it is asked for while it is being found out.
        """
        known = memo.get(key)
        found: T
        if known is None:
            begun = memo[key] = self.begin(meanwhile)
            found = memo[key] = find(key)
            if not self.end(begun):
                memo[key] = self.provisional(begun, found, partial(memo.pop, key, None))
        elif type(known) is Provisional:
            self.meet(known.depth)
            found = known.held
        else:
            found = known
        return found
