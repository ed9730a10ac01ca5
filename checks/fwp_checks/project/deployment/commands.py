"""Commands in the text of files: servers that are started, settings that are named.

The formats differ, the words do not: a shell line, a JSON array, a YAML list and an INI value all
hold the words of a command in order. Options as in the documentation of gunicorn 23, uvicorn 0.34,
daphne 4.1, hypercorn 0.17, granian 1.6 and uWSGI 2.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from fwp_checks.project.deployment.records import Mention, NamedSettings, Server

_PROGRAMS = frozenset({"gunicorn", "uvicorn", "daphne", "hypercorn", "granian", "uwsgi"})
_WORD = re.compile(r"""[^\s"'\[\],]+""")
_TARGET = re.compile(r"[A-Za-z_][\w./]*:[A-Za-z_]\w*(?:\(.*\))?|[A-Za-z_]\w*(?:\.\w+)*\.(?:w|a)sgi")
_SETTINGS = re.compile(
    r"""(?:\bDJANGO_SETTINGS_MODULE["']?\s*(?:[=:,]|\s)\s*|--settings[= ])"""
    r"""["']?(?:\$\{[A-Z_]+:-)?([A-Za-z_]\w*(?:\.\w+)+|[a-z_]\w*)["'}]?"""
)
_ENDS = frozenset({"&&", "||", "|", ";", "&", ">", "2>&1"})
_INSTALLS = frozenset({"install", "add", "apt-get", "apk", "pip", "which", "command", "echo"})
_FOLDED = re.compile(r"[>|][+-]?\s*$")
# Options with a value, by how they are written; of all the servers together.
_OPTIONS = {
    "-w": "workers", "--workers": "workers", "--processes": "workers", "-p": "",
    "-k": "worker_class", "--worker-class": "worker_class", "--worker": "worker_class",
    "--threads": "threads", "-c": "configuration", "--config": "configuration",
    "--interface": "worker_class", "-b": "", "--bind": "", "--settings": "settings",
    "--module": "target", "--wsgi": "target", "-m": "", "--ini": "configuration",
}  # fmt: skip
_LONGEST = 60


def servers(path: str, text: str) -> Iterator[Server]:
    """The servers that a file starts."""
    if path.lower().endswith(".ini"):
        yield from _of_uwsgi(path, text)
    for line, words in _commands(text):
        for at, word in enumerate(words):
            program = word.rpartition("/")[2].rstrip(";")
            if program in _PROGRAMS and not _INSTALLS.intersection(words[:at]):
                found = _server(program, Mention(path, line), words[at + 1 : at + _LONGEST])
                if found.target or found.configuration or found.settings:
                    yield found
                break


def named_settings(path: str, text: str) -> Iterator[NamedSettings]:
    """The settings that a file names."""
    if "SETTINGS" not in text and "--settings" not in text:
        return
    for number, line in enumerate(text.splitlines(), 1):
        if not line.lstrip().startswith("#"):
            for name in _SETTINGS.findall(line):
                yield NamedSettings(name, Mention(path, number))


def _commands(text: str) -> Iterator[tuple[int, list[str]]]:
    """The logical lines that may start a server: where each begins, and its words."""
    if not any(program in text for program in _PROGRAMS):
        return
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        start = number
        line = lines[number].strip()
        number += 1
        if line.startswith("#"):
            continue
        if line.endswith("["):
            while number < len(lines) and "]" not in lines[number - 1]:
                line += " " + lines[number].strip()
                number += 1
        elif line.startswith("- "):
            # A command as a list in YAML, a word an item.
            while number < len(lines) and lines[number].strip().startswith("- "):
                line += " " + lines[number].strip()[2:]
                number += 1
            line = line[2:]
        elif _FOLDED.search(line):
            indent = _indent(lines[start])
            while number < len(lines) and lines[number].strip() and _indent(lines[number]) > indent:
                following = lines[number].strip().removesuffix("\\")
                line += " " + (following if not following.startswith("#") else "")
                number += 1
        while line.endswith("\\") and number < len(lines):
            line = line[:-1] + " " + lines[number].strip()
            number += 1
        if any(program in line for program in _PROGRAMS):
            yield start + 1, _WORD.findall(line)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _server(program: str, mention: Mention, words: list[str]) -> Server:
    """What the words behind the name of a server say."""
    found = Server(program, mention)
    waiting = ""
    for word in words:
        if word in _ENDS:
            break
        name, equals, value = word.partition("=")
        if waiting:
            found = _with(found, waiting, word)
            waiting = ""
        elif name in _OPTIONS and word.startswith("-"):
            if equals:
                found = _with(found, _OPTIONS[name], value)
            else:
                waiting = _OPTIONS[name] or "ignored"
        elif word in ("--preload", "--preload-app"):
            found = replace(found, preloads=True)
        elif not word.startswith("-") and not found.target and _TARGET.fullmatch(word):
            found = replace(found, target=word)
    return found


def _with(server: Server, what: str, value: str) -> Server:
    if what == "workers" and server.program == "uwsgi" and not value.isdecimal():
        return replace(server, target=value)  # there -w names the module
    if what == "workers":
        return replace(server, workers=number(value))
    if what == "threads":
        return replace(server, threads=number(value))
    if what == "worker_class":
        return replace(server, worker_class=value)
    if what == "configuration":
        return replace(server, configuration=value.removeprefix("file:").removeprefix("python:"))
    if what == "settings":
        return replace(server, settings=value)
    if what == "target":
        return replace(server, target=value)
    return server


def number(text: str) -> int | None:
    """A number as written; None for anything else, such as a variable."""
    return int(text) if text.isdecimal() else None


def _of_uwsgi(path: str, text: str) -> Iterator[Server]:
    if "[uwsgi]" not in text:
        return
    found = Server("uwsgi", Mention(path, text[: text.index("[uwsgi]")].count("\n") + 1))
    for line in text.splitlines():
        name, equals, value = (part.strip() for part in line.partition("="))
        if equals and name in ("module", "wsgi", "wsgi-file"):
            found = replace(found, target=value)
        elif equals and name in ("processes", "workers"):
            found = replace(found, workers=number(value))
        elif equals and name == "threads":
            found = replace(found, threads=number(value))
    if found.target:
        yield found
