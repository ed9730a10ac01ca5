"""Flask: its async views have an event loop each, so nothing of them is reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.frameworks.projects import labels, places


def test_async_views_and_hooks_are_silent(tmp_path: Path) -> None:
    source = """
        import time
        from flask import Blueprint, Flask
        from flask.views import MethodView, View

        app = Flask(__name__)
        pages = Blueprint("pages", __name__)

        @app.before_request
        async def check():
            time.sleep(1)

        @pages.app_errorhandler(404)
        async def missing(error):
            time.sleep(1)

        @app.get("/")
        async def home():
            return await load()

        async def load():
            time.sleep(1)

        @pages.route("/about")
        async def about():
            time.sleep(1)

        class Item(MethodView):
            async def get(self):
                time.sleep(1)

        class Other(View):
            async def dispatch_request(self):
                time.sleep(1)

        async def late():
            time.sleep(1)

        app.add_url_rule("/late", view_func=late)
        app.add_url_rule("/item", view_func=Item.as_view("item"))
    """
    assert places(tmp_path, app=source) == []


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("apiflask", "APIFlask"),
        ("apiflask", "APIBlueprint"),
        ("flask_openapi3", "OpenAPI"),
        ("flask_smorest", "Blueprint"),
    ],
)
def test_extensions_that_derive_the_application(tmp_path: Path, module: str, name: str) -> None:
    source = f"""
        import time
        from {module} import {name}

        app = {name}("shop", __name__)

        @app.get("/")
        async def home():
            time.sleep(1)
    """
    assert places(tmp_path, app=source) == []


def test_what_no_view_reaches_is_reported(tmp_path: Path) -> None:
    source = """
        import time
        from flask import Flask

        app = Flask(__name__)

        @app.get("/")
        async def home():
            return "home"

        async def worker():
            time.sleep(1)
    """
    assert labels(tmp_path, app=source) == {"worker": "async function"}


def test_a_helper_that_another_framework_reaches_is_reported(tmp_path: Path) -> None:
    source = """
        import time
        from flask import Flask
        from quart import Quart

        old = Flask(__name__)
        new = Quart(__name__)

        async def load():
            time.sleep(1)

        @old.get("/")
        async def old_home():
            await load()

        @new.get("/")
        async def new_home():
            await load()
    """
    assert labels(tmp_path, app=source) == {"load": "async function"}
