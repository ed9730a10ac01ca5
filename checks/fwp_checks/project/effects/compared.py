"""Comparisons with literals and members of enumerations: ``algorithm.upper() == "RSA"``,
``mode not in ("a", "b")``, ``kind is Kind.REMOTE``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fwp_checks.facts import terms as t
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.values import (
    ClassValue,
    Constant,
    External,
    FunctionValue,
    ModuleValue,
    Wrapped,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

_IS_EQUAL: dict[str, bool] = {
    "==": True,
    "!=": False,
    "is": True,
    "is not": False,
    "in": True,
    "not in": False,
}
_SWAPPED: frozenset[str] = frozenset({"==", "!="})
_AMONG: frozenset[str] = frozenset({"in", "not in"})
# Texts are compared in one of these forms, https://docs.python.org/3/library/stdtypes.html.
_FORMS: frozenset[str] = frozenset({"casefold", "lower", "strip", "upper"})
# A part of a text: with its number, and what stands between parts.
_SPLIT = "split"
# Bases of enumerations, https://docs.python.org/3/library/enum.html and
# https://docs.djangoproject.com/en/5.2/ref/models/fields/#enumeration-types.
_ENUMS: frozenset[str] = frozenset(
    {
        "enum.Enum",
        "enum.IntEnum",
        "enum.StrEnum",
        "django.db.models.IntegerChoices",
        "django.db.models.TextChoices",
    }
)
# Two names of one number: https://docs.python.org/3/library/logging.html#logging-levels,
# https://docs.python.org/3/library/signal.html#signal.SIGIOT
_SAME: dict[str, str] = {
    "logging.WARN": "WARNING",
    "logging.FATAL": "CRITICAL",
    "signal.SIGIOT": "SIGABRT",
    "signal.SIGCLD": "SIGCHLD",
    "signal.SIGPOLL": "SIGIO",
}
_BOUND: frozenset[int] = frozenset({t.NAME, t.IMPORT})
_COMPARABLE: frozenset[int] = frozenset({t.CONST, t.ATTR, t.CALL, *_BOUND})


class Compared(NamedTuple):
    """A term, in a ``form`` (a method of texts, which part of one, or empty), is asked to be (not
    ``is_equal``: not to be) one of ``wanted``, which are terms.
    """

    term: int
    form: str
    wanted: tuple[int, ...]
    is_equal: bool


class EnumMember(NamedTuple):
    """A member of an enumeration, or a constant of a library: the dotted name of its class or
    module, and its own.
    """

    owner: str
    name: str


class Shared(NamedTuple):
    """What is the same wherever it is read, whatever it is: a variable of a file, an attribute of
    what one holds, or what a function of the project gives for some literals.
    """

    path: str
    variable: int
    steps: tuple[object, ...] = ()


def compared(terms: list[t.Term], entry: t.Term) -> Compared | None:
    """What a COMPARE term asks, if it compares with what may be a literal or a member."""
    operator = entry[1]
    asked, other = entry[2], entry[3]
    if operator in _SWAPPED and terms[asked][0] == t.CONST:
        asked, other = other, asked
    is_equal = _IS_EQUAL.get(operator)
    if is_equal is None:
        return None
    wanted: tuple[int, ...] = (other,)
    if operator in _AMONG:
        if terms[other][0] != t.SEQUENCE:
            return None
        wanted = tuple(terms[other][2])
    if any(terms[one][0] not in _COMPARABLE for one in wanted):
        return None
    part = _part(terms, asked)
    if part is not None:
        return Compared(*part, wanted, is_equal)
    called = terms[t.unaliased(terms, asked)]
    form = ""
    if called[0] == t.CALL and not called[2] and not called[3]:
        method = terms[called[1]]
        if method[0] == t.ATTR and method[2] in _FORMS:
            asked, form = method[1], method[2]
    return Compared(asked, form, wanted, is_equal)


def _part(terms: list[t.Term], term: int) -> tuple[int, str] | None:
    """The text of which a term is a part, ``kind, name = text.split(":")`` or
    ``text.split(":")[0]``, and the form that says which.
    """
    entry = terms[t.unaliased(terms, term)]
    if entry[0] not in (t.UNPACK, t.ITEM):
        return None
    index = entry[2]
    if entry[0] == t.ITEM:
        index = terms[index][1] if terms[index][0] == t.CONST else None
    call = terms[t.unaliased(terms, entry[1])]
    if type(index) is not int or index < 0 or call[0] != t.CALL or call[3] or len(call[2]) != 1:
        return None
    method, separator = terms[call[1]], terms[call[2][0]]
    if method[0] != t.ATTR or method[2] != _SPLIT or separator[0] != t.CONST:
        return None
    if not isinstance(separator[1], str) or not separator[1]:
        return None
    return method[1], f"{_SPLIT} {index} {separator[1]}"


def literal(project: Project, frame: Frame, term: int) -> Constant | None:
    """A literal, or a member of an enumeration, that a term is, perhaps by way of a local variable.

    A class or module of a library that is not read has members where its attribute is in capitals.
    Those of any other object, as of settings, may be the same under several names. A class is what
    it is, and so is what a variable of a file is bound to once.
    """
    terms = frame.module.facts.terms
    entry = terms[t.unaliased(terms, term)]
    if entry[0] == t.CONST:
        return Constant(entry[1])
    if entry[0] in _BOUND:
        value = project.values.evaluate(frame, term)
        if isinstance(value, ClassValue):
            return Constant(value)
        return value if isinstance(value, Constant) and value.value is not None else None
    if entry[0] != t.ATTR:
        return None
    owner, name = project.values.evaluate(frame, entry[1]), str(entry[2])
    if isinstance(owner, ModuleValue):
        value = project.values.evaluate(frame, term)
        return Constant(value) if isinstance(value, ClassValue) else None
    if isinstance(owner, External):
        is_class = owner.name.rpartition(".")[2][:1].isupper()
        if not name.isupper() or not (is_class or _is_module(frame, owner)):
            return None
        return Constant(EnumMember(owner.name, _SAME.get(f"{owner.name}.{name}", name)))
    if not isinstance(owner, ClassValue):
        return None
    if _ENUMS.isdisjoint(project.classes.info(owner).externals):
        return None
    bound = project.members.find_in_class(owner, name)
    if bound is None or isinstance(bound, (FunctionValue, Wrapped)):
        return None
    return Constant(EnumMember(f"{owner.module.name}.{owner.name}", name))


def wanted_of(project: Project, frame: Frame, found: Compared) -> tuple[object, ...] | None:
    """What a comparison wants: literals, members, or what is the same wherever it is read; None if
    one of them is none of these.
    """
    wanted: list[object] = []
    for term in found.wanted:
        known = literal(project, frame, term)
        one = known.value if known is not None else shared(project, frame, term)
        if known is None and one is None:
            return None
        wanted.append(one)
    return tuple(wanted)


def shared(project: Project, frame: Frame, term: int) -> Shared | None:
    """What a term reads that is the same everywhere, if it does."""
    terms = frame.module.facts.terms
    entry = terms[t.unaliased(terms, term)]
    if entry[0] == t.CALL:
        given = [terms[argument] for argument in entry[2]]
        if not given or entry[3] or any(one[0] != t.CONST for one in given):
            return None
        function = project.values.evaluate(frame, entry[1])
        base = shared(project, frame, entry[1]) if isinstance(function, FunctionValue) else None
        return _further(base, tuple([one[1] for one in given]))
    found = literals.bound(project, frame, entry)
    if found is not None:
        return Shared(found[0].module.path, found[1])
    return _further(shared(project, frame, entry[1]), entry[2]) if entry[0] == t.ATTR else None


def _further(base: Shared | None, step: object) -> Shared | None:
    return base._replace(steps=(*base.steps, step)) if base is not None else None


def _is_module(frame: Frame, library: External) -> bool:
    """Whether a file imports it as a whole: ``import socket``."""
    imports = frame.module.facts.imports
    return any(one.attribute is None and one.module == library.name for one in imports)


def may_be(constant: object, form: str, literals: tuple[object, ...], is_equal: bool) -> bool:
    """Whether a literal or a member may be (not ``is_equal``: may be none) of some others."""
    value = formed(constant, form)
    if value in literals:
        return is_equal
    return not is_equal or not all(_is_of_a_kind(value, one) for one in literals)


def _is_of_a_kind(value: object, other: object) -> bool:
    """Whether two different ones are unequal: a member may be a text, too, and what is read
    anything.
    """
    if isinstance(value, Shared) or isinstance(other, Shared):
        return False
    if value is None or other is None:
        return True
    if isinstance(value, EnumMember) and isinstance(other, EnumMember):
        return value.owner == other.owner
    return not isinstance(value, EnumMember) and not isinstance(other, EnumMember)


def formed(value: object, form: str) -> object:
    """A literal in a form; None where it has no such form."""
    if not form:
        return value
    if not isinstance(value, str):
        return None
    if form.startswith(_SPLIT):
        _, index, separator = form.split(" ", 2)
        parts = value.split(separator)
        return parts[int(index)] if int(index) < len(parts) else None
    if form == "upper":
        return value.upper()
    if form == "strip":
        return value.strip()
    return value.lower() if form == "lower" else value.casefold()
