"""A Jinja template to facts.

Source: jinja2/parser.py and ext.py of Jinja 3.1.6, https://jinja.palletsprojects.com/templates/.
Line statements and delimiters of a project's own are not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Parameter
from fwp_checks.facts.templates.jinja_expressions import JinjaExpressions
from fwp_checks.facts.templates.jinja_tokens import JinjaToken, Word, tokens_of
from fwp_checks.facts.templates.source import Text

_BLOCKS: dict[str, tuple[str, ...]] = {
    "autoescape": (), "block": (), "call": (), "filter": (), "for": ("else",),
    "if": ("elif", "else"), "macro": (), "set": (), "trans": ("pluralize",), "with": (),
}  # fmt: skip
_CALLER = Parameter("caller", "keyword", -1, -1)


class JinjaTemplate(JinjaExpressions):
    """Walks one template."""

    blocks = _BLOCKS

    def __init__(self, source: Text) -> None:
        super().__init__(source)
        self._jinja_tokens: list[JinjaToken] = []
        self._tags: dict[str, Callable[[int, JinjaToken], int]] = {
            "if": self._if,
            "for": self._for,
            "set": self._set,
            "with": self._with,
            "block": self._block,
            "extends": self._extend,
            "include": self._include,
            "import": self._import,
            "from": self._from,
            "macro": self._macro,
            "call": self._call,
            "filter": self._filter,
            "do": self._do,
            "trans": self._with,
            "autoescape": self._nothing,
            "continue": self._nothing,
            "break": self._nothing,
        }

    def walk(self) -> None:
        """Walk the template. Raises TemplateError where Jinja itself would refuse it."""
        self.tokens = self._jinja_tokens = tokens_of(self.text)
        self.walk_all()

    def is_block(self, index: int) -> bool:
        """``{% set x = 1 %}`` has no end tag, ``{% set x %}`` has one."""
        token = self._jinja_tokens[index]
        if token.name == "set":
            return not any(word.text == "=" for word in token.words if word.kind == "operator")
        return token.name in _BLOCKS

    def tag(self, index: int) -> int:
        token = self._jinja_tokens[index]
        self.words, self.place = token.words, 1
        handler = self._tags.get(token.name)
        if handler is not None:
            return handler(index, token)
        # A tag of an extension: what its words mean is not known.
        return index

    def output(self, index: int) -> None:
        token = self._jinja_tokens[index]
        self.words, self.place = token.words, 0
        term = self._whole()
        if self.terms[term][0] != t.RENDER:
            self.add((t.FORMAT, (term,)), token.start, token.end)

    def _whole(self) -> int:
        """The expression, or the tuple of several, that the rest of the words are."""
        start = self.word.start
        items = [self.expression()]
        while self.take(","):
            if self.place < len(self.words):
                items.append(self.expression())
        if self.place < len(self.words):
            raise self.refused()
        if len(items) == 1:
            return items[0]
        return self.add((t.SEQUENCE, "tuple", tuple(items)), start, self.done)

    # -- branches and loops ------------------------------------------------------------------------

    def _if(self, index: int, token: JinjaToken) -> int:
        def test_of(number: int) -> int:
            part = self._jinja_tokens[number]
            if part.name == "else":
                return -1
            self.words, self.place = part.words, 1
            return self._tested(part)

        self.branches(index, self._tested(token), test_of)
        return index

    def _tested(self, token: JinjaToken) -> int:
        return self.tested(self._whole(), token.start, token.end)

    def _for(self, index: int, token: JinjaToken) -> int:
        targets = self._targets("in")
        self.need("in")
        start = self.word.start
        items = [self.expression(with_condition=False)]
        while self.take(","):
            items.append(self.expression(with_condition=False))
        sequence = items[0]
        if len(items) > 1:
            sequence = self.add((t.SEQUENCE, "tuple", tuple(items)), start, self.done)
        begin, element = self.open_loop(sequence, start, self.done)
        self._unpack(targets, element)
        self.bind("loop", self.add((t.UNKNOWN, "state of a loop"), token.start, token.end))
        if self.take("if"):
            self.tested(self.expression(), token.start, token.end)
        self.take("recursive")
        if self.place < len(self.words):
            raise self.refused()
        self.loop(index, begin, element)
        return index

    def _targets(self, until: str) -> list[Word]:
        """The names that are bound, up to a word."""
        names = []
        while self.place < len(self.words) and self.word.text != until:
            if self.word.kind == "name":
                names.append(self.word)
            elif self.word.text not in (",", "(", ")"):
                raise self.refused()
            self.place += 1
        if not names:
            raise self.refused()
        return names

    def _unpack(self, targets: Sequence[Word], value: int) -> None:
        if len(targets) == 1:
            self.bind(targets[0].text, value)
            return
        for position, word in enumerate(targets):
            self.bind(word.text, self.add((t.UNPACK, value, position), word.start, word.end))

    # -- names -------------------------------------------------------------------------------------

    def _set(self, index: int, token: JinjaToken) -> int:
        if index in self.ends:
            name = self.word.text if self.word.kind == "name" else ""
            text = self.add((t.UNKNOWN, "the text of a block"), token.start, token.end)
            self.bind(name, text)
            return index
        if len(self.words) > 3 and self.words[2].text == ".":
            # An attribute of a namespace object.
            self.place = 5
            self._whole()
            return index
        targets = self._targets("=")
        self.need("=")
        self._unpack(targets, self._whole())
        return index

    def _with(self, index: int, token: JinjaToken) -> int:
        named: list[tuple[str, int]] = []
        while self.place < len(self.words):
            if self.take(","):
                continue
            name = self.name()
            if self.take("="):
                named.append((name, self.expression()))
        self.names(index, named)
        return index

    def _do(self, index: int, _token: JinjaToken) -> int:
        self._whole()
        return index

    def _filter(self, index: int, token: JinjaToken) -> int:
        text = self.add((t.UNKNOWN, "the text of a block"), token.start, token.end)
        while self.place < len(self.words):
            text = self.one_filter(text, token.start)
            if not self.take("|"):
                break
        return index

    def _nothing(self, index: int, _token: JinjaToken) -> int:
        return index

    # -- other templates ---------------------------------------------------------------------------

    def _block(self, index: int, token: JinjaToken) -> int:
        name = self.name()
        end = self.ends[index]
        closing = self.tokens[end].end
        number = self.open_scope(
            f"block {name}", token.start, closing, lambda: self.walk_tokens(index + 1, end)
        )
        block = self.add((t.DEFINITION, number), token.start, token.end)
        self.add((t.RENDER, "block", block, self.visible, False), token.start, token.end)
        return end

    def _extend(self, index: int, _token: JinjaToken) -> int:
        self.extends = self._whole()
        return index

    def _include(self, index: int, token: JinjaToken) -> int:
        template = self.expression()
        rest = [word.text for word in self.words[self.place :]]
        is_alone = "without" in rest
        names = () if is_alone else self.visible
        self.add((t.RENDER, "include", template, names, is_alone), token.start, token.end)
        return index

    def _imported(self, token: JinjaToken) -> int:
        template = self.expression()
        with_context = [word.text for word in self.words if word.kind == "name"][-2:]
        is_alone = with_context != ["with", "context"]
        return self.add(
            (t.RENDER, "import", template, () if is_alone else self.visible, is_alone),
            token.start,
            token.end,
        )

    def _import(self, index: int, token: JinjaToken) -> int:
        imported = self._imported(token)
        self.need("as")
        self.bind(self.name(), imported)
        return index

    def _from(self, index: int, token: JinjaToken) -> int:
        imported = self._imported(token)
        self.need("import")
        while self.word.kind == "name" and self.word.text not in ("with", "without"):
            word = self.word
            name = self.name()
            term = self.add((t.LOOKUP, imported, name, False), word.start, word.end)
            self.bind(self.name() if self.take("as") else name, term)
            if not self.take(","):
                break
        return index

    def _macro(self, index: int, token: JinjaToken) -> int:
        name = self.name()
        self.bind(name, self._macro_body(name, index, token))
        return self.ends[index]

    def _call(self, index: int, token: JinjaToken) -> int:
        body = self._macro_body("caller", index, token)
        term = self.expression()
        entry = self.terms[term]
        if entry[0] == t.CALL:
            self.terms[term] = (t.CALL, entry[1], entry[2], (*entry[3], ("caller", body)))
        self.add((t.FORMAT, (term,)), token.start, token.end)
        return self.ends[index]

    def _macro_body(self, name: str, index: int, token: JinjaToken) -> int:
        """The function that the body of a tag is, with the parameters that the tag lists."""
        parameters: list[Parameter] = []
        if self.take("("):
            while not self.take(")"):
                if parameters:
                    self.need(",")
                    if self.take(")"):
                        break
                parameter = self.name()
                default = self.expression() if self.take("=") else -1
                parameters.append(Parameter(parameter, "any", -1, default))
        end = self.ends[index]
        closing = self.tokens[end].end
        number = self.open_scope(
            name,
            token.start,
            closing,
            lambda: self.walk_tokens(index + 1, end),
            [*parameters, _CALLER],
        )
        return self.add((t.DEFINITION, number), token.start, token.end)
