"""What decides the cases of a ``match`` statement, comparisons where they are cases of values; and
what the cases bind.

Source: https://docs.python.org/3/reference/compound_stmts.html#value-patterns
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t

if TYPE_CHECKING:
    from fwp_checks.facts.expressions import Expressions


def case_test(
    extracted: Expressions, case: ast.match_case, subject: int, before: Sequence[int] | None
) -> int:
    """The term of the comparison that decides a case of values, or of what is left after such
    cases, whose terms are ``before`` (None: another case stands before). -1 if nothing decides it.
    """
    if before is None or case.guard is not None:
        return -1
    if is_default(case.pattern):
        if not before:
            return -1
        held = extracted.add_plain((t.BOOL, "or", tuple(before)))
        return extracted.add_plain((t.UNARY, "not", held))
    found = [extracted.expression(value) for value in _values_of(case.pattern)]
    if len(found) == 1:
        return extracted.add((t.COMPARE, "==", subject, found[0]), case.pattern)
    if not found:
        return -1
    values = extracted.add_plain((t.SEQUENCE, "tuple", tuple(found)))
    return extracted.add((t.COMPARE, "in", subject, values), case.pattern)


def bind_names(extracted: Expressions, pattern: ast.pattern, subject: int) -> None:
    """Bind the names of a pattern to what they are of its subject, a term."""
    if isinstance(pattern, ast.MatchAs):
        if pattern.pattern is not None:
            if isinstance(pattern.pattern, ast.MatchClass):
                class_ = extracted.expression(pattern.pattern.cls)
                subject = extracted.add((t.NARROW, subject, "instance", class_), pattern)
            bind_names(extracted, pattern.pattern, subject)
        if pattern.name:
            extracted.bind(pattern.name, subject)
    elif isinstance(pattern, ast.MatchClass):
        for attribute, inner in zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True):
            bind_names(extracted, inner, extracted.add((t.ATTR, subject, attribute), pattern))
        for inner in pattern.patterns:
            unknown = extracted.add((t.UNKNOWN, "positional class pattern"), pattern)
            bind_names(extracted, inner, unknown)
    elif isinstance(pattern, ast.MatchSequence):
        stars = [type(inner) is ast.MatchStar for inner in pattern.patterns]
        for inner, at in zip(pattern.patterns, t.unpacked_at(stars), strict=True):
            bind_names(extracted, inner, extracted.add((t.UNPACK, subject, at), pattern))
    elif isinstance(pattern, ast.MatchMapping):
        for key, inner in zip(pattern.keys, pattern.patterns, strict=True):
            value = extracted.add((t.ITEM, subject, extracted.expression(key)), pattern)
            bind_names(extracted, inner, value)
        if pattern.rest:
            rest = extracted.add((t.UNKNOWN, "rest of a mapping pattern"), pattern)
            extracted.bind(pattern.rest, rest)
    elif isinstance(pattern, ast.MatchStar) and pattern.name:
        extracted.bind(pattern.name, subject)
    elif isinstance(pattern, ast.MatchOr):
        for inner in pattern.patterns:
            bind_names(extracted, inner, subject)


def is_default(pattern: ast.pattern) -> bool:
    """Whether a pattern matches whatever comes: ``case _``, ``case name``."""
    return isinstance(pattern, ast.MatchAs) and pattern.pattern is None


def _values_of(pattern: ast.pattern) -> list[ast.expr]:
    """The values that a pattern lists; none if it asks for anything else."""
    if isinstance(pattern, ast.MatchValue):
        return [pattern.value]
    if not isinstance(pattern, ast.MatchOr):
        return []
    inner = [one.value for one in pattern.patterns if isinstance(one, ast.MatchValue)]
    return inner if len(inner) == len(pattern.patterns) else []
