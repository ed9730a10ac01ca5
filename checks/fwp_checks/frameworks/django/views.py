"""Views, middleware and signal receivers: which functions Django calls on the event loop.

Source: django/core/handlers/base.py (views and middleware: an ``async def`` one on the loop, a
``def`` one in a thread), django/views/generic/base.py (all handlers of a view class are of one
kind), django/dispatch/dispatcher.py of Django 6.1.3; adrf 0.1.14.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.django.models import Models
from fwp_checks.project.loop.loop_roots import Context, Root
from fwp_checks.project.meaning.outcome import Outcome
from fwp_checks.project.meaning.values import (
    NO_ARGUMENTS,
    Arguments,
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Member,
    Partial,
    Unknown,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

NAME = "Django"
REQUEST = "django.http.HttpRequest"
VIEW = "django.views.View"
# What as_view() gives: a function that makes an object of the class, its type argument.
_AS_VIEW = "django.views.View.as_view"
_ROUTES = frozenset({"django.urls.path", "django.urls.re_path", "django.conf.urls.url"})
_METHODS = ("get", "post", "put", "patch", "delete", "head", "trace")
_HANDED_REQUESTS = frozenset((*_METHODS, "options", "dispatch", "setup"))
# adrf runs the def handlers of an async view class in threads, one by one.
_ADRF = "adrf."
_ACTIONS = (
    *("list", "create", "retrieve", "update", "partial_update", "destroy"),
    *("alist", "acreate", "aretrieve", "aupdate", "partial_aupdate", "adestroy"),
)
_FUNCTION_VIEWS = frozenset({"adrf.decorators.api_view", "rest_framework.decorators.action"})
_MIDDLEWARE = frozenset(
    {
        "django.utils.decorators.sync_and_async_middleware",
        "django.utils.decorators.async_only_middleware",
    }
)
_RECEIVERS = frozenset({"django.dispatch.receiver"})

# Those of auth ask request.auser() around an async view, which leaves request.user alone.
_HARMLESS_DECORATORS = ("django.views.decorators.", "django.contrib.auth.decorators.")
# Those that hand on the request, whatever they do with it.
_HANDING_DECORATORS = ("django.", "functools.wraps")
PACKAGES = frozenset(
    {
        *("django", "channels", "ninja", "ninja_extra", "adrf", "rest_framework"),
        # Finds models by name.
        "swapper",
        # Models derive from theirs.
        *("model_utils", "django_extensions", "mptt", "polymorphic", "modelcluster", "parler"),
        *("treebeard", "wagtail", "taggit", "ordered_model", "django_lifecycle", "safedelete"),
        *("django_scopes", "django_tenants", "django_filters", "django_tables2"),
    }
)

View = FunctionValue | ClassValue


def as_view(name: str, receiver: Value | None) -> Outcome | None:
    """What ``View.as_view()`` gives."""
    if name.endswith(".as_view") and isinstance(receiver, ClassValue):
        return Outcome.nothing(Instance(_AS_VIEW, None, (receiver,)))
    return None


def is_view(project: Project, class_: ClassValue) -> bool:
    """Whether a project's class is a view class."""
    return any(
        base.startswith(("django.views.", _ADRF)) for base in project.classes.info(class_).externals
    )


# -- roots -----------------------------------------------------------------------------------------


def roots(project: Project) -> Iterator[Root]:
    """Async views, middleware and receivers."""
    yield from _routed(project)
    yield from _classes(project)
    yield from _middleware_setting(project)
    yield from _decorated(project)
    yield from _typed(project)


def _routed(project: Project) -> Iterator[Root]:
    """What ``path()`` and its kin register."""
    for view, _ in _routes(project):
        if isinstance(view, ClassValue):
            yield from _class(project, view)
        else:
            yield from function(project, view, Context.HANDLER, thread_if_def=True)


def _routes(project: Project) -> list[tuple[View, bool]]:
    """The views that are routed, and whether nothing stands around them there."""
    # A view's parameters may be asked for while its route is looked up.
    return project.cuts.apart(
        project.framework_data,
        "django.routes",
        lambda _: list(_find_routes(project)),
        [],
    )


