"""How the tags of a template hold each other.

Tags are walked in one flat loop over the tokens: a tag that opens something notes, at the tokens
where its branches begin and where it ends, what is to be done there. So the depth of nesting costs
no stack.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import ClassVar, Protocol

from fwp_checks.facts import terms as t
from fwp_checks.facts.environment import Layer
from fwp_checks.facts.templates.source import TemplateError, Text
from fwp_checks.facts.templates.writer import Writer

_DEEPEST = 400


class AnyToken(Protocol):
    """A tag or a variable; ``name`` is the first word of a tag, empty for a variable."""

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...

    @property
    def name(self) -> str: ...


class Nesting(Writer):
    """Walks tokens. ``blocks`` are the tags that have an end tag, with the tags that divide them;
    of other tags that is found out by their end tags.
    """

    blocks: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    def __init__(self, source: Text) -> None:
        super().__init__(source)
        self.tokens: Sequence[AnyToken] = []
        self.ends: dict[int, int] = {}
        self.parts: dict[int, list[int]] = {}
        self.at: dict[int, Callable[[], None]] = {}
        self.dividers = frozenset(name for names in self.blocks.values() for name in names)
        # The term of the name of the template that this one extends.
        self.extends = -1

    def walk_all(self) -> None:
        """Walk all tokens, and what they leave for later."""
        self.match()
        self.open_scope("template", 0, len(self.text), self._body)
        self.walk_scopes()

    def _body(self) -> None:
        self.walk_tokens(0, len(self.tokens))
        if self.extends >= 0:
            end = len(self.text)
            self.add((t.RENDER, "extends", self.extends, (), False), end, end)

    def is_block(self, index: int) -> bool:
        """Whether the tag at a token has an end tag."""
        return self.tokens[index].name in self.blocks

    def tag(self, index: int) -> int:
        """Walk one tag; gives the last token that has been dealt with."""
        raise NotImplementedError

    def output(self, index: int) -> None:
        """Walk one variable."""
        raise NotImplementedError

    def walk_tokens(self, first: int, last: int) -> None:
        """Walk a stretch of tokens."""
        index = first
        while index < last:
            action = self.at.pop(index, None)
            if action is not None:
                action()
            elif self.tokens[index].name:
                index = self.tag(index)
            else:
                self.output(index)
            index += 1

    def match(self) -> None:
        """Find the end and the branches of every tag that has them.

        A tag that is not known has an end if an end tag of its name follows somewhere. Raises
        TemplateError where tags that are known do not fit together.
        """
        ends = {token.name for token in self.tokens if token.name.startswith("end")}
        opened: list[int] = []
        for index, token in enumerate(self.tokens):
            name = token.name
            if not name:
                continue
            if name in self.dividers:
                self._divide(opened, index)
            elif self.is_block(index) or (name not in self.blocks and f"end{name}" in ends):
                opened.append(index)
                if len(opened) > _DEEPEST:
                    raise TemplateError(token.start, "nested too deeply to analyse")
            elif name.startswith("end"):
                self._close(opened, index)
        for index in opened:
            token = self.tokens[index]
            if token.name in self.blocks:
                raise TemplateError(token.start, f"the tag '{token.name}' is not closed")

    def _divide(self, opened: list[int], index: int) -> None:
        token = self.tokens[index]
        for number in reversed(opened):
            name = self.tokens[number].name
            if token.name in self.blocks.get(name, ()):
                self.parts.setdefault(number, []).append(index)
                return
            if name not in self.blocks:
                return  # it may belong to a tag that is not known
        if not self._may_be_another_tags(opened, index):
            raise TemplateError(token.start, f"the tag '{token.name}' stands in no tag that has it")

    def _may_be_another_tags(self, opened: list[int], index: int) -> bool:
        """Whether what divides or ends known tags may do so for one that is not known: tags of a
        project end as they like, ``{% keep %} … {% endcache %}``.
        """
        first = opened[-1] + 1 if opened else 0
        return any(
            token.name and not token.name.startswith("end") and not self.is_known(token.name)
            for token in self.tokens[first:index]
        )

    def is_known(self, name: str) -> bool:
        """Whether a tag of that name ends as the language says."""
        return True

    def _close(self, opened: list[int], index: int) -> None:
        token = self.tokens[index]
        name = token.name[3:]
        for position in range(len(opened) - 1, -1, -1):
            other = self.tokens[opened[position]].name
            if other == name:
                self.ends[opened[position]] = index
                # Tags that are not known and are not closed by now have no end.
                del opened[position:]
                return
            if other in self.blocks:
                if name in self.blocks and not self._may_be_another_tags(opened, index):
                    reason = f"the tag '{token.name}' does not close '{other}'"
                    raise TemplateError(token.start, reason)
                return
        if name in self.blocks and not self._may_be_another_tags(opened, index):
            raise TemplateError(token.start, f"the tag '{token.name}' closes nothing")

    # -- branches and loops ------------------------------------------------------------------------

    def branches(self, index: int, first: int, test_of: Callable[[int], int]) -> None:
        """Walk an ``if`` tag whose test is ``first``; ``test_of`` gives that of a further branch,
        -1 for the last one, which has none.
        """
        ended: list[Layer] = []
        test, start, depth = first, len(self.terms), 0
        is_last = False
        self.environment.push()

        def close_branch() -> None:
            self.region("if", start, test)
            ended.append(self.environment.pop())
            self.environment.push()

        def divide(number: int) -> None:
            nonlocal test, start, depth, is_last
            if is_last:
                raise TemplateError(self.tokens[number].start, "a branch behind the last one")
            close_branch()
            depth += 1
            found = test_of(number)
            start = len(self.terms)
            if found >= 0:
                test = found
                self.environment.push()
            else:
                is_last = True

        def close() -> None:
            nonlocal depth
            if is_last:
                self.region("else", start, test)
            else:
                close_branch()
                depth += 1
            for _ in range(depth):
                rest = self.environment.pop()
                self.environment.join(ended.pop(), rest)

        for number in self.parts.get(index, ()):
            self.at[number] = partial(divide, number)
        self.at[self.ends[index]] = close

    def perhaps(self, index: int, test: int) -> None:
        """Walk a tag whose body, and that behind its divider, runs or does not."""
        self.branches(index, test, lambda _: -1)

    def loop(self, index: int, start: int, element: int) -> None:
        """Walk the body of a loop that is open, and what runs where it has no elements."""

        def close() -> None:
            self.close_loop(start, element)

        parts = self.parts.get(index, [])
        self.at[self.ends[index]] = close
        if parts:
            self.at[self.ends[index]] = lambda: None
            self.at[parts[0]] = close

    def names(self, index: int, named: Sequence[tuple[str, int]]) -> None:
        """Bind names up to the end of a tag."""
        if index in self.ends:
            self.environment.push().names.update(named)
            self.at[self.ends[index]] = self._drop_layer

    def _drop_layer(self) -> None:
        self.environment.pop()
