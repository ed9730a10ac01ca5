"""What the code of a project does not decide: what a caller is asked, rows, files, the environment,
the time, and what is there only since a method has put it there.

A test of it comes out one way for one call, and the other way for another: what it stands around
happens. Of parameters, that is for callers to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.effects.constructed import CONSTRUCTOR, MOST_STORES, is_attribute_of
from fwp_checks.project.effects.requirements import (
    GIVEN,
    NOTHING,
    Condition,
    Requirements,
)
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.assignments import assigned_before
from fwp_checks.project.meaning.classes import MODEL
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.having import PLAIN
from fwp_checks.project.meaning.mappings import root_of, roots_of
from fwp_checks.project.meaning.origins import origin_of
from fwp_checks.project.meaning.values import (
    ClassValue,
    Constant,
    External,
    FunctionValue,
    Instance,
    Iterable,
    MappingValue,
    Member,
    ModuleValue,
    TupleValue,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# https://docs.python.org/3/library/os.path.html, https://docs.python.org/3/library/pathlib.html:
# whether there is a file at all. What kind of thing is at a path, its caller may know.
_ASKING = frozenset(
    {
        "datetime.datetime.now",
        "datetime.datetime.utcnow",
        "django.utils.timezone.now",
        "os.access",
        "os.environ.get",
        "os.getenv",
        "os.path.exists",
        "os.path.getmtime",
        "os.path.isfile",
        "os.path.lexists",
        "pathlib.Path.exists",
        "pathlib.Path.is_file",
        "platform.machine",
        "platform.system",
        "random.random",
        "shutil.which",
        "time.monotonic",
        "time.perf_counter",
        "time.time",
    }
)
# They give a number that is another one in each round.
_COUNTING = frozenset({"builtins.range", "itertools.count"})
_READ = frozenset({"os.environ", "os.name", "sys.argv", "sys.platform"})
# What a command is given, https://docs.python.org/3/library/argparse.html#argparse.Namespace
_OPTIONS = "argparse.Namespace"
# These tell of what kind something is, which those know who hand it over.
_OF_A_KIND = frozenset(
    {
        "builtins.callable",
        "builtins.hasattr",
        "builtins.isinstance",
        "builtins.issubclass",
        "builtins.type",
        "os.path.isdir",
        "os.path.islink",
        "pathlib.Path.is_dir",
        "pathlib.Path.is_symlink",
    }
)
_FIXED = (
    ClassValue,
    Constant,
    External,
    FunctionValue,
    Iterable,
    MappingValue,
    ModuleValue,
    TupleValue,
)
# What is the same whatever happens.
_CONSTANT: Requirements = frozenset({Condition(-1, "constant")})
# A test is made of no more parts than these, one within the other.
_LEVELS = 8


class Outside:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._changing: dict[tuple[ClassValue, str], bool] = {}

    def left(self, frame: Frame, term: int, is_truth: bool) -> Requirements | None:
        """The parameters that must come from outside for a term to do so; None if the code decides
        what it is, or that is not known. ``is_truth``: only whether there is something.
        """
        found = self._truth(frame, term) if is_truth else self._left(frame, term, _LEVELS)
        return None if found is _CONSTANT else found

    def _truth(self, frame: Frame, term: int) -> Requirements | None:
        terms = frame.module.facts.terms
        term = root_of(terms, term)
        entry = terms[term]
        if entry[0] == t.UNARY and entry[1] == "not":
            return self._truth(frame, entry[2])
        if entry[0] == t.BOOL:
            return _all([self._truth(frame, operand) for operand in entry[2]])
        if entry[0] == t.COMPARE and terms[entry[3]] == (t.CONST, None):
            return self._truth(frame, entry[2])
        if entry[0] == t.ATTR and self._comes_and_goes(frame, entry):
            return NOTHING
        if entry[0] == t.PARAM and self._is_object(frame, term):
            return None
        return self._left(frame, term, _LEVELS)

    def _is_object(self, frame: Frame, term: int) -> bool:
        """Whether a parameter is something that somebody has to make."""
        options = options_of(self._project.values.evaluate(frame, term))
        return any(isinstance(one, Instance) and one.class_ not in PLAIN for one in options)

    def _comes_and_goes(self, frame: Frame, entry: t.Term) -> bool:
        options = options_of(self._project.values.evaluate(frame, entry[1]))
        return all(
            isinstance(option, Instance)
            and isinstance(option.class_, ClassValue)
            and self._is_changing(option.class_, entry[2])
            for option in options
        )

    def _left(self, frame: Frame, term: int, levels: int) -> Requirements | None:
        if levels <= 0:
            return None
        terms = frame.module.facts.terms
        term = t.unaliased(terms, term)
        entry = terms[term]
        kind: int = entry[0]
        if kind == t.CONST:
            return _CONSTANT
        if kind == t.PARAM:
            return self._handed(frame, entry[1])
        if kind == t.JOIN:
            roots = sorted(roots_of(terms, term))
            return _all([self._left(frame, root, levels - 1) for root in roots])
        if kind == t.ATTR:
            return self._attribute(frame, term, levels)
        if kind == t.CALL:
            return self._called(frame, entry, levels)
        if kind in (t.AWAIT, t.TRUTH, t.UNARY, t.UNPACK, t.ITER):
            return self._left(frame, entry[2] if kind == t.UNARY else entry[1], levels - 1)
        if kind == t.BOOL:
            return _all([self._left(frame, one, levels - 1) for one in entry[2]])
        if kind in (t.COMPARE, t.ITEM, t.BINARY, t.FORMAT, t.SEQUENCE):
            return _any([self._left(frame, one, levels - 1) for one in t.operands(entry)])
        value = self._project.values.evaluate(frame, term)
        if isinstance(value, _FIXED):
            return _CONSTANT
        return self._bound(frame, entry, levels)

    def _bound(self, frame: Frame, entry: t.Term, levels: int) -> Requirements | None:
        """What must come from outside for a variable of a module, or an attribute of a class."""
        bound = literals.bound(self._project, frame, entry)
        return self._left(bound[0], bound[1], levels - 1) if bound is not None else None

    def _handed(self, frame: Frame, parameter: int) -> Requirements | None:
        declared = frame.scope.parameters[parameter]
        if declared.kind in ("*", "**"):
            return None
        number = frame.scope_number
        if parameter == 0 and self._project.calls.class_of_method(frame.module, number) is not None:
            return None
        return frozenset({Condition(parameter, GIVEN)})

    def _attribute(self, frame: Frame, term: int, levels: int) -> Requirements | None:
        """What must come from outside for an attribute: a field of a row, or of what a caller is
        asked, or of settings.
        """
        terms = frame.module.facts.terms
        entry = terms[term]
        base, name = entry[1], str(entry[2])
        assigned = assigned_before(frame, term)
        if assigned >= 0:
            return self._left(frame, assigned, levels - 1)
        value = self._project.values.evaluate(frame, base)
        if isinstance(value, External):
            return NOTHING if f"{value.name}.{name}" in _READ else _CONSTANT
        if isinstance(value, Instance) and value.class_ == _OPTIONS:
            return NOTHING
        if isinstance(value, (ClassValue, ModuleValue)):
            return self._bound(frame, entry, levels)
        options = options_of(value)
        if all(self._project.classes.is_settings(option) for option in options):
            return NOTHING
        if self._are_rows(frame, base):
            return NOTHING
        classes = _classes(options)
        if not all(self._project.classes.derives(class_, MODEL) for class_ in classes):
            return None
        if terms[t.unaliased(terms, base)][0] == t.PARAM or not classes:
            return self._left(frame, base, levels - 1)
        return None

    def _are_rows(self, frame: Frame, term: int) -> bool:
        """Whether a term is a row: what its columns, properties and methods say, it says."""
        value = self._project.values.evaluate(frame, term)
        classes = _classes(options_of(value))
        return origin_of(value) is not None or (
            bool(classes) and all(map(self._project.frameworks.is_model, classes))
        )

    def _is_changing(self, class_: ClassValue, name: str) -> bool:
        """Whether methods give an attribute something else than the constructor does."""
        key = (class_, name)
        known = self._changing.get(key)
        if known is None:
            known = self._changing[key] = self._changes(class_, name)
        return known

    def _changes(self, class_: ClassValue, name: str) -> bool:
        stores = self._project.attribute_stores.get(name, [])
        if not 0 < len(stores) <= MOST_STORES:
            return False
        first, later = False, False
        for module, term in stores:
            if module.is_test or not is_attribute_of(self._project, class_, module, term):
                continue
            scope = module.facts.scopes[module.scope_of(term)]
            if scope.name == CONSTRUCTOR:
                first = True
            else:
                later = True
        return first and later

    def _called(self, frame: Frame, entry: t.Term, levels: int) -> Requirements | None:
        terms = frame.module.facts.terms
        function = self._project.values.evaluate(frame, entry[1])
        arguments = [*entry[2], *[term for _, term in entry[3]]]
        name = function.name if isinstance(function, (External, Member)) else ""
        if name in _OF_A_KIND or isinstance(function, ClassValue):
            return None
        if name and (name in _ASKING or name in _COUNTING or self._project.catalogue.effects(name)):
            return NOTHING
        found = [self._left(frame, argument, levels - 1) for argument in arguments]
        if isinstance(function, FunctionValue):
            if terms[entry[1]][0] == t.ATTR and self._are_rows(frame, terms[entry[1]][1]):
                return NOTHING
            return _all(found)
        if terms[entry[1]][0] != t.ATTR:
            return _any(found) if name else None
        receiver = self._left(frame, terms[entry[1]][1], levels - 1)
        return _any([receiver, *found]) if name or receiver is not None else None


def _classes(options: Sequence[Value]) -> list[ClassValue]:
    """The project's classes among those of objects."""
    return [
        option.class_
        for option in options
        if isinstance(option, Instance) and isinstance(option.class_, ClassValue)
    ]


def _any(found: list[Requirements | None]) -> Requirements | None:
    """What is made of several things is different where one of them is."""
    known = [one for one in found if one is not None and one is not _CONSTANT]
    if known:
        return min(known, key=len) if NOTHING in known else frozenset().union(*known)
    return _CONSTANT if found and None not in found else None


def _all(found: list[Requirements | None]) -> Requirements | None:
    """What is made of several things that the code must not decide."""
    return None if None in found else _any(found)
