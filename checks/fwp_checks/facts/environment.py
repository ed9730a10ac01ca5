"""Which term each local name stands for while a function is walked once, forwards.

An environment is a stack of layers. A branch writes into a layer of its own; where branches meet,
the names they touched become JOIN terms in the layer below. A loop body reads names from before the
loop through a placeholder, which is completed with what the end of the body left for the name (or
becomes an ALIAS when the loop leaves it alone).
"""

from __future__ import annotations

import ast
from typing import Any

from fwp_checks.facts.terms import ALIAS, JOIN, NARROW, NOWHERE, Term

Bindings = dict[str, int]

_HOLDING = (ast.stmt, ast.excepthandler, ast.match_case)
# As many tests of a variable in a loop are looked through.
_MOST_PATHS = 64


class Layer:
    """Names bound in one stretch of code.

    ``ended`` tells that control never leaves it downwards (return, raise, break, continue), and
    ``continues`` that it may go on with the next round of a loop instead, ``breaks`` behind it.
    ``placeholders`` is a dictionary in a loop body: name to (placeholder term, term before the
    loop), and ``exits`` are the bindings at ``break`` and ``continue``.
    """

    __slots__ = ("breaks", "continues", "ended", "exits", "names", "placeholders")

    def __init__(self, is_loop: bool = False) -> None:
        self.names: Bindings = {}
        self.ended = False
        self.continues = False
        self.breaks = False
        self.placeholders: dict[str, tuple[int, int]] | None = {} if is_loop else None
        self.exits: list[Bindings] | None = [] if is_loop else None

    def goes_on_as(self, other: Layer) -> None:
        """Note that control may go on where it may behind another layer."""
        self.continues = self.continues or other.continues
        self.breaks = self.breaks or other.breaks

    @property
    def leaving(self) -> tuple[bool, bool]:
        """Whether control leaves the loop or the function from its end, and whether it then may be
        the loop alone.
        """
        exits = self.ended and not self.continues
        return exits, exits and self.breaks


