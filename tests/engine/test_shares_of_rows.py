"""Rows of queries that cross the shares of a project: one query, one finding, however it is
divided.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from fwp_checks.finding import Finding
from fwp_checks.project import shares
from fwp_checks.session import Session

MODELS = """
from django.db import models

class Author(models.Model):
    name = models.CharField()

    def save(self, *args, **kwargs):
        super().save(*args, **kwargs)

class Book(models.Model):
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    tags = models.ManyToManyField("Tag")

class Tag(models.Model):
    label = models.CharField()
"""

# The functions of the first file call those of the last one, so each share reaches into the other.
PROGRAM = {
    "a_views.py": """
from m_models import Author, Book, Tag
from z_work import counted, each, filled, names_of, shown, write

def authors(request):
    books = Book.objects.all()
    for book in books:
        print(book.author.name)
    return names_of(books), [counted(a, counts=False) for a in Author.objects.all()]

def loops(request):
    names = request.POST["names"].split()
    for name in names:
        write(name)
    for name in names:
        print(each(name))
    if Tag.objects.filter(label="x"):
        pass

def one(request):
    return filled(Book.objects.prefetch_related("tags").get(pk=1)), shown()
""",
    "m_models.py": MODELS,
    "z_work.py": """
from m_models import Author, Book

def names_of(books):
    return [tag.label for book in books for tag in book.tags.all()]

def counted(author, counts=True):
    return author.book_set.count() if counts else 0

def each(name):
    return Author.objects.get(name=name)

def write(name):
    Author(name=name).save()

def filled(book):
    return [tag.label for tag in book.tags.all()]

def shown(whole=False):
    if whole:
        for book in Book.objects.all():
            print(book.author.name)

def unknown(book):
    return filled(Book.objects.get(pk=1))
""",
}

# What a class derives from is found by a name that stands for a class of another module.
NAMED_BASE = {
    "manage.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_settings")\n',
    "site_settings.py": """
INSTALLED_APPS = ["django.contrib.auth", "people", "checking"]
AUTH_USER_MODEL = "people.User"
""",
    "checking/__init__.py": "",
    "checking/models.py": """
from django.contrib.auth import get_user_model
from django.db import models

class Checked(get_user_model()):
    class Meta:
        proxy = True

class Senior(Checked):
    class Meta:
        proxy = True

class Profile(models.Model):
    user = models.OneToOneField("people.User", on_delete=models.CASCADE)
    city = models.CharField()
""",
    "checking/views.py": """
from checking.models import Checked, Senior

def cities(request):
    return [checked.profile.city for checked in Checked.objects.all()]

def senior_cities(request):
    return [senior.profile.city for senior in Senior.objects.all()]
""",
    "people/__init__.py": "",
    "people/models.py": """
from django.contrib.auth.models import AbstractUser

class User(AbstractUser):
    pass
""",
}


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return _write(tmp_path / "program", PROGRAM)


def _write(root: Path, program: dict[str, str]) -> Path:
    for name, text in program.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (root / "pyproject.toml").write_text("[tool.fwp]\npreview = true\n", encoding="utf-8")
    return root


def _check(root: Path, jobs: int = 1) -> tuple[Finding, ...]:
    found = Session.open(root, cache_dir=False, jobs=jobs).check_all().findings
    return tuple(finding for finding in found if finding.code.startswith("FWP2"))


def test_what_is_found_in_one_share(program: Path) -> None:
    found = _check(program)
    # Nothing is needed of the rows in 'shown', whose one caller asks for none of it; nor in
    # 'filled', which some callers hand a book whose tags were fetched.
    assert [(one.path, one.code, one.range.line) for one in found] == [
        ("a_views.py", "FWP201", 6),
        ("a_views.py", "FWP204", 16),
        ("a_views.py", "FWP221", 17),
    ]
    # What is needed of the rows of one query is one finding.
    assert "(read at a_views.py:8; z_work.py:5)" in found[0].message


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_same_is_found_in_two(
    program: Path, jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = _check(program)
    monkeypatch.setattr(shares, "_WORTH_SHARES", 0)
    assert _check(program, jobs) == expected


def test_bases_that_settings_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = _write(tmp_path / "program", NAMED_BASE)
    expected = [("checking/views.py", "FWP201", 5), ("checking/views.py", "FWP201", 8)]
    assert [(one.path, one.code, one.range.line) for one in _check(root)] == expected
    monkeypatch.setattr(shares, "_WORTH_SHARES", 0)
    assert [(one.path, one.code, one.range.line) for one in _check(root)] == expected


def test_rows_in_a_function_that_many_others_call(tmp_path: Path) -> None:
    others = "".join(
        f"class Other{number}:\n    pass\n\nprint(name_of(Other{number}()))\n\n"
        for number in range(100)
    )
    calls = "    return [name_of(book) for book in Book.objects.all()]\n"
    root = _write(
        tmp_path / "program",
        {
            "z_others.py": f"import m_models\nfrom m_work import name_of\n\n{others}",
            "m_models.py": MODELS,
            "m_work.py": "def name_of(thing):\n    return thing.author.name\n",
            "a_views.py": "from m_models import Book\nfrom m_work import name_of\n\n"
            f"def names(request):\n{calls}",
        },
    )
    assert [(one.path, one.code) for one in _check(root)] == [("a_views.py", "FWP201")]


def test_queries_beside_what_may_be_saved(tmp_path: Path) -> None:
    root = _write(
        tmp_path / "program",
        {
            "m_models.py": MODELS,
            "views.py": """
from m_models import Tag

def found(label):
    return Tag.objects.get(label=label)

def stored(label, form):
    form.save()
    return found(label)

def many(request):
    for label in request.POST["labels"].split():
        stored(label, request.form)
    for label in request.POST["labels"].split():
        found(label)
""",
        },
    )
    # What each round saves is a piece of work for each item, whatever it is that is saved.
    assert [(one.code, one.range.line) for one in _check(root)] == [("FWP204", 15)]
