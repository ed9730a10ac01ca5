"""Answers that tell of an error, and have status 200."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.project.meaning.frames import Frame
from fwp_checks.project.meaning.values import External, Member

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project

# What is answered: the keys and what they hold, or the one text under the key "".
Content = list[tuple[str, int]]

_RESPONSES = (
    "starlette.responses.", "fastapi.responses.", "flask.json.jsonify", "flask.jsonify",
    "quart.jsonify", "django.http.JsonResponse", "rest_framework.response.Response",
    "aiohttp.web.json_response", "sanic.response.json", "sanic.json",
)  # fmt: skip
_PLAIN_RESPONSES = frozenset(
    {
        "starlette.responses.Response", "starlette.responses.PlainTextResponse",
        "fastapi.Response", "fastapi.responses.Response", "fastapi.responses.PlainTextResponse",
        "django.http.HttpResponse", "flask.Response", "quart.Response",
    }
)  # fmt: skip
_TEXTS_ANSWERED = frozenset({"Flask", "Quart", "Starlette"})
STATUS_KEYWORDS = frozenset({"status_code", "status"})
_CONTENT_KEYWORDS = ("content", "data", "response", "body", "text")
# Keys, without underscores.
_ERRORS = frozenset(
    {
        "error", "errors", "err", "exception", "errormessage", "errormsg", "errmsg", "errordetail",
        "errordetails", "errordescription", "traceback",
    }
)  # fmt: skip
_MESSAGES = frozenset(
    {"message", "msg", "detail", "details", "description", "reason", "response", "text"}
)
_SUCCESS = frozenset({"success", "ok", "succeeded", "issuccess", "successful"})
_STATES = frozenset({"status", "state", "result"})
_FAILED = frozenset({"error", "failed", "failure", "fail"})
_CODES = frozenset({"code", "status", "statuscode", "httpstatus", "httpcode", "errorcode"})
# What was asked for is whether this is so, or a protocol says that errors are answered like this.
_ANSWERED = frozenset(
    {
        "valid", "isvalid", "healthy", "ishealthy", "available", "isavailable", "reachable",
        "connected", "isconnected", "online", "isonline", "alive", "running", "isrunning",
        "configured", "installed", "exists", "accessible", "jsonrpc",
    }
)  # fmt: skip
_OK = (".HTTP_200_OK", "http.HTTPStatus.OK")


def tells_of_error(project: Project, frame: Frame, term: int, framework: str) -> bool:
    """Whether what a handler returns certainly has status 200, and says that there is an error."""
    content = _content(project, frame, term, framework)
    return bool(content) and _tells(frame, content)


def _content(project: Project, frame: Frame, term: int, framework: str) -> Content:
    """What is answered with status 200; nothing if that is not certain."""
    terms = frame.module.facts.terms
    term = t.unaliased(terms, term)
    entry = terms[term]
    if entry[0] == t.SEQUENCE and entry[1] == "tuple" and len(entry[2]) == 2:
        return _body(project, frame, entry[2][0]) if _is_200(project, frame, entry[2][1]) else []
    if entry[0] == t.CALL:
        called = project.values.evaluate(frame, entry[1])
        name = called.name if isinstance(called, (External, Member)) else ""
        if name.endswith("jsonify") and entry[3]:
            return _keywords(entry)
        if name in _PLAIN_RESPONSES or name.startswith(_RESPONSES):
            return _responded(project, frame, entry, is_plain=name in _PLAIN_RESPONSES)
    if _is_text(frame, term):
        return [("", term)] if framework in _TEXTS_ANSWERED else []
    return _mapped(frame, term)


def _responded(project: Project, frame: Frame, entry: t.Term, *, is_plain: bool) -> Content:
    """What a call answers that makes a response."""
    keywords = dict(entry[3])
    if None in keywords or any(frame.module.facts.terms[one][0] == t.STAR for one in entry[2]):
        return []
    status = next((value for key, value in entry[3] if key in STATUS_KEYWORDS), -1)
    if status < 0 and len(entry[2]) > 1:
        status = entry[2][1]
    if status >= 0 and not _is_200(project, frame, status):
        return []
    named = [keywords[key] for key in _CONTENT_KEYWORDS if key in keywords]
    given = [*entry[2][:1], *named]
    if not given:
        return []
    if is_plain and _is_text(frame, given[0]):
        return [("", given[0])]
    return _mapped(frame, given[0])


def _body(project: Project, frame: Frame, term: int) -> Content:
    """The body of ``return body, 200``."""
    return [("", term)] if _is_text(frame, term) else _content(project, frame, term, "")


def _keywords(entry: t.Term) -> Content:
    """The dictionary that a call makes of its keywords; nothing if there are other arguments."""
    if entry[2]:
        return []
    return [(str(key) if key is not None else "…", value) for key, value in entry[3]]


def _is_200(project: Project, frame: Frame, term: int) -> bool:
    if frame.module.facts.terms[term] == (t.CONST, 200):
        return True
    value = project.values.evaluate(frame, term)
    return isinstance(value, (External, Member)) and value.name.endswith(_OK)


def _mapped(frame: Frame, term: int) -> Content:
    """The keys of a dictionary that is written out, and what they hold."""
    terms = frame.module.facts.terms
    entry = terms[t.unaliased(terms, term)]
    if entry[0] == t.CALL and terms[entry[1]] == (t.NAME, "dict"):
        return _keywords(entry)
    if entry[0] != t.MAPPING:
        return []
    return [
        (str(terms[key][1]) if key >= 0 and terms[key][0] == t.CONST else "…", value)
        for key, value in entry[1]
    ]


def _is_text(frame: Frame, term: int) -> bool:
    """Whether it is ``str(…)`` or text that is put together, and no HTML."""
    terms = frame.module.facts.terms
    entry = terms[t.unaliased(terms, term)]
    if entry[0] == t.FORMAT:
        return "<" not in "".join(map(str, entry[2]))
    return bool(entry[0] == t.CALL and terms[entry[1]] == (t.NAME, "str"))


def _tells(frame: Frame, content: Content) -> bool:
    terms = frame.module.facts.terms
    named = [(name.lower().replace("_", ""), value) for name, value in content]
    if any(name in _ANSWERED for name, _ in named):
        return False
    if any(_is_error(terms, name, value) for name, value in named):
        return True
    return _only_reports(terms, named)


def _is_error(terms: list[t.Term], name: str, value: int) -> bool:
    """Whether what is under a key says that something has failed."""
    entry = terms[t.unaliased(terms, value)]
    literal = entry[1] if entry[0] == t.CONST else ...
    if name in _ERRORS:
        return not _is_empty(entry)
    if name in _CODES and isinstance(literal, int) and 400 <= literal < 600:
        return True
    if name in _SUCCESS and literal is False:
        return True
    return name in _STATES and str(literal).lower() in _FAILED


def _only_reports(terms: list[t.Term], named: Content) -> bool:
    """Whether a message holds the text of what was caught, and nothing else is answered."""
    is_told = False
    for name, value in named:
        is_caught = t.depends_on(terms, value, t.CAUGHT)
        is_told = is_told or (is_caught and (name in _MESSAGES or not name))
        entry = terms[t.unaliased(terms, value)]
        if name in _SUCCESS | _STATES | _CODES or not (
            is_caught or entry[0] == t.CONST or _is_empty(entry)
        ):
            return False
    return is_told


def _is_empty(entry: t.Term) -> bool:
    if entry[0] == t.CONST:
        return entry[1] in (None, False, "", 0)
    return (entry[0] == t.SEQUENCE and not entry[2]) or (entry[0] == t.MAPPING and not entry[1])