def _find_routes(project: Project) -> Iterator[tuple[View, bool]]:
    for site in project.call_sites.of(_ROUTES, imported=True):
        entry = site.frame.module.facts.terms[site.term]
        given = [*entry[2][1:2], *[term for name, term in entry[3] if name == "view"]]
        for term in given:
            yield from _views(project, site.frame, term)


def _views(
    project: Project, frame: Frame, term: int, is_direct: bool = True
) -> Iterator[tuple[View, bool]]:
    """The functions and classes behind a view, and whether they are given as they are.

    A view is looked for through the library decorators that are called with it.
    """
    found = False
    for option in options_of(project.values.evaluate(frame, term)):
        while isinstance(option, Partial):
            option = option.function
        if isinstance(option, FunctionValue):
            found = True
            yield option, is_direct
        elif (
            isinstance(option, Instance)
            and option.class_ == _AS_VIEW
            and isinstance(option.arguments[0], ClassValue)
        ):
            found = True
            yield option.arguments[0], is_direct
    entry = frame.module.facts.terms[term]
    if not found and entry[0] == t.CALL:
        for argument in entry[2]:
            yield from _views(project, frame, argument, is_direct=False)


def wrapped_frames(project: Project) -> Iterator[Frame]:
    """What decorators of the project put in place of views, each around its own view."""
    for view, is_direct in _routes(project):
        if isinstance(view, FunctionValue) and is_direct and view.frame.scope.is_function:
            arguments = Arguments((Instance(REQUEST),), complete=False)
            yield project.calls.frame_for(view, arguments)


def request_parameter(project: Project, frame: Frame, index: int) -> Value | None:
    """The request that Django hands to a view whose parameter has no annotation."""
    scope = frame.scope
    if index > 1 or scope.parameters[index].annotation >= 0:
        return None
    class_ = project.calls.class_of_method(frame.module, frame.scope_number)
    if index == 1:
        named = scope.name in _HANDED_REQUESTS
        found = class_ is not None and named and _is_own_view(project, class_)
    else:
        found = class_ is None and _is_handed_request(project, frame)
    return Instance(REQUEST) if found else None


def _is_own_view(project: Project, class_: ClassValue) -> bool:
    """Whether a class is a view of Django's own kind; those of other packages wrap the request."""
    externals = project.classes.info(class_).externals
    return is_view(project, class_) and all(base.startswith("django.") for base in externals)


def is_plain(project: Project, frame: Frame) -> bool:
    """Whether a function is a view around which nothing runs: no decorator or mixin, here or where
    it is routed.
    """
    known: dict[tuple[str, int], bool] | None = project.framework_data.get("django.plain_views")
    if known is None:
        known = {}
        for view, is_direct in _routes(project):
            handlers = [view] if isinstance(view, FunctionValue) else []
            is_bare = is_direct and _is_bare(project, view)
            if isinstance(view, ClassValue):
                handlers = methods(project, view, _METHODS)
            for handler in handlers:
                place = (handler.module.path, handler.scope)
                known[place] = known.get(place, True) and is_bare and _is_bare(project, handler)
        project.framework_data["django.plain_views"] = known
    return known.get((frame.module.path, frame.scope_number), False)


def _is_handed_request(project: Project, frame: Frame) -> bool:
    """Whether a function is a view, or what a decorator of the project puts in its place: Django
    hands it the request, whatever others do with that before.
    """

    def find(_: str) -> dict[tuple[str, int], bool]:
        found: dict[tuple[str, int], bool] = {}
        for view, is_direct in _routes(project):
            if isinstance(view, FunctionValue):
                place = (view.module.path, view.scope)
                is_handed = is_direct and _is_bare(project, view, _HANDING_DECORATORS)
                found[place] = found.get(place, True) and is_handed
        return found

    # What a decorator gives may be asked for while routes are looked up.
    known: dict[tuple[str, int], bool]
    known = project.cuts.apart(project.framework_data, "django.handed_views", find, {})
    return known.get((frame.module.path, frame.scope_number), False)


