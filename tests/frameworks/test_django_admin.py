"""The lists of the admin, and what else goes through rows for Django."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.frameworks.projects import findings

MODELS = """
from django.db import models

class Publisher(models.Model):
    name = models.TextField()

class Author(models.Model):
    name = models.TextField()
    publisher = models.ForeignKey(Publisher, on_delete=models.CASCADE)
    mentor = models.ForeignKey("self", null=True, on_delete=models.CASCADE)

class Article(models.Model):
    title = models.TextField()
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    tags = models.ManyToManyField("Tag")

    def by(self):
        return self.author.name

    def get_absolute_url(self):
        return f"/{self.author.name}/{self.title}"

class Tag(models.Model):
    name = models.TextField()

class Comment(models.Model):
    article = models.ForeignKey(Article, on_delete=models.CASCADE)

    def __str__(self):
        return self.article.title
"""

ADMIN = """
from django.contrib import admin
from models import Article, Comment

"""


def ways(root: Path, **sources: str) -> list[str]:
    """What the findings of a project say should be done."""
    found = findings(root, models=MODELS, **sources)
    return [text.partition("); ")[2].rstrip(".") for text in found if " FWP2" in text]


@pytest.mark.parametrize(
    ("body", "way"),
    [
        ('list_display = ["title", "by"]', ['set list_select_related = ("author",)']),
        ('list_display = ["title", "by", "author"]', []),
        # An older Django joins the publisher, too; the mentor may be null.
        ('list_display = ["author", lambda a: a.author.publisher.name]', []),
        (
            'list_display = ["author", lambda a: a.author.mentor.name]',
            ['set list_select_related = ("author__mentor",)'],
        ),
        (
            'list_display = ["by", "n"]\n    def n(self, a):\n        return a.tags.count()',
            [
                'set list_select_related = ("author",); '
                'in get_queryset(), add .prefetch_related("tags"), '
                "or annotate() the number of tags"
            ],
        ),
        ('list_display = ["by"]\n    list_select_related = True', []),
        ('list_display = ["by"]\n    list_select_related = ["author"]', []),
        (
            'list_display = ["by"]\n    def get_list_select_related(self, request):\n'
            '        return ["author"]',
            [],
        ),
        (
            'list_display = ["by"]\n    def get_queryset(self, request):\n'
            "        return super().get_queryset(request).exclude(title='')",
            ['add .select_related("author")'],
        ),
        (
            'list_display = ["by"]\n    def get_queryset(self, request):\n'
            '        return self.model.objects.select_related("author")',
            [],
        ),
    ],
)
def test_lists(tmp_path: Path, body: str, way: list[str]) -> None:
    source = (
        f"{ADMIN}\n@admin.register(Article)\nclass ArticleAdmin(admin.ModelAdmin):\n    {body}\n"
    )
    assert ways(tmp_path, admin=source) == way


@pytest.mark.parametrize(
    ("registration", "is_registered"),
    [
        ("admin.site.register(Comment, CommentAdmin)", True),
        ("admin.site.register([Article, Comment], CommentAdmin)", True),
        ("admin.site.register(Comment, admin_class=CommentAdmin)", True),
        ("site = admin.AdminSite(); site.register(Comment, CommentAdmin)", True),
        ("admin.site.register(Article, CommentAdmin)", False),
        ("pass", False),
    ],
)
def test_registrations(tmp_path: Path, registration: str, is_registered: bool) -> None:
    source = f"{ADMIN}\nclass CommentAdmin(admin.ModelAdmin):\n    pass\n\n{registration}\n"
    way = ['set list_select_related = ("article",)'] if is_registered else []
    assert ways(tmp_path, admin=source) == way


LISTINGS = """
from django import forms
from django.contrib.sitemaps import Sitemap
from django.contrib.syndication.views import Feed
from models import Article, Comment

"""


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("class Latest(Feed):\n    def items(self):\n        return Article.objects.all()[:50]", 1),
        ("class Latest(Feed):\n    def items(self):\n        return Article.objects.all()[:5]", 0),
        (
            "class Latest(Feed):\n    def items(self):\n        return Article.objects.all()\n"
            "    def item_link(self, item):\n        return item.title",
            0,
        ),
        (
            "class Latest(Feed):\n    def items(self):\n"
            '        return Article.objects.select_related("author")',
            0,
        ),
        (
            'class Latest(Feed):\n    item_link = "/"\n    def items(self):\n'
            "        return Article.objects.all()\n"
            "    def item_author_name(self, item):\n        return item.author.name",
            1,
        ),
        ("class Articles(Sitemap):\n    def items(self):\n        return Article.objects.all()", 1),
        (
            "class Articles(Sitemap):\n    def items(self):\n        return Article.objects.all()\n"
            "    def location(self, item):\n        return item.title",
            0,
        ),
        (
            "class Form(forms.Form):\n"
            "    comment = forms.ModelChoiceField(queryset=Comment.objects.all())",
            1,
        ),
        (
            "class Form(forms.Form):\n    comment = forms.ModelChoiceField(\n"
            '        Comment.objects.select_related("article"), required=False)',
            0,
        ),
        (
            "class Form(forms.Form):\n    comment = forms.ModelChoiceField(\n"
            "        Comment.objects.all(), widget=forms.HiddenInput)",
            0,
        ),
        (
            "class Form(forms.Form):\n"
            "    comment = forms.ModelChoiceField(queryset=Comment.objects.all())\n"
            "    def __init__(self, mine):\n        super().__init__()\n"
            '        self.fields["comment"].queryset = mine',
            0,
        ),
        (
            "class Field(forms.ModelChoiceField):\n    def label_from_instance(self, obj):\n"
            "        return str(obj.pk)\n\n"
            "class Form(forms.Form):\n    comment = Field(queryset=Comment.objects.all())",
            0,
        ),
    ],
)
def test_listings(tmp_path: Path, body: str, count: int) -> None:
    assert len(ways(tmp_path, listings=LISTINGS + body + "\n")) == count
