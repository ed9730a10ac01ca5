"""What happens once and is then remembered: cached functions, and fills of a variable behind a
test.

Something that runs once in a process is no cost of each call, so effects are not carried over it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Region
from fwp_checks.project.effects.caches import Caches
from fwp_checks.project.effects.lasting import Filled, got_from, lasting
from fwp_checks.project.effects.memos import Memos
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.values import (
    ClassValue,
    Constant,
    External,
    FunctionValue,
    Instance,
    Member,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

_CONSTRUCTORS = ("__init__", "__post_init__")
# What asks whether a file is there, by the documentation of pathlib and os.path.
_FILES = frozenset(
    {"pathlib.Path.exists", "pathlib.Path.is_file", "os.path.exists", "os.path.isfile"}
)

Guarded = tuple[int, int, int]
"""A stretch of terms that runs under a test, and the term of that."""

_LEN = (t.NAME, "len")
_ZERO = (t.CONST, 0)

_Asked = Callable[[list[t.Term], int], "tuple[bool, str | None]"]
"""What a condition asks for being empty (True) or filled, if it does."""

_Test = tuple[Region, bool, str]
"""A branch, whether its test asks for being empty, and of what."""


class Once:
    """Decides what runs once."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._kept_by_arguments: dict[ClassValue, bool | None] = {}
        self._caches = Caches(project)
        self._filled = Filled(project)
        self._memos = Memos(project)
        self._own: dict[tuple[str, int], list[Guarded]] = {}
        self._guarded: dict[tuple[str, int], Sequence[Guarded]] = {}
        self._remembered: dict[tuple[str, int], Sequence[Guarded]] = {}

    def is_cached(self, frame: Frame, caller: Frame, call: int) -> bool:
        """Whether the result of a call is kept for the next one: a cache on a function that is
        called without arguments, or with the same ones each time; a class whose metaclass keeps the
        object that it makes.
        """
        if frame.name in _CONSTRUCTORS:
            return self._is_made_once(frame, caller, call)
        return self._caches.keeps_one(frame, caller, call)

    def is_kept(self, frame: Frame) -> bool:
        """Whether results are kept: of a plain function by its arguments, of a cached property by
        its object, of a class by what its metaclass asks.
        """
        if frame.name in _CONSTRUCTORS:
            return self._keeping(frame) is not None
        if not frame.scope.decorators:
            return False
        if self._project.calls.class_of_method(frame.module, frame.scope_number) is not None:
            return self._caches.is_property(frame)
        return self._caches.has_cache(frame)

    def has_cache(self, frame: Frame) -> bool:
        """Whether results are kept by the arguments, those of a method by its object as well."""
        return self._caches.has_cache(frame)

    def _is_made_once(self, frame: Frame, caller: Frame, call: int) -> bool:
        terms = caller.module.facts.terms
        entry = terms[call]
        by_arguments = self._keeping(frame) if entry[0] == t.CALL else None
        if by_arguments is None:
            return False
        made = options_of(self._project.values.evaluate(caller, entry[1]))
        if not any(isinstance(option, ClassValue) for option in made):
            return False
        arguments = (*entry[2], *(term for _, term in entry[3]))
        return not by_arguments or all(terms[term][0] == t.CONST for term in arguments)

    def _keeping(self, constructor: Frame) -> bool | None:
        """Whether a class is asked by its arguments for the object that its metaclass has kept;
        None if it keeps none.
        """
        receiver = constructor.arguments[0] if constructor.arguments else None
        class_ = receiver.class_ if isinstance(receiver, Instance) else None
        return self._kept_of(class_) if isinstance(class_, ClassValue) else None

    def keeps_objects(self, class_: ClassValue) -> bool:
        """Whether a class's metaclass keeps its objects."""
        return self._kept_of(class_) is not None

    def _kept_of(self, class_: ClassValue) -> bool | None:
        if class_ not in self._kept_by_arguments:
            making = self._metaclass_call(class_)
            self._kept_by_arguments[class_] = (
                self._by_arguments(making) if isinstance(making, FunctionValue) else None
            )
        return self._kept_by_arguments[class_]

    def _metaclass_call(self, class_: ClassValue) -> Value | None:
        """What calling a class runs by its metaclass, if that is one of the project's."""
        for owner in self._project.classes.info(class_).order:
            if not isinstance(owner, ClassValue):
                continue
            for keyword, term in owner.module.facts.scopes[owner.scope].keywords:
                if keyword == "metaclass":
                    around = self._project.classes.frame_around(owner)
                    metaclass = self._project.values.evaluate(around, term)
                    if isinstance(metaclass, ClassValue):
                        return self._project.members.find_in_class(metaclass, "__call__")
                    return None
        return None

    def _by_arguments(self, making: FunctionValue) -> bool | None:
        """``if cls not in cls._objects: cls._objects[cls] = super().__call__()``: whether more than
        the class is a key; None where objects are made in any case.
        """
        module = making.module
        terms = module.facts.terms
        frame = self._project.frame_of_scope(module, making.scope)
        makes = [
            term
            for term in module.calls_in(making.scope)
            if terms[terms[term][1]][0] == t.ATTR and terms[terms[term][1]][2] == "__call__"
        ]
        remembered = self.remembered(frame)
        kept = [*self.guarded(frame), *remembered]
        if not makes or not all(any(s <= make < e for s, e, _ in kept) for make in makes):
            return None
        keys = [
            terms[term][2]
            for start, end, _ in remembered
            for term in module.of_kind(t.STORE_ITEM)
            if start <= term < end
        ]
        asked = {terms[p][1] for key in keys for p in t.reached(terms, key, t.PARAM)}
        return bool(asked - {0})

    def own(self, frame: Frame) -> list[Guarded]:
        """Stretches of terms that run once for each object of a model, which keeps what they give:
        neither once in all, as there are many of them, nor each time. With the test that it lacks
        it, -1 where none is asked.
        """
        self.guarded(frame)
        return self._own.get((frame.module.path, frame.scope_number), [])

    def tests(self, frame: Frame, term: int) -> list[int]:
        """The conditions, that something kept is missing, under which alone a term is reached."""
        found = [*self.guarded(frame), *self.remembered(frame)]
        return [test for start, end, test in found if start <= term < end]

    def guarded(self, frame: Frame) -> Sequence[Guarded]:
        """Stretches of terms that run only while a variable that outlives the call is empty, and
        that fill it; with the terms of the tests.
        """
        key = (frame.module.path, frame.scope_number)
        known = self._guarded.get(key)
        if known is None:
            known = self._guarded[key] = tuple(self._find_guarded(frame))
        return known

    def _find_guarded(self, frame: Frame) -> list[Guarded]:
        if not frame.module.regions_in(frame.scope_number):
            return []  # as of most functions: there is no test
        tests = _asking(frame, self._tested)
        ready = self._returned_if_ready(frame)
        written = self._all_written(frame, [*tests, *_asking(frame, _worn), *ready])
        memos = {name: written.pop(name) for name in self._memos.among(frame, list(written))}
        if memos:
            own = _while_empty(frame, memos, tests)
            for region in self._memos.handlers(frame, memos):
                own.append((region.start, region.end, -1))
            self._own[frame.module.path, frame.scope_number] = own
        for name, term in self._filled.of(frame, {name for _, _, name in tests}):
            written.setdefault(name, []).append(term)
        found = _while_empty(frame, written, tests)
        for region, _, name in ready:
            start, end = frame.module.rest_after(region, frame.scope_number)
            if any(start <= at < end for at in written.get(name, ())):
                found.append((start, end, region.term))
        return found

    def _all_written(self, frame: Frame, tests: list[_Test]) -> dict[str, list[int]]:
        """Variables that outlive the call, written in this scope or, of those that it tests, by
        what it calls.
        """
        written = self._written(frame)
        tested = {name for _, _, name in tests}
        if tested:
            by_methods = tuple(self._written_by_methods(frame, tested))
            for name, term in (*by_methods, *self._written_by_threads(frame, tested)):
                written.setdefault(name, []).append(term)
        return written

    def _returned_if_ready(self, frame: Frame) -> list[_Test]:
        """``if self._state == READY and self._x is not None: return self._x``: branches that return
        what is kept as soon as it is there, and its name. What else they ask are variables of the
        object, compared with constants: not how old it is.
        """
        terms = frame.module.facts.terms
        found: list[_Test] = []
        for region in frame.module.regions_in(frame.scope_number):
            entry = terms[region.term] if region.kind == "if" and region.leaves else ()
            if not entry or entry[0] != t.BOOL or entry[1] != "and":
                continue
            returned = {
                lasting(terms, term)
                for term in frame.scope.returns
                if region.start <= term < region.end
            }
            rest = [term for term in entry[2] if not self._is_flag(frame, term)]
            kept = [self._tested(terms, term) for term in rest]
            if len(kept) == 1 and not kept[0][0] and kept[0][1] in returned - {None}:
                found.append((region, False, str(kept[0][1])))
        return found

    def _is_flag(self, frame: Frame, term: int) -> bool:
        """Whether a test asks an attribute of the method's own object, which its class assigns: is
        it a certain constant, or true, where it is never assigned anything else than constants.
        """
        module = frame.module
        terms = module.facts.terms
        class_ = self._project.calls.class_of_method(module, frame.scope_number)
        own = module.methods_writing.get(class_.scope, {}) if class_ is not None else {}
        entry = terms[term]
        asked = entry
        if entry[0] == t.COMPARE and entry[1] in ("is", "=="):
            asked = terms[entry[2]]
        if asked[0] != t.ATTR or not module.is_parameter(asked[1], frame.scope_number, 0):
            return False
        if asked is entry:
            stores = own.get(asked[2], ())
            return bool(stores) and all(terms[terms[at][3]][0] == t.CONST for _, at in stores)
        constant = self._project.values.evaluate(frame, entry[3])
        return asked[2] in own and isinstance(constant, Constant) and constant.value is not None

    def _written_by_methods(self, frame: Frame, tested: set[str]) -> Iterator[tuple[str, int]]:
        """Attributes, of those tested, that methods write which a method calls on its own object,
        at these calls.

        Not in async methods: what they wait for at first use can be handed to a thread right there.
        """
        terms = frame.module.facts.terms
        if frame.scope.is_async:
            return
        for term in frame.module.of_kind_in(t.CALL, frame.scope):
            entry = terms[term]
            if terms[entry[1]][0] != t.ATTR:
                continue
            if terms[terms[entry[1]][1]] != (t.PARAM, 0):
                continue
            method = self._project.values.evaluate(frame, entry[1])
            if isinstance(method, FunctionValue):
                for written in method.module.attribute_writes_in(method.scope):
                    name = f".{method.module.facts.terms[written][2]}"
                    if name in tested:
                        yield name, term

    def _written_by_threads(self, frame: Frame, tested: set[str]) -> Iterator[tuple[str, int]]:
        """Attributes, of those tested, that other methods of the class write, at the start of a
        thread: that fills them, and what follows waits until it has.
        """
        class_ = self._project.calls.class_of_method(frame.module, frame.scope_number)
        if class_ is None:
            return
        terms = frame.module.facts.terms
        filled = {f".{name}" for name in frame.module.methods_writing.get(class_.scope, {})}
        for term in frame.module.calls_in(frame.scope_number):
            called = terms[term][1]
            if terms[called][0] == t.ATTR and terms[called][2] == "start":
                value = self._project.values.evaluate(frame, called)
                if isinstance(value, Member) and value.name == "threading.Thread.start":
                    for name in tested & filled:
                        yield name, term

    def remembered(self, frame: Frame) -> Sequence[Guarded]:
        """Stretches of terms that run only where a mapping that outlives the call lacks a key, and
        that add it: once for each key. And those that fill a variable anew where what it holds says
        that it is of no use any more. With the terms of the tests.
        """
        key = (frame.module.path, frame.scope_number)
        known = self._remembered.get(key)
        if known is None:
            known = self._remembered[key] = tuple(self._find_remembered(frame))
        return known

    def _find_remembered(self, frame: Frame) -> list[Guarded]:
        found: list[Guarded] = []
        if _asking(frame, _may_miss_key):
            written = self._items_written(frame)
            if written:
                tests = _asking(
                    frame,
                    lambda terms, term: self._key_missing(terms, self._by_default(frame, term)),
                )
                found += _while_empty(frame, written, tests)
        worn = _asking(frame, _worn)
        if worn:
            tests = [*_asking(frame, self._tested), *self._returned_if_ready(frame), *worn]
            found += _while_empty(frame, self._all_written(frame, tests), worn)
        return found

    def _by_default(self, frame: Frame, term: int) -> int:
        """What is left of ``not refresh and key in cache`` where parameters have their defaults,
        and of ``path.exists() and path in known`` where the file is still there.
        """
        terms = frame.module.facts.terms
        entry = terms[term]
        if entry[0] != t.BOOL:
            return term
        wanted = entry[1] == "and"
        rest = [
            operand
            for operand in entry[2]
            if _default(frame, operand) is not wanted
            and self._is_there(frame, operand) is not wanted
        ]
        return rest[0] if len(rest) == 1 else term

    def _is_there(self, frame: Frame, term: int) -> bool | None:
        """How a test comes out that asks for a file, where that is there."""
        terms = frame.module.facts.terms
        entry = terms[term]
        if entry[0] == t.UNARY and entry[1] == "not":
            there = self._is_there(frame, entry[2])
            return None if there is None else not there
        if entry[0] != t.CALL:
            return None
        asking = self._project.values.evaluate(frame, entry[1])
        return True if isinstance(asking, (External, Member)) and asking.name in _FILES else None

    @staticmethod
    def _written(frame: Frame) -> dict[str, list[int]]:
        """Variables that outlive the call, written in this scope: attribute names and globals, with
        the terms written.
        """
        terms = frame.module.facts.terms
        written: dict[str, list[int]] = {}
        for term in frame.module.attribute_writes_in(frame.scope_number):
            written.setdefault(f".{terms[term][2]}", []).append(term)
        for _, name, term in frame.scope.outer_writes:
            # The value's own term may lie before the branch that binds it only for constants.
            written.setdefault(name, []).append(term)
        return written

    def _items_written(self, frame: Frame) -> dict[str, list[int]]:
        """Mappings that outlive the call, items of which are written in this scope; and sets to
        which it adds what no caller hands over: that is done then.
        """
        terms = frame.module.facts.terms
        written: dict[str, list[int]] = {}
        for term in frame.module.of_kind_in(t.STORE_ITEM, frame.scope):
            name = lasting(terms, terms[term][1])
            if name is not None:
                written.setdefault(name, []).append(term)
        for term in frame.module.calls_in(frame.scope_number):
            called, added = terms[terms[term][1]], terms[term][2]
            if len(added) == 1 and called[0] == t.ATTR and called[2] == "add":
                name = lasting(terms, called[1])
                if name is not None and self._is_own(frame, added[0]):
                    written.setdefault(name, []).append(term)
        return written

    def _is_own(self, frame: Frame, term: int) -> bool:
        """Whether a term is made of no parameter but a method's object."""
        terms = frame.module.facts.terms
        handed = {terms[parameter][1] for parameter in t.reached(terms, term, t.PARAM)}
        if not handed:
            return True
        class_ = self._project.calls.class_of_method(frame.module, frame.scope_number)
        return handed == {0} and class_ is not None and not frame.scope.decorators

    @staticmethod
    def _key_missing(terms: list[t.Term], term: int) -> tuple[bool, str | None]:
        """Which mapping a condition asks for a key, and whether it is missing (True), or what is
        kept there of no use any more: ``key not in cache or cache[key].closed``.
        """
        return _or_worn(terms, term, Once._looked_up) or Once._looked_up(terms, term)

    @staticmethod
    def _looked_up(terms: list[t.Term], term: int) -> tuple[bool, str | None]:
        """Which mapping a condition asks for a key, and whether it is missing (True)."""
        entry = terms[term]
        if entry[0] == t.UNARY and entry[1] == "not":
            empty, name = Once._looked_up(terms, entry[2])
            return not empty, name
        if entry[0] == t.COMPARE and entry[1] in ("in", "not in"):
            return entry[1] == "not in", lasting(terms, entry[3])
        if entry[0] == t.COMPARE and terms[entry[3]] == (t.CONST, None):
            return entry[1] in ("is", "=="), got_from(terms, entry[2])
        return False, got_from(terms, term)

    @staticmethod
    def _tested(terms: list[t.Term], term: int) -> tuple[bool, str | None]:
        """What a condition tests for being empty (True) or filled (False): an attribute or a global
        name.
        """
        entry = terms[term]
        empty = False
        if entry[0] == t.BOOL:
            return Once._all_tested(terms, entry)
        if entry[0] == t.UNARY and entry[1] == "not":
            term, empty = entry[2], True
        elif entry[0] == t.COMPARE and entry[1] in ("is", "is not", "==", "!="):
            length = terms[entry[2]]
            if length[0] == t.CALL and terms[length[1]] == _LEN and terms[entry[3]] == _ZERO:
                term = length[2][0]
            elif terms[entry[3]] == (t.CONST, None):
                term = entry[2]
            else:
                return False, None
            empty = entry[1] in ("is", "==")
        name = lasting(terms, term)
        return empty and name is not None, name

    @staticmethod
    def _all_tested(terms: list[t.Term], entry: t.Term) -> tuple[bool, str | None]:
        """``not hasattr(cls, "_x") or cls._x is None``: several tests of the same variable."""
        tests = {Once._tested(terms, operand) for operand in entry[2]}
        if len(tests) != 1:
            return False, None
        empty, name = tests.pop()
        return (empty, name) if empty is (entry[1] == "or") else (False, None)


