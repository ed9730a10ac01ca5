"""Managers and querysets: what their methods give, and what runs.

A manager's methods are those of the queryset it makes (django/db/models/manager.py), so they are
looked up there; a project's own ``get_queryset`` is run first.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fwp_checks.frameworks.django import queryset_methods, rows
from fwp_checks.frameworks.django.models import Models
from fwp_checks.frameworks.django.uniqueness import most
from fwp_checks.project.meaning.origins import UNKNOWN_QUERY, limited, origin_of, with_origin
from fwp_checks.project.meaning.outcome import Outcome, RunExternal
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    Arguments,
    Awaitable,
    CallableValue,
    ClassValue,
    Constant,
    External,
    FunctionValue,
    Instance,
    Iterable,
    Unknown,
    Value,
    Wrapped,
    join,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# Methods of a manager that are not those of its querysets.
_MANAGER_ONLY = frozenset(
    {"get_queryset", "db_manager", "from_queryset", "as_manager", "get_prefetch_querysets"}
)
# What a related manager adds to the manager class of the related model.
_RELATED_ONLY = frozenset({"add", "aadd", "remove", "aremove", "set", "aset", "clear", "aclear"})

# It has no rows, so what other querysets give in its place says more: methods of the project, too,
# whose class it does not know.
_OF_NOTHING = Unknown("result of an empty queryset", replaceable=True)


def call(
    project: Project, name: str, arguments: Arguments, receiver: Value | None
) -> Outcome | None:
    """What calling a function or method of the ORM does, where a catalogue row cannot say it."""
    function = _FUNCTIONS.get(name)
    if function is not None:
        given = function(project, arguments)
        return _runs(name, arguments, None, given) if given is not None else None
    if name == rows.QUERYSET:
        return made(project, rows.QUERYSET, arguments)
    method = name.rpartition(".")[2]
    models = Models.of(project)
    if method in ("as_manager", "from_queryset"):
        class_ = receiver or External(name.rpartition(".")[0])
        given = _of_class(method, arguments, class_)
        return Outcome.nothing(given) if given is not None else None
    if not isinstance(receiver, Instance):
        return None
    if receiver.class_ == rows.EMPTY_QUERYSET:
        is_empty = method in queryset_methods.BUILDING
        return Outcome.nothing(receiver if is_empty else _OF_NOTHING)
    if models.is_manager(receiver):
        return _manager_call(project, name, arguments, receiver)
    if models.is_queryset(receiver) or receiver.class_ == rows.RAW_QUERYSET:
        given = _queryset_result(project, receiver, method, arguments)
        return _runs(name, arguments, receiver, given) if given is not None else None
    return None


def _runs(name: str, arguments: Arguments, receiver: Value | None, given: Value) -> Outcome:
    return Outcome(((RunExternal(name, arguments, receiver),),), given)


def made(project: Project, class_: ClassValue | str, arguments: Arguments) -> Outcome | None:
    """What calling a queryset class gives: every row of the model it is handed."""
    model = arguments.get(0, "model")
    if model is None or not all(Models.of(project).is_model(o) for o in options_of(model)):
        return None
    return Outcome.nothing(Instance(class_, None, (model,), (rows.Query(), UNKNOWN_QUERY)))


# -- querysets -------------------------------------------------------------------------------------


def _queryset_result(
    project: Project, queryset: Instance, method: str, arguments: Arguments
) -> Value | None:
    models = Models.of(project)
    if method == "none":
        return Instance(rows.EMPTY_QUERYSET, None, queryset.arguments)
    if method == "__getitem__":
        return queryset if not arguments.positional else rows.row(queryset)
    if method in ("__iter__", "aiterator"):
        found = rows.row(queryset, one_of_many=True)
        return (
            Iterable(found, "iterator", is_async=method == "aiterator")
            if found is not None
            else None
        )
    if method == "raw":
        query = rows.query_of(queryset)
        details = (queryset_methods.raw(query), UNKNOWN_QUERY) if query is not None else ()
        return Instance(rows.RAW_QUERYSET, None, queryset.arguments, details)
    if method in queryset_methods.BUILDING:
        built = queryset_methods.built(queryset, method, arguments)
        model = rows.model_of(queryset)
        if method == "filter" and model is not None:
            number = most(project, models, model, rows.query_of(queryset), arguments)
            if number is not None:
                return limited(built, number)
        return built
    given, is_async = queryset_methods.result(queryset, method)
    return Awaitable(given) if is_async and given is not None else given


def element(project: Project, value: Instance) -> Value | None:
    """One row of a queryset of a library class."""
    if value.class_ == rows.EMPTY_QUERYSET:
        return Unknown("row of an empty queryset", replaceable=True)
    if value.class_ == rows.RAW_QUERYSET or Models.of(project).is_queryset(value):
        return rows.row(value, one_of_many=True)
    return None


def item(project: Project, value: Instance, key: Value | None) -> Value | None:
    """``queryset[key]``; key None for a slice."""
    if value.class_ == rows.RAW_QUERYSET or Models.of(project).is_queryset(value):
        return rows.row(value) if key is not None else value
    return None


def given(models: Models, value: Instance, receiver: Value) -> Instance | None:
    """A queryset that a row says a method of this manager or queryset, or of this object of a
    model, gives.
    """
    model = receiver if isinstance(receiver, ClassValue) else None
    if isinstance(receiver, Instance) and isinstance(receiver.class_, ClassValue):
        model = receiver.class_
    if model is not None and models.is_model(model):
        return replace(value, arguments=(model,), details=(rows.Query(), UNKNOWN_QUERY))
    if not isinstance(receiver, Instance) or rows.model_of(receiver) is None:
        return None
    return replace(value, arguments=receiver.arguments, details=queryset_of(receiver).details)


# -- managers --------------------------------------------------------------------------------------


def queryset_of(manager: Instance) -> Instance:
    """The queryset that a manager starts from, if its ``get_queryset`` is Django's own."""
    query = rows.query_of(manager)
    if query is None:
        return Instance(rows.QUERYSET, None, manager.arguments)
    class_ = query.queryset or rows.QUERYSET
    origin = origin_of(manager) or UNKNOWN_QUERY
    return Instance(class_, None, manager.arguments, (replace(query, queryset=None), origin))


