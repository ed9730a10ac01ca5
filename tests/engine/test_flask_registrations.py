"""Less usual ways to register routes with Flask, and with what is built on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.trees import lines, tree

PROGRAMS: dict[str, tuple[dict[str, str], list[str]]] = {
    "classes of flask-openapi3": (
        {
            "app.py": """
            from flask_openapi3 import APIView, OpenAPI
            app = OpenAPI(__name__)
            views = APIView(url_prefix="/views")

            @views.route("/users")
            class Users:
                @views.doc(summary="all of them")
                def get(self): ...

            app.register_api_view(views)
            """
        },
        ["app GET /views/users Users.get"],
    ),
    "a rule whose function is bound to its endpoint, and one without a slash": (
        {
            "app.py": """
            from flask import Blueprint, Flask
            app = Flask(__name__)
            users = Blueprint("users", __name__, url_prefix="/users")
            app.add_url_rule("/home", endpoint="home")

            @app.endpoint("home")
            def home(): ...

            @users.post("new")
            def add(): ...

            @users.get("")
            def all(): ...

            app.register_blueprint(users)
            """
        },
        ["app GET /home home", "app POST /users/new add", "app GET /users all"],
    ),
    "Flask-RESTful in a function that is handed the API, over a dictionary": (
        {
            "app.py": """
            from flask import Flask
            from flask_restful import Api
            from resources import register

            app = Flask(__name__)
            api = Api(app, "/api")
            register(api)
            """,
            "resources.py": """
            from flask_restful import Resource

            class Users(Resource):
                def get(self): ...

            class Posts(Resource):
                def post(self): ...

            ROUTES = {"/users": Users, "/posts": Posts}

            def register(api):
                api.add_resource(Users, "/people")
                for path, resource in ROUTES.items():
                    api.add_resource(resource, path)
            """,
        },
        [
            "app GET /api/people Users.get",
            "app GET /api/users Users.get",
            "app POST /api/posts Posts.post",
        ],
    ),
    "functions that are put among the views, and methods one by one": (
        {
            "app.py": """
            import os
            from flask import Flask
            app = Flask(__name__)

            def home(): ...
            def users(): ...
            def some(): ...

            app.add_url_rule("/home", endpoint="home")
            app.view_functions["home"] = home
            for method in ("GET", "POST"):
                app.add_url_rule("/users", f"users-{method}", users, methods=[method])
            for method in ["PUT", "DELETE"]:
                @app.route("/posts", methods=[method], endpoint=method)
                def posts(): ...
            app.add_url_rule("/some", methods=os.environ["METHODS"].split(), view_func=some)
            """
        },
        [
            "app GET /home home",
            "app GET /users users",
            "app POST /users users",
            "app PUT /posts posts",
            "app DELETE /posts posts",
            "app ANY /some some",
        ],
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_routes(name: str, tmp_path: Path) -> None:
    files, expected = PROGRAMS[name]
    assert lines(tree(tmp_path, files)) == expected
