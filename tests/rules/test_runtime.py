"""Where code runs, asked of the frameworks themselves.

The rules rely on a table that says which functions a framework calls on the event loop and which in
a thread. Each test here runs the installed framework with a probe in every hook and compares what
the probes saw with the table. Frameworks that are not installed are skipped.
"""

# The frameworks are not installed where types are checked.
# mypy: disable-error-code="import-not-found,import-untyped,untyped-decorator,misc"

from __future__ import annotations

import asyncio
import functools
import json
import threading
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.rules.asgi import visit

LOOP, THREAD = "loop", "thread"


class Probe:
    """Notes where each named hook ran."""

    def __init__(self) -> None:
        self.seen: dict[str, str] = {}

    def __call__(self, hook: str) -> str:
        """Note the current place under ``hook``; gives a string, to be returned by handlers."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            self.seen[hook] = THREAD
        else:
            self.seen[hook] = LOOP
        return hook


@pytest.fixture
def probe() -> Probe:
    return Probe()


def _get(*paths: str) -> list[tuple[str, str, bytes]]:
    return [("GET", path, b"") for path in paths]


def test_fastapi_handlers_and_dependencies(probe: Probe) -> None:
    fastapi = pytest.importorskip("fastapi")
    depends = fastapi.Depends
    app = fastapi.FastAPI()

    async def async_dependency() -> None:
        probe("async dependency")

    def dependency() -> None:
        probe("def dependency")

    async def async_generator() -> AsyncIterator[None]:
        probe("async generator dependency, enter")
        yield
        probe("async generator dependency, exit")

    def generator() -> Iterator[None]:
        probe("def generator dependency, enter")
        yield
        probe("def generator dependency, exit")

    class Class:
        def __init__(self) -> None:
            probe("class as dependency")

    class AsyncCallable:
        async def __call__(self) -> None:
            probe("object with async __call__")

    class PlainCallable:
        def __call__(self) -> None:
            probe("object with def __call__")

    functions = (async_dependency, dependency, async_generator, generator)
    used = [depends(d) for d in (*functions, Class, AsyncCallable(), PlainCallable())]

    @app.get("/async", dependencies=used)
    async def async_handler() -> str:
        return probe("async handler")

    @app.get("/def")
    def handler() -> str:
        return probe("def handler")

    visit(app, *_get("/async", "/def"))
    assert probe.seen == {
        "async handler": LOOP,
        "def handler": THREAD,
        "async dependency": LOOP,
        "def dependency": THREAD,
        "async generator dependency, enter": LOOP,
        "async generator dependency, exit": LOOP,
        "def generator dependency, enter": THREAD,
        "def generator dependency, exit": THREAD,
        "class as dependency": THREAD,
        "object with async __call__": LOOP,
        "object with def __call__": THREAD,
    }


def test_fastapi_wrappers(probe: Probe) -> None:
    fastapi = pytest.importorskip("fastapi")
    app = fastapi.FastAPI()

    def plain(function: Callable[[], Any]) -> Callable[[], Any]:
        @functools.wraps(function)
        def wrapper() -> Any:
            probe(f"def wrapper around {function.__name__}")
            return function()

        return wrapper

    def awaiting(function: Callable[[], Any]) -> Callable[[], Any]:
        @functools.wraps(function)
        async def wrapper() -> Any:
            return function()

        return wrapper

    @app.get("/1")
    @plain
    async def async_handler() -> str:
        return "async"

    @app.get("/2")
    @plain
    def def_handler() -> str:
        return "def"

    @app.get("/3")
    @awaiting
    def wrapped() -> str:
        return probe("def handler in async wrapper")

    visit(app, *_get("/1", "/2", "/3"))
    assert probe.seen == {
        "def wrapper around async_handler": LOOP,
        "def wrapper around def_handler": THREAD,
        "def handler in async wrapper": LOOP,
    }


def test_fastapi_validators_run_on_the_loop(probe: Probe) -> None:
    fastapi = pytest.importorskip("fastapi")
    pydantic = pytest.importorskip("pydantic")

    def check(value: str) -> str:
        probe("validator of a request body")
        return value

    field = (str, pydantic.Field())
    body = pydantic.create_model(
        "Body", host=field, __validators__={"check": pydantic.field_validator("host")(check)}
    )
    app = fastapi.FastAPI()

    def handler(body: Any) -> str:
        return probe("def handler")

    handler.__annotations__["body"] = body
    app.post("/")(handler)
    visit(app, ("POST", "/", json.dumps({"host": "a"}).encode()))
    assert probe.seen == {"validator of a request body": LOOP, "def handler": THREAD}


def test_starlette_responses_and_tasks(probe: Probe) -> None:
    pytest.importorskip("starlette")
    from starlette.applications import Starlette
    from starlette.background import BackgroundTask, BackgroundTasks
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse, Response, StreamingResponse
    from starlette.routing import Route

    def task() -> None:
        probe("def background task")

    async def async_task() -> None:
        probe("async background task")

    def numbers() -> Iterator[str]:
        yield probe("def generator in StreamingResponse")

    async def async_numbers() -> AsyncIterator[str]:
        yield probe("async generator in StreamingResponse")

    async def tasks(request: Request) -> Response:
        background = BackgroundTasks([BackgroundTask(task), BackgroundTask(async_task)])
        return PlainTextResponse("tasks", background=background)

    async def stream(request: Request) -> Response:
        return StreamingResponse(numbers())

    async def async_stream(request: Request) -> Response:
        return StreamingResponse(async_numbers())

    async def fail(request: Request) -> Response:
        raise KeyError if request.url.path == "/key" else ValueError

    def on_key_error(request: Request, error: Exception) -> Response:
        return PlainTextResponse(probe("def exception handler"))

    async def on_value_error(request: Request, error: Exception) -> Response:
        return PlainTextResponse(probe("async exception handler"))

    app = Starlette(
        routes=[
            Route("/tasks", tasks),
            Route("/stream", stream),
            Route("/async", async_stream),
            Route("/key", fail),
            Route("/value", fail),
        ],
        exception_handlers={KeyError: on_key_error, ValueError: on_value_error},
    )
    visit(app, *_get("/tasks", "/stream", "/async", "/key", "/value"))
    assert probe.seen == {
        "def background task": THREAD,
        "async background task": LOOP,
        "def generator in StreamingResponse": THREAD,
        "async generator in StreamingResponse": LOOP,
        "def exception handler": THREAD,
        "async exception handler": LOOP,
    }


def test_starlette_endpoints_middleware_sockets(probe: Probe) -> None:
    pytest.importorskip("starlette")
    from starlette.applications import Starlette
    from starlette.endpoints import HTTPEndpoint
    from starlette.middleware import Middleware
    from starlette.middleware.base import BaseHTTPMiddleware
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse, Response
    from starlette.routing import Route, WebSocketRoute
    from starlette.websockets import WebSocket

    class Endpoint(HTTPEndpoint):
        async def get(self, request: Request) -> Response:
            return PlainTextResponse(probe("async method of HTTPEndpoint"))

        def post(self, request: Request) -> Response:
            return PlainTextResponse(probe("def method of HTTPEndpoint"))

    def plain(request: Request) -> Response:
        return PlainTextResponse(probe("def function of Route"))

    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        probe("websocket function")

    class Dispatching(BaseHTTPMiddleware):
        async def dispatch(self, request: Request, call_next: Any) -> Response:
            probe("BaseHTTPMiddleware.dispatch")
            response: Response = await call_next(request)
            return response

    class Bare:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            probe("pure ASGI middleware")
            await self.app(scope, receive, send)

    app = Starlette(
        routes=[
            Route("/endpoint", Endpoint),
            Route("/plain", plain),
            WebSocketRoute("/socket", socket),
        ],
        middleware=[Middleware(Dispatching), Middleware(Bare)],
    )
    visit(app, *_get("/endpoint", "/plain"), ("POST", "/endpoint", b""), ("WS", "/socket", b""))
    assert probe.seen == {
        "async method of HTTPEndpoint": LOOP,
        "def method of HTTPEndpoint": THREAD,
        "def function of Route": THREAD,
        "websocket function": LOOP,
        "BaseHTTPMiddleware.dispatch": LOOP,
        "pure ASGI middleware": LOOP,
    }


def test_fastapi_lifespan_and_startup(probe: Probe) -> None:
    fastapi = pytest.importorskip("fastapi")

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        probe("async lifespan")
        yield

    def generator(app: Any) -> Iterator[None]:
        probe("generator lifespan")
        yield

    def start() -> None:
        probe("def on_startup handler")

    visit(fastapi.FastAPI(lifespan=lifespan))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        visit(fastapi.FastAPI(lifespan=generator))
        visit(fastapi.FastAPI(on_startup=[start]))
    assert probe.seen == {
        "async lifespan": LOOP,
        "generator lifespan": LOOP,
        "def on_startup handler": LOOP,
    }


def test_offloading(probe: Probe) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(probe, "to_thread")
        await loop.run_in_executor(None, probe, "run_in_executor")
        await loop.run_in_executor(None, functools.partial(probe, "partial"))
        await asyncio.to_thread(lambda: probe("lambda"))
        await asyncio.to_thread(str, probe("argument of to_thread"))
        thread = threading.Thread(target=probe, args=("Thread",))
        thread.start()
        thread.join()
        loop.call_soon(probe, "call_soon")
        task = asyncio.ensure_future(asyncio.sleep(0))
        task.add_done_callback(lambda _: print(probe("done callback")))
        await task
        await asyncio.sleep(0)

    asyncio.run(main())
    assert probe.seen == {
        "to_thread": THREAD,
        "run_in_executor": THREAD,
        "partial": THREAD,
        "lambda": THREAD,
        "argument of to_thread": LOOP,
        "Thread": THREAD,
        "call_soon": LOOP,
        "done callback": LOOP,
    }


def test_offloading_by_libraries(probe: Probe) -> None:
    anyio = pytest.importorskip("anyio")
    concurrency = pytest.importorskip("starlette.concurrency")
    asgiref = pytest.importorskip("asgiref.sync")

    def numbers() -> Iterator[str]:
        yield probe("iterate_in_threadpool")

    async def main() -> None:
        await anyio.to_thread.run_sync(probe, "anyio")
        await concurrency.run_in_threadpool(probe, "run_in_threadpool")
        await asgiref.sync_to_async(probe)("sync_to_async")
        async for _ in concurrency.iterate_in_threadpool(numbers()):
            pass

    asyncio.run(main())
    assert set(probe.seen.values()) == {THREAD}
    assert len(probe.seen) == 4


def test_litestar(probe: Probe) -> None:
    litestar = pytest.importorskip("litestar")
    di = pytest.importorskip("litestar.di")

    def dependency() -> str:
        return probe("Provide(def)")

    def threaded_dependency() -> str:
        return probe("Provide(def, sync_to_thread=True)")

    async def async_handler() -> str:
        return probe("async handler")

    def handler(used: str, threaded: str) -> str:
        return probe("def handler")

    def threaded_handler() -> str:
        return probe("def handler, sync_to_thread=True")

    provided = {
        "used": di.Provide(dependency, sync_to_thread=False),
        "threaded": di.Provide(threaded_dependency, sync_to_thread=True),
    }
    handlers = [
        litestar.get("/async")(async_handler),
        litestar.get("/def", sync_to_thread=False, dependencies=provided)(handler),
        litestar.get("/threaded", sync_to_thread=True)(threaded_handler),
    ]
    visit(litestar.Litestar(handlers), *_get("/async", "/def", "/threaded"))
    assert probe.seen == {
        "async handler": LOOP,
        "def handler": LOOP,
        "def handler, sync_to_thread=True": THREAD,
        "Provide(def)": LOOP,
        "Provide(def, sync_to_thread=True)": THREAD,
    }


def test_litestar_without_a_choice_stays_on_the_loop(probe: Probe) -> None:
    litestar = pytest.importorskip("litestar")

    def handler() -> str:
        return probe("def handler")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        app = litestar.Litestar([litestar.get("/")(handler)])
    visit(app, *_get("/"))
    assert probe.seen == {"def handler": LOOP}


def test_quart(probe: Probe) -> None:
    quart = pytest.importorskip("quart")
    app = quart.Quart(__name__)

    @app.before_request
    def before() -> None:
        probe("def before_request")

    @app.get("/async")
    async def async_view() -> str:
        return probe("async view")

    @app.get("/def")
    def view() -> str:
        return probe("def view")

    visit(app, *_get("/async", "/def"))
    assert probe.seen == {"async view": LOOP, "def view": THREAD, "def before_request": THREAD}


def test_flask_gives_each_async_view_a_loop_of_its_own() -> None:
    flask = pytest.importorskip("flask")
    pytest.importorskip("asgiref")
    app = flask.Flask(__name__)
    loops: list[asyncio.AbstractEventLoop] = []

    @app.get("/")
    async def view() -> str:
        loops.append(asyncio.get_running_loop())
        return "view"

    client = app.test_client()
    assert [client.get("/").status_code for _ in range(2)] == [200, 200]
    assert loops[0] is not loops[1]


def test_aiohttp(probe: Probe) -> None:
    web = pytest.importorskip("aiohttp.web")
    tools = pytest.importorskip("aiohttp.test_utils")

    async def async_handler(request: Any) -> Any:
        return web.Response(text=probe("async handler"))

    def handler(request: Any) -> Any:
        return web.Response(text=probe("def handler"))

    async def main() -> None:
        app = web.Application()
        app.router.add_get("/async", async_handler)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            app.router.add_get("/def", handler)
        async with tools.TestClient(tools.TestServer(app)) as client:
            for path in ("/async", "/def"):
                await (await client.get(path)).release()

    asyncio.run(main())
    assert probe.seen == {"async handler": LOOP, "def handler": LOOP}


def test_sanic(probe: Probe) -> None:
    sanic = pytest.importorskip("sanic")
    app = sanic.Sanic("runtime_probe")

    @app.get("/async")
    async def async_handler(request: Any) -> Any:
        return sanic.text(probe("async handler"))

    @app.get("/def")
    def handler(request: Any) -> Any:
        return sanic.text(probe("def handler"))

    visit(app, *_get("/async", "/def"))
    assert probe.seen == {"async handler": LOOP, "def handler": LOOP}
