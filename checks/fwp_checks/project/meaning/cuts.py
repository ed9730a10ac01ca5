"""Cycles of evaluation: where they are cut, and what is not remembered for that.

Whatever is asked for while it is being found out is RECURSIVE, which adds nothing where paths meet.
That is right for the *head* of the cycle, which was asked first: what leads back to it says nothing
new about it. It is not right for what was found on the way, of which the head is a part: that is
remembered until the head is known, and found out again when it is asked for after that. So what
something is found to be does not depend on what was asked before.

What a whole project answers, and hundreds of values depend on (what is registered with a
framework), would be found out again for each of these: it is found out *apart*, as if nothing else
was being found out.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from fwp_checks.project.meaning.values import RECURSIVE, Value

T = TypeVar("T")
_EVERYWHERE = 1 << 60


class Provisional(Value):
    """Stands in a memo for what is being found out, and for what was found on the way of that.

    ``held`` is what it counts as, ``depth`` how many others were being found out around the
    outermost of those that it depends on. It counts where no more than ``within`` of these are left
    out of account. Of what is being found out: ``outermost`` is the least depth of what was met on
    the way, ``before`` how much was not sure when it began.
    """

    __slots__ = ("_cuts", "before", "depth", "held", "outermost", "within")

    def __init__(self, cuts: Cuts, depth: int, held: Any, within: int) -> None:
        self._cuts = cuts
        self.depth = depth
        self.held = held
        self.within = within
        self.outermost = depth
        self.before = 0

    def met(self) -> Value | None:
        """What it counts as where it is asked for; None if it is to be found out there."""
        if not self._cuts.meet(self):
            return None
        held: Value = self.held
        return held


class Cuts:
    """What a project's evaluation is finding out at a moment, one for the sake of the other."""

    def __init__(self) -> None:
        self._depth = 0
        # So many of those around are left out of account.
        self._apart = 0
        # One for each depth, used again and again.
        self._under_way = [Provisional(self, 0, RECURSIVE, 0)]
        self._unsure: list[Callable[[], object]] = []

    def begin(self, meanwhile: Any = RECURSIVE) -> Provisional:
        """Something is found out from now on; what is to stand in its memo until that is done, and
        what it counts as there.
        """
        depth = self._depth = self._depth + 1
        if depth == len(self._under_way):
            self._under_way.append(Provisional(self, depth, RECURSIVE, 0))
        begun = self._under_way[depth]
        begun.held = meanwhile
        begun.within = self._apart
        begun.outermost = depth
        begun.before = len(self._unsure)
        return begun

    def meet(self, met: Provisional) -> bool:
        """Something is asked for that is being found out, or depends on that; whether it counts."""
        if met.within < self._apart:
            return False
        inner = self._under_way[self._depth]
        if met.depth < inner.outermost:
            inner.outermost = met.depth
        return True

    def end(self, begun: Provisional) -> bool:
        """It is found out, or cannot be; whether that holds for good."""
        depth = begun.depth
        self._depth = depth - 1
        if begun.outermost < depth:
            around = self._under_way[depth - 1]
            around.outermost = min(around.outermost, begun.outermost)
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
        return Provisional(self, begun.outermost, found, self._apart)

    def value(
        self, memo: dict[Any, Any], key: Any, known: Value | None, find: Callable[[Any], Value]
    ) -> Value:
        """The value that is found out for a key and remembered under it; ``known`` is what stands
        there, and holds for good only if it is no :class:`Provisional`.
        """
        found: Value = self._found(memo, key, known, find, RECURSIVE)
        return found

    def once(self, memo: dict[Any, Any], key: Any, find: Callable[[Any], T], meanwhile: T) -> T:
        """What is remembered under a key, or is found out for it; ``meanwhile`` is what it counts
        as where it is asked for until it is known.
        """
        found: T = self._found(memo, key, memo.get(key), find, meanwhile)
        return found

    def apart(self, memo: dict[Any, Any], key: Any, find: Callable[[Any], T], meanwhile: T) -> T:
        """The same, apart from what else is being found out."""
        found: T = self._found(memo, key, memo.get(key), find, meanwhile, is_apart=True)
        return found

    def _found(
        self,
        memo: dict[Any, Any],
        key: Any,
        known: Any,
        find: Callable[[Any], Any],
        meanwhile: Any,
        is_apart: bool = False,
    ) -> Any:
        if type(known) is Provisional:
            if self.meet(known):
                return known.held
        elif known is not None:
            return known
        begun = memo[key] = self.begin(meanwhile)
        before = self._apart
        if is_apart:
            begun.within = _EVERYWHERE
            self._apart = begun.depth
        try:
            found = memo[key] = find(key)
        except BaseException:
            memo[key] = meanwhile  # it is not tried again
            raise
        finally:
            self._apart = before
            is_sure = self.end(begun)
        if not is_sure:
            memo[key] = self.provisional(begun, found, partial(memo.pop, key, None))
        return found
