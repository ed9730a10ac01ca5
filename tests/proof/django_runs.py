"""A case as a Django project: its models' tables, rows, and what of it is run."""

# Django is not installed where types are checked.
# mypy: disable-error-code="import-not-found,import-untyped,misc,no-any-return"

from __future__ import annotations

import inspect
import sys
from asyncio import run as run_coroutine
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module, util
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.proof.arguments import Arguments, NotKnownError
from tests.proof.measuring import Recorder, growth
from tests.proof.values import compared_values, used_names

ROWS = 12
"""Rows at first. More than what linters let pass as few, so that a limit shows as such."""

_APPS = (
    *("django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"),
    *("django.contrib.messages", "django.contrib.sites", "django.contrib.admin"),
)
_MIDDLEWARE = (
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
)
_CONTEXT = (
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
)
_NO_ENTRIES = ("models", "managers", "querysets", "settings", "urls", "signals", "apps")

Entry = tuple[str, Callable[[], Any]]


def run(root: Path, expressions: list[str], rows: list[str]) -> list[dict[str, Any]]:
    """What each entry of the project at ``root`` does with ``ROWS`` rows and with twice as many."""
    modules = _set_up(root)
    from django.db import connection

    from tests.proof.django_rows import Filler, create_tables

    files = sorted(root.rglob("*.py"))
    values = compared_values(files)
    for row in rows:
        name, _, value = row.partition("=")
        values[name.strip()] = eval(value, {})
    own = create_tables()
    _add_site()
    filler = Filler(own, values)
    recorders: list[dict[str, Recorder]] = []
    problems: dict[str, str] = {}
    filler.fill(0, 1)
    for start, stop in ((1, ROWS), (ROWS, 2 * ROWS)):
        filler.fill(start, stop)
        found: dict[str, Recorder] = {}
        for name, call in _entries(modules, own, expressions, stop):
            found[name] = Recorder(root)
            try:
                with (
                    _undone(),
                    connection.execute_wrapper(_noting(found[name])),
                    _counted_rows(found[name]),
                ):
                    _use_up(call())
            except NotKnownError as error:
                problems[name] = str(error)
            except Exception as error:
                problems[name] = f"{type(error).__name__}: {error}"
        recorders.append(found)
    small, large = recorders
    return [
        {
            "name": name,
            "problem": problems.get(name, ""),
            "raised": [],
            "growing": growth(small[name], large[name], ROWS),
            "fetched": [small[name].fetched, large[name].fetched],
        }
        for name in small
    ]


def _noting(recorder: Recorder) -> Callable[..., Any]:
    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        recorder.note(sql)
        return execute(sql, params, many, context)

    return note


@contextmanager
def _counted_rows(recorder: Recorder) -> Iterator[None]:
    """Count the rows of which Django makes objects, all of them by ``Model.from_db``."""
    from django.db.models import Model

    plain = vars(Model)["from_db"]

    def from_db(cls: Any, *values: Any, **options: Any) -> Any:
        recorder.fetched += 1
        return plain.__func__(cls, *values, **options)

    Model.from_db = classmethod(from_db)
    try:
        yield
    finally:
        Model.from_db = plain


def _add_site() -> None:
    """The site of which feeds and sitemaps are (``SITE_ID``)."""
    from django.contrib.sites.models import Site

    Site.objects.get_or_create(pk=1, defaults={"domain": "blog.example", "name": "Blog"})


