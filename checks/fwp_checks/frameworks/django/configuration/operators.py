"""What operators, subscripts and loops give."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.django.configuration import changes
from fwp_checks.frameworks.django.configuration.held import (
    NOT_KNOWN,
    Dictionary,
    Held,
    Listing,
    Literal,
    Unknown,
    either,
    extend,
    options_of,
    texts_of,
    truth,
)

if TYPE_CHECKING:
    from fwp_checks.frameworks.django.configuration.runs import Interpreter, Run

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "+=": operator.add, "-": operator.sub, "*": operator.mul,
    "//": operator.floordiv, "/": operator.truediv, "%": operator.mod,
}  # fmt: skip
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
    ">": operator.gt, ">=": operator.ge, "is": operator.is_, "is not": operator.is_not,
    "in": lambda one, other: one in other, "not in": lambda one, other: one not in other,
}  # fmt: skip
# Numbers beyond these are no settings; they would only cost time and memory.
_LARGEST = 1_000_000_000
_LONGEST = 10_000


def result(interpreter: Interpreter, run: Run, entry: t.Term, term: int) -> Held:
    """What an operator gives; unknown for what is none."""
    kind = entry[0]
    if kind == t.BINARY:
        left, right = interpreter.evaluate(run, entry[2]), interpreter.evaluate(run, entry[3])
        return _binary(interpreter, run, term, entry[1], left, right)
    if kind == t.BOOL:
        return _bool(entry[1], [interpreter.evaluate(run, operand) for operand in entry[2]])
    if kind == t.UNARY:
        return _unary(entry[1], interpreter.evaluate(run, entry[2]))
    if kind == t.COMPARE:
        return _compared(
            entry[1], interpreter.evaluate(run, entry[2]), interpreter.evaluate(run, entry[3])
        )
    if kind == t.FORMAT:
        parts = [interpreter.evaluate(run, part) for part in entry[1]]
        given = [part.value for part in parts if isinstance(part, Literal)]
        if len(given) == len(parts) and all(isinstance(value, str) for value in given):
            pairs = zip(entry[2], [*given, ""], strict=True)
            return Literal("".join(text + value for text, value in pairs))
        around = (text for text in entry[2] if text)
        return Unknown((*around, *(text for part in parts for text in texts_of(part)))[:8])
    return NOT_KNOWN


def _binary(
    interpreter: Interpreter, run: Run, term: int, symbol: str, left: Held, right: Held
) -> Held:
    if isinstance(left, Literal) and isinstance(right, Literal):
        return _calculated(_ARITHMETIC.get(symbol), left.value, right.value)
    if isinstance(left, Dictionary) and symbol in ("|", "+="):
        made = left.copied(left.place, interpreter.conditions(run, term))
        changes.merge(made, right, interpreter.place(run, term), is_sure=True)
        return made
    if isinstance(left, Listing):
        made_list = Listing(list(left.items), left.is_open)
        extend(made_list, right)
        return made_list
    return Unknown((*texts_of(left), *texts_of(right))[:8])


def _calculated(calculate: Callable[[Any, Any], Any] | None, left: Any, right: Any) -> Held:
    if calculate is None or any(_is_large(value) for value in (left, right)):
        return NOT_KNOWN
    try:
        return Literal(calculate(left, right))
    except (TypeError, ValueError, ArithmeticError):
        return NOT_KNOWN


def _is_large(value: Any) -> bool:
    if isinstance(value, (int, float)):
        return abs(value) > _LARGEST
    return isinstance(value, (str, bytes)) and len(value) > _LONGEST


def _bool(symbol: str, operands: list[Held]) -> Held:
    found: list[Held] = []
    for operand in operands[:-1]:
        holds = truth(operand)
        if holds is (symbol == "or"):
            return either([*found, operand])
        if holds is None:
            found.append(operand)
    return either([*found, operands[-1]])


def _unary(symbol: str, operand: Held) -> Held:
    if symbol == "not":
        holds = truth(operand)
        return NOT_KNOWN if holds is None else Literal(not holds)
    if symbol == "-" and isinstance(operand, Literal) and isinstance(operand.value, (int, float)):
        return Literal(-operand.value)
    return NOT_KNOWN


def _compared(symbol: str, left: Held, right: Held) -> Held:
    compare = _COMPARISONS.get(symbol)
    others = _container(right) if symbol in ("in", "not in") else right
    found: list[Held] = []
    for one in options_of(left):
        for other in options_of(others):
            if compare is None or not (isinstance(one, Literal) and isinstance(other, Literal)):
                return Unknown((*texts_of(left), *texts_of(right))[:8])
            found.append(_calculated(compare, one.value, other.value))
    return either(found)


def _container(value: Held) -> Held:
    """A list or the keys of a dictionary as a literal, where all of it is known."""
    if isinstance(value, Listing) and not value.is_open:
        if all(isinstance(item, Literal) for item in value.items):
            return Literal(tuple(item.value for item in value.items if isinstance(item, Literal)))
    if isinstance(value, Dictionary) and not value.is_open:
        if all(entry.is_sure for entry in value.entries.values()):
            return Literal(tuple(value.entries))
    return value


def item(base: Held, key: Held) -> Held:
    """``base[key]``."""
    found: list[Held] = []
    for option in options_of(base):
        if isinstance(option, Dictionary) and isinstance(key, Literal):
            entry = option.entries.get(key.value)
            found.append(entry.value if entry is not None else NOT_KNOWN)
        elif isinstance(option, Listing) and isinstance(key, Literal):
            found.append(_at(option, key.value))
        else:
            found.append(Unknown(tuple(texts_of(key))))
    return either(found)


def part(base: Held, bounds: slice | None) -> Held:
    """``base[lower:upper]``."""
    if bounds is None or not isinstance(base, Listing) or base.is_open:
        return NOT_KNOWN
    return Listing(base.items[bounds])


def _at(base: Listing, index: Any) -> Held:
    if base.is_open or not isinstance(index, int):
        return NOT_KNOWN
    return base.items[index] if -len(base.items) <= index < len(base.items) else NOT_KNOWN


def unpacked(value: Held, index: int) -> Held:
    """One of the targets that a value is unpacked to."""
    if isinstance(value, Listing) and index >= 0:
        return _at(value, index)
    return NOT_KNOWN


def elements(value: Held) -> list[Held] | None:
    """What a loop goes through; None if that is not known."""
    found: list[Held] = []
    for option in options_of(value):
        if isinstance(option, Listing):
            found.extend(option.items)
        elif isinstance(option, Dictionary):
            found.extend(Literal(key) for key in option.entries)
        elif isinstance(option, Literal) and isinstance(option.value, tuple):
            found.extend(Literal(value) for value in option.value)
        else:
            return None
    return list(dict.fromkeys(found))
