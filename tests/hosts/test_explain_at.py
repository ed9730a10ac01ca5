"""``fwp explain --at``: the function for statements that handlers repeat."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hosts.conftest import Fwp

ITEMS = '''
from fastapi import APIRouter, Depends, HTTPException
from sqlalchemy.orm import Session

from app.db import Item, get_db

router = APIRouter()


@router.get("/{item_id}")
def read(item_id: int, db: Session = Depends(get_db)):
    """One of them."""
    item = db.get(Item, item_id)
    if item is None:
        raise HTTPException(404, "no such item")

    return item


@router.put("/{item_id}")
def write(item_id: int, name: str, db: Session = Depends(get_db)):
    item = db.get(Item, item_id)
    if item is None:
        raise HTTPException(404, "nothing to write")
    item.name = name
    db.commit()


@router.delete("/{number}")
def remove(number: int, db: Session = Depends(get_db)):
    found = db.get(Item, number)
    if found is None:
        raise HTTPException(404, "nothing to remove")
    db.delete(found)
    return number


@router.get("/")
def index() -> list[str]:
    return []
'''
DB = """
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "item"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


def get_db():
    with Session() as session:
        yield session
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "items.py").write_text(ITEMS)
    (tmp_path / "app" / "db.py").write_text(DB)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("line", [11, 13, 22, 31])
def test_writes_the_dependency(line: int, project: Path, fwp: Fwp) -> None:
    result = fwp("explain", "--at", f"app/items.py:{line}", "--no-cache")
    assert result.status == 0
    assert result.out == (
        "# 3 handlers begin with the same 2 statements. Written once:\n"
        "\n"
        "from typing import Annotated\n"
        "\n"
        "\n"
        "def valid_item(item_id: int, db: Session = Depends(get_db)) -> Item:\n"
        "    item = db.get(Item, item_id)\n"
        "    if item is None:\n"
        '        raise HTTPException(404, "no such item")\n'
        "    return item\n"
        "\n"
        "\n"
        "ValidItem = Annotated[Item, Depends(valid_item)]\n"
        "\n"
        "# In place of the statements:\n"
        "# app/items.py:11 read(), lines 13-15\n"
        "    declare    item: ValidItem\n"
        "    drop       item_id, db\n"
        "# app/items.py:21 write(), lines 22-24\n"
        "    declare    item: ValidItem\n"
        "    drop       item_id\n"
        "# app/items.py:30 remove(), lines 31-33\n"
        "    declare    item: ValidItem\n"
        "    note       number is called item_id there; rename it, in the path, too\n"
    )


def test_names_a_class_as_its_module_is_imported(project: Path, fwp: Fwp) -> None:
    by_module = ITEMS.replace("from app.db import Item, get_db", "from app import db as data")
    by_module = by_module.replace("get_db", "data.get_db").replace("get(Item", "get(data.Item")
    (project / "app" / "items.py").write_text(by_module)
    result = fwp("explain", "--at", "app/items.py:11", "--no-cache")
    assert "db: Session = Depends(data.get_db)) -> data.Item:\n" in result.out
    assert "Annotated[data.Item, Depends(valid_item)]\n" in result.out


def test_imports_a_class_that_has_no_name_there(project: Path, fwp: Fwp) -> None:
    by_helper = ITEMS.replace("import Item, get_db", "import find, get_db")
    by_helper = by_helper.replace("db.get(Item, ", "find(db, ")
    (project / "app" / "items.py").write_text(by_helper)
    helper = "\n\ndef find(db: Session, number: int) -> Item:\n    return db.get(Item, number)\n"
    (project / "app" / "db.py").write_text(DB + helper)
    result = fwp("explain", "--at", "app/items.py:11", "--no-cache")
    assert "from typing import Annotated\nfrom app.db import Item\n" in result.out
    assert "-> Item:\n" in result.out


