"""When statements of two functions say the same.

A statement is turned into a *form*: nested tuples that are equal where two statements do the same
with the same things. Variables are the values they hold, numbered as they come up, so their names
do not matter; classes, functions and other globals are told apart by where they are defined, and
texts of messages (what is raised, what is answered where control leaves) not at all.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Region, Statement
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.values import ClassValue, External, Instance, Member, Union, Unknown

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

Form = Hashable

# Terms that do nothing by themselves: what they stand for counts where it is used.
_SILENT = frozenset({t.NARROW, t.ALIAS, t.PARAM, t.NAME, t.CONST, t.IMPORT, t.CAUGHT})
_CLASSES = (t.NAME, t.IMPORT, t.ATTR)
_TO_TEXT = ((t.NAME, "str"), (t.NAME, "repr"))
_MESSAGE_KEYWORDS = frozenset(
    {"detail", "message", "msg", "description", "reason", "error", "title", "example", "examples"}
)
_STATUS_KEYWORD = "status_code"
_LOGGING = frozenset({"debug", "info", "warning", "warn", "error", "exception", "critical", "log"})
_CLOCKS = frozenset(
    {
        "time.time",
        "time.perf_counter",
        "time.perf_counter_ns",
        "time.monotonic",
        "time.time_ns",
        "time.process_time",
        "timeit.default_timer",
    }
)
_CLOCK_NAMES = frozenset(name.rpartition(".")[2] for name in _CLOCKS)
_SCALARS = frozenset(
    {
        *(f"builtins.{name}" for name in ("int", "str", "float", "bool", "bytes")),
        "uuid.UUID",
        "datetime.date",
        "datetime.datetime",
        "decimal.Decimal",
    }
)
# starlette.status, django's rest_framework.status
_STATUS = re.compile(r"HTTP_(\d{3})_")
_RETURN = re.compile(r"[ \t]*(?:return)\b[ \t]*([^#\n]*)")


class Reading:
    """Reads the statements of one function, from its first one on."""

    def __init__(self, project: Project, frame: Frame) -> None:
        self._project = project
        self._frame = frame
        self._facts = frame.module.facts
        self._terms = self._facts.terms
        self._values: dict[int, int] = {}
        self._parameters: dict[int, Form] = {}
        self._returned = set(frame.scope.returns)
        self._known_roots: dict[tuple[int, int], list[int]] = {}

    # -- statements --------------------------------------------------------------------------------

    @cached_property
    def _statements(self) -> list[Statement]:
        """The function's own statements."""
        return self._facts.statements_of(self._frame.scope)

    def statements(self, inner: Sequence[Statement] = ()) -> Iterator[tuple[Statement, Form]]:
        """The statements that do something, each with its form. Docstrings, imports, log lines and
        the reading of clocks are left out. ``inner``: in place of the function's own.
        """
        for statement in inner or self._statements:
            if not self.is_idle(statement):
                yield statement, self.form(statement)

    def form(self, statement: Statement) -> Form:
        """The form of a statement, after those that were read before."""
        is_last = statement.kind == "return" or statement == self._statements[-1]
        return (statement.kind, *self.stretch(statement.start, statement.end, returns=is_last))

    def stretch(
        self, start: int, end: int, *, returns: bool = True, is_answer: bool = False
    ) -> tuple[Form, ...]:
        """The form of a stretch of terms: what is done there, and under which conditions.

        ``returns``: what is returned in it is returned there, and not by a later statement.
        ``is_answer``: it ends the request, so that texts do not matter, nor do log lines.
        """
        regions = [r for r in self._regions() if _lies_in(r, start, end)]
        items: list[tuple[int, int, int, Form]] = []
        for number, region in enumerate(regions):
            mark = (region.kind, region.is_async, region.leaves, region.exits)
            caught = region.term if region.kind == "except" else -1
            type_ = self.term(caught) if caught >= 0 else ()
            items.append((region.start, 0, -number, ("begin", *mark, type_)))
            items.append((region.end, -1, number, ("end", region.kind)))
        roots = [r for r in self.roots(start, end) if not (is_answer and self.is_log(r))]
        leaving = [region for region in regions if region.exits]
        items += [(root, 1, 0, ("at", root)) for root in roots]
        found: list[Form] = []
        for _, _, _, item in sorted(items, key=lambda one: one[:3]):
            if isinstance(item, tuple) and item[0] == "at":
                is_last = any(region.start <= item[1] < region.end for region in leaving)
                found.append(self._root(item[1], returns or is_last, is_answer or is_last))
            else:
                found.append(item)
        found += self._plain_answers(start, leaving, roots)
        return tuple(found)

    def roots(self, start: int, end: int) -> list[int]:
        """The terms of a stretch that no other one there is made of."""
        known = self._known_roots.get((start, end))
        if known is None:
            terms = self._terms
            used: set[int] = set()
            known = []
            for term in range(start, end):
                if terms[term][0] not in _SILENT:
                    used.update(t.operands(terms[term]))
                    known.append(term)
            known = self._known_roots[start, end] = [term for term in known if term not in used]
        return known

    def _root(self, term: int, returns: bool, is_answer: bool) -> Form:
        entry = self._terms[term]
        if entry[0] == t.RAISE:
            raised = self.term(entry[1], is_message=True) if entry[1] >= 0 else ()
            # "raise Error" raises Error().
            is_class = entry[1] >= 0 and self._terms[entry[1]][0] in _CLASSES
            return ("raise", ("call", raised, ()) if is_class else raised)
        if returns and term in self._returned:
            return ("return", self.term(term, is_message=is_answer))
        return self.term(term)

    def _plain_answers(self, start: int, leaving: list[Region], roots: list[int]) -> list[Form]:
        """What is returned without a term of its own: ``return None``, ``return x``."""
        if not leaving or any(self._terms[root][0] == t.RAISE for root in roots):
            return []
        text = self._frame.module.text
        if text is None:
            return [("unread", self._frame.module.path, start)]
        first = next((s for s in map(self._facts.span, roots) if s[0]), None)
        if first is None:
            return []
        lines = text.split("\n")[first[0] - 1 : self._end_line(start)]
        answers = [match.group(1).strip() for match in map(_RETURN.match, lines) if match]
        names = {one: "" for one in answers if one.isidentifier() and not one[:1].isupper()}
        return [
            (
                "answers",
                *[
                    names.get(one, one)
                    for one in answers
                    if "(" not in one and one[:1] not in "{[\"'f"
                ],
            )
        ]

    def _end_line(self, start: int) -> int:
        for statement in self._statements:
            if statement.start <= start < statement.end:
                return statement.end_line
        return self._frame.scope.end_line

    def _regions(self) -> list[Region]:
        return self._frame.module.regions_in(self._frame.scope_number)

    # -- what is left out --------------------------------------------------------------------------

    def is_idle(self, statement: Statement) -> bool:
        """Whether a statement does nothing for the request: a docstring, a log line."""
        kind = statement.kind
        if kind in ("constant", "import", "other"):
            return True
        if kind not in ("expression", "assignment"):
            return False
        roots = self.roots(statement.start, statement.end)
        if kind == "expression":
            return bool(roots) and all(self.is_log(root) for root in roots)
        return len(roots) == 1 and self._is_clock(roots[0])

    def is_log(self, root: int) -> bool:
        """Whether an expression statement only writes to a log or the console."""
        terms = self._terms
        entry = terms[root]
        call = terms[entry[1]] if entry[0] == t.DROP else entry
        if call[0] == t.AWAIT:
            call = terms[call[1]]
        if call[0] != t.CALL:
            return False
        called = terms[call[1]]
        if called[0] == t.ATTR and called[2] in _LOGGING:
            # A logger is a global, whatever library it is of.
            return terms[called[1]][0] in (t.NAME, t.IMPORT, t.ATTR, t.CALL)
        return bool(called == (t.NAME, "print"))

    def _is_clock(self, root: int) -> bool:
        entry = self._terms[root]
        # Most calls are told apart by their last name, which costs nothing.
        if entry[0] != t.CALL or last_name(self._terms[entry[1]]) not in _CLOCK_NAMES:
            return False
        value = self._project.values.evaluate(self._frame, entry[1])
        return isinstance(value, (External, Member)) and value.name in _CLOCKS

    # -- terms -------------------------------------------------------------------------------------

    def term(self, term: int, *, is_message: bool = False) -> Form:
        """The form of a value; of one that came up before, its number."""
        entry = self._terms[term]
        kind = entry[0]
        if kind in (t.ALIAS, t.NARROW) or (kind == t.DECLARED and entry[1] >= 0):
            return self.term(entry[1], is_message=is_message)
        if kind == t.CONST:
            is_text = is_message and isinstance(entry[1], str)
            return ("text",) if is_text else ("constant", type(entry[1]).__name__, entry[1])
        if kind in (t.NAME, t.IMPORT):
            return self._global(term)
        if kind == t.PARAM:
            return self._parameter(entry[1])
        if kind == t.DEFINITION:
            return ("definition", self._frame.module.path, entry[1])
        if term in self._values:
            return ("value", self._values[term])
        # What a loop carries round is made of itself.
        self._values[term] = len(self._values)
        return self._made(term, entry, is_message)

    def _made(self, term: int, entry: t.Term, is_message: bool) -> Form:
        kind = entry[0]
        inner = [self.term(one, is_message=is_message) for one in self._operands(entry)]
        if kind == t.ATTR:
            status = _STATUS.match(entry[2])
            if status is not None:
                return ("constant", "int", int(status[1]))
            return ("attribute", *inner, entry[2], self._owner(entry))
        if kind == t.CALL:
            if is_message and self._terms[entry[1]] in _TO_TEXT:
                return ("text",)
            keywords: list[Form] = []
            for name, value in entry[3]:
                if is_message and name == _STATUS_KEYWORD:
                    # HTTPException(404) says the same as HTTPException(status_code=404).
                    inner.insert(1, self.term(value, is_message=True))
                elif not (is_message and name in _MESSAGE_KEYWORDS):
                    keywords.append((name, self.term(value, is_message=is_message)))
            if is_message:
                inner = [form for form in inner if form != ("text",)]
            return ("call", *inner, tuple(keywords))
        if kind in (t.BINARY, t.COMPARE, t.UNARY, t.BOOL, t.SEQUENCE, t.COMPREHENSION):
            return (kind, entry[1], *inner)
        if kind == t.FORMAT:
            return ("text",) if is_message else ("format", self._source(term), *inner)
        if kind == t.UNPACK:
            return (kind, *inner, entry[2])
        if kind in (t.ITER, t.ENTER, t.YIELD):
            return (kind, *inner, entry[2])
        if kind == t.STORE:
            return (kind, *inner, entry[2])
        if kind in (t.SLICE, t.MAPPING):
            missing = _missing(entry)
            return (kind, *inner, missing)
        if kind == t.UNKNOWN:
            return (kind, self._frame.module.path, term)
        return (kind, *inner)

    def _owner(self, entry: t.Term) -> Form:
        """The class that binds ``self.name``: each may bind something else under a name."""
        module = self._frame.module
        if not module.is_parameter(entry[1], self._frame.scope_number, 0):
            return None
        class_ = self._project.calls.class_of_method(module, self._frame.scope_number)
        if class_ is None:
            return None
        for owner in self._project.classes.info(class_).order:
            if isinstance(owner, ClassValue):
                if entry[2] in owner.module.facts.scopes[owner.scope].bindings:
                    return owner.module.path, owner.scope
        return None

    @staticmethod
    def _operands(entry: t.Term) -> list[int]:
        if entry[0] == t.CALL:
            return [entry[1], *entry[2]]
        return t.operands(entry)

    def _global(self, term: int) -> Form:
        frame, place = self._project.types.resolve(self._frame, term)
        entry = frame.module.facts.terms[place]
        if entry[0] == t.NAME:
            return ("name", entry[1])
        if entry[0] == t.IMPORT and not entry[3]:
            return ("import", entry[1], entry[2])
        return ("global", frame.module.path, place)

    def _parameter(self, index: int) -> Form:
        known = self._parameters.get(index)
        if known is None:
            number = len(self._parameters)
            known = self._parameters[index] = ("parameter", number, self._declared(index))
        return known

    def _declared(self, index: int) -> Form:
        """What a parameter is: any plain value, an object of a class, or what is injected."""
        parameter = self._frame.scope.parameters[index]
        around = self._frame.parent or self._frame
        outside = Reading(self._project, around)
        given: list[Form] = []
        if parameter.default >= 0 and _is_injected(around, parameter.default):
            given.append(("default", outside.term(parameter.default, is_message=True)))
        for frame, term in self._project.types.metadata(around, parameter.annotation):
            if _is_injected(frame, term):
                given.append(
                    ("metadata", Reading(self._project, frame).term(term, is_message=True))
                )
        if parameter.annotation < 0:
            return tuple(given)
        declared = self._project.types.annotation(around, parameter.annotation)
        if not given and (isinstance(declared, Unknown) or _is_scalar(declared)):
            return ()
        return (*given, outside.term(parameter.annotation))

    def _source(self, term: int) -> Form:
        """What a formatted text says between its values."""
        text = self._frame.module.text
        line, column, end_line, end_column = self._facts.span(term)
        if text is None or not line:
            return (self._frame.module.path, term)
        lines = text.split("\n")[line - 1 : end_line]
        lines[-1] = lines[-1][:end_column]
        lines[0] = lines[0][column:]
        return re.sub(r"\{[^{}]*\}", "{}", " ".join(lines))


