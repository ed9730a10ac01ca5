"""Queries, sessions and results: what their methods give, and what runs.

Source: sqlalchemy/orm/session.py, orm/query.py, engine/result.py and ext/asyncio/session.py of
SQLAlchemy 2.1.9; sqlmodel/orm/session.py of SQLModel 0.0.50; flask_sqlalchemy/extension.py,
query.py and pagination.py of Flask-SQLAlchemy 3.1.1.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fwp_checks.frameworks.sqlalchemy import filters, instances, options, rows
from fwp_checks.frameworks.sqlalchemy.mapped import Mappers
from fwp_checks.frameworks.sqlalchemy.rows import Query
from fwp_checks.project.meaning.origins import limited, origin_of
from fwp_checks.project.meaning.outcome import Outcome, RunExternal
from fwp_checks.project.meaning.values import (
    NONE,
    Arguments,
    Awaitable,
    ClassValue,
    Constant,
    External,
    Instance,
    Iterable,
    MappingValue,
    TupleValue,
    Unknown,
    Value,
    join,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

SESSION = "sqlalchemy.orm.Session"
ASYNC_SESSION = "sqlalchemy.ext.asyncio.AsyncSession"
DECLARATIVE = "sqlalchemy.orm.DeclarativeBase"
FLASK = "flask_sqlalchemy.SQLAlchemy"
FLASK_QUERY = "flask_sqlalchemy.query.Query"
PAGINATION = "flask_sqlalchemy.pagination.Pagination"

# Methods of queries that leave the rows what they are.
_SAME_ROWS = frozenset(
    {
        *("autoflush", "distinct", "enable_assertions", "enable_eagerloads", "execution_options"),
        *(
            "order_by",
            "params",
            "populate_existing",
            "set_label_style",
            "tuples",
            "with_for_update",
        ),
        *("with_hint", "with_labels", "with_session", "yield_per", "correlate", "reset_joinpoint"),
        *("unique", "prefix_with", "suffix_with", "with_statement_hint"),
    }
)
# … that may leave some out.
_FEWER_ROWS = frozenset(
    {
        *("filter", "filter_by", "where", "limit", "offset", "slice", "having", "group_by", "join"),
        *("outerjoin", "join_from", "outerjoin_from", "select_from", "from_statement", "from_self"),
        *("with_parent", "with_transformation", "select_entity_from", "fetch", "intersect"),
        *("intersect_all", "except_", "except_all", "union", "union_all", "with_polymorphic"),
    }
)
_BUILDING = _SAME_ROWS | _FEWER_ROWS
_COLUMNS = frozenset({"add_columns", "add_column", "add_entity"})
_OTHER_COLUMNS = frozenset({"with_entities", "with_only_columns"})
_ONE = frozenset(
    {
        *("first", "one", "one_or_none", "get", "fetchone", "first_or_404", "one_or_404"),
        *("get_or_404", "one_or_404"),
    }
)
_ONE_OBJECT = frozenset({"scalar", "scalar_one", "scalar_one_or_none"})
_ALL = frozenset({"all", "fetchall", "fetchmany"})


def call(
    project: Project, name: str, arguments: Arguments, receiver: Value | None
) -> Outcome | None:
    """What calling a function or method of SQLAlchemy does, where a catalogue row cannot say it."""
    last = name.rpartition(".")[2]
    classes = project.classes
    if receiver is None or (isinstance(receiver, Instance) and receiver.class_ == FLASK):
        return _function(project, name, last, arguments, receiver)
    if not isinstance(receiver, Instance):
        return None
    if receiver.class_ in (options.LOAD, options.ATTRIBUTE):
        given = options.method(receiver, last, arguments)
        return Outcome.nothing(given) if given is not None else None
    if rows.query_of(receiver) is not None:
        return _of_query(project, name, arguments, receiver)
    if classes.is_instance(receiver, SESSION):
        return _of_session(project, name, arguments, receiver, is_async=False)
    if classes.is_instance(receiver, ASYNC_SESSION):
        return _of_session(project, name, arguments, receiver, is_async=True)
    return None


def _runs(name: str, arguments: Arguments, receiver: Value | None, given: Value) -> Outcome:
    return Outcome(((RunExternal(name, arguments, receiver),),), given)


# -- functions -------------------------------------------------------------------------------------


def _function(
    project: Project, name: str, last: str, arguments: Arguments, receiver: Value | None
) -> Outcome | None:
    if last == "select":
        return Outcome.nothing(rows.statement(rows.SELECT, _selected(project, arguments)))
    if last in ("aliased", "with_polymorphic") and arguments.positional:
        return Outcome.nothing(arguments.positional[0])
    if last in ("declarative_base", "generate_base"):
        return _made_base(arguments)
    given = options.function(last, arguments)
    if given is not None:
        return Outcome.nothing(given)
    if receiver is not None:
        return _of_flask(project, name, last, arguments, receiver)
    return None


def _made_base(arguments: Arguments) -> Outcome | None:
    """``declarative_base(cls=Base)``: a class that derives from another one as well."""
    given = arguments.named("cls")
    classes = given.items if isinstance(given, TupleValue) else (given,)
    bases = [one for one in classes if isinstance(one, ClassValue)]
    if not bases:
        return None
    made = Instance("builtins.type", arguments=(External(DECLARATIVE), *bases))
    return Outcome.nothing(made)


def _of_flask(
    project: Project, name: str, last: str, arguments: Arguments, receiver: Value
) -> Outcome | None:
    found: Value | None = None
    if last == "get_or_404":
        found = _by_key(project, arguments, is_async=False)
    elif last in ("first_or_404", "one_or_404", "paginate"):
        statement = arguments.get(0, "select" if last == "paginate" else "statement")
        query = rows.query_of(statement)
        if statement is not None and query is not None:
            query = replace(query, is_objects=True)
            if last == "paginate":
                query = replace(query, whole=False)
                found = rows.result(PAGINATION, query, origin_of(statement))
            else:
                found = rows.row(project, rows.statement(rows.SELECT, query), one_of_many=False)
    return _runs(name, arguments, receiver, found) if found is not None else None


def _selected(project: Project, arguments: Arguments) -> Query:
    columns = _columns(project, arguments)
    unknown = () if arguments.complete else (rows.UNKNOWN_OPTION,)
    return Query(columns, unknown)


def _columns(project: Project, arguments: Arguments) -> tuple[Value | None, ...]:
    mappers = Mappers.of(project)
    columns: list[Value | None] = []
    for argument in arguments.positional:
        # select([a, b]) of SQLAlchemy 1.4
        value = argument.element if isinstance(argument, Iterable) else argument
        columns.append(value if mappers.is_mapped(value) else None)
    return tuple(columns)


# -- sessions --------------------------------------------------------------------------------------


def _of_session(
    project: Project, name: str, arguments: Arguments, session: Instance, *, is_async: bool
) -> Outcome | None:
    method = name.rpartition(".")[2]
    if method == "query" and not is_async:
        selected = _selected(project, arguments)
        of_objects = len(selected.columns) == 1 and selected.columns[0] is not None
        query = replace(selected, is_objects=of_objects)
        return Outcome.nothing(rows.statement(rows.QUERY, query))
    if method == "refresh":
        return _refreshed(project, name, arguments, session, is_async=is_async)
    if method == "run_sync":
        return _in_greenlet(project, name, arguments, session)
    given = _session_result(project, method, arguments, is_async)
    if given is None:
        return None
    return _runs(name, arguments, session, Awaitable(given) if is_async else given)


def _refreshed(
    project: Project, name: str, arguments: Arguments, session: Instance, *, is_async: bool
) -> Outcome | None:
    """``session.refresh(post, ["author"])``: a relation that is named is loaded then."""
    row, named = arguments.get(0, "instance"), arguments.get(1, "attribute_names")
    if not isinstance(row, Instance) or named is None:
        return None
    names = [rows.text(option) for option in options_of(_element(named))]
    loads = [instances.refreshing(project, row, one) for one in names if one is not None]
    runs = [run for run in loads if run is not None]
    given = Awaitable(NONE) if is_async else NONE
    return Outcome(((RunExternal(name, arguments, session), *runs),), given) if runs else None


def _element(value: Value) -> Value:
    if isinstance(value, TupleValue):
        return join(list(value.items))
    return value.element if isinstance(value, Iterable) else Unknown("names of attributes")


def _session_result(
    project: Project, method: str, arguments: Arguments, is_async: bool
) -> Value | None:
    if method in ("get", "get_one"):
        return _by_key(project, arguments, is_async=is_async)
    statements = options_of(arguments.get(0, "statement") or NONE)
    results = [_of_statement(project, method, option, is_async) for option in statements]
    known = [given for given in results if given is not None]
    return join(known) if len(known) == len(results) else None


def _of_statement(project: Project, method: str, statement: Value, is_async: bool) -> Value | None:
    """What executing a statement gives."""
    query = rows.query_of(statement)
    if query is None:
        return None
    query = replace(query, is_async=is_async)
    origin = origin_of(statement)
    of_objects = replace(query, is_objects=True)
    of_tuples = replace(query, is_objects=False)
    if method == "execute":
        return rows.result(rows.RESULT, of_tuples, origin)
    if method == "scalars" or (method == "exec" and len(query.columns) == 1):
        return rows.result(rows.SCALARS, of_objects, origin)
    if method == "exec":
        return rows.result(rows.RESULT, of_tuples, origin)
    if method == "stream":
        return rows.result(rows.ASYNC_RESULT, of_tuples, origin)
    if method == "stream_scalars":
        return rows.result(rows.ASYNC_SCALARS, of_objects, origin)
    if method == "scalar":
        found = rows.statement(rows.SELECT, replace(of_objects, whole=False))
        return rows.row(project, found, one_of_many=False)
    return None


def _by_key(project: Project, arguments: Arguments, *, is_async: bool) -> Value | None:
    """The object that ``session.get(Post, 1, options=[…])`` gives."""
    class_ = arguments.get(0, "entity")
    if not isinstance(class_, ClassValue) or not Mappers.of(project).is_mapped(class_):
        return None
    given = tuple(options.held(arguments.get(-1, "options")))
    query = Query((class_,), given, is_objects=True, is_async=is_async, whole=False)
    return rows.row(project, rows.statement(rows.SELECT, query), one_of_many=False)


def _in_greenlet(
    project: Project, name: str, arguments: Arguments, session: Instance
) -> Outcome | None:
    """``await session.run_sync(function, *arguments)``: in it, objects may load what they like."""
    function = arguments.get(0, "fn")
    if function is None:
        return None
    inside = Arguments(
        (
            Instance(SESSION),
            *[rows.of_session(value, False) for value in arguments.positional[1:]],
        ),
        tuple([(key, rows.of_session(value, False)) for key, value in arguments.keywords]),
        arguments.complete,
    )
    return Outcome(
        ((RunExternal(name, arguments, session),),),
        compute=lambda: Awaitable(
            rows.of_session(project.calls.invoke(function, inside).result, True)
        ),
    )


def _number(project: Project, arguments: Arguments) -> Value | None:
    """The first argument of a call, as far as its text or the default of a parameter says it."""
    if not arguments.terms or arguments.site is None:
        return arguments.get(0)
    module = project.table.by_path[arguments.site[0]]
    scope_number = module.code_scope_of(arguments.site[1])
    frame = project.frame_of_scope(module, scope_number)
    return project.lists.number(frame, arguments.terms[0])


# -- queries and results ---------------------------------------------------------------------------


def _of_query(
    project: Project, name: str, arguments: Arguments, receiver: Instance
) -> Outcome | None:
    method = name.rpartition(".")[2]
    query = rows.query_of(receiver)
    assert query is not None
    built = _built(project, query, method, arguments)
    if built is not None and query.origin is not None:
        return Outcome.nothing(replace(receiver, details=(built,)))
    if built is not None:
        following: Value = rows.changed(receiver, built)
        most = _number(project, arguments) if method == "limit" else None
        if isinstance(most, Constant) and isinstance(most.value, int):
            following = limited(following, most.value)
        return Outcome.nothing(following)
    given = _query_result(project, method, query, receiver)
    if given is None:
        return None
    if receiver.class_ in (rows.ASYNC_RESULT, rows.ASYNC_SCALARS) and method not in _IN_MEMORY:
        given = Awaitable(given)
    return _runs(name, arguments, receiver, given)


_IN_MEMORY = frozenset({"scalars", "unique", "partitions", "mappings", "columns"})


def _built(project: Project, query: Query, method: str, arguments: Arguments) -> Query | None:
    """The query that a building method gives; None if it builds none."""
    if method == "options":
        return replace(query, options=(*query.options, *options.given(arguments)))
    if method in _FEWER_ROWS:
        fixed = query.fixed | filters.agreeing(project, query, method, arguments)
        return replace(query, whole=False, fixed=fixed)
    if method in _SAME_ROWS:
        return query
    if method in _COLUMNS:
        added = (*query.columns, *_columns(project, arguments))
        return replace(query, columns=added, is_objects=False)
    if method in _OTHER_COLUMNS:
        columns = _columns(project, arguments)
        of_objects = method == "with_entities" and len(columns) == 1 and columns[0] is not None
        return replace(query, columns=columns, is_objects=of_objects)
    return None


def _query_result(project: Project, method: str, query: Query, receiver: Instance) -> Value | None:
    if method in _ALL:
        return rows.rows(project, receiver)
    if method == "__iter__":
        return rows.rows(project, receiver, "iterator")
    if method == "partitions":
        return Iterable(rows.rows(project, receiver), "iterator")
    if method in _ONE:
        return rows.row(project, receiver, one_of_many=False)
    if method in _ONE_OBJECT:
        single = replace(receiver, details=(replace(query, is_objects=True),))
        return rows.row(project, single, one_of_many=False)
    if method == "scalars":
        is_async = receiver.class_ == rows.ASYNC_RESULT
        class_ = rows.ASYNC_SCALARS if is_async else rows.SCALARS
        return Instance(class_, details=(replace(query, is_objects=True),))
    if method == "mappings":
        return Iterable(MappingValue(Unknown("value of a column")), "list")
    if method == "paginate":
        origin = origin_of(receiver)
        return rows.result(PAGINATION, replace(query, whole=False), origin)
    if method == "count":
        return Instance("builtins.int")
    return None


def element(project: Project, value: Instance) -> Value | None:
    """One row of a query or result that is iterated."""
    if rows.query_of(value) is None or value.class_ == rows.SELECT:
        return None
    return rows.row(project, value, one_of_many=True)


def item(project: Project, value: Instance, key: Value | None) -> Value | None:
    """``query[3]``, or a slice of its rows."""
    if rows.query_of(value) is None or not project.classes.is_instance(value, rows.QUERY):
        return None
    if key is None:
        return rows.rows(project, value)
    return rows.row(project, value, one_of_many=False)


def attribute(project: Project, value: Instance, name: str) -> Value | None:
    """The rows of a page."""
    if value.class_ == PAGINATION and name == "items":
        return rows.rows(project, value)
    return None


# -- Flask-SQLAlchemy's Model.query ----------------------------------------------------------------


def of_class(project: Project, class_: ClassValue) -> Value | None:
    """``Model.query``: of Flask-SQLAlchemy, or put there with ``query_property()``."""
    if not Mappers.of(project).is_mapped(class_):
        return None
    query = Query((class_,), is_objects=True)
    declared = project.members.find_in_class(class_, "query_class")
    if isinstance(declared, ClassValue):
        return rows.statement(declared, query)
    if isinstance(declared, External):
        return rows.statement(declared.name, query)
    if project.classes.derives(class_, "flask_sqlalchemy.model.Model"):
        return rows.statement(FLASK_QUERY, query)
    own = project.members.find_in_class(class_, "query")
    if own is not None and project.classes.is_instance(own, rows.QUERY):
        return rows.statement(rows.QUERY, query)
    for module, term in project.attribute_stores.get("query", ()):
        frame = project.frame_of_scope(module, module.code_scope_of(term))
        stored = project.values.evaluate(frame, module.facts.terms[term][3])
        if any(project.classes.is_instance(option, rows.QUERY) for option in options_of(stored)):
            return rows.statement(rows.QUERY, query)
    return None
