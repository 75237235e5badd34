"""One static member does not blind the checkers of who is waited for, and of who is too many."""

import pytest

from rebalance.coordinator import coordinator, join
from rebalance.coordinator.classic_group import ClassicGroup
from rebalance.coordinator.context import Context
from rebalance.protocol.timers import TimerKind
from rebalance.simulation import parse, run_scenario

MEMBER = "session.timeout.ms=60000 heartbeat.interval.ms=1000 max.poll.interval.ms=5000 poll=1s"
GROUP = f"""
set group.initial.rebalance.delay.ms=0
topic orders partitions=4
members A B C topics=orders {MEMBER}
members S topics=orders instance=s {MEMBER}
members T topics=orders instance=t {MEMBER}
"""
AWAY = "start A S\nrun until stable\ncrash S\nstart B\nrun for 40s\n"
FULL = "set group.max.size=2\n"


def found(text: str) -> list[str]:
    return [f"{each.rule} {each.checker}" for each in run_scenario(parse(text)).violations]


def test_j11_who_is_away_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    put_off: list[int] = []
    as_it_is = coordinator.on_join_timeout

    def at_the_second_time(context: Context, group: ClassicGroup) -> None:
        put_off.append(context.now)
        if len(put_off) == 1:
            context.arm(TimerKind.JOIN, group.group_id, group.rebalance_timeout_ms)
        else:
            as_it_is(context, group)

    assert found(GROUP + AWAY) == []
    monkeypatch.setattr(coordinator, "on_join_timeout", at_the_second_time)
    assert found(GROUP + AWAY) == ["J11 JoinPhaseEnds"]


def test_g06_a_group_of_which_nobody_joins_waits_anew() -> None:
    """A rebalance begins, who began it leaves, and all static members stand still for a while."""
    still = "start S T\nrun until stable\npause S\npause T\nstart B\nrun for 100ms\n"
    waits = "stranger X sends LeaveGroup member=B-3\ncrash B\nrun for 12s\nresume S\nresume T\n"
    outcome = run_scenario(parse(GROUP + still + waits + "run until stable\nshow rebalances\n"))
    assert outcome.violations == ()
    took_ms = [(each.ended or 0) - each.started for each in outcome.simulation.views.rebalances]
    assert max(took_ms) > 10_000


@pytest.mark.parametrize("who_is_away", ["", "crash S\n"])
def test_j03_a_static_member_hides_nobody_who_is_too_many(
    who_is_away: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = f"start A S\nrun until stable\n{who_is_away}start B C\nrun for 20s\nrun until stable\n"
    assert found(FULL + GROUP + full) == []
    monkeypatch.setattr(join, "has_room", lambda group, member_id, most: True)
    assert "J03 NotTooMany" in found(FULL + GROUP + full)