def _asking(frame: Frame, asked: _Asked) -> list[_Test]:
    """The branches of a function whose tests ask, in one way, for a variable that outlives it."""
    terms = frame.module.facts.terms
    found: list[_Test] = []
    for region in frame.module.regions_in(frame.scope_number):
        if region.term >= 0 and region.kind in ("if", "else"):
            empty, name = asked(terms, region.term)
            if name is not None:
                found.append((region, empty, name))
    return found


def _while_empty(frame: Frame, written: dict[str, list[int]], tests: list[_Test]) -> list[Guarded]:
    """The branches that run where a test says that something is missing, and write it."""
    found = []
    for region, empty, name in tests:
        if name not in written:
            continue
        stretch = None
        if region.kind == ("if" if empty else "else"):
            stretch = (region.start, region.end)
        elif region.leaves and not _refuses(frame, region):
            # if self._x is not None: return self._x
            stretch = frame.module.rest_after(region, frame.scope_number)
        if stretch is not None and any(stretch[0] <= at < stretch[1] for at in written[name]):
            found.append((*stretch, region.term))
    return found


def _may_miss_key(terms: list[t.Term], term: int) -> tuple[bool, str | None]:
    """Whether a condition, or a part of it, asks a mapping for a key."""
    entry = terms[term]
    for part in (term, *entry[2]) if entry[0] == t.BOOL else (term,):
        empty, name = Once._key_missing(terms, part)
        if name is not None:
            return empty, name
    return False, None