def _manager_call(
    project: Project, name: str, arguments: Arguments, manager: Instance
) -> Outcome | None:
    method = name.rpartition(".")[2]
    if method == "db_manager":
        return Outcome.nothing(manager)
    if method in _MANAGER_ONLY:
        return (
            _runs(name, arguments, manager, queryset_of(manager))
            if method == "get_queryset"
            else None
        )
    if rows.model_of(manager) is None:
        return None
    query = rows.query_of(manager)
    if query is not None and query.fetched:
        asked = rows.with_query(manager, queryset_methods.asked(query))
        if not query.answers(method):
            manager = asked
        elif method == "all":
            manager = rows.with_query(manager, replace(query, anew=_anew(project, asked)))
    first = _own_queryset(project, manager)
    queryset = queryset_of(manager)
    if first is not None:
        made = [o for o in options_of(first.result) if isinstance(o, Instance)]
        queryset = (
            made[0]
            if made
            else rows.with_query(queryset, rows.Query(rows.ALL_PATHS, rows.ALL_PATHS))
        )
        queryset = _asked_here(_of_relation(queryset, manager))
    given: Value | None = (
        queryset if method == "all" else _queryset_result(project, queryset, method, arguments)
    )
    run = RunExternal(name, arguments, manager)
    if first is None:
        return _runs(name, arguments, manager, given) if given is not None else None
    alternatives = tuple(None if a is None else (run, *a) for a in first.alternatives)
    if given is not None:
        return Outcome(alternatives, given)
    known = f"{rows.QUERYSET}.{method}"
    return Outcome(
        alternatives, compute=lambda: project.libraries.call(known, arguments, queryset).result
    )


def _asked_here(queryset: Instance) -> Instance:
    """What a manager starts from: what is missing is for whoever asks the manager to add."""
    origin = origin_of(queryset)
    if origin is None or origin.consumed is not None:
        return queryset
    return with_origin(queryset, replace(origin, built=None, made=None, also=()))


