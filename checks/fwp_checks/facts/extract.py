"""One file's bytes to its facts: one walk over the tree, which is then dropped.

Statements of a scope are walked in order; bodies of nested functions and lambdas are queued and
walked after the scope they stand in, so every scope's terms are one stretch of the table. Class
bodies run where they stand.
"""

from __future__ import annotations

import ast
import sys
from array import array
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from fwp_checks.facts import terms as t
from fwp_checks.facts.comments import suppressions
from fwp_checks.facts.environment import Environment, Layer, rebinding_in
from fwp_checks.facts.expressions import Expressions
from fwp_checks.facts.model import ATTEMPT, KIND_BITS, STATEMENT_KINDS, Import, ModuleFacts, Scope
from fwp_checks.facts.patterns import bind_names, case_test, is_default
from fwp_checks.facts.source import read

_CONSTANT = STATEMENT_KINDS.index("constant")
_EXPRESSION = STATEMENT_KINDS.index("expression")
_KINDS: dict[type[ast.AST], int] = {
    class_: STATEMENT_KINDS.index(kind)
    for kind, classes in {
        "expression": (ast.Expr,),
        "assignment": (ast.Assign, ast.AnnAssign),
        "augmented": (ast.AugAssign,),
        "return": (ast.Return,),
        "raise": (ast.Raise,),
        "if": (ast.If,),
        "for": (ast.For, ast.AsyncFor),
        "while": (ast.While,),
        "with": (ast.With, ast.AsyncWith),
        "try": (ast.Try, ast.TryStar),
        "import": (ast.Import, ast.ImportFrom),
        "definition": (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
        "assert": (ast.Assert,),
        "delete": (ast.Delete,),
        "match": (ast.Match,),
    }.items()
    for class_ in classes
}
_LEAVING: frozenset[type[ast.AST]] = frozenset({ast.Return, ast.Raise, ast.Break, ast.Continue})


def extract(data: bytes) -> ModuleFacts:
    """The facts of a file's bytes. Never raises: a file that cannot be read gives facts with a
    ``problem``.
    """
    source = read(data)
    if source.tree is None:
        problem = source.problem
        assert problem is not None
        return ModuleFacts.unreadable(problem.line, problem.column, problem.reason)
    extractor = Extractor(source.text)
    try:
        extractor.module(source.tree)
        return extractor.facts(suppressions(source.text))
    except RecursionError:
        return ModuleFacts.unreadable(1, 1, "nested too deeply to analyse")


class Extractor(Expressions):
    """Walks one module."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._line_count = text.count("\n") + 1
        self.imports: list[Import] = []
        self.star_imports: list[tuple[str, int]] = []
        self.declared_outer: dict[str, str] = {}
        self.rebound_within = frozenset()
        self._has_nonlocal = "nonlocal" in text
        self._rebinding: list[tuple[int, str]] = []
        self.statements: list[int] = []
        self._attempt: Any = None
        self._attempted: list[int] = []
        self._import_terms: dict[tuple[str, str | None, int], int] = {}
        self._queue: deque[tuple[int, Any]] = deque()

    def facts(self, suppressed: Any) -> ModuleFacts:
        """What was found."""
        for scope in self.scopes:
            scope.close()
        return ModuleFacts(
            self.terms,
            self.spans_in_characters(),
            self.scopes,
            self.regions,
            self.imports,
            self.star_imports,
            self.attribute_writes,
            suppressed,
            self._line_count,
            statements=array("I", self.statements),
        )

    # -- scopes ------------------------------------------------------------------------------------

    def module(self, tree: ast.Module) -> None:
        """Walk a module and everything in it."""
        self.scopes.append(Scope("module", "", -1, 1, 0, self._line_count))
        if self._has_nonlocal:
            self._rebinding = rebinding_in(tree)
        self.block(tree.body)
        self._close_scope(self.scopes[0])
        while self._queue:
            number, node = self._queue.popleft()
            self._function_body(number, node)

    def _close_scope(self, scope: Scope) -> None:
        scope.bindings = self.environment.closing()
        scope.end = len(self.terms)

    def open_function(self, node: Any, kind: str, name: str) -> int:
        parameters = self.parameters(
            node.args
        )  # a default may be a lambda, which takes a number of its own
        number = len(self.scopes)
        column = self.characters(node.lineno, node.col_offset)
        scope = Scope(kind, name, self.scope_number, node.lineno, column, node.end_lineno)
        scope.is_async = type(node) is ast.AsyncFunctionDef
        scope.parameters = parameters
        for layer in self.comprehension_layers:
            scope.captured.update(layer.names)
        self.scopes.append(scope)
        self._queue.append((number, node))
        return number

    def _function_body(self, number: int, node: Any) -> None:
        scope = self.scopes[number]
        self.scope_number = number
        self.environment = Environment(self.terms, self.spans)
        self.declared_outer = {}
        self.rebound_within = self._rebound_in(node) if self._rebinding else frozenset()
        self._names = {}
        scope.start = len(self.terms)
        for index, parameter in enumerate(scope.parameters):
            term = self.add_plain((t.PARAM, index))
            self.environment.top[parameter.name] = term
        if scope.kind == "lambda":
            scope.returns.append(self.expression(node.body))
        else:
            scope.is_stub = _is_stub(node.body)
            self._body(scope, node.body)
        self._close_scope(scope)

    def _rebound_in(self, node: Any) -> frozenset[str]:
        """The names that functions within a function declare to be those of functions around
        them.
        """
        if type(node) is ast.Lambda:
            return frozenset()
        first, last = node.lineno, node.end_lineno
        return frozenset([name for line, name in self._rebinding if first <= line <= last])

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        decorators = tuple([self.expression(d) for d in node.decorator_list])
        type_parameters = self._type_parameters(node)
        number = self.open_function(node, "function", node.name)
        scope = self.scopes[number]
        scope.decorators = decorators
        scope.returns_annotation = self.annotation(node.returns)
        scope.type_parameters = type_parameters
        self._drop_type_parameters(type_parameters)
        self.bind(node.name, self.add((t.DEFINITION, number), node))

    def _class(self, node: ast.ClassDef) -> None:
        decorators = tuple([self.expression(d) for d in node.decorator_list])
        type_parameters = self._type_parameters(node)
        bases = tuple([self.annotation(base) for base in node.bases])
        keywords = tuple([(k.arg, self.expression(k.value)) for k in node.keywords])
        number = len(self.scopes)
        column = self.characters(node.lineno, node.col_offset)
        scope = Scope(
            "class",
            node.name,
            self.scope_number,
            node.lineno,
            column,
            node.end_lineno or node.lineno,
        )
        scope.decorators, scope.bases, scope.keywords = decorators, bases, keywords
        scope.type_parameters = type_parameters
        self.scopes.append(scope)
        outer_number, outer_declared, outer_names = (
            self.scope_number,
            self.declared_outer,
            self._names,
        )
        outer_environment = self.environment
        self.scope_number, self.declared_outer, self._names = number, {}, {}
        # A class body sees the names around it as they are now, but functions inside it do not see
        # the class body's.
        self.environment = _ClassEnvironment(self.terms, self.spans, outer_environment)
        scope.start = len(self.terms)
        self.block(node.body)
        self._close_scope(scope)
        self.environment = outer_environment
        self.scope_number, self.declared_outer, self._names = (
            outer_number,
            outer_declared,
            outer_names,
        )
        self._drop_type_parameters(type_parameters)
        self.bind(node.name, self.add((t.DEFINITION, number), node))

    def _type_parameters(self, node: Any) -> dict[str, int]:
        found: dict[str, int] = {}
        if sys.version_info < (3, 12):
            return found
        for parameter in node.type_params:
            bound = self.annotation(getattr(parameter, "bound", None))
            found[parameter.name] = self.add((t.TYPE_VARIABLE, parameter.name, bound), parameter)
        if found:
            self.environment.push().names.update(found)
        return found

    def _drop_type_parameters(self, found: dict[str, int]) -> None:
        if found:
            self.environment.pop()

    def _type_alias(self, node: Any) -> None:
        found = self._type_parameters(node)
        value = self.annotation(node.value)
        self._drop_type_parameters(found)
        self.bind(node.name.id, value)

    # -- simple statements -------------------------------------------------------------------------

    def block(self, statements: Sequence[ast.stmt]) -> None:
        """Walk statements in order."""
        table = _STATEMENTS
        left = -1
        for statement in statements:
            handler = table.get(type(statement))
            if handler is not None:
                handler(self, statement)
            if type(statement) in _LEAVING and left < 0:
                left = len(self.terms)
        self.unreached(left)

    def _body(self, scope: Scope, statements: Sequence[ast.stmt]) -> None:
        """Walk the statements of a function's own body, and note where each begins; behind them,
        the same of those in its first ``try``.
        """
        noted = self.statements
        first = len(noted) // 2
        self._attempt = next((one for one in statements if type(one) is ast.Try), None)
        attempted = self._attempted = []
        self._noted(statements, noted)
        scope.body = (first, len(noted) // 2)
        if attempted:
            noted += (len(attempted) // 2, ATTEMPT, *attempted)

    def _noted(self, statements: Sequence[Any], noted: list[int]) -> None:
        table = _STATEMENTS
        left = -1
        for statement in statements:
            class_ = type(statement)
            kind = _KINDS.get(class_, 0)
            if kind == _EXPRESSION and isinstance(statement.value, ast.Constant):
                kind = _CONSTANT
            noted += (len(self.terms), statement.lineno << KIND_BITS | kind)
            handler = table.get(class_)
            if handler is not None:
                handler(self, statement)
            if class_ in _LEAVING and left < 0:
                left = len(self.terms)
        self.unreached(left)

    def _expression_statement(self, node: ast.Expr) -> None:
        value = node.value
        if not isinstance(value, ast.Constant):
            self.add((t.DROP, self.expression(value)), node)

    def _assign_statement(self, node: ast.Assign) -> None:
        value = self.expression(node.value)
        for target in node.targets:
            self.assign(target, value)

    def _annotated_assignment(self, node: ast.AnnAssign) -> None:
        annotation = self.annotation(node.annotation)
        value = self.optional(node.value)
        declared = self.add((t.DECLARED, value, annotation), node)
        if isinstance(node.target, ast.Name):
            self.scope.annotations[node.target.id] = annotation
            if node.value is None and self.scope.kind in ("class", "module"):
                return
        self.assign(node.target, declared)

    def _augmented_assignment(self, node: ast.AugAssign) -> None:
        before = self.expression(node.target)
        value = self.expression(node.value)
        self.assign(node.target, self.add((t.BINARY, "+=", before, value), node))

    def _return(self, node: ast.Return) -> None:
        term = self.constant(node) if node.value is None else self.expression(node.value)
        self.scope.returns.append(term)
        self.environment.end()

    def _raise(self, node: ast.Raise) -> None:
        term = self.optional(node.exc)
        if node.cause is not None:
            self.expression(node.cause)
        self.add((t.RAISE, term), node)
        self.environment.end()

    def _assert(self, node: ast.Assert) -> None:
        self.test(node.test)
        self.narrow(node.test, True)
        if node.msg is not None:
            self.expression(node.msg)

    def _delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Subscript):
                base = self.expression(target.value)
                self.add((t.STORE_ITEM, base, self.expression(target.slice), -1), target)
            elif isinstance(target, ast.Attribute):
                self.expression(target.value)
            elif isinstance(target, ast.Name):
                self.environment.top[target.id] = self.add((t.UNKNOWN, "deleted name"), target)

    def _outer(self, node: ast.Global | ast.Nonlocal) -> None:
        kind = "global" if isinstance(node, ast.Global) else "nonlocal"
        self.declared_outer.update(dict.fromkeys(node.names, kind))

    def _leave_loop(self, node: ast.Break | ast.Continue) -> None:
        self.environment.leave_loop(continues=type(node) is ast.Continue)

    # -- imports -----------------------------------------------------------------------------------

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            # "import a.b" binds a, and makes sure that a.b is loaded.
            bound = alias.name if alias.asname else alias.name.partition(".")[0]
            self.bind(alias.asname or bound, self._import_term(bound, None, 0, alias))
            if bound != alias.name:
                self._note_import(alias.name, None, 0, node.lineno)

    def _import_from(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        for alias in node.names:
            if alias.name == "*":
                self.star_imports.append((module, node.level))
                self._note_import(module, None, node.level, node.lineno)
                self.add((t.IMPORT, module, "*", node.level), alias)
            else:
                self.bind(
                    alias.asname or alias.name,
                    self._import_term(module, alias.name, node.level, alias),
                )

    def _import_term(self, module: str, attribute: str | None, level: int, node: ast.alias) -> int:
        key = (module, attribute, level)
        term = self._import_terms.get(key, -1)
        if term < 0:
            self._note_import(module, attribute, level, node.lineno)
            term = self._import_terms[key] = self.add((t.IMPORT, *key), node)
        return term

    def _note_import(self, module: str, attribute: str | None, level: int, line: int) -> None:
        self.imports.append(Import(module, attribute, level, line, self.scope.kind != "module"))

    # -- branches and loops ------------------------------------------------------------------------

    def _if(self, node: ast.If) -> None:
        # A chain of elif is a loop here, so a long one needs no deep stack.
        pending: list[Layer] = []
        current: ast.If | None = node
        depth = 0
        while current is not None:
            term = self.test(current.test)
            # Behind a branch that leaves, its test has failed, unless an earlier branch goes on.
            alone = all(layer.ended for layer in pending)
            pending.append(self._branch(current.body, current.test, term, alone))
            orelse = current.orelse
            # What follows runs only where the test has failed.
            self.environment.push()
            depth += 1
            self.narrow(current.test, False)
            start = len(self.terms)
            if len(orelse) == 1 and isinstance(orelse[0], ast.If):
                current = orelse[0]
            else:
                self.block(orelse)
                if orelse:
                    layer = self.environment.layers[-1]
                    self.region("else", start, term, leaves=layer.ended and alone, layer=layer)
                current = None
        for _ in range(depth):
            rest = self.environment.pop()
            self.environment.join(pending.pop(), rest)

    def _branch(self, body: Sequence[ast.stmt], test: ast.expr, term: int, alone: bool) -> Layer:
        self.environment.push()
        self.narrow(test, True)
        start = len(self.terms)
        self.block(body)
        layer = self.environment.pop()
        self.region("if", start, term, leaves=layer.ended and alone, layer=layer)
        return layer

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        iterable = self.expression(node.iter)
        is_async = type(node) is ast.AsyncFor
        if is_async:
            self.scope.awaits = True
        layer = self.environment.push(is_loop=True)
        start = len(self.terms)
        element = self.add((t.ITER, iterable, is_async), node.iter)
        self.assign(node.target, element)
        self.block(node.body)
        self.region("for", start, element, is_async, layer=layer)
        self.environment.close_loop()
        self._behind_loop(node.orelse, layer)

    def _while(self, node: ast.While) -> None:
        layer = self.environment.push(is_loop=True)
        start = len(self.terms)
        term = self.test(node.test)
        self.narrow(node.test, True)
        self.block(node.body)
        self.region("while", start, term, layer=layer)
        self.environment.close_loop()
        self._behind_loop(node.orelse, layer)

    def _behind_loop(self, orelse: Sequence[ast.stmt], layer: Layer) -> None:
        # What a loop that is left by break does not come to.
        if orelse:
            self.environment.push()
            self.block(orelse)
            rest = self.environment.pop()
            self.environment.join(*([rest, Layer()] if layer.breaks else [rest]))

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        is_async = type(node) is ast.AsyncWith
        if is_async:
            self.scope.awaits = True
        entered = []
        for item in node.items:
            manager = self.expression(item.context_expr)
            target = self.add((t.ENTER, manager, is_async), item.context_expr)
            entered.append((target, len(self.terms)))
            if item.optional_vars is not None:
                self.assign(item.optional_vars, target)
        self.block(node.body)
        for target, start in reversed(entered):
            self.region("with", start, target, is_async)

    def _try(self, node: Any) -> None:
        body = self.environment.push()
        start = len(self.terms)
        if node is self._attempt:
            self._noted(node.body, self._attempted)
            # Where the last of them ends.
            self._attempted += (len(self.terms), node.body[-1].end_lineno + 1 << KIND_BITS)
        else:
            self.block(node.body)
        self.region("try", start)
        self.environment.pop()
        # A handler may run after any part of the body: what the body binds is bound or not.
        self.environment.push()
        interrupted = Layer()
        interrupted.names = body.names
        untouched = Layer()
        self.environment.join(interrupted, untouched)
        before_handlers = self.environment.pop().names
        ends = []
        for handler in node.handlers:
            layer = self.environment.push()
            layer.names.update(before_handlers)
            start = len(self.terms)
            type_ = self.optional(handler.type)
            if handler.name:
                self.bind(handler.name, self.add((t.CAUGHT, type_), handler))
            self.block(handler.body)
            self.region("except", start, type_, layer=self.environment.layers[-1])
            ends.append(self.environment.pop())
        completed = self.environment.push()
        completed.names.update(body.names)
        completed.ended = body.ended
        completed.goes_on_as(body)
        self.block(node.orelse)
        self.environment.pop()
        self.environment.join(completed, *ends)
        ended = self.environment.layers[-1].ended
        if node.finalbody:
            self.environment.layers[-1].ended = False
            start = len(self.terms)
            self.block(node.finalbody)
            self.region("finally", start)
            self.environment.layers[-1].ended = ended or self.environment.layers[-1].ended

    def _match(self, node: ast.Match) -> None:
        subject = self.expression(node.subject)
        ends = []
        tests: list[int] | None = []
        for case in node.cases:
            self.environment.push()
            tested = case_test(self, case, subject, tests)
            start = len(self.terms)
            bind_names(self, case.pattern, subject)
            if isinstance(node.subject, ast.Name) and isinstance(case.pattern, ast.MatchClass):
                class_ = self.expression(case.pattern.cls)
                narrowed = self.add_plain((t.NARROW, subject, "instance", class_))
                self.environment.top[node.subject.id] = narrowed
            if case.guard is not None:
                self.test(case.guard)
            self.block(case.body)
            layer = self.environment.layers[-1]
            self.region("case", start, subject if tested < 0 else tested, layer=layer)
            if tests is not None:
                tests = [*tests, tested] if tested >= 0 else None
            ends.append(self.environment.pop())
        last = node.cases[-1]
        if not (last.guard is None and is_default(last.pattern)):
            ends.append(Layer())
        self.environment.join(*ends)


_STATEMENTS: dict[type[ast.AST], Callable[[Extractor, Any], None]] = {
    ast.Expr: Extractor._expression_statement,
    ast.Assign: Extractor._assign_statement,
    ast.AnnAssign: Extractor._annotated_assignment,
    ast.AugAssign: Extractor._augmented_assignment,
    ast.Return: Extractor._return,
    ast.If: Extractor._if,
    ast.For: Extractor._for,
    ast.AsyncFor: Extractor._for,
    ast.While: Extractor._while,
    ast.With: Extractor._with,
    ast.AsyncWith: Extractor._with,
    ast.Try: Extractor._try,
    ast.TryStar: Extractor._try,
    ast.FunctionDef: Extractor._function,
    ast.AsyncFunctionDef: Extractor._function,
    ast.ClassDef: Extractor._class,
    ast.Import: Extractor._import,
    ast.ImportFrom: Extractor._import_from,
    ast.Raise: Extractor._raise,
    ast.Assert: Extractor._assert,
    ast.Delete: Extractor._delete,
    ast.Global: Extractor._outer,
    ast.Nonlocal: Extractor._outer,
    ast.Match: Extractor._match,
    ast.Break: Extractor._leave_loop,
    ast.Continue: Extractor._leave_loop,
}
if sys.version_info >= (3, 12):
    _STATEMENTS[ast.TypeAlias] = Extractor._type_alias


class _ClassEnvironment(Environment):
    """The environment of a class body: its own names, then the ones around it."""

    __slots__ = ("_outer",)

    def __init__(self, terms: list[t.Term], spans: list[int], outer: Environment) -> None:
        super().__init__(terms, spans)
        self._outer = outer

    def get(self, name: str) -> int:
        term = super().get(name)
        return term if term >= 0 else self._outer.get(name)


def _is_stub(body: Sequence[ast.stmt]) -> bool:
    """Whether a body only says that it is to be written elsewhere: a docstring, ``pass``, ``...``,
    NotImplementedError.
    """
    for statement in body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue
        if isinstance(statement, ast.Pass):
            continue
        if isinstance(statement, ast.Raise) and statement.exc is not None:
            raised = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
            if isinstance(raised, ast.Name) and raised.id == "NotImplementedError":
                continue
        return False
    return True
