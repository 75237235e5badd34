"""The known defects of aiokafka's and kafka-python's assignors, found by asking them as they are.

That ours do not have them is shown in tests/assignors/test_defects.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from assignors import (
    ClusterMetadata,
    PartitionSet,
    Promise,
    Subscription,
    TopicPartition,
    run_assignor,
)
from assignors.codec import decode_sticky_user_data, encode_sticky_user_data
from assignors.errors import AssignorFailedError, InvalidPlanError, PlanFault
from assignors.interface import RebalanceProtocol, assignor_promises, assignor_protocols
from rebalance.group_file import GroupFile, dump, load
from rebalance.testing import Group, adapted
from rebalance.testing.check import Judgement, Verdict, judged
from rebalance.testing.check.judges import minimal_moves
from rebalance.testing.check.limits import TimeLimit
from rebalance.testing.check.subject import Subject

AIOKAFKA = "aiokafka.coordinator.assignors"
KAFKA_PYTHON = "kafka.coordinator.assignors"
AIO_STICKY = f"{AIOKAFKA}.sticky.sticky_assignor:StickyPartitionAssignor"
AIO_RANGE = f"{AIOKAFKA}.range:RangePartitionAssignor"
PY_STICKY = f"{KAFKA_PYTHON}.sticky.sticky_assignor:StickyPartitionAssignor"
PY_COOPERATIVE = f"{KAFKA_PYTHON}.cooperative_sticky:CooperativeStickyAssignor"
PY_RANGE = f"{KAFKA_PYTHON}.range:RangePartitionAssignor"
PY_ROUND_ROBIN = f"{KAFKA_PYTHON}.roundrobin:RoundRobinPartitionAssignor"


# kafka-python reads its schemas, as it is imported, in a way that Python 3.11 advises against.
pytestmark = pytest.mark.filterwarnings("ignore:(open|read)_text is deprecated:DeprecationWarning")


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """They log each topic that does not exist, each time."""
    with caplog.at_level("CRITICAL"):
        yield


def judgement(spec: str, promise: Promise, examples: int = 200, seed: int = 0) -> Judgement:
    (found,) = judged(adapted(spec), [promise], examples=examples, seed=seed, source=spec)
    return found


def member(topics: str, owned: dict[str, list[int]], generation_id: int) -> Subscription:
    return Subscription(topics=list(topics), owned=PartitionSet(owned), generation_id=generation_id)


def javas(topics: str, owned: dict[str, list[int]], generation_id: int) -> Subscription:
    """The same of a member that is a Java client."""
    data = encode_sticky_user_data(PartitionSet(owned), generation_id)
    return Subscription(topics=list(topics), generation_id=generation_id, user_data=data)


def test_round_robin_of_disjoint_subscriptions() -> None:
    found = judgement(PY_ROUND_ROBIN, Promise.VALID)

    assert found.verdict is Verdict.BROKEN
    assert found.broken is not None
    assert "KeyError" in found.broken.why
    members = {"m1": member("a", {}, -1), "m2": member("b", {}, -1)}
    with pytest.raises(AssignorFailedError, match="KeyError"):
        run_assignor(adapted(PY_ROUND_ROBIN), ClusterMetadata({"a": 2, "b": 2}), members)


@pytest.mark.parametrize("spec", [PY_RANGE, PY_ROUND_ROBIN])
def test_static_dynamic_static_in_arrival_order(spec: str) -> None:
    members = {
        "m1": Subscription(topics=["a"], group_instance_id="i1"),
        "m2": Subscription(topics=["a"]),
        "m3": Subscription(topics=["a"], group_instance_id="i3"),
    }
    plan = run_assignor(adapted(spec), ClusterMetadata({"a": 3}), members)

    assert len(plan["m1"]) == 0
    found = judgement(spec, Promise.DETERMINISTIC)
    assert found.broken is not None
    assert "members in another order" in found.broken.why


@pytest.mark.parametrize(("spec", "make"), [(AIO_STICKY, javas), (PY_STICKY, member)])
def test_a_stale_claim_of_a_member_not_subscribed(spec: str, make: Any) -> None:
    members = {
        "m1": make("a", {"a": [0, 1, 2, 3]}, 5),
        "m2": make("bc", {"a": [0, 1]}, 4),
        "m3": make("abc", {}, 5),
    }
    with pytest.raises(InvalidPlanError, match="'m2' partition 0 of 'a'") as raised:
        run_assignor(adapted(spec), ClusterMetadata({"a": 4, "b": 1, "c": 1}), members)
    assert raised.value.fault is PlanFault.NOT_SUBSCRIBED


@pytest.mark.parametrize(("spec", "make"), [(AIO_STICKY, javas), (PY_STICKY, member)])
def test_a_stale_claim_on_what_two_others_share(spec: str, make: Any) -> None:
    members = {
        "m1": make("a", {"a": [0, 1, 2, 3]}, 5),
        "m2": make("a", {}, 5),
        "m3": make("b", {"a": [0], "b": [0]}, 4),
    }
    with pytest.raises(AssignorFailedError, match="KeyError"):
        run_assignor(adapted(spec), ClusterMetadata({"a": 4, "b": 1}), members)


def test_check_finds_a_claim_that_breaks_sticky() -> None:
    found = judgement(PY_STICKY, Promise.CONFLICT_PROOF)

    assert found.verdict is Verdict.NOT_HELD
    assert found.group is not None
    assert len(found.group.members) <= 4


@pytest.mark.parametrize("spec", [AIO_STICKY, PY_STICKY, PY_COOPERATIVE])
def test_check_finds_sticky_unbalanced(spec: str) -> None:
    assert judgement(spec, Promise.BALANCED, seed=1).verdict is Verdict.BROKEN


@pytest.mark.parametrize("spec", [AIO_STICKY, PY_STICKY])
def test_check_finds_needless_moves(spec: str) -> None:
    """Whatever the seed; and what is sent in the small group found is what is owned there."""
    sent = 0
    for seed in range(3):
        found = judgement(spec, Promise.MINIMAL_MOVES, seed=seed)
        assert found.verdict is Verdict.BROKEN
        assert found.group is not None
        assert found.seen is not None
        for name, each in found.seen.members.items():
            owned = found.group.members[name].owned
            assert each.owned == owned
            if each.user_data:
                sent += 1
                assert decode_sticky_user_data(each.user_data).partitions == owned
        file = GroupFile(cluster=found.seen.cluster, members=found.seen.members)
        written = load(dump(file), "counter-example.yaml")
        again = Group(written.cluster, written.members)
        assert minimal_moves(Subject(adapted(spec), TimeLimit(10.0)), again) is not None
    assert sent


def test_cooperative_hands_over_what_two_members_claim() -> None:
    members = {"m2": member("", {"a": [0]}, 3), "m1": member("a", {"a": [0]}, 3)}
    plan = run_assignor(adapted(PY_COOPERATIVE), ClusterMetadata({"a": 1}), members)
    assert plan["m1"] == {("a", 0)}

    for seed in range(3):
        found = judgement(PY_COOPERATIVE, Promise.COOPERATIVE_SAFE, seed=seed)
        assert found.verdict is Verdict.BROKEN
    assert judgement(PY_COOPERATIVE, Promise.DETERMINISTIC).verdict is Verdict.BROKEN


@pytest.mark.parametrize("spec", [AIO_STICKY])
def test_the_generation_does_not_reach_the_wire(spec: str) -> None:
    sent = adapted(spec).user_data(["a"], PartitionSet({"a": [0]}), 6)  # type: ignore[attr-defined]
    assert decode_sticky_user_data(sent).generation_id == -1


@pytest.mark.parametrize("spec", [AIO_RANGE, PY_RANGE])
def test_a_topic_listed_twice(spec: str) -> None:
    """No `Subscription` lists a topic twice, but the wire may; so without the adapter."""
    foreign: Any = adapted(spec)
    once, twice = (Subscription(topics=[topic]) for topic in ("a", "b"))
    data = {"m1": foreign._own_bytes(once), "m2": foreign._own_bytes(twice)}
    topics = b"\0\0\0\1\0\1a"
    data["m1"] = data["m1"].replace(topics, b"\0\0\0\2\0\1a\0\1a")
    plan = foreign._assign(ClusterMetadata({"a": 5}), data, {"m1": None, "m2": None})

    given = [p for each in plan.values() for _, ids in each.assignment for p in ids]
    assert sorted(given) != list(range(5))


@pytest.mark.parametrize("spec", [AIO_STICKY, PY_STICKY])
def test_two_topics_and_two_members_clump(spec: str) -> None:
    every = list(range(12))
    members = {"m1": member("ab", {"a": every, "b": every}, 5), "m2": member("ab", {}, -1)}
    plan = run_assignor(adapted(spec), ClusterMetadata({"a": 12, "b": 12}), members)
    assert {each.counts for each in plan.values()} == {(12,)}


def test_state_stays_with_one_call() -> None:
    found: Any = adapted(AIO_STICKY)
    before = type(found.foreign).member_assignment  # of a consumer in this process, perhaps
    found.user_data(["a"], PartitionSet({"a": [0]}), 6)
    assert type(found.foreign).member_assignment == before != [("a", 0)]


def test_a_consumer_in_this_process_tells_nothing_for_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """aiokafka's sticky leaves on its class what a consumer held last."""
    found: Any = adapted(AIO_STICKY)
    consumers = type(found.foreign)
    monkeypatch.setattr(consumers, "member_assignment", [TopicPartition("a", 1)])
    monkeypatch.setattr(consumers, "generation", 9)

    assert found.user_data(["a"], PartitionSet({}), -1) == b""
    told = decode_sticky_user_data(found.user_data(["a"], PartitionSet({"a": [0]}), -1))
    assert (told.partitions, told.generation_id) == (PartitionSet({"a": [0]}), -1)


def test_what_they_declare() -> None:
    assert assignor_promises(adapted(AIO_RANGE)) == {Promise.VALID, Promise.DETERMINISTIC}
    assert Promise.BALANCED in assignor_promises(adapted(AIO_STICKY))
    assert assignor_protocols(adapted(PY_COOPERATIVE)) == (RebalanceProtocol.COOPERATIVE,)
    assert Promise.COOPERATIVE_SAFE in assignor_promises(adapted(PY_COOPERATIVE))


def test_racks_and_missing_topics_are_passed_on() -> None:
    cluster = ClusterMetadata({"a": 2, "b": 0}, {"a": [frozenset("x"), frozenset()]})
    for spec in (AIO_RANGE, PY_RANGE):
        plan = run_assignor(adapted(spec), cluster, {"m1": member("abc", {}, -1)})
        assert plan == {"m1": {("a", 0), ("a", 1)}}


def test_ours_are_left_as_they_are() -> None:
    assert type(adapted("range")).__module__ == "assignors.range"
