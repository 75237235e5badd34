"""How a user's code ends: by an error, by a return, by `stop`; each is told, and of whom."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from typing import Any

import pytest
from aiokafka import TopicPartition

from rebalance.simulation import ScenarioError
from rebalance.testing import SimulatedConsumer, simulate
from tests.testing.simulated.code import Quiet, kinds, plain


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
