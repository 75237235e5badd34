"""Consumer lag, measured in the background, for an assignor that must not wait.

An assignor gets no time to ask a broker. So somebody measures now and then, and the leader takes
what was measured last, with its age (`assignors.optimized.LiveLags`). The rule kept here: reading
never waits, measuring never fails the consumer, and what was not measured is None, never 0.

```python
lag = LagReader()
objective = Objective(weights=LiveLags(lag.read))
...
lag.measured(lags_of(end_offsets, committed))  # every few seconds, by each bound member
```
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping

from assignors.optimized import Lags

__all__ = ["BackgroundLag", "LagReader", "lags_of"]

_log = logging.getLogger("rebalance.clients")

Offsets = Mapping[tuple[str, int], int | None]
"""(topic, partition) -> offset; None or absent: not known."""


def lags_of(end_offsets: Offsets, committed: Offsets) -> dict[tuple[str, int], int]:
    """Records that are still to be read: end offset minus committed offset, at least 0.

    A partition without a committed offset (None, or Kafka's -1) has all of its records to come: its
    lag is the end offset, an upper bound where old records were deleted. One without an end offset
    is left out.
    """
    return {
        partition: max(0, end - max(0, committed.get(partition) or 0))
        for partition, end in end_offsets.items()
        if end is not None
    }


class LagReader:
    """The last measurement, of any number of writers, for any number of readers."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._lags: dict[str, dict[int, int]] = {}
        self._as_of_ms: dict[str, int] = {}

    def measured(self, lags: Mapping[tuple[str, int], int]) -> None:
        """Replace what is known of the topics in `lags`: (topic, partition) -> records."""
        by_topic: dict[str, dict[int, int]] = {}
        for (topic, partition), lag in lags.items():
            by_topic.setdefault(topic, {})[partition] = lag
        with self._lock:
            now_ms = self._now_ms()
            self._lags |= by_topic
            self._as_of_ms |= dict.fromkeys(by_topic, now_ms)

    def read(self) -> Lags | None:
        """The snapshot with its age; None before the first measurement."""
        with self._lock:
            if not self._lags:
                return None
            return Lags(
                by_topic={
                    topic: [each.get(partition) for partition in range(max(each) + 1)]
                    for topic, each in self._lags.items()
                },
                as_of_ms=dict(self._as_of_ms),
                now_ms=self._now_ms(),
            )

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)


class BackgroundLag(LagReader):
    """Measures in a thread of its own, every `interval_s` seconds, from `start()` to `stop()`.

    `measure` asks the brokers and returns (topic, partition) -> lag; it is called in that thread,
    so it needs a client that it may use there. When it raises, that is logged, and the last
    measurement ages.
    """

    def __init__(
        self,
        measure: Callable[[], Mapping[tuple[str, int], int]],
        *,
        interval_s: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(clock=clock)
        if not interval_s > 0:
            raise ValueError(f"interval_s={interval_s!r}: give seconds above 0")
        self._measure = measure
        self._interval_s = interval_s
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="consumer-lag", daemon=True)

    def start(self) -> None:
        """Measure now, in the caller's thread, then in the background."""
        self._once()
        self._thread.start()

    def stop(self) -> None:
        """Measure no more; waits for a measurement that is under way."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._ending.wait(self._interval_s):
            self._once()

    def _once(self) -> None:
        try:
            self.measured(self._measure())
        except Exception as error:  # whatever a client raises: the next measurement may do
            _log.warning("consumer lag could not be measured: %r", error)
