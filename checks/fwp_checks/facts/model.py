"""Module facts: plain data about one file, with a version, that can be written and read without
pickle.

The serial form is :mod:`marshal` of tuples, lists, dictionaries, strings and numbers: reading it
runs no code, and it is several times faster than JSON. Its format belongs to a Python version, so
the cache recipe names that version.
"""

from __future__ import annotations

import marshal
from array import array
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from fwp_checks.facts.terms import Term

FACTS_VERSION = 12


@dataclass(slots=True, unsafe_hash=True)
class Parameter:
    """One parameter; ``kind`` is ``positional``, ``keyword``, ``any``, ``*`` or ``**``; terms are
    -1 where missing.
    """

    name: str
    kind: str
    annotation: int
    default: int


@dataclass(slots=True, unsafe_hash=True)
class Region:
    """A stretch of terms, ``start <= number < end``, that runs under a condition or repeatedly.

    ``kind`` is ``for``, ``while``, ``if``, ``else``, ``case``, ``try``, ``except``, ``finally``,
    ``with``, ``comprehension``, ``generator`` or ``unreached`` (behind a ``return``, ``raise``,
    ``break`` or ``continue`` of its own block); ``term`` is the iterated element, tested
    condition, subject or context manager, -1 where there is none. ``leaves``: of an ``if`` or
    ``else`` that control never goes on behind (return, raise, break, continue), so that what
    follows runs only where its test came out the other way. ``exits``: control leaves the loop or
    the function from its end, so that it runs once at most; ``breaks``: perhaps only the innermost
    loop.
    """

    kind: str
    start: int
    end: int
    term: int
    is_async: bool
    leaves: bool
    exits: bool
    breaks: bool


LOOPS: frozenset[str] = frozenset({"for", "comprehension", "generator"})
"""Regions that go through something, each time with another element of it."""
ROUNDS: frozenset[str] = LOOPS | {"while"}
"""Regions that run again and again."""

STATEMENT_KINDS = (
    "other", "constant", "expression", "assignment", "augmented", "return", "raise", "if", "for",
    "while", "with", "try", "import", "definition", "assert", "delete", "match",
)  # fmt: skip
KIND_BITS = 5
"""In ``ModuleFacts.statements``, a statement is its first term, then its line above these bits of
its kind.
"""
ATTEMPT = (1 << KIND_BITS) - 1
"""Behind the statements of a function, what is in its place says that the statements of its first
``try`` follow, and in front of it how many: with one more, where the last of them ends.
"""


@dataclass(slots=True, unsafe_hash=True)
class Statement:
    """One statement of a function's own body: its terms are ``start <= number < end``.

    ``kind`` is one of STATEMENT_KINDS; ``constant`` is a docstring or ``...``. It begins on
    ``line`` and ends before the next one, which is on ``end_line`` at the latest.
    """

    kind: str
    start: int
    end: int
    line: int
    end_line: int


@dataclass(slots=True, unsafe_hash=True)
class Import:
    """One imported name: ``from <level dots><module> import <attribute>``; attribute None for
    ``import module``.
    """

    module: str
    attribute: str | None
    level: int
    line: int
    in_function: bool


