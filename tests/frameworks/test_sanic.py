"""Sanic: whatever it calls runs on the event loop, written ``def`` or not."""

from __future__ import annotations

from pathlib import Path

from tests.frameworks.projects import labels, places


def test_plain_functions_run_on_the_loop(tmp_path: Path) -> None:
    source = """
        import time
        from sanic import Blueprint, Sanic
        from sanic.exceptions import NotFound
        from sanic.views import HTTPMethodView

        app = Sanic("shop")
        pages = Blueprint("pages")
        group = Blueprint.group(pages)

        @app.get("/")
        def home(request):
            time.sleep(1)

        @pages.websocket("/feed")
        async def feed(request, ws):
            time.sleep(1)

        @app.middleware("request")
        def check(request):
            time.sleep(1)

        @group.middleware
        def check_group(request):
            time.sleep(1)

        @app.on_response
        async def after(request, response):
            time.sleep(1)

        @app.exception(NotFound)
        def missing(request, error):
            time.sleep(1)

        @app.before_server_start
        def start(app):
            time.sleep(1)

        @app.signal("user.registration.created")
        async def created():
            time.sleep(1)

        class Item(HTTPMethodView):
            def get(self, request):
                time.sleep(1)

        def added(request):
            time.sleep(1)

        def stop(app):
            time.sleep(1)

        async def job(app):
            time.sleep(1)

        app.add_route(added, "/added")
        app.register_listener(stop, "after_server_stop")
        app.add_task(job)
    """
    assert labels(tmp_path, app=source) == {
        "home": "handler",
        "feed": "websocket handler",
        "check": "middleware",
        "check_group": "middleware",
        "after": "middleware",
        "missing": "exception handler",
        "start": "startup or shutdown handler",
        "created": "background task",
        "get": "handler",
        "added": "handler",
        "stop": "startup or shutdown handler",
        "job": "background task",
    }


def test_what_is_kept_on_contexts(tmp_path: Path) -> None:
    source = """
        import redis
        from sanic import Sanic

        app = Sanic("shop")

        @app.before_server_start
        async def start(app, loop):
            app.ctx.cache = redis.Redis()

        @app.on_request
        async def attach(request):
            request.ctx.log = redis.Redis()

        @app.get("/")
        async def home(request):
            request.ctx.log.get("a")
            return request.app.ctx.cache.get("b")
    """
    assert places(tmp_path, app=source) == ["app:13 FWP513", "app:17 FWP101", "app:18 FWP101"]


def test_an_async_client_on_the_context_is_silent(tmp_path: Path) -> None:
    source = """
        import redis.asyncio
        from sanic import Sanic

        app = Sanic("shop")
        app.ctx.cache = redis.asyncio.Redis()

        @app.get("/")
        async def home(request):
            return await request.app.ctx.cache.get("b")
    """
    assert places(tmp_path, app=source) == []
