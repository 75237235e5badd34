"""`simulate`: each way to lose, repeat or forget records is found and told; right code passes."""

from __future__ import annotations

import asyncio
import gc
import re
import subprocess
import sys
import traceback
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from assignors.interface import RebalanceProtocol
from assignors.model import ClusterMetadata, GroupAssignment, PartitionSet, Subscription
from rebalance.simulation import ScenarioError
from rebalance.testing import SimulatedConsumer, simulate

ROOT = Path(__file__).parents[3]

HAND_OVER = """
start A
run for 5s
start B
run for 10s
"""


async def plain(consumer: SimulatedConsumer) -> None:
    """At least once: process, then commit."""
    async for record in consumer:
        await asyncio.sleep(0.002)
        try:
            await consumer.commit({(record.topic, record.partition): record.offset + 1})
        except KafkaError:
            continue


class Quiet:
    """A listener that does nothing."""

    def __init__(self, consumer: SimulatedConsumer) -> None:
        self.consumer = consumer

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> Any:
        """Nothing."""

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> Any:
        """Nothing."""


def kinds(result: Any) -> list[str]:
    return list(dict.fromkeys(finding.kind for finding in result.findings))


# --- right code ----------------------------------------------------------------------------------


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


# --- what can be wrong ---------------------------------------------------------------------------


def test_i06_gap_of_who_commits_before_it_processes() -> None:
    async def hasty(consumer: SimulatedConsumer, sink: Any) -> None:
        async for record in consumer:
            await consumer.commit()
            await asyncio.sleep(0.05)
            sink(record)

    result = simulate(hasty, scenario="start A\nrun for 3s\ncrash A\nstart B\nrun for 20s")
    assert kinds(result) == ["gap"]
    assert "nobody processed record" in str(result.findings[0])
    assert ": B began to read at " in str(result.findings[0])
    with pytest.raises(AssertionError, match="left out"):
        result.check()


def test_i06_read_again_of_who_goes_back() -> None:
    class GoesBack(Quiet):
        def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
            for partition in assigned:
                self.consumer.seek(partition, 0)

    result = simulate(plain, listener=GoesBack, scenario=HAND_OVER)
    assert kinds(result) == ["read again"]
    assert result.records.duplicates > 50


def test_i06_late_work_of_who_goes_on_in_the_background() -> None:
    async def background(consumer: SimulatedConsumer, sink: Any) -> None:
        async def work(records: list[Any]) -> None:
            for record in records:
                await asyncio.sleep(0.2)
                sink(record)

        running = set()
        while True:
            for records in (await consumer.getmany(timeout_ms=1000)).values():
                running.add(asyncio.create_task(work(records)))

    result = simulate(background, scenario=HAND_OVER)
    assert kinds(result) == ["late work"]
    assert "A processed record" in str(result.findings[0])
    assert "without owning it" in str(result.findings[0])


def test_i06_work_that_was_due_before_a_loss_is_told_is_not_late() -> None:
    writing: dict[str, asyncio.Task[None]] = {}

    async def in_the_background(consumer: SimulatedConsumer, sink: Any) -> None:
        async def write(record: Any) -> None:
            await asyncio.sleep(0.1)
            sink(record)

        async for record in consumer:
            writing[consumer.name] = asyncio.create_task(write(record))
            await asyncio.wait([writing[consumer.name]])

    class Stops(Quiet):
        def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
            writing[self.consumer.name].cancel()

        def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
            if self.consumer.name in writing:
                writing[self.consumer.name].cancel()

    story = "start A\nrun for 2950ms\npause A for 20s\nstart B\nrun for 30s"
    result = simulate(in_the_background, listener=Stops, scenario=story, members=2)
    assert any("on_partitions_lost" in entry.text for entry in result.played.entries)
    assert kinds(result) == []


