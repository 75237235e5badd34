"""M08: an assignor that fails costs its own member the membership, loudly, and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from kafka.errors import InconsistentGroupProtocolError
from kafka.net.manager import KafkaConnectionManager
from kafka.protocol.consumer import (
    JoinGroupRequest,
    LeaveGroupRequest,
    OffsetCommitRequest,
    SyncGroupRequest,
)

from assignors import InvalidPlanError, PartitionSet, RebalanceProtocol
from assignors.errors import AssignorFailedError
from rebalance.clients.kafka_python import AssignmentFailedError, strategy
from tests.clients.broken import BROKEN, Breaking, Broken, raises
from tests.clients.kafka_python.group import (
    Group,
    Heard,
    Member,
    close,
    consumer_with,
    create_topics,
    wait_until,
)
from tests.support.brokers import KafkaBroker

Unique = Callable[[str], str]
Sent = list[Any]
COOPERATING = (RebalanceProtocol.COOPERATIVE, RebalanceProtocol.EAGER)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """Every request of every consumer."""
    requests: Sent = []
    plain = KafkaConnectionManager.send

    def send(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        requests.append(request)
        return plain(self, request, *args, **kwargs)

    monkeypatch.setattr(KafkaConnectionManager, "send", send)
    return requests


@pytest.mark.parametrize("protocols", [COOPERATING, COOPERATING[1:]], ids=["cooperative", "eager"])
@pytest.mark.parametrize("broken", [raises, *BROKEN], ids=lambda each: each.__name__)
def test_a_broken_leader_leaves_and_the_others_go_on(
    kafka_broker: KafkaBroker, unique: Unique, sent: Sent, broken: Broken, protocols: Any
) -> None:
    topic = unique("topic")
    create_topics(kafka_broker.bootstrap_servers, {topic: 4})
    heard = Heard()
    with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        leading = Breaking(protocols=protocols)
        leader = group.join("A", [topic], leading, listener=heard)
        group.settled({topic: 4})
        leader_id = leader.consumer._coordinator._generation.member_id

        leading.broken = broken
        sent.clear()
        group.join("B", [topic], Breaking(protocols=protocols))
        error = leader.failed()
        assert isinstance(error, AssignmentFailedError)
        if broken is raises:
            assert isinstance(error.__cause__, AssignorFailedError)
            assert "ZeroDivisionError('a bug of its author')" in str(error)
        else:
            assert isinstance(error.__cause__, InvalidPlanError)
            assert error.__cause__.fault is BROKEN[broken]
        for _ in range(2):
            with pytest.raises(AssignmentFailedError) as again:
                leader.consumer.poll()
            assert again.value is error

        failed = group.members.pop("A")
        assert not failed.owned
        assert len(group.settled({topic: 4})["B"]) == 4
        kinds = [type(each) for each in sent if _of(each) == leader_id]
        assert SyncGroupRequest not in kinds
        assert kinds.count(JoinGroupRequest) == 1
        assert kinds.count(LeaveGroupRequest) == 1
        failed.end()
    every = PartitionSet({topic: range(4)})
    assert heard.calls[-1] == ("revoked", every)  # it was told, and once only
    assert len([each for each in heard.calls if each == ("revoked", every)]) == 1


def _of(request: Any) -> str:
    """The member id that a group request names."""
    members = getattr(request, "members", None)
    return str(members[0].member_id if members else getattr(request, "member_id", ""))


def test_poll_raises_what_the_first_assignment_raised(
    kafka_broker: KafkaBroker, unique: Unique
) -> None:
    topic, group_id = unique("topic"), unique("group")
    create_topics(kafka_broker.bootstrap_servers, {topic: 1})
    used = strategy(Breaking(raises))
    consumer = used.bind(consumer_with(kafka_broker.bootstrap_servers, group_id, [topic], used))
    with pytest.raises(AssignmentFailedError, match="a bug of its author") as caught:
        consumer.poll(timeout_ms=30_000)
    assert isinstance(caught.value.__cause__, AssignorFailedError)
    assert isinstance(caught.value.__cause__.__cause__, ZeroDivisionError)
    with pytest.raises(AssignmentFailedError):
        next(consumer)
    close(consumer)
    with Group(kafka_broker.bootstrap_servers, group_id) as group:
        group.join("B", [topic], Breaking())  # the group is free
        group.settled({topic: 1})


def test_a_static_member_leaves_too(kafka_broker: KafkaBroker, unique: Unique) -> None:
    topic = unique("topic")
    create_topics(kafka_broker.bootstrap_servers, {topic: 2})
    with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        leading = Breaking()
        # Were it not to leave, the others would wait for its session: longer than this test may.
        leader = group.join(
            "A", [topic], leading, group_instance_id="pod-0", session_timeout_ms=300_000
        )
        group.settled({topic: 2})
        leading.broken = raises
        group.join("B", [topic], Breaking(), session_timeout_ms=300_000)
        leader.failed()
        failed = group.members.pop("A")
        group.settled({topic: 2})
        failed.end()


def test_a_follower_whose_user_data_fails_leaves(kafka_broker: KafkaBroker, unique: Unique) -> None:
    topic = unique("topic")
    create_topics(kafka_broker.bootstrap_servers, {topic: 2})
    with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        group.join("A", [topic], Breaking())
        group.settled({topic: 2})
        following = Breaking()
        follower = group.join("B", [topic], following)
        group.settled({topic: 2})
        following.user_data_breaks = True
        follower.rejoin()
        assert "in user_data" in str(follower.failed())
        failed = group.members.pop("B")
        group.settled({topic: 2})
        failed.end()


def test_a_failed_member_commits_nothing_when_it_closes(
    kafka_broker: KafkaBroker, unique: Unique, sent: Sent
) -> None:
    topic = unique("topic")
    create_topics(kafka_broker.bootstrap_servers, {topic: 1})
    with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        leading = Breaking()
        leader = group.join("A", [topic], leading, enable_auto_commit=True)
        group.settled({topic: 1})
        leading.broken = raises
        leader.rejoin()
        leader.failed()
        left = next(number for number, each in enumerate(sent) if type(each) is LeaveGroupRequest)
        group.leave("A")
        assert not [each for each in sent[left:] if type(each) is OffsetCommitRequest]


def test_where_all_are_broken_each_fails_as_it_becomes_leader(
    kafka_broker: KafkaBroker, unique: Unique
) -> None:
    topic = unique("topic")
    create_topics(kafka_broker.bootstrap_servers, {topic: 2})
    with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        shared = Breaking()
        members: list[Member] = [group.join(name, [topic], shared) for name in "AB"]
        group.settled({topic: 2})
        shared.broken = raises
        members[0].rejoin()
        for each in members:
            assert isinstance(each.failed(), AssignmentFailedError)


def test_one_whose_listener_raises_as_it_fails(kafka_broker: KafkaBroker, unique: Unique) -> None:
    class Raising(Heard):
        def on_partitions_revoked(self, revoked: Any) -> None:
            raise RuntimeError("a bug of its user")

    topic = unique("topic")
    create_topics(kafka_broker.bootstrap_servers, {topic: 1})
    with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        leading = Breaking(protocols=COOPERATING)
        leader = group.join("A", [topic], leading, listener=Raising())
        group.settled({topic: 1})
        leading.broken = raises
        leader.rejoin()
        assert isinstance(leader.failed(), AssignmentFailedError)
        assert not leader.owned


def test_errors_of_the_broker_stay_what_they_are(kafka_broker: KafkaBroker, unique: Unique) -> None:
    topic, group_id = unique("topic"), unique("group")
    create_topics(kafka_broker.bootstrap_servers, {topic: 1})
    with Group(kafka_broker.bootstrap_servers, group_id) as group:
        group.join("A", [topic], "sticky")
        group.settled({topic: 1})
        used = strategy("range")
        odd = used.bind(consumer_with(kafka_broker.bootstrap_servers, group_id, [topic], used))
        with pytest.raises(InconsistentGroupProtocolError):
            odd.poll(timeout_ms=30_000)
        close(odd)


def test_a_member_that_cannot_be_read(kafka_broker: KafkaBroker, unique: Unique) -> None:
    """A foreign member sends bytes that nobody can read: the leader says who, and leaves."""
    topic, group_id = unique("topic"), unique("group")
    create_topics(kafka_broker.bootstrap_servers, {topic: 1})

    with Group(kafka_broker.bootstrap_servers, group_id) as group:
        leader = group.join("A", [topic], "sticky")
        group.settled({topic: 1})
        used = strategy("sticky")
        used.metadata = lambda topics: b"\x00\x00\xff"
        group.join("B", [topic], used)
        error = leader.failed()
        assert "what member" in str(error)
        assert "cannot be read" in str(error)
        wait_until(lambda: group.members["B"].error is not None, "B leads and cannot read itself")
