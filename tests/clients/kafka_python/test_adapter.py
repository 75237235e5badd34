"""Our assignors in real kafka-python consumers: balance, movement, and what goes on the wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from kafka.coordinator.assignors.cooperative_sticky import (
    CooperativeStickyAssignor as TheirCooperativeSticky,
)
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from kafka.protocol.consumer import LeaveGroupRequest

from assignors import (
    AssignorError,
    ClusterMetadata,
    GroupAssignment,
    PartitionSet,
    RangeAssignor,
    RebalanceProtocol,
    StickyAssignor,
    Subscription,
)
from assignors.codec import (
    decode_generation_user_data,
    decode_sticky_user_data,
    decode_subscription,
    wire_version,
)
from rebalance.clients.kafka_python import strategy
from tests.clients.kafka_python.group import (
    Group,
    Heard,
    Member,
    changed,
    close,
    consumer_with,
    create_topics,
    loads,
    moved,
    wait_until,
)
from tests.support.brokers import KafkaBroker

Unique = Callable[[str], str]
BOTH = pytest.mark.parametrize("assignor", ["sticky", "cooperative-sticky"])


@BOTH
def test_three_members_with_unequal_subscriptions(
    kafka_broker: KafkaBroker, unique: Unique, assignor: str
) -> None:
    a, b = unique("a"), unique("b")
    topics = {a: 8, b: 4}
    create_topics(kafka_broker.bootstrap_servers, topics)
    with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        group.join("A", [a, b], assignor)
        group.join("B", [a], assignor)
        alone = group.settled(topics)
        assert loads(alone) == [6, 6]

        group.join("C", [a, b], assignor)
        joined = group.settled(topics)
        assert loads(joined) == [4, 4, 4]
        assert moved(alone, joined) == 4  # what C has, and nothing else

        group.leave("C")
        left = group.settled(topics)
        assert loads(left) == [6, 6]
        assert moved(joined, left) == 0

        group.join("C", [a, b], assignor, session_timeout_ms=4_000)
        before = group.settled(topics)
        group.crash("C")
        after = group.settled(topics)
        assert loads(after) == [6, 6]
        assert moved(before, after) == 0


def test_a_cooperative_member_keeps_what_it_is_not_asked_for(
    kafka_broker: KafkaBroker, unique: Unique
) -> None:
    topic = unique("topic")
    create_topics(kafka_broker.bootstrap_servers, {topic: 6})
    heard = Heard()
    with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        group.join("A", [topic], "cooperative-sticky", listener=heard)
        group.settled({topic: 6})
        group.join("B", [topic], "cooperative-sticky")
        owned = group.settled({topic: 6})
    every = PartitionSet({topic: range(6)})
    # B's join makes A give three up, and nothing else is touched until A is closed.
    assert heard.calls == [("assigned", every), ("revoked", owned["B"]), ("revoked", owned["A"])]


def test_an_eager_claim_names_what_was_held_and_when(
    kafka_broker: KafkaBroker, unique: Unique
) -> None:
    topic = unique("topic")
    create_topics(kafka_broker.bootstrap_servers, {topic: 2})
    with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        member = group.join("A", [topic], "sticky", client_rack="rack-1")
        held = group.settled({topic: 2})
        generation_id = member.generation_id
        (sent,) = _sent(member, 1)
        subscription = decode_subscription(sent)
        claim = decode_sticky_user_data(subscription.user_data or b"")
        assert wire_version(sent) == 3
        assert claim.partitions == held["A"]
        assert claim.generation_id == subscription.generation_id == generation_id
        assert subscription.rack_id == "rack-1"
        assert not subscription.owned  # eager: nothing is owned while joining


def test_a_cooperative_claim_is_what_is_owned(kafka_broker: KafkaBroker, unique: Unique) -> None:
    topic = unique("topic")
    create_topics(kafka_broker.bootstrap_servers, {topic: 2})
    with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        member = group.join("A", [topic], "cooperative-sticky", client_rack="rack-1")
        held = group.settled({topic: 2})
        generation_id = member.generation_id
        (sent,) = _sent(member, 1)
        subscription = decode_subscription(sent)
        assert wire_version(sent) == 3
        assert subscription.owned == held["A"]
        assert subscription.generation_id == generation_id
        assert decode_generation_user_data(subscription.user_data or b"") == generation_id
        assert subscription.rack_id == "rack-1"


@BOTH
def test_a_stale_claim_is_not_sent_after_a_loss(
    kafka_broker: KafkaBroker, unique: Unique, assignor: str
) -> None:
    topic = unique("topic")
    create_topics(kafka_broker.bootstrap_servers, {topic: 4})
    heard = Heard()
    with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        member = group.join("A", [topic], assignor, listener=heard)
        group.settled({topic: 4})
        spied = _spy(member)
        # Somebody removes the member behind its back; its next heartbeat is refused.
        lost_id = _expel(member)
        wait_until(lambda: member.consumer._coordinator._generation.member_id != lost_id, "noticed")
        group.settled({topic: 4})
        first = decode_subscription(spied[0])
        assert not first.owned
        assert first.generation_id == -1
        assert first.user_data in (b"", b"\xff\xff\xff\xff")
    assert ("lost", PartitionSet({topic: range(4)})) in heard.calls


@BOTH
def test_nor_after_a_loss_that_is_noticed_while_joining(
    kafka_broker: KafkaBroker, unique: Unique, assignor: str
) -> None:
    # kafka-python asks what was lost before the first JoinGroup only. Here it is that JoinGroup
    # which is refused, because the coordinator has forgotten the member.
    topic = unique("topic")
    create_topics(kafka_broker.bootstrap_servers, {topic: 4})
    heard = Heard()
    with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        member = group.join(
            "A", [topic], assignor, listener=heard, heartbeat_interval_ms=14_000
        )  # no heartbeat tells it before
        group.settled({topic: 4})
        spied = _spy(member)
        lost_id = _expel(member)
        member.rejoin()
        wait_until(lambda: len(spied) >= 2, "it joins twice")
        group.settled({topic: 4})
        refused, afresh = (decode_subscription(each) for each in spied[:2])
        assert refused.generation_id >= 1  # it could not know
        assert not afresh.owned
        assert afresh.generation_id == -1
        assert member.consumer._coordinator._generation.member_id != lost_id
    if assignor == "cooperative-sticky":
        assert [name for name, _ in heard.calls] == ["assigned", "lost", "assigned", "revoked"]


def test_a_topic_that_is_not_wanted_any_more_is_revoked_before_the_join(
    kafka_broker: KafkaBroker, unique: Unique
) -> None:
    a, b = unique("a"), unique("b")
    create_topics(kafka_broker.bootstrap_servers, {a: 2, b: 2})
    heard = Heard()
    with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        member = group.join("A", [a, b], "cooperative-sticky", listener=heard)
        group.settled({a: 2, b: 2})
        spied = _spy(member)
        member.consumer.subscribe([a], listener=heard)
        group.settled({a: 2})
        assert decode_subscription(spied[0]).owned == PartitionSet({a: [0, 1]})
    assert ("revoked", PartitionSet({b: [0, 1]})) in heard.calls


def test_a_leader_knows_the_topics_that_only_others_want(
    kafka_broker: KafkaBroker, unique: Unique
) -> None:
    a, b = unique("a"), unique("b")
    create_topics(kafka_broker.bootstrap_servers, {a: 2, b: 3})
    seen: list[ClusterMetadata] = []

    class Noting(StickyAssignor):
        name = "noting"

        def assign(
            self, cluster: ClusterMetadata, members: Mapping[str, Subscription]
        ) -> GroupAssignment:
            seen.append(cluster)
            return super().assign(cluster, members)

    with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        group.join("A", [a], Noting())
        group.settled({a: 2})
        group.join("B", [b], Noting())
        group.settled({a: 2, b: 3})
    # Never with a topic that somebody wants left out, which would go to nobody.
    assert [dict(each.partitions) for each in seen if len(each.partitions) != 1] == [
        {a: 2, b: 3}
    ] * sum(len(each.partitions) == 2 for each in seen)
    assert any(len(each.partitions) == 2 for each in seen)


def test_two_consumers_in_one_process_share_nothing(
    kafka_broker: KafkaBroker, unique: Unique
) -> None:
    topic = unique("topic")
    create_topics(kafka_broker.bootstrap_servers, {topic: 4})
    servers = kafka_broker.bootstrap_servers
    with Group(servers, unique("group")) as first, Group(servers, unique("group")) as second:
        first.join("A", [topic], "sticky")
        first.settled({topic: 4})
        member = second.join("B", [topic], "sticky")
        second.settled({topic: 4})
        claim, _ = member.strategy._seam._held(), first.settled({topic: 4})
        assert claim.generation_id == member.generation_id


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (StickyPartitionAssignor, "sticky"),
        (TheirCooperativeSticky, "cooperative-sticky"),
        (RangePartitionAssignor, "range"),
    ],
    ids=["sticky", "cooperative-sticky", "range"],
)
def test_mixes_with_kafka_pythons_own(
    kafka_broker: KafkaBroker, unique: Unique, theirs: Any, ours: str
) -> None:
    topic = unique("topic")
    create_topics(kafka_broker.bootstrap_servers, {topic: 6})
    with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        group.join("A", [topic], ours)
        group.settled({topic: 6})
        group.join("B", [topic], theirs)
        assert loads(group.settled({topic: 6})) == [3, 3]
        group.leave("A")  # now theirs leads
        group.settled({topic: 6})
        group.join("C", [topic], ours)
        assert loads(group.settled({topic: 6})) == [3, 3]


def test_two_strategies_of_one_consumer(kafka_broker: KafkaBroker, unique: Unique) -> None:
    topic = unique("topic")
    create_topics(kafka_broker.bootstrap_servers, {topic: 2})
    ours, other = strategy("range"), strategy("sticky")
    consumer = consumer_with(kafka_broker.bootstrap_servers, unique("group"), [topic], ours, other)
    other.bind(ours.bind(consumer))
    member = Member(consumer, other)
    try:
        wait_until(lambda: len(member.owned) == 2 and member.at_rest, "it owns both")
        generation_id = member.generation_id
        (sent,) = _sent(member, 1)  # range was chosen, and sticky still knows what was held
        claim = decode_sticky_user_data(decode_subscription(sent).user_data or b"")
        assert claim.generation_id == generation_id
    finally:
        member.end()


@pytest.mark.parametrize(
    ("names", "cooperates"),
    [(["cooperative-sticky"], True), (["cooperative-sticky", "sticky"], False)],
)
def test_a_consumer_cooperates_if_all_its_assignors_can(
    kafka_broker: KafkaBroker, names: list[str], cooperates: bool
) -> None:
    strategies = [strategy(name) for name in names]
    consumer = consumer_with(kafka_broker.bootstrap_servers, "group", [], *strategies)
    assert (consumer._coordinator._rebalance_protocol == 1) is cooperates
    close(consumer)


def test_an_assignor_that_only_cooperates(kafka_broker: KafkaBroker, unique: Unique) -> None:
    class OnlyCooperative(RangeAssignor):
        name = "only-cooperative"
        protocols = (RebalanceProtocol.COOPERATIVE,)

    topic = unique("topic")
    create_topics(kafka_broker.bootstrap_servers, {topic: 2})
    with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        group.join("A", [topic], OnlyCooperative())
        assert loads(group.settled({topic: 2})) == [2]


def test_a_static_member_has_its_instance_id(kafka_broker: KafkaBroker, unique: Unique) -> None:
    topic = unique("topic")
    create_topics(kafka_broker.bootstrap_servers, {topic: 1})
    seen: list[Mapping[str, Subscription]] = []

    class Noting(StickyAssignor):
        name = "noting"

        def assign(
            self, cluster: ClusterMetadata, members: Mapping[str, Subscription]
        ) -> GroupAssignment:
            seen.append(members)
            return super().assign(cluster, members)

    with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        group.join("A", [topic], Noting(), group_instance_id="pod-0", client_rack="eu-1")
        group.settled({topic: 1})
    (only,) = seen[-1].values()
    assert (only.group_instance_id, only.rack_id) == ("pod-0", "eu-1")


def test_a_consumer_that_never_waits_joins_all_the_same(
    kafka_broker: KafkaBroker, unique: Unique
) -> None:
    topic = unique("topic")
    create_topics(kafka_broker.bootstrap_servers, {topic: 2})
    used = strategy("sticky")
    consumer = used.bind(
        consumer_with(kafka_broker.bootstrap_servers, unique("group"), [topic], used)
    )
    while len(consumer.assignment()) < 2:  # the answers come between two polls
        consumer.poll(timeout_ms=0)
    assert consumer._coordinator._generation.generation_id <= 2
    close(consumer)


def test_what_is_no_assignor_is_refused() -> None:
    with pytest.raises(AssignorError, match="no assignor is called 'stiky'"):
        strategy("stiky")


def _spy(member: Member) -> list[bytes]:
    """What the strategy sends from now on."""
    sent: list[bytes] = []
    plain = member.strategy.metadata

    def metadata(topics: Any) -> bytes:
        sent.append(plain(topics))
        changed()
        return sent[-1]

    member.strategy.metadata = metadata
    return sent


def _sent(member: Member, count: int) -> list[bytes]:
    """What it sends when it joins again."""
    sent = _spy(member)
    member.rejoin()
    wait_until(lambda: len(sent) >= count and member.at_rest, "it joins again")
    return sent[:count]


def _expel(member: Member) -> str:
    """Take the member out of its group without its knowledge; returns the member id it had."""
    coordinator = member.consumer._coordinator
    member_id = str(coordinator._generation.member_id)
    identity = LeaveGroupRequest.MemberIdentity(
        member_id=member_id, group_instance_id=None, reason=None
    )
    request = LeaveGroupRequest(
        group_id=coordinator.group_id, member_id=member_id, members=[identity]
    )
    manager = coordinator._manager

    async def expel() -> None:
        await manager.send(request, node_id=coordinator.coordinator_id)

    coordinator._net.run(expel)
    return member_id
