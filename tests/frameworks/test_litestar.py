"""Litestar: what runs on the loop although it is written ``def``, and what goes to a thread."""

from __future__ import annotations

from pathlib import Path

from tests.frameworks.projects import findings, labels, places


def test_handlers(tmp_path: Path) -> None:
    source = """
        import time
        from litestar import Controller, get, post, websocket, websocket_listener
        from litestar.handlers import HTTPRouteHandler

        @get("/")
        def plain() -> str:
            time.sleep(1)

        @get("/thread", sync_to_thread=True)
        def in_thread() -> str:
            time.sleep(1)

        @get("/loop", sync_to_thread=False)
        def on_loop() -> str:
            time.sleep(1)

        class Items(Controller):
            @post("/")
            async def create(self) -> str:
                time.sleep(1)

        @HTTPRouteHandler("/any", http_method="GET")
        async def any_method() -> str:
            time.sleep(1)

        @websocket("/feed")
        async def feed(socket) -> None:
            time.sleep(1)

        @websocket_listener("/echo")
        async def echo(data: str) -> str:
            await other()
            time.sleep(1)

        async def other() -> None: ...

        @websocket_listener("/echo/thread")
        def echo_in_thread(data: str) -> str:
            time.sleep(1)
    """
    assert labels(tmp_path, app=source) == {
        "plain": "handler",
        "on_loop": "handler",
        "create": "async handler",
        "any_method": "async handler",
        "feed": "websocket handler",
        "echo": "websocket handler",
    }


def test_dependencies(tmp_path: Path) -> None:
    source = """
        import time
        from litestar import Controller, Litestar, Router, get
        from litestar.di import Provide

        def on_loop() -> int:
            time.sleep(1)

        def in_thread() -> int:
            time.sleep(1)

        def bare() -> int:
            time.sleep(1)

        async def of_controller() -> int:
            time.sleep(1)

        class Service:
            def __init__(self) -> None:
                time.sleep(1)

        class Items(Controller):
            dependencies = {"b": of_controller}

            @get("/", dependencies={"a": Provide(on_loop), "s": Provide(Service)})
            async def show(self, a: int, b: int, s: Service) -> None: ...

        router = Router("/", route_handlers=[Items], dependencies={"c": bare})
        app = Litestar([router], dependencies={"d": Provide(in_thread, sync_to_thread=True)})
    """
    assert labels(tmp_path, app=source) == {
        "on_loop": "dependency",
        "bare": "dependency",
        "of_controller": "async dependency",
        "__init__": "dependency",
    }


def test_a_generator_dependency_is_finished_in_a_thread(tmp_path: Path) -> None:
    source = """
        import time
        from collections.abc import Generator
        from litestar.di import Provide

        def plain() -> Generator[int, None, None]:
            time.sleep(1)
            yield 1
            time.sleep(2)

        async def native():
            time.sleep(1)
            yield 1
            time.sleep(2)

        dependencies = {"plain": Provide(plain), "native": Provide(native)}
    """
    assert places(tmp_path, app=source) == ["app:7 FWP101", "app:12 FWP101", "app:14 FWP101"]


def test_hooks_of_all_layers(tmp_path: Path) -> None:
    source = """
        import time
        from contextlib import asynccontextmanager
        from litestar import Controller, Litestar, get

        def guard_in_thread(connection, handler) -> None:
            time.sleep(1)

        async def guard(connection, handler) -> None:
            await other()
            time.sleep(1)

        async def other() -> None: ...

        async def before(request) -> None:
            await other()
            time.sleep(1)

        def handle(request, error):
            time.sleep(1)

        def start(app) -> None:
            time.sleep(1)

        @asynccontextmanager
        async def life(app):
            time.sleep(1)
            yield

        class Items(Controller):
            guards = [guard]

            @get("/", guards=[guard_in_thread], before_request=before)
            async def show(self) -> None: ...

        app = Litestar(
            [Items], exception_handlers={404: handle}, on_startup=[start], lifespan=[life]
        )
    """
    assert labels(tmp_path, app=source) == {
        "guard": "middleware",
        "before": "middleware",
        "handle": "exception handler",
        "start": "startup or shutdown handler",
        "life": "lifespan",
    }


