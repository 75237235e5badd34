"""What a test can have happen to requests: the methods of `EmbeddedBroker` that make faults.

Each returns a `Fault`: on until it is released or was given to `times` requests, countable, and a
context manager. docs/faults.md says which of them shows what. They may be called before the broker
starts, and from any thread; a wrong argument is one ValueError here and never a surprise later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypedDict, Unpack

from rebalance.broker.faults import Fault, Faults
from rebalance.broker.faults.arguments import is_number, is_whole
from rebalance.broker.faults.effects import (
    AnswerWith,
    Delay,
    Drop,
    Effect,
    Hold,
    Throttle,
    Watch,
    When,
)
from rebalance.broker.faults.selector import Selector
from rebalance.protocol.errors import ErrorCode

__all__ = ["FaultControls", "Which"]


class Which(TypedDict, total=False):
    """Which requests a fault befalls; what is left out does not matter.

    A request with several groups or members is meant if one of them is, and is befallen as a whole
    (but see `answer_with`).
    A chance below 1 is drawn from the broker's `seed`, in the order in which requests come in.
    """

    api: str | Iterable[str]
    """Kafka's name, or several: "JoinGroup", ("Fetch", "Produce")."""
    client_id: str
    group_id: str
    """Also in a batch: OffsetFetch, DescribeGroups, DeleteGroups, FindCoordinator."""
    member_id: str
    group_instance_id: str
    node_id: int
    """The node that the request came to."""
    times: int
    """How many requests; left out: until it is released."""
    probability: float
    """From 0 to 1, for each request that is meant; left out: 1."""


class FaultControls:
    """Faults by API, client, group or member."""

    _node_ids: Sequence[int]

    def __init__(self, seed: int = 0) -> None:
        self._faults = Faults(seed)

    def delay(self, seconds: float, **which: Unpack[Which]) -> Fault:
        """Let requests wait before they have any effect; real time, also with `time="virtual"`.

            broker.delay(0.2, api="Heartbeat", times=1)  # a slow network, once

        Raises:
            ValueError: a negative delay, or `which` says something that cannot be.
        """
        if not (is_number(seconds) and seconds >= 0):
            raise ValueError(f"a delay of {seconds!r} s; give seconds, 0 or more")
        return self._add(Delay(seconds), which)

    def drop(self, when: When, **which: Unpack[Which]) -> Fault:
        """Cut the connection of requests, before they have any effect or after it, unanswered.

            broker.drop("after", api="OffsetCommit", times=1)  # committed, and nobody is told

        Raises:
            ValueError: `when` is neither, or `which` says something that cannot be.
        """
        return self._add(Drop(_checked(when)), which)

    def answer_with(self, error: ErrorCode | str, **which: Unpack[Which]) -> Fault:
        """Answer requests with an error, in each place that their version has for it.

        They have no effect; of a batch of groups, the one that `group_id` means has none. An error
        of one partition or one member stands at those alone where the version tells them apart. A
        Produce with acks=0 loses its connection, as in Kafka.

            broker.answer_with("COORDINATOR_NOT_AVAILABLE", api="FindCoordinator", times=3)

        Raises:
            ValueError: no such error, or `which` says something that cannot be.
        """
        return self._add(AnswerWith(_error(error), which.get("group_id")), which)

    def hold(self, when: When = "before", **which: Unpack[Which]) -> Fault:
        """Let requests wait until the fault is released, or their answers, after their effect.

            with broker.hold(api="SyncGroup", group_id="shop") as held:
                await held.hit()  # the leader's assignment is here, and nobody is told
                ...

        Raises:
            ValueError: `when` is neither, or `which` says something that cannot be.
        """
        return self._add(Hold(_checked(when)), which)

    def throttle(self, throttle_time_ms: int, **which: Unpack[Which]) -> Fault:
        """Say in answers that the client is throttled, and read nothing more from it meanwhile.

        The answer goes out at once and the connection is muted, as since Kafka 2.0 (KIP-219); a
        Fetch is answered without records. Versions without the field are muted all the same.

            broker.throttle(500, api="Produce", client_id="importer")

        Raises:
            ValueError: not positive, or `which` says something that cannot be.
        """
        if not (is_whole(throttle_time_ms) and 0 < throttle_time_ms < 2**31):
            raise ValueError(f"throttled for {throttle_time_ms!r} ms; give a positive whole number")
        return self._add(Throttle(throttle_time_ms), which)

    def watch(self, **which: Unpack[Which]) -> Fault:
        """No fault: count requests, remember them with what they were answered, wait for them.

            commits = broker.watch(api="OffsetCommit", group_id="shop")
            await commits.hit(2)
            assert [request.errors for request in commits.requests] == [(), ()]

        Raises:
            ValueError: `which` says something that cannot be.
        """
        return self._add(Watch(), which)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults that are on, in the order in which they were made.

        for fault in broker.faults:
            fault.release()
        """
        return self._faults.rules

    def _add(self, effect: Effect, which: Which) -> Fault:
        selected = {name: value for name, value in which.items() if name not in _HOW_OFTEN}
        unknown = sorted(set(selected) - set(Which.__annotations__))
        if unknown:
            known = ", ".join(Which.__annotations__)
            raise ValueError(f"{', '.join(unknown)} selects nothing; known are {known}")
        node_id = which.get("node_id")
        if node_id is not None and node_id not in self._node_ids:
            known = ", ".join(map(str, self._node_ids))
            raise ValueError(f"there is no node {node_id!r}; there are {known}")
        return self._faults.add(
            effect,
            Selector(**selected),  # type: ignore[arg-type]  # typed by the callers' keywords
            times=which.get("times"),
            probability=which.get("probability", 1),
        )


_HOW_OFTEN = ("times", "probability")


def _checked(when: When) -> When:
    if when not in ("before", "after"):
        raise ValueError(f'when is {when!r}; give "before" or "after" (the effect)')
    return when


def _error(error: ErrorCode | str) -> ErrorCode:
    """An error by itself or by its name."""
    try:
        code = ErrorCode[error] if isinstance(error, str) else ErrorCode(error)
    except (KeyError, ValueError):
        raise ValueError(
            f"{error!r} is none of Kafka's errors; they are the names in "
            "rebalance.protocol.errors.ErrorCode"
        ) from None
    if code is ErrorCode.NONE:
        raise ValueError("NONE is no error; use watch() to see requests that succeed")
    return code
