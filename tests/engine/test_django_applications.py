"""What is found of trees of URLconfs, routers of viewsets, and APIs of Django Ninja."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from fwp_checks.frameworks.django.batteries import Batteries
from tests.engine.trees import hooks, lines, linked, tree

SETTINGS = 'ROOT_URLCONF = "config.urls"\nINSTALLED_APPS = ["shop"]\n'
VIEWS = """
from django.views import View
from django.views.decorators.http import require_http_methods, require_POST
from shop.decorators import checked

def home(request): ...

@require_http_methods(["GET", "POST"])
def edit(request, pk): ...

@require_POST
def remove(request, pk): ...

@checked
def hidden(request): ...

class Orders(View):
    def get(self, request): ...
    def post(self, request): ...
"""
DECORATORS = """
from functools import wraps

def checked(view):
    @wraps(view)
    def inner(request, *args):
        return view(request, *args)
    return inner
"""
PROGRAMS: dict[str, tuple[dict[str, str], list[str]]] = {
    "functions, classes and decorators": (
        {
            "config/urls.py": """
            from django.contrib.auth.decorators import login_required
            from django.urls import path, re_path
            from shop import views

            urlpatterns = [
                path("", views.home, name="home"),
                path("edit/<int:pk>/", views.edit),
                re_path(r"^remove/(?P<pk>[0-9]+)/$", views.remove),
                path("hidden/", login_required(views.hidden)),
                path("orders/", views.Orders.as_view()),
            ]
            """
        },
        [
            "urlpatterns ANY / home",
            "urlpatterns GET,POST /edit/<int:pk>/ edit",
            "urlpatterns POST /remove/(?P<pk>[0-9]+)/ remove",
            "urlpatterns ANY /hidden/ hidden",
            "urlpatterns GET /orders/ Orders.get",
            "urlpatterns POST /orders/ Orders.post",
        ],
    ),
    "inclusions": (
        {
            "config/urls.py": """
            from django.conf.urls.i18n import i18n_patterns
            from django.contrib import admin
            from django.urls import include, path
            from shop import views

            more = [path("b/", views.edit)]
            urlpatterns = [
                path("admin/", admin.site.urls),
                path("shop/", include(("shop.urls", "shop"), namespace="shop")),
                path("inline/", include([path("a/", views.home)])),
                path("list/", include(more)),
                *[path(f"made/{name}/", views.home) for name in ("one", "other")],
            ]
            for name in ("third", "fourth"):
                urlpatterns.append(path(name + "/", views.home))
            urlpatterns += i18n_patterns(path("about/", views.home))
            if True:
                urlpatterns.append(path("debug/", views.hidden))
            """,
            "shop/urls.py": """
            from django.urls import path
            from shop.views import home
            urlpatterns = [path("first/", home)]
            """,
        },
        [
            "urlpatterns GET,POST /list/b/ edit",
            "urlpatterns ANY /inline/a/ home",
            "urlpatterns ANY /made/one/ home",
            "urlpatterns ANY /made/other/ home",
            "urlpatterns ANY /third/ home",
            "urlpatterns ANY /fourth/ home",
            "urlpatterns ANY /<language>/about/ home",
            "urlpatterns ANY /debug/ hidden",
            "urlpatterns ANY /shop/first/ home",
        ],
    ),
    "viewsets": (
        {
            "config/urls.py": """
            from django.urls import include, path
            from rest_framework.routers import DefaultRouter
            from shop.api import Items, Tags

            router = DefaultRouter()
            router.register("items", Items, basename="item")
            router.register(r"tags", Tags)
            urlpatterns = [
                path("api/", include(router.urls)),
                path("one/", Items.as_view({"get": "list", "post": "archive"})),
            ]
            """,
            "shop/api.py": """
            from rest_framework.decorators import action
            from rest_framework.viewsets import ModelViewSet, ViewSet

            class Items(ViewSet):
                lookup_field = "slug"
                def list(self, request): ...
                def retrieve(self, request, slug=None): ...

                @action(detail=True, methods=["post"], url_path="put-away")
                def archive(self, request, slug=None): ...

            class Tags(ModelViewSet):
                def perform_create(self, serializer): ...
            """,
        },
        [
            "urlpatterns GET /one/ Items.list",
            "urlpatterns POST /one/ Items.archive",
            "urlpatterns GET /api/items/ Items.list",
            "urlpatterns GET /api/items/{slug}/ Items.retrieve",
            "urlpatterns POST /api/items/{slug}/put-away/ Items.archive",
            "urlpatterns ? /api/tags/ ?",
            "urlpatterns ? /api/tags/{pk}/ ?",
        ],
    ),
    "more of what routers of viewsets have": (
        {
            "config/urls.py": """
            from django.urls import include, path
            from rest_framework.routers import DefaultRouter, SimpleRouter
            from shop.api import Carts, Orders, Stock
            router = DefaultRouter()
            router.register("orders", Orders)
            plain = SimpleRouter(trailing_slash=False)
            plain.register("carts", Carts)
            others = DefaultRouter()
            others.register("stock", Stock)
            router.registry.extend(others.registry)
            single = Carts.as_view({"get": "list", "post": "create"})
            urlpatterns = [
                path("api/", include(router.urls)),
                path("", include(plain.urls)),
                path("single/", single),
            ]
            """,
            "shop/api.py": """
            from rest_framework.decorators import action
            from rest_framework.views import APIView
            from rest_framework.viewsets import ViewSet

            class Orders(ViewSet):
                def list(self, request): ...

                @action(detail=True, methods=["post"], url_path="is-paid")
                def paid(self, request, pk): ...

                @paid.mapping.delete
                def unpaid(self, request, pk): ...

            class Carts(ViewSet):
                http_method_names = ["get", "head"]
                def list(self, request): ...
                def create(self, request): ...
                def retrieve(self, request, pk): ...

            class Stock(ViewSet):
                def list(self, request): ...
            """,
        },
        [
            "urlpatterns GET /single/ Carts.list",
            "urlpatterns GET /api/orders/ Orders.list",
            "urlpatterns POST /api/orders/{pk}/is-paid/ Orders.paid",
            "urlpatterns DELETE /api/orders/{pk}/is-paid/ Orders.unpaid",
            "urlpatterns GET /api/stock/ Stock.list",
            "urlpatterns GET /carts Carts.list",
            "urlpatterns GET /carts/{pk} Carts.retrieve",
        ],
    ),
    "function views of REST framework": (
        {
            "config/urls.py": """
            from django.urls import path
            from shop.api import listed
            urlpatterns = [path("listed/", listed)]
            """,
            "shop/api.py": """
            from rest_framework.decorators import api_view

            @api_view(["GET", "PUT"])
            def listed(request): ...
            """,
        },
        ["urlpatterns GET,PUT /listed/ listed"],
    ),
    "Django Ninja": (
        {
            "config/urls.py": """
            from django.urls import path
            from ninja import NinjaAPI
            from shop.api import router

            api = NinjaAPI()
            api.add_router("/items/", router)
            api.add_router("tags", "shop.tags.router")

            @api.get("/status")
            def status(request): ...

            @api.api_operation(["POST", "PATCH"], "/change")
            def change(request): ...

            router.add_api_operation("/all", ["GET"], status)

            urlpatterns = [path("api/", api.urls)]
            """,
            "shop/api.py": """
            from ninja import Router
            router = Router()

            @router.post("/")
            def add(request): ...
            """,
            "shop/tags.py": """
            from ninja import Router
            router = Router()

            @router.get("{name}")
            def tag(request, name: str): ...
            """,
        },
        [
            "urlpatterns GET /api/status status",
            "urlpatterns POST,PATCH /api/change change",
            "urlpatterns GET /api/items/all status",
            "urlpatterns POST /api/items/ add",
            "urlpatterns GET /api/tags/{name} tag",
        ],
    ),
}
COMMON = {
    "config/__init__.py": "",
    "config/settings.py": SETTINGS,
    "shop/__init__.py": "",
    "shop/views.py": VIEWS,
    "shop/decorators.py": DECORATORS,
}


@pytest.mark.parametrize("files, expected", PROGRAMS.values(), ids=PROGRAMS)
def test_routes(files: dict[str, str], expected: list[str], tmp_path: Path) -> None:
    assert lines(tree(tmp_path, {**COMMON, **files})) == expected


def test_methods_that_inherited_handlers_call(tmp_path: Path) -> None:
    """Those that the project writes, in the class or its bases, and that answer nothing alone."""
    files = {
        **COMMON,
        "config/urls.py": """
        from django.contrib.auth.decorators import login_required
        from django.urls import path
        from django.views.generic import TemplateView
        from shop.pages import ItemForm, Items, Plain

        urlpatterns = [
            path("items/", Items.as_view()),
            path("add/", login_required(ItemForm.as_view())),
            path("plain/", Plain.as_view()),
            path("about/", TemplateView.as_view(template_name="about.html")),
        ]
        """,
        "shop/pages.py": """
        from django.views.generic import CreateView, ListView, View

        class Listed(ListView):
            def get_context_data(self, **kwargs): ...

        class Items(Listed):
            def get_queryset(self): ...
            def other(self): ...

        class ItemForm(CreateView):
            def get(self, request): ...
            def form_valid(self, form): ...

        class Plain(View):
            def get(self, request): ...
        """,
    }
    routes = tree(tmp_path, files).applications[0].routes
    found = [
        (
            route.path,
            [handler.function.name for handler in route.handlers],
            [function.name for function in route.overrides],
        )
        for route in routes
    ]
    assert found == [
        ("/items/", [], ["Items.get_queryset", "Listed.get_context_data"]),
        ("/add/", ["ItemForm.get"], ["ItemForm.form_valid"]),
        ("/plain/", ["Plain.get"], []),
        ("/about/", [], []),
    ]


def test_the_application_is_what_settings_name(tmp_path: Path) -> None:
    urls = "from django.urls import path\nurlpatterns = []\n"
    found = linked(
        tmp_path,
        {
            **COMMON,
            "config/settings.py": 'P = "config"\nROOT_URLCONF = f"{P}.urls"\n',
            "config/urls.py": urls,
            "other/urls.py": urls,
        },
    ).applications
    assert [one.place.path for one in found.applications] == ["config/urls.py"]
    assert len(found.routers) == 2


def test_middleware_of_the_settings(tmp_path: Path) -> None:
    files = {
        **COMMON,
        "config/settings.py": SETTINGS
        + 'MIDDLEWARE = ["shop.middleware.Count", "shop.middleware.timed"]\n',
        "config/urls.py": "from django.urls import path\nurlpatterns = []\n",
        "shop/middleware.py": """
        class Count:
            def __init__(self, get_response): ...
            def __call__(self, request): ...
            def process_view(self, request, view, args, kwargs): ...

        def timed(get_response):
            def middleware(request): ...
            return middleware
        """,
    }
    assert hooks(tree(tmp_path, files)) == [
        "urlpatterns middleware Count.__call__",
        "urlpatterns middleware Count.process_view",
        "urlpatterns middleware timed.middleware",
    ]


def test_middleware_that_settings_add(tmp_path: Path) -> None:
    middleware = """
        class One:
            def __call__(self, request): ...

        class Two(One):
            def __call__(self, request): ...

        class Three(One):
            def __call__(self, request): ...

        class Four(One):
            def __call__(self, request): ...

        class Five(One):
            def __call__(self, request): ...
        """
    added = """
        if DEBUG:
            MIDDLEWARE += ["shop.middleware.Two"]
        MIDDLEWARE.insert(0, "shop.middleware.Three")
        """
    files = {
        **COMMON,
        "config/settings.py": SETTINGS
        + 'DEBUG = False\nMIDDLEWARE = ["shop.middleware.One"]\n'
        + dedent(added),
        "config/live.py": """
        from config.settings import *

        ROOT_URLCONF = "config.urls"
        MIDDLEWARE = ["shop.middleware.Four", *MIDDLEWARE]
        MIDDLEWARE += ["shop.middleware.Five"]
        """,
        "config/urls.py": "from django.urls import path\nurlpatterns = []\n",
        "shop/middleware.py": middleware,
    }
    found = hooks(tree(tmp_path, files))
    names = ("Five", "Four", "One", "Three", "Two")
    assert sorted(found) == [f"urlpatterns middleware {name}.__call__" for name in names]


SERVICE = {
    **COMMON,
    "manage.py": """
    import os
    from django.core.management import execute_from_command_line
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    """,
    "config/urls.py": """
    from django.urls import path
    from shop.views import status
    urlpatterns = [path("status/", status)]
    """,
    "shop/views.py": """
    from django.http import JsonResponse
    def status(request):
        return JsonResponse({})
    """,
}


@pytest.mark.parametrize(
    "files, expected",
    [
        ({}, True),
        ({"shop/models.py": "class Run(:\n"}, False),
        ({"config/settings.py": SETTINGS + "INSTALLED_APPS += ['oscar']\n"}, False),
        ({"config/settings.py": SETTINGS + "INSTALLED_APPS += env.list('APPS')\n"}, False),
        ({"setup.py": "import setuptools\nimport django\nsetuptools.setup()\n"}, False),
        ({"shop/cached.py": "from django.core.cache import cache\n"}, False),
        ({"shop/models.py": "from django.db import models\n"}, True),
        ({"shop/rows.py": "from django.db import connection\nconnection.cursor()\n"}, False),
        ({"shop/management/commands/run.py": "import django\n"}, False),
        ({"shop/views.py": "from shop.other import status\n"}, False),
    ],
    ids=[
        "routes alone", "a file that cannot be read", "an unknown app", "apps from outside",
        "a package", "the cache", "an empty file of models", "a connection", "a command",
        "a view that is not known",
    ],
)  # fmt: skip
def test_what_only_routes_is_a_service(
    files: dict[str, str], expected: bool, tmp_path: Path
) -> None:
    batteries = Batteries.of(linked(tmp_path, {**SERVICE, **files}))
    service = batteries.service
    assert (service is not None and batteries.is_only_routing(service)) is expected
