"""What files beside the code say of servers, settings and requirements."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from fwp_checks.facts.extract import extract
from fwp_checks.facts.model import ModuleFacts
from fwp_checks.project.deployment.deployment import Deployment
from fwp_checks.project.deployment.records import Interface, Server
from fwp_checks.project.files.deployment_files import MOST_BYTES, is_deployment_file
from fwp_checks.session import Session


class Files:
    """Deployment files in memory."""

    def __init__(self, files: dict[str, str | bytes]) -> None:
        self._files = {p: f.encode() if isinstance(f, str) else f for p, f in files.items()}

    @property
    def paths(self) -> Sequence[str]:
        return tuple(self._files)

    def read(self, path: str) -> bytes | OSError:
        return self._files[path]

    def facts(self, path: str) -> ModuleFacts:
        return extract(self._files[path])


def servers(**files: str) -> list[Server]:
    return Deployment(Files({k.replace("__", "/"): v for k, v in files.items()})).servers


COMMANDS = {
    "shell": ("Procfile", "web: gunicorn config.wsgi:application --workers 4 -k gthread\n"),
    "array": ("Dockerfile", 'CMD ["gunicorn", "-w", "4", "-kgthread", "config.wsgi:application"]'),
    "array over lines": (
        "Dockerfile",
        'CMD [\n  "gunicorn",\n  "--workers=4",\n  "config.wsgi:application"\n]',
    ),
    "continued": ("start.sh", "exec gunicorn \\\n  -w 4 \\\n  config.wsgi:application\n"),
    "list in YAML": (
        "compose.yml",
        "  command:\n    - gunicorn\n    - -w\n    - '4'\n    - config.wsgi:application\n",
    ),
    "folded in YAML": (
        "docker-compose.yml",
        "  command: >\n    gunicorn\n    --workers 4\n    config.wsgi:application\n  ports:\n",
    ),
    "path of the program": (
        "web.service",
        "ExecStart=/opt/bin/gunicorn -w 4 config.wsgi:application",
    ),
}


@pytest.mark.parametrize("path, text", COMMANDS.values(), ids=COMMANDS)
def test_a_command_in_any_form(path: str, text: str) -> None:
    [server] = Deployment(Files({path: text})).servers
    assert server.target == "config.wsgi:application"
    assert server.module == "config.wsgi"
    assert server.workers == 4
    assert server.interface is Interface.WSGI


def test_the_interface_is_that_of_the_program_or_its_workers() -> None:
    text = (
        "gunicorn a.asgi:app -k uvicorn.workers.UvicornWorker\ndaphne a.asgi:app\nuwsgi -w a.wsgi:x"
    )
    assert [s.interface.value for s in servers(**{"run.sh": text})] == ["ASGI", "ASGI", "WSGI"]


def test_what_is_installed_or_for_development_is_no_server() -> None:
    assert servers(Dockerfile="RUN pip install gunicorn uvicorn app:app\n# gunicorn a:b\n") == []
    assert servers(**{"docker-compose.dev.yml": "command: uvicorn config.asgi:application"}) == []
    assert servers(**{"compose__local__start.sh": "uvicorn config.asgi:application"}) == []


def test_numbers_that_are_variables_are_not_known() -> None:
    [server] = servers(Procfile="web: gunicorn a.wsgi --workers ${WORKERS:-4} --preload")
    assert (server.workers, server.preloads) == (None, True)


def test_the_configuration_of_gunicorn_adds_to_its_command() -> None:
    settings = "workers = 3\nthreads = int(os.environ['T'])\npreload_app = True\n"
    command = "web: gunicorn -c gunicorn.conf.py config.wsgi"
    [server] = servers(Procfile=command, **{"gunicorn.conf.py": settings})
    assert (server.workers, server.threads, server.preloads) == (3, None, True)
    [alone] = servers(
        **{"gunicorn.conf.py": "wsgi_app = 'a.asgi:app'\nworker_class = 'uvicorn.Worker'"}
    )
    assert (alone.interface, alone.module) == (Interface.ASGI, "a.asgi")


def test_settings_that_files_name() -> None:
    found = Deployment(
        Files(
            {
                "Dockerfile": "ENV DJANGO_SETTINGS_MODULE=config.settings.production\n",
                "docker-compose.yml": (
                    "  DJANGO_SETTINGS_MODULE: shop.settings\n  # DJANGO_SETTINGS_MODULE: no\n"
                ),
                "entrypoint.sh": (
                    "export DJANGO_SETTINGS_MODULE=${SETTINGS:-config.settings.live}\n"
                    "python manage.py migrate --settings=config.other\n"
                ),
                "pyproject.toml": "[tool.mypy]\nDJANGO_SETTINGS_MODULE = 'config.tests'\n",
            }
        )
    ).settings
    assert [(s.module, s.mention.path, s.mention.line) for s in found] == [
        ("config.settings.production", "Dockerfile", 1),
        ("shop.settings", "docker-compose.yml", 1),
        ("config.settings.live", "entrypoint.sh", 1),
        ("config.other", "entrypoint.sh", 2),
    ]


LISTS = {
    "requirements.txt": (
        "Django>=5.1\n# psycopg2\npsycopg[binary,pool]==3.2 ; python_version > '3'\n-r other.txt\n"
    ),
    "pyproject.toml": '[project]\ndependencies = ["Django>=5.1", "psycopg[binary,pool]==3.2"]\n',
    "Pipfile": (
        '[packages]\ndjango = ">=5.1"\npsycopg = {extras = ["binary", "pool"], version = "==3.2"}\n'
    ),
    "setup.cfg": "[options]\ninstall_requires =\n    Django>=5.1\n    psycopg[binary,pool]==3.2\n",
}


@pytest.mark.parametrize("path", LISTS)
def test_lists_of_requirements(path: str) -> None:
    found = Deployment(Files({path: LISTS[path]})).requirements
    assert set(found) == {"django", "psycopg", "psycopg[binary]", "psycopg[pool]"}
    assert found["django"][0].versions == ">=5.1"
    assert found["psycopg"][0].versions == "==3.2"


def test_poetry_and_groups() -> None:
    text = """
