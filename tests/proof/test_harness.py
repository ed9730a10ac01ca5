"""The proof can fail: a wrong label, or a wrong fix, is contradicted."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fwp_checks.finding import Edit, Finding, Range, Severity, Step
from tests.proof.conventions import Instructions, instructions
from tests.proof.projects import Project, fixed, run
from tests.proof.verdicts import contradictions, whole_tables
from tests.rules.markdown import Case, PageError

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="each case runs in a fork")

MODELS = """\
from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=20)


class Tag(models.Model):
    name = models.SlugField(unique=True)


class Article(models.Model):
    title = models.TextField()
    status = models.CharField(max_length=10)
    author = models.ForeignKey(Author, models.CASCADE)
    editor = models.ForeignKey(Author, models.CASCADE, null=True, related_name="edited")
    tags = models.ManyToManyField(Tag)
    parent = models.ForeignKey("self", models.CASCADE, null=True)
"""
LOOP = """\
from blog.models import Article


def names():
    articles = Article.objects.filter(status="live")
    return [
        article.author.name
        for article in articles
    ]


def few():
    return [article.author.name for article in Article.objects.all()[:10]]


def loaded():
    return [article.author.name for article in Article.objects.select_related("author")]
"""

INDEX = """\
{% for a in object_list %}
{{ a.tags.all|length }}
{% endfor %}
"""


def case(files: dict[str, str], *prose: str) -> Case:
    return Case(Path("rule.md"), 1, "Case", list(prose), files)


def finding(code: str, path: str, line: int, *steps: tuple[str, int]) -> Finding:
    trace = tuple(Step(name, Range(at, 1, at, 2), "") for name, at in steps)
    where = Range(line, 1, line, 2)
    return Finding(code, "", Severity.WARNING, path, where, "", "", "", "", trace)


def result(tmp_path: Path, one: Case) -> dict[str, Any]:
    one.write(tmp_path)
    (found,) = run([Project(one, tmp_path, (), instructions(one))])
    return found


@pytest.fixture(autouse=True)
def _django() -> None:
    pytest.importorskip("django")


def test_a_loop(tmp_path: Path) -> None:
    found = result(tmp_path, case({"blog/models.py": MODELS, "blog/views.py": LOOP}))
    assert [entry["name"] for entry in found["entries"]] == [
        "blog.views.names",
        "blog.views.few",
        "blog.views.loaded",
    ]
    assert [len(entry["growing"]) for entry in found["entries"]] == [1, 0, 0]
    (growing,) = found["entries"][0]["growing"]
    assert (growing["from"] >= 12, growing["to"]) == (True, 2 * growing["from"])
    right = finding("FWP201", "blog/views.py", 5, ("blog/views.py", 7))
    assert contradictions([right], found) == []
    (missed,) = contradictions([], found)
    assert missed.startswith("no finding, but ")
    assert "blog/views.py:7" in missed
    elsewhere = finding("FWP201", "blog/views.py", 16)
    assert contradictions([right, elsewhere], found) == [
        "blog/views.py:16: FWP201 is reported, but no query grows with the rows"
    ]


def test_what_is_run_can_be_said(tmp_path: Path) -> None:
    source = "def count(titles, found):\n    return [found(title) for title in titles]\n"
    one = case(
        {"blog/models.py": MODELS, "blog/jobs.py": source},
        "Text.",
        "<!-- run: blog.jobs.count(['a'] * N, lambda _: Article.objects.count()) -->",
        "<!-- run: blog.jobs.count(['a'], lambda _: Article.objects.count()) -->",
    )
    found = result(tmp_path, one)
    assert [len(entry["growing"]) for entry in found["entries"]] == [1, 0]


def test_what_cannot_be_run_is_told(tmp_path: Path) -> None:
    source = "def unknown(whatever):\n    pass\n\n\ndef wrong():\n    raise ValueError('no')\n"
    found = result(tmp_path, case({"blog/models.py": MODELS, "blog/jobs.py": source}))
    assert contradictions([], found) == [
        "blog.jobs.unknown cannot be run: no value is known for the parameter 'whatever'",
        "blog.jobs.wrong cannot be run: ValueError: no",
    ]
    broken = result(tmp_path / "broken", case({"blog/models.py": "raise ValueError('no')\n"}))
    assert "ValueError: no" in contradictions([], broken)[0]
    nothing = result(tmp_path / "nothing", case({"blog/models.py": MODELS}))
    assert contradictions([], nothing) == [
        "there is nothing to run: say what, with <!-- run: … -->"
    ]


def test_a_template(tmp_path: Path) -> None:
    view = """\
from django.shortcuts import render
from django.views.generic import ListView

from blog.models import Article


def index(request):
    return render(request, "index.html", {"object_list": Article.objects.all()})


