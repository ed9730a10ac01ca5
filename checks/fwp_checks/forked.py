"""Work in a copy of this process, where the platform and the program around us allow one.

Not through :mod:`multiprocessing`: its daemonic processes may have no children, and it would pickle
what is to be worked on. Here the copy has everything already; only the result comes back.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from typing import IO, Generic, TypeVar

T = TypeVar("T")


class ForkError(Exception):
    """There is no copy, or it ended without a result."""


class Forked(Generic[T]):
    """Starts to work at once; :meth:`result` waits for it."""

    def __init__(self, work: Callable[[], T]) -> None:
        """Raises ForkError where a process cannot be copied, or not safely.

        Of a process with threads only the one that forks is copied, with the locks of the others as
        they are at that moment, and macOS's own libraries use threads,
        https://docs.python.org/3/library/os.html#os.fork.
        """
        if not hasattr(os, "fork") or sys.platform == "darwin" or threading.active_count() > 1:
            raise ForkError("this process cannot be copied")
        try:
            # No pipe: the copy ends, and its memory is free, before anybody asks for the result.
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed in result and stop
        except OSError as error:
            raise ForkError(str(error)) from error
        try:
            self.pid = os.fork()
        except OSError as error:
            self._file.close()
            raise ForkError(str(error)) from error
        if self.pid == 0:
            _work_and_end(work, self._file)

    def result(self) -> T:
        """What the work gave, which must be plain data. Raises ForkError if it gave nothing."""
        with self._file:
            try:
                status = self._wait()
            except BaseException:
                os.kill(self.pid, signal.SIGKILL)
                self._wait()
                raise
            if status:
                raise ForkError(f"the process ended with status {status}")
            self._file.seek(0)
            data = self._file.read()
        try:
            result: T = pickle.loads(data)
        except (EOFError, pickle.UnpicklingError) as error:
            raise ForkError("the process ended early") from error
        return result

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


def _work_and_end(work: Callable[[], object], file: IO[bytes]) -> None:
    """Never comes back: nothing of the program around us may run a second time."""
    status = 1
    try:
        data = pickle.dumps(work(), pickle.HIGHEST_PROTOCOL)
        file.write(data)
        file.flush()
        status = 0
    finally:
        os._exit(status)
