"""Which applications routers are part of."""

from __future__ import annotations

from pathlib import Path

from tests.engine.trees import linked


def test_which_applications_a_router_belongs_to(tmp_path: Path) -> None:
    source = """
        from fastapi import APIRouter, FastAPI
        router = APIRouter()
        alone = APIRouter()
        one = FastAPI()
        other = FastAPI()
        one.include_router(router)
        other.include_router(router, prefix="/v2")

        @router.get("/x")
        def x(): ...
    """
    found = linked(tmp_path, {"app.py": source}).applications
    by_name = {router.name: router for router in found.routers.values()}
    above = found.applications_of(by_name["router"])
    assert [router.name for router in above] == ["one", "other"]
    assert found.applications_of(by_name["alone"]) == []


def test_routers_that_are_part_of_one_another_by_many_ways(tmp_path: Path) -> None:
    levels = 24
    lines = ["from fastapi import APIRouter, FastAPI", "app = FastAPI()", "r0 = APIRouter()"]
    for level in range(1, levels):
        lines.append(f"r{level} = APIRouter()")
        lines += [
            f"r{level - 1}.include_router(r{level}, prefix='/{name}')" for name in ("a", "b", "c")
        ]
    lines += ["app.include_router(r0)", f"r{levels - 1}.include_router(r0)"]
    found = linked(tmp_path, {"app.py": "\n".join(lines)}).applications
    inner = next(r for r in found.routers.values() if r.name == f"r{levels - 1}")
    assert [router.name for router in found.applications_of(inner)] == ["app"]