def _worn(terms: list[t.Term], term: int) -> tuple[bool, str | None]:
    """``self._x is None or self._x.closed``: which variable that outlives the call is empty (True),
    or what it holds of no use any more.
    """
    return _or_worn(terms, term, Once._tested) or (False, None)


def _or_worn(terms: list[t.Term], term: int, asked: _Asked) -> tuple[bool, str | None] | None:
    """What one part of a condition asks for being empty, if all others ask what it holds."""
    entry = terms[term]
    if entry[0] != t.BOOL:
        return None
    for operand in entry[2]:
        empty, name = asked(terms, operand)
        if name is not None and empty is (entry[1] == "or"):
            if all(other == operand or _is_of_kept(terms, other, name) for other in entry[2]):
                return empty, name
    return None


def _is_of_kept(terms: list[t.Term], term: int, name: str) -> bool:
    """Whether a test asks an attribute, or a method, of what is kept under a name."""
    entry = terms[term]
    if entry[0] == t.UNARY and entry[1] == "not":
        entry = terms[entry[2]]
    if entry[0] == t.CALL and not entry[2] and not entry[3]:
        entry = terms[entry[1]]
    if entry[0] != t.ATTR:
        return False
    held = t.unaliased(terms, entry[1])
    return lasting(terms, terms[held][1] if terms[held][0] == t.ITEM else held) == name


