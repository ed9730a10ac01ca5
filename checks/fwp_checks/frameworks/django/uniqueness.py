"""Which conditions no more than one object of a model can meet.

https://docs.djangoproject.com/en/stable/ref/models/constraints/#uniqueconstraint,
https://docs.djangoproject.com/en/stable/ref/models/options/#unique-together
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.django import rows
from fwp_checks.frameworks.django.models import Models, Relation
from fwp_checks.project.meaning.values import (
    Arguments,
    ClassValue,
    Constant,
    Iterable,
    TupleValue,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project


# These give as many things as they are given, or fewer.
_KEEPING = frozenset({"sorted", "list", "tuple", "set", "frozenset"})


def most(
    project: Project, models: Models, class_: Value, query: rows.Query | None, arguments: Arguments
) -> int | None:
    """How many objects can match what is asked for at most; None if that is not written.

    What a query has asked for already counts, too, as does the object whose related objects it is
    about.
    """
    same = (query.pinned | query.known) - rows.ALL_PATHS if query is not None else rows.NO_PATHS
    lookups = [*same, *(name for name, _ in arguments.keywords)]
    if picks_one(project, models, class_, lookups):
        return 1
    written = _written(project, arguments)
    for name, value in arguments.keywords:
        field, _, how = name.rpartition("__")
        length = min(_lengths(value, written.get(name)), default=None) if how == "in" else None
        if length is not None and picks_one(project, models, class_, [*lookups, field]):
            return length
    return None


def _written(project: Project, arguments: Arguments) -> dict[str, int | None]:
    """The lengths of lists that stand in the code as arguments, by the names of these."""
    path, term = arguments.site or ("", -1)
    module = project.table.by_path.get(path)
    entry = module.facts.terms[term] if module is not None and term >= 0 else None
    if module is None or entry is None or entry[0] != t.CALL:
        return {}
    terms = module.facts.terms
    return {name: _length(terms, value) for name, value in entry[3] if name}


def _lengths(value: Value, written: int | None) -> Iterator[int]:
    """How many different things a list can hold, as far as it is known: as many as stand in the
    code, and of constants those that it is made of.
    """
    if written is not None:
        yield written
    if type(value) is TupleValue:
        yield len(value.items)
    elif type(value) is Iterable:
        options = options_of(value.element)
        if all(type(option) is Constant for option in options):
            yield len(options)


def _length(terms: list[t.Term], term: int) -> int | None:
    """How many things a list that stands in the code holds at most."""
    entry = terms[t.unaliased(terms, term)]
    while entry[0] == t.CALL and len(entry[2]) == 1:
        called = terms[entry[1]]
        if called[0] != t.NAME or called[1] not in _KEEPING:
            return None
        entry = terms[t.unaliased(terms, entry[2][0])]
    if entry[0] != t.SEQUENCE or any(terms[item][0] == t.STAR for item in entry[2]):
        return None
    return len(entry[2])


def picks_one(project: Project, models: Models, class_: Value, lookups: Sequence[str]) -> bool:
    """Whether no more than one object can match all of these lookups; with ``*`` among them others
    may be asked for.
    """
    names = frozenset([_field(lookup) for lookup in lookups])
    if not names.isdisjoint(("pk", "id")):
        return True
    known: dict[tuple[Value, frozenset[str]], bool]
    known = project.framework_data.setdefault("django.unique", {})
    key = (class_, names)
    found = known.get(key)
    if found is None:
        found = known[key] = all(
            isinstance(option, ClassValue)
            and _is_one(project, models, option, {_own(models, option, name) for name in names})
            for option in options_of(class_)
        )
    return found


def _field(lookup: str) -> str:
    """The field that a lookup asks to equal a value; the lookup itself if it asks otherwise."""
    name = lookup.removesuffix("__exact")
    return name.removesuffix("__pk").removesuffix("__id")


def _own(models: Models, class_: ClassValue, name: str) -> str:
    """The relation that a unique column behind it picks the one object of; else the name as it
    is.
    """
    relation, _, column = name.partition("__")
    field = models.field(class_, relation) if column else None
    target = field.target if isinstance(field, Relation) and field.kind == "one" else None
    behind = models.field(target, column) if isinstance(target, ClassValue) else None
    return relation if behind is not None and behind.is_unique else name


def _is_one(project: Project, models: Models, class_: ClassValue, names: set[str]) -> bool:
    declared = {name: models.field(class_, name) for name in names}
    if any(field is not None and field.is_unique for field in declared.values()):
        return True
    given = {*names, *(name.removesuffix("_id") for name in names)}
    if rows.ANYTHING in given:
        return any(not given.isdisjoint(together) for together in _together(project, class_))
    return any(given.issuperset(together) for together in _together(project, class_))


def _together(project: Project, class_: ClassValue) -> Iterator[Sequence[str]]:
    """The fields that are unique together, as the nearest ``class Meta`` has it."""
    for owner in project.classes.info(class_).order:
        scope = owner.module.facts.scopes[owner.scope] if isinstance(owner, ClassValue) else None
        if scope is None or not isinstance(owner, ClassValue) or "Meta" not in scope.bindings:
            continue
        frame = project.classes.frame_around(owner)
        meta = project.values.evaluate(frame, scope.bindings["Meta"])
        if isinstance(meta, ClassValue):
            terms = meta.module.facts.terms
            bindings = meta.module.facts.scopes[meta.scope].bindings
            yield from _named(terms, bindings.get("unique_together", -1))
            yield from _constrained(terms, bindings.get("constraints", -1))
        return


def _named(terms: list[t.Term], term: int) -> Iterator[Sequence[str]]:
    if term < 0 or terms[term][0] != t.SEQUENCE:
        return
    texts = _texts(terms, term)
    if texts:
        yield texts
    for item in terms[term][2]:
        inner = _texts(terms, item)
        if inner:
            yield inner


def _constrained(terms: list[t.Term], term: int) -> Iterator[Sequence[str]]:
    for item in terms[term][2] if term >= 0 and terms[term][0] == t.SEQUENCE else ():
        keywords = dict(terms[item][3]) if terms[item][0] == t.CALL else {}
        if "fields" in keywords and "condition" not in keywords:
            called = terms[terms[item][1]]
            if called[-1] == "UniqueConstraint" or (
                len(called) > 2 and called[2] == "UniqueConstraint"
            ):
                yield _texts(terms, keywords["fields"]) or ("",)


def _texts(terms: list[t.Term], term: int) -> list[str]:
    """The texts of a list of nothing else."""
    if terms[term][0] != t.SEQUENCE:
        return []
    items = [terms[item] for item in terms[term][2]]
    texts = [item[1] for item in items if item[0] == t.CONST and isinstance(item[1], str)]
    return texts if len(texts) == len(items) else []
