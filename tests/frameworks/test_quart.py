"""Quart: async views and hooks share one event loop, ``def`` ones go to a thread."""

from __future__ import annotations

from pathlib import Path

from tests.frameworks.projects import findings, labels, places


def test_views_and_hooks(tmp_path: Path) -> None:
    source = """
        import asyncio
        import time
        from quart import Blueprint, Quart

        app = Quart(__name__)
        pages = Blueprint("pages", __name__)

        @app.before_request
        async def check():
            await asyncio.sleep(1)
            time.sleep(1)

        @app.before_request
        def check_in_thread():
            time.sleep(1)

        @app.errorhandler(404)
        async def missing(error):
            await asyncio.sleep(1)
            time.sleep(1)

        @app.get("/")
        async def home():
            await asyncio.sleep(1)
            time.sleep(1)

        @pages.post("/thread")
        def in_thread():
            time.sleep(1)

        @pages.websocket("/ws")
        async def chat():
            await asyncio.sleep(1)
            time.sleep(1)

        async def later():
            await asyncio.sleep(1)
            time.sleep(1)

        async def added():
            await asyncio.sleep(1)
            time.sleep(1)

        @app.post("/later")
        async def schedule():
            app.add_background_task(later)

        app.add_url_rule("/added", view_func=added)
    """
    assert labels(tmp_path, app=source) == {
        "check": "middleware",
        "missing": "exception handler",
        "home": "async handler",
        "chat": "websocket handler",
        "later": "background task",
        "added": "async handler",
    }


def test_around_serving_weighs_less(tmp_path: Path) -> None:
    source = """
        import asyncio
        import requests
        from quart import Quart

        app = Quart(__name__)

        @app.before_serving
        async def start():
            await asyncio.sleep(1)
            requests.get("https://example.org")

        @app.while_serving
        async def serve():
            requests.get("https://example.org")
            yield
    """
    assert labels(tmp_path, app=source) == {
        "start": "startup or shutdown handler",
        "serve": "lifespan",
    }


def test_class_based_views(tmp_path: Path) -> None:
    source = """
        import asyncio
        import time
        from quart.views import MethodView

        class Item(MethodView):
            async def get(self, key):
                await asyncio.sleep(1)
                time.sleep(1)

            def post(self, key):
                time.sleep(1)
    """
    assert labels(tmp_path, app=source) == {"get": "async handler"}


def test_an_async_view_without_await_is_better_written_def(tmp_path: Path) -> None:
    source = """
        import time
        from quart import Quart

        app = Quart(__name__)

        @app.get("/")
        async def home():
            time.sleep(1)
            return "home"
    """
    (only,) = findings(tmp_path, app=source)
    assert only.startswith("app:8 FWP109")


def test_what_the_application_and_the_request_hold(tmp_path: Path) -> None:
    source = """
        import redis
        from quart import Quart, current_app, g

        app = Quart(__name__)
        app.cache = redis.Redis()

        @app.before_request
        async def attach():
            g.log = redis.Redis()

        @app.get("/")
        async def home():
            await other()
            g.log.get("a")
            return current_app.cache.get("b")

        async def other(): ...
    """
    assert places(tmp_path, app=source) == ["app:10 FWP513", "app:15 FWP101", "app:16 FWP101"]


def test_a_blueprint_that_a_loader_puts_into_modules(tmp_path: Path) -> None:
    loader = """
        from importlib.util import module_from_spec, spec_from_file_location
        from quart import Blueprint

        def load(path):
            spec = spec_from_file_location("page", path)
            page = module_from_spec(spec)
            page.manager = Blueprint("page", "page")
            spec.loader.exec_module(page)
            return page.manager
    """
    page = """
        import time

        @manager.get("/")
        async def home():
            await other()
            time.sleep(1)

        async def other(): ...
    """
    assert labels(tmp_path, loader=loader, page=page) == {"home": "async handler"}


def test_handlers_inside_wrappers(tmp_path: Path) -> None:
    source = """
        import time
        from functools import wraps
        from quart import Quart

        app = Quart(__name__)

        def login_required(f):
            @wraps(f)
            async def checked(*args, **kwargs):
                return await f(*args, **kwargs)

            return checked

        @app.get("/")
        @login_required
        async def home():
            time.sleep(1)
    """
    assert labels(tmp_path, app=source) == {"home": "async handler"}