def test_late_commit_of_who_commits_after_a_loss() -> None:
    class Commits(Quiet):
        async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
            await self.consumer.commit()

        async def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
            await self.on_partitions_revoked(lost)

    story = "start A\nrun for 5s\npause A for 10s\nrun for 20s"
    result = simulate(listener=Commits, scenario=story, members=1)
    assert kinds(result) == ["late commit"]
    assert result.findings[0].message == "A commits orders 0-5, which it has lost"
    allowed = simulate(listener=Commits, scenario=story, members=1, allow={"late commit"})
    assert allowed.check().passed


def test_listener_without_a_word_for_losses_is_not_blamed() -> None:
    """aiokafka's has none: it is told that what is lost was revoked."""

    class Commits(Quiet):
        async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
            await self.consumer.commit()

    simulate(
        listener=Commits, scenario="start A\nrun for 5s\npause A for 10s\nrun for 20s", members=1
    ).check()


def test_late_commit_of_who_does_not_wait() -> None:
    class Forgets(Quiet):
        def __init__(self, consumer: SimulatedConsumer) -> None:
            super().__init__(consumer)
            self.tasks: set[asyncio.Task[None]] = set()

        def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
            self.tasks.add(asyncio.create_task(self.later(list(revoked))))

        async def later(self, revoked: list[TopicPartition]) -> None:
            await self.consumer.commit(dict.fromkeys(revoked, 40))

    result = simulate(listener=Forgets, scenario=HAND_OVER)
    assert kinds(result) == ["late commit"]
    assert "commit of orders-3 fails: not assigned" in result.page()


def test_i06_never_read_of_who_forgets_to_resume() -> None:
    class Pauses(Quiet):
        def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
            self.consumer.pause(*assigned)

    result = simulate(plain, listener=Pauses, scenario="start A\nrun for 5s", members=1)
    assert kinds(result) == ["never read"]
    message = result.findings[0].message
    assert re.fullmatch(
        r"records 0 to \d+ of orders-0 of g: A owns it and does not read them", message
    )


def test_error_of_an_application_ends_its_process() -> None:
    async def fails(consumer: SimulatedConsumer) -> None:
        async for record in consumer:
            if record.offset == 3:
                raise LookupError("no such customer")

    result = simulate(fails, scenario="start A\nrun for 5s\nshow members", members=1)
    assert kinds(result) == ["error"]
    assert "the application of A raised LookupError('no such customer') in fails, line " in (
        result.findings[0].message
    )
    assert result.played.printed == ("A: crashed",)


def test_error_of_an_application_does_not_end_a_story_that_speaks_of_it() -> None:
    async def fails(consumer: SimulatedConsumer) -> None:
        async for record in consumer:
            if record.offset == 3:
                raise LookupError("no such customer")

    result = simulate(fails, seed=2, members=2, topics={"orders": 1})
    assert kinds(result) == ["error"]
    assert "raised LookupError('no such customer')" in result.page()
    assert len(result.played.lines) < result.shrunk_from


async def fails_at_three(consumer: SimulatedConsumer) -> None:
    async for record in consumer:
        if record.offset == 3:
            raise LookupError("no such customer")


def test_error_of_an_application_is_told_although_the_story_speaks_of_its_process() -> None:
    story = "start A\nrun for 5s\npause A for 1s\nrun for 9s\nclose A"
    result = simulate(fails_at_three, scenario=story, members=1)
    assert kinds(result) == ["error"]
    assert result.story.endswith("start A\nrun for 5s")
    assert "It is told no further: story:8: 'pause A for 1s': A is not running" in result.page()
    assert "A ended by itself at 0.400s: it raised LookupError('no such" in result.page()
    with pytest.raises(AssertionError, match="raised LookupError") as caught:
        result.check()
    cause = caught.value.__cause__
    assert isinstance(cause, LookupError)
    assert "fails_at_three" in [frame.name for frame in traceback.extract_tb(cause.__traceback__)]


