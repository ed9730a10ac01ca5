"""Rules about the structure of applications: what cases on their pages cannot show."""

from __future__ import annotations

from pathlib import Path

import pytest

from fwp_checks import sources
from fwp_checks.finding import Finding
from fwp_checks.project.files import discovery
from fwp_checks.session import Session
from fwp_checks.settings import Settings


def write(root: Path, **files: str) -> Path:
    """A project of these files; ``__`` in a name is a folder."""
    (root / "pyproject.toml").write_text("[tool.fwp]\npreview = true\n")
    for name, text in files.items():
        path = root / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def found(root: Path, code: str) -> list[Finding]:
    report = Session.open(root, cache_dir=root / ".cache").check_all()
    return [finding for finding in report.findings if finding.code == code]


# -- nothing is absent where something could not be read -------------------------------------------

FLASK = """
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)

with app.app_context():
    db.create_all()
"""
FASTAPI = """
from fastapi import FastAPI
from sqlalchemy import create_engine
from sqlalchemy.orm import declarative_base

app = FastAPI()
Base = declarative_base()
Base.metadata.create_all(create_engine("sqlite://"))
"""
ROUTES = "\n".join(
    f'@app.get("/{name}")\ndef {name}():\n    return {{}}\n'
    for name in ("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k")
)


@pytest.mark.parametrize(
    ("text", "code"), [(FLASK, "FWP306"), (FASTAPI, "FWP704"), (FASTAPI + ROUTES, "FWP707")]
)
def test_a_file_that_cannot_be_read_may_hold_what_is_missing(
    tmp_path: Path, text: str, code: str
) -> None:
    assert len(found(write(tmp_path, app=text), code)) == 1
    assert found(write(tmp_path, other="import fastapi\ndef f(:\n"), code) == []


# -- services --------------------------------------------------------------------------------------

MODELS = """
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()


class A(db.Model):
    id = db.Column(db.Integer, primary_key=True)


class B(db.Model):
    id = db.Column(db.Integer, primary_key=True)
"""
VIEW = """
@bp.post("/{name}")
def {name}():
    a = A.query.first()
    b = B.query.first()
    a.x = A.query.count()
    b.x = B.query.count()
{lines}
    db.session.commit()
    return ""
"""


def views(number: int, imports: str = "") -> str:
    lines = "\n".join(f"    a.y{line} = {line}" for line in range(40))
    head = f"from flask import Blueprint\n\nfrom models import A, B, db\n{imports}\n"
    names = (f"view{at}" for at in range(number))
    return (
        head
        + 'bp = Blueprint("b", __name__)\n'
        + "".join(VIEW.format(name=name, lines=lines) for name in names)
    )


@pytest.mark.parametrize(
    ("number", "imports", "told"),
    [(8, "", True), (7, "", False), (8, "from services import mail", False)],
)
def test_many_fat_views_without_a_layer_of_services(
    tmp_path: Path, number: int, imports: str, told: bool
) -> None:
    root = write(tmp_path, models=MODELS, app=views(number, imports), services="mail = 1")
    findings = found(root, "FWP303")
    assert len(findings) == number
    assert {"no service layer" in finding.message for finding in findings} == {told}


# -- what a finding tells --------------------------------------------------------------------------


def test_no_setting_is_shown(tmp_path: Path) -> None:
    text = f"""
from flask import Flask

app = Flask(__name__)
app.config["A"] = "not to be told"
app.config.update(B="not to be told")
app.config["C"] = "not to be told"

{ROUTES}"""
    [finding] = found(write(tmp_path, app=text), "FWP301")
    assert "3 settings written in the code" in finding.message
    told = [finding.message, *(step.message for step in finding.trace)]
    assert not any("not to be told" in message for message in told)
    assert [step.range.line for step in finding.trace[:3]] == [5, 6, 7]


REPEATED = """
@app.route("/{name}")
def {name}():
    key = request.headers.get("X-Key", "not to be told")
    if key != "not to be told":
        abort(401)
    user = load(key, password='not to be told', salt=b\'\'\'not to be told\'\'\')
    if user is None:
        abort(403)
    return user.{name}

"""


def test_no_text_of_repeated_statements_is_shown(tmp_path: Path) -> None:
    views = "".join(REPEATED.format(name=name) for name in ("one", "two", "three"))
    text = f"from flask import Flask, abort, request\n\napp = Flask(__name__)\n{views}"
    [finding] = found(write(tmp_path, app=text), "FWP401")
    assert 'request.headers.get("X-Key", "…")' in finding.message
    assert 'load(key, password="…", salt="…")' in finding.message
    assert "told" not in finding.message


