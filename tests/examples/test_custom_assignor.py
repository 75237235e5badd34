"""examples/custom_assignor.py, with a broker of its own and with one that is given."""

from __future__ import annotations

from collections.abc import Callable

from tests.clients.aiokafka.group import create_topics
from tests.examples.running import output
from tests.support.brokers import KafkaBroker

EXAMPLE = "custom_assignor.py"


async def test_with_a_broker_of_its_own() -> None:
    assert sorted(await output(EXAMPLE)) == [
        "A has orders",
        "A reads orders: hello from orders",
        "B has payments",
        "B reads payments: hello from payments",
    ]


async def test_with_a_given_broker(kafka_broker: KafkaBroker, unique: Callable[[str], str]) -> None:
    first, second = unique("a"), unique("b")
    await create_topics(kafka_broker.bootstrap_servers, {first: 2, second: 2})
    assert sorted(await output(EXAMPLE, kafka_broker.bootstrap_servers, first, second)) == [
        f"A has {first}",
        f"A reads {first}: hello from {first}",
        f"B has {second}",
        f"B reads {second}: hello from {second}",
    ]
