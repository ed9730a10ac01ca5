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
    assert "at blog/views.py:5: FWP201" in text


def test_what_a_helper_reads_of_each_row(session: Session) -> None:
    text = session.why(session.root / "blog/helpers.py", 2)
    assert "author, for each row of the query at blog/views.py:5" in text
    assert "at blog/views.py:5: FWP201 each row costs an extra query: author" in text


PAGES = {
    "blog/pages.py": """\
from django.shortcuts import render
from blog.models import Author, Post

def index(request):
    return render(request, "blog/index.html", {"posts": Post.objects.all(), "kind": kind()})

def writer(request):
    return render(request, "blog/writer.html", {"author": Author.objects.first()})
""",
    "blog/templates/blog/index.html": """\
{% for post in posts %}
  {{ post.author.name }}
{% endfor %}
{{ kind.name }}
""",
    "blog/templates/blog/writer.html": """\
{% for post in author.post_set.all %}
  {{ post.editor.name }}
{% endfor %}
""",
    "blog/templates/blog/lost.html": "{{ post }}",
}


@pytest.fixture
def pages(session: Session) -> Session:
    for path, text in PAGES.items():
        file = session.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return session


def test_what_a_template_reads(pages: Session) -> None:
    text = pages.why(pages.root / "blog/templates/blog/index.html", 2)
    assert "the template 'blog/index.html', rendered at blog/pages.py:5" in text
    assert "lookup: Author object (fetched along: nothing; one of many rows" in text
    assert "author, for each row of the query at blog/pages.py:5" in text
    assert "at blog/pages.py:5: FWP207 the template 'blog/index.html' shows each row" in text


def test_what_begins_in_a_template(pages: Session) -> None:
    text = pages.why(pages.root / "blog/templates/blog/writer.html", 1)
    assert "its rows lack editor, read at blog/templates/blog/writer.html:2" in text
    assert "at blog/pages.py:8: FWP207" in text


def test_what_a_template_does_not_know(pages: Session) -> None:
    text = pages.why(pages.root / "blog/templates/blog/index.html", 4)
    assert "none: what is read here is unknown:" in text


def test_a_template_that_nothing_renders(pages: Session) -> None:
    text = pages.why(pages.root / "blog/templates/blog/lost.html", 1)
    assert text.endswith("is a template that no code is known to render")


LOOP = """\
import asyncio
import os
import time
import threading

from fastapi import FastAPI

app = FastAPI()
lock = threading.Lock()
loaded = None

async def watch():
    while True:
        open("state")
        os.stat("state")
        time.sleep(0)
        await asyncio.sleep(1)

@app.on_event("startup")
async def begin():
    asyncio.create_task(watch())

@app.get("/")
async def show():
    global loaded
    if loaded is None:
        loaded = time.sleep(1)
    lock.acquire(blocking=False)
    if False:
        time.sleep(2)
    await asyncio.sleep(0)
"""


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ('open("state")', "only where a request waits for it, and none is known to wait here"),
        ("os.stat", "setting 'file-metadata'"),
        ("time.sleep(0)", "with these arguments it waits for nothing"),
        ("time.sleep(1)", "it happens once, and what it gives is kept"),
        ("blocking=False", "with these arguments it waits for nothing"),
    ],
)
def test_why_what_blocks_is_not_reported(code: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")
    (tmp_path / "app.py").write_text(LOOP, encoding="utf-8")
    session = Session.open(tmp_path, cache_dir=False)
    line = next(n for n, text in enumerate(LOOP.splitlines(), 1) if code in text)
    text = session.why(tmp_path / "app.py", line)
    assert reason in text.partition("  none: ")[2]


WITHHELD = """\
import time

class Relay:
    def __init__(self, leader):
        self.leader = leader

    def close(self):
        if self.leader:
            time.sleep(1)

async def show(relays):
    for relay in relays.all():
        close(relay)

def close(relay: Relay):
    relay.close()
"""


def test_why_what_may_never_happen_is_not_reported(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")
    (tmp_path / "app.py").write_text(WITHHELD, encoding="utf-8")
    text = Session.open(tmp_path, cache_dir=False).why(tmp_path / "app.py", 13)
    assert "  none: a helper does it only under a test" in text
    assert text.endswith("--preview reports it")
    (tmp_path / "pyproject.toml").write_text("[tool.fwp]\npreview = true\n", encoding="utf-8")
    assert "may block" in Session.open(tmp_path, cache_dir=False).why(tmp_path / "app.py", 13)


ASKED = """\
from contextvars import ContextVar

from django.db import models

is_signed = ContextVar("is_signed", default=True)

class Author(models.Model):
    name = models.TextField()

class Post(models.Model):
    author = models.ForeignKey(Author, on_delete=models.CASCADE)

def line(post):
    return post.author.name if is_signed.get() else ""

def find(name):
    return Author.objects.get(name=name) if is_signed.get() else None

def lines():
    return [line(post) for post in Post.objects.all()]

def found(names):
    return [find(name) for name in names]

def rename(names):
    for name in names:
        author = Author.objects.get(name=name)
        author.save()
"""


def test_why_queries_that_may_never_be_run_are_not_reported(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(ASKED, encoding="utf-8")
    session = Session.open(tmp_path, cache_dir=False)
    read = session.why(tmp_path / "app.py", 14)
    assert "author, for each row of the query at app.py:20; a helper does it only under a t" in read
    asked = session.why(tmp_path / "app.py", 23)
    assert asked.partition("  none: ")[2].startswith("a helper does it only under a test")
    renamed = session.why(tmp_path / "app.py", 27)
    assert renamed.partition("  none: ")[2].startswith("each round is a piece of work")
