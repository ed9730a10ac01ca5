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
from collections.abc import Callable
from typing import Generic, TypeVar

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
            self._reading, writing = os.pipe()
        except OSError as error:
            raise ForkError(str(error)) from error
        try:
            self.pid = os.fork()
        except OSError as error:
            os.close(self._reading)
            os.close(writing)
            raise ForkError(str(error)) from error
        if self.pid == 0:
            _work_and_end(work, writing)
        os.close(writing)

    def result(self) -> T:
        """What the work gave, which must be plain data. Raises ForkError if it gave nothing."""
        try:
            with os.fdopen(self._reading, "rb") as pipe:
                data = pipe.read()
        except BaseException:
            os.kill(self.pid, signal.SIGKILL)
            raise
        finally:
            status = self._wait()
        if status:
            raise ForkError(f"the process ended with status {status}")
        try:
            result: T = pickle.loads(data)
        except (EOFError, pickle.UnpicklingError) as error:
            raise ForkError("the process ended early") from error
        return result

    def stop(self) -> None:
        """End the work, whose result is no longer wanted."""
        os.close(self._reading)
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


def _work_and_end(work: Callable[[], object], writing: int) -> None:
    """Never comes back: nothing of the program around us may run a second time."""
    status = 1
    try:
        data = pickle.dumps(work(), pickle.HIGHEST_PROTOCOL)
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(data)
        status = 0
    finally:
        os._exit(status)
