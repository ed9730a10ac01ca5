"""django-tables2: tables over querysets.

Source: django_tables2/tables.py, rows.py, views.py and columns/ of django-tables2 3.0.1. Each
column reads its accessor, its name by default, of each row. What it finds is shown by its text, by
a template, by ``render()`` of the column or by ``render_<name>()`` of the table. Around that stands
a link, to what ``linkify`` names or calls (``LinkTransform`` in columns/base.py).
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.facts.templates import Language
from fwp_checks.facts.templates.django_tokens import tokens_of
from fwp_checks.frameworks.base import Framework
from fwp_checks.frameworks.django.models import Models, Relation
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.origins import Place, consumed_at
from fwp_checks.project.meaning.outcome import Alternative
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    Arguments,
    ClassValue,
    Constant,
    External,
    FunctionValue,
    Instance,
    Value,
    is_informative,
    options_of,
    without_none,
)
from fwp_checks.project.rows.needs import Consumer, Touch

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

_PACKAGE = "django_tables2."
# What may hide columns, or add some, where a table is made.
_CHANGING = frozenset({"columns", "base_columns", "exclude", "sequence"})
_CHANGED = ("exclude", "sequence", "extra_columns")
_STR = "__str__"
_URL = "get_absolute_url"
_LINK_COLUMN = "LinkColumn"
_ACCESSORS = frozenset(
    f"{_PACKAGE}{name}" for name in ("A", "Accessor", "utils.A", "utils.Accessor")
)
# A path that a template reads, and the loops and names that it is read for.
_PATH = re.compile(r"(?<![\w.\"'])[A-Za-z_]\w*(?:\.\w+)*")
_LOOP = re.compile(r"for\s+(\w+)\s+in\s+([\w.]+)")
_NAME = re.compile(r"with\s+(\w+)=([\w.]+)")
_MOST_FRAMES = 8


@dataclass(slots=True, unsafe_hash=True)
class _Column:
    """One column: its name, the attributes that lead to its value, and where it is written.

    ``made`` is the column object and ``given`` what it was made with; both are missing for those
    that are made of the fields of a model. ``linked`` are the ways to what its links name.
    """

    name: str
    path: tuple[str, ...]
    place: Place
    made: Instance | None = None
    given: Arguments = NO_ARGUMENTS
    linked: tuple[tuple[str, ...], ...] = ()


class DjangoTables(Framework):
    """Hooks for tables."""

    name = "django-tables2"
    modules = frozenset({"django_tables2"})

    def consumers(self, project: Project, modules: Container[Module]) -> Iterator[Consumer]:
        """Tables that are made of a queryset, and views that make one."""
        tables = {class_ for class_ in project.classes.with_bases if _is_table(project, class_)}
        if not tables:
            return
        sites = project.call_sites
        calls = [site for name in {table.name for table in tables} for site in sites.spelt(name)]
        for module, term in sorted(calls, key=lambda site: (site[0].path, site[1])):
            if module in modules and module.is_served:
                yield from _made(project, module, term, tables)
        for class_ in project.classes.with_bases:
            if class_.module in modules and class_.module.is_served:
                yield from _viewed(project, class_, tables)


FRAMEWORK = DjangoTables()


def _is_table(project: Project, class_: ClassValue) -> bool:
    return any(
        base.startswith(_PACKAGE) and base.endswith(".Table")
        for base in project.classes.info(class_).externals
    )


# -- what is shown ---------------------------------------------------------------------------------


def _made(
    project: Project, module: Module, term: int, tables: Container[ClassValue]
) -> Iterator[Consumer]:
    """A call of what goes by the name of a table."""
    entry = module.facts.terms[term]
    if any(name in _CHANGED for name, _ in entry[3]):
        return
    number = module.code_scope_of(term)
    frames = list(project.call_sites.frames_around(module, number))
    shown: dict[tuple[ClassValue, Value], None] = {}
    for frame in frames[:_MOST_FRAMES]:
        table = project.values.evaluate(frame, entry[1])
        data = project.calls.arguments(frame, entry).get(0, "data")
        if isinstance(table, ClassValue) and table in tables and data is not None:
            shown[table, data] = None
    label = module.facts.scopes[number].name
    yield from _consumer(project, list(shown), label, module, term)


def _viewed(
    project: Project, class_: ClassValue, tables: Container[ClassValue]
) -> Iterator[Consumer]:
    """The table of a view that makes one of its objects."""
    bases = project.classes.info(class_).externals
    if not any(b.startswith(_PACKAGE) and "SingleTable" in b for b in bases):
        return
    table = project.members.find_in_class(class_, "table_class")
    if not isinstance(table, ClassValue) or table not in tables:
        return
    if project.members.find_in_class(class_, "get_table_kwargs") is not None:
        return
    view = Instance(class_)
    method = project.members.attribute(view, "get_table_data")
    if isinstance(method, FunctionValue):
        data = project.calls.invoke(method, NO_ARGUMENTS).result
    else:
        data = project.members.attribute(view, "object_list")
    term = literals.definition_term(class_.module, class_.scope)
    yield from _consumer(project, [(table, data)], class_.name, class_.module, term)


def _consumer(
    project: Project,
    shown: list[tuple[ClassValue, Value]],
    label: str,
    module: Module,
    term: int,
) -> Iterator[Consumer]:
    touches: list[Touch] = []
    for table, data in shown:
        row = consumed_at(project.protocols.element(without_none(data)), module.path, term)
        if is_informative(row):
            touches.extend(_Cells(project, table, row).touches())
    if touches:
        place = Place(module.path, term)
        yield Consumer(place, "", label, module, term, touches=tuple(touches))


# -- columns ---------------------------------------------------------------------------------------


def _columns(project: Project, table: ClassValue) -> list[_Column]:
    """The columns of a table; none if they are not known."""
    order = [o for o in project.classes.info(table).order if isinstance(o, ClassValue)]
    if any(_is_changed(owner) for owner in order):
        return []
    found: dict[str, _Column] = {}
    hidden: set[str] = set()
    for owner in order:
        frame = project.classes.frame_around(owner)
        for name, term in owner.module.facts.scopes[owner.scope].bindings.items():
            if name not in found and name not in hidden:
                column = _declared(project, owner, frame, name, term)
                if column is not None:
                    found[name] = column
                else:
                    hidden.add(name)
    meta = project.members.find_in_class(table, "Meta")
    if not isinstance(meta, ClassValue):
        return list(found.values())
    for name, place in _of_model(project, meta):
        found.setdefault(name, _Column(name, _parts(name), place))
    left_out = _texts(project, meta, "exclude")
    order_of = _texts(project, meta, "sequence")
    return [
        column
        for name, column in found.items()
        if name not in left_out and (not order_of or "..." in order_of or name in order_of)
    ]


def _is_changed(owner: ClassValue) -> bool:
    """Whether methods of a class may change which columns a table has."""
    scopes, terms = owner.module.facts.scopes, owner.module.facts.terms
    return any(
        scope.parent == owner.scope
        and scope.name in ("__init__", "before_render")
        and any(
            entry[0] == t.ATTR and entry[2] in _CHANGING for entry in terms[scope.start : scope.end]
        )
        for scope in scopes
    )


def _declared(
    project: Project, owner: ClassValue, frame: Frame, name: str, term: int
) -> _Column | None:
    terms = owner.module.facts.terms
    if terms[term][0] != t.CALL:
        return None
    made = project.values.evaluate(frame, term)
    if not isinstance(made, Instance) or not _kind(project, made):
        return None
    given = project.calls.arguments(frame, terms[term])
    if given.get(-1, "visible") == Constant(False):
        return None
    path = _accessor(given.get(-1, "accessor"), name)
    linked = tuple(_linked(project, frame, terms[term], _kind(project, made)))
    return _Column(name, path, Place(owner.module.path, term), made, given, linked)


def _linked(project: Project, frame: Frame, made: t.Term, kind: str) -> Iterator[tuple[str, ...]]:
    """What the links of a column name of each row: ``linkify=("author", [A("author__pk")])``."""
    terms = frame.module.facts.terms
    waiting = [term for name, term in made[3] if name == "linkify"]
    if kind == _LINK_COLUMN:
        waiting += [*made[2], *[term for name, term in made[3] if name in ("args", "kwargs")]]
    for term in waiting:
        entry = terms[term]
        if entry[0] in (t.SEQUENCE, t.MAPPING):
            waiting.extend(t.operands(entry))
        elif entry[0] == t.CALL and entry[2]:
            called = project.values.evaluate(frame, entry[1])
            if isinstance(called, External) and called.name in _ACCESSORS:
                text = literals.text_of(project.values.evaluate(frame, entry[2][0]))
                yield _parts(text) if text else ()


def _kind(project: Project, made: Instance) -> str:
    """The library's class of a column; empty for anything else."""
    if isinstance(made.class_, str):
        bases: tuple[str, ...] = (made.class_,)
    else:
        bases = project.classes.info(made.class_).externals
    found = (base for base in bases if base.startswith(_PACKAGE) and base.endswith("Column"))
    return next(found, "").rpartition(".")[2]