def test_names_the_dependency_that_is_there(project: Path, fwp: Fwp) -> None:
    (project / "app" / "deps.py").write_text(
        """from fastapi import APIRouter, Depends, HTTPException
from sqlalchemy.orm import Session

from app.db import Item, get_db

router = APIRouter()


def wanted(session: Session = Depends(get_db), number: int = 0) -> Item:
    found = session.get(Item, number)
    if found is None:
        raise HTTPException(404)
    return found


@router.get("/{number}/name")
def name_of(item: Item = Depends(wanted)):
    return item.name
"""
    )
    result = fwp("explain", "--at", "app/items.py:11", "--no-cache")
    assert result.status == 0
    assert result.out.startswith(
        "# 3 handlers begin with the same 2 statements. app/deps.py:9 does that already:\n"
        "\n"
        "from typing import Annotated\n"
        "from app.deps import wanted\n"
        "\n"
        "\n"
        "Wanted = Annotated[Item, Depends(wanted)]\n"
    )
    assert "def " not in result.out
    assert (
        "    note       item_id is called number there; rename it, in the path, too\n" in result.out
    )


def test_writes_the_types_of_several_results(project: Path, fwp: Fwp) -> None:
    begin = """    item = db.get(Item, item_id)
    other = db.get(Item, other_id)
    if item is None or other is None:
        raise HTTPException(404)
"""
    given = "item_id: int, other_id: int, db: Session = Depends(get_db)"
    handlers = [
        f'@router.get("/{name}/{{item_id}}")\ndef {name}({given}):\n{begin}    return item, other\n'
        for name in ("first", "second", "third")
    ]
    head = ITEMS.partition("@router")[0]
    (project / "app" / "items.py").write_text(head + "\n\n".join(handlers))
    result = fwp("explain", "--at", "app/items.py:11", "--no-cache")
    assert result.status == 0
    assert "-> tuple[Item, Item]:\n" in result.out
    assert "= Annotated[tuple[Item, Item], Depends(" in result.out


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("app/items.py:39", "no handler here"),
        ("app/items.py:1", "no handler here"),
        ("app/none.py:1", "app/none.py"),
        ("app:1", "is a folder"),
        ("app/items.py", "PATH:LINE"),
    ],
)
def test_nothing_to_write(place: str, expected: str, project: Path, fwp: Fwp) -> None:
    result = fwp("explain", "--at", place, "--no-cache")
    assert (result.status, result.out) == (2, "")
    assert expected in result.err


def test_a_rule_or_a_place(project: Path, fwp: Fwp) -> None:
    assert fwp("explain").status == 2
    assert fwp("explain", "FWP401", "--at", "app/items.py:11").status == 2


DECORATED = """
from functools import wraps

from fastapi import APIRouter, Depends, HTTPException

from app.db import Item, get_db

router = APIRouter()


def scoped(handler):
    @wraps(handler)
    def inner(*args, **kwargs):
        if kwargs["db"] is None:
            raise HTTPException(403)
        return handler(*args, **kwargs)

    return inner
"""
HANDLER = """

@router.get("/{number}/{{item_id}}")
@scoped
def read_{number}(item_id: int, db=Depends(get_db)):
    item = db.get(Item, item_id)
    if item is None:
        raise HTTPException(404, "no such item")
    return item
"""


def test_decorators_around_handlers_may_read_what_they_are_given(project: Path, fwp: Fwp) -> None:
    handlers = "".join(HANDLER.format(number=number) for number in range(3))
    (project / "app/items.py").write_text(DECORATED.lstrip() + handlers, "utf-8")
    result = fwp("explain", "--at", "app/items.py:24", "--no-cache")
    assert "drop" not in result.out
    assert (
        "    note       its decorators run after the dependency; item_id, db may go unless they "
        "read it\n"
    ) in result.out


CLASS = """
from fastapi import APIRouter, Depends, HTTPException
from fastapi_utils.cbv import cbv
from sqlalchemy.orm import Session

from app.db import Item, get_db

router = APIRouter()


@cbv(router)
class Items:
    db: Session = Depends(get_db)
"""
METHOD = """
    @router.get("/{number}/{{item_id}}")
    def read_{number}(self, item_id: int):
        item = self.db.get(Item, item_id)
        if item is None:
            raise HTTPException(404, "no such item")
        return item
"""


def test_methods_that_read_their_object(project: Path, fwp: Fwp) -> None:
    methods = "".join(METHOD.format(number=number) for number in range(3))
    (project / "app/items.py").write_text(CLASS.lstrip() + methods, "utf-8")
    result = fwp("explain", "--at", "app/items.py:17", "--no-cache")
    assert result.status == 0
    assert "def valid_item(self, item_id: int):\n" in result.out
    assert "    item = self.valid_item(item_id)\n" in result.out
    assert "Annotated" not in result.out
