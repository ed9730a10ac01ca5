"""What FWP302 and FWP304 say of Flask happens, and does not happen in what they pass over.

Each program is run with Flask and Flask-SQLAlchemy; skipped without them.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fwp_checks.session import Session

for package in ("flask", "flask_sqlalchemy"):
    pytest.importorskip(package)


def write(root: Path, **files: str) -> Path:
    for name, text in files.items():
        (root / f"{name}.py").write_text(text)
    return root


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def codes(root: Path) -> list[str]:
    report = Session.open(root, cache_dir=False).check_all()
    return [finding.code for finding in report.findings]


ROUTES = """
from app import app


@app.get("/")
def index():
    return "here"
"""
SCRIPT = """
from flask import Flask

app = Flask(__name__)

import routes

if __name__ == "__main__":
    print(app.test_client().get("/").status_code)
"""


def test_a_script_imported_again_serves_no_route(tmp_path: Path) -> None:
    root = write(tmp_path, app=SCRIPT, routes=ROUTES)
    assert codes(root) == ["FWP304"]
    assert run(root, "app.py").stdout == "404\n"
    served = "from app import app; print(app.test_client().get('/').status_code)"
    assert run(root, "-c", served).stdout == "200\n"


EARLY = """
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
{before}
app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///shop.db"
db = SQLAlchemy(app)
{after}
"""
MODELS = """
from app import db


class Product(db.Model):
    id = db.Column(db.Integer, primary_key=True)
"""


@pytest.mark.parametrize("start", ["import app", "import models"])
def test_a_name_that_is_not_bound_is_an_import_error(tmp_path: Path, start: str) -> None:
    text = EARLY.format(before="from models import Product", after="")
    root = write(tmp_path, app=text, models=MODELS)
    assert codes(root) == ["FWP304"]
    assert "ImportError: cannot import name" in run(root, "-c", start).stderr


def test_models_imported_at_the_end_work(tmp_path: Path) -> None:
    root = write(tmp_path, app=EARLY.format(before="", after="import models"), models=MODELS)
    assert codes(root) == []
    assert run(root, "-c", "import app").returncode == 0


TEST = """
from app import app, db

app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///:memory:"
with app.app_context():
    print(db.engine.url.database.endswith("shop.db"))
"""


def test_settings_written_after_the_extension_is_bound_do_not_count(tmp_path: Path) -> None:
    root = write(tmp_path, app=EARLY.format(before="", after=""), test_app=TEST)
    assert codes(root) == ["FWP302"]
    assert run(root, "test_app.py").stdout == "True\n"
