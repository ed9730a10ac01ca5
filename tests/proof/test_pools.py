"""The cases of FWP502 with Django itself: where one is reported, asking for the pool raises, and
nowhere else; with the edits of the finding made, it does no more.

No server is needed: Django refuses before it connects, and a pool that is made is not opened.
Skipped without Django, psycopg 3 and its pool.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from fwp_checks.fixes import apply
from fwp_checks.session import Session
from tests.proof.conventions import instructions
from tests.rules.markdown import Case, pages

for package in ("django", "psycopg", "psycopg_pool"):
    pytest.importorskip(package)

CASES = [case for page in pages() for case in page.cases if case.rule_code == "FWP502"]
SETTINGS = re.compile(r'"DJANGO_SETTINGS_MODULE", "([\w.]+)"')
REFUSED = "Pooling doesn't support persistent connections."
# Into the branches that most findings speak of.
BRANCHES = {"DB_POOL": "1", "CONN_MAX_AGE": "0"}
ASK = """
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
for connection in connections.all():
    try:
        connection.pool
    except ImproperlyConfigured as error:
        print(connection.alias, error)
"""


def asked(case: Case, root: Path) -> str:
    """What Django says of the pools of a case."""
    for package in ("dj_database_url", "psqlextra"):
        if any(package in text for text in case.files.values()):
            pytest.importorskip(package)
    told = instructions(case)
    if told.missing:
        pytest.skip(f"{told.missing} is not installed")
    named = SETTINGS.search(case.files["manage.py"])
    assert named is not None
    run = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=root,
        env={
            "DJANGO_SETTINGS_MODULE": named[1],
            "PYTHONPATH": str(root),
            "PYTHONDONTWRITEBYTECODE": "1",
            "DATABASE_URL": "postgres://shop@localhost/shop",
            **told.variables(BRANCHES),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_django_refuses_what_is_reported(case: Case, tmp_path: Path) -> None:
    case.write(tmp_path)
    said = asked(case, tmp_path)
    assert (REFUSED in said) is case.reports, said


# An edit there would change what production does, another branch, where options are others, or what
# other modules take.
NOT_EDITED = (
    "While working on the project",
    "By way of variables",
    "By way of variables, one of several branches",
    "A default of the environment",
    "A default that a function takes",
    "A pool that is switched on",
    "By two tests of one value",
    "By default, where there is a server",
    "From a module whose names are taken below",
)
EDITED = [case for case in CASES if case.reports and case.heading not in NOT_EDITED]


@pytest.mark.parametrize("case", EDITED, ids=lambda case: case.name)
def test_django_takes_what_the_edits_make(case: Case, tmp_path: Path) -> None:
    case.write(tmp_path)
    findings = Session.open(tmp_path, cache_dir=False).check_all().findings
    changed = apply(case.files, findings).texts
    assert len(changed) == 1
    for path, text in changed.items():
        (tmp_path / path).write_text(text, encoding="utf-8")
    assert REFUSED not in asked(case, tmp_path)


OLD_DRIVER = """
from django.conf import settings
settings.configure()
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.postgresql import base
base.is_psycopg3 = False
options = {"NAME": "shop", "OPTIONS": {"pool": True}}
try:
    base.DatabaseWrapper(options, "default").get_connection_params()
except ImproperlyConfigured as error:
    print(error)
"""


def test_django_refuses_a_pool_of_the_old_driver() -> None:
    run = subprocess.run([sys.executable, "-c", OLD_DRIVER], capture_output=True, text=True)
    assert "Database pooling requires psycopg >= 3" in run.stdout, run.stderr


def test_an_address_gives_no_age_unless_asked() -> None:
    dj_database_url = pytest.importorskip("dj_database_url")
    address = "postgres://shop@localhost/shop"
    assert dj_database_url.parse(address)["CONN_MAX_AGE"] == 0
    assert dj_database_url.parse(address, conn_max_age=60)["CONN_MAX_AGE"] == 60
