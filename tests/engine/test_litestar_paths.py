"""Paths and methods of Litestar's handlers, written in one way or another."""

from __future__ import annotations

from pathlib import Path

from tests.engine.trees import lines, tree

PROGRAM = """
from litestar import Controller, HttpMethod, Litestar, Router, get, post, route

class Items(Controller):
    path = "items"

    @get("{item:int}")
    async def one(self, item: int) -> str: ...

    @post("/")
    async def add(self) -> str: ...

    @route("/both", http_method=[HttpMethod.GET, "PUT"])
    async def both(self) -> str: ...

shop = Router("/shop/", route_handlers=[Items])
app = Litestar(route_handlers=[shop])
"""


def test_slashes_and_methods(tmp_path: Path) -> None:
    assert lines(tree(tmp_path, {"main.py": PROGRAM})) == [
        "app GET /shop/items/{item:int} Items.one",
        "app POST /shop/items Items.add",
        "app GET,PUT /shop/items/both Items.both",
    ]
