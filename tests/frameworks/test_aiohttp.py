"""aiohttp's server: handlers however they are registered, and what applications keep."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.frameworks.projects import labels, places


def test_every_way_to_register(tmp_path: Path) -> None:
    source = """
        import time
        from aiohttp import web

        routes = web.RouteTableDef()

        @routes.get("/")
        async def decorated(request):
            time.sleep(1)

        @routes.view("/item")
        class Item(web.View):
            async def post(self):
                time.sleep(1)

        async def listed(request):
            time.sleep(1)

        async def routed(request):
            time.sleep(1)

        def plain(request):
            time.sleep(1)

        async def on_resource(request):
            time.sleep(1)

        @web.middleware
        async def check(request, handler):
            time.sleep(1)
            return await handler(request)

        async def sign(request, response):
            time.sleep(1)

        app = web.Application()
        app.add_routes(routes)
        app.add_routes([web.get("/listed", listed), web.route("*", "/routed", routed)])
        app.router.add_post("/plain", plain)
        app.router.add_resource("/resource").add_route("GET", on_resource)
        app.on_response_prepare.append(sign)
    """
    assert labels(tmp_path, app=source) == {
        "decorated": "async handler",
        "post": "async handler",
        "listed": "async handler",
        "routed": "async handler",
        "plain": "handler",
        "on_resource": "async handler",
        "check": "middleware",
        "sign": "middleware",
    }


def test_signals_and_clean_up_contexts(tmp_path: Path) -> None:
    source = """
        import requests
        from aiohttp import web

        async def start(app):
            requests.get("https://example.org")

        async def stop(app):
            requests.get("https://example.org")

        async def pool(app):
            requests.get("https://example.org")
            yield

        app = web.Application()
        app.on_startup.append(start)
        app.on_cleanup.extend([stop])
        app.cleanup_ctx.append(pool)
    """
    assert labels(tmp_path, app=source) == {
        "start": "startup or shutdown handler",
        "stop": "startup or shutdown handler",
        "pool": "lifespan",
    }


def test_functions_that_get_the_application(tmp_path: Path) -> None:
    """Neither the application nor the handlers are annotated where they are registered."""
    routes = """
        class Handlers:
            def __init__(self, client):
                self.client = client

            async def home(self, request):
                self.client.get("a")

        def setup_routes(app, handlers):
            router = app.router
            router.add_get("/", handlers.home)
    """
    main = """
        import redis
        from aiohttp import web
        from routes import Handlers, setup_routes

        def make():
            app = web.Application()
            setup_routes(app, Handlers(redis.Redis()))
            return app
    """
    assert labels(tmp_path, main=main, routes=routes) == {"home": "async handler"}


KEPT = """
    import redis
    from aiohttp import web

    {key}

    async def start(app):
        app[{name}] = redis.Redis()

    async def home(request):
        return {reading}

    app = web.Application()
    app.on_startup.append(start)
    app.router.add_get("/", home)
"""


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("", '"db"'),
        ('DB = "db"', "DB"),
        ('DB = web.AppKey("db", redis.Redis)', "DB"),
    ],
)
@pytest.mark.parametrize("owner", ["request.app", "request.config_dict"])
def test_what_an_application_keeps(tmp_path: Path, key: str, name: str, owner: str) -> None:
    source = KEPT.format(key=key, name=name, reading=f'{owner}[{name}].get("a")')
    assert places(tmp_path, app=source) == ["app:11 FWP101"]


def test_other_keys_and_other_mappings_are_silent(tmp_path: Path) -> None:
    source = KEPT.format(key="", name='"db"', reading='request.app["other"].get("a")')
    assert places(tmp_path, app=source) == []


def test_a_typed_key_says_what_it_holds(tmp_path: Path) -> None:
    source = """
        import redis
        from aiohttp import web

        cache = web.AppKey("cache", redis.Redis)

        async def home(request: web.Request) -> web.Response:
            return web.Response(text=request.app[cache].get("a"))
    """
    assert places(tmp_path, app=source) == ["app:8 FWP101"]


def test_what_a_request_carries(tmp_path: Path) -> None:
    source = """
        import redis
        from aiohttp import web

        @web.middleware
        async def attach(request, handler):
            request["cache"] = redis.Redis()
            return await handler(request)

        class Home(web.View):
            async def get(self):
                return self.request["cache"].get("a")
    """
    assert places(tmp_path, app=source) == ["app:12 FWP101"]


@pytest.mark.parametrize(
    ("imported", "web"),
    [
        ("from aiohttp import web", "web"),
        ("from aiohttp import web as server", "server"),
        ("import aiohttp.web", "aiohttp.web"),
        ("import aiohttp", "aiohttp.web"),
        ("import aiohttp as library", "library.web"),
        ("try:\n    import aiohttp\nexcept ImportError:\n    aiohttp = None", "aiohttp.web"),
    ],
)
def test_however_the_server_is_imported(tmp_path: Path, imported: str, web: str) -> None:
    source = f"""
import time
{imported}

def setup():
    def handler(request):
        time.sleep(1)

    app = {web}.Application()
    app.router.add_get("/", handler)
"""
    assert len(places(tmp_path, app=source)) == 1
