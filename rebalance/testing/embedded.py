"""The embedded broker in a thread with its own event loop.

A test runs its own loop, and some clients have none; a broker that lives longer than one test can
belong to neither.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from threading import Thread
from types import TracebackType
from typing import Any, Self, TypeVar

from rebalance.broker import BrokerError, EmbeddedBroker

T = TypeVar("T")

_TIMEOUT_S = 30.0


class EmbeddedBrokerThread:
    """Runs a broker for as long as the ``with`` block lasts.

    The broker belongs to the thread from then on. Its faults, and what looks into it, may be used
    from any thread (``with running.broker.hold(api="Fetch"): ...``); its coroutines, and the rest,
    by ``run`` only (``running.run(running.broker.advance(45))``).
    """

    def __init__(self, broker: EmbeddedBroker) -> None:
        self._broker = broker
        self._stop = asyncio.Event()
        self._started: Future[asyncio.AbstractEventLoop] = Future()
        self._ended: Future[None] = Future()
        self._bootstrap_servers = ""
        # A daemon, so that a broker that hangs fails its test and not the end of the run.
        self._thread = Thread(target=self._main, name="embedded-broker", daemon=True)

    @property
    def broker(self) -> EmbeddedBroker:
        """The broker that runs."""
        return self._broker

    @property
    def bootstrap_servers(self) -> str:
        """``HOST:PORT``, as clients take it."""
        self._loop()
        return self._bootstrap_servers

    def run(self, coroutine: Coroutine[Any, Any, T], timeout_s: float = 60.0) -> T:
        """A coroutine's result, run on the broker's own loop.

        Raises:
            BrokerError: the broker is not running.
            TimeoutError: it did not end in `timeout_s`, and was cancelled.
        """
        try:
            loop = self._loop()
        except BrokerError:
            coroutine.close()
            raise
        running = asyncio.run_coroutine_threadsafe(coroutine, loop)
        try:
            return running.result(timeout_s)
        except FutureTimeoutError:
            if running.done():
                raise  # its own
            running.cancel()
            what = getattr(coroutine, "__qualname__", repr(coroutine))
            raise TimeoutError(f"{what} did not end in {timeout_s:g} s") from None

    def _loop(self) -> asyncio.AbstractEventLoop:
        if not self._started.done() or self._ended.done():
            raise BrokerError("the broker is not running; use it in a `with` block")
        return self._started.result()

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.result(_TIMEOUT_S)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._started.result(0).call_soon_threadsafe(self._stop.set)
        self._ended.result(_TIMEOUT_S)  # also raises what the broker's end raised
        self._thread.join(_TIMEOUT_S)

    def _main(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            (self._ended if self._started.done() else self._started).set_exception(error)
        else:
            self._ended.set_result(None)

    async def _serve(self) -> None:
        async with self._broker as broker:
            self._bootstrap_servers = broker.bootstrap_servers
            self._started.set_result(asyncio.get_running_loop())
            await self._stop.wait()
