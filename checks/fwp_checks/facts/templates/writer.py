"""What both template languages share: terms with positions in the template, scopes, variables.

A template is a function of one parameter, its context: the names that whoever renders it hands
over. A name that the template binds itself (``{% for %}``, ``{% with %}``) stands for its term, any
other one is read from the context. Blocks and macros are scopes of their own; in a macro the
context is that of the template around it.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from fwp_checks.facts import terms as t
from fwp_checks.facts.environment import Environment
from fwp_checks.facts.model import ModuleFacts, Parameter, Region, Scope
from fwp_checks.facts.templates import CONTEXT
from fwp_checks.facts.templates.source import Text

_CONTEXT_PARAMETER = Parameter(CONTEXT, "any", -1, -1)


class Writer:
    """Appends the terms of one template. Spans are given as two indexes into its text."""

    # Whether a variable that can be called is called where it is read.
    calls_variables = True

    def __init__(self, source: Text) -> None:
        self.source = source
        self.text = source.text
        self.terms: list[t.Term] = []
        self.spans: list[int] = []
        self.regions: list[Region] = []
        self.scopes = [Scope("module", "", -1, 1, 0, source.line_count)]
        self.environment = Environment(self.terms, self.spans)
        self.scope_number = 0
        self._read: dict[str, int] = {}
        self._context = -1
        self._bodies: deque[tuple[int, Callable[[], None]]] = deque()

    def facts(self) -> ModuleFacts:
        """What was found."""
        self.scopes[0].start = self.scopes[0].end = 0
        return ModuleFacts(
            self.terms, array("I", self.spans), self.scopes, self.regions, [], [], [], {},
            self.source.line_count,
        )  # fmt: skip

    # -- terms -------------------------------------------------------------------------------------

    def add(self, term: t.Term, start: int, end: int) -> int:
        """Append a term that stands at a stretch of the text; gives its number."""
        line, column = self.source.position(start)
        end_line, end_column = self.source.position(end)
        self.spans += (line, column, end_line, end_column)
        self.terms.append(term)
        return len(self.terms) - 1

    def add_plain(self, term: t.Term) -> int:
        """Append a term that has no place of its own in the text."""
        self.spans += t.NOWHERE
        self.terms.append(term)
        return len(self.terms) - 1

    def region(self, kind: str, start: int, term: int = -1) -> int:
        """Close a region that began at term number ``start``; gives its number."""
        self.regions.append(Region(kind, start, len(self.terms), term, False, False, False, False))
        return len(self.regions) - 1

    def builtin(self, name: str, start: int, end: int) -> int:
        """The function of this name among Python's builtins."""
        return self.add((t.IMPORT, "builtins", name, 0), start, end)

    def call(self, function: int, arguments: Sequence[int], start: int, end: int) -> int:
        """A call with positional arguments."""
        return self.add((t.CALL, function, tuple(arguments), ()), start, end)

    def tested(self, term: int, start: int, end: int) -> int:
        """A term that is tested for truth here."""
        if self.terms[term][0] not in (t.COMPARE, t.CONST, t.BOOL, t.UNARY):
            self.add((t.TRUTH, term), start, end)
        return term

    def each(self, iterable: int, start: int, end: int, read: Callable[[int], int]) -> int:
        """What is read from each element of an iterable, as a list."""
        begin = len(self.terms)
        element = self.add((t.ITER, iterable, False), start, end)
        found = read(element)
        number = self.region("comprehension", begin, element)
        return self.add((t.COMPREHENSION, "list", found, -1, number), start, end)

    def path(self, base: int, names: Sequence[str], start: int, end: int) -> int:
        """What is read from a term by one name after the other."""
        for name in names:
            base = self.add((t.LOOKUP, base, name, self.calls_variables), start, end)
        return base

    # -- variables ---------------------------------------------------------------------------------

    def variable(self, name: str, start: int, end: int) -> int:
        """The term a name stands for: bound by the template, else read from its context."""
        term = self.environment.get(name)
        if term >= 0:
            return term
        term = self._read.get(name, -1)
        if term < 0:
            lookup = (t.LOOKUP, self._context, name, self.calls_variables)
            term = self._read[name] = self.add(lookup, start, end)
        return term

    def bind(self, name: str, term: int) -> None:
        """Let a name stand for a term from here on."""
        self.environment.top[name] = term

    @property
    def visible(self) -> tuple[tuple[str, int], ...]:
        """The names that the template has bound here."""
        names: dict[str, None] = {}
        for layer in self.environment.layers:
            names.update(dict.fromkeys(layer.names))
        names.pop(CONTEXT, None)
        return tuple((name, self.environment.get(name)) for name in names)

    # -- branches and loops ------------------------------------------------------------------------

    def open_loop(self, iterable: int, start: int, end: int) -> tuple[int, int]:
        """Begin the body of a loop, whose variables end with it. Gives the number of its first
        term, and its element.
        """
        self.environment.push()
        self.environment.push(is_loop=True)
        begin = len(self.terms)
        return begin, self.add((t.ITER, iterable, False), start, end)

    def close_loop(self, begin: int, element: int) -> None:
        """End the body of a loop."""
        self.region("for", begin, element)
        self.environment.close_loop()
        self.environment.pop()

    # -- scopes ------------------------------------------------------------------------------------

    def open_scope(
        self,
        name: str,
        index: int,
        end: int,
        body: Callable[[], None],
        parameters: Sequence[Parameter] | None = None,
    ) -> int:
        """Register a scope, to be walked by ``body`` after the current one; gives its number.

        Without ``parameters`` its one parameter is a context; with them, the context is that of the
        scope it stands in.
        """
        line, column = self.source.position(index)
        parent = self.scope_number if parameters is not None else 0
        scope = Scope("function", name, parent, line, column, self.source.position(end)[0])
        scope.parameters = (_CONTEXT_PARAMETER,) if parameters is None else tuple(parameters)
        self.scopes.append(scope)
        number = len(self.scopes) - 1
        self._bodies.append((number, body))
        return number

    def walk_scopes(self) -> None:
        """Walk all scopes that were registered, and those that they register."""
        while self._bodies:
            number, body = self._bodies.popleft()
            scope = self.scopes[number]
            self.scope_number = number
            self.environment = Environment(self.terms, self.spans)
            self._read = {}
            scope.start = len(self.terms)
            self._context = -1
            for index, parameter in enumerate(scope.parameters):
                self.bind(parameter.name, self.add_plain((t.PARAM, index)))
            self._context = self.environment.get(CONTEXT)
            if self._context < 0:
                self._context = self.add_plain((t.NAME, CONTEXT))
            body()
            scope.bindings = self.environment.closing()
            scope.end = len(self.terms)

    def constant(self, value: Any, start: int, end: int) -> int:
        """A literal."""
        return self.add((t.CONST, value), start, end)
