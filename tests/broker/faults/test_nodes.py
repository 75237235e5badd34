"""Faults, looking and virtual time where a broker presents several nodes."""

from __future__ import annotations

import pytest

from rebalance.broker import EmbeddedBroker
from rebalance.broker.controls.group_controls import Time
from tests.broker.faults.members import FAST, beat, stable
from tests.broker.nodes.asking import at_node


async def test_a_fault_befalls_requests_to_one_node() -> None:
    async with EmbeddedBroker(FAST, nodes=3) as broker:
        fault = broker.answer_with("BROKER_NOT_AVAILABLE", node_id=2)
        codes = []
        for node_id in (1, 2, 3):
            async with at_node(broker, node_id) as client:
                answer = await client.ask("describe_cluster", 0)
                codes.append(answer.error_code.value)
        assert codes == [0, 8, 0]
        assert [request.node_id for request in fault.requests] == [2]


async def test_p04_a_group_is_seen_and_waited_for_wherever_it_is_coordinated() -> None:
    async with EmbeddedBroker(FAST, nodes=2) as broker:
        node = broker.coordinator_of("g")
        assert node is not None
        async with at_node(broker, node) as client:
            await stable(client)
        before = broker.group("g")
        other = await broker.move_coordinator("g")
        assert other != node
        assert await broker.wait_for_group("g", state="Stable", members=1) == before
        assert broker.groups() == [before]
        assert len(broker.timers("g")) == 1


async def test_h06_sessions_go_on_by_one_clock_after_a_move() -> None:
    async with EmbeddedBroker(FAST, nodes=2, time="virtual") as broker:
        node = broker.coordinator_of("g")
        assert node is not None
        async with at_node(broker, node) as client:
            member = await stable(client, session_timeout=45_000)
        other = await broker.move_coordinator("g")
        async with at_node(broker, other) as client:
            await broker.advance(44)
            assert await beat(client, member) == 0
            await broker.advance(44)
            assert await beat(client, member) == 0
            await broker.expire_session("g", member.member_id)
            assert await beat(client, member) == 25
        assert (await broker.wait_for_group("g", state="Empty")).members == ()


@pytest.mark.parametrize("time", ["real", "virtual"])
async def test_time_goes_on_while_no_node_runs(time: Time) -> None:
    async with EmbeddedBroker(FAST, nodes=2, time=time) as broker:
        began_ms = broker.now_ms
        for node_id in (1, 2):
            await broker.stop_node(node_id)
        if time == "virtual":
            await broker.advance(5)
            assert broker.now_ms == began_ms + 5000
        assert broker.now_ms >= began_ms
