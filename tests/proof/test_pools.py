"""The cases of FWP502 with Django itself: where one is reported, asking for the pool raises, and
nowhere else.

No server is needed: Django refuses before it connects, and a pool that is made is not opened.
Skipped without Django, psycopg 3 and its pool.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rules.markdown import Case, pages

for package in ("django", "psycopg", "psycopg_pool"):
    pytest.importorskip(package)

CASES = [case for page in pages() for case in page.cases if case.rule_code == "FWP502"]
SETTINGS = re.compile(r'"DJANGO_SETTINGS_MODULE", "([\w.]+)"')
REFUSED = "Pooling doesn't support persistent connections."
ASK = """
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
for connection in connections.all():
    try:
        connection.pool
    except ImproperlyConfigured as error:
        print(connection.alias, error)
"""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_django_refuses_what_is_reported(case: Case, tmp_path: Path) -> None:
    if any("dj_database_url" in text for text in case.files.values()):
        pytest.importorskip("dj_database_url")
    case.write(tmp_path)
    named = SETTINGS.search(case.files["manage.py"])
    assert named is not None
    run = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=tmp_path,
        env={
            "DJANGO_SETTINGS_MODULE": named[1],
            "PYTHONPATH": str(tmp_path),
            "DATABASE_URL": "postgres://shop@localhost/shop",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert (REFUSED in run.stdout) is case.reports, run.stdout + run.stderr


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