def _set_up(root: Path) -> list[ModuleType]:
    """Configure Django for the project, and import all of it."""
    import django
    from django.conf import settings

    names = [_module_name(root, path) for path in sorted(root.rglob("*.py"))]
    own_settings: dict[str, Any] = {}
    for name in names:
        if name.rpartition(".")[2] == "settings":
            own = import_module(name)
            own_settings |= {key: getattr(own, key) for key in dir(own) if key.isupper()}
    urls = [name for name in names if name.rpartition(".")[2] == "urls"]
    apps = list(_APPS)
    if util.find_spec("rest_framework") is not None:
        apps.append("rest_framework")
    folders = [path.parent for path in sorted(root.rglob("models.py"))]
    folders += [path.parent.parent for path in sorted(root.rglob("models/__init__.py"))]
    folders = folders or [path.parent for path in sorted(root.rglob("*.py")) if path.parent != root]
    apps += list(dict.fromkeys(_module_name(root, folder) for folder in folders if folder != root))
    defaults = {
        "SECRET_KEY": "only for tests",
        "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        "MIDDLEWARE": _MIDDLEWARE,
        "TEMPLATES": _templates(root),
        "ROOT_URLCONF": min(urls, key=len) if urls else "tests.proof.django_urls",
        "DEFAULT_AUTO_FIELD": "django.db.models.AutoField",
        "ALLOWED_HOSTS": ["*"],
        "STATIC_URL": "/static/",
        "SITE_ID": 1,
        "USE_TZ": True,
    }
    # The apps that Django knows, whatever else the case lists.
    named = [app for app in own_settings.pop("INSTALLED_APPS", ()) if _module_exists(app)]
    installed = list(dict.fromkeys([*apps, *named]))
    settings.configure(**{**defaults, **own_settings, "INSTALLED_APPS": installed})
    django.setup()
    return [import_module(name) for name in names if not name.endswith("settings")]


def _module_exists(name: str) -> bool:
    try:
        return util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _templates(root: Path) -> list[dict[str, Any]]:
    folders = [str(root / name) for name in ("templates",)]
    folders += [str(path) for path in sorted(root.rglob("templates")) if path.is_dir()]
    found: list[dict[str, Any]] = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": folders,
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": _CONTEXT},
        }
    ]
    jinja = [str(path) for path in sorted(root.rglob("jinja2")) if path.is_dir()]
    if jinja:
        backend = "django.template.backends.jinja2.Jinja2"
        found.append({"BACKEND": backend, "DIRS": jinja, "APP_DIRS": True})
    return found


def _module_name(root: Path, path: Path) -> str:
    relative = path.relative_to(root)
    parts = relative.with_suffix("").parts if path.suffix == ".py" else relative.parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


# -- what is run -----------------------------------------------------------------------------------


def _entries(
    modules: list[ModuleType], own: list[Any], expressions: list[str], rows: int
) -> Iterator[Entry]:
    arguments = _arguments(own, rows)
    if expressions:
        known = _names(modules, own, rows)
        for text in expressions:
            yield text, lambda text=text: _evaluated(text, known, arguments)
        return
    helpers = used_names(Path(module.__file__ or "") for module in modules)
    for module in modules:
        if module.__name__.rpartition(".")[2] not in _NO_ENTRIES:
            for name, thing in list(vars(module).items()):
                is_own = getattr(thing, "__module__", None) == module.__name__
                if is_own and not name.startswith("_") and name not in helpers:
                    entry = _entry(thing, arguments)
                    if entry is not None:
                        yield f"{module.__name__}.{name}", entry
    yield from _admin_pages(own)


def _entry(anything: Any, arguments: Arguments) -> Callable[[], Any] | None:
    from django.contrib.syndication.views import Feed
    from django.core.management import BaseCommand
    from django.forms import BaseForm
    from django.views import View

    thing: Any = anything
    if not inspect.isclass(anything):
        return (lambda: thing(**arguments.of(thing))) if inspect.isfunction(thing) else None
    if issubclass(thing, View):
        return _view_entry(thing, arguments)
    if issubclass(thing, BaseCommand):
        return lambda: thing().handle()
    if issubclass(thing, Feed):
        return lambda: thing()(_request())
    if issubclass(thing, BaseForm):
        return lambda: str(thing())
    return None