def _of_relation(queryset: Instance, manager: Instance) -> Instance:
    """What a project's ``get_queryset`` makes for a relation: it knows where that starts from, and
    is all that prefetching the relation would fetch.
    """
    origin = origin_of(manager)
    query, own = rows.query_of(queryset), rows.query_of(manager)
    if origin is None or not origin.hops or query is None or own is None:
        return queryset
    known = replace(query, known=query.known | own.known, narrowed="")
    return with_origin(rows.with_query(queryset, known), origin)


def _anew(project: Project, manager: Instance) -> rows.Query | None:
    """What a manager's own ``get_queryset`` fetches, if it has one."""
    own = _own_queryset(project, manager)
    if own is None:
        return None
    made = [rows.query_of(option) for option in options_of(own.result)]
    return made[0] or rows.Query(rows.ALL_PATHS, rows.ALL_PATHS)


def _own_queryset(project: Project, manager: Instance) -> Outcome | None:
    """What the ``get_queryset`` of a project's manager does; None if it has none, or the rows are
    there already.
    """
    query = rows.query_of(manager)
    if not isinstance(manager.class_, ClassValue) or (query is not None and query.fetched):
        return None
    method = project.members.find_in_class(manager.class_, "get_queryset")
    if not isinstance(method, FunctionValue):
        return None
    return project.calls.invoke(project.members.bind(method, manager), NO_ARGUMENTS)


def manager_attribute(project: Project, manager: Instance, name: str) -> Value | None:
    """An attribute of a manager that its class does not have: its model, or a method of its
    queryset class.
    """
    if name == "model":
        return rows.model_of(manager)
    if name in _RELATED_ONLY and rows.RELATED_MANAGER in manager.details:
        return project.members.attribute(
            Instance(rows.RELATED_MANAGER, None, manager.arguments, manager.details[:1]), name
        )
    query = rows.query_of(manager)
    if query is None or query.queryset is None:
        return None
    if (
        isinstance(manager.class_, ClassValue)
        and project.members.find_in_class(manager.class_, name) is not None
    ):
        return None
    found = project.members.find_in_class(query.queryset, name)
    if not isinstance(found, (FunctionValue, Wrapped)):
        return None
    return project.members.bind(found, queryset_of(manager), query.queryset)


# -- classes ---------------------------------------------------------------------------------------


def _of_class(method: str, arguments: Arguments, class_: Value) -> Value | None:
    if method == "as_manager":
        queryset = class_ if isinstance(class_, ClassValue) else None
        return Instance(rows.MANAGER, details=(rows.Query(queryset=queryset),))
    given = arguments.get(0, "queryset_class")
    query = rows.Query(queryset=given if isinstance(given, ClassValue) else None)
    return CallableValue(rows.objects(class_, (query,)))


# -- functions -------------------------------------------------------------------------------------


def _source(project: Project, arguments: Arguments) -> Instance | None:
    """The queryset that ``get_object_or_404`` and its kin look in: a model's, a manager's, or the
    one given.
    """
    models = Models.of(project)
    for option in options_of(arguments.get(0, "klass") or Constant(None)):
        if isinstance(option, ClassValue) and models.is_model(option):
            option = models.managers.default(option) or option
        elif isinstance(option, External) and models.is_model(option):
            return Instance(rows.QUERYSET, None, (option,), (rows.Query(), UNKNOWN_QUERY))
        if isinstance(option, Instance) and models.is_manager(option):
            own = _own_queryset(project, option)
            option = own.result if own is not None else queryset_of(option)
        if isinstance(option, Instance) and models.is_queryset(option):
            return option
    return None


def _get_object(project: Project, arguments: Arguments) -> Value | None:
    source = _source(project, arguments)
    return rows.row(source) if source is not None else None


def _get_list(project: Project, arguments: Arguments) -> Value | None:
    source = _source(project, arguments)
    found = rows.row(source, one_of_many=True) if source is not None else None
    return Iterable(found, "list") if found is not None else None


