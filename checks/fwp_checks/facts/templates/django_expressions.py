"""Django's expressions to terms: variables, filters, and the tests of ``{% if %}``.

Source: django/template/base.py (FilterExpression, Variable), smartif.py and defaultfilters.py of
Django 6.1.3.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from fwp_checks.facts import terms as t
from fwp_checks.facts.templates.django_tokens import LONGEST, Bit
from fwp_checks.facts.templates.nesting import Nesting
from fwp_checks.facts.templates.source import Text

_PRIMARY = re.compile(
    r"""(?:_\()?(?P<text>"[^"\\]*(?:\\.[^"\\]*)*"|'[^'\\]*(?:\\.[^'\\]*)*')\)?"""
    r"""|(?P<number>[-+.]?\d[\d.e]*(?![\w.]))|(?P<name>[\w.+-]+)"""
)
_FILTER = re.compile(r"\s*\|\s*(?P<name>\w+)(?P<argument>:)?")
_LITERALS = {"True": True, "False": False, "None": None}

# Filters that give a plain value, whatever they are given.
_PLAIN = frozenset(
    {
        *("date", "divisibleby", "filesizeformat", "floatformat", "get_digit", "phone2numeric"),
        *("stringformat", "time", "timesince", "timeuntil", "json_script", "length_is"),
    }
)
# Filters that make a text of what they are given.
_TEXT = frozenset(
    {
        *("addslashes", "capfirst", "center", "cut", "escape", "escapejs", "force_escape"),
        *("iriencode", "linebreaks", "linebreaksbr", "linenumbers", "ljust", "lower"),
        *("make_list", "pprint", "rjust", "safe", "slugify", "striptags", "title"),
        *("truncatechars", "truncatechars_html", "truncatewords", "truncatewords_html"),
        *("upper", "urlencode", "urlize", "urlizetrunc", "wordcount", "wordwrap"),
    }
)
# Operators of {% if %} by how tightly they bind.
_BINDING = {
    "or": 6, "and": 7, "in": 9, "not in": 9, "is": 10, "is not": 10, "==": 10, "!=": 10,
    ">": 10, ">=": 10, "<": 10, "<=": 10,
}  # fmt: skip
_NOT = 8
_MOST_OPERANDS = 200


class DjangoExpressions(Nesting):
    """The part of the Django extractor that turns expressions into terms."""

    def __init__(self, source: Text) -> None:
        super().__init__(source)
        self.libraries: dict[str, None] = {}
        self._filters: dict[str, Callable[[int, list[int], Bit], int]] = {
            "length": self._length,
            "pluralize": self._length,
            "first": lambda base, _, at: self._item(base, 0, at),
            "last": lambda base, _, at: self._item(base, -1, at),
            "random": lambda base, _, at: self._item(base, 0, at),
            "slice": self._slice,
            "join": self._join,
            "unordered_list": self._join,
            "safeseq": self._texts,
            "escapeseq": self._texts,
            "dictsort": self._sorted,
            "dictsortreversed": self._sorted,
            "default": self._default,
            "default_if_none": self._default,
            "yesno": self._truth,
            "add": self._add,
        }

    def expression(self, bit: Bit) -> int:
        """The term of a variable or literal with its filters; -1 if it does not parse."""
        text = self.text
        match = _PRIMARY.match(text, bit.start, bit.end)
        if match is None or len(bit.text) > LONGEST:
            return -1
        term = self._primary(match)
        at = match.end()
        while at < bit.end:
            found = _FILTER.match(text, at, bit.end)
            if found is None:
                return -1
            at = found.end()
            arguments: list[int] = []
            if found["argument"]:
                match = _PRIMARY.match(text, at, bit.end)
                if match is None:
                    return -1
                arguments.append(self._primary(match))
                at = match.end()
            term = self.filtered(
                found["name"], term, arguments, Bit(text[bit.start : at], bit.start)
            )
        return term

    def argument(self, bit: Bit) -> int:
        """The same, UNKNOWN for what does not parse."""
        term = self.expression(bit)
        if term < 0:
            term = self.add((t.UNKNOWN, "argument of a tag"), bit.start, bit.end)
        return term

    def _primary(self, match: re.Match[str]) -> int:
        start, end = match.span()
        text = match["text"]
        if text is not None:
            plain = text[1:-1]
            if "\\" in plain:
                plain = re.sub(r"\\(.)", r"\1", plain)
            return self.constant(plain, start, end)
        if match["number"] is not None:
            return self.constant(_number(match["number"]), start, end)
        first, *rest = match["name"].split(".")
        if not rest and first in _LITERALS:
            return self.constant(_LITERALS[first], start, end)
        at = start + len(first)
        if first == "block" and rest == ["super"]:
            return self.add((t.RENDER, "super", -1, (), False), start, end)
        term = self.variable(first, start, at)
        for name in rest:
            at += 1 + len(name)
            term = self.add((t.LOOKUP, term, name, True), start, at)
        return term

    # -- filters -----------------------------------------------------------------------------------

    def filtered(self, name: str, base: int, arguments: list[int], at: Bit) -> int:
        """What a filter gives."""
        known = self._filters.get(name)
        if known is not None:
            return known(base, arguments, at)
        if name in _TEXT:
            return self.add((t.FORMAT, (base,)), at.start, at.end)
        if name in _PLAIN:
            return self.add((t.UNKNOWN, f"result of the filter '{name}'"), at.start, at.end)
        registered = (t.REGISTERED, "filter", name, tuple(self.libraries))
        function = self.add(registered, at.start, at.end)
        return self.call(function, (base, *arguments), at.start, at.end)

    def _length(self, base: int, _arguments: list[int], at: Bit) -> int:
        return self.call(self.builtin("len", at.start, at.end), (base,), at.start, at.end)

    def _item(self, base: int, key: int, at: Bit) -> int:
        index = self.constant(key, at.start, at.end)
        return self.add((t.ITEM, base, index), at.start, at.end)

    def _slice(self, base: int, arguments: list[int], at: Bit) -> int:
        said = self.terms[arguments[0]] if arguments else t.NOTHING
        bounds = str(said[1]).split(":") if said[0] == t.CONST else []
        numbers = [
            self.constant(int(bound), at.start, at.end) if re.fullmatch(r"-?\d{1,9}", bound) else -1
            for bound in (bounds if len(bounds) > 1 else ["", *bounds])[:3]
        ]
        numbers += [-1] * (3 - len(numbers))
        part = self.add((t.SLICE, *numbers), at.start, at.end)
        return self.add((t.ITEM, base, part), at.start, at.end)

    def _texts(self, base: int, _arguments: list[int], at: Bit) -> int:
        def text(element: int) -> int:
            return self.add((t.FORMAT, (element,)), at.start, at.end)

        return self.each(base, at.start, at.end, text)

    def _join(self, base: int, arguments: list[int], at: Bit) -> int:
        return self.add((t.FORMAT, (self._texts(base, arguments, at),)), at.start, at.end)

    def _sorted(self, base: int, arguments: list[int], at: Bit) -> int:
        said = self.terms[arguments[0]] if arguments else t.NOTHING
        if said[0] == t.CONST and isinstance(said[1], str):
            names = said[1].split(".")

            def key(element: int) -> int:
                for name in names:
                    element = self.add((t.LOOKUP, element, name, False), at.start, at.end)
                return element

            self.each(base, at.start, at.end, key)
        return self.call(self.builtin("sorted", at.start, at.end), (base,), at.start, at.end)

    def _default(self, base: int, arguments: list[int], at: Bit) -> int:
        self.tested(base, at.start, at.end)
        return self.add((t.BOOL, "or", (base, *arguments)), at.start, at.end)

    def _truth(self, base: int, _arguments: list[int], at: Bit) -> int:
        self.tested(base, at.start, at.end)
        return self.add((t.UNKNOWN, "result of the filter 'yesno'"), at.start, at.end)

    def _add(self, base: int, arguments: list[int], at: Bit) -> int:
        other = arguments[0] if arguments else base
        return self.add((t.BINARY, "+", base, other), at.start, at.end)

    # -- tests -------------------------------------------------------------------------------------

    def test(self, bits: Sequence[Bit]) -> int:
        """The term of the test of ``{% if %}``."""
        return _Test(self, _operators_joined(bits)).parse()


class _Test:
    """Reads one test by precedence; what does not parse is UNKNOWN."""

    def __init__(self, writer: DjangoExpressions, bits: list[Bit]) -> None:
        self._writer = writer
        self._bits = bits[:_MOST_OPERANDS]
        self._next = 0

    def parse(self) -> int:
        term = self._operand_and_more(0)
        start, end = self._span()
        if term < 0:
            return self._writer.add((t.UNKNOWN, "test that does not parse"), start, end)
        return self._writer.tested(term, start, end)

    def _span(self) -> tuple[int, int]:
        return (self._bits[0].start, self._bits[-1].end) if self._bits else (0, 0)

    def _operand_and_more(self, binding: int) -> int:
        left = self._operand()
        while left >= 0 and self._next < len(self._bits):
            bit = self._bits[self._next]
            strength = _BINDING.get(bit.text, 0)
            if strength <= binding:
                break
            self._next += 1
            left = self._joined(bit, strength, left)
        return left

    def _joined(self, bit: Bit, strength: int, left: int) -> int:
        writer = self._writer
        if bit.text in ("and", "or"):
            writer.tested(left, *self._span())
            start = len(writer.terms)
            right = self._operand_and_more(strength)
            if right < 0:
                return -1
            writer.region("if" if bit.text == "and" else "else", start, left)
            writer.tested(right, *self._span())
            return writer.add((t.BOOL, bit.text, (left, right)), *self._span())
        right = self._operand_and_more(strength)
        if right < 0:
            return -1
        return writer.add((t.COMPARE, bit.text, left, right), *self._span())

    def _operand(self) -> int:
        negations = 0
        while self._next < len(self._bits) and self._bits[self._next].text == "not":
            self._next += 1
            negations += 1
        if negations:
            operand = self._operand_and_more(_NOT)
            if operand < 0:
                return -1
            self._writer.tested(operand, *self._span())
            return self._writer.add((t.UNARY, "not", operand), *self._span())
        if self._next >= len(self._bits):
            return -1
        bit = self._bits[self._next]
        self._next += 1
        return self._writer.expression(bit)


def _operators_joined(bits: Sequence[Bit]) -> list[Bit]:
    """``not in`` and ``is not`` as one word each."""
    found: list[Bit] = []
    for bit in bits:
        if found and (found[-1].text, bit.text) in (("not", "in"), ("is", "not")):
            found[-1] = Bit(f"{found[-1].text} {bit.text}", found[-1].start)
        else:
            found.append(bit)
    return found


def _number(text: str) -> int | float | str:
    try:
        return float(text) if "." in text or "e" in text else int(text[:18])
    except ValueError:
        return text
