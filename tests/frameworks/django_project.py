"""A Django project in which every async function does one thing that Django refuses or allows."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import indent

from tests.frameworks.django_allowed import ALLOWED
from tests.frameworks.django_refused import REFUSED

SETTINGS = """
SECRET_KEY = "only for tests"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "rows.sqlite3"}}
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "blog",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
AUTH_USER_MODEL = "blog.Member"
ROOT_URLCONF = "urls"
ALLOWED_HOSTS = ["*"]
"""

MODELS = """
from django.contrib.auth.models import AbstractUser
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.conf import settings
from django.db import models

class Member(AbstractUser):
    nick = models.CharField(max_length=20)

class Timed(models.Model):
    made = models.DateTimeField(auto_now_add=True)
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="made_%(class)ss"
    )

    class Meta:
        abstract = True

class Publisher(models.Model):
    name = models.TextField()

class Author(models.Model):
    name = models.TextField()
    publisher = models.ForeignKey("Publisher", on_delete=models.CASCADE, null=True)
    mentor = models.ForeignKey("self", models.CASCADE, null=True, related_name="students")

class Profile(models.Model):
    author = models.OneToOneField(Author, on_delete=models.CASCADE, related_name="profile")
    bio = models.TextField()

class Tag(models.Model):
    name = models.TextField()

class PostQuerySet(models.QuerySet):
    def published(self):
        return self.filter(published=True)

    def with_author(self):
        return self.select_related("author")

    def titles(self):
        return [p.title for p in self]

class PublishedManager(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(published=True)

class FullManager(models.Manager):
    def get_queryset(self):
        rows = super().get_queryset()
        return rows.select_related("author__publisher").prefetch_related("tags")

    def newest(self):
        return self.order_by("-id").first()

class MixedManager(models.Manager.from_queryset(PostQuerySet)):
    def of(self, name):
        return self.published().filter(author__name=name)

class Post(Timed):
    title = models.TextField()
    published = models.BooleanField(default=True)
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    editor = models.ForeignKey("blog.Author", on_delete=models.CASCADE, null=True, related_name="+")
    tags = models.ManyToManyField(Tag, related_name="posts")
    comments_generic = GenericRelation("Note")

    objects = models.Manager()
    chained = PostQuerySet.as_manager()
    public = PublishedManager()
    full = FullManager()
    mixed = MixedManager()
    direct = models.Manager.from_queryset(PostQuerySet)()

    def author_name(self):
        return self.author.name

    @property
    def publisher_name(self):
        return self.author.publisher.name

    def __str__(self):
        return f"{self.title} by {self.author.name}"

class Comment(models.Model):
    post = models.ForeignKey(Post, on_delete=models.CASCADE)
    text = models.TextField()
    author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="comments")

class Note(models.Model):
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.PositiveIntegerField()
    target = GenericForeignKey("content_type", "object_id")

class Place(models.Model):
    name = models.TextField()

class Restaurant(Place):
    stars = models.IntegerField(default=0)
    chef = models.ForeignKey(Author, on_delete=models.CASCADE)
"""

PRELUDE = """
import asyncio

from asgiref.sync import sync_to_async
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import Count, Prefetch, aprefetch_related_objects
from django.shortcuts import aget_object_or_404, get_object_or_404

from blog.models import Author, Comment, Note, Place, Post, Profile, Restaurant, Tag

User = get_user_model()


@sync_to_async
def helper():
    return Post.objects.count()


async def get_post(pk):
    return await Post.objects.aget(pk=pk)


async def get_full(pk):
    return await Post.objects.select_related("author").aget(pk=pk)


def show(post):
    return post.author.name
"""


def bodies(text: str, prefix: str) -> dict[str, str]:
    """The function bodies of a table, by the name of the function they get."""
    found = {}
    for block in re.split(r"^# ", text, flags=re.MULTILINE)[1:]:
        name, _, body = block.partition("\n")
        found[f"{prefix}_{name.replace(' ', '_')}"] = body.strip()
    return found


FUNCTIONS = {**bodies(REFUSED, "refused"), **bodies(ALLOWED, "allowed")}


def write(root: Path) -> None:
    """Make the project below ``root``: settings, models, and ``cases.py`` with all functions."""
    files = {
        "pyproject.toml": "",
        "conf.py": SETTINGS,
        "blog/__init__.py": "",
        "blog/models.py": MODELS,
        "cases.py": PRELUDE
        + "".join(
            f"\n\nasync def {name}():\n{indent(body, '    ')}\n" for name, body in FUNCTIONS.items()
        ),
    }
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