def test_all_four_pieces_of_evidence_make_an_error(tmp_path: Path) -> None:
    views = "\n".join(
        f'@app.get("/{name}")\ndef {name}():\n    return str(A.query.count())\n'
        for name in "abcdefghij"
    )
    text = f"""
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["A"] = 1
app.config["B"] = 1
app.config["C"] = 1
db = SQLAlchemy(app)


class A(db.Model):
    id = db.Column(db.Integer, primary_key=True)


{views}"""
    [finding] = found(write(tmp_path, app=text), "FWP301")
    assert finding.severity.value == "warning"
    [finding] = found(write(tmp_path, app=text + "\n" * 500), "FWP301")
    assert finding.severity.value == "error"


# -- test code -------------------------------------------------------------------------------------

APP = """
from fastapi import FastAPI

app = FastAPI()


@app.get("/one")
def one():
    return {}


@app.get("/two")
def two():
    return {}
"""
CALLS = 'def test_one(client):\n    assert client.get("/one")\n'


def test_a_change_of_a_test_changes_the_report(tmp_path: Path) -> None:
    root = write(tmp_path, app=APP, tests__test_app=CALLS)
    assert ["GET /two" in finding.message for finding in found(root, "FWP705")] == [True]
    write(tmp_path, tests__test_app=CALLS.replace("one", "two"))
    assert ["GET /one" in finding.message for finding in found(root, "FWP705")] == [True]
    write(tmp_path, tests__test_other=CALLS)
    assert found(root, "FWP705") == []


def test_test_code_is_listed_apart(tmp_path: Path) -> None:
    write(tmp_path, app="", tests__unit__data="", test_app="", package__tests__e2e__x="")
    tests: list[str] = []
    files = discovery.python_paths(tmp_path, Settings(), tests=tests)
    assert files == ["app.py"]
    listed = discovery.test_files(tmp_path, Settings(), tests)
    assert listed == ["package/tests/e2e/x.py", "test_app.py", "tests/unit/data.py"]


def test_test_code_is_not_read_for_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write(tmp_path, app=APP, tests__test_app=CALLS)
    (root / "pyproject.toml").write_text("[tool.fwp]\n")
    read: list[str] = []
    original = sources.read_file

    def noting(path: Path | str) -> bytes | OSError:
        read.append(Path(path).name)
        return original(path)

    monkeypatch.setattr(sources, "read_file", noting)
    Session.open(root, cache_dir=False).check_all()
    assert "app.py" in read and "test_app.py" not in read


def test_what_is_wrong_with_test_code_is_not_reported(tmp_path: Path) -> None:
    blocking = "import time\n\n\nasync def test_one(client):\n    time.sleep(1)\n"
    root = write(tmp_path, app=APP, tests__test_app=CALLS + blocking, tests__test_x="def (:")
    report = Session.open(root, cache_dir=False).check_all()
    assert {finding.path for finding in report.findings} <= {"app.py"}
    assert report.skipped == ()


STATEMENT = """
def upgrade(connection):
    connection.execute("ALTER TABLE users ADD COLUMN age INTEGER")
"""
VIEW_OF_FASTAPI = """
import sqlite3
from fastapi import FastAPI
from tables import upgrade

app = FastAPI()


@app.post("/upgrade")
def view():
    upgrade(sqlite3.connect("users.db"))
"""
VIEW_OF_DJANGO = """
from django.db import connection
from django.http import HttpResponse
from django.urls import path
from tables import upgrade


def view(request):
    with connection.cursor() as cursor:
        upgrade(cursor)
    return HttpResponse()


urlpatterns = [path("upgrade/", view)]
"""


@pytest.mark.parametrize(
    ("files", "host"),
    [
        ({"app": VIEW_OF_FASTAPI}, "docs.sqlalchemy.org"),
        (
            {"urls": VIEW_OF_DJANGO, "settings": 'ROOT_URLCONF = "urls"\nINSTALLED_APPS = []\n'},
            "docs.djangoproject.com",
        ),
    ],
)
def test_statements_are_moved_to_the_migrations_of_the_framework(
    tmp_path: Path, files: dict[str, str], host: str
) -> None:
    [finding] = found(write(tmp_path, tables=STATEMENT, **files), "FWP704")
    assert finding.path == "tables.py"
    assert finding.fix_link.startswith(f"https://{host}/")
