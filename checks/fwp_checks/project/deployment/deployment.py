"""How a project is run in production, as far as files beside its code say so."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from fwp_checks.facts import terms as t
from fwp_checks.finding import Skipped
from fwp_checks.project.deployment import commands, compose, requirements, scripts
from fwp_checks.project.deployment.records import (
    Mention,
    NamedSettings,
    Requirement,
    Script,
    Server,
)
from fwp_checks.project.files.deployment_files import MOST_BYTES

if TYPE_CHECKING:
    from fwp_checks.facts.model import ModuleFacts

# Files for work on the project, or for its tests, say nothing about how it is served.
_DEVELOPMENT = re.compile(
    r"(?:^|[/._-])(?:dev|devel|develop|development|devcontainer|local|tests?|testing|ci|e2e|debug"
    r"|examples?|samples?|docs?|benchmarks?|bench|demo|vagrant)(?:$|[/._-])"
)
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_OF_TOOLS = frozenset({"pyproject.toml", "setup.cfg", "pytest.ini", "tox.ini", "mypy.ini"})
_SERVERLESS = re.compile(r"(?:^|/)(?:zappa_settings\.\w+|vercel\.json|serverless\.ya?ml)$")
_GUNICORN = re.compile(r"(?:.*[._/-])?gunicorn[^/]*\.py$")


class DeploymentFiles(Protocol):
    """The files: their paths (relative to the root), bytes, and facts of those in Python."""

    @property
    def paths(self) -> Sequence[str]:
        """The paths."""
        ...

    def read(self, path: str) -> bytes | OSError:
        """The bytes of a file, or why they cannot be had."""
        ...

    def facts(self, path: str) -> ModuleFacts:
        """The facts of a file in Python."""
        ...


class NoDeploymentFiles:
    """No files."""

    paths: Sequence[str] = ()

    def read(self, path: str) -> bytes | OSError:
        """There is none."""
        return OSError(path)

    def facts(self, path: str) -> ModuleFacts:
        """There is none."""
        raise KeyError(path)


class Deployment:
    """Answers for one project; files are read when the first question is asked.

    ``skipped`` are the files that could not be read as text.
    """

    def __init__(self, files: DeploymentFiles) -> None:
        self._files = files
        self.skipped: list[Skipped] = []

    @cached_property
    def _texts(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for path in self._files.paths:
            content = self._files.read(path)
            if isinstance(content, OSError):
                reason = content.strerror or type(content).__name__
                self.skipped.append(Skipped(path, 1, f"cannot be read: {reason}"))
            elif b"\0" in content and not content.startswith(_UTF_16):
                line = content[: content.index(b"\0")].count(b"\n") + 1
                self.skipped.append(Skipped(path, line, "is no text"))
            elif len(content) <= MOST_BYTES:
                found[path] = _text_of(content)
        return found

    def _each(self, wanted: Callable[[str], bool]) -> list[tuple[str, str]]:
        return [(path, text) for path, text in self._texts.items() if wanted(path)]

    @cached_property
    def servers(self) -> list[Server]:
        """The servers that are started in production, with what their configurations add."""
        found: list[Server] = []
        for path, text in self._each(_is_production):
            if not path.endswith(".py"):
                found.extend(commands.servers(path, text))
        found = self._without_overridden(found)
        configured = self._configured
        if not configured:
            return found
        if not any(server.program == "gunicorn" for server in found):
            return [*found, *configured.values()]
        return [self._with_configuration(server) for server in found]

    def _without_overridden(self, servers: list[Server]) -> list[Server]:
        """Without the CMD of a Dockerfile from which Compose only builds services that run commands
        of their own, one of them a server.
        """
        built: dict[str, bool] = {}
        served: set[str] = set()
        for path, text in self._each(
            lambda path: compose.is_compose(path) and _is_production(path)
        ):
            for service in compose.services(path, text):
                file, lines = service.dockerfile, service.command
                built[file] = built.get(file, True) and lines is not None
                if lines is not None and any(
                    server.mention.path == path and lines[0] <= server.mention.line <= lines[1]
                    for server in servers
                ):
                    served.add(file)
        return [
            server
            for server in servers
            if server.mention.path not in served
            or not built[server.mention.path]
            or not compose.is_command(self._texts[server.mention.path], server.mention.line)
        ]

    def _with_configuration(self, server: Server) -> Server:
        """A server with what its file of settings says where its command says nothing."""
        if server.program != "gunicorn":
            return server
        name = server.configuration.rpartition("/")[2] or "gunicorn.conf.py"
        matching = [c for path, c in self._configured.items() if path.rpartition("/")[2] == name]
        if len(matching) != 1:
            return server
        known = matching[0]
        return replace(
            server,
            target=server.target or known.target,
            worker_class=server.worker_class or known.worker_class,
            workers=server.workers if server.workers is not None else known.workers,
            threads=server.threads if server.threads is not None else known.threads,
            preloads=server.preloads or known.preloads,
        )

    @cached_property
    def _configured(self) -> dict[str, Server]:
        """Gunicorn's settings in Python, by the path of the file."""
        found = {}
        for path, _ in self._each(lambda path: bool(_GUNICORN.fullmatch(path))):
            if _is_production(path):
                found[path] = _of_gunicorn(path, self._files.facts(path))
        return found

    @cached_property
    def settings(self) -> list[NamedSettings]:
        """The Django settings that these files name."""
        found = [s for path, text in self._each(_is_production) for s in _named(path, text)]
        found.extend(
            NamedSettings(server.settings, server.mention)
            for server in self.servers
            if server.settings
        )
        return found

    @cached_property
    def scripts(self) -> list[Script]:
        """The functions that are installed as commands."""
        return [s for path, text in self._texts.items() for s in scripts.scripts(path, text)]

    @cached_property
    def requirements(self) -> dict[str, list[Requirement]]:
        """What the project asks for, by the name in normal form; extras as ``name[extra]``."""
        found: dict[str, list[Requirement]] = {}
        for path, text in self._texts.items():
            for asked in requirements.requirements(path, text):
                found.setdefault(asked.name, []).append(asked)
        return found

    @cached_property
    def serverless(self) -> Mention | None:
        """Where a file says that no process lives longer than a request or a few."""
        for path in self._files.paths:
            if _SERVERLESS.search(path):
                return Mention(path, 1)
        for name in ("zappa", "mangum", "apig-wsgi", "chalice", "serverless-wsgi", "awsgi"):
            for asked in self.requirements.get(name, ()):
                return asked.mention
        return None

    def mentions(self, word: str) -> Mention | None:
        """Where one of the files used in production has a word, such as the name of a service."""
        for path, text in self._each(_is_production):
            at = text.find(word)
            if at >= 0:
                return Mention(path, text[:at].count("\n") + 1)
        return None


