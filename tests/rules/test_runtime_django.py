"""Where Django runs views and middleware, and which ORM operations it refuses on the event loop.

The tables of the rules about async Django rest on what is run here. Skipped without Django. No
database is needed: Django refuses before it connects.
"""

# The frameworks are not installed where types are checked.
# mypy: disable-error-code="import-not-found,import-untyped,untyped-decorator,misc"

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

django = pytest.importorskip("django")

from django.conf import settings  # noqa: E402

if not settings.configured:
    settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["*"],
        SECRET_KEY="only for tests",
        MIDDLEWARE=[f"{__name__}.Middleware", f"{__name__}.async_middleware"],
    )
    django.setup()

from django.contrib.auth import hashers  # noqa: E402
from django.core.exceptions import SynchronousOnlyOperation  # noqa: E402
from django.db import connection, models, transaction  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.shortcuts import get_list_or_404, get_object_or_404  # noqa: E402
from django.test import AsyncRequestFactory  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils.decorators import async_only_middleware  # noqa: E402
from django.views import View  # noqa: E402

SEEN: dict[str, str] = {}


def note(hook: str) -> None:
    """Remember whether ``hook`` runs on an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        SEEN[hook] = "thread"
    else:
        SEEN[hook] = "loop"


class Middleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        note("def middleware")
        return self.get_response(request)


@async_only_middleware
def async_middleware(get_response: Any) -> Any:
    async def middleware(request: HttpRequest) -> HttpResponse:
        note("async middleware")
        response: HttpResponse = await get_response(request)
        return response

    return middleware


def view(request: HttpRequest) -> HttpResponse:
    note("def view")
    return HttpResponse()


async def async_view(request: HttpRequest) -> HttpResponse:
    note("async view")
    return HttpResponse()


class AsyncClass(View):
    async def get(self, request: HttpRequest) -> HttpResponse:
        note("async method of a view class")
        return HttpResponse()


urlpatterns = [
    path("def", view),
    path("async", async_view),
    path("class", AsyncClass.as_view()),
]


class Author(models.Model):
    class Meta:
        app_label = "probe"


class Post(models.Model):
    title = models.TextField()
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    readers = models.ManyToManyField(Author, related_name="+")

    class Meta:
        app_label = "probe"


def enter_atomic() -> None:
    with transaction.atomic():
        pass


def post() -> Post:
    """A row as it comes from the database, its author not fetched."""
    return Post(pk=1, title="a", author_id=1)


POSTS = Post.objects
WEAK_HASHER = hashers.MD5PasswordHasher()

REFUSED: dict[str, Callable[[], object]] = {
    "list": lambda: list(POSTS.all()),
    "for": lambda: [p.title for p in POSTS.all()],
    "len": lambda: len(POSTS.all()),
    "bool": lambda: bool(POSTS.all()),
    "repr": lambda: repr(POSTS.all()),
    "in": lambda: post() in POSTS.all(),
    "index": lambda: POSTS.all()[0],
    "slice with step": lambda: POSTS.all()[0:4:2],
    "get": lambda: POSTS.get(pk=1),
    "first": lambda: POSTS.first(),
    "last": lambda: POSTS.last(),
    "earliest": lambda: POSTS.earliest("id"),
    "latest": lambda: POSTS.latest("id"),
    "count": lambda: POSTS.count(),
    "exists": lambda: POSTS.exists(),
    "contains": lambda: POSTS.contains(post()),
    "aggregate": lambda: POSTS.aggregate(models.Count("id")),
    "update": lambda: POSTS.filter(pk=1).update(title="b"),
    "delete": lambda: POSTS.filter(pk=1).delete(),
    "create": lambda: POSTS.create(title="a", author_id=1),
    "get_or_create": lambda: POSTS.get_or_create(title="a"),
    "update_or_create": lambda: POSTS.update_or_create(title="a"),
    "bulk_create": lambda: POSTS.bulk_create([Post(title="a", author_id=1)]),
    "in_bulk": lambda: POSTS.in_bulk(),
    "explain": lambda: POSTS.explain(),
    "next(iterator())": lambda: next(POSTS.iterator()),
    "save": lambda: post().save(),
    "Model.delete": lambda: post().delete(),
    "refresh_from_db": lambda: post().refresh_from_db(),
    "lazy foreign key": lambda: post().author,
    "related add": lambda: post().readers.add(Author(pk=1)),
    "related clear": lambda: post().readers.clear(),
    "cursor": lambda: connection.cursor(),
    "atomic": enter_atomic,
    "get_object_or_404": lambda: get_object_or_404(Post, pk=1),
    "get_list_or_404": lambda: get_list_or_404(Post),
}

ALLOWED: dict[str, Callable[[], object]] = {
    "filter": lambda: POSTS.filter(title="a"),
    "exclude": lambda: POSTS.exclude(title="a"),
    "order_by": lambda: POSTS.order_by("title"),
    "values": lambda: POSTS.values("title"),
    "values_list": lambda: POSTS.values_list("title"),
    "distinct": lambda: POSTS.distinct(),
    "only": lambda: POSTS.only("title"),
    "select_related": lambda: POSTS.select_related("author"),
    "prefetch_related": lambda: POSTS.prefetch_related("readers"),
    "using": lambda: POSTS.using("default"),
    "slice": lambda: POSTS.all()[:5],
    "iterator": lambda: POSTS.iterator(),
    "raw": lambda: POSTS.raw("select 1"),
    "or": lambda: POSTS.all() | POSTS.all(),
    "query as text": lambda: str(POSTS.all().query),
    "none, iterated": lambda: list(POSTS.none()),
    "related manager": lambda: post().readers,
    "column of a foreign key": lambda: post().author_id,
    "foreign key that was given": lambda: Post(author=Author(pk=1)).author,
    "make_password": lambda: hashers.make_password("a", hasher=WEAK_HASHER),
}

TWINNED = (
    *("aggregate", "bulk_create", "bulk_update", "contains", "count", "create", "earliest"),
    *("exists", "explain", "first", "get", "get_or_create", "in_bulk", "iterator", "last"),
    *("latest", "update", "update_or_create"),
)


def test_views_and_middleware() -> None:
    from django.core.handlers.asgi import ASGIHandler

    async def main() -> None:
        handler = ASGIHandler()
        for route in ("/def", "/async", "/class"):
            await handler.get_response_async(AsyncRequestFactory().get(route))

    asyncio.run(main())
    assert SEEN == {
        "def view": "thread",
        "async view": "loop",
        "async method of a view class": "loop",
        "def middleware": "thread",
        "async middleware": "loop",
    }


def test_operations_that_are_refused_on_the_loop() -> None:
    async def main() -> list[str]:
        return [name for name, operation in REFUSED.items() if not _refuses(operation)]

    assert asyncio.run(main()) == []


def test_operations_that_are_allowed_on_the_loop() -> None:
    async def main() -> list[str]:
        return [name for name, operation in ALLOWED.items() if _refuses(operation)]

    assert asyncio.run(main()) == []


def test_async_twins_exist() -> None:
    missing = [name for name in TWINNED if not hasattr(POSTS.all(), f"a{name}")]
    missing += [n for n in ("save", "delete", "refresh_from_db") if not hasattr(Post, f"a{n}")]
    assert missing == []


def _refuses(operation: Callable[[], object]) -> bool:
    try:
        operation()
    except SynchronousOnlyOperation:
        return True
    return False
