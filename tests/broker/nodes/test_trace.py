"""A move in a trace: what the coordinators tell, the one that leaves and the one that comes."""

from __future__ import annotations

from rebalance.broker import EmbeddedBroker
from rebalance.timeline.trace import (
    AssignmentSent,
    GroupStateChanged,
    Header,
    MemberJoined,
    MemberRemoved,
    Trace,
)
from tests.broker.handlers.test_groups import joined
from tests.broker.nodes.asking import at_node
from tests.support.brokers import SETTINGS


async def test_p03_p04_members_go_because_the_coordinator_moved_and_are_there_again() -> None:
    trace = Trace(Header(source="broker"))
    async with EmbeddedBroker(SETTINGS, nodes=2, trace=trace) as broker:
        node = broker.coordinator_of("g")
        assert node is not None
        async with at_node(broker, node) as client:
            member = await joined(client, "g", 3)
            sync = {"group_id": "g", "generation_id": 1, "member_id": member.member_id}
            plan = [{"member_id": member.member_id, "assignment": b""}]
            await client.ask("sync_group", 3, {**sync, "assignments": plan})
        before = len(trace.events)
        await broker.move_coordinator("g")
    told = trace.events[before:]
    assert [type(event) for event in told] == [
        MemberRemoved,
        GroupStateChanged,
        MemberJoined,
        AssignmentSent,
    ]
    removed = told[0]
    assert isinstance(removed, MemberRemoved)
    assert (removed.member_id, removed.cause) == (member.member_id, "coordinator moved")
