"""Which files beside the code say how it is run: container files, process lists, scripts that start
servers, lists of requirements.

Their names are conventions of Docker, Compose, Heroku, supervisor, systemd, uWSGI, gunicorn, pip,
Poetry, Pipenv, Zappa, Vercel and the Serverless Framework. Files of environment variables
(``.env``) are not read: they hold secrets.
"""

from __future__ import annotations

import re

_NAMES = re.compile(
    r"(?:.*[._-])?(?:docker|container)file(?:[._-].*)?"
    r"|procfile(?:[._-].*)?"
    r"|(?:.*[._-])?compose(?:[._-].*)?\.ya?ml"
    r"|.*\.(?:sh|bash|service)"
    r"|(?:.*[._-])?(?:entrypoint|start|serve|server|run|web|gunicorn|uvicorn|daphne)"
    r"|(?:.*[._-])?gunicorn(?:[._-].*)?\.(?:py|conf|ini)"
    r"|.*supervis.*\.(?:conf|ini)"
    r"|.*\.ini|(?:.*[._-])?uwsgi.*\.ya?ml"
    r"|(?:fly|railway|nixpacks)\.toml"
    r"|(?:render|heroku|serverless|app)\.ya?ml"
    r"|zappa_settings\.\w+|vercel\.json"
    r"|.*require.*\.(?:txt|in)|pyproject\.toml|setup\.cfg|pipfile"
)
_LISTS = (".txt", ".in")
_ENDINGS = (
    *(*_LISTS, ".sh", ".bash", ".service", ".yml", ".yaml", ".py", ".conf", ".ini", ".toml"),
    *(".cfg", ".json"),
)
# What a person writes by hand is shorter; of so many files the first are enough.
MOST_BYTES = 300_000
MOST_FILES = 400


def is_deployment_file(folder: str, name: str) -> bool:
    """Whether a file says how the project is run, by its name and the path of its folder."""
    if "." in name and not name.endswith(_ENDINGS) and "file" not in name.lower():
        return False
    if _NAMES.fullmatch(name.lower()):
        return True
    return name.endswith(_LISTS) and folder.rpartition("/")[2].startswith("requirements")
