"""The proof can fail for SQLAlchemy, too, alone and behind Flask and FastAPI."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.proof.test_harness import case, finding, result
from tests.proof.verdicts import contradictions

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="each case runs in a fork")

MODELS = """\
from sqlalchemy import Column, ForeignKey, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


tagged = Table(
    "tagged",
    Base.metadata,
    Column("post_id", ForeignKey("posts.id"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id"), primary_key=True),
)


class Author(Base):
    __tablename__ = "authors"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Tag(Base):
    __tablename__ = "tags"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Post(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str]
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
    author: Mapped[Author] = relationship()
    tags: Mapped[list[Tag]] = relationship(secondary=tagged)
"""
LOOPS = """\
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.models import Post


def authors(session: Session):
    return [post.author.name for post in session.scalars(select(Post).where(Post.status == "live"))]


def tags(session: Session):
    for post in session.scalars(select(Post)):
        yield len(post.tags)


def loaded(session: Session):
    return [post.author for post in session.scalars(select(Post).options(joinedload(Post.author)))]


def few(posts):
    return [post.author for post in posts[:10]]
"""


def test_loops(tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy")
    found = result(tmp_path, case({"app/models.py": MODELS, "app/main.py": LOOPS}))
    assert {entry["name"]: len(entry["growing"]) for entry in found["entries"]} == {
        "app.main.authors": 1,
        "app.main.tags": 1,
        "app.main.loaded": 0,
        "app.main.few": 0,
    }
    right = [finding("FWP211", "app/main.py", 8), finding("FWP211", "app/main.py", 13)]
    assert contradictions(right, found) == []
    assert len(contradictions(right[:1], found)) == 1
    assert len(contradictions([*right, finding("FWP211", "app/main.py", 17)], found)) == 1


def test_an_asynchronous_session(tmp_path: Path) -> None:
    pytest.importorskip("aiosqlite")
    source = """\
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Post


async def refused(session: AsyncSession):
    post = await session.get(Post, 1)
    return post.author.name


async def loaded(session: AsyncSession):
    post = await session.get(Post, 1)
    return await post.awaitable_attrs.author
"""
    models = MODELS.replace("DeclarativeBase", "AsyncAttrs, DeclarativeBase").replace(
        "import AsyncAttrs, DeclarativeBase", "import DeclarativeBase"
    )
    models = f"from sqlalchemy.ext.asyncio import AsyncAttrs\n{models}"
    found = result(tmp_path, case({"app/models.py": models, "app/main.py": source}))
    assert contradictions([finding("FWP213", "app/main.py", 8)], found) == []
    (missed,) = contradictions([], found)
    assert "app.main.refused cannot be run" in missed
    assert len(contradictions([finding("FWP213", "app/main.py", 13)], found)) == 2


def test_fastapi(tmp_path: Path) -> None:
    pytest.importorskip("httpx")
    pytest.importorskip("fastapi")
    source = """\
from fastapi import Depends, FastAPI
from pydantic import BaseModel
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from app.models import Post

engine = create_engine("sqlite://")
app = FastAPI()


class AuthorOut(BaseModel):
    name: str


class PostOut(BaseModel):
    author: AuthorOut


def get_db():
    with Session(engine) as session:
        yield session


@app.get("/posts", response_model=list[PostOut])
def posts(db: Session = Depends(get_db)):
    return db.scalars(select(Post)).all()


@app.get("/posts/{post_id}", response_model=PostOut)
async def post(post_id: int, db: Session = Depends(get_db)):
    return db.get(Post, post_id)
"""
    found = result(tmp_path, case({"app/models.py": MODELS, "app/main.py": source}))
    assert {entry["name"]: len(entry["growing"]) for entry in found["entries"]} == {
        "GET /posts": 1,
        "GET /posts/1": 0,
    }
    assert contradictions([finding("FWP212", "app/main.py", 26)], found) == []


def test_flask(tmp_path: Path) -> None:
    pytest.importorskip("flask_sqlalchemy")
    models = """\
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()


class Author(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String)


class Post(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    author_id = db.Column(db.ForeignKey("author.id"))
    author = db.relationship("Author")
"""
    source = """\
from flask import Flask, jsonify

from app.models import Post, db

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
db.init_app(app)


@app.get("/posts")
def posts():
    return jsonify([post.author.name for post in Post.query])


@app.get("/posts/<int:post_id>")
def post(post_id):
    return Post.query.get(post_id).author.name


def names():
    return [post.author.name for post in Post.query.options(db.joinedload(Post.author))]
"""
    found = result(tmp_path, case({"app/models.py": models, "app/main.py": source}))
    assert {entry["name"]: len(entry["growing"]) for entry in found["entries"]} == {
        "GET /posts": 1,
        "GET /posts/1": 0,
        "app.main.names": 0,
    }
