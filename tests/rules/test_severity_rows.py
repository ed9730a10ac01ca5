"""How much a query for each row weighs: by who waits for it, and what else is done for the row.

None: a piece of work, or what may never happen, which is told in preview only.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from fwp_checks.finding import Severity
from fwp_checks.session import Session

MODELS = """\
from django.db import models


class Author(models.Model):
    name = models.TextField()


class Post(models.Model):
    title = models.TextField()
    author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="posts")
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE)

    def is_signed(self):
        return len(self.title) > 3
"""

HEAD = """\
from contextvars import ContextVar

from celery import shared_task
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import transaction
from django.http import JsonResponse
from invoke import task

from blog.caching import caching
from blog.models import Author, Post

is_signed = ContextVar("is_signed", default=True)
"""

SEVERITIES = {
    "a view": (
        """
        def show(request):
            return JsonResponse({"names": [post.author.name for post in Post.objects.all()]})
        """,
        Severity.WARNING,
    ),
    "a job": (
        """
        @shared_task
        def count():
            for post in Post.objects.all():
                print(post.author.name)
        """,
        Severity.INFO,
    ),
    "a command of Invoke": (
        """
        @task(help={"name": "which"})
        def count(context, name):
            for post in Post.objects.filter(title=name):
                print(post.author.name)
        """,
        Severity.INFO,
    ),
    "what a job alone calls": (
        """
        def names():
            return [post.author.name for post in Post.objects.all()]

        @shared_task
        def count():
            print(names())
        """,
        Severity.INFO,
    ),
    "what a job and a view call": (
        """
        def names():
            return [post.author.name for post in Post.objects.all()]

        @shared_task
        def count():
            print(names())

        def show(request):
            return JsonResponse({"names": names()})
        """,
        Severity.WARNING,
    ),
    "a script": (
        """
        if __name__ == "__main__":
            for post in Post.objects.all():
                print(post.author.name)
        """,
        None,
    ),
    "what a script alone calls": (
        """
        def names():
            return [post.author.name for post in Post.objects.all()]

        def main():
            print(names())

        if __name__ == "__main__":
            main()
        """,
        None,
    ),
    "what a script and a view call": (
        """
        def names():
            return [post.author.name for post in Post.objects.all()]

        def show(request):
            return JsonResponse({"names": names()})

        if __name__ == "__main__":
            print(names())
        """,
        Severity.WARNING,
    ),
    "a loop that writes": (
        """
        def rename(request):
            for post in Post.objects.all():
                post.title = post.author.name
                post.save()
            return JsonResponse({})
        """,
        None,
    ),
    "what fills a cache": (
        """
        def show(request):
            found = cache.get("names")
            if found is None:
                found = [post.author.name for post in Post.objects.all()]
                cache.set("names", found)
            return JsonResponse({"names": found})
        """,
        None,
    ),
    "what a decorator keeps": (
        """
        @caching.memoize()
        def name_of(post):
            return post.author.name

        def show(request):
            return JsonResponse({"names": [name_of(post) for post in Post.objects.all()]})
        """,
        None,
    ),
    "a query in a loop": (
        """
        def show(request, names):
            found = [Author.objects.filter(name=name).first() for name in names]
            return JsonResponse({"found": len(found)})
        """,
        Severity.WARNING,
    ),
    "what a class has shown": (
        """
        @admin.register(Post)
        class PostAdmin(admin.ModelAdmin):
            list_display = ["title", "byline"]

            def byline(self, post):
                return post.author.name
        """,
        Severity.WARNING,
    ),
    "a loop down a tree": (
        """
        def show_below(titles):
            for post in Post.objects.filter(parent__title__in=titles):
                print(post.author.name)
                show_below([post.title])

        def show(request):
            show_below(request.GET.getlist("title"))
        """,
        None,
    ),
    "a query in a loop, with a lock": (
        """
        def show(request, names):
            for name in names:
                print(Author.objects.select_for_update().get(name=name))
        """,
        None,
    ),
    "a job that writes": (
        """
        @shared_task
        def rename():
            for post in Post.objects.all():
                post.title = post.author.name
                post.save()
        """,
        Severity.INFO,
    ),
    "a job with a query in a loop": (
        """
        @shared_task
        def show(names):
            for name in names:
                print(Author.objects.get(name=name))
        """,
        Severity.INFO,
    ),
    "a query in a loop that writes": (
        """
        def show(request, names):
            for name in names:
                if not Author.objects.filter(name=name).exists():
                    Author.objects.create(name=name)
        """,
        None,
    ),
    "a loop that writes, past what was prefetched": (
        """
        def rename(request):
            for author in Author.objects.prefetch_related("posts"):
                author.name = author.posts.filter(title="a").first().title
                author.save()
            return JsonResponse({})
        """,
        Severity.INFO,
    ),
    "a query in a loop, in a transaction of the round": (
        """
        def show(request, names):
            for name in names:
                with transaction.atomic():
                    print(Author.objects.get(name=name))
        """,
        None,
    ),
    "a query in a loop, in a helper that is a transaction": (
        """
        @transaction.atomic
        def found(name):
            return Author.objects.get(name=name)

        def show(request, names):
            for name in names:
                print(found(name))
        """,
        None,
    ),
    "a query in a loop, in one transaction": (
        """
        def show(request, names):
            with transaction.atomic():
                for name in names:
                    print(Author.objects.get(name=name))
        """,
        Severity.WARNING,
    ),
    "a query in a loop, bounded by the round": (
        """
        def show(request, names):
            found = [Author.objects.filter(name__contains=name).first() for name in names]
            return JsonResponse({"found": len(found)})
        """,
        None,
    ),
    "a helper that asks first": (
        """
        def line(post):
            return post.author.name if is_signed.get() else post.title

        def show(request):
            return JsonResponse({"lines": [line(post) for post in Post.objects.all()]})
        """,
        None,
    ),
    "a query of a helper that asks first": (
        """
        def find(name):
            return Author.objects.get(name=name) if is_signed.get() else None

        def show(request, names):
            return JsonResponse({"found": len([find(name) for name in names])})
        """,
        None,
    ),
    "a helper of a helper that asks first": (
        """
        def sign(post):
            return post.author.name

        def line(post):
            return sign(post) if is_signed.get() else post.title

        def show(request):
            return JsonResponse({"lines": [line(post) for post in Post.objects.all()]})
        """,
        None,
    ),
    "a helper that asks its caller, who does not know": (
        """
        def line(post, signed):
            return post.author.name if signed else post.title

        def show(request):
            signed = is_signed.get()
            return JsonResponse({"lines": [line(post, signed) for post in Post.objects.all()]})
        """,
        None,
    ),
    "the loop itself asks first": (
        """
        def show(request):
            found = []
            for post in Post.objects.all():
                if is_signed.get():
                    found.append(post.author.name)
            return JsonResponse({"found": found})
        """,
        Severity.WARNING,
    ),
    "what a function has collected, and asks first for": (
        """
        def collect():
            return [post for post in Post.objects.all()]

        def names(posts):
            return [post.author.name for post in posts]

        def show(request):
            posts = collect()
            return JsonResponse({"names": names(posts) if is_signed.get() else []})
        """,
        Severity.WARNING,
    ),
    "a property that asks first": (
        """
        class Signed(Post):
            @property
            def line(self):
                return self.author.name if is_signed.get() else self.title

        @admin.register(Signed)
        class SignedAdmin(admin.ModelAdmin):
            list_display = ["line"]
        """,
        None,
    ),
    "a helper that asks the row": (
        """
        def line(post):
            return post.author.name if post.title == "" or post.is_signed() else post.title

        def show(request):
            return JsonResponse({"lines": [line(post) for post in Post.objects.all()]})
        """,
        Severity.WARNING,
    ),
    "a helper that asks its caller, who says so": (
        """
        def line(post, signed=False):
            return post.author.name if signed else post.title

        def show(request):
            return JsonResponse({"lines": [line(post, signed=True) for post in Post.objects.all()]})
        """,
        Severity.WARNING,
    ),
    "a helper that asks whether it is given a row": (
        """
        def line(post, reader=None):
            return post.author.name if reader else post.title

        def show(request):
            readers = User.objects.all()
            found = [line(post, reader) for post in Post.objects.all() for reader in readers]
            return JsonResponse({"found": found})
        """,
        Severity.WARNING,
    ),
    "a helper that asks its caller, who asks the request": (
        """
        def line(post, signed):
            return post.author.name if signed else post.title

        def show(request):
            signed = request.GET.get("signed")
            return JsonResponse({"lines": [line(post, signed) for post in Post.objects.all()]})
        """,
        Severity.WARNING,
    ),
    "a helper that reads it either way": (
        """
        def line(post):
            if is_signed.get():
                return f"{post.title} by {post.author.name}"
            return f"{post.author.name}: {post.title}"

        def show(request):
            return JsonResponse({"lines": [line(post) for post in Post.objects.all()]})
        """,
        Severity.WARNING,
    ),
    "a helper that has another read it either way": (
        """
        def sign(post):
            return post.author.name

        def line(post):
            if is_signed.get():
                return f"{post.title} by {sign(post)}"
            else:
                return sign(post)

        def show(request):
            return JsonResponse({"lines": [line(post) for post in Post.objects.all()]})
        """,
        Severity.WARNING,
    ),
    "another way there, on which nobody asks": (
        """
        def sign(post):
            return post.author.name

        def line(post):
            return sign(post) if is_signed.get() else post.title

        def show(request):
            return JsonResponse({"lines": [line(post) + sign(post) for post in Post.objects.all()]})
        """,
        Severity.WARNING,
    ),
}


@pytest.mark.parametrize("name", SEVERITIES)
def test_severity(name: str, tmp_path: Path) -> None:
    _, severity = SEVERITIES[name]
    assert _severities(name, tmp_path, "") == ({severity} if severity else set())


@pytest.mark.parametrize(
    "name", [name for name, (_, severity) in SEVERITIES.items() if not severity]
)
def test_the_rest_is_in_preview(name: str, tmp_path: Path) -> None:
    assert _severities(name, tmp_path, "[tool.fwp]\npreview = true\n") == {Severity.INFO}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pyproject.toml", '[project.scripts]\nshow = "blog.views:show"\n'),
        ("pyproject.toml", '[tool.poetry.scripts]\nshow = {reference = "blog.views:show"}\n'),
        ("setup.cfg", "[options.entry_points]\nconsole_scripts =\n    show = blog.views:show\n"),
    ],
)
def test_commands_that_are_installed_weigh_less(path: str, text: str, tmp_path: Path) -> None:
    _write("a view", tmp_path)
    assert _found(tmp_path) == {Severity.WARNING}
    (tmp_path / path).write_text(text, encoding="utf-8")
    assert _found(tmp_path) == {Severity.INFO}


def test_pieces_of_work_are_told_by_a_rule_that_is_selected(tmp_path: Path) -> None:
    name = "a query in a loop, with a lock"
    assert _severities(name, tmp_path, '[tool.fwp]\nselect = ["FWP204"]\n') == {Severity.INFO}


def test_pieces_of_work_are_counted(tmp_path: Path) -> None:
    _write("a query in a loop, with a lock", tmp_path)
    for _ in ("cold", "from the cache"):
        session = Session.open(tmp_path, cache_dir=tmp_path / "cache")
        assert session.check_all().withheld == ("blog/views.py",)
        assert session.check_all(paths=[tmp_path / "blog" / "views.py"]).withheld
        assert not session.check_all(paths=[tmp_path / "blog" / "models.py"]).withheld
    (tmp_path / "pyproject.toml").write_text("[tool.fwp]\npreview = true\n", encoding="utf-8")
    assert not Session.open(tmp_path, cache_dir=False).check_all().withheld


def _severities(name: str, tmp_path: Path, settings: str) -> set[Severity]:
    _write(name, tmp_path)
    (tmp_path / "pyproject.toml").write_text(settings, encoding="utf-8")
    return _found(tmp_path)


def _found(tmp_path: Path) -> set[Severity]:
    report = Session.open(tmp_path, cache_dir=False).check_all()
    return {f.severity for f in report.findings if f.code.startswith("FWP2")}


def _write(name: str, tmp_path: Path) -> None:
    source, _ = SEVERITIES[name]
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "blog").mkdir()
    (tmp_path / "blog" / "models.py").write_text(MODELS, encoding="utf-8")
    text = "\n".join(line.removeprefix(" " * 8) for line in source.splitlines())
    (tmp_path / "blog" / "views.py").write_text(HEAD + text + "\n", encoding="utf-8")
