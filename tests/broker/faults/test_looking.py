"""Looking inside: groups, members, timers, waiting for what they come to, the trace."""

from __future__ import annotations

import asyncio

import pytest

from assignors import PartitionSet
from assignors.codec import encode_assignment
from rebalance.broker import BrokerError, EmbeddedBroker
from rebalance.protocol.states import GroupState
from rebalance.protocol.timers import TimerKind
from rebalance.timeline.trace import Header, JoinCompleted, Trace
from tests.broker.faults.members import FAST, beat, join_of, joined, stable
from tests.broker.raw import connected, run


def test_members_with_what_is_assigned_to_each() -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker, connected(broker) as client:
            member = await joined(client, "g", 3)
            given = encode_assignment(PartitionSet({"paid": [2], "orders": [1, 0]}))
            await client.ask(
                "sync_group",
                0,
                {
                    "group_id": "g",
                    "generation_id": 1,
                    "member_id": member.member_id,
                    "assignments": [{"member_id": member.member_id, "assignment": given}],
                },
            )
            (group,) = broker.groups()
            assert (group.group_id, group.generation_id) == ("g", 1)
            assert [each.assigned for each in group.members] == [{"orders": (0, 1), "paid": (2,)}]

    run(main())


def test_an_assignment_that_is_none_is_shown_as_nothing() -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker, connected(broker) as client:
            await stable(client)
            (group,) = broker.groups()
            assert [each.assigned for each in group.members] == [{}]

    run(main())


def test_timers_and_what_is_parked() -> None:
    async def main() -> None:
        async with (
            EmbeddedBroker(FAST, time="virtual") as broker,
            connected(broker) as first,
            connected(broker) as second,
        ):
            member = await stable(first, session_timeout=10_000, rebalance_timeout=20_000)
            await broker.advance(1)
            assert {key.kind: left_ms for key, left_ms in broker.timers("g").items()} == {
                TimerKind.SESSION: 9_000
            }
            second.send("join_group", 3, join_of("g", rebalance_timeout=30_000))
            group = await broker.wait_for_group("g", state=GroupState.PREPARING_REBALANCE)
            assert [each.awaits_join for each in group.members] == [False, True]
            left = [(key.kind.name, left_ms) for key, left_ms in broker.timers("g").items()]
            # The newcomer has five minutes (J08).
            assert left == [("SESSION", 9_000), ("JOIN", 30_000), ("SESSION", 300_000)]
            assert await beat(first, member) == 27
            assert broker.timers("nobody's") == {}

    run(main())


def test_waiting_is_for_a_change_and_for_all_that_is_said() -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker, connected(broker) as client:
            waiting = [
                asyncio.ensure_future(each)
                for each in (
                    broker.wait_for_group("g"),
                    broker.wait_for_group("g", state="Stable", members=1),
                    broker.wait_for_group("g", lambda group: group.generation_id == 1),
                )
            ]
            await asyncio.sleep(0)
            member = await stable(client)
            met = [group.state.value for group in await asyncio.gather(*waiting)]
            # Each is the group as it was when the condition first held.
            assert met == ["Empty", "Stable", "CompletingRebalance"]
            at_once = await broker.wait_for_group("g", members=1, timeout_s=0)
            assert at_once.members[0].member_id == member.member_id

    run(main())


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"state": "Stable", "members": 2}, "is not Stable with 2 members after 0 s: it is Stable"),
        ({"state": GroupState.EMPTY}, "is not Empty after"),
        ({"predicate": lambda group: False}, "is not as its predicate wants after"),
    ],
)
def test_who_waits_in_vain_is_told_what_the_group_is(wanted: dict, words: str) -> None:  # type: ignore[type-arg]
    async def main() -> str:
        async with EmbeddedBroker(FAST) as broker, connected(broker) as client:
            member = await stable(client)
            with pytest.raises(TimeoutError) as caught:
                await broker.wait_for_group("g", timeout_s=0, **wanted)
            assert f"in generation 1, members: {member.member_id}" in str(caught.value)
            return str(caught.value)

    assert words in run(main())


def test_who_waits_in_vain_for_a_group_that_is_not_there() -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker:
            with pytest.raises(TimeoutError, match="is not there after 0 s: there is no such"):
                await broker.wait_for_group("g", timeout_s=0)

    run(main())


def test_a_predicate_that_fails_fails_who_waits_and_nobody_else() -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker, connected(broker) as client:
            waiting = asyncio.ensure_future(broker.wait_for_group("g", lambda group: 1 / 0 > 0))
            await asyncio.sleep(0)
            member = await stable(client)
            with pytest.raises(ZeroDivisionError):
                await waiting
            assert await beat(client, member) == 0

    run(main())


def test_h06_expire_session_by_member_and_by_instance() -> None:
    async def main() -> None:
        async with (
            EmbeddedBroker(FAST) as broker,
            connected(broker) as first,
            connected(broker) as second,
        ):
            member = await stable(first)
            await broker.expire_session("g", member.member_id)
            group = await broker.wait_for_group("g", state="Empty")
            assert (group.members, await beat(first, member)) == ((), 25)
            await stable(second, "s", group_instance_id="worker-1")
            await broker.expire_session("s", group_instance_id="worker-1")
            assert (await broker.wait_for_group("s", state="Empty")).members == ()

    run(main())


def test_h06_expire_session_of_a_pending_id() -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker, connected(broker) as client:
            asked = await client.ask("join_group", 9, join_of("g"))
            await broker.expire_session("g", asked.member_id)
            group = broker.group("g")
            assert group is not None
            assert group.pending_member_ids == ()

    run(main())


def test_who_cannot_expire_is_said() -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker, connected(broker) as client:
            with pytest.raises(BrokerError, match="there is no group 'g'"):
                await broker.expire_session("g", "m")
            member = await stable(client)
            with pytest.raises(BrokerError, match=f"'m'.*members: {member.member_id}"):
                await broker.expire_session("g", "m")
            with pytest.raises(BrokerError, match="no member of instance 'i'"):
                await broker.expire_session("g", group_instance_id="i")
            with pytest.raises(ValueError, match="a member_id or a group_instance_id"):
                await broker.expire_session("g")

    run(main())


def test_a_trace_that_is_asked_for_is_there_at_any_moment() -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST, trace=True) as broker, connected(broker) as client:
            assert broker.trace.events == []
            await stable(client)
            found = [event for event in broker.trace.events if isinstance(event, JoinCompleted)]
            assert [event.generation_id for event in found] == [1]
            assert broker.trace.header == Header(source="embedded broker", clock="real")
        own = Trace(Header(source="mine"))
        assert EmbeddedBroker(trace=own).trace is own
        with pytest.raises(BrokerError, match="make it with trace=True"):
            _ = EmbeddedBroker().trace

    run(main())
