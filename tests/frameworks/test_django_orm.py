"""The Django ORM on the event loop: the linter says of every operation what Django does with it."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fwp_checks.session import Session
from tests.frameworks.django_project import FUNCTIONS, write

REFUSED = {name for name in FUNCTIONS if name.startswith("refused_")}

RUN = """
import asyncio, contextlib, io, json, os
import django

django.setup()
from django.core.exceptions import SynchronousOnlyOperation
from django.core.management import call_command
from django.db import connection
from django.contrib.contenttypes.models import ContentType
from blog.models import *

call_command("migrate", run_syncdb=True, verbosity=0)
publisher = Publisher.objects.create(name="p")
author = Author.objects.create(pk=1, name="a", publisher=publisher)
author.mentor = author
author.save()
member = Member.objects.create(pk=1, username="u")
Profile.objects.create(pk=1, author=author)
post = Post.objects.create(pk=1, title="t", author=author, editor=author, maker=member)
post.tags.add(Tag.objects.create(pk=1, name="t"))
Comment.objects.create(pk=1, post=post, author=author, text="c")
content_type = ContentType.objects.get_for_model(Post)
Note.objects.create(pk=1, content_type=content_type, object_id=1)
Restaurant.objects.create(pk=1, name="r", chef=author)
ContentType.objects.clear_cache()
connection.close()

import cases

found = {}
for name, function in vars(cases).items():
    if name.startswith(("refused_", "allowed_")):
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                asyncio.run(function())
            found[name] = "allowed"
        except SynchronousOnlyOperation:
            found[name] = "refused"
print(json.dumps(found))
"""


def test_what_is_reported(tmp_path: Path) -> None:
    write(tmp_path)
    report = Session.open(tmp_path, cache_dir=False).check_all()
    starts = {}
    for number, line in enumerate((tmp_path / "cases.py").read_text().splitlines(), start=1):
        if line.startswith("async def "):
            starts[number] = line.split()[2].partition("(")[0]
    reported = set()
    for finding in report.findings:
        assert finding.code == "FWP103", finding.text
        reported.add(starts[max(line for line in starts if line <= finding.range.line)])
    assert sorted(reported) == sorted(REFUSED)


@pytest.mark.skipif(importlib.util.find_spec("django") is None, reason="Django is not installed")
def test_what_django_does(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "run.py").write_text(RUN, encoding="utf-8")
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "conf"}
    environment.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)
    done = subprocess.run(
        [sys.executable, "run.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found == {name: name.partition("_")[0] for name in FUNCTIONS}
