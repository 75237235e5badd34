"""New partitions reach the members of a group by metadata, and the group rebalances over them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import pytest

from tests.admin.plain_consumers import Aiokafka, Confluent, Consumer, KafkaPython
from tests.admin.twin import until
from tests.conversations.raw import Connection
from tests.support.brokers import KafkaBroker


def _settled(members: list[Consumer], topic: str, partitions: int) -> list[int]:
    """How many each owns, once everything is owned exactly once and as evenly as can be."""
    every = {(topic, partition) for partition in range(partitions)}
    fair = sorted((partitions + place) // len(members) for place in range(len(members)))

    def loads() -> list[int] | None:
        owned = [member.owned() for member in members]
        found = sorted(map(len, owned))
        return found if set().union(*owned) == every and found == fair else None

    what = f"{partitions} partitions over {len(members)} members"
    try:
        return until(loads, what, within_s=60.0)
    except AssertionError as error:
        raise AssertionError(f"{error}: {[sorted(each.owned()) for each in members]}") from None


@pytest.mark.parametrize("kind", [Aiokafka, KafkaPython, Confluent])
def test_a00_new_partitions_are_taken_up(
    kafka_broker: KafkaBroker,
    unique: Callable[[str], str],
    kind: Callable[[str, str, str], Consumer],
) -> None:
    topic, group_id = unique("topic"), unique("group")
    host, _, port = kafka_broker.bootstrap_servers.rpartition(":")
    connection = Connection((host, int(port)), "admin")
    wanted = {"name": topic, "num_partitions": 2, "replication_factor": 1}
    (made,) = connection.ask("create_topics", 5, {"topics": [wanted], "timeout": 30_000}).topics
    assert made.error_code.value == 0
    with ExitStack() as closing:
        members = []
        for _ in range(2):
            member = kind(kafka_broker.bootstrap_servers, group_id, topic)
            closing.callback(member.close)
            members.append(member)
        assert _settled(members, topic, 2) == [1, 1]
        growth = {"name": topic, "count": 5, "assignments": None}
        asked = {"topics": [growth], "timeout": 30_000}
        (grown,) = connection.ask("create_partitions", 3, asked).results
        assert grown.error_code.value == 0
        assert _settled(members, topic, 5) == [2, 3]
    connection.close()
