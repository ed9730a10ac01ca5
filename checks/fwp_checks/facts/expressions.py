"""Expressions to terms.

One method a node class, found in a table; each gives the number of the term it appended. Chains
that grow to the left (``a.b().c()``, ``a + b + c``) are walked in a loop, so only real nesting uses
the interpreter's stack.
"""

from __future__ import annotations

import ast
import sys
from array import array
from collections.abc import Callable
from operator import itemgetter
from typing import Any

from fwp_checks.facts import terms as t
from fwp_checks.facts.environment import Environment, Layer
from fwp_checks.facts.model import Parameter, Region, Scope
from fwp_checks.facts.source import last_name, parse_expression, wide_lines

_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%",
    ast.Pow: "**", ast.MatMult: "@", ast.LShift: "<<", ast.RShift: ">>", ast.BitOr: "|",
    ast.BitAnd: "&", ast.BitXor: "^", ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=",
    ast.Gt: ">", ast.GtE: ">=", ast.Is: "is", ast.IsNot: "is not", ast.In: "in",
    ast.NotIn: "not in", ast.Not: "not", ast.USub: "-", ast.UAdd: "+", ast.Invert: "~",
}  # fmt: skip

_DISPLAYS = {ast.Tuple: "tuple", ast.List: "list", ast.Set: "set"}
_COMPREHENSIONS = {
    ast.ListComp: "list",
    ast.SetComp: "set",
    ast.DictComp: "dict",
    ast.GeneratorExp: "generator",
}

# Tests of these shapes give a truth value without asking the operand's __bool__.
_PLAIN_TESTS = frozenset({ast.Compare, ast.Constant, ast.BoolOp, ast.UnaryOp})

# Most nodes are of these classes.
_NAME: type = ast.Name
_CONSTANT: type = ast.Constant
_ATTRIBUTE: type = ast.Attribute
_CALL: type = ast.Call

# From the dictionary of a node: its attributes, one by one, take half as long again.
_place_of = itemgetter("lineno", "col_offset", "end_lineno", "end_col_offset")

Narrowing = tuple[str, str, int]


