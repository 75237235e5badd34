"""What a join phase waits for, as the coordinator tells it: when it begins, and the last that is
left."""

from rebalance.protocol.notices import GroupWaits
from tests.coordinator.support import PREPARING, STABLE, Bench, at_state


def told(bench: Bench) -> list[tuple[str, tuple[str, ...]]]:
    return [(notice.waits_for, notice.members) for notice in bench.told(GroupWaits)]


def test_g04_all_are_waited_for_and_then_the_last_one() -> None:
    bench = at_state(STABLE, "A", "B", "C", "D")
    bench.leave("D")
    assert told(bench) == [("join", ("A-1", "B-2", "C-3"))]
    bench.join("B")
    assert told(bench) == [], "two are left"
    bench.join("A")
    assert told(bench) == [("join", ("C-3",))]
    bench.join("C")
    assert told(bench) == [("sync", ("A-1",))]


def test_g04_an_id_that_was_given_out_is_waited_for_when_all_members_are_there() -> None:
    bench = at_state(PREPARING, "A", "B")
    bench.join("P")
    bench.join("B")
    assert told(bench) == [("pending", ("P-3",))]
    bench.leave("P")
    assert told(bench) == [("sync", ("A-1",))]


def test_j10_the_initial_delay_is_waited_for_whoever_comes() -> None:
    bench = Bench(delay=3_000)
    bench.enter("A")
    assert told(bench) == [("delay", ())]
    bench.enter("B")
    assert told(bench) == []
    bench.advance(3_000)
    bench.advance(3_000)
    assert told(bench) == [("sync", ("A-1",))]


def test_h06_who_expires_leaves_one_to_wait_for() -> None:
    bench = at_state(STABLE, "A", "B", "C")
    bench.advance(5_000)
    bench.beat("B")
    bench.beat("C")
    bench.advance(5_000)
    assert told(bench) == [("join", ("B-2", "C-3"))]
    bench.join("C")
    assert told(bench) == [("join", ("B-2",))]


def test_g06_a_static_member_that_nobody_joins_is_told_once() -> None:
    bench = Bench()
    bench.enter("S", instance="s", rebalance_timeout_ms=3_000)
    bench.enter("A", rebalance_timeout_ms=3_000)
    bench.advance()
    for name in "SA":
        bench.sync(name, {})
    bench.leave("A")
    assert told(bench) == [("join", ("s-1",))]
    bench.advance(6_000)
    assert bench.effects == (), "the timer goes round, and says nothing"
