"""What of Django a project uses besides routing requests: models, admin, templates, forms, users,
sessions, and the rest.

Every answer errs on the side of use: an import that may be used counts, an app of another package
may bring models. Nothing is known where a file of the project could not be read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.django.configuration.databases import Databases
from fwp_checks.frameworks.django.configuration.held import Dictionary, Listing, Literal, truth
from fwp_checks.frameworks.django.configuration.production import Leaf, Production
from fwp_checks.frameworks.django.models import Models
from fwp_checks.frameworks.django.urlconfs import URLCONF
from fwp_checks.project.application.model import Handler, Route, Router
from fwp_checks.project.meaning.values import ClassValue, Instance, Value, options_of

if TYPE_CHECKING:
    from fwp_checks.project.files.modules import Module
    from fwp_checks.project.linked import Project

# What routing requests takes, and what every new project and app imports.
_ROUTING = (
    *("django.http.response", "django.urls.conf", "django.utils.decorators"),
    *("django.http", "django.urls", "django.conf", "django.views.decorators", "django.views"),
    *("django.views.generic", "django.apps", "django.core.wsgi", "django.core.asgi"),
    *("django.core.management", "django.test", "django.core.exceptions"),
    *("django.views.generic.base", "django.core.handlers", "django"),
)
# New apps import these in files that then stay empty; they count if something reads the name.
_OFTEN_UNUSED = ("django.shortcuts", "django.contrib", "django.db")
# Apps of other packages without models.
_WITHOUT_MODELS = frozenset(
    {
        *("rest_framework", "corsheaders", "drf_yasg", "drf_spectacular", "django_extensions"),
        *("debug_toolbar", "whitenoise", "whitenoise.runserver_nostatic", "ninja", "ninja_extra"),
        *("django_filters", "daphne", "channels", "drf_spectacular_sidecar", "gunicorn", "adrf"),
        *("django_prometheus", "django_seal", "rest_framework_swagger", "storages", "environ"),
    }
)
_CONTRIB = "django.contrib."
BATTERIES: tuple[str, ...] = ("admin", "auth", "sessions", "messages")
"""The apps of every new project that only some need."""
_KNOWN = frozenset((*BATTERIES, "contenttypes", "staticfiles"))
_JSON = frozenset(
    {
        *("django.http.JsonResponse", "django.http.response.JsonResponse"),
        *("rest_framework.response.Response", "rest_framework.response.JSONResponse"),
    }
)
_PLAIN = ("django.http.HttpResponse", "django.http.response.HttpResponse")
_PERSONAL = frozenset({"user", "session", "auser", "asession"})
_ACCESS = ("DEFAULT_AUTHENTICATION_CLASSES", "DEFAULT_PERMISSION_CLASSES")
_ADMIN_CALLS = ("register", "autodiscover")


@dataclass(slots=True, unsafe_hash=True)
class Service:
    """The one application of a project, all of whose routes answer with JSON."""

    application: Router
    leaf: Leaf
    routes: tuple[Route, ...]


class Batteries:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project

    @classmethod
    def of(cls, project: Project) -> Batteries:
        """The one of a project."""
        known: Batteries | None = project.framework_data.get("django.batteries")
        if known is None:
            known = project.framework_data["django.batteries"] = cls(project)
        return known

    # -- the project -------------------------------------------------------------------------------

    @cached_property
    def modules(self) -> list[Module]:
        """The modules that count: no tests, no migrations, no packages of others."""
        return [
            module
            for module in self._project.table.modules
            if not module.is_test and not module.is_read_only
        ]

    @cached_property
    def _is_readable(self) -> bool:
        return all(module.facts.problem is None for module in self.modules)

    @cached_property
    def service(self) -> Service | None:
        """The project as one application that serves JSON alone; None if it is anything else, or
        part of it is not known.
        """
        if "django" not in self._project.names.imported_roots or not self._is_readable:
            return None
        leaves = Production.of(self._project).leaves
        found = self._project.applications.applications
        if len(found) != 1 or len(leaves) != 1 or found[0].class_name != URLCONF:
            return None
        if any(module.path in ("setup.py", "src/setup.py") for module in self.modules):
            return None
        routes = self._routes(found[0])
        if not routes or not all(self._is_json(route) for route in routes):
            return None
        return Service(found[0], leaves[0], tuple(routes))

    def _routes(self, application: Router) -> list[Route]:
        """The routes of an application; none where it includes what is not known."""
        applications = self._project.applications
        found: list[Route] = []
        for router in applications.all_in(application):
            for inclusion in applications.included_in(router):
                if inclusion.child is None and inclusion.what != "django.contrib.admin.site":
                    return []
            found.extend(applications.routes_on(router))
        known = {route.router for route in found}
        if any(route.router not in known for route in applications.routes):
            return []
        return found

    def _is_json(self, route: Route) -> bool:
        return bool(route.handlers) and all(self._answers_json(h, route) for h in route.handlers)

    def _answers_json(self, handler: Handler, route: Route) -> bool:
        """Whether all that a handler returns is JSON, or nothing."""
        if route.framework == "Django Ninja":
            return True
        values = self._project.values
        kinds = set()
        for term in handler.frame.scope.returns:
            for option in options_of(values.evaluate(handler.frame, term)):
                kinds.add(self._kind(option))
        return bool(kinds) and kinds <= {"json", "plain"} and "json" in kinds

    def _kind(self, value: Value) -> str:
        if not isinstance(value, Instance):
            return "other"
        if isinstance(value.class_, ClassValue):
            names = set(self._project.classes.info(value.class_).externals)
        else:
            names = {value.class_}
        if names & _JSON:
            return "json"
        # HttpResponseNotAllowed and the like have no content of their own.
        is_plain = any(name.startswith(_PLAIN) and name not in _PLAIN for name in names)
        return "plain" if is_plain else "other"

    # -- what it uses ------------------------------------------------------------------------------

    @cached_property
    def models(self) -> list[ClassValue]:
        """The project's own models that have tables."""
        models = Models.of(self._project)
        return [
            class_
            for class_ in models.all
            if models.meta(class_, "abstract") is not True
            and not class_.module.is_test
            and not class_.module.is_read_only
        ]

    @cached_property
    def has_admin(self) -> bool:
        """Whether something is registered with the admin."""
        for name in _ADMIN_CALLS:
            for module, call in self._project.call_sites.spelt(name):
                if not module.is_test and self._reads_admin(module, call):
                    return True
        return any(
            base.startswith("django.contrib.admin")
            for class_ in self._classes()
            for base in self._project.classes.info(class_).externals
        )

    def _reads_admin(self, module: Module, call: int) -> bool:
        terms = module.facts.terms
        waiting = [terms[call][1]]
        for term in waiting:
            entry = terms[term]
            if entry[0] == t.IMPORT and "admin" in (entry[2] or entry[1]):
                return True
            if entry[0] == t.NAME and "admin" in entry[1]:
                return True
            waiting.extend(t.operands(entry))
        return False

    @cached_property
    def has_pages(self) -> bool:
        """Whether there are templates or forms."""
        if self._project.templates.paths:
            return True
        return any(
            base.startswith(("django.forms.", "django.views.generic.edit"))
            for class_ in self._classes()
            for base in self._project.classes.info(class_).externals
        )

    @cached_property
    def knows_users(self) -> bool:
        """Whether users or sessions matter: something reads them, or access depends on them."""
        for module in self.modules:
            for imported in module.facts.imports:
                name = f"{imported.module}.{imported.attribute or ''}"
                if name.startswith(("django.contrib.auth", "django.contrib.sessions")):
                    return True
                if name.startswith(("rest_framework.permissions", "rest_framework.authentication")):
                    return True
                if name.startswith(("rest_framework_simplejwt", "ninja.security")):
                    return True
            if module.is_served and any(
                module.facts.terms[term][2] in _PERSONAL for term in module.of_kind(t.ATTR)
            ):
                return True
        return any(self._names_access(leaf) for leaf in Production.of(self._project).all_leaves)

    def _names_access(self, leaf: Leaf) -> bool:
        databases = Databases.of(self._project)
        if databases.setting(leaf, "AUTH_USER_MODEL") is not None:
            return True
        held = databases.setting(leaf, "REST_FRAMEWORK")
        if held is None:
            return False
        if not isinstance(held, Dictionary) or held.is_open:
            return True
        entries = [held.entries.get(key) for key in _ACCESS]
        return any(entry is not None and truth(entry.value) is not False for entry in entries)

    @cached_property
    def other_imports(self) -> list[str]:
        """What of Django the project imports besides what routing takes, where it may be used."""
        found: dict[str, None] = {}
        for module in self.modules:
            if "migrations" in module.path.split("/"):
                continue
            for imported in module.facts.imports:
                if imported.level or imported.module.partition(".")[0] != "django":
                    continue
                if imported.module in _ROUTING or imported.module.startswith("django.views.deco"):
                    continue
                if imported.module in _OFTEN_UNUSED and not _is_read(module, imported.attribute):
                    continue
                name = f"{imported.module}.{imported.attribute or ''}"
                if name != "django.contrib.admin":
                    found[name] = None
        return list(found)

    @property
    def has_commands(self) -> bool:
        """Whether it has commands of its own."""
        return any("/management/commands/" in f"/{module.path}" for module in self.modules)

    def _classes(self) -> Iterator[ClassValue]:
        for module in self.modules:
            for number, scope in enumerate(module.facts.scopes):
                if scope.kind == "class" and scope.bases:
                    yield ClassValue(module, number)

    # -- apps --------------------------------------------------------------------------------------

    def apps(self, leaf: Leaf) -> list[str] | None:
        """The installed apps; None if they are not all known."""
        held = Databases.of(self._project).setting(leaf, "INSTALLED_APPS")
        if not isinstance(held, Listing) or held.is_open:
            return None
        found = [item.value for item in held.items if isinstance(item, Literal)]
        if len(found) != len(held.items):
            return None
        return [app for app in found if isinstance(app, str)]

    def knows_apps(self, leaf: Leaf) -> bool:
        """Whether all apps are Django's, the project's, or of packages without models."""
        found = self.apps(leaf)
        return found is not None and all(self._is_known(app, leaf.module) for app in found)

    def _is_known(self, app: str, origin: Module) -> bool:
        if app.startswith(_CONTRIB):
            return app.removeprefix(_CONTRIB).partition(".")[0] in _KNOWN
        if app in _WITHOUT_MODELS:
            return True
        parts = app.split(".")
        names = [".".join(parts[:count]) for count in range(len(parts), 0, -1)]
        table = self._project.table
        return any(
            table.find(name, origin) is not None or table.is_namespace(name) for name in names
        )

    # -- what is not needed ------------------------------------------------------------------------

    def is_only_routing(self, service: Service) -> bool:
        """Whether Django does nothing for the project but to route its requests."""
        return (
            not self.models
            and not self.has_admin
            and not self.has_pages
            and not self.knows_users
            and not self.has_commands
            and not self.other_imports
            and self.knows_apps(service.leaf)
        )

    @cached_property
    def unused(self) -> list[tuple[Leaf, list[str]]]:
        """The settings in production with batteries installed of which none is used."""
        if "django" not in self._project.names.imported_roots or not self._is_readable:
            return []
        applications = self._project.applications
        if not applications.handlers or self.has_admin or self.has_pages or self.knows_users:
            return []
        if any(i.child is None for i in applications.inclusions):
            return []
        if any(name.startswith(_CONTRIB) for name in self.other_imports):
            return []
        found = []
        for leaf in Production.of(self._project).leaves:
            installed = self.apps(leaf)
            if installed is not None and self.knows_apps(leaf):
                names = [app.removeprefix(_CONTRIB).partition(".")[0] for app in installed]
                batteries = [name for name in BATTERIES if name in names]
                if batteries and f"{_CONTRIB}{batteries[0]}" in installed:
                    found.append((leaf, batteries))
        return found


def _is_read(module: Module, name: str | None) -> bool:
    """Whether something in a module reads a name that it imports."""
    if name is None:
        return True
    facts = module.facts
    imports = {term for term in module.of_kind(t.IMPORT) if facts.terms[term][2] == name}
    bound = {
        own for scope in facts.scopes for own, term in scope.bindings.items() if term in imports
    }
    for entry in facts.terms:
        if entry[0] == t.NAME and entry[1] in bound:
            return True
        if entry[0] != t.IMPORT and not imports.isdisjoint(t.operands(entry)):
            return True
    return any(not imports.isdisjoint(scope.bases) for scope in facts.scopes)
