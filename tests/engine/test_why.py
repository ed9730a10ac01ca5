"""``fwp why``: what is said of queries and rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from fwp_checks.session import Session

FILES = {
    "pyproject.toml": "",
    "blog/__init__.py": "",
    "blog/models.py": """\
from django.db import models

class Author(models.Model):
    name = models.TextField()

class Post(models.Model):
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    editor = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="+")
""",
    "blog/views.py": """\
from blog.helpers import named
from blog.models import Post

def names():
    posts = Post.objects.select_related("editor")
    return [(post.editor.name, named(post)) for post in posts]
""",
    "blog/helpers.py": """\
def named(post):
    return post.author.name
""",
}


@pytest.fixture
def session(tmp_path: Path) -> Session:
    for path, text in FILES.items():
        file = tmp_path / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return Session.open(tmp_path, cache_dir=False)


def test_what_a_query_fetches(session: Session) -> None:
    text = session.why(session.root / "blog/views.py", 5)
    assert "QuerySet[Post] object (fetched along: editor; query built at blog/views.py:5)" in text
    assert "FWP201 each row costs an extra query: author" in text


def test_where_a_row_comes_from(session: Session) -> None:
    text = session.why(session.root / "blog/views.py", 6)
    assert "one of many rows, gone through at blog/views.py:6" in text
    assert "none: the line does not run on the event loop, and nothing" in text


def test_what_a_helper_reads_of_each_row(session: Session) -> None:
    text = session.why(session.root / "blog/helpers.py", 2)
    assert "author, for each row of the query at blog/views.py:5" in text
    assert "none: it is reported where the query is built" in text