def test_error_is_told_of_the_life_that_the_story_speaks_of() -> None:
    story = "start A\nrun for 5s\nstart A\nrun for 100ms\nclose A\nrun for 5s\nclose A"
    with pytest.raises(ScenarioError, match=r"before$"):
        simulate(fails_at_three, scenario=story, members=1)


@pytest.mark.parametrize(
    ("stops", "why"),
    [
        (True, "it called consumer.stop()"),
        (False, "the application returned without consumer.stop()"),
    ],
)
def test_story_that_speaks_of_a_process_that_has_ended_says_how(stops: bool, why: str) -> None:
    async def ends(consumer: SimulatedConsumer) -> None:
        await consumer.getone()
        if stops:
            await consumer.stop()

    with pytest.raises(ScenarioError, match="A is not running") as caught:
        simulate(ends, scenario="start A\nrun for 5s\nclose A", members=1)
    assert str(caught.value).endswith(why)


def test_error_of_making_a_listener_is_the_users_own() -> None:
    def make(consumer: SimulatedConsumer) -> Any:
        raise ValueError("no such table")

    with pytest.raises(ValueError, match=r"^no such table$"):
        simulate(listener=make, scenario="start A\nrun for 5s", members=1)


def test_error_that_is_none_of_exception_is_told_as_well() -> None:
    async def tests(consumer: SimulatedConsumer) -> None:
        await consumer.getone()
        pytest.fail("too many records")

    with pytest.raises(AssertionError, match="too many records") as caught:
        simulate(tests, scenario="start A\nrun for 5s", members=1).check()
    assert isinstance(caught.value.__cause__, pytest.fail.Exception)


def test_error_of_a_listener_is_told_and_stops_nothing() -> None:
    class Broken(Quiet):
        def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
            raise AttributeError("consumr")

    result = simulate(plain, listener=Broken, scenario="start A\nrun for 5s", members=1)
    assert kinds(result) == ["error"]
    assert "on_partitions_assigned of A raised AttributeError" in result.findings[0].message
    assert " in on_partitions_assigned, line " in result.findings[0].message
    with pytest.raises(AssertionError) as caught:
        result.check()
    assert isinstance(caught.value.__cause__, AttributeError)
    assert result.records.processed >= 300


def test_application_that_returns_without_stop_is_gone_as_after_a_crash() -> None:
    async def returns(consumer: SimulatedConsumer) -> None:
        await consumer.getone()

    result = simulate(returns, scenario="start A\nrun for 5s\nshow members", members=1)
    assert result.played.printed == ("A: crashed",)
    assert any("without consumer.stop()" in entry.text for entry in result.played.entries)


def test_i05_listener_that_never_returns_stops_the_group() -> None:
    class Hangs(Quiet):
        async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
            await asyncio.Event().wait()

    result = simulate(plain, listener=Hangs, scenario=HAND_OVER, rate_per_s=1, topics={"orders": 2})
    assert [violation.rule for violation in result.violations] == ["I05"]
    with pytest.raises(AssertionError, match="I05 violated"):
        result.check()


# --- when things run -----------------------------------------------------------------------------


@pytest.mark.parametrize(("listener_runs", "expected"), [("beside", True), ("in poll", False)])
def test_m01_listener_runs_beside_the_application_or_while_it_polls(
    listener_runs: Any, expected: bool
) -> None:
    interrupted: list[bool] = []
    working: set[str] = set()

    async def busy(consumer: SimulatedConsumer) -> None:
        async for _ in consumer:
            working.add(consumer.name)
            await asyncio.sleep(0.15)
            working.discard(consumer.name)

    class Watching(Quiet):
        def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
            interrupted.append(self.consumer.name in working)

    allow = {"never read"}
    simulate(
        busy,
        listener=Watching,
        scenario=HAND_OVER,
        listener_runs=listener_runs,
        topics={"orders": 4},
        allow=allow,
    ).check()
    assert any(interrupted) is expected


