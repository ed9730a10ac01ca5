"""Edits of source: calls added to a chain of method calls, names imported for them, and attributes
of classes.

The functions are given the text of a module (newlines as ``\\n``) and give the edits that change
it; none at all where it is not certain what to write, or where to.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from fwp_checks.facts import terms as t
from fwp_checks.facts.lexer import Kind, LexError, Token, tokens_of
from fwp_checks.facts.model import Import, ModuleFacts
from fwp_checks.finding import Edit, Range

Span = tuple[int, int, int, int]
"""Line from 1, column from 0, end line, end column, as facts have them."""

_CLOSING = {")": "(", "]": "[", "}": "{"}
_QUOTES = ("'", '"')
_OWN_LINE = re.compile(r"[ \t]*")
_SIMPLE_IMPORT = re.compile(r"from[ \t]+([\w.]+)[ \t]+import[ \t]+[\w, \t]*\w")
_COMMENT_AT_END = re.compile(r"[ \t]*#[^\n]*")


@dataclass(slots=True, unsafe_hash=True)
class Call:
    """A method call to add; each argument is source, with strings in double quotes.

    ``is_whole``: the arguments are all that a call without any stands for, and more.
    """

    method: str
    arguments: tuple[str, ...]
    is_whole: bool = False


@dataclass(slots=True, unsafe_hash=True)
class Dialect:
    """What the methods of a library's queries mean to those that are added.

    ``ending``: methods that run the query, which others must be added before. ``excluded``: by
    method that is added, the methods beside which it fails or means something else.
    ``replaced_by_nothing``: methods whose call without arguments stands for something that a call
    with arguments would replace. ``unless_before``: by method that is added, a method that fails
    after it if it has no arguments.
    """

    ending: frozenset[str]
    excluded: Mapping[str, frozenset[str]]
    replaced_by_nothing: frozenset[str] = frozenset()
    unless_before: Mapping[str, str] | None = None


class _RefusedError(Exception):
    """It is not certain what to write."""


def add_calls(
    path: str,
    text: str,
    span: Span,
    calls: Sequence[Call],
    dialect: Dialect,
    before: Collection[str] = (),
) -> tuple[Edit, ...]:
    """The edits that make the query built at ``span`` call these methods, too.

    ``before`` are names of methods that it has called before.

    ``span`` is a chain of calls. A call of the same method in it gets more arguments; any other is
    added at its end, but before what runs the query and before an index or slice. Arguments that
    are there already are left out.
    """
    try:
        chain = _Chain(text, span)
        links = chain.before(dialect.ending)
        edits: list[tuple[int, str]] = []
        added: list[str] = []
        for call in calls:
            _require_allowed(chain, call.method, dialect, before)
            link = _link_to_extend(links, call, dialect)
            if link is None:
                arguments = [chain.quoted(argument, chain.tokens) for argument in call.arguments]
                added.append(f".{call.method}({', '.join(arguments)})")
                continue
            missing = _missing(chain, link, call.arguments)
            if missing and not link.arguments:
                edits.append(_first_arguments(chain, link, missing))
            elif missing:
                edits.append(_more_arguments(chain, link, missing))
        if added:
            edits.append(_more_calls(chain, links, added))
    except (LexError, _RefusedError):
        return ()
    return tuple([_insertion(path, text, *edit) for edit in sorted(edits)])


def continues(facts: ModuleFacts, term: int, others: Collection[int]) -> bool:
    """Whether a chain of calls begins with one of others, whatever path led to it."""
    seen = {term}
    pending = [_base(facts, term)]
    while pending:
        one = pending.pop()
        if one < 0:
            return False
        if one in others or one in seen:
            continue
        seen.add(one)
        entry = facts.terms[one]
        pending += entry[1] if entry[0] == t.JOIN else (_base(facts, one),)
    return True


def names_before(facts: ModuleFacts, term: int) -> set[str]:
    """The names that a chain is made of, and those that it goes on from on any path."""
    found = set()
    seen = set()
    pending = [term]
    while pending:
        one = pending.pop()
        if one < 0 or one in seen:
            continue
        seen.add(one)
        entry = facts.terms[one]
        if entry[0] == t.ATTR:
            found.add(entry[2])
        pending += entry[1] if entry[0] == t.JOIN else (_base(facts, one),)
    return found


def _base(facts: ModuleFacts, term: int) -> int:
    """What a step of a chain is taken from; -1 for its beginning."""
    entry = facts.terms[term]
    is_step = entry[0] in (t.CALL, t.ATTR, t.ALIAS, t.NARROW, t.ITEM)
    return int(entry[1]) if is_step else -1


def add_import(
    path: str, text: str, facts: ModuleFacts, module: str, names: Sequence[str]
) -> tuple[Edit, ...] | None:
    """The edit that makes a module import ``names`` from ``module``; none if it does so already.

    None if one of them means something else there, or no place for the import is certain.
    """
    lines = text.split("\n")
    imports = [one for one in facts.imports if not one.in_function]
    missing = []
    for name in names:
        bound = facts.scopes[0].bindings.get(name)
        if bound is None:
            missing.append(name)
        elif facts.terms[bound] != (t.IMPORT, module, name, 0) or not any(
            (one.module, one.attribute) == (module, name) and _statement(lines, one.line)
            for one in imports
        ):
            return None
    if not missing:
        return ()
    starts = {one: _statement(lines, one.line) for one in imports}
    top = [one for one, line in starts.items() if line]
    beside = [one for one in top if (one.module, one.level) == (module, 0) and one.attribute]
    for one in beside:
        line = lines[one.line - 1]
        if _SIMPLE_IMPORT.fullmatch(line):
            where = Range(one.line, len(line) + 1, one.line, len(line) + 1)
            return (Edit(path, where, f", {', '.join(missing)}"),)
    start = next((starts[one] for one in beside), None) or _place(path, top, starts, module)
    if start is None:
        return None
    source = f"from {module} import {', '.join(missing)}\n"
    return (Edit(path, Range(start, 1, start, 1), source),)


def _place(
    path: str, top: Sequence[Import], starts: Mapping[Import, int], module: str
) -> int | None:
    """The line of the import before which another one goes: among those of other packages, in
    alphabetical order, and before the project's own, as formatters have it.
    """
    given = [one for one in top if one.module != "__future__"]
    for one in given:
        root = one.module.partition(".")[0]
        is_own = one.level or root in path.split("/")
        if is_own or (root not in sys.stdlib_module_names and one.module > module):
            return starts[one]
    return starts[given[-1]] if given else None


def _statement(lines: Sequence[str], number: int) -> int:
    """The line where the import begins that a line belongs to; 0 unless it is at the margin."""
    for start in range(number, 0, -1):
        line = lines[start - 1]
        if line.startswith(("import ", "from ")):
            is_open = "(" in line and not any(")" in one for one in lines[start - 1 : number - 1])
            return start if start == number or is_open else 0
        if line and not line[0].isspace():
            return 0
    return 0


def set_attribute(
    path: str, text: str, facts: ModuleFacts, scope: int, name: str, source: str, after: str
) -> tuple[Edit, ...]:
    """The edit that gives a class an attribute: in place of the tuple or list that it has, or on a
    line of its own behind the tuple or list ``after``. None at all if neither is there.
    """
    bindings = facts.scopes[scope].bindings
    if name in bindings:
        if facts.terms[bindings[name]][0] != t.SEQUENCE:
            return ()
        line, column, end_line, end_column = facts.span(bindings[name])
        return (Edit(path, Range(line, column + 1, end_line, end_column + 1), source),)
    if after not in bindings or facts.terms[bindings[after]][0] != t.SEQUENCE:
        return ()
    line, _, end_line, end_column = facts.span(bindings[after])
    lines = text.split("\n")
    first, last = lines[line - 1], lines[end_line - 1]
    rest = last[end_column:].strip()
    if not first.lstrip().startswith(after) or (rest and not rest.startswith("#")):
        return ()
    indent = first[: len(first) - len(first.lstrip())]
    where = Range(end_line, len(last) + 1, end_line, len(last) + 1)
    return (Edit(path, where, f"\n{indent}{name} = {source}"),)


@dataclass(slots=True, unsafe_hash=True)
class _Link:
    """One step of a chain: ``.method(…)``, ``.name``, ``[…]``, or the call ``name(…)`` at its
    start.

    ``dot`` is the offset of the dot, -1 without one; ``close`` of the closing bracket, -1 of an
    attribute; ``arguments`` are the tokens of each.
    """

    method: str
    dot: int
    close: int
    end: int
    arguments: tuple[tuple[Token, ...], ...] = ()
    has_comma: bool = False


class _Chain:
    """The steps of a chain of calls in a text, in order."""

    def __init__(self, text: str, span: Span) -> None:
        self.text = text
        self.start = _offset(text, span[0], span[1])
        self.end = _offset(text, span[2], span[3])
        self.tokens = [_moved(one, self.start) for one in tokens_of(text[self.start : self.end])]
        self._code = [one for one in self.tokens if one.kind not in (Kind.COMMENT, Kind.NEWLINE)]
        self._pairs = _pairs(self._code)
        self.links = self._read()

    def before(self, ending: Collection[str]) -> list[_Link]:
        """The steps before the first of those at the end that run the query."""
        links = list(self.links)
        while links and (links[-1].method == "[" or links[-1].method in ending):
            links.pop()
        if links == self.links and (not links or links[-1].close < 0):
            raise _RefusedError
        return links

    def quoted(self, source: str, beside: Iterable[Token]) -> str:
        """An argument with the quotes of the first string beside it, or those of the text."""
        if not source.startswith('"') or "'" in source or "\\" in source:
            return source
        used = [token.value for token in beside if token.value in _QUOTES]
        usual = "'" if self.text.count("'") > self.text.count('"') else '"'
        quote = used[0] if used else usual
        return f"{quote}{source[1:-1]}{quote}"

    def line_start(self, offset: int) -> int:
        """Where the line of an offset begins."""
        return self.text.rfind("\n", 0, offset) + 1

    def line_end(self, offset: int) -> int:
        """Where the line of an offset ends."""
        end = self.text.find("\n", offset)
        return len(self.text) if end < 0 else end

    def indent(self, offset: int) -> str:
        """The white space at the start of the line of an offset."""
        found = _OWN_LINE.match(self.text, self.line_start(offset))
        return found.group() if found is not None else ""

    def is_first_on_line(self, offset: int) -> bool:
        """Whether only white space stands before it on its line."""
        return self.line_start(offset) + len(self.indent(offset)) == offset

    def has_comment(self, start: int, end: int) -> bool:
        """Whether there is a comment between two offsets."""
        return any(one.kind is Kind.COMMENT and start <= one.start < end for one in self.tokens)

    def _read(self) -> list[_Link]:
        code = self._code
        found: list[_Link] = []
        last = len(code) - 1
        while last > 0:
            token = code[last]
            if token.value in (")", "]"):
                opening = self._pairs[last]
                link = self._called(opening, last)
                if link is None:
                    last = opening
                    break
                found.append(link)
                last = opening - 3 if link.dot >= 0 else opening - 1
                if link.dot < 0 and link.method != "[":
                    break
            elif token.kind is Kind.NAME and code[last - 1].value == ".":
                found.append(_Link(token.value, code[last - 1].start, -1, token.end))
                last -= 2
            else:
                break
        if last != 0:
            raise _RefusedError
        return found[::-1]

    def _called(self, opening: int, closing: int) -> _Link | None:
        """The step that ends with a bracket; None for an expression in parentheses."""
        code = self._code
        end = code[closing]
        before = code[opening - 1] if opening > 0 else None
        if before is None or (before.kind is not Kind.NAME and before.value not in (")", "]")):
            return None
        if end.value == "]":
            return _Link("[", -1, end.start, end.end)
        if before.kind is not Kind.NAME:
            raise _RefusedError
        arguments = self._arguments(opening, closing)
        dot = code[opening - 2].start if opening > 1 and code[opening - 2].value == "." else -1
        has_comma = closing - opening > 1 and code[closing - 1].value == ","
        return _Link(before.value, dot, end.start, end.end, arguments, has_comma)

    def _arguments(self, opening: int, closing: int) -> tuple[tuple[Token, ...], ...]:
        found: list[list[Token]] = [[]]
        at = opening + 1
        while at < closing:
            after = self._pairs.get(at, at) + 1
            if self._code[at].value == ",":
                found.append([])
            else:
                found[-1] += self._code[at:after]
            at = after
        return tuple([tuple(argument) for argument in found if argument])


def _pairs(code: Sequence[Token]) -> dict[int, int]:
    """The position of each bracket's partner."""
    pairs: dict[int, int] = {}
    opened: list[int] = []
    for at, token in enumerate(code):
        if token.kind is not Kind.OPERATOR:
            continue
        if token.value in _CLOSING.values():
            opened.append(at)
        elif token.value in _CLOSING:
            if not opened or code[opened[-1]].value != _CLOSING[token.value]:
                raise _RefusedError
            partner = opened.pop()
            pairs[at], pairs[partner] = partner, at
    if opened:
        raise _RefusedError
    return pairs


