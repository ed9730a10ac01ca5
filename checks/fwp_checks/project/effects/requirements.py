"""What a function's parameters must be for something in it to happen."""

from __future__ import annotations

from typing import NamedTuple

from fwp_checks.facts import terms as t
from fwp_checks.project.effects.compared import Shared, may_be
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.mappings import root_of
from fwp_checks.project.meaning.values import ClassValue, Constant, External, Value

# Methods of dictionaries that give of an empty one nothing, or what they are handed.
PARTS: frozenset[str] = frozenset({"get", "items", "keys", "values"})
# Functions of the language that leave what they are handed as it is.
_LEAVING: frozenset[str] = frozenset({"isinstance", "len", "print", "repr", "str", "type"})
_BY_KEY = frozenset({"setdefault", "pop"})
_CHANGING = frozenset({"update", "clear", "popitem", *_BY_KEY})


class Condition(NamedTuple):
    """What a parameter, by its position, must be: ``truthy``, ``falsy``, ``none``, ``not-none``,
    an ``instance`` of one of some ``classes`` or ``not-instance``, ``used`` since it was made,
    ``filled``, which no empty display is; or what it ``has`` or ``lacks``: an ``attribute``; or, in
    a ``form``, ``equal`` to one of some ``literals``, or ``unequal`` to all of them.

    Of ``*args`` and ``**options`` that are handed on, or asked by ``options.get("name")``: the one
    at ``position`` of the first, or with the name ``keyword``. Where it is neither, it is
    ``default``, if that is known.

    Of an object of a class of the project, ``owner``: what its constructor was handed as
    ``option``, by position.

    Of values that callers choose: ``given``, what no code of the project decides.

    Of no single parameter: ``either``, what one of some ``ways`` asks for.
    """

    parameter: int
    test: str
    keyword: str = ""
    position: int = -1
    default: Constant | None = None
    owner: ClassValue | None = None
    option: int = -1
    classes: tuple[Value, ...] = ()
    attribute: str = ""
    literals: tuple[object, ...] = ()
    form: str = ""
    ways: tuple[frozenset[Condition], ...] = ()

    @property
    def is_compared(self) -> bool:
        """Whether it asks for certain literals, or for others."""
        return self.test in ("equal", "unequal")

    @property
    def is_of_itself(self) -> bool:
        """Whether it asks what a test of the parameter says, and not what only follows from one."""
        return self.test != "filled" and not any(isinstance(one, Shared) for one in self.literals)

    @property
    def is_plain(self) -> bool:
        """Whether it asks for the presence or the truth of one argument as such."""
        return not (self.attribute or self.is_compared or self.owner is not None or self.ways)

    @property
    def is_of_many(self) -> bool:
        """Whether it asks for one of ``*args`` or ``**options``."""
        return bool(self.keyword) or self.position >= 0

    @property
    def of_option(self) -> Condition:
        """The same, asked of the constructor's parameter itself."""
        return self._replace(parameter=self.option, owner=None, option=-1)

    def holds_for(self, constant: object) -> bool:
        """Whether a literal meets it."""
        if self.test in ("truthy", "filled"):
            return bool(constant)
        if self.test == "falsy":
            return not constant
        if self.test == "instance":
            return is_of(type(constant), self.classes)
        if self.test == "not-instance":
            return not is_of(type(constant), self.classes)
        if self.test == "used":
            return True
        if self.is_compared:
            return may_be(constant, self.form, self.literals, self.test == "equal")
        if self.attribute:
            return hasattr(constant, self.attribute) is (self.test == "has")
        return (constant is None) is (self.test == "none")


Requirements = frozenset[Condition]
NOTHING: Requirements = frozenset()
GIVEN = "given"
# Displays without elements.
EMPTY: tuple[t.Term, ...] = ((t.MAPPING, ()), (t.SEQUENCE, "list", ()), (t.SEQUENCE, "tuple", ()))
# Stands for each name that something may be put under.
ANY: tuple[str, ...] = ("any",)


def parameter_of(terms: list[t.Term], term: int) -> int | None:
    """The position of the parameter that a term is, perhaps narrowed by a test or brought round by
    a loop.
    """
    term = root_of(terms, term)
    return terms[term][1] if terms[term][0] == t.PARAM else None


def is_of(class_: type, classes: tuple[Value, ...]) -> bool:
    """Whether a class of the language is derived from one of some classes."""
    return any(
        External(f"{base.__module__.lstrip('_')}.{base.__name__}") in classes
        for base in class_.__mro__
    )


def changes(frame: Frame) -> frozenset[tuple[int, object]]:
    """Under which names a function puts something into its own ``**options``, or takes it: the
    position of the parameter, and the name, ANY where that is not written.
    """
    module, scope = frame.module, frame.scope
    terms = module.facts.terms
    changed = [terms[term][1:3] for term in module.of_kind_in(t.STORE_ITEM, scope)]
    for term in module.calls_in(frame.scope_number):
        called = terms[terms[term][1]]
        if called[0] == t.ATTR and called[2] in _CHANGING:
            keys = terms[term][2]
            changed.append((called[1], keys[0] if called[2] in _BY_KEY and keys else -1))
    found: set[tuple[int, object]] = set()
    for base, key in changed:
        parameter = parameter_of(terms, base)
        if parameter is not None:
            is_written = key >= 0 and terms[key][0] == t.CONST
            found.add((parameter, terms[key][1] if is_written else ANY))
    return frozenset(found)


def may_fill(frame: Frame, parameter: int) -> bool:
    """Whether a function may put something into what it is handed: it calls methods of it that are
    not known to leave it alone, or hands it on.
    """
    module, scope = frame.module, frame.scope
    terms = module.facts.terms
    for term in module.of_kind_in(t.STORE_ITEM, scope):
        if parameter_of(terms, terms[term][1]) == parameter:
            return True
    for term in module.calls_in(frame.scope_number):
        entry = terms[term]
        called = terms[entry[1]]
        if called[0] == t.ATTR and called[2] not in PARTS:
            if parameter_of(terms, called[1]) == parameter:
                return True
        if called[0] == t.NAME and called[1] in _LEAVING:
            continue
        given = (*entry[2], *[named[1] for named in entry[3]])
        if any(parameter_of(terms, one) == parameter for one in given):
            return True
    return False
