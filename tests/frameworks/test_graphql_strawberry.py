"""Object types of Strawberry: their fields, over rows of Django and of SQLAlchemy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.frameworks.projects import findings

MODELS = """
from django.db import models

class Color(models.Model):
    name = models.TextField()

class Fruit(models.Model):
    name = models.TextField()
    color = models.ForeignKey(Color, related_name="fruits", on_delete=models.CASCADE)
"""

TYPES = """
from typing import Annotated, List, Optional
import strawberry
import strawberry_django
from strawberry import auto, relay
from strawberry_django.relay import ListConnectionWithTotalCount
import models

@strawberry_django.type(models.Color)
class Color:
    name: auto
    fruits: "List[Fruit]"

@strawberry_django.type(models.Fruit)
class Fruit:
    id: auto
    {fields}

@strawberry.type
class Query:
    {query}
"""

_ASKED = re.compile(r"where a client asks for ([\w., ]*?) \(resolved")


def asked(root: Path, fields: str, query: str, more: str = "") -> list[str]:
    """What costs a query for each object of a list, by all findings."""
    schema = TYPES.format(fields=fields, query=query) + more
    found = findings(root, models=MODELS, schema=schema)
    assert not [text for text in found if "FWP90" in text]
    matches = [_ASKED.search(text) for text in found if "FWP210" in text]
    return [match[1] if match is not None else "" for match in matches]


@pytest.mark.parametrize(
    ("fields", "paths"),
    [
        ("color: Color", ["color"]),
        ("color: Optional[Color]", ["color"]),
        ('tint: "Color | None" = strawberry_django.field(field_name="color")', ["color"]),
        ("name: auto", []),
        ("color_id: int", []),
    ],
)
def test_fields(tmp_path: Path, fields: str, paths: list[str]) -> None:
    """Annotations read the attribute of their name."""
    assert asked(tmp_path, fields, "fruits: List[Fruit] = strawberry_django.field()") == paths


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        ("fruits: list[Fruit] = strawberry_django.field()", ["color"]),
        ("fruits: List[Fruit] = strawberry.django.field()", ["color"]),
        (
            "fruits: ListConnectionWithTotalCount[Fruit] = strawberry_django.connection()",
            ["color"],
        ),
        ("fruits: relay.ListConnection[Fruit] = strawberry_django.connection()", ["color"]),
        ("fruit: Fruit = strawberry_django.field()", []),
        ("fruits: list[Fruit]", []),
        ("fruits: list[Fruit] = own_field()", []),
    ],
)
def test_lists(tmp_path: Path, query: str, paths: list[str]) -> None:
    """The ways to declare a list."""
    assert asked(tmp_path, "color: Color", query) == paths


RESOLVED = """
    @strawberry.field
    def fruits(self, info) -> list[Fruit]:
        return models.Fruit.objects.{call}
"""


@pytest.mark.parametrize(
    ("call", "paths"),
    [
        ("all()", ["color"]),
        ('select_related("color")', []),
        ("get(pk=1)", []),
        ("all()[:3]", []),
    ],
)
def test_resolvers(tmp_path: Path, call: str, paths: list[str]) -> None:
    """Methods are resolvers, of the class or given to a field."""
    assert asked(tmp_path, "color: Color", "x: int", RESOLVED.format(call=call)) == paths
    given = f"""
def found() -> list[Fruit]:
    return models.Fruit.objects.{call}

@strawberry.type
class Others:
    fruits: list[Fruit] = strawberry.field(resolver=found)
"""
    assert asked(tmp_path, "color: Color", "x: int", given) == paths


@pytest.mark.parametrize(
    "optimizer",
    [
        "from strawberry_django.optimizer import DjangoOptimizerExtension",
        "import strawberry_django.optimizer",
        "from strawberry_django_plus.optimizer import DjangoOptimizerExtension",
    ],
)
def test_optimizer(tmp_path: Path, optimizer: str) -> None:
    """It fetches what clients ask for."""
    query = "fruits: list[Fruit] = strawberry_django.field()"
    assert asked(tmp_path, "color: Color", query, f"\n{optimizer}\n") == []


def test_field_that_asks(tmp_path: Path) -> None:
    """A query that depends on the object is run for each."""
    fields = """
    @strawberry.field
    def others(self) -> int:
        return models.Fruit.objects.filter(color=self.color_id).count()
    """
    query = "fruits: list[Fruit] = strawberry_django.field()"
    assert asked(tmp_path, fields, query) == [""]
    parent = fields.replace("self)", "root: strawberry.Parent[models.Fruit])")
    assert asked(tmp_path, parent.replace("self.", "root."), query) == [""]
    assert asked(tmp_path, fields.replace("self.color_id", "1"), query) == []


ALCHEMY = """
import strawberry
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, sessionmaker
from sqlalchemy.orm import joinedload

session = sessionmaker(create_engine("sqlite://"))()

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)

class Post(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    author: Mapped[User] = relationship()

@strawberry.type
class UserType:
    id: int

    @strawberry.field
    def posts(self) -> list["PostType"]:
        return {posts}

@strawberry.type
class PostType:
    id: int
    author: UserType

@strawberry.type
class Query:
    @strawberry.field
    def newest(self) -> list[PostType]:
        return session.scalars(select(Post){options}).all()
"""


def test_sqlalchemy(tmp_path: Path) -> None:
    """Rows of SQLAlchemy are resolved like any other object."""
    posts = "session.scalars(select(Post).where(Post.author_id == self.id)).all()"
    found = findings(tmp_path, app=ALCHEMY.format(posts=posts, options=""))
    assert [text.split()[1] for text in found] == ["FWP210", "FWP210"]
    loaded = ".options(joinedload(Post.author))"
    assert findings(tmp_path, app=ALCHEMY.format(posts="[]", options=loaded)) == []