[tool.poetry.dependencies]
Django_Filter = "^2"
[tool.poetry.group.web.dependencies]
gunicorn = "*"
[dependency-groups]
dev = ["ruff>=1", {include-group = "web"}]
"""
    found = Deployment(Files({"pyproject.toml": text})).requirements
    assert set(found) == {"django-filter", "gunicorn", "ruff"}


def test_broken_lists_say_nothing() -> None:
    broken = {"pyproject.toml": "[project\n", "setup.cfg": "x\n"}
    assert Deployment(Files(dict(broken))).requirements == {}


def test_files_that_are_no_text_are_skipped_with_a_line() -> None:
    deployment = Deployment(Files({"Dockerfile": b"FROM a\n\0", "run.sh": b"#" * (MOST_BYTES + 1)}))
    assert deployment.servers == []
    [skipped] = deployment.skipped
    assert (skipped.path, skipped.line, skipped.reason) == ("Dockerfile", 2, "is no text")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_lists_that_powershell_has_written_are_read(encoding: str) -> None:
    mark = "" if encoding == "utf-16" else "\ufeff"
    content = f"{mark}Django==5.2\r\npsycopg2==2.9\r\n".encode(encoding)
    deployment = Deployment(Files({"requirements.txt": content}))
    assert set(deployment.requirements) == {"django", "psycopg2"}
    assert deployment.skipped == []


def test_comments_in_another_encoding_do_no_harm() -> None:
    text = "# d\xe9marrer\nexec gunicorn config.wsgi:application\n".encode("latin-1")
    [server] = Deployment(Files({"run.sh": text})).servers
    assert server.mention.line == 2


@pytest.mark.parametrize(
    "path, expected",
    [
        ("Dockerfile", True),
        ("docker/prod.Dockerfile", True),
        ("Procfile", True),
        ("docker-compose.prod.yml", True),
        ("bin/entrypoint", True),
        ("requirements/base.txt", True),
        ("gunicorn.conf.py", True),
        ("mail/templates/body.txt", False),
        ("app/models.py", False),
        ("notes.md", False),
        (".env", False),
    ],
)
def test_which_files_are_read(path: str, expected: bool) -> None:
    folder, _, name = path.rpartition("/")
    assert is_deployment_file(folder, name) is expected


SETTINGS = """
INSTALLED_APPS = ["shop"]
DATABASES = {
    "default": {"ENGINE": "django.db.backends.postgresql", "NAME": "x", "CONN_MAX_AGE": 60}
}
"""
MANAGE = """
import os
from django.core.management import execute_from_command_line
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
"""


def test_findings_follow_the_content_of_these_files(tmp_path: Path) -> None:
    for name, text in {
        "pyproject.toml": "",
        "settings.py": SETTINGS,
        "manage.py": MANAGE,
        "asgi.py": "",
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    cache = tmp_path.parent / "cache"

    def codes() -> list[str]:
        report = Session.open(tmp_path, cache_dir=cache).check_all()
        return [finding.code for finding in report.findings]

    assert codes() == []
    (tmp_path / "Procfile").write_text("web: uvicorn asgi:application\n", encoding="utf-8")
    assert codes() == ["FWP503"]
    (tmp_path / "Procfile").write_text("web: gunicorn wsgi:application\n", encoding="utf-8")
    assert codes() == []
