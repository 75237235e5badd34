"""What a coordinator shows of itself."""

from typing import Any

import pytest

from rebalance.protocol.timers import TimerKey, TimerKind
from tests.coordinator.support import GROUP, SESSION, STABLE, Bench, at_state


def test_timers_are_named_and_come_in_the_order_in_which_they_fire() -> None:
    bench = Bench(delay=3_000)
    bench.join("P", session_timeout_ms=6_000)
    bench.enter("A")
    initial = TimerKey(kind=TimerKind.INITIAL_DELAY, group_id=GROUP)
    assert list(bench.coordinator.timers.items()) == [
        (initial, 3_000),
        (TimerKey(kind=TimerKind.SESSION, group_id=GROUP, member_id="P-1"), 6_000),
        (TimerKey(kind=TimerKind.SESSION, group_id=GROUP, member_id="A-2"), 300_000),
        (TimerKey(kind=TimerKind.RETENTION, group_id=""), 600_000),
    ]
    assert [str(key) for key in bench.coordinator.timers] == [
        "initial rebalance delay in g",
        "session timeout of P-1 in g",
        "session timeout of A-2 in g",
        "retention check",
    ]


def test_the_view_of_the_timers_is_read_only_and_stays_as_it_was() -> None:
    bench = at_state(STABLE, "A")
    timers: Any = bench.coordinator.timers
    key = next(iter(timers))
    with pytest.raises(TypeError):
        timers[key] = 0
    bench.advance(1)
    bench.beat("A")
    assert (timers[key], bench.coordinator.timers[key]) == (SESSION, SESSION + 1)
