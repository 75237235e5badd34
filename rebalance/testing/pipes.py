"""A process of ours at the other end of two pipes, which may be lost: pickles go in and out.

Why: `check` and `assign` run code of other people, which may loop, crash, end its process or hold
the interpreter for ever. The rule kept here: whoever asks goes on in any case. What the other says
is read by a thread, so that there is an end to waiting, and a process that is done with, or lost,
leaves nothing behind. This module needs nothing that is not always installed.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any

__all__ = ["Empty", "PipedProcess", "environment", "receive", "send"]

_GRACE_S = 1.0


def environment(**more: str) -> dict[str, str]:
    """The environment of a process that finds the same modules as this one."""
    path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    return {**os.environ, "PYTHONPATH": path, **more}


def send(pipe: IO[bytes] | None, message: Any) -> None:
    """One message into a pipe; raises OSError if nobody is at its other end."""
    assert pipe is not None
    pickle.dump(message, pipe)
    pipe.flush()


def receive(pipe: IO[bytes] | None) -> Any:
    """The next message of a pipe; raises EOFError when the other side has ended."""
    assert pipe is not None
    return pickle.load(pipe)


class PipedProcess:
    """`python -m MODULE`, from now to `end()`.

    `is_heard`: what it says on standard error is for people to read. `own_session`: what it starts
    ends with it, and Ctrl-C is not for it. `more`: environment variables.
    """

    def __init__(
        self, module: str, *, is_heard: bool = True, own_session: bool = False, **more: str
    ) -> None:
        self._said: SimpleQueue[Any] = SimpleQueue()
        self._own_session = own_session and sys.platform != "win32"
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if is_heard else subprocess.DEVNULL,
            env=environment(**more),
            start_new_session=self._own_session,
        )
        self._reader = threading.Thread(target=self._read, name="pipe-reader", daemon=True)
        self._reader.start()

    def send(self, message: Any) -> None:
        """One message; that nobody reads it any more is found when an answer is awaited."""
        with suppress(OSError):
            send(self._process.stdin, message)

    def receive(self, within_s: float | None) -> Any:
        """What it says next. Raises EOFError if it has ended, Empty if it says nothing in time."""
        message = self._said.get(timeout=within_s)
        if message is None:
            raise EOFError(self._how_it_ended())
        return message

    def end(self) -> None:
        """End it, with all that it started if it has a session of its own."""
        if self._process.poll() is None:
            if self._own_session:
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
            self._process.wait()
        self._reader.join(_GRACE_S)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(OSError):  # what was not read yet goes nowhere
            self._process.stdin.close()
        if not self._reader.is_alive():
            self._process.stdout.close()

    def _how_it_ended(self) -> str:
        try:
            code = self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            return "closed its pipes"
        return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"

    def _read(self) -> None:
        try:
            while True:
                self._said.put(receive(self._process.stdout))
        except Exception:  # a torn pickle can raise anything; it is the end all the same
            self._said.put(None)