def renewed(frame: Frame) -> Iterator[tuple[int, int, int, bool]]:
    """Stretches of terms that fill a variable which outlives the call where it is empty, or where
    something else is asked for: ``if refresh or self._token is None: self._token = fetch()``, and
    what follows ``if self._token and not refresh: return self._token``.

    With the term of that other test, and how it comes out where the variable is filled anew.
    """
    module = frame.module
    terms = module.facts.terms
    written: dict[str, list[int]] | None = None
    for region in module.regions_in(frame.scope_number):
        entry = terms[region.term] if region.kind == "if" and region.term >= 0 else ()
        if not entry or entry[0] != t.BOOL or len(entry[2]) != 2:
            continue
        is_filled = entry[1] == "or"
        if not is_filled and not region.leaves:
            continue
        start, end = (
            (region.start, region.end)
            if is_filled
            else module.rest_after(region, frame.scope_number)
        )
        if written is None:
            written = Once._written(frame)
        for kept, other in (entry[2], entry[2][::-1]):
            empty, name = Once._tested(terms, kept)
            if name is not None and empty is is_filled:
                if any(start <= at < end for at in written.get(name, ())):
                    yield start, end, other, is_filled


def _default(frame: Frame, term: int) -> bool | None:
    """How the test of a parameter comes out where its literal default is left in place."""
    terms = frame.module.facts.terms
    entry = terms[term]
    if entry[0] == t.UNARY and entry[1] == "not":
        holds = _default(frame, entry[2])
        return None if holds is None else not holds
    if entry[0] != t.PARAM:
        return None
    default = frame.scope.parameters[entry[1]].default
    return bool(terms[default][1]) if default >= 0 and terms[default][0] == t.CONST else None


def _refuses(frame: Frame, region: Region) -> bool:
    """Whether a branch raises an exception because of the state of some object, not the method's
    own: ``if event.is_announced: raise …`` keeps nothing for the next caller.
    """
    terms = frame.module.facts.terms
    if region.end <= region.start or terms[region.end - 1][0] != t.RAISE:
        return False
    read = t.reached(terms, region.term, t.ATTR)
    return any(not _is_own(frame, terms[term][1]) for term in read)


def _is_own(frame: Frame, base: int) -> bool:
    terms = frame.module.facts.terms
    while terms[base][0] in (t.ATTR, t.NARROW, t.ALIAS):
        base = terms[base][1]
    is_method = frame.module.facts.scopes[frame.scope.parent].kind == "class"
    if terms[base][0] == t.PARAM:
        return is_method and bool(terms[base][1] == 0)
    return terms[base][0] in (t.NAME, t.IMPORT)
