"""Serializers and views of REST framework: what is read of each row, and for which action."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.frameworks.projects import findings

MODELS = """
from django.db import models

class Publisher(models.Model):
    name = models.TextField()

class Author(models.Model):
    name = models.TextField()
    slug = models.TextField()
    publisher = models.ForeignKey(Publisher, on_delete=models.CASCADE)

    def __str__(self):
        return self.name

    def initials(self):
        return self.name[:1] + self.publisher.name[:1]

class Tag(models.Model):
    name = models.TextField()

class Article(models.Model):
    title = models.TextField()
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    tags = models.ManyToManyField(Tag)
    parent = models.ForeignKey("self", null=True, related_name="children", on_delete=models.CASCADE)
"""

SERIALIZERS = """
from rest_framework import serializers
from models import Article, Author, Tag

"""

VIEW = """
from rest_framework import generics
from models import Article
from serializers import Shown

class Articles(generics.ListAPIView):
    queryset = Article.objects.all()
    serializer_class = Shown
"""

_COSTS = re.compile(r"with (?:an|\d+) extra quer(?:y|ies): (.*?) \(read at")


def lacking(root: Path, serializers: str, views: str = VIEW) -> dict[str, list[str]]:
    """What each view fetches row by row."""
    source = SERIALIZERS + serializers
    found = findings(root, models=MODELS, serializers=source, views=views)
    assert all("FWP206" in text or "FWP901" not in text for text in found)
    lists: dict[str, list[str]] = {}
    for text in found:
        costs = _COSTS.search(text)
        if "FWP206" in text and costs is not None:
            lists[text.split()[2]] = costs[1].split(", ")
    return lists


def shown(body: str, base: str = "ModelSerializer", fields: str = '["title", "shown"]') -> str:
    """A serializer of articles with one declared field."""
    return f"""
class Shown(serializers.{base}):
    {body}

    class Meta:
        model = Article
        fields = {fields}
"""


@pytest.mark.parametrize(
    ("field", "reads"),
    [
        ('serializers.CharField(source="author.publisher.name")', ["author", "author.publisher"]),
        ('serializers.ReadOnlyField(source="author.initials")', ["author", "author.publisher"]),
        ('serializers.CharField(source="author")', ["author"]),
        ('serializers.StringRelatedField(source="author")', ["author"]),
        (
            'serializers.SlugRelatedField("publisher__name", source="author", read_only=True)',
            ["author", "author.publisher"],
        ),
        (
            'serializers.HyperlinkedRelatedField("author", lookup_field="slug", source="author")',
            ["author"],
        ),
        ('serializers.HyperlinkedRelatedField("author", source="author", read_only=True)', []),
        ('serializers.PrimaryKeyRelatedField(source="author", read_only=True)', []),
        (
            'serializers.PrimaryKeyRelatedField(source="author.publisher", read_only=True)',
            ["author"],
        ),
        (
            'serializers.PrimaryKeyRelatedField(many=True, source="tags", read_only=True)',
            ["tags"],
        ),
        ('serializers.IntegerField(source="tags.count")', ["tags"]),
        ('serializers.IntegerField(source="author_id")', []),
        ('serializers.HyperlinkedIdentityField("article")', []),
        ('serializers.CharField(source="author.name", write_only=True)', []),
    ],
)
def test_fields(tmp_path: Path, field: str, reads: list[str]) -> None:
    found = lacking(tmp_path, shown(f"shown = {field}"))
    assert found.get("Articles", []) == reads


def test_links_of_a_hyperlinked_serializer(tmp_path: Path) -> None:
    names = '["url", "author", "parent", "tags"]'
    body = """
        extra_kwargs = {"author": {"lookup_field": "slug"}}
    """
    source = shown("pass", "HyperlinkedModelSerializer", names).rstrip() + body
    assert lacking(tmp_path, source) == {"Articles": ["author", "tags"]}


def test_fields_from_a_list_serializer_and_of_ones_own(tmp_path: Path) -> None:
    source = """
class Upper(serializers.RelatedField):
    def to_representation(self, author):
        return author.publisher.name.upper()

class TagSerializer(serializers.Serializer):
    name = serializers.CharField()
""" + shown(
        'shown = Upper(source="author", read_only=True)\n'
        "    tags = serializers.ListSerializer(child=TagSerializer())",
        fields='("title", "shown") + ("tags",)',
    )
    assert lacking(tmp_path, source) == {"Articles": ["author", "author.publisher", "tags"]}


def test_a_serializer_inside_of_itself(tmp_path: Path) -> None:
    source = """
class Shown(serializers.ModelSerializer):
    children = serializers.SerializerMethodField()

    class Meta:
        model = Article
        fields = ["title", "children"]

    def get_children(self, article):
        return Shown(article.children.all(), many=True).data
