"""Runs the code of settings: the statements of modules and classes in order, functions when called.

What a term gives is found when it is first asked for, in the run it belongs to; statements that
change dictionaries and lists are run in order. Conditions that literals decide are decided; under
the others a change is made but not certain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import Region
from fwp_checks.frameworks.django.configuration import changes, libraries, operators, rebinding
from fwp_checks.frameworks.django.configuration.deciding import decided_by
from fwp_checks.frameworks.django.configuration.held import (
    NOT_KNOWN,
    Code,
    Conditions,
    Dictionary,
    Held,
    Listing,
    Literal,
    Names,
    SettingsObject,
    Unknown,
    dictionaries,
    either,
    extend,
    options_of,
    texts_of,
    truth,
)
from fwp_checks.frameworks.django.configuration.inclusions import named, sources
from fwp_checks.frameworks.django.configuration.outlines import Outline
from fwp_checks.project.meaning.origins import Place
from fwp_checks.project.meaning.values import (
    ClassValue,
    FunctionValue,
    Instance,
    ModuleValue,
)

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project

_MOST_DEPTH = 300
_MOST_CALLS = 12
# Terms that are run; settings need a hundredth.
_MOST_STEPS = 300_000


@dataclass(slots=True, eq=False)
class Run:
    """One run of a module, class body or function: what its terms gave so far, and how far it is.
    ``rebound`` is what names of a module hold that something else than its own statements binds;
    if its names ``are_handed_over``, unknown code may bind any of them.
    """

    number: int
    module: Module
    scope_number: int
    arguments: dict[int, Held] = field(default_factory=dict)
    base: Conditions = frozenset()
    memo: dict[int, Held] = field(default_factory=dict)
    decided: dict[int, bool | None] = field(default_factory=dict)
    at: int = 0
    rebound: dict[str, Held] = field(default_factory=dict)
    are_handed_over: bool = False


class Interpreter:
    """Runs settings modules of one project, each once. Made anew for each module of settings that
    is asked about, since what one of them changes in a common base is not there for the others.
    ``supposed`` says of values, by module and term, what their truth is where that is not known.
    If it ``takes_defaults``, the environment says nothing of what has a default.
    """

    def __init__(
        self,
        project: Project,
        supposed: dict[tuple[Module, int], bool] | None = None,
        *,
        takes_defaults: bool = False,
    ) -> None:
        self.project = project
        self.takes_defaults = takes_defaults
        self._supposed = supposed if supposed is not None else {}
        self._runs: dict[tuple[Module, int], Run] = {}
        self._outlines: dict[tuple[Module, int], Outline] = {}
        self._depth = 0
        self._calls: list[tuple[Module, int]] = []
        self._asked: list[Module] = []
        self._by_number: dict[int, Run] = {}
        self._steps = 0

    @property
    def is_exhausted(self) -> bool:
        """Whether the code went on for too long; then nothing is known of what it holds."""
        return self._steps > _MOST_STEPS

    # -- what is asked -----------------------------------------------------------------------------

    def setting(self, module: Module, name: str) -> Held | None:
        """What a module holds under a name when it has run; None if it does not bind it."""
        run = self.of_module(module)
        if run.are_handed_over and name.isupper():
            return NOT_KNOWN
        if name in run.rebound:
            return run.rebound[name]
        term = module.facts.scopes[0].bindings.get(name, -1)
        if term >= 0:
            return self.evaluate(run, term)
        if module in self._asked:
            return None  # modules that take each other's names
        self._asked.append(module)
        try:
            return self._taken(module, name)
        finally:
            self._asked.pop()

    def _taken(self, module: Module, name: str) -> Held | None:
        """What a module takes from another one with all of that one's names."""
        for source in reversed(list(sources(self.project, module))):
            found = self.setting(source, name)
            if found is not None:
                return found
        return None

    def class_setting(self, settings: SettingsObject, name: str) -> Held | None:
        """What a class of settings holds under a name; None if no class of the project does."""
        order = self.project.classes.info(settings.class_).order
        for index, owner in enumerate(order[settings.start :], settings.start):
            if isinstance(owner, ClassValue):
                if name in owner.module.methods_writing.get(owner.scope, {}):
                    return NOT_KNOWN
                term = owner.module.facts.scopes[owner.scope].bindings.get(name, -1)
                if term >= 0:
                    return self._of_class(settings.class_, owner, index, term)
        return None

    def _of_class(self, class_: ClassValue, owner: ClassValue, index: int, term: int) -> Held:
        run = self._started(owner.module, owner.scope)
        entry = owner.module.facts.terms[term]
        if entry[0] == t.DEFINITION and owner.module.facts.scopes[entry[1]].is_function:
            return self.call(owner.module, entry[1], {0: SettingsObject(class_, index)}, run.base)
        return self.evaluate(run, term)

    # -- running -----------------------------------------------------------------------------------

    def of_module(self, module: Module) -> Run:
        """The run of a module, which may not have come to its end."""
        if (module, 0) not in self._runs:
            # What it imports runs first; a star import stands at the top, nearly always.
            run = self._runs[(module, 0)] = self._new(module, 0)
            for source in sources(self.project, module):
                self.of_module(source)
            self._execute(run, module.facts.scopes[0].start, module.facts.scopes[0].end)
        return self._runs[(module, 0)]

    def _started(self, module: Module, scope_number: int) -> Run:
        """The run of a class body."""
        known = self._runs.get((module, scope_number))
        if known is None:
            self.of_module(module)
            known = self._runs[(module, scope_number)] = self._new(module, scope_number)
            scope = module.facts.scopes[scope_number]
            self._execute(known, scope.start, scope.end)
        return known

    def _new(self, module: Module, scope_number: int, base: Conditions = frozenset()) -> Run:
        number = len(self._by_number)
        run = self._by_number[number] = Run(number, module, scope_number, base=base)
        return run

    def call(
        self, module: Module, scope_number: int, arguments: dict[int, Held], base: Conditions
    ) -> Held:
        """What a function gives; it is run again at each call."""
        key = (module, scope_number)
        if key in self._calls or len(self._calls) >= _MOST_CALLS:
            return NOT_KNOWN
        scope = module.facts.scopes[scope_number]
        run = self._new(module, scope_number, base)
        run.arguments = arguments
        self._calls.append(key)
        try:
            self._execute(run, scope.start, scope.end)
            stop = self._left_at(run)
            for _, written, term in scope.outer_writes:
                if term < stop and not self._is_skipped(run, term):
                    rebinding.write(self, run, written, term)
            returns = [term for term in scope.returns if term < stop]
            live = [term for term in returns if not self._is_skipped(run, term)]
            if not live or scope.is_generator:
                return Literal(None) if not scope.is_generator else NOT_KNOWN
            return either([self.evaluate(run, term) for term in live])
        finally:
            self._calls.pop()

    def _execute(self, run: Run, start: int, end: int) -> None:
        """Run the statements of a stretch that change something."""
        terms = run.module.facts.terms
        outline = self._outline(run)
        term = start
        while term < end and not self.is_exhausted:
            self._steps += 1
            run.at = term
            nested = outline.class_bodies.get(term, term)
            if nested > term:
                term = nested
                continue
            skipped = self._skipped_to(run, term)
            if skipped > term:
                term = skipped
                continue
            kind = terms[term][0]
            if kind == t.ITER:
                region = outline.loops.get(term)
                if region is not None and region.end <= end:
                    self._loop(run, region)
                    term = region.end
                    continue
            elif kind == t.IMPORT and terms[term][2] == "*":
                rebinding.take_all(self, run, term)
            elif kind == t.STORE_ITEM:
                changes.store_item(self, run, term)
            elif kind == t.CALL and changes.is_change(run.module, term):
                self.evaluate(run, term)
            elif kind == t.DROP and terms[terms[term][1]][0] == t.CALL:
                self._for_its_effect(run, terms[term][1])
            elif kind == t.MAPPING and any(key < 0 for key, _ in terms[term][1]):
                self.evaluate(run, term)
            term += 1

    def _for_its_effect(self, run: Run, call: int) -> None:
        """Run a call whose result is dropped, if it is one of a function beside it, or handed
        something that may be changed.
        """
        entry = run.module.facts.terms[call]
        if rebinding.may_rebind(self.evaluate(run, entry[1]), run):
            self.evaluate(run, call)
            return
        for argument in (*entry[2], *(value for _, value in entry[3])):
            held = self.evaluate(run, argument)
            if isinstance(held, Names) or any(True for _ in dictionaries(held)):
                self.evaluate(run, call)
                return

    def _loop(self, run: Run, region: Region) -> None:
        """Run a loop once for each element, or once for any where they are not known."""
        iterable = self.evaluate(run, run.module.facts.terms[region.start][1])
        elements = operators.elements(iterable)
        for element in elements if elements is not None else [NOT_KNOWN]:
            for term in [term for term in run.memo if region.start <= term < region.end]:
                del run.memo[term]
            for number in [n for n in run.decided if self._starts_in(run, n, region)]:
                del run.decided[number]
            run.memo[region.start] = element
            self._execute(run, region.start + 1, region.end)

    def _starts_in(self, run: Run, number: int, region: Region) -> bool:
        return region.start <= run.module.facts.regions[number].start < region.end

    # -- conditions --------------------------------------------------------------------------------

    def _outline(self, run: Run) -> Outline:
        key = (run.module, run.scope_number)
        known = self._outlines.get(key)
        if known is None:
            known = self._outlines[key] = Outline.of(run.module, run.scope_number)
        return known

    def is_taken(self, run: Run, number: int, region: Region) -> bool | None:
        """Whether the branch is taken; None if that is not known."""
        if number not in run.decided:
            run.decided[number] = None
            if region.kind in ("if", "else") and region.term >= 0:
                holds = truth(self.evaluate(run, region.term))
                run.decided[number] = None if holds is None else holds == (region.kind == "if")
        return run.decided[number]

    def _skipped_to(self, run: Run, term: int) -> int:
        """The end of a branch that begins here and is not taken."""
        for number, region in self._outline(run).branches_at.get(term, ()):
            if self.is_taken(run, number, region) is False:
                return region.end
        return term

    def _left_at(self, run: Run) -> int:
        """From which term on nothing runs, since a branch that is taken has left the function."""
        branches = self._outline(run).branches
        ends = [r.end for n, r in branches if r.leaves and self.is_taken(run, n, r)]
        return min(ends, default=run.module.facts.scopes[run.scope_number].end)

    def _is_skipped(self, run: Run, term: int) -> bool:
        if run.module.facts.terms[term][0] in rebinding.SHARED:
            return False
        return any(
            region.start <= term < region.end and self.is_taken(run, number, region) is False
            for number, region in self._outline(run).branches
        )

    def conditions(self, run: Run, term: int) -> Conditions:
        """The undecided conditions under which a term runs."""
        found = set(run.base)
        for number, region in self._outline(run).conditional:
            if region.start <= term < region.end and not self.is_taken(run, number, region):
                found.add((run.number, number))
        return frozenset(found)

    def is_sure(self, run: Run, term: int, changed: Dictionary) -> bool:
        """Whether a change of a dictionary happens wherever there is that dictionary."""
        return self.conditions(run, term) <= changed.conditions

    def undecided(self) -> Iterator[tuple[Module, int]]:
        """The values, by module and term, whose truth was asked for and is not known."""
        for run in self._by_number.values():
            for number, is_taken in run.decided.items():
                region = run.module.facts.regions[number]
                if is_taken is None and region.kind in ("if", "else") and region.term >= 0:
                    for holds in (True, False):
                        for term, _ in decided_by(run.module, region.term, holds):
                            yield run.module, term

    def branches(self, conditions: Conditions) -> Iterator[tuple[Module, Region]]:
        """The regions that conditions stand for, with their modules."""
        for run, region in sorted(conditions):
            module = self._by_number[run].module
            yield module, module.facts.regions[region]

    def holding(self, conditions: Conditions) -> Iterator[tuple[Module, int, bool]]:
        """What must hold for conditions to: values by module and term, and how they come out; those
        for the branches before in a chain of ``elif``, too.
        """
        for number, region_number in sorted(conditions):
            run = self._by_number[number]
            facts = run.module.facts
            region = facts.regions[region_number]
            if region.term < 0:
                continue
            outline = self._outline(run)
            for term, holds in decided_by(run.module, region.term, region.kind == "if"):
                yield run.module, term, holds
            first = next((r for _, r in outline.branches if r.term == region.term), region)
            for before in outline.meetings.earlier(first):
                for term, holds in decided_by(run.module, before.term, holds=False):
                    yield run.module, term, holds

    # -- terms -------------------------------------------------------------------------------------

    def place(self, run: Run, term: int) -> Place:
        """Where a term stands."""
        return Place(run.module.path, term)

    def evaluate(self, run: Run, term: int) -> Held:
        """What a term gives in a run."""
        known = run.memo.get(term)
        if known is not None:
            return known
        if self._depth > _MOST_DEPTH:
            return NOT_KNOWN
        run.memo[term] = NOT_KNOWN
        self._depth += 1
        try:
            found = self._evaluate(run, term)
        finally:
            self._depth -= 1
        holds = self._supposed.get((run.module, term))
        if holds is not None and isinstance(found, (Literal, Unknown)):
            found = Unknown(tuple(texts_of(found)), holds)
        run.memo[term] = found
        return found

    def _evaluate(self, run: Run, term: int) -> Held:
        entry = run.module.facts.terms[term]
        kind = entry[0]
        if kind == t.CONST:
            return Literal(entry[1])
        if kind == t.NAME:
            return self._name(run, entry[1])
        if kind == t.PARAM:
            return self._parameter(run, entry[1])
        if kind in (t.ALIAS, t.NARROW, t.TRUTH, t.DECLARED):
            return self.evaluate(run, entry[1]) if entry[1] >= 0 else NOT_KNOWN
        if kind == t.JOIN:
            return either([self.evaluate(run, option) for option in self._live(run, term)])
        if kind == t.MAPPING:
            return self._mapping(run, term, entry)
        if kind == t.SEQUENCE:
            return self._sequence(run, entry)
        if kind == t.ATTR:
            return self._attribute(run, entry)
        if kind == t.ITEM:
            base = self.evaluate(run, entry[1])
            if isinstance(base, Names):
                return rebinding.bound(self, base, self.evaluate(run, entry[2]))
            if run.module.facts.terms[entry[2]][0] == t.SLICE:
                return operators.part(base, self.slice_of(run, entry[2]))
            return operators.item(base, self.evaluate(run, entry[2]))
        if kind == t.CALL:
            return self._call(run, term, entry)
        if kind == t.IMPORT:
            return self._import(run, entry)
        if kind == t.UNPACK:
            return operators.unpacked(self.evaluate(run, entry[1]), entry[2])
        if kind == t.DEFINITION:
            return self._code(run, term)
        return operators.result(self, run, entry, term)

    def slice_of(self, run: Run, term: int) -> slice | None:
        """The bounds in a subscript; None if they are not known."""
        _, lower, upper, step = run.module.facts.terms[term]
        bounds = [
            self.evaluate(run, bound) if bound >= 0 else Literal(None)
            for bound in (lower, upper, step)
        ]
        given = [b.value for b in bounds if isinstance(b, Literal) and not isinstance(b.value, str)]
        return slice(*given) if len(given) == len(bounds) else None

    def _live(self, run: Run, join: int) -> list[int]:
        """Those of the terms that meet at a JOIN which can be there."""
        options: list[int] = list(run.module.facts.terms[join][1])
        if len(options) == 2:
            decides = self._outline(run).meetings.deciding(join)
            if decides is not None:
                is_taken = self.is_taken(run, *decides)
                if is_taken is None:
                    return options
                return options[:1] if is_taken == (decides[1].kind == "if") else options[1:]
        for number, region in self._outline(run).branches:
            if region.end > join:
                continue
            inside = [o for o in options if region.start <= o < region.end]
            if inside and self.is_taken(run, number, region):
                options = [o for o in options if o in inside or o >= region.end]
        kept = [option for option in options if not self._is_skipped(run, option)]
        return kept or options

    def _name(self, run: Run, name: str) -> Held:
        number = run.scope_number
        scopes = run.module.facts.scopes
        if scopes[number].kind == "class" and name in scopes[number].bindings:
            return self.evaluate(self._started(run.module, number), scopes[number].bindings[name])
        # What the module's own code has not bound so far it has taken from others.
        look_up = self.setting if number else self._taken
        found = look_up(run.module, name)
        if found is not None:
            return found
        return Code(self.project.values.global_name(run.module, name))

    def _parameter(self, run: Run, index: int) -> Held:
        given = run.arguments.get(index)
        if given is not None:
            return given
        parameter = run.module.facts.scopes[run.scope_number].parameters[index]
        if parameter.default >= 0:
            return self.evaluate(self.of_module(run.module), parameter.default)
        return NOT_KNOWN

    def _mapping(self, run: Run, term: int, entry: t.Term) -> Held:
        made = Dictionary(self.place(run, term), self.conditions(run, term))
        for key, value in entry[1]:
            held = self.evaluate(run, value)
            if key < 0:
                changes.merge(made, held, self.place(run, value), is_sure=True)
                continue
            name = self.evaluate(run, key)
            if isinstance(name, Literal):
                made.put(name.value, held, self.place(run, term), is_sure=True)
            else:
                made.is_open = True
        return made

    def _sequence(self, run: Run, entry: t.Term) -> Held:
        made = Listing()
        for item in entry[2]:
            starred = run.module.facts.terms[item]
            if starred[0] == t.STAR:
                extend(made, self.evaluate(run, starred[1]))
            else:
                made.items.append(self.evaluate(run, item))
        return made

    def _code(self, run: Run, term: int) -> Held:
        frame = self.project.frame_of_scope(run.module, run.module.code_scope_of(term))
        return Code(self.project.values.evaluate(frame, term))

    def _import(self, run: Run, entry: t.Term) -> Held:
        _, name, attribute, level = entry
        if attribute is not None:
            source = named(self.project, run.module, name, level)
            if source is not None and source is not run.module:
                found = self.setting(source, attribute)
                if found is not None:
                    return found
        return Code(self.project.values.imported(run.module, name, attribute, level))

    # -- attributes and calls ----------------------------------------------------------------------

    def _attribute(self, run: Run, entry: t.Term) -> Held:
        found = [
            self.attribute(base, entry[2]) for base in options_of(self.evaluate(run, entry[1]))
        ]
        return either(found)

    def attribute(self, base: Held, name: str) -> Held:
        """An attribute of something."""
        if isinstance(base, SettingsObject):
            method = self.project.members.attribute(Instance(base.class_), name)
            if isinstance(method, FunctionValue) and not base.start:
                return Code(method)
            found = self.class_setting(base, name)
            return found if found is not None else NOT_KNOWN
        if isinstance(base, Code):
            if isinstance(base.value, ModuleValue):
                found = self.setting(base.value.module, name)
                if found is not None:
                    return found
            value = self.project.members.attribute(base.value, name)
            if isinstance(base.value, ClassValue) and not isinstance(value, FunctionValue):
                found = self.class_setting(SettingsObject(base.value), name)
                return found if found is not None else NOT_KNOWN
            return Code(value)
        return NOT_KNOWN

    def _call(self, run: Run, term: int, entry: t.Term) -> Held:
        function = run.module.facts.terms[entry[1]]
        if function[0] == t.ATTR:
            if changes.is_change(run.module, term):
                changes.open_item(self, run, function[1])
            base = self.evaluate(run, function[1])
            changed = changes.method(self, run, term, base, function[2])
            if changed is not None:
                return changed
        called = self.evaluate(run, entry[1])
        found = [self._called(run, term, entry, option) for option in options_of(called)]
        return either(found)

    def _called(self, run: Run, term: int, entry: t.Term, function: Held) -> Held:
        if isinstance(function, Code):
            value = function.value
            if isinstance(value, FunctionValue):
                base = self.conditions(run, term)
                return self.call(
                    value.module, value.scope, self._arguments(run, entry, value), base
                )
            if isinstance(value, ClassValue) and not entry[2] and not entry[3]:
                return Code(Instance(value))
        known = libraries.call(self, run, term, function)
        if known is not None:
            return known
        arguments = [*entry[2], *(value for _, value in entry[3])]
        self._hand_over(run, arguments, function)
        texts = [text for given in arguments for text in texts_of(self.evaluate(run, given))]
        if run.module.facts.terms[entry[1]][0] == t.ATTR:
            receiver = run.module.facts.terms[entry[1]][1]
            texts.extend(texts_of(self.evaluate(run, receiver)))
        return Unknown(tuple(texts[:8]))

    def _hand_over(self, run: Run, arguments: list[int], function: Held) -> None:
        """What unknown code is handed may be changed by it."""
        for argument in arguments:
            held = self.evaluate(run, argument)
            if isinstance(held, Names):
                rebinding.hand_over(self, held, function)
            for handed in dictionaries(held):
                handed.is_open = True

    def _arguments(self, run: Run, entry: t.Term, function: FunctionValue) -> dict[int, Held]:
        parameters = function.module.facts.scopes[function.scope].parameters
        found: dict[int, Held] = {}
        given = [self.evaluate(run, argument) for argument in entry[2]]
        if function.receiver is not None:
            given.insert(0, _receiver(function.receiver))
        for index, value in enumerate(given[: len(parameters)]):
            if parameters[index].kind in ("positional", "any"):
                found[index] = value
        names = {parameter.name: index for index, parameter in enumerate(parameters)}
        for name, argument in entry[3]:
            if name in names:
                found[names[name]] = self.evaluate(run, argument)
        return found


def _receiver(value: object) -> Held:
    class_ = value.class_ if isinstance(value, Instance) else value
    return SettingsObject(class_) if isinstance(class_, ClassValue) else NOT_KNOWN
