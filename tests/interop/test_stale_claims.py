"""Two live members claim one partition: what kafka-python's own leader does, and what ours does.

Such claims come about when a member slept through a rebalance: it believes what it owned in an old
generation, and may still be processing it. Raw members send just that, in pairs. kafka-python gives
a partition to the newer claim at once if that member happens to stand after the other in the
leader's list, and Kafka lists members in no order; so there are many pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor

from assignors import PartitionSet, Subscription
from assignors.codec import decode_assignment, encode_subscription
from tests.clients.kafka_python.group import Group, create_topics
from tests.conversations.raw import Connection
from tests.support.brokers import KafkaBroker

Unique = Callable[[str], str]
NAME = "cooperative-sticky"
PAIRS = 12


class Claimant:
    """A member that joins once and says what it is told to."""

    def __init__(self, servers: str, group_id: str, subscription: Subscription) -> None:
        host, _, port = servers.rpartition(":")
        self._connection = Connection((host, int(port)), "claimant")
        self._group_id = group_id
        self._metadata = encode_subscription(subscription)
        self._member_id = ""
        self._generation_id = -1
        self.join()
        self._member_id = self._connection.receive().member_id  # KIP-394: it is given an id

    def join(self) -> None:
        fields = {
            "group_id": self._group_id,
            "session_timeout": 15_000,
            "rebalance_timeout": 60_000,
            "member_id": self._member_id,
            "protocol_type": "consumer",
            "protocols": [{"name": NAME, "metadata": self._metadata}],
        }
        self._connection.send("join_group", 9, fields)

    def joined(self) -> None:
        answer = self._connection.receive()
        assert answer.error_code.value == 0
        assert answer.leader != self._member_id
        self._generation_id = int(answer.generation_id)

    def sync(self) -> None:
        fields = {
            "group_id": self._group_id,
            "generation_id": self._generation_id,
            "member_id": self._member_id,
            "protocol_type": "consumer",
            "protocol_name": NAME,
        }
        self._connection.send("sync_group", 5, fields)

    def synced(self) -> PartitionSet | None:
        """What it is given; None: the group moved on before."""
        answer = self._connection.receive()
        return decode_assignment(answer.assignment).partitions if answer.assignment else None

    def close(self) -> None:
        entry = {"member_id": self._member_id, "group_instance_id": None, "reason": None}
        fields = {"group_id": self._group_id, "members": [entry]}
        self._connection.ask("leave_group", 5, fields)
        self._connection.close()


@pytest.mark.parametrize(
    ("leader", "handed_over"),
    [(CooperativeStickyAssignor, True), (NAME, False)],
    ids=["kafka-python", "ours"],
)
def test_a_partition_that_two_live_members_claim(
    kafka_broker: KafkaBroker, unique: Unique, leader: Any, handed_over: bool
) -> None:
    topic, servers, group_id = unique("topic"), kafka_broker.bootstrap_servers, unique("group")
    other = unique("other")
    create_topics(servers, {topic: PAIRS, other: 1})
    with Group(servers, group_id) as group:
        leading = group.join("leader", [other], leader)
        group.settled({other: 1})
        # kafka-python's leader does not wait for metadata of what only others want: give it them.
        coordinator = leading.consumer._coordinator
        coordinator._net.run(coordinator._cluster.add_topic, topic)
        claims = [
            Subscription(
                topics=[topic], owned=PartitionSet([(topic, pair)]), generation_id=generation_id
            )
            for pair in range(PAIRS)
            for generation_id in ((5, 4) if pair % 2 else (4, 5))
        ]
        claimants = [Claimant(servers, group_id, each) for each in claims]
        try:
            given = whole_generation(claimants)
        finally:
            for each in claimants:
                each.close()
    # kafka-python lets one of them go on while the other believes that it owns it too.
    assert bool(PartitionSet([p for each in given for p in each])) is handed_over


def whole_generation(claimants: list[Claimant]) -> list[PartitionSet]:
    """What they are given in a generation in which all of them synced.

    A leader may join again as soon as it has synced, because its metadata changed. Who syncs after
    that is told to join again, and does, as everybody does then, with the claim it had.
    """
    while True:
        for each in claimants:
            each.join()
        for each in claimants:
            each.joined()
            each.sync()
        given = [each.synced() for each in claimants]
        whole = [each for each in given if each is not None]
        if len(whole) == len(claimants):
            return whole