def test_middleware(tmp_path: Path) -> None:
    source = """
        import time
        from litestar import Litestar
        from litestar.middleware import (
            AbstractAuthenticationMiddleware, ASGIMiddleware, DefineMiddleware,
        )

        class Timing(ASGIMiddleware):
            async def handle(self, scope, receive, send, next_app):
                time.sleep(1)

        class Login(AbstractAuthenticationMiddleware):
            async def authenticate_request(self, connection):
                time.sleep(1)

        class Plain:
            def __init__(self, app, name):
                self.app = app

            async def __call__(self, scope, receive, send):
                time.sleep(1)

        def factory(app):
            async def made(scope, receive, send):
                time.sleep(1)

            return made

        app = Litestar([], middleware=[Timing(), DefineMiddleware(Plain, "x"), factory])
    """
    assert labels(tmp_path, app=source) == {
        "handle": "middleware",
        "authenticate_request": "middleware",
        "__call__": "middleware",
        "made": "middleware",
    }


def test_listeners_background_tasks_and_streams(tmp_path: Path) -> None:
    source = """
        import time
        from litestar import Response, get
        from litestar.background_tasks import BackgroundTask
        from litestar.events import listener
        from litestar.response import Stream

        @listener("created")
        def in_thread() -> None:
            time.sleep(1)

        async def notify(name: str) -> None:
            await other()
            time.sleep(1)

        async def other() -> None: ...

        async def rows():
            time.sleep(1)
            yield "row"

        def rows_in_thread():
            time.sleep(1)
            yield "row"

        @get("/")
        async def home() -> Response:
            return Response("home", background=BackgroundTask(notify, "x"))

        @get("/rows")
        async def stream(fast: bool) -> Stream:
            return Stream(rows()) if fast else Stream(rows_in_thread())
    """
    assert labels(tmp_path, app=source) == {
        "notify": "background task",
        "rows": "streaming generator",
    }


def test_what_plugins_configure(tmp_path: Path) -> None:
    source = """
        import time
        from litestar.config.app import AppConfig
        from litestar.plugins import InitPlugin

        def handle(request, error):
            time.sleep(1)

        def start(app):
            time.sleep(1)

        class Shop(InitPlugin):
            def on_app_init(self, app_config: AppConfig) -> AppConfig:
                app_config.exception_handlers = {404: handle}
                app_config.on_startup.append(start)
                return app_config
    """
    assert labels(tmp_path, app=source) == {
        "handle": "exception handler",
        "start": "startup or shutdown handler",
    }


def test_what_the_state_holds(tmp_path: Path) -> None:
    source = """
        import redis
        from litestar import Litestar, Request, get
        from litestar.datastructures import State

        async def start(app) -> None:
            app.state.cache = redis.Redis()

        @get("/")
        async def home(state: State) -> str:
            return state.cache.get("a")

        @get("/about")
        async def about(request: Request) -> str:
            return request.app.state.cache.get("a")

        @get("/given")
        async def given(state: State) -> str:
            return state.given.get("a")

        @get("/other")
        async def other(request: Request) -> str:
            return request.state.cache.get("a")

        app = Litestar(
            [home, about, given, other], on_startup=[start], state=State({"given": redis.Redis()})
        )
    """
    assert places(tmp_path, app=source) == ["app:11 FWP101", "app:15 FWP101", "app:19 FWP101"]


def test_validators_of_what_handlers_take(tmp_path: Path) -> None:
    source = """
        import socket
        from litestar import post
        from pydantic import BaseModel, field_validator

        class Item(BaseModel):
            host: str

            @field_validator("host")
            @classmethod
            def known(cls, host: str) -> str:
                return socket.gethostbyname(host)

        class Other(BaseModel):
            host: str

            @field_validator("host")
            @classmethod
            def unused(cls, host: str) -> str:
                return socket.gethostbyname(host)

        @post("/")
        async def create(data: Item) -> None: ...
    """
    assert labels(tmp_path, app=source) == {"known": "request validator"}


def test_the_way_out_of_plain_functions(tmp_path: Path) -> None:
    source = """
        import time
        from litestar import Litestar, get

        @get("/")
        def home() -> str:
            time.sleep(1)

        def handle(request, error):
            time.sleep(1)

        app = Litestar([home], exception_handlers={404: handle})
    """
    home, handle = findings(tmp_path, app=source)
    assert home.endswith("pass sync_to_thread=True.")
    assert handle.endswith("do it in an after_exception hook, which may be async.")
