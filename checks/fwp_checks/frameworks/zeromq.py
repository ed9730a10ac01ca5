"""ZeroMQ: a message that has begun to come, or of which a poll has told, is there at once.

``socket.recv_string(flags=zmq.NOBLOCK)`` raises where there is none, and the parts of a message
arrive together, so the next ``socket.recv()`` waits for nothing.
https://zguide.zeromq.org/docs/chapter2/#Multipart-Messages
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwp_checks.facts import terms as t
from fwp_checks.frameworks.base import Framework
from fwp_checks.project.meaning.narrowing import is_same
from fwp_checks.project.meaning.tested import parts, tests_before
from fwp_checks.project.meaning.values import External, Member

if TYPE_CHECKING:
    from fwp_checks.project.linked import Project
    from fwp_checks.project.meaning.frames import Frame
    from fwp_checks.project.meaning.outcome import RunExternal

_RECEIVING = "zmq.Socket.recv"
# https://pyzmq.readthedocs.io/en/latest/api/zmq.html#zmq.Flag
_AT_ONCE = frozenset(
    f"zmq.{place}{name}"
    for place in ("", "Flag.", "constants.", "constants.Flag.")
    for name in ("NOBLOCK", "DONTWAIT")
)


class ZeroMQ(Framework):
    """Hooks for PyZMQ."""

    name = "ZeroMQ"
    modules = frozenset({"zmq"})

    def spares(self, project: Project, frame: Frame, term: int, run: RunExternal) -> bool:
        """Whether something is received where a part of the message has come, or ``poll`` has said
        that there is one.
        """
        terms = frame.module.facts.terms
        if not run.name.startswith(_RECEIVING) or terms[term][0] != t.CALL:
            return False
        called = terms[terms[term][1]]
        if called[0] != t.ATTR:
            return False
        socket = called[1]
        for before in frame.module.calls_in(frame.scope_number):
            if before >= term:
                break
            if _is_method(terms, before, "recv", socket) and _is_at_once(project, frame, before):
                return True
        known = list(tests_before(frame.module, frame.scope_number, term))
        for region in frame.module.regions_in(frame.scope_number):
            if region.kind == "while" and 0 <= region.term < term < region.end:
                known += parts(terms, region.term, holds=True)
        return any(holds and _has_polled(terms, test, socket) for test, holds in known)


def _is_method(terms: list[t.Term], call: int, name: str, socket: int) -> bool:
    """Whether a call is one of the same socket's methods whose names begin so."""
    called = terms[terms[call][1]]
    return (
        called[0] == t.ATTR
        and str(called[2]).startswith(name)
        and is_same(terms, called[1], socket)
    )


def _is_at_once(project: Project, frame: Frame, call: int) -> bool:
    """Whether a call says that it does not wait."""
    terms = frame.module.facts.terms
    flags = [*terms[call][2], *(term for _, term in terms[call][3])]
    for flag in flags:
        entry = terms[flag]
        if entry[0] == t.BINARY and entry[1] == "|":
            flags.extend(entry[2:4])
            continue
        value = project.values.evaluate(frame, flag)
        if isinstance(value, (External, Member)) and value.name in _AT_ONCE:
            return True
    return False


def _has_polled(terms: list[t.Term], test: int, socket: int) -> bool:
    """Whether a test asks what polling the socket has given."""
    return any(_is_method(terms, call, "poll", socket) for call in t.reached(terms, test, t.CALL))


FRAMEWORK = ZeroMQ()
