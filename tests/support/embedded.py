"""The embedded broker in a thread with its own event loop.

A test runs its own loop, and some clients have none; a broker that lives longer than one test can
belong to neither.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self, TypeVar

from rebalance.broker import EmbeddedBroker

T = TypeVar("T")

_TIMEOUT_S = 30.0


class EmbeddedBrokerThread:
    """Runs one EmbeddedBroker for as long as the ``with`` block lasts."""

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        self._settings = dict(settings or {})
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="embedded-broker")
        self._started: Future[EmbeddedBroker] = Future()
        self._ended: Future[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()

    @property
    def broker(self) -> EmbeddedBroker:
        """The broker itself; it belongs to the other thread, so reach into it by ``run``."""
        return self._started.result(_TIMEOUT_S)

    @property
    def bootstrap_servers(self) -> str:
        """``HOST:PORT``, as clients take it."""
        return self.broker.bootstrap_servers

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """A coroutine's result, run on the broker's own loop."""
        assert self._loop is not None, "not started: use a with block"
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_TIMEOUT_S)

    def __enter__(self) -> Self:
        self._ended = self._executor.submit(asyncio.run, self._serve())
        try:
            self._started.result(_TIMEOUT_S)
        except BaseException:
            self._executor.shutdown(wait=False)
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._loop is not None
        assert self._ended is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        try:
            self._ended.result(_TIMEOUT_S)  # also raises what the broker's end raised
        finally:
            self._executor.shutdown(wait=False)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            async with EmbeddedBroker(settings=self._settings) as broker:
                self._started.set_result(broker)
                await self._stop.wait()
        except BaseException as error:
            if self._started.done():
                raise
            self._started.set_exception(error)