@dataclass(slots=True)
class Scope:
    """A module, class, function or lambda.

    ``start``/``end`` delimit its terms. ``bindings`` maps each name bound in the scope to its term
    at the end of the scope. ``outer_writes`` are assignments through ``global`` and ``nonlocal``.
    For a class, ``bases`` and ``keywords`` are its class arguments. ``captured`` are comprehension
    variables a nested function can see. ``body`` are the first and the last number of a function's
    statements, as :meth:`ModuleFacts.statements_of` reads them.
    """

    kind: str
    name: str
    parent: int
    line: int
    column: int
    end_line: int
    start: int = 0
    end: int = 0
    is_async: bool = False
    is_generator: bool = False
    awaits: bool = False
    is_stub: bool = False
    parameters: tuple[Parameter, ...] = ()
    decorators: tuple[int, ...] = ()
    returns_annotation: int = -1
    returns: list[int] = field(default_factory=list)
    yields: list[int] = field(default_factory=list)
    bindings: dict[str, int] = field(default_factory=dict)
    annotations: dict[str, int] = field(default_factory=dict)
    outer_writes: list[tuple[str, str, int]] = field(default_factory=list)
    bases: tuple[int, ...] = ()
    keywords: tuple[tuple[str | None, int], ...] = ()
    captured: dict[str, int] = field(default_factory=dict)
    type_parameters: dict[str, int] = field(default_factory=dict)
    body: tuple[int, int] = (0, 0)

    @property
    def is_function(self) -> bool:
        """Whether calling it runs its body: a function or a lambda."""
        return self.kind in ("function", "lambda")

    def close(self) -> None:
        """Share what is empty with all other scopes: most of what most of them have is."""
        self.returns = self.returns or _NO_TERMS
        self.yields = self.yields or _NO_TERMS
        self.bindings = self.bindings or _NO_NAMES
        self.annotations = self.annotations or _NO_NAMES
        self.outer_writes = self.outer_writes or _NO_WRITES
        self.captured = self.captured or _NO_NAMES
        self.type_parameters = self.type_parameters or _NO_NAMES


_NO_TERMS: list[int] = []
_NO_NAMES: dict[str, int] = {}
_NO_WRITES: list[tuple[str, str, int]] = []
_SCOPE_FIELDS = Scope.__match_args__


@dataclass(slots=True)
class ModuleFacts:
    """Everything the linker needs to know of one file.

    ``spans`` holds four numbers a term: line from 1, column from 0 in characters, end line, end
    column. ``attribute_writes`` are the numbers of STORE terms. ``suppressions`` is the data of
    :func:`fwp_checks.facts.comments.suppressions`. ``statements`` is for :meth:`statements_of`.
    ``problem`` is ``(line, column, reason)`` if the file could not be read; everything else is then
    empty.
    """

    terms: list[Term]
    spans: array[int]
    scopes: list[Scope]
    regions: list[Region]
    imports: list[Import]
    star_imports: list[tuple[str, int]]
    attribute_writes: list[int]
    suppressions: Any
    line_count: int
    problem: tuple[int, int, str] | None = None
    statements: array[int] = field(default_factory=lambda: array("I"))

    def statements_of(self, scope: Scope) -> list[Statement]:
        """The statements of a function's own body, in order; none of other scopes."""
        first, last = scope.body
        plain = self.statements
        starts = [*plain[first * 2 : last * 2 : 2], scope.end]
        marks = plain[first * 2 + 1 : last * 2 : 2]
        lines = [mark >> KIND_BITS for mark in marks]
        ends = [*[max(line - 1, 0) for line in lines[1:]], scope.end_line]
        kinds = [STATEMENT_KINDS[mark & (1 << KIND_BITS) - 1] for mark in marks]
        return [
            Statement(kinds[at], starts[at], starts[at + 1], line, max(line, ends[at]))
            for at, line in enumerate(lines)
        ]

    def attempted(self, scope: Scope) -> list[Statement]:
        """The statements in the first ``try`` of a function's own body, in order; none if it has no
        ``try``.
        """
        last = scope.body[1]
        plain = self.statements
        if last * 2 >= len(plain) or plain[last * 2 + 1] != ATTEMPT:
            return []
        count = plain[last * 2]
        records = plain[last * 2 + 2 : (last + 1 + count) * 2]
        starts, marks = records[::2], records[1::2]
        lines = [mark >> KIND_BITS for mark in marks]
        return [
            Statement(
                STATEMENT_KINDS[marks[at] & ATTEMPT],
                starts[at],
                starts[at + 1],
                lines[at],
                max(lines[at], lines[at + 1] - 1),
            )
            for at in range(count - 1)
        ]

    def span(self, term: int) -> tuple[int, int, int, int]:
        """Line, column, end line and end column of a term (lines from 1, columns from 0)."""
        at = term * 4
        line, column, end_line, end_column = self.spans[at : at + 4]
        return line, column, end_line, end_column

    def to_bytes(self) -> bytes:
        """The serial form, read back by :meth:`from_bytes`."""
        plain = (
            FACTS_VERSION,
            self.terms,
            self.spans.tobytes(),
            [_plain_scope(scope) for scope in self.scopes],
            [_plain_region(region) for region in self.regions],
            [_plain_import(imported) for imported in self.imports],
            self.star_imports,
            self.attribute_writes,
            self.suppressions,
            self.line_count,
            self.problem,
            self.statements.tobytes(),
        )
        return marshal.dumps(plain)

    @classmethod
    def from_bytes(cls, data: bytes) -> ModuleFacts:
        """Read the serial form; raises ValueError, EOFError or TypeError on anything else."""
        plain = marshal.loads(data)
        if not isinstance(plain, tuple) or plain[0] != FACTS_VERSION:
            raise ValueError("facts of another version")
        _, terms, spans, scopes, regions, imports, stars, writes, suppressions, *rest = plain
        lines, problem, statements = rest
        return cls(
            terms,
            _numbers(spans),
            [_read_scope(scope) for scope in scopes],
            [_read_region(region) for region in regions],
            [_read_import(imported) for imported in imports],
            stars,
            writes,
            suppressions,
            lines,
            problem,
            _numbers(statements),
        )

    @classmethod
    def empty(cls) -> ModuleFacts:
        """Facts of a file of which nothing matters."""
        module = Scope("module", "", -1, 1, 0, 1)
        return cls([], array("I"), [module], [], [], [], [], {}, 1)

    @classmethod
    def unreadable(cls, line: int, column: int, reason: str, line_count: int = 0) -> ModuleFacts:
        """Facts of a file that could not be read."""
        module = Scope("module", "", -1, 1, 0, 1)
        return cls([], array("I"), [module], [], [], [], [], {}, line_count, (line, column, reason))