def _is_bare(
    project: Project, view: View, harmless: tuple[str, ...] = _HARMLESS_DECORATORS
) -> bool:
    """Whether a view has no decorators and no bases but those that are known to leave the request
    alone.
    """
    frame = project.classes.frame_around(view) if isinstance(view, ClassValue) else view.frame
    scope = view.module.facts.scopes[view.scope]
    for decorator in scope.decorators:
        entry = view.module.facts.terms[decorator]
        called = entry[1] if entry[0] == t.CALL else decorator
        for option in options_of(project.values.evaluate(frame, called)):
            if not isinstance(option, (External, Member)):
                return False
            if not option.name.startswith(harmless):
                return False
    if isinstance(view, ClassValue):
        return all(
            base.startswith("django.views.") for base in project.classes.info(view).externals
        )
    return True


def function(
    project: Project, view: FunctionValue, context: Context, *, thread_if_def: bool = False
) -> Iterator[Root]:
    """The root of a function, if it is an async one."""
    scope = view.module.facts.scopes[view.scope]
    if scope.is_async:
        yield Root(
            project.calls.frame_for(view, NO_ARGUMENTS), context, NAME, thread_if_def=thread_if_def
        )


def methods(project: Project, class_: ClassValue, names: tuple[str, ...]) -> list[FunctionValue]:
    """The methods of these names that a class has, bound."""
    found = []
    for name in names:
        member = project.members.find_in_class(class_, name)
        if member is not None:
            bound = project.members.bind(member, Instance(class_), class_)
            if isinstance(bound, FunctionValue):
                found.append(bound)
    return found


def _classes(project: Project) -> Iterator[Root]:
    for class_ in project.classes.with_bases:
        if is_view(project, class_):
            yield from _class(project, class_)


def _class(project: Project, class_: ClassValue) -> Iterator[Root]:
    each_alone = any(base.startswith(_ADRF) for base in project.classes.info(class_).externals)
    handlers = methods(project, class_, (*_METHODS, *_ACTIONS) if each_alone else _METHODS)
    for handler in handlers:
        # Making one of several handlers a plain def would make Django refuse the class.
        yield from function(
            project, handler, Context.HANDLER, thread_if_def=each_alone or len(handlers) == 1
        )
    for handler in methods(project, class_, ("dispatch", "options")):
        yield from function(project, handler, Context.HANDLER)


def _middleware_setting(project: Project) -> Iterator[Root]:
    """What the setting MIDDLEWARE names: a class, or a function that makes the middleware."""
    settings = Models.of(project).settings
    for module, dotted in settings.strings("MIDDLEWARE")[0]:
        for option in options_of(settings.imported(module, dotted)):
            if isinstance(option, ClassValue):
                for method in methods(project, option, ("__call__", "__acall__")):
                    yield from function(project, method, Context.MIDDLEWARE)
            elif isinstance(option, FunctionValue):
                yield from _made_by(project, option)


def _made_by(project: Project, factory: FunctionValue) -> Iterator[Root]:
    arguments = Arguments((Unknown("the next middleware"),))
    for option in options_of(project.calls.invoke(factory, arguments).result):
        if isinstance(option, FunctionValue):
            yield from function(project, option, Context.MIDDLEWARE)


# -- by decorator or signature ---------------------------------------------------------------------


def _decorated(project: Project) -> Iterator[Root]:
    for decoration in project.call_sites.decorated(_MIDDLEWARE):
        yield from _made_by(project, FunctionValue(decoration.around, decoration.scope_number))
    for context, names in ((Context.HANDLER, _FUNCTION_VIEWS), (Context.FUNCTION, _RECEIVERS)):
        for decoration in project.call_sites.decorated(names):
            frame = project.calls.unbound_frame(decoration.around, decoration.scope_number)
            if frame.scope.is_async:
                in_thread = context is Context.HANDLER
                yield Root(frame, context, NAME, thread_if_def=in_thread)


def _typed(project: Project) -> Iterator[Root]:
    """Async functions outside of classes whose first parameter is annotated as a request."""
    for module in project.table.modules:
        for number, scope in enumerate(module.facts.scopes):
            if not scope.is_async or not scope.parameters or scope.parameters[0].annotation < 0:
                continue
            if project.calls.class_of_method(module, number) is None:
                frame = project.frame_of_scope(module, number)
                if project.classes.is_instance(project.calls.parameter(frame, 0), REQUEST):
                    yield Root(frame, Context.HANDLER, NAME)
