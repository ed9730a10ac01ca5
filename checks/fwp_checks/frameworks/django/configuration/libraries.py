"""What functions of libraries give settings: dj-database-url, copies, conversions.

Source: dj_database_url/__init__.py of dj-database-url 3.1.2 (``CONN_MAX_AGE`` is 0 unless the call
says otherwise); everything read from the environment is unknown, as is a
dictionary that django-environ makes, whose address may hold ``conn_max_age``. Defaults: ``Env.int``
and its like of django-environ 0.12 and environs 14, ``config`` of python-decouple 3.8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.django.configuration import changes, rebinding
from fwp_checks.frameworks.django.configuration.held import (
    NOT_KNOWN,
    Code,
    Dictionary,
    Held,
    Listing,
    Literal,
    Names,
    SettingsObject,
    Unknown,
    either,
    options_of,
    texts_of,
    truth,
)
from fwp_checks.project.meaning.values import External, Instance

if TYPE_CHECKING:
    from fwp_checks.frameworks.django.configuration.runs import Interpreter, Run

DJ_DATABASE_URL = ("dj_database_url.config", "dj_database_url.parse")
# Where dj_database_url's functions take what, by position.
_POSITIONS = {
    "dj_database_url.config": {"env": 0, "default": 1, "engine": 2, "conn_max_age": 3},
    "dj_database_url.parse": {"url": 0, "engine": 1, "conn_max_age": 2},
}
_SCHEMES = {
    "postgres": "django.db.backends.postgresql",
    "postgresql": "django.db.backends.postgresql",
    "pgsql": "django.db.backends.postgresql",
    "postgis": "django.contrib.gis.db.backends.postgis",
    "mysql": "django.db.backends.mysql",
    "mysql2": "django.db.backends.mysql",
    "mysqlgis": "django.contrib.gis.db.backends.mysql",
    "mssql": "mssql",
    "oracle": "django.db.backends.oracle",
    "sqlite": "django.db.backends.sqlite3",
    "spatialite": "django.contrib.gis.db.backends.spatialite",
}
_READERS = frozenset({"os.getenv", "os.environ.get", "decouple.config"})
_ENVIRONMENTS = frozenset({"environ.Env", "environ.FileAwareEnv", "environs.Env"})
_NAMES = frozenset({"builtins.globals", "builtins.locals", "builtins.vars"})
_CONVERSIONS: dict[str, type] = {"builtins.int": int, "builtins.str": str, "builtins.float": float}


def call(interpreter: Interpreter, run: Run, term: int, function: Held) -> Held | None:
    """What a call gives; None if it is not known here."""
    if interpreter.takes_defaults:
        default = _default(interpreter, run, term, function)
        if default is not None:
            return default
    if not isinstance(function, Code) or not isinstance(function.value, External):
        return None
    name = function.value.name
    entry = run.module.facts.terms[term]
    if name in DJ_DATABASE_URL:
        return _database(interpreter, run, term, name)
    if name == "builtins.super":
        return _super(run)
    given = [interpreter.evaluate(run, argument) for argument in entry[2]]
    if name in ("builtins.dict", "copy.copy", "copy.deepcopy"):
        return _copy(interpreter, run, term, given, is_dict=name == "builtins.dict")
    if name in _NAMES and not given and (name == "builtins.globals" or not run.scope_number):
        return Names(run.module)
    if name == "builtins.setattr" and len(given) > 2:
        _set_attribute(interpreter, run, given)
    if name == "builtins.zip" and given:
        return _zipped(given)
    if name == "builtins.getattr" and len(given) > 1 and isinstance(given[1], Literal):
        found = [interpreter.attribute(base, str(given[1].value)) for base in options_of(given[0])]
        return (
            either([*found, *given[2:3]]) if any(f is NOT_KNOWN for f in found) else either(found)
        )
    if not given:
        return None
    if name in _CONVERSIONS:
        return either([_converted(_CONVERSIONS[name], option) for option in options_of(given[0])])
    if name == "builtins.bool":
        holds = truth(given[0])
        return Unknown(tuple(texts_of(given[0]))) if holds is None else Literal(holds)
    if name in ("builtins.list", "builtins.tuple") and isinstance(given[0], Listing):
        return Listing(list(given[0].items), given[0].is_open)
    return None


def _default(interpreter: Interpreter, run: Run, term: int, function: Held) -> Held | None:
    """What a call that reads the environment gives where that says nothing; None if it is no such
    call, or has no default. ``Env()`` is an object here.
    """
    terms = run.module.facts.terms
    entry = terms[term]
    value = function.value if isinstance(function, Code) else None
    if isinstance(value, External) and value.name in _ENVIRONMENTS:
        return Code(Instance(value.name))
    cast = [argument for name, argument in entry[3] if name == "cast"]
    conversion: type | None = None
    if not (isinstance(value, External) and value.name in _READERS):
        called = terms[entry[1]]
        is_method = called[0] == t.ATTR
        base = interpreter.evaluate(run, called[1]) if is_method else function
        if not isinstance(base, Code) or not isinstance(base.value, Instance):
            return None
        if base.value.class_ not in _ENVIRONMENTS:
            return None
        conversion = _CONVERSIONS.get(f"builtins.{called[2]}") if is_method else None
    for argument in cast:
        given = interpreter.evaluate(run, argument)
        type_ = given.value if isinstance(given, Code) else None
        conversion = _CONVERSIONS.get(type_.name) if isinstance(type_, External) else None
        if conversion is None:
            return None
    defaults = [argument for name, argument in entry[3] if name == "default"] or entry[2][1:2]
    for argument in defaults:
        held = interpreter.evaluate(run, argument)
        if isinstance(held, Literal):
            if conversion is None or held.value is None:
                return held
            return _converted(conversion, held)
    return None


def _converted(type_: type, given: Held) -> Held:
    if not isinstance(given, Literal):
        return Unknown(tuple(texts_of(given)))
    try:
        return Literal(type_(given.value))
    except (TypeError, ValueError):
        return NOT_KNOWN


def _copy(
    interpreter: Interpreter, run: Run, term: int, given: list[Held], *, is_dict: bool
) -> Held | None:
    place, conditions = interpreter.place(run, term), interpreter.conditions(run, term)
    entry = run.module.facts.terms[term]
    made: list[Held] = []
    for option in options_of(given[0]) if given else (Dictionary(place, conditions),):
        if isinstance(option, Listing) and not is_dict:
            made.append(Listing(list(option.items), option.is_open))
            continue
        if isinstance(option, Dictionary):
            copied = _deeply(option, interpreter, run, term)
        else:
            copied = Dictionary(place, conditions)
            changes.merge(copied, option, place, is_sure=True)
        for name, argument in entry[3]:
            if name is None:
                copied.is_open = True
            else:
                copied.put(name, interpreter.evaluate(run, argument), place, is_sure=True)
        made.append(copied)
    return either(made)


def _set_attribute(interpreter: Interpreter, run: Run, given: list[Held]) -> None:
    """``setattr(…)``: what is not known may be the module itself, as in ``sys.modules``."""
    base, name, value = given[:3]
    if isinstance(base, Unknown) and isinstance(name, Literal) and isinstance(name.value, str):
        module_run = interpreter.of_module(run.module)
        rebinding.rebind(interpreter, module_run, name.value, value, is_sure=False)


def _zipped(given: list[Held]) -> Held:
    lists = [one.items for one in given if isinstance(one, Listing) and not one.is_open]
    if len(lists) < len(given):
        return NOT_KNOWN
    return Listing([Listing(list(items)) for items in zip(*lists, strict=False)])


def _deeply(base: Dictionary, interpreter: Interpreter, run: Run, term: int) -> Dictionary:
    """A copy; of what is in it, too, for a later change of that is never certain for both."""
    copied = base.copied(interpreter.place(run, term), interpreter.conditions(run, term))
    for entry in copied.entries.values():
        entry.value = either(
            [
                _deeply(option, interpreter, run, term)
                if isinstance(option, Dictionary)
                else option
                for option in options_of(entry.value)
            ]
        )
    return copied


def _super(run: Run) -> Held:
    first = run.arguments.get(0)
    if isinstance(first, SettingsObject):
        return SettingsObject(first.class_, first.start + 1)
    return NOT_KNOWN


def _database(interpreter: Interpreter, run: Run, term: int, name: str) -> Held:
    """The dictionary that dj-database-url makes of an address."""
    entry = run.module.facts.terms[term]
    place = interpreter.place(run, term)
    given = {what: interpreter.evaluate(run, argument) for what, argument in entry[3]}
    for what, index in _POSITIONS[name].items():
        if index < len(entry[2]):
            given[what] = interpreter.evaluate(run, entry[2][index])
    made = Dictionary(place, interpreter.conditions(run, term), made_by=name)
    made.is_open = None in given
    if "conn_max_age" in given:
        made.put("CONN_MAX_AGE", given["conn_max_age"], place, is_sure=True)
    made.put("ENGINE", _engine(given), place, is_sure=True)
    for key in ("HOST", "PORT", "NAME", "USER"):
        made.put(key, NOT_KNOWN, place, is_sure=True)
    # The address may ask for any option.
    options = Dictionary(place, made.conditions, is_open=True)
    made.put("OPTIONS", options, place, is_sure=False)
    return made


def _engine(given: dict[str | None, Held]) -> Held:
    if "engine" in given:
        return given["engine"]
    address = given.get("default") or given.get("url") or NOT_KNOWN
    for text in texts_of(address):
        scheme = text.partition("://")[0]
        if "://" in text and scheme in _SCHEMES:
            # The environment may name another one: this is what it is unless it does.
            return Unknown((_SCHEMES[scheme],))
    return NOT_KNOWN
