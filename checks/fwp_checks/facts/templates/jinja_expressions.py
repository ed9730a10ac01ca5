"""Jinja's expressions to terms.

Source: jinja2/parser.py, filters.py and tests.py of Jinja 3.1.6.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Region
from fwp_checks.facts.templates.jinja_filters import Given, JinjaFilters
from fwp_checks.facts.templates.jinja_tokens import Word
from fwp_checks.facts.templates.source import TemplateError, Text

_COMPARISONS = frozenset({"==", "!=", "<", ">", "<=", ">="})
_LITERALS = {"true": True, "false": False, "none": None, "True": True, "False": False, "None": None}
_DEEPEST = 40
_END = Word("end", "", 0, 0)


class JinjaExpressions(JinjaFilters):
    """The part of the Jinja extractor that turns expressions into terms."""

    calls_variables = False

    def __init__(self, source: Text) -> None:
        super().__init__(source)
        self.words: Sequence[Word] = ()
        self.place = 0
        self._depth = 0

    # -- words -------------------------------------------------------------------------------------

    @property
    def word(self) -> Word:
        """The next word."""
        return self.words[self.place] if self.place < len(self.words) else _END

    @property
    def done(self) -> int:
        """Where the last word that was read ends."""
        return self.words[self.place - 1].end if 0 < self.place <= len(self.words) else 0

    def take(self, text: str) -> bool:
        """Read the next word if it is this one."""
        word = self.word
        if word.kind in ("operator", "name") and word.text == text:
            self.place += 1
            return True
        return False

    def need(self, text: str) -> None:
        """Read this word; raises TemplateError if it is another one."""
        if not self.take(text):
            raise self.refused()

    def refused(self) -> TemplateError:
        """The error of a word that does not fit."""
        word = self.word
        if word is _END:
            last = self.words[-1].end if self.words else 0
            return TemplateError(last, "an expression ends too early")
        return TemplateError(word.start, f"unexpected '{word.text[:40]}'")

    def name(self) -> str:
        """Read a name; raises TemplateError if it is none."""
        if self.word.kind != "name":
            raise self.refused()
        self.place += 1
        return self.words[self.place - 1].text

    # -- operators ---------------------------------------------------------------------------------

    def expression(self, *, with_condition: bool = True) -> int:
        """The term of the expression that begins at the next word."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise TemplateError(self.word.start, "nested too deeply to analyse")
        try:
            return self._conditional() if with_condition else self._or()
        finally:
            self._depth -= 1

    def _conditional(self) -> int:
        start = self.word.start
        begin = len(self.terms)
        term = self._or()
        while self.take("if"):
            end = len(self.terms)
            test = self._or()
            self.tested(test, start, self.done)
            # The value stands before its test in the text, and so in the terms.
            self.regions.append(Region("if", begin, end, test, False, False, False, False))
            other_begin = len(self.terms)
            if self.take("else"):
                other = self.expression()
                self.region("else", other_begin, test)
            else:
                other = self.add((t.UNKNOWN, "undefined"), start, self.done)
            term = self.add((t.JOIN, (term, other)), start, self.done)
        return term

    def _or(self) -> int:
        return self._either("or", "else", self._and)

    def _and(self) -> int:
        return self._either("and", "if", self._not)

    def _either(self, word: str, kind: str, operand: Callable[[], int]) -> int:
        start = self.word.start
        options = [operand()]
        while self.take(word):
            self.tested(options[-1], start, self.done)
            begin = len(self.terms)
            options.append(operand())
            self.region(kind, begin, options[-2])
        if len(options) == 1:
            return options[0]
        return self.add((t.BOOL, word, tuple(options)), start, self.done)

    def _not(self) -> int:
        start = self.word.start
        negations = 0
        while self.take("not"):
            negations += 1
        term = self._comparison()
        if negations:
            self.tested(term, start, self.done)
            term = self.add((t.UNARY, "not", term), start, self.done)
        return term

    def _comparison(self) -> int:
        start = self.word.start
        left = term = self._sum()
        while True:
            operator = self._comparing()
            if not operator:
                return term
            right = self._sum()
            term = self.add((t.COMPARE, operator, left, right), start, self.done)
            left = right

    def _comparing(self) -> str:
        word = self.word
        if word.kind == "operator" and word.text in _COMPARISONS:
            self.place += 1
            return word.text
        if self.take("in"):
            return "in"
        following = self.words[self.place + 1 : self.place + 2]
        if word.text == "not" and following and following[0].text == "in":
            self.place += 2
            return "not in"
        return ""

    def _sum(self) -> int:
        return self._binary(("+", "-"), self._concatenation)

    def _concatenation(self) -> int:
        start = self.word.start
        parts = [self._product()]
        while self.take("~"):
            parts.append(self._product())
        return parts[0] if len(parts) == 1 else self.add((t.FORMAT, tuple(parts)), start, self.done)

    def _product(self) -> int:
        return self._binary(("*", "/", "//", "%"), self._power)

    def _power(self) -> int:
        return self._binary(("**",), self._unary)

    def _binary(self, operators: tuple[str, ...], operand: Callable[[], int]) -> int:
        start = self.word.start
        term = operand()
        while self.word.kind == "operator" and self.word.text in operators:
            operator = self.word.text
            self.place += 1
            term = self.add((t.BINARY, operator, term, operand()), start, self.done)
        return term

    def _unary(self) -> int:
        start = self.word.start
        signs = []
        while self.word.kind == "operator" and self.word.text in ("-", "+"):
            signs.append(self.word.text)
            self.place += 1
        term = self._postfix(self._primary(), start)
        for sign in reversed(signs):
            term = self.add((t.UNARY, sign, term), start, self.done)
        return self._filters_and_tests(term, start)

    # -- operands ----------------------------------------------------------------------------------

    def _primary(self) -> int:
        word = self.word
        self.place += 1
        if word.kind == "name":
            if word.text in _LITERALS:
                return self.constant(_LITERALS[word.text], word.start, word.end)
            if word.text == "super" and self.word.text == "(":
                self.place += 1
                self.need(")")
                return self.add((t.RENDER, "super", -1, (), False), word.start, self.done)
            return self.variable(word.text, word.start, word.end)
        if word.kind == "text":
            text = word.text[1:-1]
            while self.word.kind == "text":
                text += self.word.text[1:-1]
                self.place += 1
            return self.constant(text, word.start, self.done)
        if word.kind == "number":
            return self.constant(_number(word.text), word.start, word.end)
        if word.text == "(":
            return self._parenthesis(word.start)
        if word.text == "[":
            items = self._items("]")
            return self.add((t.SEQUENCE, "list", tuple(items)), word.start, self.done)
        if word.text == "{":
            return self._mapping(word.start)
        self.place -= 1
        raise self.refused()

    def _parenthesis(self, start: int) -> int:
        before = self.place
        items = self._items(")")
        is_tuple = len(items) != 1 or self.words[self.place - 2].text == ","
        if not is_tuple and self.place > before:
            return items[0]
        return self.add((t.SEQUENCE, "tuple", tuple(items)), start, self.done)

    def _items(self, closer: str) -> list[int]:
        items: list[int] = []
        while not self.take(closer):
            if items:
                self.need(",")
                if self.take(closer):
                    break
            items.append(self.expression())
        return items

    def _mapping(self, start: int) -> int:
        items: list[tuple[int, int]] = []
        while not self.take("}"):
            if items:
                self.need(",")
                if self.take("}"):
                    break
            key = self.expression()
            self.need(":")
            items.append((key, self.expression()))
        return self.add((t.MAPPING, tuple(items)), start, self.done)

    def _postfix(self, term: int, start: int) -> int:
        while True:
            if self.take("."):
                word = self.word
                if word.kind not in ("name", "number"):
                    raise self.refused()
                self.place += 1
                for name in word.text.split("."):
                    term = self.add((t.LOOKUP, term, name, False), start, word.end)
            elif self.take("["):
                term = self._subscript(term, start)
            elif self.take("("):
                positional, keywords = self.arguments()
                term = self.add((t.CALL, term, positional, keywords), start, self.done)
            else:
                return term

    def _subscript(self, base: int, start: int) -> int:
        bounds: list[int] = []
        is_slice = False
        while not self.take("]"):
            if self.take(":"):
                is_slice = True
                bounds += [-1] * (self.words[self.place - 2].text in ("[", ":"))
            elif self.take(","):
                continue
            else:
                bounds.append(self.expression())
        if is_slice:
            bounds = [*bounds, -1, -1, -1][:3]
            key = self.add((t.SLICE, *bounds), start, self.done)
            return self.add((t.ITEM, base, key), start, self.done)
        if not bounds:
            raise self.refused()
        entry = self.terms[bounds[0]]
        if entry[0] == t.CONST and isinstance(entry[1], str):
            return self.add((t.LOOKUP, base, entry[1], False), start, self.done)
        return self.add((t.ITEM, base, bounds[0]), start, self.done)

    def arguments(self) -> tuple[tuple[int, ...], tuple[tuple[str | None, int], ...]]:
        """The arguments of a call whose bracket has been read."""
        positional: list[int] = []
        keywords: list[tuple[str | None, int]] = []
        first = True
        while not self.take(")"):
            if not first:
                self.need(",")
                if self.take(")"):
                    break
            first = False
            start = self.word.start
            if self.take("**"):
                keywords.append((None, self.expression()))
            elif self.take("*"):
                positional.append(self.add((t.STAR, self.expression()), start, self.done))
            elif self.word.kind == "name" and self._following() == "=":
                name = self.name()
                self.place += 1
                keywords.append((name, self.expression()))
            else:
                positional.append(self.expression())
        return tuple(positional), tuple(keywords)

    def _following(self) -> str:
        following = self.words[self.place + 1 : self.place + 2]
        return following[0].text if following and following[0].kind == "operator" else ""

    # -- filters and tests -------------------------------------------------------------------------

    def _filters_and_tests(self, term: int, start: int) -> int:
        while True:
            if self.take("|"):
                term = self.one_filter(term, start)
            elif self.word.text == "is" and self.word.kind == "name":
                self.place += 1
                term = self._test(term, start)
            elif self.word.text == "(" and self.word.kind == "operator":
                self.place += 1
                positional, keywords = self.arguments()
                term = self.add((t.CALL, term, positional, keywords), start, self.done)
            elif self.word.text in (".", "[") and self.word.kind == "operator":
                term = self._postfix(term, start)
            else:
                return term

    def one_filter(self, term: int, start: int) -> int:
        """What the filter gives whose name is the next word."""
        name = self.name()
        while self.take("."):
            name += f".{self.name()}"
        positional: tuple[int, ...] = ()
        keywords: tuple[tuple[str | None, int], ...] = ()
        if self.take("("):
            positional, keywords = self.arguments()
        return self.filtered(name, term, Given(positional, keywords, start, self.done))

    def _test(self, term: int, start: int) -> int:
        self.take("not")
        name = self.name()
        while self.take("."):
            name += f".{self.name()}"
        if self.take("("):
            self.arguments()
        elif self.word.kind in ("text", "number") or (
            self.word.kind == "name"
            and self.word.text not in ("else", "or", "and", "is", "if", "in", "not", "recursive")
        ):
            self._postfix(self._primary(), self.word.start)
        elif self.word.text in ("[", "{") and self.word.kind == "operator":
            self._primary()
        none = self.constant(None, start, self.done)
        return self.add((t.COMPARE, "is", term, none), start, self.done)


def _number(text: str) -> int | float:
    plain = text.replace("_", "")
    try:
        return int(plain[:18], 0)
    except ValueError:
        pass
    try:
        return float(plain)
    except ValueError:
        return 0
