"""Terms of many modules in less memory: what is equal is kept once."""

from __future__ import annotations

from typing import Any

from fwp_checks.facts import terms as t

# Python itself keeps each number up to this one once.
_SHARED_ANYWAY = 256


class Sharing:
    """Makes the terms of modules share what they have in common: the names, texts, parameters and
    definitions that each has, and the numbers by which they refer to other terms.

    A number above 256 is an object of 32 bytes wherever it stands, and a term as short as these
    takes 64. To look for what is equal among all terms takes twice as long as to read them from the
    cache; these are found by one name or number.
    """

    def __init__(self) -> None:
        self._by_text: list[dict[str, t.Term]] = [{} for _ in t.KIND_NAMES]
        self._by_number: list[dict[int, t.Term]] = [{} for _ in t.KIND_NAMES]
        self._numbers: list[Any] = []

    def share(self, terms: list[t.Term]) -> None:
        """Put equal terms, and such of equal numbers, in the places of a module's own."""
        numbers = self._numbers
        numbers.extend(range(len(numbers), len(terms)))
        for at, entry in enumerate(terms):
            kind: int = entry[0]
            if len(entry) == 2 and kind != t.JOIN:
                one = entry[1]
                if isinstance(one, str):
                    terms[at] = self._by_text[kind].setdefault(one, entry)
                elif isinstance(one, int) and kind != t.CONST:
                    terms[at] = self._by_number[kind].setdefault(one, entry)
            elif at <= _SHARED_ANYWAY:
                pass  # so are the numbers of what it refers to, which stands before it
            elif kind == t.ATTR:
                base: int = entry[1]
                terms[at] = (kind, numbers[base], entry[2])
            elif kind == t.CALL:
                function: int = entry[1]
                positional: tuple[int, ...] = entry[2]
                if positional:
                    positional = tuple([numbers[term] for term in positional])
                terms[at] = (kind, numbers[function], positional, entry[3])
            elif kind == t.ITEM:
                base = entry[1]
                key: int = entry[2]
                terms[at] = (kind, numbers[base], numbers[key])
            elif kind == t.JOIN:
                options: tuple[int, ...] = entry[1]
                terms[at] = (kind, tuple([numbers[term] for term in options]))
