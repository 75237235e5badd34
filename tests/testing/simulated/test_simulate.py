"""`simulate`: right code passes, in stories of seeds and in those that are given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest
from aiokafka import TopicPartition

from assignors.interface import RebalanceProtocol
from assignors.model import ClusterMetadata, GroupAssignment, PartitionSet, Subscription
from rebalance.testing import simulate
from tests.testing.simulated.code import HAND_OVER, Quiet, plain


@pytest.mark.parametrize("assignor", ["range", "cooperative-sticky"])
def test_i06_right_code_passes_hostile_seeds(assignor: str) -> None:
    result = simulate(plain, assignor=assignor, seeds=3, rate_per_s=2).check()
    assert result.seeds == 3
    assert result.records.processed > 100
    assert result.records.gaps == 0
    assert result.page().startswith("3 seeds, nothing wrong; in the last one ")


def test_i06_crash_repeats_at_most_what_was_not_committed() -> None:
    scenario = "start A B\nrun for 10s\ncrash A\nrun until stable\nrun for 5s"
    result = simulate(plain, scenario=scenario, members=2).check()
    assert result.records.duplicates <= 3


def test_listener_alone_runs_beside_a_plain_loop() -> None:
    calls: list[tuple[str, str]] = []

    class Watching(Quiet):
        def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
            calls.append((self.consumer.name, repr(assigned)))

        async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
            await self.consumer.commit()
            calls.append((self.consumer.name, repr(revoked)))

    result = simulate(listener=Watching, scenario=HAND_OVER, topics={"orders": 2}).check()
    mine = [partitions for name, partitions in calls if name == "A"]
    assert mine[:2] == ["{orders-0, orders-1}", "{orders-1}"]
    assert ("B", "{orders-1}") in calls
    assert result.records.duplicates == 0


@pytest.mark.parametrize("members", ["members A B", "  members  A B", "\tmembers\tA B"])
def test_story_with_members_of_its_own_is_seen_however_it_is_written(members: str) -> None:
    story = f"""
        topic orders partitions=2
        {members} topics=orders session.timeout.ms=7000
        start A B

          run until stable
        show ownership
        ----
        orders: everything

        run for 1s
        show members
    """
    result = simulate(plain, scenario=story).check()
    assert result.played.lines[0] == "topic orders partitions=2"
    assert result.played.printed[1] == "orders: A 0, B 1"
    assert [line[:10] for line in result.played.printed[2:]] == ["A: Stable,", "B: Stable,"]


class OneForAll:
    """A user's assignor that gives everything to whoever comes first."""

    name = "one-for-all"
    protocols = (RebalanceProtocol.EAGER,)

    def assign(
        self, cluster: ClusterMetadata, members: Mapping[str, Subscription]
    ) -> GroupAssignment:
        first = min(members)
        everything = PartitionSet({t: range(n) for t, n in cluster.partitions.items()})
        return GroupAssignment(
            {member: everything if member == first else PartitionSet() for member in members}
        )


def test_assignor_of_a_user_runs_in_the_leader() -> None:
    story = "start A B\nrun until stable\nshow ownership"
    result = simulate(plain, assignor=OneForAll, scenario=story, topics={"orders": 3}).check()
    assert result.played.printed[-1] == "orders: A 0-2"