def _accessor(given: Value | None, name: str) -> tuple[str, ...]:
    if given is None:
        return (name,)
    if isinstance(given, Instance) and given.arguments:
        given = given.arguments[0]
    text = literals.text_of(given)
    return _parts(text) if text else ()


def _parts(text: str) -> tuple[str, ...]:
    return tuple(text.replace("__", ".").split("."))


def _of_model(project: Project, meta: ClassValue) -> Iterator[tuple[str, Place]]:
    """The fields of a model that become columns: those that are named, else all of them."""
    model = project.members.find_in_class(meta, "model")
    models = Models.of(project)
    if not isinstance(model, ClassValue) or not models.is_model(model):
        return
    bound = literals.attribute_term(project, meta, "fields")
    if bound is not None:
        for item in literals.items(project, *bound) or ():
            name = literals.text_of(project.values.evaluate(item.frame, item.term))
            if name:
                yield name, Place(item.frame.module.path, item.term)
        return
    place = Place(meta.module.path, literals.definition_term(meta.module, meta.scope))
    for relation in models.relations(model):
        if relation.kind == "one":
            yield relation.name, place


def _texts(project: Project, meta: ClassValue, option: str) -> frozenset[str]:
    bound = literals.attribute_term(project, meta, option)
    items = literals.items(project, *bound) if bound is not None else None
    return frozenset(literals.strings(project, items) or ()) if items is not None else frozenset()


