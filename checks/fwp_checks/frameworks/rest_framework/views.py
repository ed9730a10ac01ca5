"""Which querysets are shown as lists, by which serializers: generic views, viewsets, and calls of a
serializer with ``many=True``.

Source: rest_framework/generics.py, mixins.py and viewsets.py of Django REST framework 3.18.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.django.history import FILLING_FUNCTIONS
from fwp_checks.frameworks.django.models import Models
from fwp_checks.frameworks.django.rows import perhaps_narrowed
from fwp_checks.frameworks.rest_framework import pages, taken_out
from fwp_checks.frameworks.rest_framework.reads import calls_super
from fwp_checks.frameworks.rest_framework.serializers import (
    ALL_FIELDS,
    Chosen,
    Serializers,
)
from fwp_checks.project.meaning import literals
from fwp_checks.project.meaning.branches import Performing
from fwp_checks.project.meaning.origins import (
    Place,
    consumed_at,
    origin_of,
    with_origin,
)
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    Arguments,
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Iterable,
    Unknown,
    Value,
    Wrapped,
    is_informative,
    is_none,
    join,
    options_of,
    without_none,
)

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

# View classes by the last part of a library base's name; packages on top keep the names.
_LISTS = ("ModelViewSet", "ListModelMixin", "ListAPIView", "ListCreateAPIView")
_SINGLE = (
    *("ModelViewSet", "RetrieveModelMixin", "RetrieveAPIView", "RetrieveUpdateAPIView"),
    *("RetrieveDestroyAPIView", "RetrieveUpdateDestroyAPIView"),
)
_VIEWS = ("APIView", "ViewSet", "ModelMixin", "ViewSetMixin")
_PAGINATING = "paginate_queryset"
_PAGINATORS = "rest_framework.pagination."
# Classes of these leave the rows of a view as they are.
_OWN = ("rest_framework.", "builtins.object", "django_filters.")
_GENERIC = frozenset(
    {
        *("get_queryset", "filter_queryset", _PAGINATING, "get_object"),
        *("get_serializer", "get_serializer_class"),
    }
)
# Between more serializers something decides that the rows have to do with.
MAX_CHOICES = 3
_ACTIONS = tuple(
    External(f"rest_framework.decorators.{name}")
    for name in ("action", "list_route", "detail_route")
)


_RESPONSES = (
    "rest_framework.response.Response",
    *[f"django.http.{name}" for name in ("HttpResponse", "JsonResponse", "HttpResponseNotFound")],
)
_HANDLERS = frozenset(
    {
        *("list", "create", "retrieve", "update", "partial_update", "destroy"),
        *("get", "post", "put", "patch", "delete"),
    }
)


@dataclass(slots=True, unsafe_hash=True)
class Acting(Performing):
    """Marks a view object that is performing an action."""

    action: str

    @property
    def method(self) -> str:
        """The HTTP method of the request, empty where it is not known."""
        if self.action in ("list", "retrieve"):
            return "GET"
        return self.action.upper() if self.action in ("get", "post", "put", "patch") else ""


@dataclass(slots=True, unsafe_hash=True)
class Serializing:
    """What a serializer object shows: an object, or with ``many`` each object of a list. ``kept``
    are fields that its class takes out for other calls.
    """

    shown: Value
    many: bool
    kept: frozenset[str]


@dataclass(slots=True, unsafe_hash=True)
class Served:
    """A serializer over the rows of a queryset, or over one row.

    ``name`` is the view class or function, ``place`` stands for it; ``row`` is one of the rows.
    ``chosen`` says which fields are shown. ``whole`` is where the
    queryset is built if all of a table is shown at once. ``rows`` are all rows of a list.
    """

    name: str
    place: Place
    serializer: ClassValue
    row: Value
    single: bool
    chosen: Chosen = ALL_FIELDS
    whole: Place | None = None
    rows: Value | None = None


def is_view(project: Project, class_: Value) -> bool:
    """Whether a project class is a view class of REST framework, or of a package on top."""
    return isinstance(class_, ClassValue) and _derives(project, class_, _VIEWS)


def _derives(project: Project, class_: ClassValue, names: tuple[str, ...]) -> bool:
    return any(
        base.endswith(names) and not base.startswith("django.")
        for base in project.classes.info(class_).externals
    )


# -- what the methods of generic views give --------------------------------------------------------


def call(project: Project, name: str, arguments: Arguments, receiver: Value | None) -> Value | None:
    """What a method that a view class inherits from the library, or that of a paginator, gives;
    None for any other.
    """
    method = name.rpartition(".")[2]
    if method not in _GENERIC or not isinstance(receiver, Instance):
        return None
    if method == _PAGINATING and name.startswith(_PAGINATORS):
        return _page(project, arguments)
    if not is_view(project, class_of(receiver)):
        return None
    if method == "get_queryset":
        found = queryset_of(project, project.members.attribute(receiver, "queryset"))
        return perhaps_narrowed(found) if _has_other_bases(project, receiver) else found
    if method == "get_serializer_class":
        return project.members.attribute(receiver, "serializer_class")
    if method == "get_serializer":
        classes = _method(project, receiver, "get_serializer_class")
        handed = taken_out.with_context(project, receiver, arguments)
        return project.calls.invoke(classes, handed).result
    if method == "get_object":
        return _one(project, _method(project, receiver, "get_queryset"))
    if method == _PAGINATING:
        return _page(project, arguments)
    return arguments.get(0, "queryset")


def _page(project: Project, arguments: Arguments) -> Value | None:
    """Some of the rows that a paginator is handed, in a list."""
    queryset = arguments.get(0, "queryset")
    return Iterable(project.protocols.element(queryset), "list") if queryset is not None else None


def class_of(value: Instance) -> Value:
    """The class of an object."""
    return value.class_ if isinstance(value.class_, ClassValue) else External(value.class_)


def _has_other_bases(project: Project, view: Instance) -> bool:
    """Whether a view derives from a class of another library, which may show the rows of one parent
    alone (``NestedViewSetMixin`` of drf-extensions).
    """
    if not isinstance(view.class_, ClassValue):
        return False
    info = project.classes.info(view.class_)
    return info.is_open or not all(base.startswith(_OWN) for base in info.externals)


_LOADING = frozenset({"select_related", "prefetch_related", "only", "defer"})


def assigned_queryset(project: Project, view: Instance) -> Value | None:
    """The queryset of a view whose methods change what it fetches: it is not known which of them
    ran. None if none does.
    """
    class_ = view.class_
    if not is_view(project, class_of(view)) or not isinstance(class_, ClassValue):
        return None
    for owner in project.classes.info(class_).order:
        if isinstance(owner, ClassValue):
            for _, term in owner.module.methods_writing.get(owner.scope, {}).get("queryset", ()):
                if _names_in(owner.module, term) & _LOADING:
                    return Unknown("a method of the view changes what its queryset fetches")
    return None


def said_for_action(project: Project, view: Instance, name: str) -> Value | None:
    """What the decorator of the action that a view performs says in place of an attribute:
    ``@action(detail=False, serializer_class=…)``. None if it says nothing.
    """
    how = acting(view)
    if how is None or not isinstance(view.class_, ClassValue):
        return None
    method = project.members.find_in_class(view.class_, how.action)
    if not isinstance(method, FunctionValue):
        return None
    terms = method.module.facts.terms
    for decorator in method.module.facts.scopes[method.scope].decorators:
        entry = terms[decorator]
        if entry[0] == t.CALL and any(keyword == name for keyword, _ in entry[3]):
            if project.values.evaluate(method.frame, entry[1]) in _ACTIONS:
                return project.values.evaluate(method.frame, dict(entry[3])[name])
    return None


def of_class_for_action(project: Project, view: Instance, name: str) -> Value | None:
    """What the class of a view has, where only other actions than the one that it performs assign
    the attribute: each request has a view object of its own (``ViewSetMixin.as_view`` in
    viewsets.py). None if others may.
    """
    how = acting(view)
    if how is None or not isinstance(view.class_, ClassValue):
        return None
    is_assigned = False
    for owner in project.classes.info(view.class_).order:
        if isinstance(owner, ClassValue):
            for number, _ in owner.module.methods_writing.get(owner.scope, {}).get(name, ()):
                is_assigned = True
                method = owner.module.facts.scopes[number]
                if method.name == how.action or not _is_action(project, owner, number):
                    return None
    return project.members.find_in_class(view.class_, name) if is_assigned else None


def _is_action(project: Project, class_: ClassValue, number: int) -> bool:
    """Whether a method of a view answers requests."""
    method = class_.module.facts.scopes[number]
    if method.name in _HANDLERS:
        return True
    terms = class_.module.facts.terms
    frame = project.classes.frame_around(class_)
    return any(
        terms[decorator][0] == t.CALL
        and project.values.evaluate(frame, terms[decorator][1]) in _ACTIONS
        for decorator in method.decorators
    )


def _names_in(module: Module, store: int) -> frozenset[str]:
    """The attributes that the value of an assignment reads."""
    terms = module.facts.terms
    waiting = [terms[store][3]]
    names: set[str] = set()
    while waiting:
        entry = terms[waiting.pop()]
        if entry[0] == t.ATTR:
            names.add(entry[2])
        if entry[0] in (t.ATTR, t.CALL, t.ALIAS, t.NARROW):
            waiting.append(entry[1])
    return frozenset(names)


def _method(project: Project, view: Instance, name: str, *arguments: Value) -> Value:
    """What a method of a view gives, the project's or the library's."""
    member = project.members.attribute(view, name)
    return project.calls.invoke(member, Arguments(arguments)).result


def prepares_lists(project: Project, class_: ClassValue) -> bool:
    """Whether a serializer class fetches along what a list of its objects shows, before it shows it
    (``BaseSerializer.many_init`` in serializers.py).
    """
    found = project.members.find_in_class(class_, "many_init")
    method = found.function if isinstance(found, Wrapped) else found
    if not isinstance(method, FunctionValue):
        return False
    terms = method.module.facts.terms
    scope = method.module.facts.scopes[method.scope]
    for term in method.module.calls:
        if scope.start <= term < scope.end:
            called = terms[terms[term][1]]
            if called[0] == t.ATTR and called[2] in _LOADING:
                return True
            function = project.values.evaluate(method.frame, terms[term][1])
            if isinstance(function, External) and function.name in FILLING_FUNCTIONS:
                return True
    return False


def deleted(project: Project, frame: Frame) -> Value | None:
    """What ``perform_destroy()`` of a view is handed; None in any other function."""
    if frame.scope.name != "perform_destroy":
        return None
    class_ = project.calls.class_of_method(frame.module, frame.scope_number)
    if class_ is None or not is_view(project, class_):
        return None
    known = frame.arguments[0] if frame.arguments else None
    view = known if isinstance(known, Instance) else Instance(class_)
    found = without_none(_method(project, view, "get_object"))
    return found if is_informative(found) else None


def queryset_of(project: Project, value: Value) -> Value:
    """A queryset, of a manager the one that it starts from."""
    if any(Models.of(project).is_manager(option) for option in options_of(value)):
        return project.calls.invoke(project.members.attribute(value, "all"), NO_ARGUMENTS).result
    return value


def _one(project: Project, queryset: Value) -> Value | None:
    found = [
        project.calls.invoke(project.members.attribute(option, "get"), NO_ARGUMENTS).result
        for option in options_of(without_none(queryset))
        if Models.of(project).is_queryset(option)
    ]
    return join(found) if found else None


# -- what inherited actions show -------------------------------------------------------------------


def by_mixins(project: Project, class_: ClassValue) -> Iterator[Served]:
    """What the actions that a view class inherits show; what a view that it derives from shows in
    the same way is that one's.
    """
    place = place_of(class_)
    bases = [
        base
        for base in project.classes.info(class_).order[1:]
        if isinstance(base, ClassValue) and is_view(project, base)
    ]
    for action in ("list", "retrieve"):
        shown = _shown(project, class_, action)
        if shown is None or any(_shown(project, base, action) == shown for base in bases):
            continue
        found, queryset = shown
        queryset = _as_the_class_says(project, class_, queryset)
        row = consumed_at(project.protocols.element(queryset), place.path, place.term)
        if is_informative(row):
            single = action == "retrieve"
            whole = None if single else pages.whole_of_view(project, class_, queryset)
            rows = None if single else queryset
            for serializer in found:
                fields = Chosen(kept=taken_out.kept_by_view(project, class_, serializer))
                yield Served(class_.name, place, serializer, row, single, fields, whole, rows)


def place_of(class_: ClassValue) -> Place:
    """What stands for a view class."""
    return Place(class_.module.path, literals.definition_term(class_.module, class_.scope))


def _shown(
    project: Project, class_: ClassValue, action: str
) -> tuple[tuple[ClassValue, ...], Value] | None:
    """The serializers that an action which a view class inherits may use, and its queryset."""
    bases = _LISTS if action == "list" else _SINGLE
    if not _derives(project, class_, bases) or not _is_inherited(project, class_, action):
        return None
    if not _has_get(project, class_):
        return None
    view = Instance(class_, details=(Acting(action),))
    found = _serializer_classes(project, view)
    if not found or (action == "list" and any(prepares_lists(project, one) for one in found)):
        return None
    queryset = _without_responses(_method(project, view, "get_queryset"))
    if action == "list":
        queryset = _method(project, view, "filter_queryset", queryset)
    queryset = queryset_of(project, queryset)
    if action == "list" and project.members.find_in_class(class_, _PAGINATING) is not None:
        queryset = _paged(project, view, queryset)
    return found, queryset


def _paged(project: Project, view: Instance, queryset: Value) -> Value:
    """What a list shows of a queryset: what a method of the project gives in place of the library's
    ``paginate_queryset()``, all where that gives None.
    """
    given = _method(project, view, _PAGINATING, queryset)
    page = without_none(given)
    element = project.protocols.element
    if is_none(given) or element(page) == element(queryset):
        return queryset
    return page if page == given else join([page, queryset])


def _without_responses(value: Value) -> Value:
    """What is left of a queryset where a view gives a response in its place by mistake, which
    nothing can be shown of.
    """
    options = options_of(value)
    left = [o for o in options if not (isinstance(o, Instance) and o.class_ in _RESPONSES)]
    return join(left) if left else value


def _as_the_class_says(project: Project, class_: ClassValue, queryset: Value) -> Value:
    """A queryset that other classes finish for many views: what one of these needs is said in its
    own class.
    """
    changed: list[Value] = []
    for option in options_of(queryset):
        origin = origin_of(option)
        if isinstance(option, Instance) and origin is not None and origin.built is not None:
            owner = _class_around(project, origin.built)
            if owner is not None and owner != class_:
                made = origin.made
                is_own = made is not None and _class_around(project, made) == class_
                origin = replace(origin, built=made if is_own else None, also=())
                option = with_origin(option, origin)
        changed.append(option)
    return join(changed)


def _class_around(project: Project, place: Place) -> ClassValue | None:
    module = project.table.by_path.get(place.path)
    if module is None:
        return None
    number = module.scope_of(place.term)
    while number > 0 and module.facts.scopes[number].kind != "class":
        number = module.facts.scopes[number].parent
    return ClassValue(module, number) if number > 0 else None


def _serializer_classes(project: Project, view: Instance) -> tuple[ClassValue, ...]:
    """The serializers of a view's action, one or a few between which requests choose; none if they
    are not known.
    """
    options = options_of(without_none(_method(project, view, "get_serializer_class")))
    found = [
        option
        for option in options
        if isinstance(option, ClassValue) and Serializers.of(project).is_serializer(option)
    ]
    return tuple(found) if len(found) == len(options) <= MAX_CHOICES else ()


def _is_inherited(project: Project, class_: ClassValue, action: str) -> bool:
    """Whether an action, and the handler that calls it, are the library's, or go on to it."""
    for name in (action, "get"):
        method = project.members.find_in_class(class_, name)
        if method is None:
            continue
        if not isinstance(method, FunctionValue):
            return False
        if not calls_super(method) and not (name == "get" and _calls(method, action)):
            return False
    return True


def _calls(method: FunctionValue, name: str) -> bool:
    terms = method.module.facts.terms
    scope = method.module.facts.scopes[method.scope]
    return any(
        entry[0] == t.CALL and terms[entry[1]][0] == t.ATTR and terms[entry[1]][2] == name
        for entry in terms[scope.start : scope.end]
    )


def _has_get(project: Project, class_: ClassValue) -> bool:
    bound = literals.attribute_term(project, class_, "http_method_names")
    items = literals.items(project, *bound) if bound is not None else None
    names = literals.strings(project, items) if items is not None else None
    return names is None or "get" in names


def serializing(value: Value) -> Serializing | None:
    """What a serializer object shows; None if it is none, or that is not known."""
    if isinstance(value, Instance):
        for detail in value.details:
            if isinstance(detail, Serializing):
                return detail
    return None


def acting(value: Value) -> Acting | None:
    """What a view object is doing; None if it is none, or that is not known."""
    if isinstance(value, Instance):
        for detail in value.details:
            if isinstance(detail, Acting):
                return detail
    return None
