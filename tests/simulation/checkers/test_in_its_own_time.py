"""Phases are measured by the clock of the broker that measures them, and by how slow its log is."""

import pytest

from rebalance.coordinator import coordinator, join_phase
from rebalance.coordinator.classic_group import ClassicGroup
from rebalance.coordinator.context import Context
from rebalance.protocol.timers import TimerKind
from rebalance.simulation import parse, run_scenario
from rebalance.simulation.fuzz import play

CLOCKS = ("", "counts 1100ms", "counts 850ms", "counts 5000ms", "jumps 1s", "jumps 9s")
STORY = """
set group.initial.rebalance.delay.ms=3000 group.min.session.timeout.ms=1000
topic orders partitions=4
members A B C topics=orders session.timeout.ms=60000 max.poll.interval.ms=5000 poll=1s
start A
run for 1s
{during}
start B
run until stable within 60s
start C
run until g is PreparingRebalance within 6s
crash A
{during}
run for 20s
run until stable within 60s
rejoin B
run until g is CompletingRebalance within 9s
crash B
{during}
run for 20s
"""


def found(during: str) -> set[str]:
    violations = run_scenario(parse(STORY.format(during=during))).violations
    return {f"{each.rule} {each.checker}" for each in violations}


@pytest.mark.parametrize("clock", CLOCKS)
def test_g04_j10_j11_and_s04_hold_by_the_broker_s_clock(clock: str) -> None:
    assert found(f"clock broker {clock}" if clock else "") == set()


@pytest.mark.parametrize("append", ["100ms", "4s", "12s"])
def test_s04_a_slow_log_is_waited_for(append: str) -> None:
    assert found(f"log append={append}") == set()


@pytest.mark.parametrize("clock", CLOCKS)
def test_j10_a_delay_that_ends_early_is_found(clock: str, monkeypatch: pytest.MonkeyPatch) -> None:
    as_it_is = join_phase._arm_initial_delay

    def shorter(context: Context, group: ClassicGroup, delay_ms: int, remaining_ms: int) -> None:
        as_it_is(context, group, delay_ms // 2, 0)

    monkeypatch.setattr(join_phase, "_arm_initial_delay", shorter)
    assert "J10 InitialDelayHolds" in found(f"clock broker {clock}" if clock else "")


@pytest.mark.parametrize("clock", CLOCKS[:-1])
@pytest.mark.parametrize(
    ("name", "rule"),
    [("on_join_timeout", "J11 JoinPhaseEnds"), ("on_sync_timeout", "S04 SyncPhaseEnds")],
)
def test_j11_and_s04_a_phase_that_ends_late_is_found(
    name: str, rule: str, clock: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = {"on_join_timeout": TimerKind.JOIN, "on_sync_timeout": TimerKind.SYNC}[name]
    as_it_is, put_off = getattr(coordinator, name), set[int]()

    def later(context: Context, group: ClassicGroup) -> None:
        if group.generation_id in put_off:
            as_it_is(context, group)
        else:
            put_off.add(group.generation_id)
            context.arm(kind, group.group_id, 11_000)

    monkeypatch.setattr(coordinator, name, later)
    assert rule in found(f"clock broker {clock}" if clock else "")


SHORT = "max.poll.interval.ms=4000"
TOGETHER = f"""
set group.initial.rebalance.delay.ms=0
topic orders partitions=4
members A topics=orders session.timeout.ms=60000 heartbeat.interval.ms=12000 {SHORT}
members B C topics=orders session.timeout.ms=6000 max.poll.interval.ms=15000
start A B C
run until stable
crash B
crash C
clock broker jumps 9s
run for 30s
"""


def test_j11_who_goes_as_a_rebalance_begins_has_set_its_timer() -> None:
    """Two sessions are over at once; the first one's rebalance still counts on the second (G05)."""
    outcome = run_scenario(parse(TOGETHER))
    assert outcome.violations == ()
    rebalances = outcome.simulation.views.rebalances
    first = next(each for each in rebalances if each.cause == "session expired")
    assert first.ended is not None
    assert first.ended - first.started > 4000


SLOW_TO_HEAR = """
set group.initial.rebalance.delay.ms=0
topic orders partitions=4
members A B topics=orders heartbeat.interval.ms=9000 session.timeout.ms=30000
start A B
run until stable
rejoin A
run for 20s
"""


def test_g04_who_is_given_up_on_early_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert play(SLOW_TO_HEAR).failures == ()
    as_it_is = Context.arm

    def sooner(self: Context, kind: TimerKind, group: str, delay_ms: int, who: str = "") -> None:
        as_it_is(self, kind, group, 1_000 if kind is TimerKind.JOIN else delay_ms, who)

    monkeypatch.setattr(Context, "arm", sooner)
    signatures = {each.signature for each in play(SLOW_TO_HEAR).failures}
    assert "G04 NobodyLeftOut given up on" in signatures
