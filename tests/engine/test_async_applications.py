"""What is found of applications of FastAPI, Starlette, Litestar, Sanic and aiohttp."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.trees import hooks, lines, linked, tree

PROGRAMS: dict[str, tuple[dict[str, str], list[str]]] = {
    "nested routers with prefixes": (
        {
            "main.py": """
            from fastapi import FastAPI
            from api import api
            from settings import settings

            app = FastAPI()
            app.include_router(api, prefix=f"{settings.PREFIX}/v1")
            """,
            "settings.py": """
            from pydantic_settings import BaseSettings

            class Settings(BaseSettings):
                PREFIX: str = "/api"

            settings = Settings()
            """,
            "api.py": """
            from fastapi import APIRouter
            import users
            api = APIRouter()
            api.include_router(users.router, prefix="/users")
            """,
            "users.py": """
            from fastapi import APIRouter
            router = APIRouter(prefix="/all")

            @router.get("/{id}")
            async def read(id: int): ...

            @router.websocket("/ws")
            async def ws(websocket): ...

            @router.api_route("/any", methods=["PUT", "PATCH"])
            async def change(): ...
            """,
        },
        [
            "app GET /api/v1/users/all/{id} read",
            "app WS /api/v1/users/all/ws ws",
            "app PUT,PATCH /api/v1/users/all/any change",
        ],
    ),
    "dependencies of parameters, decorators and attributes": (
        {
            "main.py": """
            from typing import Annotated
            from fastapi import Depends, FastAPI

            def session(): ...
            def user(db=Depends(session)): ...
            def allowed(): ...

            User = Annotated[object, Depends(user)]

            class Paging:
                def __init__(self, page: int = 0): ...

            app = FastAPI()

            @app.get("/a")
            def a(one: User, two=Depends(session), paging: Paging = Depends()): ...

            @app.get("/b", dependencies=[Depends(allowed)])
            def b(): ...
            """
        },
        ["app GET /a a needs user, session, Paging", "app GET /b b needs allowed"],
    ),
    "dependencies that a library makes": (
        {
            "users.py": """
            from fastapi_users import FastAPIUsers
            users = FastAPIUsers(None, [])
            current_user = users.current_user(active=True)
            """,
            "main.py": """
            from fastapi import Depends, FastAPI
            import users
            from users import current_user

            app = FastAPI()
            current_admin = users.users.current_user(superuser=True)

            @app.get("/a", dependencies=[Depends(current_user)])
            def a(admin=Depends(current_admin)): ...

            @app.get("/b")
            def b(user=Depends(users.current_user)): ...
            """,
        },
        ["app GET /a a needs current_user, current_admin", "app GET /b b needs current_user"],
    ),
    "routes added in a loop, and of a class": (
        {
            "main.py": """
            from fastapi import APIRouter, FastAPI

            class Crud:
                def __init__(self, prefix: str):
                    self.router = APIRouter(prefix=prefix)
                    self.router.add_api_route("/", self.all, methods=["GET"])

                async def all(self): ...

            async def status(): ...

            app = FastAPI()
            for path in ("/health", "/status"):
                app.add_api_route(path, status)
            app.include_router(Crud("/users").router)
            """
        },
        ["app GET /health status", "app GET /status status", "app GET /users/ Crud.all"],
    ),
    "decorators of the project's own": (
        {
            "main.py": """
            from fastapi import APIRouter, Depends, FastAPI
            from guard import guarded

            app = FastAPI()
            users = APIRouter(prefix="/users")

            def user(): ...

            def protected(method, path, **rest):
                def decorator(function):
                    return method(path, dependencies=[Depends(user)], **rest)(guarded(function))
                return decorator

            def page(path):
                def register(view):
                    app.add_api_route("/pages" + path, view)
                    return view
                return register

            def ping(view):
                app.add_api_route("/ping", view, methods=["HEAD"])
                return view

            @protected(users.get, "/{id}")
            def read(id: int): ...

            @page("/about")
            def about(): ...

            @ping
            def pong(): ...

            app.include_router(users)
            """
        },
        [
            "app GET /pages/about about",
            "app HEAD /ping pong",
            "app GET /users/{id} read needs user",
        ],
    ),
    "pairs in a loop": (
        {
            "main.py": """
            from fastapi import APIRouter, FastAPI

            async def one(): ...
            async def other(): ...

            ROUTES = [("/one", one), ("/other", other)]
            users, posts = APIRouter(), APIRouter()
            users.add_api_route("/", one)
            posts.add_api_route("/", other)
            app = FastAPI()
            for path, handler in ROUTES:
                app.add_api_route(path, handler)
            for prefix, router in (("/users", users), ("/posts", posts)):
                app.include_router(router, prefix=prefix)
            """
        },
        [
            "app GET /one one",
            "app GET /other other",
            "app GET /users/ one",
            "app GET /posts/ other",
        ],
    ),
    "a function that registers on an application": (
        {
            "main.py": """
            from fastapi import APIRouter, FastAPI

            def make(router: APIRouter, prefix: str):
                @router.get(prefix + "/all")
                async def all(): ...

            router = APIRouter()
            make(router, "/users")
            make(router, "/posts")
            app = FastAPI()
            app.include_router(router)
            """
        },
        ["app GET /users/all make.all", "app GET /posts/all make.all"],
    ),
    "routers in a list": (
        {
            "main.py": """
            from fastapi import FastAPI
            from api import ROUTERS

            app = FastAPI()
            for router in ROUTERS:
                app.include_router(router, prefix="/api")
            """,
            "api.py": "\n".join(
                [
                    "from fastapi import APIRouter",
                    *(f"r{n} = APIRouter(prefix='/{n}')" for n in range(15)),
                    "@r14.get('/last')",
                    "async def last(): ...",
                    f"ROUTERS = [{', '.join(f'r{n}' for n in range(15))}]",
                ]
            ),
        },
        ["app GET /api/14/last last"],
    ),
    "routers that a loop finds": (
        {
            "main.py": """
            import importlib
            from fastapi import FastAPI

            app = FastAPI()
            for name in ["users"]:
                app.include_router(importlib.import_module(name).router)
            """,
            "users.py": """
            from fastapi import APIRouter
            router = APIRouter(prefix="/users")

            @router.get("/")
            async def all(): ...
            """,
        },
        ["app GET /users/ all"],
    ),
    "a router of the project's own class": (
        {
            "main.py": """
            from fastapi import APIRouter, FastAPI

            class Router(APIRouter):
                def __init__(self, **rest):
                    super().__init__(**rest)

            router = Router(prefix="/own")

            @router.get("/")
            async def own(): ...

            def create_app() -> FastAPI:
                app = FastAPI()
                configure(app)
                return app

            def configure(app: FastAPI) -> None:
                app.include_router(router)
            """
        },
        ["app GET /own/ own"],
    ),
    "an application's own router": (
        {
            "main.py": """
            from fastapi import APIRouter, FastAPI
            app = FastAPI()
            users = APIRouter()

            async def home(): ...

            @users.get("/users")
            async def all(): ...

            app.router.add_api_route("/", home)
            app.router.include_router(users)
            """
        },
        ["app GET / home", "app GET /users all"],
    ),
    "an application mounted on another": (
        {
            "main.py": """
            from fastapi import FastAPI
            from fastapi.staticfiles import StaticFiles
            app = FastAPI()
            api = FastAPI()

            @api.get("/x")
            async def x(): ...

            app.mount("/static", StaticFiles(directory="static"))
            app.mount("/api", api)
            """
        },
        ["app GET /api/x x"],
    ),
    "routes by position, and put into the list of an application": (
        {
            "main.py": """
            from starlette.applications import Starlette
            from starlette.routing import Mount, Route, Router

            async def home(request): ...
            async def change(request): ...

            app = Starlette(False, [Mount("/api", Router([Route("/users", home)]))])
            app.add_route("/change", change, ["PUT"])
            app.router.routes.append(Route("/late", home))
            app.routes.extend([Route("/later", home, methods=["POST"])])
            """
        },
        [
            "app PUT /change change",
            "app GET /late home",
            "app POST /later home",
            "app GET /api/users home",
        ],
    ),
    "lists of routes": (
        {
            "main.py": """
            from starlette.applications import Starlette
            from starlette.endpoints import HTTPEndpoint
            from starlette.routing import Mount, Route, WebSocketRoute

            async def home(request): ...
            async def ws(websocket): ...

            class Users(HTTPEndpoint):
                async def get(self, request): ...
                async def post(self, request): ...

            routes = [
                Route("/", home),
                Mount("/api", routes=[Route("/users", Users)]),
                WebSocketRoute("/ws", ws),
            ]
            app = Starlette(routes=routes)
            """
        },
        [
            "app GET / home",
            "app WS /ws ws",
            "app GET /api/users Users.get",
            "app POST /api/users Users.post",
        ],
    ),
    "Litestar": (
        {
            "main.py": """
            from litestar import Controller, Litestar, Router, get, post
            from litestar.di import Provide

            async def session(): ...

            @get("/")
            async def home() -> str: ...

            class Users(Controller):
                path = "/users"

                @get(["/", "/all"])
                async def all(self) -> str: ...

                @post("/", dependencies={"db": Provide(session)})
                async def add(self) -> str: ...

            api = Router("/api", route_handlers=[Users])
            app = Litestar(route_handlers=[home, api])
            """
        },
        [
            "app GET / home",
            "app GET /api/users Users.all",
            "app GET /api/users/all Users.all",
            "app POST /api/users Users.add needs session",
        ],
    ),
    "Litestar with controllers that a plugin finds": (
        {
            "main.py": """
            from litestar import Controller, Litestar, get
            from plugins import Discovery

            class Users(Controller):
                path = "/users"

                @get("/")
                async def all(self) -> str: ...

            app = Litestar(plugins=[Discovery()])
            """
        },
        ["app GET /users Users.all"],
    ),
    "Sanic": (
        {
            "main.py": """
            from sanic import Blueprint, Sanic
            app = Sanic("app")
            users = Blueprint("users", url_prefix="/users")
            posts = Blueprint("posts", url_prefix="/posts")
            api = Blueprint.group(users, posts, url_prefix="/api")
            app.blueprint(api)

            @users.get("/<id>")
            async def user(request, id): ...

            async def all_posts(request): ...

            posts.add_route(all_posts, "/")
            """
        },
        ["app GET /api/users/<id> user", "app GET /api/posts/ all_posts"],
    ),
    "aiohttp": (
        {
            "main.py": """
            from aiohttp import web

            routes = web.RouteTableDef()

            @routes.get("/table")
            async def table(request): ...

            async def one(request): ...
            async def other(request): ...

            class View(web.View):
                async def get(self): ...

            def make():
                app = web.Application()
                api = web.Application()
                app.add_routes(routes)
                app.add_routes([web.get("/one", one), web.view("/view", View)])
                app.router.add_route("POST", "/other", other)
                api.router.add_get("/inner", other)
                app.add_subapp("/api", api)
                return app
            """
        },
        [
            "app GET /one one",
            "app GET /view View.get",
            "app POST /other other",
            "app GET /api/inner other",
            "app GET /table table",
        ],
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_routes(name: str, tmp_path: Path) -> None:
    files, expected = PROGRAMS[name]
    assert lines(tree(tmp_path, files)) == expected


def test_hooks_of_fastapi(tmp_path: Path) -> None:
    source = """
        from contextlib import asynccontextmanager
        from fastapi import FastAPI
        from starlette.middleware.base import BaseHTTPMiddleware

        @asynccontextmanager
        async def lifespan(app):
            yield

        class Timing(BaseHTTPMiddleware):
            async def dispatch(self, request, call_next): ...

        async def broken(request, error): ...

        app = FastAPI(lifespan=lifespan, exception_handlers={ValueError: broken})
        app.add_middleware(Timing)

        @app.middleware("http")
        async def count(request, call_next): ...

        @app.exception_handler(KeyError)
        async def missing(request, error): ...

        @app.on_event("startup")
        async def begin(): ...

        @app.on_event("shutdown")
        async def end(): ...
    """
    assert sorted(hooks(tree(tmp_path, {"app.py": source}))) == [
        "app exception handler broken",
        "app exception handler missing",
        "app lifespan lifespan",
        "app middleware Timing.dispatch",
        "app middleware count",
        "app shutdown function end",
        "app start-up function begin",
    ]


def test_hooks_of_starlette(tmp_path: Path) -> None:
    source = """
        from starlette.applications import Starlette
        from starlette.middleware import Middleware

        class Count:
            def __init__(self, app): ...
            async def __call__(self, scope, receive, send): ...

        async def begin(): ...

        app = Starlette(middleware=[Middleware(Count)], on_startup=[begin])
    """
    assert hooks(tree(tmp_path, {"app.py": source})) == [
        "app start-up function begin",
        "app middleware Count.__call__",
    ]


def test_hooks_of_litestar(tmp_path: Path) -> None:
    source = """
        from litestar import Controller, Litestar, get

        def guard(connection, handler): ...
        async def begin(app): ...

        class Users(Controller):
            guards = [guard]

            @get("/")
            async def all(self) -> str: ...

        app = Litestar(route_handlers=[Users], on_startup=[begin])
    """
    assert hooks(tree(tmp_path, {"app.py": source})) == [
        "app start-up function begin",
        "app before-request function guard",
    ]


_INJECTION = """
    from fastapi import APIRouter, Depends, FastAPI

    def settings(): ...
    def session(config=Depends(settings)): ...
    def user(db=Depends(session)): ...
    def outer(): ...
    def around(): ...
    def included(): ...

    router = APIRouter(dependencies=[Depends(around)])

    @router.get("/")
    def home(me=Depends(user)): ...

    app = FastAPI(dependencies=[Depends(outer)])
    app.include_router(router, dependencies=[Depends(included)])
"""


def test_dependencies_of_dependencies(tmp_path: Path) -> None:
    found = linked(tmp_path, {"app.py": _INJECTION}).applications
    (route,) = found.routes
    reached = found.reached_dependencies(route.dependencies)
    names = [frame.name for one in reached for frame in found.functions_of(one)]
    assert names == ["user", "session", "settings"]


def test_request_functions(tmp_path: Path) -> None:
    found = linked(tmp_path, {"app.py": _INJECTION}).applications
    called = {one.frame.name: one.what for one in found.request_functions.values()}
    assert called.pop("home") == "handler"
    assert set(called) == {"settings", "session", "user", "outer", "around", "included"}
    assert set(called.values()) == {"dependency"}