class Expressions:
    """The part of the extractor that turns expressions into terms."""

    def __init__(self, text: str) -> None:
        self.terms: list[t.Term] = []
        self.spans: list[int] = []
        self.regions: list[Region] = []
        self.scopes: list[Scope] = []
        self.attribute_writes: list[int] = []
        self.environment = Environment(self.terms, self.spans)
        self.scope_number = 0
        self.comprehension_layers: list[Layer] = []
        self._constants: dict[tuple[type, Any], int] = {}
        self._texts: dict[str, int] = {}
        self._names: dict[str, int] = {}
        # The lines in which characters and the UTF-8 bytes that ast counts are not the same.
        self._wide = {} if text.isascii() else wide_lines(text)

    # -- appending ---------------------------------------------------------------------------------

    def add(self, term: t.Term, node: Any) -> int:
        """Append a term with the position of a node; gives its number."""
        self.spans += _place_of(node.__dict__)
        terms = self.terms
        terms.append(term)
        return len(terms) - 1

    def add_plain(self, term: t.Term) -> int:
        """Append a term that has no place of its own in the source."""
        self.spans += t.NOWHERE
        terms = self.terms
        terms.append(term)
        return len(terms) - 1

    def spans_in_characters(self) -> array[int]:
        """The positions of all terms, with columns as they are counted in characters."""
        plain: list[Any] = self.spans
        spans = array("I")
        spans.fromlist(plain)
        wide = self._wide
        if wide:
            for at in range(0, len(plain), 2):
                line = plain[at]
                if line in wide:
                    spans[at + 1] = self.characters(line, plain[at + 1])
        return spans

    def characters(self, line: int, column: int) -> int:
        """A column as it is counted in characters."""
        wide = self._wide.get(line)
        return column if wide is None else len(wide[:column].decode("utf-8", "replace"))

    def region(
        self,
        kind: str,
        start: int,
        term: int = -1,
        is_async: bool = False,
        leaves: bool = False,
        layer: Layer | None = None,
    ) -> int:
        """Close a region that began at term number ``start``; gives its number."""
        exits, breaks = layer.leaving if layer is not None else (False, False)
        end = len(self.terms)
        self.regions.append(Region(kind, start, end, term, is_async, leaves, exits, breaks))
        return len(self.regions) - 1

    def unreached(self, start: int) -> None:
        """Note what stands behind a statement that control leaves the block from."""
        if 0 <= start < len(self.terms):
            self.region("unreached", start)

    @property
    def scope(self) -> Scope:
        """The scope being walked."""
        return self.scopes[self.scope_number]

    # -- leaves ------------------------------------------------------------------------------------

    def expression(self, node: Any) -> int:
        """The term of an expression that is evaluated here."""
        class_ = type(node)
        if class_ is _NAME:
            return self.name(node)
        if class_ is _CONSTANT:
            return self.constant(node)
        if class_ is _ATTRIBUTE or class_ is _CALL:
            return self.chain(node)
        return EXPRESSIONS[class_](self, node)

    def optional(self, node: ast.expr | None) -> int:
        """The term of an expression, -1 for None."""
        return -1 if node is None else self.expression(node)

    def name(self, node: ast.Name) -> int:
        """The term a name stands for here."""
        name = node.id
        environment = self.environment
        term = environment.top.get(name, -1)
        if term < 0:
            term = environment.get(name)
        if term >= 0:
            return term
        # Nothing happens when a name is read, so one term a scope serves every reading of it.
        term = self._names.get(name, -1)
        if term < 0:
            term = self._names[name] = self.add_plain((t.NAME, name))
        return term

    def constant(self, node: ast.Constant | ast.Return) -> int:
        """The term of a constant, or of the None that a ``return`` alone gives."""
        value = node.value
        if isinstance(value, str):
            term = self._texts.get(value, -1)
            if term < 0:
                term = self._texts[value] = self.add((t.CONST, value), node)
            return term
        key = (type(value), value)
        term = self._constants.get(key, -1)
        if term < 0:
            term = self._constants[key] = self.add((t.CONST, value), node)
        return term

    # -- chains ------------------------------------------------------------------------------------

    def chain(self, node: ast.Attribute | ast.Call) -> int:
        """The term of an attribute or call, of whatever length is what stands to its left."""
        # In the dictionaries of both classes, three fields are followed by the four positions.
        links: list[list[Any]] = []
        base: Any = node
        class_ = type(base)
        while class_ is _ATTRIBUTE or class_ is _CALL:
            fields: dict[str, Any] = base.__dict__
            link = list(fields.values())
            links.append(link)
            base = link[0]
            class_ = type(base)
        term = self.name(base) if class_ is _NAME else self.expression(base)
        links.reverse()
        for link in links:
            second = link[1]
            entry: t.Term
            if isinstance(second, str):
                entry = (t.ATTR, term, second)
            elif second or link[2]:
                positional, keywords = self._arguments(link[0], second, link[2])
                entry = (t.CALL, term, positional, keywords)
            else:
                entry = (t.CALL, term, (), ())
            self.spans += link[3:]
            term = len(self.terms)
            self.terms.append(entry)
        return term

    def _arguments(
        self, function: ast.expr, arguments: list[ast.expr], keywords: list[ast.keyword]
    ) -> tuple[tuple[int, ...], tuple[tuple[str | None, int], ...]]:
        positional = []
        for argument in arguments:
            positional.append(self.expression(argument))
        if len(positional) == 2 and self.terms[positional[0]][0] == t.CONST:
            # cast("Session", value); what ``cast`` is, is asked later.
            if last_name(function) == "cast":
                positional[0] = self.annotation(arguments[0])
        named = []
        for keyword in keywords:
            named.append((keyword.arg, self.expression(keyword.value)))
        return tuple(positional), tuple(named)

    def binary(self, node: ast.BinOp) -> int:
        chain = [node]
        left = node.left
        while type(left) is ast.BinOp:
            chain.append(left)
            left = left.left
        term = self.expression(left)
        for link in reversed(chain):
            right = self.expression(link.right)
            term = self.add((t.BINARY, _OPERATORS[type(link.op)], term, right), link)
        return term

    def subscript(self, node: ast.Subscript) -> int:
        base = self.expression(node.value)
        return self.add((t.ITEM, base, self.expression(node.slice)), node)

    def slice(self, node: ast.Slice) -> int:
        bounds = [self.optional(bound) for bound in (node.lower, node.upper, node.step)]
        return self.add((t.SLICE, *bounds), node)

    # -- the rest ----------------------------------------------------------------------------------

    def await_(self, node: ast.Await) -> int:
        operand = self.expression(node.value)
        self.scope.awaits = True
        return self.add((t.AWAIT, operand), node)

    def joined(self, node: ast.JoinedStr) -> int:
        parts = []
        texts = [""]
        for value in node.values:
            if isinstance(value, ast.Constant):
                texts[-1] += str(value.value)
            else:
                parts.append(self.expression(value))
                texts.append("")
        return self.add((t.FORMAT, tuple(parts), tuple(texts)), node)

    def formatted(self, node: ast.FormattedValue) -> int:
        term = self.expression(node.value)
        if node.format_spec is not None:
            self.expression(node.format_spec)
        return term

    def sequence(self, node: ast.Tuple | ast.List | ast.Set) -> int:
        elements = tuple([self.element(element) for element in node.elts])
        return self.add((t.SEQUENCE, _DISPLAYS[type(node)], elements), node)

    def element(self, node: Any) -> int:
        """The term of an item: what a class names in a list stands there, wherever else it is
        named.
        """
        class_ = type(node)
        if class_ is _CONSTANT and self.scope.kind == "class" and node.value in self._texts:
            return self.add((t.CONST, node.value), node)
        return self.expression(node)

    def mapping(self, node: ast.Dict) -> int:
        items = [
            (self.optional(k), self.expression(v))
            for k, v in zip(node.keys, node.values, strict=True)
        ]
        return self.add((t.MAPPING, tuple(items)), node)

    def starred(self, node: ast.Starred) -> int:
        return self.add((t.STAR, self.expression(node.value)), node)

    def compare(self, node: ast.Compare) -> int:
        left = self.expression(node.left)
        term = left
        for operator, comparator in zip(node.ops, node.comparators, strict=True):
            right = self.expression(comparator)
            term = self.add((t.COMPARE, _OPERATORS[type(operator)], left, right), node)
            left = right
        return term

    def boolean(self, node: ast.BoolOp) -> int:
        positive = type(node.op) is ast.And
        options: list[int] = []
        pushed = 0
        last = len(node.values) - 1
        for index, value in enumerate(node.values):
            start = len(self.terms)
            term = self.expression(value)
            if index:
                self.region("if" if positive else "else", start, options[-1])
            options.append(term)
            if index < last:
                self._truth(term, value)
                # Each further operand is evaluated only where the ones before it held (and) or did
                # not (or).
                self.environment.push()
                pushed += 1
                self.narrow(value, positive)
        for _ in range(pushed):
            layer = self.environment.pop()
            for name in self._walrus_names(layer.names):
                self.environment.top[name] = layer.names[name]
        return self.add((t.BOOL, "and" if positive else "or", tuple(options)), node)

    def _walrus_names(self, names: dict[str, int]) -> list[str]:
        return [name for name, term in names.items() if self.terms[term][0] != t.NARROW]

    def unary(self, node: ast.UnaryOp) -> int:
        operand = self.expression(node.operand)
        if type(node.op) is ast.Not:
            self._truth(operand, node.operand)
        return self.add((t.UNARY, _OPERATORS[type(node.op)], operand), node)

    def conditional(self, node: ast.IfExp) -> int:
        term = self.test(node.test)
        options = []
        for branch, positive in ((node.body, True), (node.orelse, False)):
            self.environment.push()
            self.narrow(node.test, positive)
            start = len(self.terms)
            options.append(self.expression(branch))
            self.region("if" if positive else "else", start, term)
            self.environment.pop()
        return self.add((t.JOIN, tuple(options)), node)

    def named(self, node: ast.NamedExpr) -> int:
        term = self.expression(node.value)
        self.environment.top[node.target.id] = term
        return term

    def lambda_(self, node: ast.Lambda) -> int:
        number = self.open_function(node, "lambda", "<lambda>")
        return self.add((t.DEFINITION, number), node)

    def open_function(self, node: Any, kind: str, name: str) -> int:
        """Register a nested function, to be walked after this scope; gives its scope number."""
        raise AssertionError("the statement walker defines it")

    def yield_(self, node: ast.Yield | ast.YieldFrom) -> int:
        operand = self.optional(node.value)
        term = self.add((t.YIELD, operand, type(node) is ast.YieldFrom), node)
        self.scope.is_generator = True
        self.scope.yields.append(term)
        return term

    def comprehension(self, node: Any) -> int:
        kind = _COMPREHENSIONS[type(node)]
        outer = self.expression(node.generators[0].iter)
        start = len(self.terms)
        self.comprehension_layers.append(self.environment.push())
        element = -1
        is_async = False
        for index, generator in enumerate(node.generators):
            iterable = outer if index == 0 else self.expression(generator.iter)
            step = self.add((t.ITER, iterable, bool(generator.is_async)), generator.iter)
            if generator.is_async:
                self.scope.awaits = is_async = True
            if element < 0:
                element = step
            self.assign(generator.target, step)
            for condition in generator.ifs:
                self.test(condition)
                self.narrow(condition, True)
        if kind == "dict":
            key, value = self.expression(node.key), self.expression(node.value)
        else:
            key, value = -1, self.expression(node.elt)
        self.environment.pop()
        self.comprehension_layers.pop()
        region = self.region(
            "generator" if kind == "generator" else "comprehension", start, element, is_async
        )
        return self.add((t.COMPREHENSION, kind, value, key, region), node)

    # -- tests -------------------------------------------------------------------------------------

    def test(self, node: ast.expr) -> int:
        """The term of a condition, with a TRUTH term where its value is asked for truth."""
        term = self.expression(node)
        self._truth(term, node)
        return term

    def _truth(self, term: int, node: ast.expr) -> None:
        if type(node) not in _PLAIN_TESTS:
            self.add((t.TRUTH, term), node)

    def narrow(self, test: ast.expr, positive: bool) -> None:
        """Bind names in the current layer to what a test, or its failure, says of them."""
        for name, kind, argument in self._narrowings(test, positive):
            before = self.environment.get(name)
            if before >= 0:
                narrowed = self.add_plain((t.NARROW, before, kind, argument))
                self.environment.top[name] = narrowed

    def _narrowings(self, test: Any, positive: bool) -> list[Narrowing]:
        class_ = type(test)
        if class_ is _NAME:
            return [(test.id, "truthy" if positive else "falsy", -1)]
        if class_ is ast.Compare:
            return _narrowing_comparison(test, positive)
        if class_ is _CALL:
            if test.args and isinstance(test.args[0], ast.Name):
                return self._narrowing_call(test, test.args[0].id, positive)
        elif class_ is ast.UnaryOp:
            if type(test.op) is ast.Not:
                return self._narrowings(test.operand, not positive)
        elif class_ is ast.BoolOp:
            if (type(test.op) is ast.And) is positive:
                return [n for value in test.values for n in self._narrowings(value, positive)]
        elif class_ is ast.NamedExpr:
            return [(test.target.id, "truthy" if positive else "falsy", -1)]
        return []

    def _narrowing_call(self, test: ast.Call, name: str, positive: bool) -> list[Narrowing]:
        # Matched by the last name only; what the function really is, is asked when the term is
        # evaluated.
        called = last_name(test.func)
        prefix = "" if positive else "not-"
        if called == "isinstance" and len(test.args) == 2:
            return [(name, prefix + "instance", self.expression(test.args[1]))]
        if called in t.COROUTINE_QUESTIONS:
            return [(name, prefix + "coroutine-function", -1)]
        if called in ("iscoroutine", "isawaitable"):
            return [(name, prefix + "awaitable", -1)]
        return []

    # -- assignment --------------------------------------------------------------------------------

    def assign(self, target: Any, value: int) -> None:
        """Bind a target of any shape to a term."""
        class_ = type(target)
        if class_ is _NAME:
            self.bind(target.id, value)
        elif isinstance(target, ast.Attribute):
            base = self.expression(target.value)
            self.attribute_writes.append(self.add((t.STORE, base, target.attr, value), target))
        elif isinstance(target, ast.Subscript):
            base = self.expression(target.value)
            self.add((t.STORE_ITEM, base, self.expression(target.slice), value), target)
        elif isinstance(target, (ast.Tuple, ast.List)):
            self._assign_each(target.elts, value)
        elif isinstance(target, ast.Starred):
            self.assign(target.value, value)

    def _assign_each(self, targets: list[ast.expr], value: int) -> None:
        stars = [type(target) is ast.Starred for target in targets]
        known = t.displayed(self.terms, value, stars)
        for place, at in enumerate(t.unpacked_at(stars)):
            if known is None:
                term = self.add((t.UNPACK, value, at), targets[place])
            elif at == t.REST:
                rest = known[place : len(known) - len(targets) + place + 1]
                term = self.add((t.SEQUENCE, "list", rest), targets[place])
            else:
                term = known[at if at >= 0 else at + 1]
            self.assign(targets[place], term)

    def bind(self, name: str, term: int) -> None:
        """Bind a plain name; a ``global`` or ``nonlocal`` one is noted for its own scope, too."""
        if name in self.rebound_within and name not in self.declared_outer:
            term = self.add_plain((t.JOIN, (term, self.add_plain((t.NAME, name)))))
        self.environment.top[name] = term
        if name in self.declared_outer:
            self.scope.outer_writes.append((self.declared_outer[name], name, term))

    declared_outer: dict[str, str]
    rebound_within: frozenset[str]  # what functions within bind: asked for by name, too

    # -- annotations -------------------------------------------------------------------------------

    def annotation(self, node: Any) -> int:
        """The term of an annotation; strings are parsed, names may be bound later than here."""
        if node is None:
            return -1
        class_ = type(node)
        if class_ is _NAME:
            return self.name(node)
        if class_ is ast.Subscript:
            base = self.annotation(node.value)
            last = last_name(node.value)
            if last == "Literal":
                return self.add((t.ITEM, base, self.expression(node.slice)), node)
            return self.add((t.ITEM, base, self._annotation_arguments(node.slice, last)), node)
        if class_ is _CONSTANT and isinstance(node.value, str):
            return self._string_annotation(node, node.value)
        if class_ is ast.BinOp and type(node.op) is ast.BitOr:
            left = self.annotation(node.left)
            return self.add((t.BINARY, "|", left, self.annotation(node.right)), node)
        if class_ is ast.Tuple or class_ is ast.List:
            return self._annotation_arguments(node, "")
        return self.expression(node)

    def _annotation_arguments(self, node: ast.expr, container: str) -> int:
        if not isinstance(node, (ast.Tuple, ast.List)):
            return self.annotation(node)
        # Only the first argument of Annotated is a type; the others are ordinary expressions.
        items = [
            self.expression(item) if container == "Annotated" and index else self.annotation(item)
            for index, item in enumerate(node.elts)
        ]
        kind = "tuple" if isinstance(node, ast.Tuple) else "list"
        return self.add((t.SEQUENCE, kind, tuple(items)), node)

    def _string_annotation(self, node: ast.Constant, text: str) -> int:
        parsed = parse_expression(text)
        if parsed is None:
            return self.add((t.UNKNOWN, "annotation that does not parse"), node)
        # Positions inside the string are not those of the file.
        for part in ast.walk(parsed):
            if isinstance(part, ast.expr | ast.keyword):
                part.lineno, part.col_offset = node.lineno, node.col_offset
                part.end_lineno, part.end_col_offset = node.end_lineno, node.end_col_offset
        return self.annotation(parsed)

    def parameters(self, arguments: ast.arguments) -> tuple[Parameter, ...]:
        """Parameters with the terms of their annotations and defaults, evaluated in the scope
        around the function.
        """
        positional = [*arguments.posonlyargs, *arguments.args]
        defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
        defaults.extend(arguments.defaults)
        found = []
        for index, (argument, default) in enumerate(zip(positional, defaults, strict=True)):
            kind = "positional" if index < len(arguments.posonlyargs) else "any"
            found.append(self._parameter(argument, kind, default))
        if arguments.vararg:
            found.append(self._parameter(arguments.vararg, "*", None))
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            found.append(self._parameter(argument, "keyword", default))
        if arguments.kwarg:
            found.append(self._parameter(arguments.kwarg, "**", None))
        return tuple(found)

    def _parameter(self, argument: ast.arg, kind: str, default: ast.expr | None) -> Parameter:
        return Parameter(
            argument.arg, kind, self.annotation(argument.annotation), self.optional(default)
        )