def _require_allowed(chain: _Chain, method: str, dialect: Dialect, before: Collection[str]) -> None:
    excluded = dialect.excluded.get(method, frozenset())
    if not excluded.isdisjoint([*before, *(link.method for link in chain.links)]):
        raise _RefusedError
    failing = (dialect.unless_before or {}).get(method)
    if failing is not None:
        is_called = any(link.method == failing and not link.arguments for link in chain.links)
        if is_called or re.match(rf"\s*\.\s*{failing}\(\s*\)", chain.text[chain.end :]):
            raise _RefusedError


def _link_to_extend(links: Sequence[_Link], call: Call, dialect: Dialect) -> _Link | None:
    """The last call of a method, if it can get more arguments; None if there is to be another."""
    for link in reversed(links):
        if link.method == call.method and link.close >= 0:
            if not link.arguments:
                if call.method not in dialect.replaced_by_nothing:
                    return None
                if not call.is_whole:
                    raise _RefusedError
                return link
            if [token.value for token in link.arguments[0]] == ["None"]:
                return None
            return link
    return None


def _missing(chain: _Chain, link: _Link, wanted: Sequence[str]) -> list[str]:
    """The arguments that a call does not have yet.

    Refused if one is unpacked, has a keyword, or may speak of the same as one of those wanted.
    """
    wants_strings = any(one.startswith(_QUOTES) for one in wanted)
    known = set()
    for argument in link.arguments:
        if argument[0].value == "*" or any(token.value == "=" for token in _top(argument)):
            raise _RefusedError
        source = chain.text[argument[0].start : argument[-1].end]
        if not wants_strings:
            known.add(source)
        elif len(argument) == 1 and argument[0].value in _QUOTES:
            known.add(f'"{source[1:-1]}"')
        else:
            about = _first_string(chain, argument)
            if about is None or f'"{about}"' in wanted:
                raise _RefusedError
    strings = [token for argument in link.arguments for token in argument]
    return [chain.quoted(one, strings) for one in wanted if one not in known]


