"""Django: what models, querysets and relations are, and which functions run on the event loop."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from fwp_checks.project.linked import Project
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.values import describe
from fwp_checks.session import Session
from tests.frameworks.django_project import MODELS, SETTINGS
from tests.frameworks.projects import findings, labels


def _project(root: Path, files: dict[str, str]) -> Project:
    (root / "pyproject.toml").write_text("", encoding="utf-8")
    for path, source in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(dedent(source), encoding="utf-8")
    return Session.open(root, cache_dir=False)._linked()


def _frames(project: Project) -> dict[str, Frame]:
    found = {}
    for module in project.table.modules:
        for number, scope in enumerate(module.facts.scopes):
            if scope.kind == "function":
                found[scope.name] = project.frame_of_scope(module, number)
    return found


# -- values ----------------------------------------------------------------------------------------

VALUES = {
    "Post.objects": "django.db.models.Manager[Post] object",
    "Post.objects.all()": "django.db.models.QuerySet[Post] object",
    "Post.objects.filter(title='a')[:5]": "django.db.models.QuerySet[Post] object",
    "Post.objects.filter(title='a')[0]": "Post object",
    "Post.objects.first()": "Post object",
    "await Post.objects.aget(pk=1)": "Post object",
    "Post.objects.values_list('id', flat=True)[0]": "unknown (value of a column)",
    "Post.objects.values()[0]": "MappingValue",
    "Post.objects.none()": "django.db.models.query.EmptyQuerySet[Post] object",
    "Post.objects.get_or_create(title='a')": "(Post object, builtins.bool object)",
    "Post.chained": "django.db.models.Manager[Post] object",
    "Post.chained.published()": "PostQuerySet[Post] object",
    "Post.chained.published().with_author()": "PostQuerySet[Post] object",
    "Post.chained.published() | Post.chained.all()": "PostQuerySet[Post] object",
    "Post.public": "PublishedManager[Post] object",
    "Post.public.all()": "django.db.models.QuerySet[Post] object",
    "Post.mixed": "MixedManager[Post] object",
    "Post.mixed.published()": "PostQuerySet[Post] object",
    "Post.mixed.of('a')": "PostQuerySet[Post] object",
    "Post.direct.published()": "PostQuerySet[Post] object",
    "Post._default_manager": "django.db.models.Manager[Post] object",
    "Post.objects.first().author": "Author object",
    "Post.objects.first().author.publisher": "Publisher object",
    "Post.objects.first().author.mentor": "Author object",
    "Post.objects.first().maker": "Member object",
    "Post.objects.first().title": "builtins.str object",
    "Post.objects.first().author.profile": "Profile object",
    "Post.objects.first().tags": (
        "django.db.models.fields.related_descriptors.RelatedManager[Tag] object"
    ),
    "Post.objects.first().comment_set.all()": "django.db.models.QuerySet[Comment] object",
    "Tag.objects.first().posts.first()": "Post object",
    "Member.objects.first().made_posts.first()": "Post object",
    "Author.objects.first().post_set.first()": "Post object",
    "Place.objects.first().restaurant": "Restaurant object",
    "Restaurant.objects.first().name": "builtins.str object",
    "User.objects": "django.contrib.auth.models.UserManager[Member] object",
    "User.objects.get(pk=1)": "Member object",
    "get_object_or_404(Post, pk=1)": "Post object",
    "apps.get_model('blog.Post')": "Post",
    "(await Group.objects.aget(pk=1)).permissions.first()": (
        "django.contrib.auth.models.Permission object"
    ),
}


def test_values(tmp_path: Path) -> None:
    head = """
        from django.apps import apps
        from django.contrib.auth import get_user_model
        from django.contrib.auth.models import Group
        from django.shortcuts import get_object_or_404
        from blog.models import *

        User = get_user_model()
    """
    functions = [f"async def value_{n}():\n    return {text}\n" for n, text in enumerate(VALUES)]
    source = dedent(head) + "\n\n".join(functions)
    files = {"conf.py": SETTINGS, "blog/__init__.py": "", "blog/models.py": MODELS}
    project = _project(tmp_path, {**files, "cases.py": source})
    frames = _frames(project)
    found = {
        text: describe(project.calls.returned(frames[f"value_{number}"]))
        for number, text in enumerate(VALUES)
    }
    assert found == VALUES


def test_names_of_accessors(tmp_path: Path) -> None:
    models = """
        from django.db import models

        class Owner(models.Model):
            pass

        class Base(models.Model):
            owner = models.ForeignKey(Owner, 1, related_name="%(app_label)s_%(class)ss")

            class Meta:
                abstract = True
                app_label = "zoo"

        class Cat(Base):
            friend = models.OneToOneField("self", models.CASCADE, null=True)
            peers = models.ManyToManyField("self")
            hidden = models.ForeignKey(Owner, models.CASCADE, related_name="+")

        class Dog(Base):
            chased = models.ManyToManyField(Cat)
            home = models.OneToOneField(to=Owner, on_delete=models.CASCADE)

            class Meta(Base.Meta):
                abstract = False
                default_related_name = "dogs"
    """
    source = """
        from pets import *

        async def values():
            owner = await Owner.objects.aget(pk=1)
            cat = await Cat.objects.aget(pk=1)
            return (
                owner.zoo_cats.first(), owner.zoo_dogs.first(), owner.dogs, cat.cat,
                cat.dogs.first(), cat.peers.first(), owner.cat_set,
            )
    """
    project = _project(tmp_path, {"pets.py": models, "cases.py": source})
    value = describe(project.calls.returned(_frames(project)["values"]))
    assert value == (
        "(Cat object, Dog object, Dog object, Cat object, Dog object, Cat object, "
        "django.db.models.Model.cat_set)"
    )


# -- where code runs -------------------------------------------------------------------------------


VIEWS = """
        import asyncio
        import time
        from django.contrib.auth.decorators import login_required
        from django.db.models.signals import post_save
        from django.dispatch import receiver
        from django.http import HttpRequest
        from django.utils.decorators import sync_and_async_middleware
        from django.views import View

        async def routed(request):
            WORK

        async def decorated(request):
            WORK

        def plain(request):
            time.sleep(1)

        async def typed(request: HttpRequest, key: int):
            WORK

        class Page(View):
            async def get(self, request):
                await self.inner()

            async def inner(self):
                WORK

            def post(self, request):
                time.sleep(1)

        class Base(View):
            async def post(self, request):
                WORK

        class Derived(Base):
            pass

        @receiver(post_save)
        async def saved(sender, **kwargs):
            WORK

        @sync_and_async_middleware
        def timing(get_response):
            if asyncio.iscoroutinefunction(get_response):
                async def around(request):
                    WORK
                    return await get_response(request)
            else:
                def around(request):
                    time.sleep(1)
                    return get_response(request)
            return around

        class Gate:
            async_capable = True

            def __init__(self, get_response):
                self.get_response = get_response

            async def __call__(self, request):
                WORK
                return await self.get_response(request)
    """


def test_views_middleware_and_receivers(tmp_path: Path) -> None:
    urls = """
        from django.contrib.auth.decorators import login_required
        from django.urls import path, re_path
        import views

        urlpatterns = [
            path("a", views.routed),
            re_path("b", view=login_required(views.decorated)),
            path("c", views.plain),
            path("d", login_required(views.Page.as_view())),
            path("e", views.Derived.as_view(extra=1)),
        ]
    """
    conf = """
        MIDDLEWARE = ["django.middleware.common.CommonMiddleware", "views.Gate", "views.timing"]
    """
    found = labels(tmp_path, views=_with_work(VIEWS), urls=urls, conf=conf)
    assert found == {
        "routed": "async handler",
        "decorated": "async handler",
        "typed": "async handler",
        "inner": "async function",
        "post": "async handler",
        "saved": "async function",
        "around": "middleware",
        "__call__": "middleware",
    }


def _with_work(source: str) -> str:
    lines = []
    for line in dedent(source).splitlines():
        if line.strip() == "WORK":
            space = line[: len(line) - len(line.lstrip())]
            lines += [f"{space}await asyncio.sleep(1)", f"{space}time.sleep(1)"]
        else:
            lines.append(line)
    return "\n".join(lines)


def test_packages_on_top_of_django(tmp_path: Path) -> None:
    source = """
        import asyncio
        import time
        from adrf.decorators import api_view
        from adrf.views import APIView
        from channels.generic.http import AsyncHttpConsumer
        from channels.generic.websocket import AsyncJsonWebsocketConsumer, WebsocketConsumer
        from ninja import NinjaAPI, Router
        from ninja.security import HttpBearer

        api = NinjaAPI()
        router = Router()

        class Token(HttpBearer):
            async def authenticate(self, request, token):
                WORK

        @api.get("/a")
        async def operation(request):
            WORK

        @router.post("/b", auth=Token())
        async def routed(request):
            WORK

        @router.get("/c")
        def in_thread(request):
            time.sleep(1)

        @api.exception_handler(ValueError)
        def broken(request, error):
            time.sleep(1)

        class Chat(AsyncJsonWebsocketConsumer):
            async def connect(self):
                WORK

            async def chat_message(self, event):
                WORK

            async def _helper(self):
                WORK

        class Old(WebsocketConsumer):
            def connect(self):
                time.sleep(1)

        class Long(AsyncHttpConsumer):
            async def handle(self, body):
                WORK

        @api_view(["GET"])
        async def function_view(request):
            WORK

        class Item(APIView):
            async def get(self, request):
                WORK

            def post(self, request):
                time.sleep(1)
    """
    assert labels(tmp_path, app=_with_work(source)) == {
        "authenticate": "async dependency",
        "operation": "async handler",
        "routed": "async handler",
        "broken": "exception handler",
        "connect": "websocket handler",
        "chat_message": "websocket handler",
        "_helper": "async function",
        "handle": "async handler",
        "function_view": "async handler",
        "get": "async handler",
    }


@pytest.mark.parametrize(
    ("handlers", "code"),
    [
        ("async def get(self, request): time.sleep(1)", "FWP109"),
        (
            "async def get(self, request): time.sleep(1)\n"
            "    async def post(self, request): await asyncio.sleep(1)",
            "FWP101",
        ),
    ],
)
def test_a_view_class_keeps_its_handlers_of_one_kind(
    tmp_path: Path, handlers: str, code: str
) -> None:
    head = "import asyncio, time\nfrom django.views import View\n\nclass Page(View):\n    "
    source = f"{head}{handlers}\n"
    assert [text.split()[1] for text in findings(tmp_path, app=source)] == [code]


# -- the user of a request -------------------------------------------------------------------------

USER_VIEWS = """
    import asyncio
    from django.contrib.auth.decorators import login_required
    from django.http import HttpResponse
    from django.urls import path
    from django.views import View
    from models import Post

    async def used(request):
        await request.auser()
        return HttpResponse(request.user.username + request.user.email)

    async def filtered(request):
        return HttpResponse(await Post.objects.filter(owner=request.user).acount())

    class Page(View):
        async def get(self, request):
            await asyncio.sleep(1)
            return HttpResponse(self.request.user.username)

    @login_required
    async def guarded(request):
        await asyncio.sleep(1)
        return HttpResponse(request.user.username)

    async def asked(request):
        user = await request.auser()
        return HttpResponse(user.username)

    async def handed_on(request):
        await Post.objects.acreate(owner=request.user)
        return HttpResponse("")

    def plain(request):
        return HttpResponse(request.user.username)

    async def elsewhere(request):
        await asyncio.sleep(1)
        return HttpResponse(request.user.username)

    urlpatterns = [
        path("a", used), path("b", filtered), path("c", Page.as_view()), path("d", guarded),
        path("e", asked), path("f", handed_on), path("g", plain),
    ]
