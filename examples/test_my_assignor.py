"""Your own assignor under test: its promises, a property of your own, and a real consumer group.

    pip install "kafka-rebalance[testing]"
    pytest test_my_assignor.py                                    # the embedded broker
    pytest test_my_assignor.py --rebalance-broker localhost:9092  # yours

`TestWholeTopics` is all it takes. What else is here shows what the kit has beyond.
"""

import asyncio
from collections.abc import Callable, Mapping

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from hypothesis import given

from assignors import ClusterMetadata, Promise, Subscription, run_assignor
from rebalance.clients.aiokafka import strategy
from rebalance.testing import AssignorContract, Group, KafkaBroker
from rebalance.testing.strategies import groups


class WholeTopics:
    """A topic goes to one member as a whole: to the least loaded, of these to who had it."""

    name = "whole-topics"
    promises = frozenset({Promise.VALID, Promise.DETERMINISTIC, Promise.CONFLICT_PROOF})

    def assign(
        self, cluster: ClusterMetadata, members: Mapping[str, Subscription]
    ) -> dict[str, list[tuple[str, int]]]:
        plan: dict[str, list[tuple[str, int]]] = {member: [] for member in members}
        for topic, partitions in cluster.partitions.items():
            ranked = sorted(
                (len(plan[each]), topic not in members[each].owned.topics, each)
                for each in members
                if topic in members[each].topics
            )
            if ranked:
                plan[ranked[0][-1]] += [(topic, partition) for partition in range(partitions)]
        return plan


class TestWholeTopics(AssignorContract):
    """Each promise above is a test; those that are not declared are none."""

    assignor = WholeTopics


@given(groups())
def test_no_topic_is_divided(group: Group) -> None:
    """What the kit cannot know of, tested on the groups that it draws."""
    plan = run_assignor(WholeTopics(), group.cluster, group.members)
    topics = [topic for each in plan.values() for topic in each.topics]
    assert len(topics) == len(set(topics))


def test_in_a_consumer(
    rebalance_broker: KafkaBroker, rebalance_unique: Callable[[str], str]
) -> None:
    """A consumer with it on the broker that was chosen; any asyncio plugin does as well."""
    topic = rebalance_unique("topic")
    assert asyncio.run(assigned(rebalance_broker.bootstrap_servers, topic)) == 3


async def assigned(bootstrap_servers: str, topic: str) -> int:
    """How many partitions the only member of a group gets."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 3, 1)])
    finally:
        await admin.close()
    mine = strategy(WholeTopics())
    consumer = mine.bind(
        AIOKafkaConsumer(
            topic,
            bootstrap_servers=bootstrap_servers,
            group_id=topic,
            partition_assignment_strategy=[mine],
        )
    )
    await consumer.start()
    try:
        return len(consumer.assignment())
    finally:
        await consumer.stop()