def _view_entry(view: Any, arguments: Arguments) -> Callable[[], Any] | None:
    from django.views.generic.edit import ProcessFormView

    if issubclass(view, ProcessFormView):
        return None
    key = getattr(view, "lookup_url_kwarg", None) or getattr(view, "lookup_field", "pk")
    keys = {str(key): 1}
    if hasattr(view, "get_extra_actions"):
        if hasattr(view, "list"):
            return lambda: view.as_view({"get": "list"})(_request())
        if hasattr(view, "retrieve"):
            return lambda: view.as_view({"get": "retrieve"})(_request(), **keys)
        return None
    if not hasattr(view, "get"):
        return None
    if "get" in vars(view):
        return lambda: view.as_view()(_request(), **arguments.of(view.get, skip=2))
    if hasattr(view, "get_object"):
        is_list = hasattr(view, "list") or not hasattr(view, "retrieve")
        one = hasattr(view, "pk_url_kwarg") or not is_list
        return lambda: view.as_view()(_request(), **(keys if one else {}))
    return lambda: view.as_view()(_request())


def _admin_pages(own: list[Any]) -> Iterator[Entry]:
    from django.contrib.admin.sites import all_sites

    for site in sorted(all_sites, key=lambda site: str(site.name)):
        for model, model_admin in list(site._registry.items()):
            if model in own and type(model_admin).__module__.partition(".")[0] != "django":
                label = f"{site.name} list of {model.__name__}"
                yield label, lambda page=model_admin: page.changelist_view(_request())
                one = model._base_manager.order_by("pk").first()
                label = f"{site.name} form of {model.__name__}"
                key = str(one.pk)
                yield label, lambda page=model_admin, k=key: page.change_view(_request(), k)


def _request() -> Any:
    from django.contrib.auth import get_user_model
    from django.contrib.messages.storage.cookie import CookieStorage
    from django.test import RequestFactory

    request = RequestFactory().get("/")
    request.user = get_user_model()._base_manager.order_by("pk").first()
    for flag in ("is_staff", "is_superuser", "is_active"):
        if request.user is not None:
            setattr(request.user, flag, True)
    request.session = {}
    request._messages = CookieStorage(request)
    request._dont_enforce_csrf_checks = True
    return request


def _arguments(own: list[Any], rows: int) -> Arguments:
    from django.db import models

    def column(model: Any, name: str) -> list[Any] | None:
        fields = {field.name: field for field in model._meta.concrete_fields}
        if name not in fields or isinstance(fields[name], models.ForeignKey):
            return None
        return list(model._base_manager.order_by("pk").values_list(name, flat=True)[:rows])

    return Arguments(
        {model.__name__: model for model in own},
        lambda model: model._base_manager.order_by("pk").first(),
        lambda model: model._default_manager.all(),
        column,
        {"request": _request, "user": lambda: _request().user},
        rows,
    )


def _names(modules: list[ModuleType], own: list[Any], rows: int) -> dict[str, Any]:
    packages = {module.__name__.partition(".")[0] for module in modules}
    return {
        **{name: sys.modules[name] for name in packages if name in sys.modules},
        **{model.__name__: model for model in own},
        "N": rows,
        "request": _request(),
        "render": lambda view, **keys: view(_request(), **keys),
    }


def _evaluated(text: str, known: dict[str, Any], arguments: Arguments) -> Any:
    thing = eval(text, known)
    entry = _entry(thing, arguments) if callable(thing) else None
    return thing if entry is None else entry()


def _use_up(result: Any) -> None:
    """Do with a result what a server or a caller does: render, go through it."""
    if inspect.iscoroutine(result):
        result = run_coroutine(result)
    if hasattr(result, "render") and callable(result.render):
        result.render()
    if type(result).__name__ == "ExecutionResult" and result.errors:
        raise result.errors[0]
    if hasattr(result, "streaming_content"):
        b"".join(result.streaming_content)
    elif inspect.isgenerator(result) or isinstance(result, map | filter | zip):
        for _ in result:
            pass


@contextmanager
def _undone() -> Iterator[None]:
    """What is written inside is taken back."""
    from django.contrib.contenttypes.models import ContentType
    from django.db import transaction

    ContentType.objects.clear_cache()
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