EXPRESSIONS: dict[type[ast.AST], Callable[[Any, Any], int]] = {
    ast.Name: Expressions.name,
    ast.Constant: Expressions.constant,
    ast.Attribute: Expressions.chain,
    ast.Call: Expressions.chain,
    ast.BinOp: Expressions.binary,
    ast.Subscript: Expressions.subscript,
    ast.Await: Expressions.await_,
    ast.JoinedStr: Expressions.joined,
    ast.FormattedValue: Expressions.formatted,
    ast.Tuple: Expressions.sequence,
    ast.List: Expressions.sequence,
    ast.Set: Expressions.sequence,
    ast.Dict: Expressions.mapping,
    ast.Compare: Expressions.compare,
    ast.BoolOp: Expressions.boolean,
    ast.UnaryOp: Expressions.unary,
    ast.IfExp: Expressions.conditional,
    ast.Lambda: Expressions.lambda_,
    ast.ListComp: Expressions.comprehension,
    ast.SetComp: Expressions.comprehension,
    ast.GeneratorExp: Expressions.comprehension,
    ast.DictComp: Expressions.comprehension,
    ast.NamedExpr: Expressions.named,
    ast.Starred: Expressions.starred,
    ast.Slice: Expressions.slice,
    ast.Yield: Expressions.yield_,
    ast.YieldFrom: Expressions.yield_,
}
"""The method for each class of node."""
if sys.version_info >= (3, 14):
    EXPRESSIONS[ast.TemplateStr] = Expressions.joined
    EXPRESSIONS[ast.Interpolation] = Expressions.formatted


def _narrowing_comparison(test: ast.Compare, positive: bool) -> list[Narrowing]:
    if not isinstance(test.left, ast.Name) or len(test.ops) > 1:
        return []
    other = test.comparators[0]
    if not isinstance(other, ast.Constant) or other.value is not None:
        return []
    is_none = isinstance(test.ops[0], (ast.Is, ast.Eq)) is positive
    return [(test.left.id, "none" if is_none else "not-none", -1)]