class Environment:
    """The stack of layers of one scope; ``terms`` and ``spans`` are the module's. ``top`` are the
    names of the top layer: what is bound now is bound there.
    """

    __slots__ = ("_left", "_loops", "_spans", "_terms", "layers", "top")

    def __init__(self, terms: list[Term], spans: list[int]) -> None:
        self._terms = terms
        self._spans = spans
        self.layers: list[Layer] = [Layer()]
        self.top = self.layers[0].names
        self._loops = 0
        # What branches bound that then left the scope: functions made there still see it.
        self._left: dict[str, dict[int, None]] = {}

    def closing(self) -> Bindings:
        """What functions inside see of this scope: what its end left, and what branches left that
        returned or raised before.
        """
        names = self.layers[0].names
        for name, terms in self._left.items():
            if name in names:
                terms = {names[name]: None, **terms}
            options = tuple(terms)
            names[name] = options[0] if len(options) == 1 else self._add((JOIN, options))
        return names

    def _add(self, term: Term) -> int:
        self._spans += NOWHERE
        self._terms.append(term)
        return len(self._terms) - 1

    def get(self, name: str) -> int:
        """The term a name stands for here, or -1 if this scope has not bound it so far."""
        for layer in reversed(self.layers):
            if name in layer.names:
                term = layer.names[name]
                return self._carried(name, term, layer) if self._loops else term
        return -1

    def _carried(self, name: str, term: int, below: Layer) -> int:
        """What a name of a layer stands for inside the loops above it."""
        for layer in self.layers[self.layers.index(below) + 1 :]:
            if layer.placeholders is not None:
                term = self._placeholder(layer.placeholders, name, term)
        return term

    def _placeholder(self, placeholders: dict[str, tuple[int, int]], name: str, before: int) -> int:
        known = placeholders.get(name)
        if known is not None:
            return known[0]
        term = self._add((ALIAS, before))
        placeholders[name] = (term, before)
        return term

    def push(self, is_loop: bool = False) -> Layer:
        """Open a layer for a branch or a loop body."""
        layer = Layer(is_loop)
        self._loops += is_loop
        self.layers.append(layer)
        self.top = layer.names
        return layer

    def pop(self) -> Layer:
        """Close the top layer without joining it."""
        layer = self.layers.pop()
        self.top = self.layers[-1].names
        return layer

    def end(self) -> None:
        """Note that control leaves the scope or loop here."""
        self.layers[-1].ended = True

    def leave_loop(self, *, continues: bool) -> None:
        """Note the bindings at a ``break`` or ``continue``."""
        self.layers[-1].continues = continues
        self.layers[-1].breaks = not continues
        collected: Bindings = {}
        for layer in reversed(self.layers):
            for name, term in layer.names.items():
                collected.setdefault(name, term)
            if layer.exits is not None:
                layer.exits.append(collected)
                break
        self.end()

    def join(self, *branches: Layer) -> None:
        """Merge branches that start from the current layer; ended ones contribute nothing.

        When every branch has ended, the current layer has too.
        """
        for branch in branches:
            if branch.ended:
                for name, term in branch.names.items():
                    self._left.setdefault(name, {})[term] = None
        live = [branch.names for branch in branches if not branch.ended]
        for branch in branches:
            self.layers[-1].goes_on_as(branch)
        if not live:
            self.end()
            return
        if len(live) == 1:
            self.top.update(live[0])
            return
        touched: dict[str, None] = {}
        for names in live:
            touched.update(dict.fromkeys(names))
        for name in touched:
            before = -1
            options: dict[int, None] = {}
            for names in live:
                term = names.get(name, -1)
                if term < 0:
                    if before < 0:
                        before = self.get(name)
                    term = before
                if term >= 0:
                    options[term] = None
            self._bind_join(name, tuple(options))

    def _bind_join(self, name: str, options: tuple[int, ...]) -> None:
        term = options[0] if len(options) == 1 else self._add((JOIN, options))
        self.top[name] = term

    def _is_kept(self, end: int, kept: set[int]) -> bool:
        """Whether a variable is at the end of a round what it was at its beginning, perhaps tested
        meanwhile, on each path. ``kept`` are terms that are known to be so; what is found is added.
        """
        if end in kept:
            return True
        waiting = [end]
        for current in waiting:
            entry = self._terms[current]
            if current in kept:
                continue
            if entry[0] in (ALIAS, NARROW):
                waiting.append(entry[1])
            elif entry[0] == JOIN and len(waiting) < _MOST_PATHS:
                waiting.extend(entry[1])
            else:
                return False
        kept.update(waiting)
        return True

    def close_loop(self) -> None:
        """Close a loop body: complete its placeholders and join it with the case of no run."""
        layer = self.pop()
        self._loops -= 1
        ends = layer.exits or []
        if not layer.ended:
            ends.append(layer.names)
        for name, (placeholder, before) in (layer.placeholders or {}).items():
            options = {before: None}
            kept = {placeholder}
            for names in ends:
                end = names.get(name, before)
                if not self._is_kept(end, kept):
                    options[end] = None
            if len(options) > 1:
                self._terms[placeholder] = (JOIN, tuple(options))
        touched: dict[str, None] = {}
        for names in ends:
            touched.update(dict.fromkeys(names))
        for name in touched:
            found: dict[int, None] = {}
            before = self.get(name)
            if before >= 0:
                found[before] = None
            for names in ends:
                if name in names:
                    found[names[name]] = None
            self._bind_join(name, tuple(found))


def rebinding_in(tree: ast.Module) -> list[tuple[int, str]]:
    """The names that ``nonlocal`` statements of a module declare, each with its line."""
    found: list[tuple[int, str]] = []
    waiting: list[Any] = [tree]
    while waiting:
        node = waiting.pop()
        if type(node) is ast.Nonlocal:
            found += [(node.lineno, name) for name in node.names]
            continue
        # What holds statements holds them in lists; others, of expressions, are left alone.
        for field in node.__dict__.values():
            if type(field) is list and field and isinstance(field[0], _HOLDING):
                waiting += field
    return found
