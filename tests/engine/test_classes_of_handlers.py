"""Methods of classes that a router of FastAPI decorates, as fastapi-utils has them."""

from __future__ import annotations

from pathlib import Path

from tests.engine.trees import lines, tree

PROGRAM = {
    "main.py": """
    from fastapi import Depends, FastAPI
    from fastapi_utils.cbv import cbv
    from fastapi_utils.inferring_router import InferringRouter

    def session(): ...

    app = FastAPI()
    router = InferringRouter(prefix="/items")

    @cbv(router)
    class Items:
        db: object = Depends(session)

        @router.get("/{id}")
        def read(self, id: int): ...

    app.include_router(router)
    """,
}


def test_a_router_by_another_name(tmp_path: Path) -> None:
    expected = ["app GET /items/{id} Items.read needs session"]
    assert lines(tree(tmp_path, PROGRAM)) == expected
