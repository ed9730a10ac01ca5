"""The small languages inside a catalogue row: names with braces, values, conditions, arguments.

Every function here raises `GrammarError` with one clause that says what is wrong with the text it
was given; callers add the file, the row and the key.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

KINDS = (
    "sleep",
    "wait",
    "http",
    "network",
    "database",
    "orm",
    "cache",
    "queue",
    "search",
    "cloud",
    "mail",
    "ssh",
    "llm",
    "process",
    "input",
    "cpu",
    "file",
    "metadata",
)
EFFECTS = ("blocks", "queries", "loads", "opens", "writes", "runs_loop", "none")
RESOURCES = ("engine", "pool", "connection", "session", "client")
ROLES = (
    "offloads",
    "offloads_sync",
    "offloads_decorator",
    "schedules",
    "calls",
    "iterates",
    "enters",
    "loop_callback",
    "enters_loop",
    "returns_function",
)
VIAS = ("call", "attribute", "iterate", "enter", "decorate")
WRAPPERS = (
    "awaitable",
    "iterator",
    "async_iterator",
    "list",
    "context",
    "async_context",
    "callable",
    "class",
)
REFERENCES = ("argument", "instance", "call")
EVERY_ARGUMENT = "*"

_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_BRACES = re.compile(r"\{([^{}]*)\}")
_HAS = re.compile(r"has:(\d+|[^\W\d]\w*)")
_IS = re.compile(r"is:(\d+|[^\W\d]\w*)=(.+)")
_STARTS = re.compile(r"starts:(\d+|[^\W\d]\w*)=(.+)")
_EQUALS = re.compile(r"(\d+|[^\W\d]\w*)=(.+)")
_WRAPPED = re.compile(r"([a-z_]+)\[(.*)\]")


class CatalogueError(Exception):
    """A catalogue row that cannot be used; the message names the source, the row and the key."""


class GrammarError(ValueError):
    """A piece of a row that cannot be read; the message is one clause without a position."""


@dataclass(slots=True, unsafe_hash=True)
class ValueSpec:
    """What an expression holds, as a row states it.

    `kind` is `type` (an object of the type `name`), `self`, one of `WRAPPERS` (around `inner`) or
    one of `REFERENCES` (to the `argument`: a position or a keyword name).
    """

    kind: str
    name: str = ""
    inner: ValueSpec | None = None
    argument: int | str = 0

    @property
    def types(self) -> tuple[str, ...]:
        """Names of the types mentioned, outermost first."""
        if self.inner is not None:
            return self.inner.types
        return (self.name,) if self.kind == "type" else ()


@cache
def parse_value(text: str) -> ValueSpec:
    """Read a value such as `pkg.Type`, `self`, `awaitable[list[pkg.Type]]` or `instance[0]`.

    Raises `GrammarError` when the text is none of the forms the catalogue's README lists.
    """
    text = text.strip()
    if text == "self":
        return ValueSpec("self")
    match = _WRAPPED.fullmatch(text)
    if match is not None:
        head, body = match.groups()
        if head in REFERENCES:
            argument = parse_argument(body)
            if argument == EVERY_ARGUMENT:
                raise GrammarError(f"'{text}' needs one argument in its brackets")
            return ValueSpec(head, argument=argument)
        if head in WRAPPERS:
            return ValueSpec(head, inner=parse_value(body))
        known = ", ".join((*WRAPPERS, *REFERENCES))
        raise GrammarError(f"'{head}[…]' is no form of value; known: {known}")
    if _NAME.fullmatch(text) is None:
        raise GrammarError(f"'{text}' is no value")
    if "." not in text:
        raise GrammarError(f"'{text}' is no value: a type is a dotted name, as in 'builtins.str'")
    return ValueSpec("type", name=text)


def expand_braces(text: str) -> tuple[str, ...]:
    """Give every spelling that `{a,b}` alternatives stand for, in order, braces left to right.

    An alternative may be empty: `pkg.Type{,.open}` is the type and its member.
    Raises `GrammarError` where braces do not match.
    """
    match = _BRACES.search(text)
    if match is None:
        if "{" in text or "}" in text:
            raise GrammarError(f"braces do not match in '{text}'")
        return (text,)
    found: list[str] = []
    for choice in match.group(1).split(","):
        found.extend(expand_braces(text[: match.start()] + choice.strip() + text[match.end() :]))
    return tuple(found)


def is_name(text: str) -> bool:
    """Whether the text is a dotted name."""
    return _NAME.fullmatch(text) is not None


def is_dunder(member: str) -> bool:
    """Whether the member is an implicit call (`__enter__`), which no wildcard covers."""
    return member.startswith("__") and member.endswith("__")


def check_condition(text: str) -> None:
    """Accept `has:0`, `block=False`, `0=None`, `operation=fcntl.LOCK_EX`, `is:file=io.BytesIO`,
    `starts:0=/proc/`.

    The right side is a Python literal or the dotted name of a constant; after `is:`, of a type;
    after `starts:`, a text as it is.
    Raises `GrammarError`.
    """
    if _HAS.fullmatch(text) is not None or _STARTS.fullmatch(text) is not None:
        return
    match = _IS.fullmatch(text)
    if match is not None and is_name(match.group(2)) and "." in match.group(2):
        return
    match = _EQUALS.fullmatch(text)
    if match is None:
        raise GrammarError(f"'{text}' is no condition; write 'name=value', '0=value' or 'has:name'")
    wanted = match.group(2)
    if is_name(wanted) and "." in wanted:
        return
    try:
        ast.literal_eval(wanted)
    except (ValueError, SyntaxError):
        raise GrammarError(
            f"'{wanted}' in '{text}' is neither a literal nor a dotted name"
        ) from None


def parse_argument(text: str) -> str | int:
    """Read a position, a keyword name, or `*` for every positional argument."""
    if text.isdecimal():
        return int(text)
    if text == EVERY_ARGUMENT or (is_name(text) and "." not in text):
        return text
    raise GrammarError(f"'{text}' is neither a position, a keyword name nor '*'")


def resolve_alias(aliases: Mapping[str, str], name: str) -> str:
    """Replace the longest prefix of the name that is an alias; the rest is kept."""
    prefix, rest = name, ""
    while prefix:
        target = aliases.get(prefix)
        if target is not None:
            return target + rest
        prefix, _, last = prefix.rpartition(".")
        rest = f".{last}{rest}"
    return name