# -- cells -----------------------------------------------------------------------------------------


class _Cells:
    """What showing one row does."""

    def __init__(self, project: Project, table: ClassValue, row: Value) -> None:
        self._project = project
        self._table = table
        self._row = row
        self._touches: list[Touch] = []
        self._place = Place("", 0)

    def touches(self) -> list[Touch]:
        """What each column reads."""
        for column in _columns(self._project, self._table):
            self._place = column.place
            self._cell(column, self._follow(self._row, column.path) if column.path else None)
        return self._touches

    def _note(self, alternatives: tuple[Alternative, ...]) -> None:
        module = self._project.table.by_path.get(self._place.path)
        if any(alternatives) and module is not None:
            self._touches.append(Touch(alternatives, module, self._place.term))

    def _follow(self, value: Value, names: tuple[str, ...]) -> Value:
        for name in names:
            found = self._project.templates.lookups.outcome(value, name, is_called=True)
            self._note(found.alternatives)
            value = without_none(found.result)
        return value

    def _cell(self, column: _Column, value: Value | None) -> None:
        known = {"record": self._row, "table": Instance(self._table)}
        if value is not None:
            known["value"] = value
        self._link(column, value, known)
        own = self._project.members.find_in_class(self._table, f"render_{column.name}")
        if isinstance(own, FunctionValue):
            self._run(self._project.members.bind(own, known["table"]), own, known)
            return
        made = column.made
        kind = _kind(self._project, made) if made is not None else ""
        if made is not None and isinstance(made.class_, ClassValue):
            own = self._project.members.find_in_class(made.class_, "render")
            if isinstance(own, FunctionValue):
                self._run(self._project.members.bind(own, made), own, known)
                return
        if kind == "TemplateColumn":
            self._templated(column, known)
        elif value is not None and (kind == "ManyToManyColumn" or self._is_many(column)):
            self._listed(column, value)
        elif value is not None:
            self._shown(value)

    def _link(self, column: _Column, value: Value | None, known: dict[str, Value]) -> None:
        """What a column asks of each row for its links."""
        for path in column.linked:
            self._follow(self._row, path)
        linkify = column.given.get(-1, "linkify")
        if isinstance(linkify, FunctionValue):
            self._run(linkify, linkify, known)
        elif linkify == Constant(True) and value is not None:
            to = value if self._has_url(value) else self._row
            if self._has_url(to):
                self._follow(to, (_URL,))

    def _has_url(self, value: Value) -> bool:
        options = options_of(without_none(value))
        return all(
            isinstance(option, Instance)
            and isinstance(option.class_, ClassValue)
            and self._project.members.find_in_class(option.class_, _URL) is not None
            for option in options
        )

    def _run(self, bound: Value, function: FunctionValue, known: dict[str, Value]) -> None:
        """A function that is called with those arguments that it has names for."""
        parameters = function.module.facts.scopes[function.scope].parameters
        names = {parameter.name for parameter in parameters}
        given = tuple([(name, value) for name, value in known.items() if name in names])
        outcome = self._project.calls.invoke(bound, Arguments(keywords=given))
        self._note(outcome.alternatives)

    def _shown(self, value: Value) -> None:
        """Objects of models are shown by their text."""
        options = options_of(without_none(value))
        if all(isinstance(o, Instance) and isinstance(o.class_, ClassValue) for o in options):
            self._note(self._project.protocols.special(without_none(value), (_STR,)))

    # -- relations to many -------------------------------------------------------------------------

    def _is_many(self, column: _Column) -> bool:
        """Whether a column that is made of a field shows all objects behind it."""
        model = self._row.class_ if isinstance(self._row, Instance) else None
        if column.made is not None or len(column.path) != 1 or not isinstance(model, ClassValue):
            return False
        relation = Models.of(self._project).relation(model, column.name)
        return isinstance(relation, Relation) and relation.kind == "many"

    def _listed(self, column: _Column, value: Value) -> None:
        narrowed, shown = column.given.get(-1, "filter"), column.given.get(-1, "transform")
        if narrowed is not None:
            outcome = self._project.calls.invoke(narrowed, Arguments((value,)))
            self._note(outcome.alternatives)
            found = outcome.result
        else:
            found = self._follow(value, ("all",))
        each = self._each(found)
        if shown is not None:
            self._note(self._project.calls.invoke(shown, Arguments((each,))).alternatives)
        else:
            self._shown(each)

    def _each(self, objects: Value) -> Value:
        self._note(self._project.protocols.iterating(objects, is_async=False))
        return self._project.protocols.element(objects)

    # -- templates ---------------------------------------------------------------------------------

    def _templated(self, column: _Column, known: dict[str, Value]) -> None:
        named = literals.text_of(self._said(column, 2, "context_object_name")) or "record"
        names = {**known, named: self._row}
        code = literals.text_of(self._said(column, 0, "template_code"))
        template = self._said(column, 1, "template_name")
        if code is not None:
            self._written(code, names)
        elif template is not None:
            found = self._project.templates.rendering(
                template, Language.DJANGO, names, place=column.place
            )
            if None not in found:
                self._note(found)

    def _said(self, column: _Column, position: int, name: str) -> Value | None:
        """What a column is made with, or what its class says."""
        found = column.given.get(position, name)
        if found is None and column.made is not None:
            class_ = column.made.class_
            if isinstance(class_, ClassValue):
                found = self._project.members.find_in_class(class_, name)
        return found

    def _written(self, code: str, names: dict[str, Value]) -> None:
        """A template that is written in the table: the paths that it reads, one after the other."""
        for token in tokens_of(code):
            content = code[token.content_start : token.content_end].strip()
            loop = _LOOP.match(content) if token.is_tag else None
            named = _NAME.match(content) if token.is_tag else None
            if loop is not None:
                names[loop[1]] = self._each(self._path(loop[2], names))
            elif named is not None:
                names[named[1]] = self._path(named[2], names)
            else:
                for match in _PATH.finditer(content):
                    if match[0].partition(".")[0] in names:
                        value = self._path(match[0], names)
                        if not token.is_tag:
                            self._shown(value)

    def _path(self, text: str, names: dict[str, Value]) -> Value:
        first, *rest = text.split(".")
        known = names.get(first)
        return self._follow(known, tuple(rest)) if known is not None else Constant(None)
