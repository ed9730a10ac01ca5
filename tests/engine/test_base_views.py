"""Views that share a base class: each is told apart, however many there are."""

from __future__ import annotations

from pathlib import Path

from fwp_checks.session import Session

_MODELS = """
from django.db import models


class Author(models.Model):
    name = models.TextField()


class Post(models.Model):
    title = models.TextField()
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
"""

_VIEWS = """
from django.http import JsonResponse
from django.views.generic.list import BaseListView

from blog.models import Post


class JsonList(BaseListView):
    def render_to_response(self, context):
        return JsonResponse({"rows": [self.data_of(row) for row in context["object_list"]]})
"""

_VIEW = """

class View{number}(JsonList):
    def get_queryset(self):
        return Post.objects.filter(title="{number}")

    def data_of(self, post):
        return post.author.name
"""


def test_many_views_of_one_base_class(tmp_path: Path) -> None:
    package = tmp_path / "blog"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "models.py").write_text(_MODELS, encoding="utf-8")
    views = _VIEWS + "".join(_VIEW.format(number=number) for number in range(12))
    (package / "views.py").write_text(views, encoding="utf-8")
    report = Session.open(tmp_path, cache_dir=False).check_all()
    lines = views.splitlines()
    found = [lines[f.range.line - 1].strip() for f in report.findings if f.code == "FWP201"]
    assert found == [f'return Post.objects.filter(title="{number}")' for number in range(12)]
