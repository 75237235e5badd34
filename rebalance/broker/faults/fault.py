"""One rule: which requests it befalls, how often and with what; a test's handle to it.

The rule kept here: whether a request is befallen is decided when it comes in, in the order of the
requests, and chance is drawn then, from the rule's own seed. So the same seed and the same order of
requests give the same faults, whatever waits in between.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rebalance.broker.errors import BrokerError

if TYPE_CHECKING:
    from rebalance.broker.faults.effects import Effect
    from rebalance.broker.faults.home import Home
    from rebalance.broker.faults.seen import RequestSeen
    from rebalance.broker.faults.selector import Selector

__all__ = ["Fault"]

KEPT_REQUESTS = 1000
"""The latest that befell; a rule may live as long as its broker."""

_OVER, _STOPPED = "it is over", "the broker was stopped"


class Fault:
    """A fault that is on until it is released, or was given to `times` requests.

    Made by a method of `EmbeddedBroker`. As a context manager, of either kind, it is released at
    the end of the block. `hits`, `requests`, `wait` and `release` may be used from any thread.
    """

    def __init__(
        self,
        effect: Effect,
        selector: Selector,
        *,
        times: int | None,
        probability: float,
        seed: str,
        home: Home,
        end: Callable[[Fault], None],
    ) -> None:
        self.effect = effect
        self.selector = selector
        self.released = asyncio.Event()
        self._left = times
        self._probability = probability
        self._random = random.Random(seed)
        self._home = home
        self._end = end
        self._hits = 0
        self._requests: deque[RequestSeen] = deque(maxlen=KEPT_REQUESTS)
        self._changed = threading.Condition()
        self._stops = 0
        """How often a broker stopped that it was on."""
        self._waiting: dict[asyncio.Future[None], int] = {}
        """What `hit` waits for -> for how many requests."""

    def __str__(self) -> str:
        times = "" if self._left is None else f" ({self._left} times more)"
        return f"{self.effect}: {str(self.selector) or 'any request'}{times}"

    __repr__ = __str__

    @property
    def is_over(self) -> bool:
        """No further request is befallen; those that wait still do, unless it was released."""
        return self._left == 0 or self.released.is_set()

    @property
    def hits(self) -> int:
        """How many requests it befell."""
        return self._hits

    @property
    def requests(self) -> tuple[RequestSeen, ...]:
        """The latest requests that it befell, at most 1,000, in the order in which they came."""
        return self._home.do(lambda: tuple(self._requests))

    def takes(self, request: RequestSeen) -> bool:
        """Decide about a request that came in, and count it if it is befallen."""
        if self.is_over or not self.selector.matches(request):
            return False
        if self._probability < 1 and self._random.random() >= self._probability:
            return False
        self._requests.append(request)
        with self._changed:
            self._hits += 1
            if self._left is not None:
                self._left -= 1
            self._changed.notify_all()
        if self._left == 0:
            self._end(self)
        self._wake()
        return True

    def stopped(self) -> None:
        """Its broker stopped: who waits for more requests is told; it is on in the next one too."""
        with self._changed:
            self._stops += 1
            self._changed.notify_all()
        self._wake(_STOPPED)

    def _wake(self, why_not: str = "") -> None:
        """Tell those who wait that it befell so many, or that it does not and why."""
        why_not = _OVER if self.is_over else why_not
        for future, count in self._waiting.items():
            if future.done():
                continue
            if self._hits >= count:
                future.set_result(None)
            elif why_not:
                future.set_exception(self._in_vain(count, why_not))

    def _in_vain(self, count: int, why: str) -> BrokerError:
        return BrokerError(f"{self}: {self._hits} hits, not {count}: {why}")

    def _late(self, count: int, timeout_s: float) -> TimeoutError:
        return TimeoutError(f"{self}: {self._hits} hits after {timeout_s:g} s, not {count}")

    async def hit(self, count: int = 1, *, timeout_s: float = 30.0) -> None:
        """Wait until it befell `count` requests in all; in the broker's own event loop.

        Raises:
            BrokerError: so many do not come, because it is over or the broker was stopped; or the
                broker lives in another thread, where `wait` is to be used.
            TimeoutError: it did not befall so many in time, in real time.
        """
        if self._home.is_elsewhere:
            raise BrokerError("the broker runs in another thread: use wait() in place of hit()")
        if self._hits >= count:
            return
        if self.is_over:
            raise self._in_vain(count, _OVER)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[future] = count
        try:
            async with asyncio.timeout(timeout_s):
                await future
        except TimeoutError:
            raise self._late(count, timeout_s) from None
        finally:
            del self._waiting[future]

    def wait(self, count: int = 1, *, timeout_s: float = 30.0) -> None:
        """The same as `hit`, for a thread that is not the broker's.

        Raises:
            BrokerError: so many do not come, as in `hit`; or this is the broker's thread, which
                would wait for itself.
            TimeoutError: it did not befall so many in time.
        """
        if not self._home.is_elsewhere:
            raise BrokerError("the broker runs in this thread: use `await hit()` in place of wait")
        with self._changed:
            stops = self._stops
            self._changed.wait_for(
                lambda: self._hits >= count or self.is_over or self._stops > stops, timeout_s
            )
            if self._hits >= count:
                return
            if self.is_over or self._stops > stops:
                raise self._in_vain(count, _OVER if self.is_over else _STOPPED)
            raise self._late(count, timeout_s)

    def release(self) -> None:
        """End it: what waits goes on in the order in which it came. Twice does no harm."""
        self._home.do(self._release)

    def _release(self) -> None:
        with self._changed:
            self.released.set()
            self._changed.notify_all()
        self._end(self)
        self._wake()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()
