"""A process that calls an assignor for us, and may be lost.

The rule kept here: whoever asks goes on in any case. What the other says is read by a thread, so
that there is an end to waiting; a process that is done with, or lost, is killed and leaves nothing
behind.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import suppress
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self

from rebalance.testing.check.messages import environment, receive, send


class LostError(Exception):
    """The process ended, or does not say anything any more."""


class SilentError(LostError):
    """It has not ended, as far as is known."""


class Process:
    """A module of this package run as a process. `hello`: the first message to it."""

    def __init__(self, module: str, hello: Any) -> None:
        self._module = module
        self._hello = hello
        self._said: SimpleQueue[Any] = SimpleQueue()

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", f"rebalance.testing.check.{self._module}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(PYTHONHASHSEED="0"),
        )
        self._send(self._hello)
        self._reader = threading.Thread(target=self._read, name="check-reader", daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    def ask(self, message: Any, within_s: float) -> Any:
        """What it says to a message. Raises LostError as `receive` does."""
        self._send(message)
        return self.receive(within_s)

    def receive(self, within_s: float) -> Any:
        """What it says next. Raises LostError if it has ended, SilentError if it says nothing."""
        try:
            message = self._said.get(timeout=within_s)
        except Empty:
            raise SilentError(f"gave no sign of life for {within_s:g} s") from None
        if message is None:
            code = self._process.wait()
            how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
            raise LostError(how)
        return message

    def _send(self, message: Any) -> None:
        with suppress(OSError):  # it has ended, and `receive` says how
            send(self._process.stdin, message)

    def _read(self) -> None:
        while True:
            try:
                self._said.put(receive(self._process.stdout))
            except Exception:  # a torn pickle can raise anything; it is the end all the same
                self._said.put(None)
                return
