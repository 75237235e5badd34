"""What can befall a request, each effect with what it does before and after the request's own.

An effect changes the `Passing` that it is given, or waits. It knows nothing of rules: when the rule
that it belongs to is released, waiting is over at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

from rebalance.broker.apis import unsupported
from rebalance.broker.errors import WireError
from rebalance.broker.faults.error_answers import error_answer
from rebalance.broker.faults.group_batches import split
from rebalance.broker.faults.seen import RequestSeen
from rebalance.protocol.errors import ErrorCode

if TYPE_CHECKING:
    from rebalance.broker.call import Call
    from rebalance.broker.wire.codec import Message

__all__ = [
    "AnswerWith",
    "Delay",
    "Drop",
    "Effect",
    "Handle",
    "Hold",
    "Passing",
    "Throttle",
    "Watch",
    "When",
]

When: TypeAlias = Literal["before", "after"]
"""Before the request has any effect, or after it and before its answer goes out."""

Handle: TypeAlias = "Callable[[Call], Awaitable[Message | None]]"
"""A request's way to its own effect."""

_API_VERSIONS, _FETCH, _METADATA = "api_versions", "fetch", "metadata"


@dataclass(slots=True, kw_only=True)
class Passing:
    """One request on its way through the rules that befall it."""

    name: str
    """The API as kio says it."""
    call: Call
    seen: RequestSeen
    handle: Handle
    """Has a request take its effect."""
    version: int
    """Of the answer's layout: the request's own, but for an ApiVersions that is not supported."""
    answer: Message | None = None
    is_answered: bool = False
    """It has its answer; before the request's effect this means that there will be none."""
    mute_ms: int = 0
    """How long nothing more is read from this connection."""

    def cut(self, why: str) -> None:
        """End the connection.

        Raises:
            WireError: always; it takes the connection's usual end.
        """
        self.seen.was_cut = True
        raise WireError(why)

    @property
    def expects_answer(self) -> bool:
        """A Produce with acks=0 is never answered."""
        return not (self.name == "produce" and self.call.body["acks"] == 0)


class Effect:
    """What befalls a request; each does one of the two, or only looks."""

    __slots__ = ()

    @property
    def ends_before(self) -> bool:
        """Whether the request has no effect: no later rule befalls it."""
        return False

    async def before(self, passing: Passing, released: asyncio.Event) -> None:
        """Before the request has any effect."""

    async def after(self, passing: Passing, released: asyncio.Event) -> None:
        """When the answer is ready."""


class Watch(Effect):
    """Nothing; the rule counts and remembers."""

    __slots__ = ()

    def __str__(self) -> str:
        return "watch"


@dataclass(frozen=True, slots=True)
class Delay(Effect):
    """The request takes effect later."""

    seconds: float

    async def before(self, passing: Passing, released: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(self.seconds):
                await released.wait()
        except TimeoutError:
            return

    def __str__(self) -> str:
        return f"delay {self.seconds:g} s"


@dataclass(frozen=True, slots=True)
class Hold(Effect):
    """The request, or its answer, waits until the rule is released."""

    when: When

    async def before(self, passing: Passing, released: asyncio.Event) -> None:
        if self.when == "before":
            await released.wait()

    async def after(self, passing: Passing, released: asyncio.Event) -> None:
        if self.when == "after":
            await released.wait()

    def __str__(self) -> str:
        return f"hold {self.when} the effect"


@dataclass(frozen=True, slots=True)
class Drop(Effect):
    """The connection is cut and nothing is answered."""

    when: When

    @property
    def ends_before(self) -> bool:
        return self.when == "before"

    async def before(self, passing: Passing, released: asyncio.Event) -> None:
        if self.when == "before":
            passing.cut("a fault control dropped it before the request's effect")

    async def after(self, passing: Passing, released: asyncio.Event) -> None:
        if self.when == "after":
            passing.cut("a fault control dropped it after the request's effect")

    def __str__(self) -> str:
        return f"drop {self.when} the effect"


@dataclass(frozen=True, slots=True)
class AnswerWith(Effect):
    """The request has no effect and is answered with an error; or one group of its batch has."""

    error: ErrorCode
    group_id: str | None = None

    @property
    def ends_before(self) -> bool:
        return True

    async def before(self, passing: Passing, released: asyncio.Event) -> None:
        if not passing.expects_answer:
            # All that Kafka can tell such a producer.
            passing.cut("a produce request without acknowledgement failed")
        if passing.name == _API_VERSIONS and self.error is ErrorCode.UNSUPPORTED_VERSION:
            # Who asked in a version that is not served can read this one (A05).
            passing.answer, passing.version = unsupported(), 0
            passing.is_answered = True
            return
        call = passing.call
        answer = partial(error_answer, passing.name, call.version, code=self.error)
        batch = None if self.group_id is None else split(call.body, self.group_id)
        if batch is not None:
            others = await passing.handle(replace(call, body=batch.others))
            passing.answer = batch.merged(answer(batch.meant), others or {})
        else:
            passing.answer = answer(call.body)
        if passing.name == _METADATA:
            # Kafka names its brokers beside every topic's error; without one a client is lost.
            cluster = await passing.handle(replace(call, body={**call.body, "topics": []}))
            passing.answer = {**(cluster or {}), **passing.answer}
        passing.is_answered = True

    def __str__(self) -> str:
        return f"answer {self.error.name}"


@dataclass(frozen=True, slots=True)
class Throttle(Effect):
    """The answer goes out at once and says for how long nothing more is read (KIP-219).

    A Fetch that is throttled brings no records: KafkaApis answers it empty.
    """

    throttle_time_ms: int

    async def after(self, passing: Passing, released: asyncio.Event) -> None:
        passing.mute_ms = max(passing.mute_ms, self.throttle_time_ms)
        if passing.answer is None:
            return
        if passing.name == _FETCH and not passing.answer.get("error_code"):
            passing.answer = {"responses": []}
        passing.answer = {**passing.answer, "throttle_time": passing.mute_ms}

    def __str__(self) -> str:
        return f"throttle {self.throttle_time_ms} ms"