class Articles(ListView):
    model = Article
    template_name = "list.html"
    paginate_by = 100
"""
    one = case(
        {
            "blog/models.py": MODELS,
            "blog/views.py": view,
            "blog/templates/index.html": INDEX,
            "blog/templates/list.html": INDEX.replace("a.tags.all|length", "a.title"),
        }
    )
    found = result(tmp_path, one)
    growing = {entry["name"]: entry["growing"] for entry in found["entries"]}
    assert growing.pop("blog.views.Articles") == []
    ((query,),) = growing.values()
    assert ["blog/templates/index.html", 2, 2] in query["sites"]
    assert ["blog/views.py", 8, 8] in query["sites"]


def test_rest_framework_and_admin(tmp_path: Path) -> None:
    pytest.importorskip("rest_framework")
    api = """\
from rest_framework import serializers, viewsets

from blog.models import Article


class ArticleSerializer(serializers.ModelSerializer):
    author = serializers.StringRelatedField()

    class Meta:
        model = Article
        fields = ["title", "author"]


class Articles(viewsets.ModelViewSet):
    queryset = Article.objects.all()
    serializer_class = ArticleSerializer


class Loaded(viewsets.ReadOnlyModelViewSet):
    queryset = Article.objects.select_related("author")
    serializer_class = ArticleSerializer
"""
    admin = """\
from django.contrib import admin

from blog.models import Article, Tag


@admin.register(Article)
class ArticleAdmin(admin.ModelAdmin):
    list_display = ["title", "author__name"]


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin):
    list_display = ["name"]
"""
    one = case({"blog/models.py": MODELS, "blog/api.py": api, "blog/admin.py": admin})
    found = result(tmp_path, one)
    assert {entry["name"]: len(entry["growing"]) for entry in found["entries"]} == {
        "blog.api.Articles": 1,
        "blog.api.Loaded": 0,
        "admin list of Article": 1,
        "admin form of Article": 0,
        "admin list of Tag": 0,
        "admin form of Tag": 0,
    }


def test_instructions() -> None:
    assert instructions(case({}, "Text.")) == Instructions()
    found = instructions(
        case({}, "<!-- run: a.b -->", "<!-- run: c(1) -->", "<!-- needs: pytest>=1.0 -->")
    )
    assert found == Instructions(["a.b", "c(1)"], [], ["pytest>=1.0"])
    assert found.missing == ""
    told = instructions(case({}, "<!-- environment: A=1 B=x=y -->"))
    assert told.variables({"C": "2"}) == {"A": "1", "B": "x=y"}
    assert instructions(case({}, "<!-- environment: empty -->")).variables({"C": "2"}) == {}
    assert found.variables({"C": "2"}) == {"C": "2"}
    missing = instructions(case({}, "<!-- needs: pytest>=900 -->", "<!-- needs: no-such -->"))
    assert missing.missing == "pytest>=900"
    assert instructions(case({}, "<!-- not run: a dialogue -->")).not_run == "a dialogue"
    with pytest.raises(PageError):
        instructions(case({}, "<!-- runs: a.b -->"))


def test_whole_tables(tmp_path: Path) -> None:
    found = result(tmp_path, case({"blog/models.py": MODELS, "blog/views.py": LOOP}))
    wholes = {
        entry["name"].rpartition(".")[2]
        for entry in found["entries"]
        if entry["fetched"][1] - entry["fetched"][0] >= 12
    }
    assert {"names", "loaded"} <= wholes
    assert "few" not in wholes
    reported = [
        replace(finding("FWP220", "blog/views.py", 5), message=f"{name} serializes")
        for name in sorted(wholes)
    ]
    assert whole_tables(reported, found, 12) == []
    assert len(whole_tables([], found, 12)) == len(wholes)
    few = replace(finding("FWP220", "blog/views.py", 9), message="few serializes")
    (problem,) = whole_tables([*reported, few], found, 12)
    assert problem.startswith("blog/views.py:9: FWP220 is reported, but ")


def test_an_edit_is_run(tmp_path: Path) -> None:
    one = case({"blog/models.py": MODELS, "blog/views.py": LOOP})
    one.write(tmp_path / "given")
    edit = Edit("blog/views.py", Range(5, 53, 5, 53), '.select_related("author")')
    reported = finding("FWP201", "blog/views.py", 5)
    given = Project(one, tmp_path / "given", (replace(reported, edits=(edit,)),), instructions(one))
    after = fixed(given, tmp_path / "fixed")
    assert after is not None
    text = (tmp_path / "fixed/blog/views.py").read_text()
    assert 'filter(status="live").select_related("author")\n' in text
    before, behind = run([given, after])
    assert contradictions([reported], before) != []
    assert contradictions([], behind) == []
