"""The user of a request: read from the session and the database the first time that something asks
about it.

``request.user`` is lazy (django/contrib/auth/middleware.py of Django 6.1.3): the first use runs
queries, on the event loop in an async view. ``await request.auser()`` gives another object and
leaves ``request.user`` as it is. Middleware, decorators and mixins may have used it in a thread
before; where that cannot be ruled out, nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.django import rows, views
from fwp_checks.frameworks.django.models import Models
from fwp_checks.frameworks.variables import comes_before, place_of
from fwp_checks.project.meaning.outcome import Alternative, Outcome, RunExternal
from fwp_checks.project.meaning.values import (
    Arguments,
    Awaitable,
    CallableValue,
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Value,
    join,
    options_of,
)

if TYPE_CHECKING:
    from fwp_checks.frameworks.django.settings import Settings
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame

GET_USER = "django.contrib.auth.middleware.get_user"
_AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
_USING_MIDDLEWARE = (
    "LoginRequiredMiddleware",
    "RemoteUserMiddleware",
    "PersistentRemoteUserMiddleware",
)
# Packages whose middleware leaves the user alone; of any other that is not known.
_HARMLESS = ("django.", "whitenoise.", "corsheaders.", "django_htmx.")


@dataclass(slots=True, unsafe_hash=True)
class RequestUser:
    """Marks the user object that a request holds, which may not have been read yet."""


_LAZY = RequestUser()
# Methods of authentication back ends that give the user of a request, Django's and the REST
# framework's, and what fetches relations along.
_READING_USERS = frozenset({"get_user", "authenticate", "authenticate_credentials"})
_FETCHING = frozenset({"select_related", "prefetch_related"})


def attribute(project: Project, base: Instance, name: str) -> Value | None:
    """The user of a request, and the request of a view object."""
    classes = project.classes
    if name in ("user", "auser") and classes.is_instance(base, views.REQUEST):
        user = Models.of(project).user
        if name == "user":
            return _user(project, user)
        return CallableValue(Awaitable(rows.objects(user)))
    if name != "request" or not isinstance(base.class_, ClassValue):
        return None
    if not views.is_view(project, base.class_) or project.members.find_in_class(base.class_, name):
        return None
    return Instance(views.REQUEST)


def _user(project: Project, user: Value) -> Value:
    """The user of a request: a row of the default manager (``ModelBackend.get_user`` in
    django/contrib/auth/backends.py of Django 6.1.3), unless the project may have read another.
    """
    known = project.framework_data.get("django.reads_user")
    if known is None:
        known = project.framework_data["django.reads_user"] = _reads_user(project)
    if known:
        return rows.objects(user, (_LAZY,))
    found: list[Value] = []
    for option in options_of(user):
        manager = Models.of(project).managers.default(option)
        query = rows.query_of(manager) if manager is not None else None
        if query is not None:
            found.append(rows.objects(option, (query.row, _LAZY)))
        else:
            known = () if isinstance(option, ClassValue) else (rows.Row(),)
            found.append(rows.objects(option, (*known, _LAZY)))
    return join(found)


def _reads_user(project: Project) -> bool:
    """Whether code of the project may put an object into ``request.user`` with which relations
    were fetched: a module that gives requests their users, and fetches relations. Answered from
    what files say alone, for this is asked while values are found.
    """
    giving = {module: None for module, term in project.attribute_stores.get("user", ())}
    for module in project.table.modules:
        if any(scope.name in _READING_USERS for scope in module.facts.scopes):
            giving[module] = None
    return any(
        module.facts.terms[term][2] in _FETCHING
        for module in giving
        for term in module.of_kind(t.ATTR)
    )


def is_lazy_user(value: Value) -> bool:
    """Whether a value is the user that a request holds."""
    return any(
        isinstance(option, Instance) and _LAZY in option.details for option in options_of(value)
    )


def reading(base: Instance) -> tuple[Alternative, ...] | None:
    """What runs when something is read from the user of a request."""
    return ((RunExternal(GET_USER, receiver=base),),) if _LAZY in base.details else None


def filtered(name: str, arguments: Arguments, outcome: Outcome | None) -> Outcome | None:
    """The outcome of a queryset's method, which looks at the user of a request if that is a
    condition.
    """
    if outcome is None or name.rpartition(".")[2] not in ("filter", "exclude"):
        return outcome
    values = [*arguments.positional, *[value for _, value in arguments.keywords]]
    used = tuple(RunExternal(GET_USER, receiver=value) for value in values if is_lazy_user(value))
    return outcome.also(used[:1])


def spares(project: Project, frame: Frame, term: int) -> bool:
    """Whether using the user of a request here is harmless, or may be: it was used before."""
    entry = frame.module.facts.terms[term]
    if entry[0] == t.CALL and project.values.evaluate(frame, entry[1]) == External(GET_USER):
        return False
    if not views.is_plain(project, frame):
        return True
    return _uses_user_early(project) or _was_used(frame, term)


def _was_used(frame: Frame, term: int) -> bool:
    terms = frame.module.facts.terms
    entry = terms[term]
    if entry[0] == t.ATTR:
        places = [place_of(frame, entry[1])]
    else:
        given = [*entry[2], *[argument for _, argument in entry[3]]]
        places = [place_of(frame, argument) for argument in given if terms[argument][0] == t.ATTR]
    return any(
        terms[earlier][0] == t.ATTR
        and place_of(frame, terms[earlier][1]) in places
        and comes_before(frame, earlier, term)
        for earlier in range(frame.scope.start, term)
    )


# -- what runs before a view -----------------------------------------------------------------------


def _uses_user_early(project: Project) -> bool:
    known = project.framework_data.get("django.uses_user_early")
    if known is None:
        found = _middleware_may_use_user(project, Models.of(project).settings)
        known = project.framework_data["django.uses_user_early"] = found
    return bool(known)


def _middleware_may_use_user(project: Project, settings: Settings) -> bool:
    """Whether some middleware may have used the user before a view runs."""
    entries, is_complete = settings.strings("MIDDLEWARE")
    if not is_complete or not any(dotted == _AUTHENTICATION for _, dotted in entries):
        return True
    for module, dotted in entries:
        if dotted.endswith(_USING_MIDDLEWARE):
            return True
        if dotted.startswith(_HARMLESS):
            continue
        made = settings.imported(module, dotted)
        owner = made.module if isinstance(made, (ClassValue, FunctionValue)) else None
        if owner is None or any(
            entry[0] == t.ATTR and entry[2] == "user" for entry in owner.facts.terms
        ):
            return True
    return False