"""
USER_MODELS = """
    from django.conf import settings
    from django.db import models

    class Post(models.Model):
        owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
"""


def _user_findings(root: Path, middleware: str, **files: str) -> list[str]:
    files = {"app": USER_VIEWS, "models": USER_MODELS, **files}
    return [
        text.split("'")[3]
        for text in findings(root, conf=f"MIDDLEWARE = [{middleware}]", **files)
        if "get_user" in text
    ]


AUTHENTICATION = "'django.contrib.auth.middleware.AuthenticationMiddleware'"


def test_the_user_of_a_request_is_read_when_it_is_first_used(tmp_path: Path) -> None:
    assert _user_findings(tmp_path, AUTHENTICATION) == ["used", "filtered", "get", "guarded"]


@pytest.mark.parametrize(
    "middleware",
    [
        "",
        AUTHENTICATION + ", 'django.contrib.auth.middleware.LoginRequiredMiddleware'",
        AUTHENTICATION + ", 'elsewhere.Middleware'",
        AUTHENTICATION + ", 'gate.gate'",
        AUTHENTICATION + "] + computed() + [",
    ],
)
def test_middleware_may_have_used_it_before(tmp_path: Path, middleware: str) -> None:
    gate = """
        def gate(get_response):
            def around(request):
                print(request.user.username)
                return get_response(request)
            return around
    """
    assert _user_findings(tmp_path, middleware, gate=gate) == []
