"""Work in a copy of this process, where the platform and the program around us allow one.

Not through :mod:`multiprocessing`: its daemonic processes may have no children, and it would pickle
what is to be worked on. Here the copy has everything already; only the result comes back.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import IO, Generic, TypeVar

T = TypeVar("T")


class ForkError(Exception):
    """There is no copy, or it ended without a result."""


class _Copy:
    """A copy of this process, which writes what it finds into a file."""

    def __init__(self, work: Callable[[IO[bytes]], None]) -> None:
        """Raises ForkError where a process cannot be copied, or not safely.

        Of a process with threads only the one that forks is copied, with the locks of the others as
        they are at that moment, and macOS's own libraries use threads,
        https://docs.python.org/3/library/os.html#os.fork.
        """
        if not hasattr(os, "fork") or sys.platform == "darwin" or threading.active_count() > 1:
            raise ForkError("this process cannot be copied")
        try:
            # No pipe: the copy ends, and its memory is free, before anybody asks for the result.
            self._file = _temporary_file()
        except OSError as error:
            raise ForkError(str(error)) from error
        try:
            self.pid = os.fork()
        except OSError as error:
            self._file.close()
            raise ForkError(str(error)) from error
        if self.pid == 0:
            _work_and_end(work, self._file)

    def stop(self) -> None:
        """End the work, whose result is no longer wanted."""
        self._file.close()
        os.kill(self.pid, signal.SIGKILL)
        self._wait()

    def _wait(self) -> int | None:
        """How the process ended; None where the program around us does not want to know of ended
        processes.
        """
        try:
            return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        except ChildProcessError:
            return None

    def _wait_or_kill(self) -> int | None:
        """The same; an exception in between ends the process."""
        try:
            return self._wait()
        except BaseException:
            os.kill(self.pid, signal.SIGKILL)
            self._wait()
            raise


def _temporary_file() -> IO[bytes]:
    """A file without a name. Raises OSError if there can be none."""
    if sys.platform == "linux":
        with suppress(OSError):
            return os.fdopen(os.memfd_create("fwp"), "w+b")
    import tempfile

    return tempfile.TemporaryFile()


class Forked(_Copy, Generic[T]):
    """Starts to work at once; :meth:`result` waits for it. Raises ForkError if there is no copy."""

    def __init__(self, work: Callable[[], T]) -> None:
        super().__init__(lambda file: pickle.dump(work(), file, pickle.HIGHEST_PROTOCOL))

    def result(self) -> T:
        """What the work gave, which must be plain data. Raises ForkError if it gave nothing."""
        with self._file:
            status = self._wait_or_kill()
            if status:
                raise ForkError(f"the process ended with status {status}")
            self._file.seek(0)
            data = self._file.read()
        try:
            result: T = pickle.loads(data)
        except (EOFError, pickle.UnpicklingError) as error:
            raise ForkError("the process ended early") from error
        return result


class Stream(_Copy):
    """Starts to work at once; the pieces that it gives can be had while it works on. Raises
    ForkError if there is no copy.
    """

    def __init__(self, work: Callable[[], Iterable[bytes]]) -> None:
        super().__init__(lambda file: _write_pieces(work(), file))
        self._position = 0

    def arrived(self) -> list[bytes]:
        """The pieces that have come since the last call."""
        # With a position of its own: the one of the file is shared with the copy, which writes.
        handle = self._file.fileno()
        data = os.pread(handle, os.fstat(handle).st_size - self._position, self._position)
        found = []
        start = _LENGTH
        while (end := start + int.from_bytes(data[start - _LENGTH : start], "little")) <= len(data):
            if start > len(data):
                break
            found.append(data[start:end])
            start = end + _LENGTH
        self._position += start - _LENGTH
        return found

    def rest(self) -> list[bytes]:
        """Wait for the end of the work. If it failed, the pieces that it gave before are all."""
        with self._file:
            self._wait_or_kill()
            return self.arrived()


_LENGTH = 8
"""The bytes before each piece that say how long it is."""


def _write_pieces(pieces: Iterable[bytes], file: IO[bytes]) -> None:
    for piece in pieces:
        file.write(len(piece).to_bytes(_LENGTH, "little"))
        file.write(piece)
        file.flush()


def _work_and_end(work: Callable[[IO[bytes]], None], file: IO[bytes]) -> None:
    """Never comes back: nothing of the program around us may run a second time."""
    status = 1
    try:
        work(file)
        file.flush()
        status = 0
    finally:
        os._exit(status)
