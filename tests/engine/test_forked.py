"""Work in a copy of the process: a result, or an error that says there is none; nothing is left."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fwp_checks.forked import Forked, ForkError, Stream

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork") or sys.platform == "darwin" or threading.active_count() > 1,
    reason="no copies of processes on this platform, or of one with the threads of a test runner",
)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _fail() -> None:
    raise ZeroDivisionError


def _interrupt() -> None:
    raise KeyboardInterrupt


def _is_gone(forked: Forked[Any] | Stream) -> bool:
    """Whether the process of some work has ended and was waited for."""
    try:
        os.waitpid(forked.pid, os.WNOHANG)
    except ChildProcessError:
        return True
    return False


def _open_files() -> int:
    """How many; 0 where the system does not say."""
    listed = Path("/proc/self/fd")
    return len(list(listed.iterdir())) if listed.is_dir() else 0


def test_a_result_comes_back_from_another_process() -> None:
    forked = Forked(os.getpid)
    assert forked.result() != os.getpid()
    assert _is_gone(forked)


def test_a_result_larger_than_a_pipe_holds() -> None:
    assert len(Forked(lambda: b"x" * 10_000_000).result()) == 10_000_000


@pytest.mark.parametrize("work", [_die, _fail, _interrupt, lambda: threading.Lock()])
def test_work_that_gives_nothing(
    work: Callable[[], object], capfd: pytest.CaptureFixture[str]
) -> None:
    forked = Forked(work)
    with pytest.raises(ForkError):
        forked.result()
    assert _is_gone(forked)
    assert capfd.readouterr() == ("", "")


def test_work_that_is_no_longer_wanted() -> None:
    forked = Forked(lambda: signal.pause())
    forked.stop()
    assert _is_gone(forked)


def test_no_copy_of_a_process_with_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fork", _fail)
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        with pytest.raises(ForkError):
            Forked(os.getpid)
    finally:
        done.set()
        thread.join()


def test_no_copy_where_the_system_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing() -> int:
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refusing)
    before = _open_files()
    with pytest.raises(ForkError, match="temporarily"):
        Forked(os.getpid)
    assert _open_files() == before


def test_a_program_that_ignores_its_children() -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert Forked(lambda: [1, 2]).result() == [1, 2]
        with pytest.raises(ForkError):
            Forked(_die).result()
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_pieces_come_while_the_work_goes_on() -> None:
    receiving, sending = os.pipe()

    def work() -> Iterator[bytes]:
        yield b"x" * 3_000_000
        yield b""
        os.read(receiving, 1)
        yield b"last"

    stream = Stream(work)
    first: list[bytes] = []
    while len(first) < 2:
        first += stream.arrived()
    os.write(sending, b"!")
    assert [len(piece) for piece in first] == [3_000_000, 0]
    assert stream.rest() == [b"last"]
    assert _is_gone(stream)
    os.close(receiving)
    os.close(sending)


def test_pieces_of_work_that_fails() -> None:
    def work() -> Iterator[bytes]:
        yield b"one"
        _die()

    stream = Stream(work)
    assert stream.rest() == [b"one"]
    assert _is_gone(stream)
