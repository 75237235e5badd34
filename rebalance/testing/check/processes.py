"""A process that calls an assignor for us, and may be lost.

The rule kept here: how it was lost is said in words that a report can print.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from rebalance.testing.pipes import Empty, PipedProcess


class LostError(Exception):
    """The process ended, or does not say anything any more."""


class SilentError(LostError):
    """It has not ended, as far as is known."""


class Process:
    """A module of this package run as a process. `hello`: the first message to it."""

    def __init__(self, module: str, hello: Any) -> None:
        self._module = module
        self._hello = hello

    def __enter__(self) -> Self:
        module = f"rebalance.testing.check.{self._module}"
        self._process = PipedProcess(module, is_heard=False, PYTHONHASHSEED="0")
        self._process.send(self._hello)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.end()

    def ask(self, message: Any, within_s: float) -> Any:
        """What it says to a message. Raises LostError as `receive` does."""
        self._process.send(message)
        return self.receive(within_s)

    def receive(self, within_s: float) -> Any:
        """What it says next. Raises LostError if it has ended, SilentError if it says nothing."""
        try:
            return self._process.receive(within_s)
        except Empty:
            raise SilentError(f"gave no sign of life for {within_s:g} s") from None
        except EOFError as end:
            raise LostError(str(end)) from None
