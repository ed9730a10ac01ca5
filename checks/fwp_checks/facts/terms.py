"""The term table: what expressions say, without the tree.

A module's terms are one list of tuples; a term refers to other terms by number, so
``qs = a.filter(x); qs = qs.all()`` leaves a small DAG and no copies. The first item of each tuple
is one of the kinds below; the shapes are:

====================  ============================================================================
``CONST``             ``value``: None, bool, int, float, complex, str, bytes or Ellipsis
``NAME``              ``name``: a name this function does not bind; looked up outwards when linked
``PARAM``             ``index`` into the scope's parameters
``ATTR``              ``base, name``
``CALL``              ``function, (positional, …), ((keyword or None for **, term), …)``
``AWAIT``             ``operand``
``ITER``              ``iterable, is_async``: one element
``ENTER``             ``context manager, is_async``: the target of ``with … as``
``ITEM``              ``base, key``
``JOIN``              ``(terms, …)``: one of these, depending on the path taken
``SEQUENCE``          ``"list" | "tuple" | "set", (terms, …)``
``MAPPING``           ``((key or -1 for **, value), …)``
``DEFINITION``        ``scope``: the function, lambda or class of that scope number
``BINARY``            ``operator, left, right``
``COMPARE``           ``operator, left, right``
``BOOL``              ``"and" | "or", (terms, …)``
``UNARY``             ``operator, operand``
``COMPREHENSION``     ``"list" | "set" | "dict" | "generator", element, key or -1, region``
``UNPACK``            ``sequence, index`` (``REST``: the starred rest; behind it -2 for the last
                      item, -3 for the one before …)
``YIELD``             ``operand or -1, is_from``
``FORMAT``            ``(terms, …), (texts, …)``: the parts of an f-string, and the texts around
                      them, one more; in templates only the parts
``TRUTH``             ``operand``: tested for truth here
``DROP``              ``operand``: an expression statement, its value is not used
``NARROW``            ``operand, test, argument or -1``: the operand where a test has succeeded
``UNKNOWN``           ``reason``
``ALIAS``             ``term``: the same value
``IMPORT``            ``module, attribute or None, level``
``STAR``              ``operand``: ``*x`` in a call or display
``CAUGHT``            ``exception type or -1``: the target of ``except … as``
``SLICE``             ``lower, upper, step`` (-1 where missing)
``STORE``             ``base, name, value``: an attribute is assigned
``STORE_ITEM``        ``base, key, value``; value -1: the item is deleted
``RAISE``             ``exception or -1``
``TYPE_VARIABLE``     ``name, bound or -1``
``DECLARED``          ``value or -1, annotation``: a variable with an annotation
``LOOKUP``            ``base, name, is_called``: what a template reads as ``base.name``
``RENDER``            ``what, operand, ((name, term), …), is_isolated``: a part of a template runs;
                      of a ``tag`` instead the name that its result is kept under, or ""
``REGISTERED``        ``"filter" | "tag", name, (libraries, …)``: what templates know under a name
====================  ============================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

Term = tuple[int, *tuple[Any, ...]]

COROUTINE_QUESTIONS: Final = frozenset({"iscoroutinefunction", "is_async_callable"})
"""The last names of what tells whether calling something gives a coroutine (asyncio, inspect,
asgiref, Starlette).
"""

GENERATOR_QUESTIONS: Final = frozenset({"isgeneratorfunction", "isasyncgenfunction"})
"""The last names of what tells whether calling something gives a generator (inspect)."""

REST: Final = -1
"""The index in UNPACK of what a starred target takes."""

NOWHERE = (0, 0, 0, 0)
"""The span of a term that has no place of its own in the source."""

CONST: Final = 0
NAME: Final = 1
PARAM: Final = 2
ATTR: Final = 3
CALL: Final = 4
AWAIT: Final = 5
ITER: Final = 6
ENTER: Final = 7
ITEM: Final = 8
JOIN: Final = 9
SEQUENCE: Final = 10
MAPPING: Final = 11
DEFINITION: Final = 12
BINARY: Final = 13
COMPARE: Final = 14
BOOL: Final = 15
UNARY: Final = 16
COMPREHENSION: Final = 17
UNPACK: Final = 18
YIELD: Final = 19
FORMAT: Final = 20
TRUTH: Final = 21
DROP: Final = 22
NARROW: Final = 23
UNKNOWN: Final = 24
ALIAS: Final = 25
IMPORT: Final = 26
STAR: Final = 27
CAUGHT: Final = 28
SLICE: Final = 29
STORE: Final = 30
STORE_ITEM: Final = 31
RAISE: Final = 32
TYPE_VARIABLE: Final = 33
DECLARED: Final = 34
LOOKUP: Final = 35
RENDER: Final = 36
REGISTERED: Final = 37

NOTHING: Term = (UNKNOWN, "")
"""Where there is no term."""

KIND_NAMES = [
    "CONST",
    "NAME",
    "PARAM",
    "ATTR",
    "CALL",
    "AWAIT",
    "ITER",
    "ENTER",
    "ITEM",
    "JOIN",
    "SEQUENCE",
    "MAPPING",
    "DEFINITION",
    "BINARY",
    "COMPARE",
    "BOOL",
    "UNARY",
    "COMPREHENSION",
    "UNPACK",
    "YIELD",
    "FORMAT",
    "TRUTH",
    "DROP",
    "NARROW",
    "UNKNOWN",
    "ALIAS",
    "IMPORT",
    "STAR",
    "CAUGHT",
    "SLICE",
    "STORE",
    "STORE_ITEM",
    "RAISE",
    "TYPE_VARIABLE",
    "DECLARED",
    "LOOKUP",
    "RENDER",
    "REGISTERED",
]

# Where the numbers of other terms stand in a term: by kind, the items that are one (-1: none).
_SINGLE = {
    ATTR: (1,), AWAIT: (1,), ITER: (1,), ENTER: (1,), ITEM: (1, 2), BINARY: (2, 3),
    COMPARE: (2, 3), UNARY: (2,), COMPREHENSION: (2, 3), UNPACK: (1,), YIELD: (1,), TRUTH: (1,),
    DROP: (1,), NARROW: (1, 3), ALIAS: (1,), STAR: (1,), CAUGHT: (1,), SLICE: (1, 2, 3),
    STORE: (1, 3), STORE_ITEM: (1, 2, 3), RAISE: (1,), TYPE_VARIABLE: (2,), DECLARED: (1, 2),
    LOOKUP: (1,), RENDER: (2,),
}  # fmt: skip


def operands(entry: Term) -> list[int]:
    """The terms that a term refers to, in order."""
    kind: int = entry[0]
    single = _SINGLE.get(kind)
    if single is not None:
        found = [entry[at] for at in single if entry[at] >= 0]
        return [*found, *[term for _, term in entry[3]]] if kind == RENDER else found
    if kind in (JOIN, FORMAT):
        return list(entry[1])
    if kind in (SEQUENCE, BOOL):
        return list(entry[2])
    if kind == CALL:
        return [entry[1], *entry[2], *[term for _, term in entry[3]]]
    if kind == MAPPING:
        return [term for item in entry[1] for term in item if term >= 0]
    return []


def unpacked_at(stars: Sequence[bool]) -> list[int]:
    """The indexes in UNPACK of several targets, from whether each is starred."""
    count = len(stars)
    if True not in stars:
        return list(range(count))
    rest = list(stars).index(True)
    return [at if at < rest else REST if at == rest else at - count - 1 for at in range(count)]


def displayed(terms: list[Term], value: int, stars: Sequence[bool]) -> Sequence[int] | None:
    """The items of a display that is taken apart by targets, given whether each is starred; None if
    it is no display, or one that does not tell them.
    """
    if terms[value][0] != SEQUENCE:
        return None
    items: Sequence[int] = terms[value][2]
    fits = len(items) >= len(stars) - 1 if True in stars else len(items) == len(stars)
    return items if fits and all(terms[item][0] != STAR for item in items) else None


def unaliased(terms: list[Term], term: int) -> int:
    """The term that a variable stands for, seen through tests and loops that leave it alone."""
    entry = terms[term]
    kind: int = entry[0]
    while kind in (ALIAS, NARROW):
        term = entry[1]
        entry = terms[term]
        kind = entry[0]
    return term


def depends_on(terms: list[Term], term: int, kind: int) -> bool:
    """Whether a term is of a kind (a parameter, say), or made of one that is; False for -1."""
    return bool(reached(terms, term, kind))


def reached(terms: list[Term], term: int, kind: int) -> list[int]:
    """The terms of a kind that a term is made of, without those inside of them; none for -1."""
    waiting = [term] if term >= 0 else []
    found = []
    for current in waiting:
        if terms[current][0] == kind:
            found.append(current)
        else:
            waiting.extend(operands(terms[current])[: _MOST_OPERANDS - len(waiting)])
    return list(dict.fromkeys(found))


_MOST_OPERANDS = 50
