"""What members make of an assignment that another maker's leader may write."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.clients.kafka_python.group import create_topics
from tests.interop.peers import until
from tests.judges.broker_view import BrokerView
from tests.judges.judge import Judge
from tests.judges.makers import FRANZ_GO, MAKERS, RANGE, Maker
from tests.judges.raw_leader import RawLeader, assignment_of
from tests.support.brokers import KafkaBroker


@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.name)
def test_an_assignment_that_names_a_topic_twice(
    kafka_broker: KafkaBroker, unique: Callable[[str], str], maker: Maker
) -> None:
    """As librdkafka's cooperative leader does; franz-go alone takes the last mention for all."""
    maker.require()
    servers, group_id = kafka_broker.bootstrap_servers, unique("group")
    left, right = unique("left"), unique("right")
    create_topics(servers, {left: 2, right: 1})
    BrokerView(servers, group_id).close()
    leader = RawLeader(servers, group_id, left, RANGE)
    wanted = {
        "servers": servers,
        "group_id": group_id,
        "member": "judge",
        "topics": [left, right],
        "assignor": RANGE,
        "instance_id": None,
        "session_timeout_ms": 20_000,
    }
    judge = Judge("judge", maker, wanted)
    try:
        leader.give(assignment_of((left, [0]), (right, [0]), (left, [1])))
        owned = until(lambda: judge.owned, judge.told)
    finally:
        judge.kill()
        leader.close()
    every = {(left, 0), (left, 1), (right, 0)}
    assert owned == (every - {(left, 0)} if maker is FRANZ_GO else every)
