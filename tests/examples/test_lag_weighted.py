"""examples/lag_weighted.py, with a broker of its own and with one that is given."""

from __future__ import annotations

import re
from collections.abc import Callable

from examples.lag_weighted import RECORDS, produce
from tests.clients.aiokafka.group import create_topics
from tests.examples.running import output
from tests.support.brokers import KafkaBroker

EXAMPLE = "lag_weighted.py"
HEAVY = {partition for partition, count in enumerate(RECORDS) if count == max(RECORDS)}


def check(lines: list[str]) -> None:
    """The four partitions that are far behind are shared, two and two, and so are the records."""
    owned, behind = [], []
    for line in lines:
        found = re.fullmatch(r"[AB] has \[([\d, ]+)\]: (\d+) records behind", line)
        assert found, line
        owned.append({int(each) for each in found[1].split(",")})
        behind.append(int(found[2]))
    assert [len(each & HEAVY) for each in owned] == [2, 2]
    assert sorted(owned[0] | owned[1]) == list(range(len(RECORDS)))
    assert sum(behind) == sum(RECORDS)
    assert abs(behind[0] - behind[1]) <= 20


async def test_with_a_broker_of_its_own() -> None:
    check(await output(EXAMPLE))


async def test_with_a_given_broker(kafka_broker: KafkaBroker, unique: Callable[[str], str]) -> None:
    topic = unique("topic")
    await create_topics(kafka_broker.bootstrap_servers, {topic: len(RECORDS)})
    await produce(kafka_broker.bootstrap_servers, topic, RECORDS)
    check(await output(EXAMPLE, kafka_broker.bootstrap_servers, unique("group"), topic))
