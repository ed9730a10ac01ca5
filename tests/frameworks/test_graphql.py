"""Object types of Graphene: which fields they have, what resolves them, and what that costs."""

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
    publisher = models.ForeignKey(Publisher, on_delete=models.CASCADE)

class Tag(models.Model):
    name = models.TextField()

class Article(models.Model):
    title = models.TextField()
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    tags = models.ManyToManyField(Tag)

class Comment(models.Model):
    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="comments")
"""

IMPORTS = """
import graphene
from graphene import relay
from graphene_django import DjangoConnectionField, DjangoListField, DjangoObjectType
from graphene_django.fields import DjangoConnectionField as Connected
from models import Article, Author, Comment, Tag
"""

TYPES = """
class AuthorType(DjangoObjectType):
    class Meta:
        model = Author
        fields = ["name"]

class TagType(DjangoObjectType):
    class Meta:
        model = Tag
        fields = ["name"]

class CommentType(DjangoObjectType):
    class Meta:
        model = Comment
        fields = ["id"]
"""

ARTICLE = """
class ArticleType(DjangoObjectType):
    class Meta:
        model = Article
        {options}
"""

QUERY = """
class Query(graphene.ObjectType):
    articles = {field}
"""

RESOLVED = """
    def resolve_articles(root, info):
        return Article.objects.all()
"""

_ASKED = re.compile(r"where a client asks for ([\w., ]*?)(?: \(resolved|, whatever)")


def asked(root: Path, schema: str, types: str = TYPES) -> list[list[str]]:
    """What costs a query for each object, of each finding."""
    found = findings(root, models=MODELS, schema=IMPORTS + types + schema)
    assert not [text for text in found if "FWP901" in text]
    matches = [_ASKED.search(text) for text in found if "FWP210" in text]
    return [match[1].split(", ") if match is not None else [] for match in matches]


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        ('fields = ["title", "author"]', ["author"]),
        ('fields = ("tags", "comments")', ["comments", "tags"]),
        ('fields = "__all__"', ["author", "comments", "tags"]),
        ('only_fields = ["author"]', ["author"]),
        ('exclude = ["tags", "comments"]', ["author"]),
        ('exclude_fields = ["author"]', ["comments", "tags"]),
        ("exclude = []", ["author", "comments", "tags"]),
        ("", ["author", "comments", "tags"]),
        ("fields = NAMES", []),
        ('fields = ["title"]', []),
    ],
)
def test_fields_of_a_model(tmp_path: Path, options: str, fields: list[str]) -> None:
    """Options let relations through, or do not."""
    schema = ARTICLE.format(options=options) + QUERY.format(field="graphene.List(ArticleType)")
    assert asked(tmp_path, schema + RESOLVED) == ([fields] if fields else [])


@pytest.mark.parametrize(
    "field",
    [
        "graphene.List(ArticleType)",
        "graphene.List(graphene.NonNull(ArticleType))",
        "graphene.NonNull(graphene.List(ArticleType))",
        "graphene.Field(graphene.List(ArticleType), first=graphene.Int())",
        "graphene.List(of_type=lambda: ArticleType)",
        'graphene.List("schema.ArticleType")',
        "DjangoListField(ArticleType)",
        "DjangoConnectionField(ArticleType)",
        "Connected(ArticleType)",
        "relay.ConnectionField(Articles)",
    ],
)
def test_lists(tmp_path: Path, field: str) -> None:
    """The ways to declare a list."""
    articles = """
class Articles(relay.Connection):
    class Meta:
        node = ArticleType
"""
    schema = ARTICLE.format(options='fields = ["author"]') + articles + QUERY.format(field=field)
    assert asked(tmp_path, schema + RESOLVED) == [["author"]]


@pytest.mark.parametrize(
    "field",
    ["graphene.Field(ArticleType)", "relay.Node.Field(ArticleType)", "paginated(ArticleType)"],
)
def test_no_lists(tmp_path: Path, field: str) -> None:
    """Single objects, and what is not known."""
    schema = ARTICLE.format(options='fields = ["author"]') + QUERY.format(field=field)
    resolved = RESOLVED.replace(".all()", ".get(pk=1)") if "graphene.Field" in field else RESOLVED
    assert asked(tmp_path, schema + resolved) == []


def test_field_class_of_the_project(tmp_path: Path) -> None:
    """What a field class decides by itself is not known; one that only checks is a list."""
    own = """
class Own(DjangoConnectionField):
    @classmethod
    def resolve_queryset(cls, connection, queryset, info, args):
        return optimized(queryset, info)

class Checked(DjangoConnectionField):
    pass
"""
    article = ARTICLE.format(options='fields = ["author"]')
    schema = article + own + QUERY.format(field="Own(ArticleType)")
    assert asked(tmp_path, schema) == []
    schema = article + own + QUERY.format(field="Checked(ArticleType)")
    assert asked(tmp_path, schema) == [["author"]]


TYPE_THAT_ASKS = """
class AuthorType(DjangoObjectType):
    class Meta:
        model = Author
        fields = ["name"]

    @classmethod
    def get_queryset(cls, queryset, info):
        return queryset.filter(name="x")
"""


@pytest.mark.parametrize(
    ("requirements", "fields"),
    [
        ("graphene-django==2.16.0\n", ["author"]),
        ("graphene-django>=3\n", ["author"]),
    ],
)
def test_get_queryset_of_the_other_end(
    tmp_path: Path, requirements: str, fields: list[str]
) -> None:
    """Before graphene-django 3 a foreign key is read as it is."""
    (tmp_path / "requirements.txt").write_text(requirements, encoding="utf-8")
    article = ARTICLE.format(options='fields = ["author"]')
    schema = TYPE_THAT_ASKS + article + QUERY.format(field="graphene.List(ArticleType)") + RESOLVED
    assert asked(tmp_path, schema, types="") == [fields]
    joined = schema.replace(".all()", '.select_related("author")')
    assert asked(tmp_path, joined, types="") == ([] if "2.16" in requirements else [fields])


MANY = """
class TagType(DjangoObjectType):
    class Meta:
        model = Tag
        fields = ["name"]

    @classmethod
    def get_queryset(cls, queryset, info):
        {body}
