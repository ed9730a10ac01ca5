"""What statements change: dictionaries and lists that are filled, updated and emptied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.django.configuration import rebinding
from fwp_checks.frameworks.django.configuration.held import (
    NOT_KNOWN,
    Dictionary,
    Held,
    Listing,
    Literal,
    Names,
    Unknown,
    dictionaries,
    either,
    extend,
    options_of,
)
from fwp_checks.project.meaning.origins import Place

if TYPE_CHECKING:
    from fwp_checks.frameworks.django.configuration.runs import Interpreter, Run
    from fwp_checks.project.files.modules import Module

_CHANGES = frozenset(
    {
        "update", "setdefault", "pop", "popitem", "clear", "append", "extend", "insert", "remove",
        "reverse", "sort",
    }
)  # fmt: skip
UNKNOWN_MAKER = "unknown"
"""What made a dictionary of which it is not known what made it."""
_COPIES = frozenset({"copy", "deepcopy"})


def is_change(module: Module, call: int) -> bool:
    """Whether a call reads like one that changes a dictionary or list, or copies it as it is."""
    terms = module.facts.terms
    function = terms[terms[call][1]]
    if function[0] == t.NAME:
        return bool(function[1] == "dict")
    named = function[2] if function[0] in (t.ATTR, t.IMPORT) else None
    return named in _COPIES or (function[0] == t.ATTR and named in _CHANGES)


def open_item(interpreter: Interpreter, run: Run, term: int) -> None:
    """Make a dictionary of an item that something unknown gave, such as ``env.db()``, now that it
    is used as one: it may hold any key.
    """
    entry = run.module.facts.terms[term]
    if entry[0] != t.ITEM:
        return
    key = interpreter.evaluate(run, entry[2])
    for outer in dictionaries(interpreter.evaluate(run, entry[1])):
        held = outer.entries.get(key.value) if isinstance(key, Literal) else None
        if held is not None and isinstance(held.value, Unknown):
            held.value = Dictionary(held.place, outer.conditions, UNKNOWN_MAKER, is_open=True)
            run.memo.pop(term, None)


def store_item(interpreter: Interpreter, run: Run, term: int) -> None:
    """``base[key] = value`` or ``del base[key]``."""
    _, base, key, value = run.module.facts.terms[term]
    open_item(interpreter, run, base)
    held_base = interpreter.evaluate(run, base)
    if isinstance(held_base, Names):
        rebinding.store(interpreter, run, held_base, term)
        return
    for option in options_of(held_base):
        if isinstance(option, Listing):
            _store_in_list(interpreter, run, term, option)
    name = interpreter.evaluate(run, key)
    for changed in dictionaries(held_base):
        is_sure = interpreter.is_sure(run, term, changed)
        if not isinstance(name, Literal):
            changed.is_open = True
        elif value < 0:
            changed.take(name.value, is_sure=is_sure)
        else:
            held = interpreter.evaluate(run, value)
            changed.put(name.value, held, interpreter.place(run, term), is_sure=is_sure)


def _store_in_list(interpreter: Interpreter, run: Run, term: int, changed: Listing) -> None:
    """``base[index] = value``, of a slice, too, or ``del base[index]``."""
    _, _, key, value = run.module.facts.terms[term]
    is_slice = run.module.facts.terms[key][0] == t.SLICE
    at: slice | int | None
    if is_slice:
        at = interpreter.slice_of(run, key)
    else:
        index = interpreter.evaluate(run, key)
        at = index.value if isinstance(index, Literal) and isinstance(index.value, int) else None
    held = interpreter.evaluate(run, value) if value >= 0 else None
    given = held.items if isinstance(held, Listing) and not held.is_open else None
    items = list(changed.items)
    if at is None or changed.is_open or interpreter.conditions(run, term):
        changed.is_open = True
    elif isinstance(at, slice):
        if value >= 0 and given is None:
            changed.is_open = True
        elif at.step is None:
            items[at] = given or []
    elif not -len(items) <= at < len(items):
        changed.is_open = True
    elif held is None:
        del items[at]
    else:
        items[at] = held
    changed.items = items


def merge(changed: Dictionary, given: Held, place: Place, *, is_sure: bool) -> None:
    """``changed.update(given)``; ``place`` is where that is written."""
    options = options_of(given)
    for option in options:
        certain = is_sure and len(options) == 1
        if isinstance(option, Dictionary):
            # Without an address in the environment, dj-database-url gives an empty dictionary.
            certain = certain and option.made_by != "dj_database_url.config"
            changed.is_open = changed.is_open or option.is_open
            for key, entry in option.entries.items():
                changed.put(key, entry.value, entry.place, is_sure=certain and entry.is_sure)
        elif isinstance(option, Listing):
            _merge_pairs(changed, option, place, is_sure=certain)
        elif not (isinstance(option, Literal) and option.value is None):
            changed.is_open = True


def _merge_pairs(changed: Dictionary, given: Listing, place: Place, *, is_sure: bool) -> None:
    """``changed.update([(key, value), …])``."""
    changed.is_open = changed.is_open or given.is_open
    for pair in given.items:
        items = pair.items if isinstance(pair, Listing) and not pair.is_open else []
        if len(items) == 2 and isinstance(items[0], Literal):
            changed.put(items[0].value, items[1], place, is_sure=is_sure)
        else:
            changed.is_open = True


def method(interpreter: Interpreter, run: Run, term: int, base: Held, name: str) -> Held | None:
    """What a method of dictionaries or lists gives, after it has changed its object; None for
    objects of any other kind.
    """
    if isinstance(base, Names):
        if name == "update":
            rebinding.update(interpreter, run, base, term)
        return NOT_KNOWN
    options = options_of(base)
    if not any(isinstance(option, (Dictionary, Listing)) for option in options):
        return None
    found: list[Held] = []
    for option in options:
        if isinstance(option, Dictionary):
            found.append(_of_dictionary(interpreter, run, term, option, name))
        elif isinstance(option, Listing):
            found.append(_of_list(interpreter, run, term, option, name))
        else:
            found.append(NOT_KNOWN)
    return either(found)


def _of_dictionary(
    interpreter: Interpreter, run: Run, term: int, base: Dictionary, name: str
) -> Held:
    entry = run.module.facts.terms[term]
    given = [interpreter.evaluate(run, argument) for argument in entry[2]]
    is_sure = interpreter.is_sure(run, term, base)
    place = interpreter.place(run, term)
    if name == "update":
        for argument in given:
            merge(base, argument, place, is_sure=is_sure)
        for keyword, given_term in entry[3]:
            held = interpreter.evaluate(run, given_term)
            if keyword is None:
                merge(base, held, place, is_sure=is_sure)
            else:
                base.put(keyword, held, place, is_sure=is_sure)
        return Literal(None)
    if name in ("get", "setdefault", "pop") and given:
        return _looked_up(base, given, place, name, is_sure=is_sure)
    if name == "copy":
        return base.copied(place, interpreter.conditions(run, term))
    if name == "values":
        return Listing([held.value for held in base.entries.values()], base.is_open)
    if name == "keys":
        return Listing([Literal(key) for key in base.entries], base.is_open)
    if name == "items":
        pairs = [Listing([Literal(k), e.value]) for k, e in base.entries.items()]
        return Listing(list(pairs), base.is_open)
    if name in ("clear", "popitem"):
        for key in list(base.entries):
            base.take(key, is_sure=is_sure and name == "clear")
    return NOT_KNOWN


def _looked_up(
    base: Dictionary, given: list[Held], place: Place, name: str, *, is_sure: bool
) -> Held:
    key = given[0]
    default = given[1] if len(given) > 1 else Literal(None)
    if not isinstance(key, Literal):
        if name != "get":
            base.is_open = True
        return NOT_KNOWN
    known = base.entries.get(key.value)
    missing = [NOT_KNOWN] if base.is_open else [default]
    if known is None:
        if name == "setdefault":
            base.put(
                key.value, either(missing) if base.is_open else default, place, is_sure=is_sure
            )
            return base.entries[key.value].value
        return either(missing)
    found = known.value if known.is_sure else either([known.value, *missing])
    if name == "setdefault" and not known.is_sure and is_sure:
        base.put(key.value, found, place, is_sure=True)
    if name == "pop":
        base.take(key.value, is_sure=is_sure)
    return found


def _of_list(interpreter: Interpreter, run: Run, term: int, base: Listing, name: str) -> Held:
    given = [interpreter.evaluate(run, a) for a in run.module.facts.terms[term][2]]
    if name == "append" and given:
        base.items.append(given[0])
    elif name == "insert" and len(given) > 1:
        at = given[0].value if isinstance(given[0], Literal) else None
        base.is_open = base.is_open or not isinstance(at, int)
        base.items.insert(at if isinstance(at, int) else 0, given[1])
    elif name == "extend" and given:
        extend(base, given[0])
    elif name == "remove" and given and not interpreter.conditions(run, term):
        base.items = [item for item in base.items if item != given[0]]
    elif name == "copy":
        return Listing(list(base.items), base.is_open)
    elif name == "index":
        return _index(base, given)
    elif name == "reverse":
        base.items = base.items[::-1]
    elif name in ("pop", "clear", "sort"):
        base.is_open = True
    return Literal(None)


def _index(base: Listing, given: list[Held]) -> Held:
    is_known = not base.is_open and all(isinstance(item, Literal) for item in base.items)
    return Literal(base.items.index(given[0])) if is_known and given[0] in base.items else NOT_KNOWN
