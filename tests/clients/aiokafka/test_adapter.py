"""Our sticky in real aiokafka consumers: balance, movement, and whose state is whose."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.protocol.group import LeaveGroupRequest

from assignors import (
    AssignorError,
    ClusterMetadata,
    Cooperative,
    PartitionSet,
    RebalanceProtocol,
    StickyAssignor,
    Subscription,
)
from assignors.codec import decode_sticky_user_data, decode_subscription
from rebalance.clients.aiokafka import EagerOnlyWarning, StrategyError, strategy
from tests.clients.aiokafka.group import (
    SHORT_SESSION_MS,
    Group,
    consumer_with,
    create_topics,
    loads,
    moved,
    started,
    until,
)
from tests.support.brokers import KafkaBroker

Unique = Callable[[str], str]


async def test_three_members_with_unequal_subscriptions(
    kafka_broker: KafkaBroker, unique: Unique
) -> None:
    a, b = unique("a"), unique("b")
    topics = {a: 8, b: 4}
    await create_topics(kafka_broker.bootstrap_servers, topics)
    async with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        await group.join("A", [a, b])
        await group.join("B", [a])
        alone = await group.settled(topics)
        assert loads(alone) == [6, 6]

        await group.join("C", [a, b])
        joined = await group.settled(topics)
        assert loads(joined) == [4, 4, 4]
        assert moved(alone, joined) == 4  # what C has, and nothing else

        await group.leave("C")
        left = await group.settled(topics)
        assert loads(left) == [6, 6]
        assert moved(joined, left) == 0

        await group.join("C", [a, b], session_timeout_ms=SHORT_SESSION_MS)
        before = await group.settled(topics)
        await group.crash("C")
        after = await group.settled(topics)
        assert loads(after) == [6, 6]
        assert moved(before, after) == 0


async def test_a_claim_names_what_was_held_and_when(
    kafka_broker: KafkaBroker, unique: Unique
) -> None:
    topic = unique("topic")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 2})
    async with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        consumer = await group.join("A", [topic])
        held = await group.settled({topic: 2})
        sent = _spy(group.strategies["A"])
        generation_id = consumer._coordinator.generation
        consumer._coordinator.request_rejoin()
        await until(lambda: sent)
        subscription = decode_subscription(sent[0])
        claim = decode_sticky_user_data(subscription.user_data or b"")
        assert claim.partitions == held["A"]
        assert claim.generation_id == subscription.generation_id == generation_id
        assert not subscription.owned  # eager: nothing is owned while joining
        await until(lambda: consumer._coordinator.generation > generation_id)


async def test_a_stale_claim_is_not_sent_after_a_loss(
    kafka_broker: KafkaBroker, unique: Unique
) -> None:
    topic = unique("topic")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 4})
    async with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        consumer = await group.join("A", [topic])
        await group.settled({topic: 4})
        sent = _spy(group.strategies["A"])
        coordinator = consumer._coordinator
        lost_id = coordinator.member_id
        # Somebody removes the member behind its back; its next heartbeat is refused.
        await coordinator._send_req(LeaveGroupRequest(coordinator.group_id, lost_id))
        await until(lambda: coordinator.member_id not in ("", lost_id))
        await group.settled({topic: 4})
        first = decode_subscription(sent[0])
        assert not first.user_data
        assert first.generation_id == -1


async def test_two_consumers_in_one_process_share_nothing(
    kafka_broker: KafkaBroker, unique: Unique
) -> None:
    topic = unique("topic")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 4})
    async with (
        Group(kafka_broker.bootstrap_servers, unique("group")) as first,
        Group(kafka_broker.bootstrap_servers, unique("group")) as second,
    ):
        await first.join("A", [topic])
        await first.settled({topic: 4})
        used = strategy("sticky")
        sent = _spy(used)
        consumer = used.bind(
            consumer_with(second.bootstrap_servers, second.group_id, [topic], used)
        )
        second.consumers["B"] = consumer
        await consumer.start()
        assert not decode_subscription(sent[0]).user_data


async def test_mixes_with_the_sticky_of_aiokafka(kafka_broker: KafkaBroker, unique: Unique) -> None:
    topic = unique("topic")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 6})
    async with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        await group.join("A", [topic], StickyPartitionAssignor)
        await group.join("B", [topic])
        assert loads(await group.settled({topic: 6})) == [3, 3]
        await group.leave("A")  # now ours leads
        await group.join("C", [topic], StickyPartitionAssignor)
        assert loads(await group.settled({topic: 6})) == [3, 3]


class KeepMine:
    """Everybody keeps what they claim; the rest goes to the first. Sticky by `owned` alone."""

    name = "keep-mine"

    def __init__(self) -> None:
        self.seen: list[dict[str, Subscription]] = []

    def assign(self, cluster: ClusterMetadata, members: Any) -> dict[str, PartitionSet]:
        self.seen.append(dict(members))
        free = PartitionSet({topic: range(n) for topic, n in cluster.partitions.items()})
        plan = {}
        for member in sorted(members):
            plan[member] = members[member].owned & free
            free -= plan[member]
        first = min(members)
        plan[first] |= free
        return plan


async def test_a_custom_assignor_sees_what_members_held(
    kafka_broker: KafkaBroker, unique: Unique
) -> None:
    topic = unique("topic")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 3})
    assignor = KeepMine()
    async with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        await group.join("A", [topic], assignor)
        held = await group.settled({topic: 3})
        await group.join("B", [topic], assignor)
        assert (await group.settled({topic: 3}))["A"] == held["A"]
        mine = group.consumers["A"]._coordinator.member_id
        assert assignor.seen[-1][mine].owned == held["A"]
        assert assignor.seen[-1][mine].generation_id >= 1


async def test_a_static_member_has_its_instance_id(
    kafka_broker: KafkaBroker, unique: Unique
) -> None:
    topic = unique("topic")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 1})
    assignor = KeepMine()
    async with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        await group.join("A", [topic], assignor, group_instance_id="pod-0", client_rack="eu-1")
        (only,) = assignor.seen[-1].values()
        assert only.group_instance_id == "pod-0"
        assert only.rack_id == "eu-1"


async def test_two_strategies_of_one_consumer_share_what_it_held(
    kafka_broker: KafkaBroker, unique: Unique
) -> None:
    topic = unique("topic")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 2})
    ours, other = strategy("range"), strategy("sticky")
    consumer = consumer_with(kafka_broker.bootstrap_servers, unique("group"), [topic], ours, other)
    ours.bind(consumer)
    other.bind(consumer)
    sent = _spy(other)
    async with started(consumer):
        generation_id = consumer._coordinator.generation
        sent.clear()
        consumer._coordinator.request_rejoin()
        await until(lambda: sent)  # range was chosen, and sticky still knows what was held
        claim = decode_sticky_user_data(decode_subscription(sent[0]).user_data or b"")
        assert claim.generation_id == generation_id
        await until(lambda: consumer._coordinator.generation > generation_id)


def test_a_cooperative_only_assignor_is_refused() -> None:
    class OnlyCooperative(StickyAssignor):
        protocols = (RebalanceProtocol.COOPERATIVE,)

    with pytest.raises(StrategyError, match="supports only the cooperative protocol"):
        strategy(OnlyCooperative())


def test_one_that_prefers_to_cooperate_runs_eagerly_and_says_so() -> None:
    with pytest.warns(EagerOnlyWarning, match="'cooperative-sticky' runs eagerly"):
        assert strategy("cooperative-sticky").name == "cooperative-sticky"
    with pytest.warns(EagerOnlyWarning):
        strategy(Cooperative(StickyAssignor()))


def test_what_is_no_assignor_is_refused() -> None:
    with pytest.raises(AssignorError, match="no assignor is called 'stiky'"):
        strategy("stiky")


async def test_a_cooperative_name_claims_nothing(kafka_broker: KafkaBroker, unique: Unique) -> None:
    # M04: an eager member under a cooperative name has nothing when it joins. Were it to claim,
    # a leader would withhold what it never rejoins for.
    topic = unique("topic")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 4})
    async with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EagerOnlyWarning)
            await group.join("A", [topic], "cooperative-sticky")
            sent = _spy(group.strategies["A"])
            await group.join("B", [topic], "cooperative-sticky")
        assert loads(await group.settled({topic: 4})) == [2, 2]
        assert not decode_subscription(sent[0]).owned


def _spy(used: Any) -> list[bytes]:
    """What the strategy sends from now on."""
    sent: list[bytes] = []
    plain = used.metadata

    def metadata(topics: Any) -> bytes:
        sent.append(plain(topics))
        return sent[-1]

    used.metadata = metadata
    return sent