def _plain(answer: str) -> str:
    """A returned constant; nothing for variables and for what has terms of its own."""
    is_constant = answer in ("", "None", "True", "False") or answer[:1].isdigit()
    return answer if is_constant else "…"


def last_name(entry: t.Term) -> str:
    """The last part of a name as it is written: ``get`` of ``session.get``."""
    if entry[0] == t.NAME:
        return str(entry[1])
    return str(entry[2] or entry[1]) if entry[0] in (t.ATTR, t.IMPORT) else ""


def _lies_in(region: Region, start: int, end: int) -> bool:
    """Whether a region is part of a stretch; an empty one belongs to what comes before it."""
    if region.start == region.end:
        return start < region.start <= end
    return start <= region.start and region.end <= end


def _missing(entry: t.Term) -> Form:
    """Which parts of a slice or a mapping are not there."""
    if entry[0] == t.SLICE:
        _, lower, upper, step = entry
        return (lower < 0, upper < 0, step < 0)
    return tuple([key < 0 for key, _ in entry[1]])


def _is_injected(frame: Frame, term: int) -> bool:
    """Whether a parameter's default or metadata names a function, as ``Depends(get_db)`` does."""
    terms = frame.module.facts.terms
    entry = terms[term]
    if entry[0] != t.CALL:
        return False
    given = [*entry[2][:1], *[value for _, value in entry[3]]]
    return any(terms[one][0] in (t.NAME, t.ATTR, t.IMPORT, t.DEFINITION, t.CALL) for one in given)


def _is_scalar(value: object) -> bool:
    if isinstance(value, Union):
        return all(_is_scalar(option) or isinstance(option, Unknown) for option in value.options)
    return isinstance(value, Instance) and value.class_ in _SCALARS
