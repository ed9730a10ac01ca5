"""Which blocks of a base template are one frame for all pages that extend it."""

from __future__ import annotations

from pathlib import Path

from fwp_checks.session import Session
from tests.engine.test_templates_rendering import MODELS, rendered, write

VIEWS = """
from django.shortcuts import render
from blog.models import Article

def one(request):
    context = {"site": 1, "name": "one", "articles": Article.objects.all()}
    return render(request, "one.html", context)

def other(request):
    context = {"site": 1, "name": "other", "articles": Article.objects.all()}
    return render(request, "other.html", context)
"""
BASE = """
{% block same %}{{ site }}{% block inner %}{% endblock %}{% endblock %}
{% block replaced %}{{ site }}{% block changed %}{% endblock %}{% endblock %}
{% block reading %}{{ name }}{% endblock %}
{% block including %}{{ site }}{% include "name.html" %}{% endblock %}
{% block looping %}{% for letter in site %}{{ letter }}{% endfor %}{% endblock %}
{% block querying %}{% if request.user.groups.all %}{{ site }}{% endif %}{% endblock %}
"""


def test_blocks_that_do_the_same_on_each_page(tmp_path: Path) -> None:
    write(tmp_path, {"blog/models.py": MODELS, "blog/views.py": VIEWS})
    page = "{% extends 'base.html' %}{% block changed %}{{ site }}{% endblock %}"
    templates = {"base": BASE, "one": page, "other": page, "name": "{{ name }}"}
    write(tmp_path, {f"blog/templates/{name}.html": text for name, text in templates.items()})
    project = Session.open(tmp_path, cache_dir=False)._linked()
    named = [frame.name.removeprefix("block ") for frame in rendered(project)]
    shared = {"same", "inner"}
    apart = {"replaced", "changed", "reading", "including", "looping", "querying"}
    assert {name: named.count(name) for name in shared | apart} == dict.fromkeys(
        shared, 1
    ) | dict.fromkeys(apart, 2)