def _first_string(chain: _Chain, argument: Sequence[Token]) -> str | None:
    """``tags`` of ``Prefetch("tags", …)``; None for any other expression."""
    for before, token in pairwise(argument):
        if before.value == "(":
            is_string = token.value in _QUOTES and argument[-1].value == ")"
            return chain.text[token.start + 1 : token.end - 1] if is_string else None
        if before.kind is not Kind.NAME and before.value != ".":
            return None
    return None


def _top(argument: Sequence[Token]) -> list[Token]:
    """The tokens of an argument outside brackets."""
    depth = 0
    found = []
    for token in argument:
        depth -= token.kind is Kind.OPERATOR and token.value in _CLOSING
        if not depth:
            found.append(token)
        depth += token.kind is Kind.OPERATOR and token.value in _CLOSING.values()
    return found


def _first_arguments(chain: _Chain, link: _Link, arguments: Sequence[str]) -> tuple[int, str]:
    """Offset and text of the insertion that gives arguments to a call without any."""
    if chain.text[link.close - 1] != "(":
        raise _RefusedError
    return link.close, ", ".join([chain.quoted(one, chain.tokens) for one in arguments])


def _more_arguments(chain: _Chain, link: _Link, arguments: Sequence[str]) -> tuple[int, str]:
    """Offset and text of the insertion that gives a call more arguments, in its own style."""
    last = link.arguments[-1]
    first, end = last[0].start, last[-1].end
    indent = chain.indent(first)
    is_spread = "\n" in chain.text[end : link.close]
    if link.has_comma:
        comma = chain.text.index(",", end) + 1
        if chain.has_comment(end, comma):
            raise _RefusedError
        if is_spread and "\n" in chain.text[comma : link.close]:
            text = "".join([f"\n{indent}{argument}," for argument in arguments])
            return chain.line_end(comma), text
        if chain.has_comment(comma, link.close):
            raise _RefusedError
        return comma, "".join([f" {argument}," for argument in arguments])
    if chain.has_comment(end, link.close):
        raise _RefusedError
    if is_spread and chain.is_first_on_line(first):
        return end, "".join([f",\n{indent}{argument}" for argument in arguments])
    return end, "".join([f", {argument}" for argument in arguments])


def _more_calls(chain: _Chain, links: Sequence[_Link], calls: Sequence[str]) -> tuple[int, str]:
    """Offset and text of the insertion that adds calls, each on a line of its own if the last one
    before them has one.
    """
    if not links:
        raise _RefusedError
    last = links[-1]
    if last.dot < 0 or not chain.is_first_on_line(last.dot):
        return last.end, "".join(calls)
    indent = chain.indent(last.dot)
    if chain.text[: chain.line_start(last.dot)].endswith("\\\n"):
        return last.end, "".join([f" \\\n{indent}{call}" for call in calls])
    comment = _COMMENT_AT_END.match(chain.text, last.end)
    # The comment stays beside what it speaks of.
    offset = comment.end() if comment is not None else last.end
    return offset, "".join([f"\n{indent}{call}" for call in calls])


def _moved(token: Token, by: int) -> Token:
    return Token(token.kind, token.start + by, token.end + by, token.value)


def _offset(text: str, line: int, column: int) -> int:
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
        if not start:
            raise _RefusedError
    return start + column


def _insertion(path: str, text: str, offset: int, inserted: str) -> Edit:
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1) + 1
    return Edit(path, Range(line, column, line, column), inserted)