def _aget_object(project: Project, arguments: Arguments) -> Value | None:
    found = _get_object(project, arguments)
    return Awaitable(found) if found is not None else None


def _aget_list(project: Project, arguments: Arguments) -> Value | None:
    found = _get_list(project, arguments)
    return Awaitable(found) if found is not None else None


def _prefetch(_project: Project, arguments: Arguments) -> Value | None:
    lookup = arguments.get(0, "lookup")
    if not isinstance(lookup, Constant) or not isinstance(lookup.value, str):
        return None
    to_attr = arguments.get(2, "to_attr")
    queryset = arguments.get(1, "queryset")
    query = rows.query_of(queryset) if queryset is not None else rows.Query()
    nested = query.row.loads if query is not None else rows.ALL_PATHS
    element_ = rows.row(queryset, one_of_many=True) if isinstance(queryset, Instance) else None
    is_named = isinstance(to_attr, Constant) and isinstance(to_attr.value, str)
    name = to_attr.value if isinstance(to_attr, Constant) and is_named else ""
    is_ordered = query is None or query.is_ordered
    said = rows.Prefetched(lookup.value, nested, name, element_, is_ordered)
    return Instance(rows.PREFETCH, details=(said,))


def _user_model(project: Project, _arguments: Arguments) -> Value | None:
    return Models.of(project).user


def _label(arguments: Arguments) -> tuple[str, str]:
    """The application and the name of a model that texts name: ``"blog.Post"`` or each of them."""
    names = [
        a.value
        for a in arguments.positional
        if isinstance(a, Constant) and isinstance(a.value, str)
    ]
    app, _, name = ".".join(names).rpartition(".")
    return app, name


def _model_by_name(project: Project, arguments: Arguments) -> Value | None:
    app, name = _label(arguments)
    return Models.of(project).labelled(app, name) if app else None


def _swapped_name(project: Project, arguments: Arguments) -> Value | None:
    """The model that the project has put in place of one, else that one itself, by its name:
    https://github.com/openwisp/django-swappable-models#functions
    """
    app, name = _label(arguments)
    if not app:
        return None
    setting = f"{app}_{name}_MODEL".upper()
    return Constant(Models.of(project).settings.text(setting) or f"{app}.{name}")


def _swapped(project: Project, arguments: Arguments) -> Value | None:
    label = _swapped_name(project, arguments)
    return None if label is None else _model_by_name(project, Arguments((label,)))


def _by_dotted_name(project: Project, arguments: Arguments) -> Value | None:
    """``import_string("blog.api.Post")``, of a text or a setting."""
    settings = Models.of(project).settings
    origin = project.table.by_path.get(arguments.site[0]) if arguments.site else None
    found: list[Value] = []
    for option in options_of(arguments.get(0, "dotted_path") or Constant(None)):
        dotted: object = option.value if isinstance(option, Constant) else None
        if isinstance(option, External) and option.name.startswith(_SETTINGS):
            dotted = settings.text(option.name.removeprefix(_SETTINGS))
        if not isinstance(dotted, str) or origin is None:
            return None
        found.append(settings.imported(origin, dotted))
    return join(found)


_SETTINGS = "django.conf.settings."
_FUNCTIONS = {
    "django.utils.module_loading.import_string": _by_dotted_name,
    "django.shortcuts.get_object_or_404": _get_object,
    "django.shortcuts.aget_object_or_404": _aget_object,
    "django.shortcuts.get_list_or_404": _get_list,
    "django.shortcuts.aget_list_or_404": _aget_list,
    "django.db.models.Prefetch": _prefetch,
    "django.contrib.auth.get_user_model": _user_model,
    **dict.fromkeys(
        (
            *("django.apps.apps.get_model", "django.apps.apps.get_registered_model"),
            # Before Django 1.9.
            *("django.db.models.get_model", "django.db.models.loading.get_model"),
        ),
        _model_by_name,
    ),
    "swapper.get_model_name": _swapped_name,
    "swapper.load_model": _swapped,
}
LOOK_UPS = frozenset({"get_model", "get_registered_model", "load_model", "import_string"})
"""What finds a model, or anything, by its name."""