def _numbers(data: bytes) -> array[int]:
    numbers = array("I")
    numbers.frombytes(data)
    return numbers


_fields_of_scope = attrgetter(*_SCOPE_FIELDS)
_PARAMETERS = _SCOPE_FIELDS.index("parameters")


def _plain_scope(scope: Scope) -> tuple[Any, ...]:
    plain: tuple[Any, ...] = _fields_of_scope(scope)
    if not scope.parameters:
        return plain
    # marshal writes plain tuples only.
    parameters = tuple([(p.name, p.kind, p.annotation, p.default) for p in scope.parameters])
    return (*plain[:_PARAMETERS], parameters, *plain[_PARAMETERS + 1 :])


def _read_scope(plain: tuple[Any, ...]) -> Scope:
    scope = Scope(*plain)
    if scope.parameters:
        scope.parameters = tuple([_read_parameter(p) for p in plain[_PARAMETERS]])
    return scope


_PlainParameter = tuple[str, str, int, int]
_PlainRegion = tuple[str, int, int, int, bool, bool, bool, bool]
_PlainImport = tuple[str, str | None, int, int, bool]


def _read_parameter(plain: _PlainParameter) -> Parameter:
    name, kind, annotation, default = plain
    return Parameter(name, kind, annotation, default)


def _plain_region(one: Region) -> _PlainRegion:
    return (
        one.kind, one.start, one.end, one.term, one.is_async, one.leaves, one.exits, one.breaks,
    )  # fmt: skip


def _read_region(plain: _PlainRegion) -> Region:
    kind, start, end, term, is_async, leaves, exits, breaks = plain
    return Region(kind, start, end, term, is_async, leaves, exits, breaks)


def _plain_import(one: Import) -> _PlainImport:
    return one.module, one.attribute, one.level, one.line, one.in_function


def _read_import(plain: _PlainImport) -> Import:
    module, attribute, level, line, in_function = plain
    return Import(module, attribute, level, line, in_function)