"""


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ('return queryset.filter(name="x")', [["tags"]]),
        ("return queryset", []),
        ("return queryset if info.context.user.is_staff else queryset.none()", []),
    ],
)
def test_get_queryset_of_many(tmp_path: Path, body: str, fields: list[list[str]]) -> None:
    """Prefetched objects are of use as long as their type may give them as they are."""
    article = ARTICLE.format(options='fields = ["tags"]')
    schema = MANY.format(body=body) + article + QUERY.format(field="graphene.List(ArticleType)")
    resolved = RESOLVED.replace(".all()", '.prefetch_related("tags")')
    assert asked(tmp_path, schema + resolved, types="") == fields


def test_built_where_the_resolver_says_so(tmp_path: Path) -> None:
    """A decorator that calls the resolver builds nothing."""
    checks = """
    from functools import wraps

    def checked(function):
        @wraps(function)
        def inner(*args, **kwargs):
            return function(*args, **kwargs)
        return inner
    """
    resolved = RESOLVED.replace("    def", "    @checked\n    def", 1)
    article = ARTICLE.format(options='fields = ["author"]')
    schema = "\nfrom checks import checked" + article
    schema += QUERY.format(field="graphene.List(ArticleType)") + resolved
    found = findings(tmp_path, models=MODELS, schema=IMPORTS + TYPES + schema, checks=checks)
    line = 1 + (IMPORTS + TYPES + schema).split("\n").index("        return Article.objects.all()")
    assert [text.split()[:2] for text in found] == [[f"schema:{line}", "FWP210"]]


OWN = """
class ArticleType(DjangoObjectType):
    found = graphene.List(CommentType)

    class Meta:
        model = Article
        fields = ["title"]

    def resolve_found(root, info):
        {body}
"""


@pytest.mark.parametrize(
    ("body", "is_reported"),
    [
        ("return Comment.objects.filter(article=root)", True),
        ("return Comment.objects.filter(article_id=root.pk)[:3]", True),
        ("return list(Comment.objects.filter(article=root))", True),
        ("return root.comments.filter(pk__gt=3)", True),
        ("return Comment.objects.filter(pk=1)", False),
        ("return root.comments.all()", False),
        ("return info.context.comments.load(root.pk)", False),
        ("return root.given if hasattr(root, 'given') else root.comments.none()", False),
    ],
)
def test_queries_of_resolvers(tmp_path: Path, body: str, is_reported: bool) -> None:
    """A query that depends on the object is run for each; what may be there is not asked for."""
    schema = OWN.format(body=body) + QUERY.format(field="optimized(ArticleType)")
    listed = "    others = graphene.List(ArticleType)\n"
    assert bool(asked(tmp_path, schema + listed)) == is_reported
    assert asked(tmp_path, schema) == []


def test_info_has_the_request(tmp_path: Path) -> None:
    """The context is the request of Django's view: its user may be asked for rows."""
    schema = ARTICLE.format(options='fields = ["author"]')
    schema += QUERY.format(field="graphene.List(ArticleType)")
    resolved = """
    def resolve_articles(root, info):
        return Article.objects.filter(author=info.context.user.pk)
"""
    assert asked(tmp_path, schema + resolved) == [["author"]]


def test_models_of_a_library(tmp_path: Path) -> None:
    """Types are made from Django's users, too: relations lead to them, and away from them."""
    models = """
    from django.conf import settings
    from django.db import models

    class Note(models.Model):
        owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    """
    schema = """
    import graphene
    from django.contrib.auth.models import Group, User
    from graphene_django import DjangoListField, DjangoObjectType
    from models import Note

    class UserType(DjangoObjectType):
        class Meta:
            model = User
            fields = ["username", "note_set", "groups"]

    class GroupType(DjangoObjectType):
        class Meta:
            model = Group
            exclude = ["permissions"]

    class NoteType(DjangoObjectType):
        class Meta:
            model = Note
            fields = "__all__"

    class Query(graphene.ObjectType):
        users = graphene.List(UserType)
        notes = DjangoListField(NoteType)

        def resolve_users(root, info):
            return User.objects.filter(is_active=True)
    """
    found = findings(tmp_path, models=models, schema=schema)
    asked_for = [match[1] for text in found if (match := _ASKED.search(text)) is not None]
    assert sorted(asked_for) == ["groups, note_set", "owner"]


@pytest.mark.parametrize(
    ("made", "fields"),
    [
        ("ArticlePage(items=Article.objects.all(), total=3)", [["author"]]),
        ("ArticlePage(items=list(Article.objects.order_by('pk')))", [["author"]]),
        ("ArticlePage(items=Article.objects.select_related('author'))", []),
        ("ArticlePage(items=info.context.articles)", []),
        ("ArticlePage(total=3)", []),
    ],
)
def test_lists_in_objects(tmp_path: Path, made: str, fields: list[list[str]]) -> None:
    """An object of a type may be made with the list that its field gives."""
    page = """
class ArticlePage(graphene.ObjectType):
    items = graphene.List(ArticleType)
    total = graphene.Int()

class Query(graphene.ObjectType):
    page = graphene.Field(ArticlePage)

    def resolve_page(root, info):
        return MADE
"""
    article = ARTICLE.format(options='fields = ["author"]')
    assert asked(tmp_path, article + page.replace("MADE", made)) == fields