@pytest.mark.parametrize("listener_runs", ["beside", "in poll"])
def test_a_listener_that_waits_for_a_poll_dies_quietly_with_its_process(listener_runs: Any) -> None:
    async def cleans_up(consumer: SimulatedConsumer) -> None:
        try:
            while True:
                await consumer.getmany(timeout_ms=100)
                await asyncio.sleep(5)
        finally:
            await consumer.stop()

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        simulate(
            cleans_up,
            listener=Quiet,
            scenario="start A\nrun for 8s\nstart B\nrun for 2s\ncrash A\nrun for 20s",
            listener_runs=listener_runs,
        )
        gc.collect()
    assert [str(each.message) for each in told] == []


def test_close_is_a_sigterm_that_an_application_may_clean_up_after() -> None:
    cleaned: list[float] = []

    async def careful(consumer: SimulatedConsumer) -> None:
        try:
            async for _ in consumer:
                continue
        finally:
            await asyncio.sleep(2)
            cleaned.append(asyncio.get_running_loop().time())

    story = "start A\nrun for 5s\nclose A\nrun for 5s\nshow members"
    result = simulate(careful, scenario=story, members=1).check()
    assert cleaned == [7.0]
    assert result.played.printed == ("A: closed",)


def test_busy_process_runs_no_code_and_keeps_its_heartbeats() -> None:
    times: list[float] = []

    async def ticks(consumer: SimulatedConsumer) -> None:
        while True:
            await consumer.getmany(timeout_ms=1000)
            times.append(asyncio.get_running_loop().time())

    simulate(ticks, scenario="start A\nrun for 5s\nbusy A for 8s\nrun for 10s", members=1).check()
    assert not any(5.0 < time < 13.0 for time in times)
    assert any(time >= 13.0 for time in times)


def test_crash_runs_nothing_more() -> None:
    ran: list[str] = []

    async def holds(consumer: SimulatedConsumer) -> None:
        try:
            async for _ in consumer:
                continue
        finally:
            ran.append("finally")
            await consumer.commit()
            ran.append("committed")

    simulate(holds, scenario="start A\nrun for 5s\ncrash A\nrun for 10s", members=1).check()
    assert ran == ["finally"]


# --- stories that are given ----------------------------------------------------------------------


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


# --- assignors -----------------------------------------------------------------------------------


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


# --- the same every time -------------------------------------------------------------------------


def page() -> str:
    """What is told of a failing seed."""
    stage: dict[str, Any] = {"members": 2, "topics": {"orders": 2}, "rate_per_s": 2, "length": 4}
    return simulate(listener=_goes_back, seeds=6, **stage).page()


def _goes_back(consumer: SimulatedConsumer) -> Quiet:
    class GoesBack(Quiet):
        def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
            for partition in set(assigned):
                consumer.seek(partition, 0)

    return GoesBack(consumer)


def test_page_is_the_same_under_every_hash_seed_and_says_how_to_play_it_again() -> None:
    code = "from tests.testing.simulated.test_simulate import page; print(page(), end='')"
    pages = [
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert pages[0] == pages[1]
    lines = pages[0].split("\n")
    assert lines[0].startswith("read again at ")
    story = next(at for at, line in enumerate(lines) if line.startswith("The story (seed "))
    told = [line.strip() for line in lines[story + 1 : lines.index("", story)]]
    again = simulate(listener=_goes_back, scenario="\n".join(told), members=2)
    assert str(again.findings[0]) == lines[0]
    assert again.story == "\n".join(told)


# --- used wrongly --------------------------------------------------------------------------------


def test_used_wrongly() -> None:
    with pytest.raises(ValueError, match="members=0: expected 1 to 20"):
        simulate(plain, members=0)
    with pytest.raises(ValueError, match="at least one"):
        simulate(plain, seeds=())
    with pytest.raises(ScenarioError, match="'begin' is not a command"):
        simulate(plain, scenario="begin A")
