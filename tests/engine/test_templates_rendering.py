"""What templates read, run and render, in small projects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from fwp_checks.facts import terms as t
from fwp_checks.facts.model import ModuleFacts
from fwp_checks.facts.templates import Language, extract
from fwp_checks.project import shares
from fwp_checks.project.linked import Project
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.outcome import RunFrame
from fwp_checks.project.meaning.values import describe
from fwp_checks.project.templates.templates import Template
from fwp_checks.session import Session

MODELS = """
from django.db import models

class Author(models.Model):
    name = models.TextField()

class Tag(models.Model):
    name = models.TextField()

class Article(models.Model):
    title = models.TextField()
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    tags = models.ManyToManyField(Tag)

    @property
    def first_tag(self):
        return self.tags.first()

    def writer(self):
        return self.author

    def sees(self, other):
        return self.author

class Lookup:
    name = "x"

    def __getitem__(self, key):
        return Tag()
"""

VIEW = """
from django.shortcuts import render
from blog.models import Article, Lookup

def index(request):
    return render(request, "index.html", {{"articles": Article.objects.all(), {more}}})
"""


def write(root: Path, files: dict[str, str]) -> None:
    root.mkdir(exist_ok=True)
    (root / "pyproject.toml").write_text("[tool.fwp]\npreview = true\n", encoding="utf-8")
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(dedent(text), encoding="utf-8")


def blog(root: Path, templates: dict[str, str], more: str = "", **modules: str) -> Project:
    """A project whose view renders ``index.html`` with articles and ``more``."""
    write(root, {f"blog/templates/{name}": text for name, text in templates.items()})
    write(root, {"blog/models.py": MODELS, "blog/views.py": VIEW.format(more=more)})
    write(root, {f"{name.replace('__', '/')}.py": text for name, text in modules.items()})
    return Session.open(root, cache_dir=False)._linked()


def rendered(project: Project) -> Iterator[Frame]:
    """The frames of templates that run, and those that they run, once each."""
    waiting = [
        frame for c in project.frameworks.consumers(project.table.modules) for frame in c.frames
    ]
    seen = set()
    while waiting:
        frame = waiting.pop(0)
        if frame not in seen:
            seen.add(frame)
            yield frame
            for event in project.behaviours.of(frame).events:
                for alternative in event.alternatives:
                    waiting.extend(r.frame for r in alternative or () if isinstance(r, RunFrame))


def places(project: Project) -> list[str]:
    """The parts of templates that run: ``index.html:block x``."""
    return [
        f"{frame.module.template_name}:{frame.name}"
        if frame.name != frame.module.template_name
        else frame.name
        for frame in rendered(project)
        if isinstance(frame.module, Template)
    ]


def outputs(project: Project) -> list[str]:
    """What the values are that all templates put out, in order of running."""
    found = []
    for frame in rendered(project):
        terms = frame.module.facts.terms
        for term in range(frame.scope.start, frame.scope.end):
            if terms[term][0] == t.FORMAT and isinstance(frame.module, Template):
                found += [describe(project.values.evaluate(frame, n)) for n in terms[term][1]]
    return found


ROW, TEXT = "Article object", "builtins.str object"
RELATED = "django.db.models.fields.related_descriptors.RelatedManager[Tag] object"
LOOKUPS = {
    "a": ROW,
    "a.title": TEXT,
    "a.author": "Author object",
    "a.author.name": TEXT,
    "a.writer": "Author object",
    "a.writer.name": TEXT,
    "a.first_tag": "Tag object",
    "a.tags": RELATED,
    "a.tags.all": "django.db.models.QuerySet[Tag] object",
    "a.tags.all.0": "Tag object",
    "a.tags.first": "Tag object",
    "a.sees": "unknown (a function that needs arguments)",
    "lookup.name": "Tag object | 'x'",
    "lookup.other": "Tag object",
    "a.delete": "unknown (a method that changes data is not called)",
    "articles.0": ROW,
    "articles|first": ROW,
    "articles|dictsort:'title'|first": ROW,
    "pair.1": "'y'",
    "pair.7": "'x' | 'y'",
    "table.key": "'value'",
    "table.items": "iterator of (unknown (key of a mapping), 'value')",
    "table.none": "unknown (no key 'none' is known)",
    "nothing.x": "unknown (nothing is known to be given as 'nothing')",
}


@pytest.mark.parametrize("text", LOOKUPS)
def test_lookups(text: str, tmp_path: Path) -> None:
    index = f"{{% for a in articles %}}{{{{ {text} }}}}{{% endfor %}}"
    project = blog(
        tmp_path,
        {"index.html": index},
        '"pair": ("x", "y"), "table": {"key": "value"}, "lookup": Lookup()',
    )
    assert outputs(project) == [LOOKUPS[text]]


def test_jinja_calls_nothing_by_itself(tmp_path: Path) -> None:
    page = """
    from flask import render_template
    from blog.models import Article

    def page():
        return render_template("page.html", articles=Article.objects.all())
    """
    text = "{% for a in articles %}{{ a.writer().name }}{{ a.writer }}{{ a['title'] }}{% endfor %}"
    project = blog(tmp_path, {"page.html": text}, blog__pages=page)
    assert outputs(project) == [TEXT, "writer", TEXT]


def test_blocks_take_each_others_place(tmp_path: Path) -> None:
    block = "{% block a %}{{ block.super }}"
    templates = {
        "base.html": "{% block head %}{% endblock %}{% block a %}{{ x }}{% endblock %}",
        "middle.html": "{% extends 'base.html' %}" + block + "{{ y }}{% endblock %}",
        "index.html": "{% extends './middle.html' %}{{ z }}" + block + "{% endblock %}",
    }
    expected = ["base.html", "base.html:block head", "index.html:block a", "middle.html:block a"]
    project = blog(tmp_path, templates, '"x": 1, "y": 2, "z": 3')
    assert places(project) == [*expected, "base.html:block a"]
    assert sorted(outputs(project)) == ["1", "2"]


def test_blocks_of_a_page_whose_base_is_not_known(tmp_path: Path) -> None:
    text = "{% extends base %}{{ x }}{% block a %}{{ y }}{% block b %}{% endblock %}{% endblock %}"
    project = blog(tmp_path, {"index.html": text}, '"x": 1, "y": 2')
    assert places(project) == ["index.html:block a", "index.html:block b"]
    assert outputs(project) == ["2"]


def test_included_templates_see_what_they_are_given(tmp_path: Path) -> None:
    index = """
    {% for a in articles %}
      {% include "row.html" %}{% include "row.html" with a=x only %}{% include name %}
    {% endfor %}
    """
    project = blog(tmp_path, {"index.html": index, "row.html": "{{ a }}{{ x }}"}, '"x": 1')
    assert places(project) == ["index.html", "row.html", "row.html"]
    unknown = "unknown (nothing is known to be given as 'x')"
    assert outputs(project) == [ROW, "1", "1", unknown]


def test_a_template_that_includes_itself(tmp_path: Path) -> None:
    index = "{% for a in articles %}{% include 'index.html' with articles=a.tags.all %}{% endfor %}"
    assert "index.html" in places(blog(tmp_path, {"index.html": index}))


def test_filters_and_tags_of_the_project(tmp_path: Path) -> None:
    tags = """
    from django import template
    register = template.Library()

    @register.filter(name="writer_of")
    def writer_of_article(article):
        return article.author

    def plain(article):
        return article.title

    register.filter("plain", plain)

    @register.simple_tag(takes_context=True)
    def first_of(context, name):
        return context["articles"][0]

    @register.inclusion_tag("menu.html")
    def menu(article, size=1):
        return {"entries": article.tags.all(), "size": size}
    """
    index = """
    {% load extras %}{% for a in articles %}{{ a|writer_of }}{{ a|plain }}{% menu a size=2 %}
    {% endfor %}{% first_of "x" as first %}{{ first }}{{ first|other }}
    """
    menu = "{% for tag in entries %}{{ tag }}{% endfor %}"
    project = blog(
        tmp_path, {"index.html": index, "menu.html": menu}, blog__templatetags__extras=tags
    )
    expected = ["Author object", TEXT, TEXT, ROW, "unknown (the filter 'other' is none of the"]
    found = outputs(project)
    assert [text[: len(e)] for text, e in zip(found, expected, strict=False)] == expected
    assert found[5:] == ["Tag object"]


@pytest.mark.parametrize(
    ("body", "reads"),
    [
        ("return context['a'] if 'b' in context else context.get('c')", {"a", "b", "c"}),
        ("context['a'] = context.flatten().get('b')", set()),
        ("return context[key]", None),
        ("return list(context.items())", None),
        ("return context.get", None),
        ("return context", None),
        ("return other(context)", None),
        ("return lambda: context['a']", None),
        ("return locals()", None),
        ("return other.get(context)", None),
    ],
)
def test_what_tags_read_of_the_context(tmp_path: Path, body: str, reads: set[str] | None) -> None:
    tags = f"""
    from django import template
    register = template.Library()

    @register.simple_tag(takes_context=True)
    def told(context, key):
        {body}
    """
    project = blog(tmp_path, {"index.html": ""}, blog__templatetags__extras=tags)
    tag = project.tags.find("tag", "told", ("extras",))
    assert tag is not None
    assert tag.reads == reads


def test_macros_and_imports(tmp_path: Path) -> None:
    page = """
    from jinja2 import Environment, PackageLoader
    from blog.models import Article

    environment = Environment(loader=PackageLoader("blog"))

    def page():
        template = environment.get_template("page.html")
        return template.render({"articles": Article.objects.all()}, size=3)
    """
    templates = {
        "page.html": """
        {% extends "base.html" %}
        {% import "forms.html" as forms %}{% from "forms.html" import wrap as box %}
        {% set shown = articles %}
        {% macro own(a) %}{{ a }}{{ size }}{% endmacro %}
        {% block body %}
          {% for a in shown %}{{ forms.row(a) }}{{ own(a) }}{% call(b) box() %}{{ b }}{% endcall %}
          {% endfor %}
        {% endblock %}
        """,
        "base.html": "{% block body %}{% endblock %}",
        "forms.html": """
        {% macro row(a, size=1) %}{{ a.title }}{% endmacro %}
        {% macro wrap() %}{{ caller(5) }}{% endmacro %}
        """,
    }
    project = blog(tmp_path, templates, blog__pages=page)
    assert {"forms.html:row", "page.html:own", "forms.html:wrap"} <= set(places(project))
    assert {TEXT, ROW, "3"} <= set(outputs(project))


# -- finding templates -----------------------------------------------------------------------------


def test_one_of_several_templates_of_a_name(tmp_path: Path) -> None:
    write(tmp_path, {"theme/templates/index.html": "{{ articles }}"})
    project = blog(tmp_path, {"index.html": "{{ articles }}"})
    assert places(project) == ["index.html"]


def test_several_templates_of_a_name_that_differ(tmp_path: Path) -> None:
    write(tmp_path, {"theme/templates/index.html": "{{ other }}"})
    assert places(blog(tmp_path, {"index.html": "{{ articles }}"})) == []


def test_each_flask_application_has_its_own(tmp_path: Path) -> None:
    page = """
    from flask import render_template
    from blog.models import Article

    def page():
        return render_template("page.html", articles=Article.objects.all())
    """
    write(tmp_path, {"other/templates/page.html": "{{ other }}"})
    project = blog(tmp_path, {"page.html": "{{ articles[0] }}"}, blog__pages=page)
    assert outputs(project) == [ROW]


# -- reports ---------------------------------------------------------------------------------------


def findings(root: Path, cache: Path | None = None) -> list[str]:
    report = Session.open(root, cache_dir=cache or False).check_all()
    return [f"{f.code} {f.path}:{f.range.line}:{f.range.column}" for f in report.findings]


LOOP = "{% for a in articles %}{{ a.author.name }}{% endfor %}"
PLAIN = "{% for a in articles %}{{ a.title }}{% endfor %}"


def test_a_broken_template_is_told_where_it_is_used(tmp_path: Path) -> None:
    blog(tmp_path, {"index.html": "{{ articles }}\n  {% if %}", "unused.html": "{% if %}"})
    assert findings(tmp_path) == ["FWP901 blog/templates/index.html:2:3"]
    report = Session.open(tmp_path, cache_dir=False).check_all()
    assert [(s.path, s.reason) for s in report.skipped] == [
        ("blog/templates/index.html", "the tag 'if' is not closed")
    ]


def test_jinja_in_a_django_project(tmp_path: Path) -> None:
    text = "{% for a in articles.filter(x=1) %}{{ a.author.name }}{% endfor %}{{ static('x') }}"
    blog(tmp_path, {"index.html": text})
    assert findings(tmp_path) == ["FWP207 blog/views.py:6:55"]


def test_a_template_that_is_named_is_no_python(tmp_path: Path) -> None:
    blog(tmp_path, {"index.html": "{% if %}", "other.html": "{% if %}"})
    session = Session.open(tmp_path, cache_dir=False)
    report = session.check(tmp_path / "blog/templates/index.html")
    assert [(f.code, f.message) for f in report.findings] == [
        ("FWP901", "file skipped: the tag 'if' is not closed")
    ]
    assert session.check(tmp_path / "blog/templates/other.html").findings == ()


def test_a_changed_template_is_checked_again(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    root = tmp_path / "project"
    root.mkdir()
    blog(root, {"index.html": LOOP})
    assert findings(root, cache) == ["FWP207 blog/views.py:6:55"]
    write(root, {"blog/templates/index.html": PLAIN})
    assert findings(root, cache) == []
    write(root, {"blog/templates/index.html": LOOP})
    assert findings(root, cache) == ["FWP207 blog/views.py:6:55"]
    (root / "blog/templates/index.html").unlink()
    assert findings(root, cache) == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_templates_are_read_once(
    jobs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each of the two files with views is a share of its own, and both render the first page.
    monkeypatch.setattr(shares, "_WORTH_SHARES", 0)
    root = tmp_path / "project"
    pages = {f"{n}.html": f"{n}{LOOP}" for n in range(16)}
    write(root, {f"blog/templates/{name}": text for name, text in pages.items()})
    for file, numbers in (("a_views", range(8)), ("z_views", (0, *range(8, 16)))):
        views = [
            f"def v{n}(request):\n"
            f"    return render(request, '{n}.html', {{'articles': Article.objects.all()}})\n"
            for n in numbers
        ]
        write(root, {f"blog/{file}.py": _IMPORTS + "\n".join(views)})
    write(root, {"blog/models.py": MODELS})

    def check() -> list[str]:
        session = Session.open(root, cache_dir=tmp_path / "cache", jobs=jobs)
        return [finding.message for finding in session.check_all().findings]

    found = check()
    assert len(found) == 17
    assert len([*(tmp_path / "cache").glob("??/*")]) < len(pages)
    write(root, {"blog/models.py": f"{MODELS}\n\nx = 1\n"})

    def is_not_called(content: bytes, language: Language) -> ModuleFacts:
        raise AssertionError(content)

    monkeypatch.setattr(extract, "extract_template", is_not_called)
    assert check() == found


def test_an_unsaved_template(tmp_path: Path) -> None:
    blog(tmp_path, {"index.html": PLAIN})
    session = Session.open(tmp_path, cache_dir=False)
    assert session.check_all().findings == ()
    session.update(tmp_path / "blog/templates/index.html", LOOP)
    (finding,) = session.check_all().findings
    (step,) = [step for step in finding.trace if "each row" in step.message]
    assert (step.path, step.range.line) == ("blog/templates/index.html", 1)
    assert LOOP[step.range.column - 1 : step.range.end_column - 1] == "a.author"


def test_excluded_templates_are_not_read(tmp_path: Path) -> None:
    blog(tmp_path, {"index.html": LOOP})
    settings = '[tool.fwp]\npreview = true\nexclude = ["blog/templates/**"]\n'
    (tmp_path / "pyproject.toml").write_text(settings, encoding="utf-8")
    assert findings(tmp_path) == []


# -- contexts --------------------------------------------------------------------------------------

FORMS = {
    "a dictionary of a helper": """
        def more():
            return {"found": QUERY}

        def view(request):
            context = {"x": 1}
            context.update(more())
            return render(request, "x.html", context)
        """,
    "dict()": """
        def view(request):
            return render(request, "x.html", dict(found=QUERY))
        """,
    "spread": """
        def view(request):
            base = {"found": QUERY}
            return render(request, "x.html", {"x": 1, **base})
        """,
    "merged": """
        def view(request):
            return render(request, "x.html", {"x": 1} | {"found": QUERY})
        """,
    "locals()": """
        def view(request):
            found = QUERY
            return render(request, "x.html", locals())
        """,
    "filled in a branch": """
        def view(request):
            context = {}
            if request.GET:
                context["found"] = QUERY
            return render(request, context=context, template_name="x.html")
        """,
    "handed to a helper": """
        def page(request, **context):
            return render(request, "x.html", context)

        def view(request):
            return page(request, found=QUERY)
        """,
    "keywords of the parent": """
        class View(TemplateView):
            template_name = "x.html"

            def get_context_data(self, **kwargs):
                kwargs["found"] = QUERY
                return super().get_context_data(**kwargs)
        """,
    "a mixin": """
        class Mixin:
            def get_context_data(self, **kwargs):
                context = super().get_context_data(**kwargs)
                context["found"] = QUERY
                return context

        class View(Mixin, TemplateView):
            template_name = "x.html"
        """,
    "extra_context": """
        class View(TemplateView):
            template_name = "x.html"
            extra_context = {"found": QUERY}
        """,
    "render_to_response": """
        class View(TemplateView):
            def get_template_names(self):
                return ["missing.html", "x.html"]

            def get(self, request):
                return self.render_to_response({"found": QUERY})
        """,
    "the view itself": """
        class View(TemplateView):
            template_name = "y.html"

            def found(self):
                return QUERY
        """,
    "a queryset of the parent": """
        class View(ListView):
            model = Article
            template_name = "x.html"
            context_object_name = "found"

            def get_queryset(self):
                return super().get_queryset().order_by("title")
        """,
    "a template object": """
        def view(request):
            return get_template("x.html").render({"found": QUERY}, request)
        """,
}
_IMPORTS = """
from django.shortcuts import render
from django.template.loader import get_template
from django.views.generic import ListView, TemplateView
from blog.models import Article
"""


@pytest.mark.parametrize("form", FORMS)
def test_contexts(form: str, tmp_path: Path) -> None:
    view = dedent(FORMS[form]).replace("QUERY", "Article.objects.order_by('title')")
    loop = "{% for a in found %}{{ a.author.name }}{% endfor %}"
    templates = {"x.html": loop, "y.html": loop.replace("found", "view.found")}
    write(tmp_path, {f"blog/templates/{name}": text for name, text in templates.items()})
    write(tmp_path, {"blog/models.py": MODELS, "blog/views.py": _IMPORTS + view})
    report = Session.open(tmp_path, cache_dir=False).check_all()
    lines = (_IMPORTS + view).splitlines()
    built = [number for number, line in enumerate(lines, start=1) if "order_by(" in line]
    assert [(f.code, f.range.line) for f in report.findings] == [("FWP207", built[0])]


def test_a_site_of_many_pages(tmp_path: Path) -> None:
    pages = range(80)
    extends = "{% extends 'base.html' %}{% block body %}"
    templates = {f"{n}.html": f"{extends}{n}{LOOP}{{% endblock %}}" for n in pages}
    templates["base.html"] = "{% block body %}{% endblock %}"
    write(tmp_path, {f"blog/templates/{name}": text for name, text in templates.items()})
    views = [
        f"def v{n}(request):\n"
        f"    return render(request, '{n}.html', {{'articles': Article.objects.all()}})\n"
        for n in pages
    ]
    write(tmp_path, {"blog/models.py": MODELS, "blog/views.py": _IMPORTS + "\n".join(views)})
    assert len(findings(tmp_path)) == len(pages)


def test_what_begins_in_a_template_belongs_to_its_view(tmp_path: Path) -> None:
    models = """
    from django.db import models

    class PostManager(models.Manager):
        def get_queryset(self):
            return super().get_queryset().filter(title="a")

    class Author(models.Model):
        name = models.TextField()

    class Post(models.Model):
        title = models.TextField()
        author = models.ForeignKey(Author, on_delete=models.CASCADE)
        editor = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="edited")
        objects = PostManager()
    """
    view = """
    from django.shortcuts import get_object_or_404, render
    from blog.models import Author

    def index(request):
        author = get_object_or_404(Author, pk=1)
        return render(request, "index.html", {"author": author})
    """
    index = "{% for p in author.edited.all %}{{ p.author.name }}{{ p.editor.name }}{% endfor %}"
    write(tmp_path, {"blog/templates/index.html": index})
    write(tmp_path, {"blog/models.py": models, "blog/views.py": view})
    report = Session.open(tmp_path, cache_dir=False).check_all()
    (finding,) = report.findings
    assert (finding.path, finding.range.line, finding.edits) == ("blog/views.py", 7, ())
    assert "each row of author.edited with an extra query: author (read" in finding.message
