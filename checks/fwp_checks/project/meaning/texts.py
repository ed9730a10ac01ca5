"""Texts that are spelt out: a literal, a constant of some module, a default of a settings class,
what a small function makes of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.meaning.literals import attribute_term, text_of
from fwp_checks.project.meaning.values import (
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Member,
    ModuleValue,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

_MOST_STEPS = 20
# What gives a default where a setting is not set: which argument it is.
_DEFAULTS = {
    "pydantic.Field": (0, "default"),
    "pydantic.fields.Field": (0, "default"),
    "os.getenv": (1, "default"),
    "os.environ.get": (1, "default"),
}
_PAGES: tuple[str, ...] = (".html", ".htm", ".txt", ".xml", ".jinja", ".jinja2", ".j2", ".mjml")
_FORMAT = "format"
_JOINING: frozenset[str] = frozenset({"os.path.join", "posixpath.join"})


def text_at(project: Project, frame: Frame, term: int) -> str | None:
    """The text that a term stands for; None if it is not spelt out anywhere. Where that depends on
    the path taken, the one that is.
    """
    return _text(project, frame, term, _MOST_STEPS)


def names_page(terms: list[t.Term], entry: t.Term) -> bool:
    """Whether a term puts together what ends like the name of a template's file."""
    kind = entry[0]
    if kind == t.FORMAT:
        return len(entry) > 2 and bool(entry[2][-1].endswith(_PAGES))
    if kind == t.BINARY:
        if entry[1] not in ("+", "%"):
            return False
        last = terms[entry[3] if entry[1] == "+" else entry[2]]
    elif kind == t.CALL and terms[entry[1]][0] == t.ATTR and terms[entry[1]][2] == _FORMAT:
        last = terms[terms[entry[1]][1]]
    elif kind == t.CALL and entry[2] and not entry[3]:
        last = terms[entry[2][-1]]
    else:
        return False
    return bool(last[0] == t.CONST and isinstance(last[1], str) and last[1].endswith(_PAGES))


def _text(project: Project, frame: Frame, term: int, steps: int) -> str | None:
    if term < 0 or not steps:
        return None
    known = text_of(project.values.evaluate(frame, term))
    if known is not None:
        return known
    entry = frame.module.facts.terms[term]
    kind = entry[0]
    if kind == t.BINARY and entry[1] in ("+", "+="):
        left = _text(project, frame, entry[2], steps - 1)
        right = _text(project, frame, entry[3], steps - 1)
        return None if left is None or right is None else left + right
    if kind == t.BINARY and entry[1] == "%":
        return _interpolated(project, frame, entry, steps)
    if kind == t.FORMAT and len(entry) > 2:
        parts = [_text(project, frame, part, steps - 1) for part in entry[1]]
        if None in parts:
            return None
        around = zip(entry[2], [*parts, ""], strict=True)
        return "".join(f"{text}{part}" for text, part in around)
    if kind in (t.JOIN, t.BOOL):
        options = entry[1] if kind == t.JOIN else entry[2]
        return _only([_text(project, frame, option, steps - 1) for option in options])
    if kind == t.CALL:
        if names_page(frame.module.facts.terms, entry):
            return _page(project, frame, entry, steps)
        return _only(_returned(project, frame, term, steps))
    if kind == t.PARAM and entry[1] < len(frame.arguments):
        return _only(map(text_of, options_of(project.values.evaluate(frame, term))))
    source = _behind(project, frame, entry)
    return _text(project, *source, steps - 1) if source is not None else None


def _interpolated(project: Project, frame: Frame, entry: t.Term, steps: int) -> str | None:
    """``"%s and %s" % (one, other)``, where texts stand for all."""
    around = _text(project, frame, entry[2], steps - 1)
    right = frame.module.facts.terms[entry[3]]
    places = right[2] if right[0] == t.SEQUENCE else (entry[3],)
    parts = [_text(project, frame, place, steps - 1) for place in places]
    if around is None or around.count("%") != around.count("%s") or None in parts:
        return None
    return around % tuple(parts) if around.count("%s") == len(parts) else None


def _page(project: Project, frame: Frame, entry: t.Term, steps: int) -> str | None:
    """``"{}/list.html".format(folder)`` and ``os.path.join(folder, "list.html")``."""
    called = frame.module.facts.terms[entry[1]]
    parts = [_text(project, frame, argument, steps - 1) for argument in entry[2]]
    if called[0] == t.ATTR and called[2] == _FORMAT:
        around = _text(project, frame, called[1], steps - 1)
        named = {name: _text(project, frame, value, steps - 1) for name, value in entry[3]}
        if around is None or None in parts or None in named.values():
            return None
        try:
            return around.format(*parts, **named)
        except (ValueError, LookupError, AttributeError):
            # It does not fit what it is given.
            return None
    function = project.values.evaluate(frame, entry[1])
    is_path = isinstance(function, External) and function.name in _JOINING
    known = [part for part in parts if part is not None]
    return "/".join(known) if is_path and len(known) == len(parts) else None


def _only(texts: Iterable[str | None]) -> str | None:
    found = {text for text in texts if text is not None}
    return found.pop() if len(found) == 1 else None


def _returned(project: Project, frame: Frame, term: int, steps: int) -> Iterator[str | None]:
    """The texts that a function of the project gives when it is called so."""
    entry = frame.module.facts.terms[term]
    for option in options_of(project.values.evaluate(frame, entry[1])):
        if isinstance(option, (External, Member)) and option.name in _DEFAULTS:
            position, keyword = _DEFAULTS[option.name]
            default = project.calls.arguments(frame, entry, term).get(position, keyword)
            yield text_of(default)
        if isinstance(option, FunctionValue):
            arguments = project.calls.arguments(frame, entry, term)
            inner = project.calls.single_frame(option, arguments)
            for returned in inner.scope.returns:
                yield _text(project, inner, returned, steps - 1)


def _behind(project: Project, frame: Frame, entry: t.Term) -> tuple[Frame, int] | None:
    """Where that stands which a variable, a name or an attribute stands for."""
    if entry[0] in (t.ALIAS, t.NARROW, t.DECLARED):
        return frame, entry[1]
    if entry[0] == t.NAME:
        bound = frame.module.facts.scopes[0].bindings.get(entry[1], -1)
        return project.module_frame(frame.module), bound
    if entry[0] == t.ATTR:
        for base in options_of(project.values.evaluate(frame, entry[1])):
            class_ = base.class_ if isinstance(base, Instance) else base
            if isinstance(class_, ClassValue):
                return attribute_term(project, class_, entry[2])
            if isinstance(base, ModuleValue):
                bound = base.module.facts.scopes[0].bindings.get(entry[2], -1)
                return project.module_frame(base.module), bound
    return None
