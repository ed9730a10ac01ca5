"""Names of a module that something else binds anew than a statement of its own: a star import
below, ``global`` in a function, ``globals()["NAME"] = …``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.django.configuration.held import (
    NOT_KNOWN,
    Code,
    Dictionary,
    Held,
    Literal,
    Names,
    either,
    options_of,
)
from fwp_checks.frameworks.django.configuration.inclusions import INCLUDE, named
from fwp_checks.project.meaning.values import External, FunctionValue

if TYPE_CHECKING:
    from fwp_checks.frameworks.django.configuration.runs import Interpreter, Run

# One term of these serves every place where the same is written.
SHARED: Final = (t.CONST, t.IMPORT, t.NAME)


def take_all(interpreter: Interpreter, run: Run, term: int) -> None:
    """A star import: what is bound above it is bound anew if the other module has the name."""
    _, name, _, level = run.module.facts.terms[term]
    source = named(interpreter.project, run.module, name, level)
    if source is None or source is run.module:
        return
    is_sure = not interpreter.conditions(run, term)
    for bound_name, bound_term in run.module.facts.scopes[0].bindings.items():
        if bound_term < term and not bound_name.startswith("_"):
            held = interpreter.setting(source, bound_name)
            if held is not None:
                rebind(interpreter, run, bound_name, held, is_sure=is_sure)


def write(interpreter: Interpreter, run: Run, name: str, term: int) -> None:
    """``global NAME``, and what a function has bound it to."""
    is_sure = not interpreter.conditions(run, term)
    held = interpreter.evaluate(run, term)
    rebind(interpreter, interpreter.of_module(run.module), name, held, is_sure=is_sure)


def store(interpreter: Interpreter, run: Run, names: Names, term: int) -> None:
    """``globals()[key] = value``."""
    _, _, key, value = run.module.facts.terms[term]
    name = interpreter.evaluate(run, key)
    if isinstance(name, Literal) and isinstance(name.value, str):
        held = interpreter.evaluate(run, value) if value >= 0 else NOT_KNOWN
        module_run = interpreter.of_module(names.module)
        is_sure = not interpreter.conditions(run, term)
        rebind(interpreter, module_run, name.value, held, is_sure=is_sure)


def update(interpreter: Interpreter, run: Run, names: Names, term: int) -> None:
    """``globals().update(…)``."""
    entry = run.module.facts.terms[term]
    is_sure = not interpreter.conditions(run, term)
    module_run = interpreter.of_module(names.module)
    for argument in entry[2]:
        given = interpreter.evaluate(run, argument)
        if not isinstance(given, Dictionary) or given.is_open:
            module_run.are_handed_over = True
            return
        for key, held in given.entries.items():
            sure = is_sure and held.is_sure
            rebind(interpreter, module_run, str(key), held.value, is_sure=sure)
    for keyword, argument in entry[3]:
        if keyword is None:
            module_run.are_handed_over = True
        else:
            held_value = interpreter.evaluate(run, argument)
            rebind(interpreter, module_run, keyword, held_value, is_sure=is_sure)


def rebind(interpreter: Interpreter, run: Run, name: str, held: Held, *, is_sure: bool) -> None:
    """A name of a module holds something else from here on."""
    facts = run.module.facts
    bindings = facts.scopes[0].bindings
    term = bindings.get(name, -1)
    is_placed = term >= 0 and facts.terms[term][0] not in SHARED
    if is_placed and term > run.at:
        return  # bound below
    before = run.rebound.get(name)
    if before is None and term >= 0:
        before = interpreter.evaluate(run, term)
    is_own = is_placed and list(bindings.values()).count(term) == 1
    if before is not None and not (is_sure and (is_own or term < 0)):
        held = either([before, held])
    if is_own:
        run.memo[term] = held
    else:
        run.rebound[name] = held


def bound(interpreter: Interpreter, names: Names, key: Held) -> Held:
    """``globals()[key]``."""
    if isinstance(key, Literal) and isinstance(key.value, str):
        found = interpreter.setting(names.module, key.value)
        return found if found is not None else NOT_KNOWN
    return NOT_KNOWN


def hand_over(interpreter: Interpreter, names: Names, function: Held) -> None:
    """Unknown code is handed the names, and may bind any of them."""
    for option in options_of(function):
        value = option.value if isinstance(option, Code) else None
        if value == INCLUDE or (isinstance(value, External) and value.name.startswith("builtins.")):
            return
    interpreter.of_module(names.module).are_handed_over = True


def may_rebind(function: Held, run: Run) -> bool:
    """Whether a call runs code that stands beside it, and may change what is bound there."""
    return any(
        isinstance(option, Code)
        and isinstance(option.value, FunctionValue)
        and option.value.module is run.module
        for option in options_of(function)
    )
