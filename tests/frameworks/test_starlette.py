"""Starlette and FastAPI: functions that get the application or the request without annotations."""

from __future__ import annotations

from pathlib import Path

from tests.frameworks.projects import labels, places


def test_what_the_state_holds(tmp_path: Path) -> None:
    source = """
        from contextlib import asynccontextmanager
        import redis
        from fastapi import FastAPI, Request

        @asynccontextmanager
        async def life(app):
            app.state.cache = redis.Redis()
            yield

        app = FastAPI(lifespan=life)

        @app.middleware("http")
        async def attach(request, call_next):
            request.state.log = redis.Redis()
            request.app.state.cache.get("a")
            return await call_next(request)

        @app.get("/")
        async def home(request: Request):
            await request.body()
            request.state.log.get("a")
            return request.app.state.cache.get("a")
    """
    assert places(tmp_path, app=source) == [
        "app:15 FWP513",
        "app:16 FWP101",
        "app:22 FWP101",
        "app:23 FWP101",
    ]


def test_plain_endpoints_get_the_request(tmp_path: Path) -> None:
    source = """
        import redis
        from starlette.applications import Starlette
        from starlette.endpoints import HTTPEndpoint
        from starlette.routing import Route, WebSocketRoute

        async def home(request):
            await request.body()
            request.app.state.cache.get("a")

        async def feed(socket):
            socket.app.state.cache.get("a")

        class About(HTTPEndpoint):
            async def get(self, request):
                await request.body()
                request.app.state.cache.get("a")

        app = Starlette(routes=[
            Route("/", home), WebSocketRoute("/feed", feed), Route("/about", About),
        ])
        app.state.cache = redis.Redis()
    """
    assert labels(tmp_path, app=source) == {
        "home": "async handler",
        "feed": "websocket handler",
        "get": "async handler",
    }


def test_handlers_that_a_function_registers(tmp_path: Path) -> None:
    source = """
        import requests
        from fastapi import FastAPI

        def register(app, path):
            @app.get(path)
            async def home():
                await other()
                return requests.get("https://example.org").text

        async def other(): ...

        def make():
            app = FastAPI()
            register(app, "/")
            return app
    """
    assert labels(tmp_path, app=source) == {"home": "async handler"}
