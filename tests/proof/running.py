"""Runs projects, each in a process of its own, and prints what their queries did as JSON.

``python -m tests.proof.running`` reads a list of jobs from standard input. What frameworks need to
be imported is imported once; each project then runs in a fork.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from importlib import import_module, util
from pathlib import Path
from typing import Any

_WARM = {
    "django_runs": (
        *("django.contrib.admin", "django.contrib.auth.management", "django.test"),
        *("django.contrib.syndication.views", "rest_framework"),
    ),
    "alchemy_runs": (
        *("sqlalchemy.orm", "sqlalchemy.ext.asyncio", "flask_sqlalchemy", "fastapi", "sqlmodel"),
    ),
}


def main() -> None:
    """Run the jobs of standard input; prints a list of results in their order."""
    jobs = json.load(sys.stdin)
    for name in dict.fromkeys(name for job in jobs for name in _WARM[job["framework"]]):
        if util.find_spec(name.partition(".")[0]) is not None:
            _import_quietly(name)
    print(json.dumps([_in_a_fork(job) for job in jobs]))


def _import_quietly(name: str) -> None:
    try:
        import_module(name)
    except Exception:  # needs settings that only a project has
        return


def _in_a_fork(job: dict[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        try:
            outcome = _run(job)
        except BaseException:
            outcome = {"error": traceback.format_exc(limit=-8)}
        with os.fdopen(writing, "w", encoding="utf-8") as stream:
            json.dump(outcome, stream)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as stream:
        text = stream.read()
    os.waitpid(child, 0)
    result: dict[str, Any] = json.loads(text) if text else {"error": "the process died"}
    return result


def _run(job: dict[str, Any]) -> dict[str, Any]:
    root = Path(job["root"])
    os.chdir(root)
    sys.path.insert(0, str(root))
    project = import_module(f"tests.proof.{job['framework']}")
    entries: list[dict[str, Any]] = project.run(root, job["run"], job["rows"])
    return {"entries": entries}


if __name__ == "__main__":
    main()
