"""DeleteRecords and whose records stay: a topic's that keeps the last of each key."""

from __future__ import annotations

import pytest

from rebalance.broker import EmbeddedBroker
from tests.broker.raw import connected
from tests.support.brokers import SETTINGS

NONE, POLICY_VIOLATION = 0, 44


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        ("delete", NONE),
        ("compact", POLICY_VIOLATION),
        ("compact,delete", NONE),
        ("", NONE),
    ],
)
async def test_the_cleanup_policy_says_whether_records_go_on_request(
    policy: str, code: int
) -> None:
    async with EmbeddedBroker(SETTINGS) as broker, connected(broker) as client:
        configs = [{"name": "cleanup.policy", "value": policy}]
        wanted = {"name": "t", "num_partitions": 1, "replication_factor": 1, "configs": configs}
        (made,) = (await client.ask("create_topics", 7, {"topics": [wanted]})).topics
        assert made.error_code.value == NONE
        asked = {"topics": [{"name": "t", "partitions": [{"partition_index": 0}]}]}
        (topic,) = (await client.ask("delete_records", 2, asked)).topics
        (part,) = topic.partitions
        assert (part.error_code.value, part.low_watermark) == (code, 0 if code == NONE else -1)
