"""What findings about queries want edited, and where they leave that to people."""

from __future__ import annotations

from pathlib import Path

import pytest

from fwp_checks.fixes import apply
from fwp_checks.session import Session

DJANGO_MODELS = """\
from django.db import models


class Author(models.Model):
    name = models.TextField()


class Post(models.Model):
    author = models.ForeignKey(Author, models.CASCADE, related_name="posts")


class Page(models.Model):
    author = models.ForeignKey(Author, models.CASCADE)
"""
SQLALCHEMY_MODELS = """\
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "authors"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Post(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
    author: Mapped[Author] = relationship()
"""


def fixed(root: Path, models: str, source: str) -> tuple[int, str]:
    """How many findings a source has beside models, and what their edits make of it."""
    (root / "blog").mkdir()
    (root / "blog/models.py").write_text(models)
    (root / "blog/views.py").write_text(source)
    (root / "pyproject.toml").write_text(
        "[tool.fwp]\nselect = ['FWP201', 'FWP202', 'FWP208', 'FWP211']\n"
    )
    findings = Session.open(root, cache_dir=False).check_all().findings
    texts = apply({"blog/views.py": source}, findings).texts
    return len(findings), texts.get("blog/views.py", source)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # Where the query goes on under a condition, it is edited where it begins.
        (
            "def show(x):\n    q = Post.objects.all()\n    if x:\n        q = q.filter(pk=x)\n",
            "def show(x):\n    q = Post.objects.all().select_related('author')\n    if x:\n"
            "        q = q.filter(pk=x)\n",
        ),
        # On either path.
        (
            "def show(x):\n    q = Post.objects.all() if x else Post.objects.filter(pk=x)\n",
            "def show(x):\n    q = Post.objects.all().select_related('author') if x else "
            "Post.objects.filter(pk=x).select_related('author')\n",
        ),
    ],
)
def test_paths(before: str, after: str, tmp_path: Path) -> None:
    source = (
        f"from blog.models import Post\n\n\n{before}    return [post.author.name for post in q]\n"
    )
    expected = source.replace(before, after.replace("'", '"'))
    assert fixed(tmp_path, DJANGO_MODELS, source) == (1, expected)


@pytest.mark.parametrize(
    "source",
    [
        # What one of the classes has, another may not have.
        """\
from blog.models import Page, Post


def show():
    for model in (Page, Post):
        for row in model.objects.all():
            print(row.author.name)
""",
        # PostgreSQL refuses to lock rows of an outer join.
        """\
from blog.models import Post


def show(locked):
    posts = Post.objects.all()
    if locked:
        posts = posts.select_for_update()
    posts = posts.filter(pk__gt=1)
    return [post.author.name for post in posts]
""",
        # An annotation may be better.
        """\
from blog.models import Author


def show():
    return [author.posts.count() for author in Author.objects.all()]
""",
    ],
)
def test_django_refuses(source: str, tmp_path: Path) -> None:
    count, text = fixed(tmp_path, DJANGO_MODELS, source)
    assert count > 0
    assert text == source


def test_objects_that_may_be_prefetched(tmp_path: Path) -> None:
    models = f"{DJANGO_MODELS}    post = models.ForeignKey(Post, models.CASCADE)\n"
    source = """\
from blog.models import Post


def some(pk):
    post = Post.objects.get(pk=pk)
    return [page.author.name for page in post.page_set.exclude(pk=1)]


def all_of_them(pk):
    post = Post.objects.get(pk=pk)
    return [page.author.name for page in post.page_set.all()]
"""
    count, text = fixed(tmp_path, models, source)
    assert count == 2
    assert text == source.replace("pk=1)", 'pk=1).select_related("author")')


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ("session.query(Post).filter(Post.id > 1)", "options(joinedload(Post.author))"),
        ("session.query(aliased(Post)).filter(Post.id > 1)", None),
        ("session.scalars(select(Post))", "options(joinedload(Post.author))"),
    ],
)
def test_sqlalchemy(query: str, options: str | None, tmp_path: Path) -> None:
    source = (
        "from sqlalchemy import select\nfrom sqlalchemy.orm import Session, aliased\n\n"
        "from blog.models import Post\n\n\ndef show(session: Session):\n"
        f"    return [post.author.name for post in {query}]\n"
    )
    count, text = fixed(tmp_path, SQLALCHEMY_MODELS, source)
    assert count == 1
    assert (text != source) is (options is not None)
    if options is not None:
        assert f".{options}" in text
        assert "import Session, aliased, joinedload\n" in text


def test_a_class_by_another_name(tmp_path: Path) -> None:
    source = (
        "from sqlalchemy import select\nfrom sqlalchemy.orm import Session\n\n"
        "from blog.models import Post as PostRow\n\n\nclass Post:\n    pass\n\n\n"
        "def show(session: Session):\n"
        "    return [post.author.name for post in session.scalars(select(PostRow))]\n"
    )
    count, text = fixed(tmp_path, SQLALCHEMY_MODELS, source)
    assert count == 1
    assert "select(PostRow).options(joinedload(PostRow.author))" in text


@pytest.mark.parametrize("is_base", [False, True])
def test_the_class_of_an_admin_page(is_base: bool, tmp_path: Path) -> None:
    source = """\
from django.contrib import admin

from blog.models import Page, Post


@admin.register(Post)
class PostAdmin(admin.ModelAdmin):
    list_display = ["pk", "author__name"]  # columns
"""
    if is_base:
        source += "\n\nclass PageAdmin(PostAdmin):\n    list_display = ['pk']\n"
    count, text = fixed(tmp_path, DJANGO_MODELS, source)
    assert count == 1
    added = '  # columns\n    list_select_related = ("author",)\n'
    assert text == (source if is_base else source.replace("  # columns\n", added))
