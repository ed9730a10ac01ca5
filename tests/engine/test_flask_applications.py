"""What is found of applications of Flask and of what is built on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.trees import hooks, lines, linked, tree

PROGRAMS: dict[str, tuple[dict[str, str], list[str]]] = {
    "decorators": (
        {
            "app.py": """
            from flask import Flask
            app = Flask(__name__)

            @app.route("/", methods=["GET", "POST"])
            def home(): ...

            @app.get("/users/<int:id>")
            @app.get("/people/<int:id>")
            def user(id): ...
            """
        },
        [
            "app GET,POST / home",
            "app GET /users/<int:id> user",
            "app GET /people/<int:id> user",
        ],
    ),
    "classes of Flask-Classful": (
        {
            "app.py": """
            from flask import Blueprint, Flask
            from views import OrdersView, Status, QuotesOfDayView
            api = Blueprint("api", __name__, url_prefix="/api")

            def create_app():
                app = Flask(__name__)
                OrdersView.register(app)
                QuotesOfDayView.register(app, route_base="/quotes", route_prefix="/v2")
                Status.register(api)
                app.register_blueprint(api)
                return app
            """,
            "views.py": """
            from flask_classful import FlaskView, method, route

            class Base(FlaskView):
                excluded_methods = ["helper"]
                def before_request(self, name): ...
                def helper(self): ...
                def count(self): ...

            class OrdersView(Base):
                def index(self): ...
                def get(self, id: int): ...
                def post(self): ...
                @route("/<int:id>/lines", methods=["GET", "POST"])
                def lines(self, id): ...
                @method("PUT")
                def close(self, id, reason=None): ...
                def _total(self): ...

            class QuotesOfDayView(FlaskView):
                route_base = "ignored"
                trailing_slash = False
                def random(self): ...

            class Status(FlaskView):
                def index(self): ...
                @classmethod
                def made(cls): ...
            """,
        },
        [
            "app GET /api/status/ Status.index",
            "app GET /orders/count/ Base.count",
            "app GET /orders/ OrdersView.index",
            "app GET /orders/<int:id>/ OrdersView.get",
            "app POST /orders/ OrdersView.post",
            "app GET,POST /orders/<int:id>/lines OrdersView.lines",
            "app PUT /orders/close/<id>/ OrdersView.close",
            "app GET /v2/quotes/random QuotesOfDayView.random",
        ],
    ),
    "blueprints in a factory, nested, with prefixes": (
        {
            "app.py": """
            from flask import Flask
            from views import pages, api

            def create_app() -> Flask:
                app = Flask(__name__)
                app.register_blueprint(pages)
                app.register_blueprint(api, url_prefix="/v2")
                return app
            """,
            "views.py": """
            from flask import Blueprint
            from users import users
            pages = Blueprint("pages", __name__)
            api = Blueprint("api", __name__, url_prefix="/v1")
            api.register_blueprint(users)

            @pages.route("/about")
            def about(): ...

            @api.route("/status")
            def status(): ...
            """,
            "users.py": """
            from flask import Blueprint
            users = Blueprint("users", __name__, url_prefix="/users")

            def show(): ...

            users.add_url_rule("/", view_func=show)
            """,
        },
        ["app GET /about about", "app GET /v2/status status", "app GET /v2/users/ show"],
    ),
    "an application handed on": (
        {
            "app.py": """
            from flask import Flask
            from routes import register, annotated
            one = Flask("one")
            other = Flask("other")
            register(one)
            annotated(other)
            """,
            "routes.py": """
            from flask import Flask

            def register(app):
                @app.route("/one")
                def first(): ...

            def annotated(app: Flask):
                app.add_url_rule("/other", view_func=second)

            def second(): ...
            """,
        },
        ["one GET /one register.first", "other GET /other second"],
    ),
    "the only application, where calls do not tell": (
        {
            "app.py": """
            from flask import Flask
            app = Flask(__name__)
            """,
            "plugin.py": """
            from flask import Flask

            def load(app: Flask):
                @app.route("/plugin")
                def plugin(): ...
            """,
        },
        ["app GET /plugin load.plugin"],
    ),
    "one of two applications, where calls do not tell": (
        {
            "app.py": """
            from flask import Flask
            app = Flask("one")
            other = Flask("other")
            """,
            "plugin.py": """
            from flask import Flask

            def load(app: Flask):
                @app.route("/plugin")
                def plugin(): ...
            """,
        },
        ["? GET /plugin load.plugin"],
    ),
    "classes of views": (
        {
            "app.py": """
            from flask import Flask
            from flask.views import MethodView, View
            app = Flask(__name__)

            class Users(MethodView):
                def get(self): ...
                def post(self): ...

            class Home(View):
                def dispatch_request(self): ...

            users = Users.as_view("users")
            app.add_url_rule("/users", view_func=users)
            app.add_url_rule("/users/new", view_func=users, methods=["POST"])
            app.add_url_rule("/", view_func=Home.as_view("home"))
            """
        },
        [
            "app GET /users Users.get",
            "app POST /users Users.post",
            "app POST /users/new Users.post",
            "app GET / Home.dispatch_request",
        ],
    ),
    "a view behind wrappers": (
        {
            "app.py": """
            import functools
            from flask import Flask
            app = Flask(__name__)

            def signed_in(view):
                @functools.wraps(view)
                def check(*args, **kwargs):
                    return view(*args, **kwargs)
                return check

            @app.route("/a")
            @signed_in
            def a(): ...

            def b(): ...

            app.add_url_rule("/b", view_func=signed_in(b))
            """
        },
        ["app GET /a a", "app GET /b b"],
    ),
    "a function of the project's that registers": (
        {
            "app.py": """
            from flask import Flask
            app = Flask(__name__)

            def add(path, view, prefix="/api"):
                app.add_url_rule(prefix + path, view_func=view)

            def users(): ...
            def posts(): ...

            add("/users", users)
            add("/posts", posts, prefix="")
            """
        },
        ["app GET /api/users users", "app GET /posts posts"],
    ),
    "a class derived from Flask": (
        {
            "app.py": """
            from flask import Flask

            class Service(Flask):
                def __init__(self):
                    super().__init__("service")
                    self.add_url_rule("/health", view_func=self.health)

                def health(self): ...

            app = Service()

            @app.route("/")
            def home(): ...
            """
        },
        ["app GET /health Service.health", "app GET / home"],
    ),
    "a class derived from a library's mixin and Flask, with methods that override": (
        {
            "app.py": """
            from flask import Blueprint, Flask
            from flask_pluginengine import PluginFlaskMixin

            class Own(PluginFlaskMixin, Flask):
                def add_url_rule(self, rule, endpoint=None, view_func=None, **options):
                    return super().add_url_rule(rule, endpoint, view_func, **options)

            pages = Blueprint("pages", __name__)

            @pages.route("/about")
            def about(): ...

            def home(): ...

            def make():
                app = Own("own")
                app.add_url_rule("/", view_func=home)
                add(app)
                return app

            def add(app):
                app.register_blueprint(pages)
            """
        },
        ["app GET / home", "app GET /about about"],
    ),
    "blueprints that two loops find": (
        {
            "app.py": """
            from flask import Flask
            from plugins import found, old

            app = Flask(__name__)
            for blueprint in found():
                app.register_blueprint(blueprint)
            for blueprint in old():
                app.register_blueprint(blueprint)
            """,
            "views.py": """
            from flask import Blueprint
            pages = Blueprint("pages", __name__, url_prefix="/pages")

            @pages.route("/about")
            def about(): ...
            """,
        },
        ["app GET /pages/about about"],
    ),
    "blueprints in a loop": (
        {
            "app.py": """
            from flask import Flask
            from views import pages, api
            app = Flask(__name__)
            for blueprint in (pages, api):
                app.register_blueprint(blueprint)
            """,
            "views.py": """
            from flask import Blueprint
            pages = Blueprint("pages", __name__)
            api = Blueprint("api", __name__, url_prefix="/api")

            @pages.route("/about")
            def about(): ...

            @api.route("/status")
            def status(): ...
            """,
        },
        ["app GET /about about", "app GET /api/status status"],
    ),
    "Flask-RESTful": (
        {
            "app.py": """
            from flask import Flask
            from flask_restful import Api, Resource

            class Users(Resource):
                def get(self): ...

            class Own(Api):
                def add(self, resource, *urls):
                    return self.add_resource(resource, *urls)

            app = Flask(__name__)
            api = Own(prefix="/api")
            api.add_resource(Users, "/users", "/people")
            api.add(Users, "/own")
            api.init_app(app)
            """
        },
        [
            "app GET /api/users Users.get",
            "app GET /api/people Users.get",
            "app GET /api/own Users.get",
        ],
    ),
    "Flask-RESTX": (
        {
            "app.py": """
            from flask import Blueprint, Flask
            from flask_restx import Api, Namespace, Resource

            bp = Blueprint("api", __name__, url_prefix="/api")
            api = Api(bp)
            users = Namespace("users")
            posts = api.namespace("posts", path="/p")
            api.add_namespace(users)

            @users.route("/<id>")
            class User(Resource):
                def get(self, id): ...

            @posts.route("/")
            class Posts(Resource):
                def post(self): ...

            app = Flask(__name__)
            app.register_blueprint(bp)
            """
        },
        ["app GET /api/users/<id> User.get", "app POST /api/p/ Posts.post"],
    ),
    "flask-smorest": (
        {
            "app.py": """
            from flask import Flask
            from flask.views import MethodView
            from flask_smorest import Api, Blueprint

            app = Flask(__name__)
            api = Api(app)
            pets = Blueprint("pets", "pets", url_prefix="/pets")

            @pets.route("/")
            class Pets(MethodView):
                @pets.response(200)
                def get(self): ...

            api.register_blueprint(pets)
            """
        },
        ["app GET /pets/ Pets.get"],
    ),
    "APIFlask and flask-openapi3": (
        {
            "one.py": """
            from apiflask import APIBlueprint, APIFlask
            one = APIFlask(__name__)
            bp = APIBlueprint("bp", __name__, url_prefix="/bp")

            @bp.get("/x")
            @bp.output({})
            def x(): ...

            one.register_blueprint(bp)
            """,
            "other.py": """
            from flask_openapi3 import APIBlueprint, OpenAPI
            other = OpenAPI(__name__)
            api = APIBlueprint("api", __name__, url_prefix="/api")

            @api.post("/y")
            def y(): ...

            other.register_api(api)
            """,
        },
        ["one GET /bp/x x", "other POST /api/y y"],
    ),
    "Flask-AppBuilder": (
        {
            "app.py": """
            from flask import Flask
            from flask_appbuilder import AppBuilder, BaseView, expose
            from flask_appbuilder.api import BaseApi

            class Charts(BaseView):
                route_base = "/charts"

                @expose("/list", methods=["GET"])
                def list(self): ...

            class Status(BaseApi):
                resource_name = "status"

                @expose("/")
                def get(self): ...

            app = Flask(__name__)
            builder = AppBuilder(app)
            builder.add_view(Charts, "Charts")
            builder.add_api(Status)
            """
        },
        ["app GET /charts/list Charts.list", "app GET /api/v1/status/ Status.get"],
    ),
    "a helper that is handed a list, many times": (
        {
            "app.py": """
            from flask import Flask
            from pages import pages

            app = Flask(__name__)
            app.register_blueprint(pages, url_prefix="/p")
            """,
            "helpers.py": """
            def register(blueprint, paths, view):
                for path in paths:
                    blueprint.add_url_rule(path, view_func=view)
            """,
            "pages.py": "from flask import Blueprint\nfrom flask.views import MethodView, View\n"
            "from helpers import register\npages = Blueprint('pages', __name__)\n"
            "class Page(MethodView):\n    def get(self): ...\n    def put(self): ...\n"
            "class Changed(Page):\n    methods = ['PUT']\n"
            "class Form(View):\n    methods = ['GET', 'POST']\n"
            "    def dispatch_request(self): ...\n"
            "class Shown(View):\n    def dispatch_request(self): ...\n"
            "register(pages, ['/changed', '/c'], Changed.as_view('changed'))\n"
            "register(pages, view=Form.as_view('form'), paths=('/form',))\n"
            + "".join(
                f"register(pages, ['/{number}'], Shown.as_view('shown{number}'))\n"
                for number in range(42)
            ),
        },
        [
            *("app PUT /p/changed Page.put", "app PUT /p/c Page.put"),
            "app GET,POST /p/form Form.dispatch_request",
            *(f"app GET /p/{number} Shown.dispatch_request" for number in range(42)),
        ],
    ),
    "Quart": (
        {
            "app.py": """
            from quart import Blueprint, Quart
            app = Quart(__name__)
            pages = Blueprint("pages", __name__)

            @pages.get("/about")
            async def about(): ...

            @app.websocket("/ws")
            async def ws(): ...

            app.register_blueprint(pages, url_prefix="/pages")
            """
        },
        ["app WS /ws ws", "app GET /pages/about about"],
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_routes(name: str, tmp_path: Path) -> None:
    files, expected = PROGRAMS[name]
    assert lines(tree(tmp_path, files)) == expected


def test_hooks(tmp_path: Path) -> None:
    source = """
        from flask import Blueprint, Flask
        app = Flask(__name__)
        pages = Blueprint("pages", __name__)
        app.register_blueprint(pages)

        @app.before_request
        def load(): ...

        @pages.after_request
        def add(response): ...

        @app.errorhandler(404)
        def missing(error): ...

        app.register_error_handler(500, lambda error: "oops")
        app.teardown_appcontext(print)

        def picture_of(name): ...

        @app.context_processor
        def for_templates():
            return {"picture_of": picture_of, "title": "Shop"}
    """
    assert hooks(tree(tmp_path, {"app.py": source})) == [
        "app before-request function load",
        "app context processor for_templates",
        "app template function picture_of",
        "app exception handler missing",
        "app exception handler <lambda>",
        "app after-request function add",
    ]


def test_factories_and_request_functions(tmp_path: Path) -> None:
    source = """
        from flask import Flask

        def create_app():
            app = Flask(__name__)

            @app.before_request
            def load(): ...

            @app.route("/")
            def home(): ...

            register(app)
            return app

        def register(app):
            app.add_url_rule("/about", view_func=about)

        def about(): ...
        def helper(): ...
    """
    project = linked(tmp_path, {"app.py": source})
    found = project.applications
    (routers,) = found.factories.values()
    assert [router.class_name for router in routers] == ["flask.Flask"]
    called = {one.frame.qualname: one.what for one in found.request_functions.values()}
    assert called == {
        "about": "handler",
        "create_app.home": "handler",
        "create_app.load": "before-request function",
    }
