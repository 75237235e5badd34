"""Where a broker lives: its event loop, and how another thread has something done there.

The rule kept here: what a control changes, it changes in the broker's own thread. A test whose
clients are synchronous runs the broker in a thread and calls the same methods from its own; what is
a coroutine waits for what happens in the broker's loop, and is refused in any other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from rebalance.broker.errors import BrokerError

__all__ = ["Home"]

T = TypeVar("T")

PATIENCE_S = 30.0
"""A loop that does not come to it in that time hangs."""


class Home:
    """The loop of one broker, once it has started."""

    __slots__ = ("_loop",)

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    def is_here(self) -> None:
        """The broker starts in the loop that runs now."""
        self._loop = asyncio.get_running_loop()

    @property
    def is_elsewhere(self) -> bool:
        """Whether the broker runs, and not in the loop of who asks."""
        if self._loop is None or not self._loop.is_running():
            return False
        try:
            return asyncio.get_running_loop() is not self._loop
        except RuntimeError:
            return True

    def check_loop(self) -> None:
        """Whoever awaits something of a broker that runs does so in its loop.

        Raises:
            BrokerError: this is another one.
        """
        loop = self._loop
        if loop is None or asyncio.get_running_loop() is loop:
            return
        if loop.is_running():
            raise BrokerError(
                "the broker runs in another thread; await it there, by EmbeddedBrokerThread.run()"
            )
        raise BrokerError(
            "the broker was started in another event loop, which does not run now; start it and "
            "use it in the same one (with pytest-asyncio: the same loop_scope)"
        )

    def do(self, action: Callable[[], T]) -> T:
        """The action's result, or what it raises; it runs in the broker's thread."""
        loop = self._loop
        if loop is None or not self.is_elsewhere:
            return action()
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(action())
            except BaseException as error:
                done.set_exception(error)

        loop.call_soon_threadsafe(run)
        return done.result(PATIENCE_S)
