"""A Django template to facts.

Source: django/template/defaulttags.py, loader_tags.py and django/templatetags/ of Django
6.1.3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fwp_checks.facts import terms as t
from fwp_checks.facts.templates.django_expressions import DjangoExpressions
from fwp_checks.facts.templates.django_tokens import (
    COMPONENT,
    Bit,
    Token,
    attributes_of,
    bits_of,
    tokens_of,
)
from fwp_checks.facts.templates.source import TemplateError, Text

# Tags that have an end tag, with the tags that divide them.
_BLOCKS: dict[str, tuple[str, ...]] = {
    "autoescape": (), "block": (), "blocktrans": ("plural",), "blocktranslate": ("plural",),
    "cache": (), "comment": (), "filter": (), "for": ("empty",), "if": ("elif", "else"),
    "ifchanged": ("else",), "ifequal": ("else",), "ifnotequal": ("else",), "language": (),
    "localize": (), "localtime": (), "partialdef": (), "spaceless": (), "timezone": (),
    "verbatim": (), "with": (),
}  # fmt: skip
# Tags whose words are no variables, or matter to no one.
_SILENT = frozenset(
    {
        *("autoescape", "comment", "csrf_token", "debug", "load", "localize", "localtime", "lorem"),
        *("now", "partialdef", "resetcycle", "spaceless", "templatetag", "verbatim"),
        *("get_static_prefix", "get_media_prefix", "partial"),
    }
)
# Statements of Jinja that Django has not: a page that has them is no template of Django.
_OF_JINJA = frozenset({"call", "do", "from", "import", "macro", "raw", "set"})
# Words of tags that are no variables.
_WORDS = frozenset({"noop", "silent", "context", "for"})


class DjangoTemplate(DjangoExpressions):
    """Walks one template."""

    blocks = _BLOCKS

    def __init__(self, source: Text) -> None:
        super().__init__(source)
        self._django_tokens: list[Token] = []
        self._tags: dict[str, Callable[[int, Token, list[Bit]], int]] = {
            "if": self._if,
            "ifequal": self._if,
            "ifnotequal": self._if,
            "ifchanged": self._if_changed,
            "for": self._for,
            "with": self._with,
            "block": self._block,
            "extends": self._extend,
            "include": self._include,
            "regroup": self._regroup,
            "cycle": self._values,
            "firstof": self._values,
            "url": self._url,
            "filter": self._filter,
            "cache": self._cache,
            "language": self._plain,
            "timezone": self._plain,
            "widthratio": self._values,
            "static": self._values,
            "get_language_info": self._values,
            "blocktrans": self._translated,
            "blocktranslate": self._translated,
            "trans": self._values,
            "translate": self._values,
        }

    def walk(self) -> None:
        """Walk the template. Raises TemplateError where Django itself would refuse it."""
        self.tokens = self._django_tokens = tokens_of(self.text)
        self.walk_all()

    def is_known(self, name: str) -> bool:
        if name.startswith(COMPONENT):
            return True
        return name in self._tags or name in _SILENT or name in _OF_JINJA

    def tag(self, index: int) -> int:
        token = self._django_tokens[index]
        if token.name == "load":
            words = [bit.text for bit in bits_of(self.text, token)]
            named = words[words.index("from") + 1 :] if "from" in words else words
            self.libraries.update(dict.fromkeys(named))
        if token.name in _SILENT:
            return index
        if token.name.startswith(COMPONENT):
            return self._component(index, token)
        handler = self._tags.get(token.name)
        if handler is not None:
            return handler(index, token, bits_of(self.text, token))
        if token.name.startswith("end") or token.name in self.dividers:
            return index
        return self._unknown(index, token, bits_of(self.text, token))

    def output(self, index: int) -> None:
        token = self._django_tokens[index]
        content = self.text[token.content_start : token.content_end]
        if not content:
            raise TemplateError(token.start, "a variable tag is empty")
        term = self.expression(Bit(content, token.content_start))
        if term < 0:
            raise TemplateError(token.start, f"cannot parse '{content[:60]}'")
        if self.terms[term][0] != t.RENDER:
            self.add((t.FORMAT, (term,)), token.start, token.end)

    # -- branches and loops ------------------------------------------------------------------------

    def _if(self, index: int, token: Token, bits: list[Bit]) -> int:
        def test_of(number: int) -> int:
            part = self._django_tokens[number]
            return self._test(part, bits_of(self.text, part)) if part.name == "elif" else -1

        self.branches(index, self._test(token, bits), test_of)
        return index

    def _test(self, token: Token, bits: list[Bit]) -> int:
        if token.name in ("ifequal", "ifnotequal"):
            terms = [self.argument(bit) for bit in bits[:2]]
            if len(terms) == 2:
                return self.add((t.COMPARE, "==", terms[0], terms[1]), token.start, token.end)
        if not bits:
            raise TemplateError(token.start, f"the tag '{token.name}' has no test")
        return self.test(bits)

    def _if_changed(self, index: int, token: Token, bits: list[Bit]) -> int:
        for bit in bits:
            self.argument(bit)
        test = self.add((t.UNKNOWN, "whether something changed"), token.start, token.end)
        self.perhaps(index, test)
        return index

    def _for(self, index: int, token: Token, bits: list[Bit]) -> int:
        words = [bit.text for bit in bits]
        is_reversed = words[-1:] == ["reversed"] and len(words) > 3
        bits = bits[:-1] if is_reversed else bits
        if len(bits) < 3 or bits[-2].text != "in":
            raise TemplateError(token.start, "a 'for' tag has the form 'for x in y'")
        sequence = self.expression(bits[-1])
        if sequence < 0:
            raise TemplateError(bits[-1].start, f"cannot parse '{bits[-1].text[:60]}'")
        if is_reversed:
            function = self.builtin("reversed", token.start, token.end)
            sequence = self.call(function, (sequence,), token.start, token.end)
        start, element = self.open_loop(sequence, bits[-1].start, bits[-1].end)
        self._unpack(bits[:-2], element)
        self.bind("forloop", self.add((t.UNKNOWN, "state of a loop"), token.start, token.end))
        self.loop(index, start, element)
        return index

    def _unpack(self, targets: Sequence[Bit], element: int) -> None:
        names = [
            (name, bit) for bit in targets for name in bit.text.split(",") if name.isidentifier()
        ]
        if len(names) == 1:
            self.bind(names[0][0], element)
            return
        for position, (name, bit) in enumerate(names):
            self.bind(name, self.add((t.UNPACK, element, position), bit.start, bit.end))

    def _with(self, index: int, token: Token, bits: list[Bit]) -> int:
        self.names(index, self._named(bits))
        return index

    def _named(self, bits: Sequence[Bit]) -> list[tuple[str, int]]:
        """``a=b c=d`` or ``b as a and d as c``: names and terms."""
        found = []
        for position, bit in enumerate(bits):
            name, equals, _ = bit.text.partition("=")
            if equals and name.isidentifier():
                value = Bit(bit.text[len(name) + 1 :], bit.start + len(name) + 1)
                found.append((name, self.argument(value)))
            elif bit.text == "as" and 0 < position < len(bits) - 1:
                found.append((bits[position + 1].text, self.argument(bits[position - 1])))
        return found

    # -- other templates ---------------------------------------------------------------------------

    def _block(self, index: int, token: Token, bits: list[Bit]) -> int:
        name = bits[0].text if bits else ""
        end = self.ends[index]
        closing = self.tokens[end]
        number = self.open_scope(
            f"block {name}", token.start, closing.end, lambda: self.walk_tokens(index + 1, end)
        )
        block = self.add((t.DEFINITION, number), token.start, token.end)
        self.add((t.RENDER, "block", block, self.visible, False), token.start, token.end)
        return end

    def _extend(self, index: int, token: Token, bits: list[Bit]) -> int:
        if not bits:
            raise TemplateError(token.start, "the tag 'extends' names no template")
        self.extends = self.argument(bits[0])
        return index

    def _include(self, index: int, token: Token, bits: list[Bit]) -> int:
        if not bits:
            raise TemplateError(token.start, "the tag 'include' names no template")
        template = self.argument(bits[0])
        is_only = any(bit.text == "only" for bit in bits[1:])
        given = tuple(self._named(bits[1:]))
        names = given if is_only else (*self.visible, *given)
        self.add((t.RENDER, "include", template, names, is_only), token.start, token.end)
        return index

    def _component(self, index: int, token: Token) -> int:
        """A component renders the page of its name with its attributes. What stands between its
        tags is walked where it stands.
        """
        names: list[tuple[str, int]] = []
        is_only = False
        for name, value in attributes_of(self.text, token):
            if name == "only":
                is_only = True
            elif name.startswith("::") or (not name.startswith(":") and value is not None):
                text = value.text if value is not None else ""
                is_made = "{{" in text or "{%" in text
                held = (t.UNKNOWN, "a text that is put together") if is_made else (t.CONST, text)
                names.append((name, self.add(held, token.start, token.end)))
            elif value is None:
                names.append((name, self.add((t.CONST, True), token.start, token.end)))
            else:
                term = self.expression(value) if value.text else -1
                if term < 0:
                    term = self.add((t.UNKNOWN, "what an attribute holds"), token.start, token.end)
                names.append((name[1:], term))
        given = tuple([(name.lstrip(":").replace("-", "_"), term) for name, term in names])
        path = token.name.removeprefix(COMPONENT).replace(".", "/").replace("-", "_")
        pages = [
            self.add((t.CONST, f"cotton/{path}{ending}"), token.start, token.end)
            for ending in (".html", "/index.html")
        ]
        page = self.add((t.SEQUENCE, "list", tuple(pages)), token.start, token.end)
        shown = given if is_only else (*self.visible, *given)
        self.add((t.RENDER, "include", page, shown, is_only), token.start, token.end)
        return index

    # -- values ------------------------------------------------------------------------------------

    def _regroup(self, index: int, token: Token, bits: list[Bit]) -> int:
        words = [bit.text for bit in bits]
        if len(bits) != 5 or (words[1], words[3]) != ("by", "as"):
            raise TemplateError(token.start, "a 'regroup' tag has the form 'regroup x by y as z'")
        base = self.argument(bits[0])

        def group(element: int) -> int:
            grouper = self._read_from(element, bits[2])
            members = self.call(
                self.builtin("list", token.start, token.end), (base,), token.start, token.end
            )
            pair = (t.SEQUENCE, "tuple", (grouper, members))
            return self.add(pair, token.start, token.end)

        self.bind(words[4], self.each(base, bits[0].start, bits[0].end, group))
        return index

    def _read_from(self, element: int, bit: Bit) -> int:
        path, *filters = bit.text.split("|")
        end = bit.start + len(path)
        term = self.path(element, path.split("."), bit.start, end)
        for name in filters:
            term = self.filtered(name.partition(":")[0], term, [], bit)
        return term

    def _values(self, index: int, token: Token, bits: list[Bit]) -> int:
        """A tag that shows one of its arguments, or keeps it under a name."""
        words = [bit.text for bit in bits]
        name = words[-1] if words[-2:-1] == ["as"] else ""
        if "as" in words[1:]:
            given = bits[: words.index("as", 1)]
            name = name or words[min(words.index("as", 1) + 1, len(words) - 1)]
        else:
            given = bits
        terms = [self.argument(bit) for bit in given if bit.text not in _WORDS]
        if not terms:
            return index
        if token.name == "firstof":
            for term in terms:
                self.tested(term, token.start, token.end)
        value = self.add((t.JOIN, tuple(terms)), token.start, token.end)
        shown = self.add((t.FORMAT, (value,)), token.start, token.end)
        if name:
            self.bind(name, value if token.name == "cycle" else shown)
        return index

    def _url(self, index: int, token: Token, bits: list[Bit]) -> int:
        _, name = self._arguments(bits)
        if name:
            self.bind(name, self.add((t.UNKNOWN, "an address"), token.start, token.end))
        return index

    def _filter(self, index: int, token: Token, bits: list[Bit]) -> int:
        text = self.add((t.UNKNOWN, "the text of a block"), token.start, token.end)
        for name in " ".join(bit.text for bit in bits).split("|"):
            text = self.filtered(
                name.partition(":")[0].strip(), text, [], Bit("", token.content_start)
            )
        return index

    def _cache(self, index: int, token: Token, bits: list[Bit]) -> int:
        for bit in [*bits[:1], *bits[2:]]:
            self.argument(bit)
        test = self.add((t.UNKNOWN, "whether something is in a cache"), token.start, token.end)
        self.perhaps(index, test)
        return index

    def _plain(self, index: int, _token: Token, bits: list[Bit]) -> int:
        for bit in bits:
            self.argument(bit)
        return index

    def _translated(self, index: int, token: Token, bits: list[Bit]) -> int:
        self.names(index, self._named(bits))
        return index

    # -- tags of the project and of others ---------------------------------------------------------

    def _arguments(
        self, bits: Sequence[Bit]
    ) -> tuple[tuple[tuple[int, ...], tuple[tuple[str, int], ...]], str]:
        """The arguments of a call that a tag is, and the name that the result is kept under."""
        name = ""
        if len(bits) >= 2 and bits[-2].text == "as":
            name = bits[-1].text
            bits = bits[:-2]
        positional = []
        keywords = []
        for bit in bits:
            key, equals, value = bit.text.partition("=")
            if equals and key.isidentifier():
                keywords.append((key, self.argument(Bit(value, bit.start + len(key) + 1))))
            else:
                positional.append(self.argument(bit))
        return (tuple(positional), tuple(keywords)), name

    def _unknown(self, index: int, token: Token, bits: list[Bit]) -> int:
        """A tag that is not Django's own: a call of the project's function, if it has one."""
        (positional, keywords), name = self._arguments(bits)
        registered = (t.REGISTERED, "tag", token.name, tuple(self.libraries))
        function = self.add(registered, token.start, token.end)
        term = self.add((t.CALL, function, positional, keywords), token.start, token.end)
        shown = self.add((t.RENDER, "tag", term, self.visible, name), token.start, token.end)
        if name:
            self.bind(name, self.add((t.ALIAS, shown), token.start, token.end))
        elif index not in self.ends:
            self.add((t.FORMAT, (shown,)), token.start, token.end)
        return index