def _text_of(content: bytes) -> str:
    """The text of a file: commands and names are in ASCII, whatever its comments are in.

    Lists that PowerShell has written are in UTF-16; pip reads them, too
    (pip/_internal/utils/encoding.py, ``auto_decode``).
    """
    if content.startswith(_UTF_16):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _named(path: str, text: str) -> list[NamedSettings]:
    """What a file names; tools such as pytest name theirs in the project's own files."""
    if path.endswith(".py") or path.rpartition("/")[2] in _OF_TOOLS:
        return []
    return list(commands.named_settings(path, text))


def _is_production(path: str) -> bool:
    return _DEVELOPMENT.search(path.lower()) is None


def _of_gunicorn(path: str, facts: ModuleFacts) -> Server:
    """The settings of gunicorn that are literals in a module."""
    literals = {}
    for name, term in facts.scopes[0].bindings.items():
        entry = facts.terms[t.unaliased(facts.terms, term)]
        if entry[0] == t.CONST:
            literals[name] = entry[1]
    workers, threads = literals.get("workers"), literals.get("threads")
    return Server(
        "gunicorn",
        Mention(path, 1),
        target=str(literals.get("wsgi_app") or ""),
        worker_class=str(literals.get("worker_class") or ""),
        workers=workers if isinstance(workers, int) else None,
        threads=threads if isinstance(threads, int) else None,
        preloads=literals.get("preload_app") is True,
    )
