"""A control that is used wrongly says so at the call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rebalance.broker import EmbeddedBroker

_WRONG: dict[str, tuple[Callable[[Any], object], str]] = {
    "api": (lambda b: b.delay(1, api="JoinGrup"), "did you mean 'JoinGroup'"),
    "api of an array": (lambda b: b.watch(api=["Fetch", "x"]), "api 'x' is not served here"),
    "no api": (lambda b: b.watch(api=()), "names no API"),
    "delay": (lambda b: b.delay(-0.1), "a delay of -0.1 s"),
    "no delay": (lambda b: b.delay(float("nan")), "a delay of nan s"),
    "drop": (lambda b: b.drop("never"), "when is 'never'"),
    "hold": (lambda b: b.hold("never"), "when is 'never'"),
    "error": (lambda b: b.answer_with("NO_SUCH"), "'NO_SUCH' is none of Kafka's errors"),
    "code": (lambda b: b.answer_with(4242), "4242 is none of Kafka's errors"),
    "no error": (lambda b: b.answer_with("NONE"), "NONE is no error"),
    "throttle": (lambda b: b.throttle(0), "throttled for 0 ms"),
    "times": (lambda b: b.watch(times=0), "times is 0"),
    "probability": (lambda b: b.watch(probability=1.5), "probability is 1.5"),
    "a piece of a time": (lambda b: b.watch(times=1.5), "times is 1.5"),
    "a chance in words": (lambda b: b.watch(probability="0.1"), "probability is '0.1'"),
    "a delay in words": (lambda b: b.delay("1"), "a delay of '1' s"),
    "half a millisecond": (lambda b: b.throttle(0.5), "throttled for 0.5 ms"),
    "an api by its key": (lambda b: b.watch(api=8), "api is 8; give Kafka's name"),
    "no such node": (lambda b: b.drop("before", node_id=9), "there is no node 9; there are 1"),
    "a node in words": (lambda b: b.watch(node_id="1"), "there is no node '1'"),
    "a group that is no text": (lambda b: b.watch(group_id=b"g"), "group_id is b'g'; give a text"),
    "selector": (lambda b: b.watch(group="g"), "group selects nothing; known are api"),
}


@pytest.mark.parametrize("what", _WRONG)
def test_a_wrong_argument_is_one_clear_error(what: str) -> None:
    broker = EmbeddedBroker()
    use, words = _WRONG[what]
    with pytest.raises(ValueError, match=words):
        use(broker)
    assert broker.faults == ()


async def test_a_state_that_does_not_exist_is_not_waited_for() -> None:
    async with EmbeddedBroker() as broker:
        with pytest.raises(ValueError, match="no state 'Stabel'; there are Empty, Prep"):
            await broker.wait_for_group("g", state="Stabel")


def test_a_wrong_time_is_one_clear_error() -> None:
    with pytest.raises(ValueError, match="time is 'unreal'"):
        EmbeddedBroker(time="unreal")  # type: ignore[arg-type]


def test_a_fault_says_what_it_is() -> None:
    broker = EmbeddedBroker()
    faults = [
        broker.delay(0.5, api=("Produce", "Fetch"), group_id="g", times=2),
        broker.drop("after"),
        broker.answer_with("NOT_COORDINATOR", node_id=1),
        broker.hold(client_id="c"),
        broker.throttle(7, member_id="m"),
        broker.watch(group_instance_id="i"),
    ]
    assert [str(fault) for fault in faults] == [
        "delay 0.5 s: api=Fetch, Produce group_id=g (2 times more)",
        "drop after the effect: any request",
        "answer NOT_COORDINATOR: node_id=1",
        "hold before the effect: client_id=c",
        "throttle 7 ms: member_id=m",
        "watch: group_instance_id=i",
    ]