"""
    assert lacking(tmp_path, source)["Articles"][0] == "children"


def test_fields_that_are_taken_out(tmp_path: Path) -> None:
    source = shown(
        'shown = serializers.CharField(source="author.name")\n'
        "    def __init__(self, *args, **kwargs):\n"
        "        super().__init__(*args, **kwargs)\n"
        '        self.fields.pop("shown")'
    )
    assert lacking(tmp_path, source) == {}


def test_names_that_a_call_asks_for(tmp_path: Path) -> None:
    source = shown('shown = serializers.CharField(source="author.name")')
    views = """
from rest_framework.response import Response
from rest_framework.views import APIView
from models import Article
from serializers import Shown

class Some(APIView):
    def get(self, request):
        articles = Article.objects.all()
        return Response(Shown(articles, many=True, fields=["title"]).data)

class Others(APIView):
    def get(self, request):
        articles = Article.objects.all()
        return Response(Shown(articles, many=True, fields=["shown"]).data)
"""
    assert lacking(tmp_path, source, views) == {"Others.get": ["author"]}


TWO = shown("pass", fields='["title", "author"]').replace("Shown", "Short") + shown(
    'shown = serializers.CharField(source="author.name")'
)


@pytest.mark.parametrize(
    ("test", "found"),
    [
        ('self.action == "list"', {}),
        ('self.action in ("list", "retrieve")', {}),
        ('self.action not in ["retrieve"]', {}),
        ('self.request.method == "GET"', {}),
        ('self.action != "list"', {"Articles": ["author"]}),
        ('not self.action == "list"', {"Articles": ["author"]}),
        ('self.action == "retrieve" or self.action == "create"', {"Articles": ["author"]}),
        # Requests choose: one of the two reads a relation.
        ('self.request.query_params.get("short")', {"Articles": ["author"]}),
    ],
)
def test_the_serializer_of_an_action(
    tmp_path: Path, test: str, found: dict[str, list[str]]
) -> None:
    views = f"""
from rest_framework import viewsets
from models import Article
from serializers import Short, Shown

class Articles(viewsets.ModelViewSet):
    queryset = Article.objects.all()

    def get_serializer_class(self):
        if {test}:
            return Short
        return Shown
"""
    assert lacking(tmp_path, TWO, views) == found


@pytest.mark.parametrize(
    ("test", "found"),
    [
        ('self.action == "list"', {}),
        ('self.action == "retrieve"', {"Articles": ["author"]}),
        ("self.request.user.is_staff", {}),
    ],
)
def test_the_queryset_of_an_action(tmp_path: Path, test: str, found: dict[str, list[str]]) -> None:
    views = f"""
from rest_framework import viewsets
from models import Article
from serializers import Shown

class Articles(viewsets.ReadOnlyModelViewSet):
    serializer_class = Shown

    def get_queryset(self):
        articles = Article.objects.order_by("title")
        if {test}:
            articles = articles.select_related("author")
        return articles
"""
    assert lacking(tmp_path, TWO, views) == found


def test_a_queryset_that_a_method_assigns(tmp_path: Path) -> None:
    views = (
        VIEW
        + """
    def get_queryset(self):
        self.queryset = Article.objects.all()
        if self.request.user.is_staff:
            self.queryset = self.queryset.select_related("author")
        return self.queryset
"""
    )
    assert lacking(tmp_path, TWO, views) == {}


def test_mixins_of_other_packages_come_first(tmp_path: Path) -> None:
    views = VIEW.replace("(generics", "(Logged, generics").replace(
        "from models", "from some_package import Logged\nfrom models"
    )
    views += """
    def get_queryset(self):
        return super().get_queryset().none() if self.schema else super().get_queryset()
"""
    assert lacking(tmp_path, TWO, views) == {"Articles": ["author"]}


def test_rows_of_a_single_object(tmp_path: Path) -> None:
    source = """
class Child(serializers.ModelSerializer):
    name = serializers.CharField(source="author.name")

    class Meta:
        model = Article
        fields = ["name"]

class Shown(Child):
    children = Child(many=True)

    class Meta(Child.Meta):
        fields = [*Child.Meta.fields, "children"]
"""
    views = VIEW.replace("ListAPIView", "RetrieveAPIView")
    assert lacking(tmp_path, source, views) == {"Articles": ["children.author"]}


def test_a_view_that_inherits_its_list(tmp_path: Path) -> None:
    views = (
        VIEW
        + """
class Same(Articles):
    permission_classes = []

class Other(Articles):
    queryset = Article.objects.order_by("title")
"""
    )
    assert lacking(tmp_path, TWO, views) == {"Articles": ["author"], "Other": ["author"]}


def test_functions_are_called_by_their_own_name(tmp_path: Path) -> None:
    serializers = """
class Shown(serializers.ModelSerializer):
    author = serializers.StringRelatedField()

    class Meta:
        model = Article
        fields = ["title", "author"]
"""
    views = """
from rest_framework.response import Response
from rest_framework.views import APIView
from models import Article
from serializers import Shown

def shown(article: Article):
    return Shown(Article.objects.filter(parent=article), many=True).data

class Articles(APIView):
    def get(self, request):
        return Response(Shown(Article.objects.all(), many=True).data)
"""
    found = lacking(tmp_path, serializers, views)
    assert found == {"shown": ["author"], "Articles.get": ["author"]}
