"""What files beside the code say, in records."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(slots=True, unsafe_hash=True)
class Mention:
    """Where something is said: path relative to the root, line from 1."""

    path: str
    line: int


class Interface(Enum):
    """How a server calls the application; the value is how messages call it."""

    WSGI = "WSGI"
    ASGI = "ASGI"


@dataclass(slots=True, unsafe_hash=True)
class Server:
    """A command that serves the application.

    ``program`` is ``gunicorn``, ``uvicorn``, ``daphne``, ``hypercorn``, ``granian`` or ``uwsgi``;
    ``target`` what it serves, as written (``config.wsgi:application``), empty if the command does
    not say it; ``worker_class`` the class of gunicorn's workers, empty for its default.
    ``workers`` and ``threads`` are None where they are not given as numbers. ``configuration`` is
    the file that the command names, ``settings`` the Django settings that it names.
    """

    program: str
    mention: Mention
    target: str = ""
    worker_class: str = ""
    workers: int | None = None
    threads: int | None = None
    preloads: bool = False
    configuration: str = ""
    settings: str = ""

    @property
    def interface(self) -> Interface:
        """How it calls the application."""
        is_asgi = (
            self.program in ("uvicorn", "daphne", "hypercorn")
            or "uvicorn" in self.worker_class.lower()
            or self.worker_class.lower() in ("asgi", "asginl")
        )
        return Interface.ASGI if is_asgi else Interface.WSGI

    @property
    def module(self) -> str:
        """The dotted name of the module that it serves, empty if that is not known."""
        return self.target.partition(":")[0].replace("/", ".").removesuffix(".py")


@dataclass(slots=True, unsafe_hash=True)
class NamedSettings:
    """A file names the Django settings to run with."""

    module: str
    mention: Mention


@dataclass(slots=True, unsafe_hash=True)
class Script:
    """A function that is installed as a command: the folder of the file that says so, the dotted
    name of its module, and its own.
    """

    folder: str
    module: str
    function: str


@dataclass(slots=True, unsafe_hash=True)
class Requirement:
    """A package that the project asks for: its name in normal form, the versions as written."""

    name: str
    versions: str
    mention: Mention
