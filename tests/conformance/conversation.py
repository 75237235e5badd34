"""Conversations as data: who says what, in which version, and when an answer is taken.

A step names people, never ids: what a broker called A is `Id("A")`, and each broker fills in its
own. Nothing here says what the answer must be: two brokers give one each, and they must be equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Id:
    """The member id that `who` was given; `former` counts back to ids before the last one."""

    who: str
    former: int = 0


@dataclass(frozen=True, slots=True)
class Producer:
    """The producer id and epoch that `who` was given, by the field they stand for."""

    who: str
    what: str
    plus: int = 0


@dataclass(frozen=True, slots=True)
class Name:
    """A name that belongs to this conversation alone: of a group, a topic, a transaction."""

    what: str


@dataclass(frozen=True, slots=True)
class TopicId:
    """The id that a broker gave to a topic of this conversation."""

    what: str


@dataclass(frozen=True, slots=True)
class Reads:
    """Metadata of a consumer (version 0) that subscribes to topics of this conversation."""

    topics: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Own:
    """What a broker calls its cluster, or its node: a field of DescribeCluster's answer."""

    what: str


GROUP = Name("group")
TOPIC = Name("topic")


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """One request on the connection of `who`, and its answer unless it is left waiting."""

    who: str
    api: str
    version: int
    fields: Mapping[str, Any]
    waits: bool = False
    """The answer is another step's (`Hear`); the request has arrived when this one is over."""
    again_after: tuple[str, ...] = ()
    """Errors after which it is said again: what goes on meanwhile takes Kafka a moment."""
    tagged: bool = False
    """Header and body (flexible versions) carry a tagged field that nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hear:
    """The answers that these people wait for: all are taken before any is read."""

    who: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """Whoever of these has an answer by now takes it; the others wait on, and that is noted."""

    who: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconnect:
    """A new connection; whatever the old one waits for is nobody's business any more."""

    who: str
    closes: bool = False
    """The old one ends, as far as the broker can see; else it is left open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect:
    """A connection of `who` under another client id than its name."""

    who: str
    client_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """So much time passes, by the broker's own clock."""

    ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was written of the conversation's groups since the last time, batch by batch."""

    also: tuple[str, ...] = ()
    """Groups whose names are not the conversation's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Bytes on a connection of their own: answered with bytes, or by its end."""

    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """The broker ends and another goes on with its data; connections and what waits are lost."""


Step = Say | Hear | Settle | Reconnect | Connect | Pass | Written | Frame | Restart

PLAIN = "plain"
"""The setup of brokers that cases are for that name none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A conversation; the rules that it shows stand in front of its name ("a01_in_stable").

    `topics` are made before it, with so many partitions each. `setup` names the settings that both
    brokers have (`brokers.SETUPS`).
    """

    name: str
    steps: tuple[Step, ...]
    topics: Mapping[str, int]
    setup: str = PLAIN

    @property
    def takes_time(self) -> bool:
        """It mostly waits, so that many can be played at once."""
        return self.setup != PLAIN or any(isinstance(step, Pass) for step in self.steps)


Steps: TypeAlias = "Step | Iterable[Steps]"


def case(
    name: str, *steps: Steps, topics: Mapping[str, int] = {"topic": 2}, setup: str = PLAIN
) -> Case:
    """A case of steps, and of lists of them however deep."""
    return Case(name=name, steps=tuple(flat(steps)), topics=topics, setup=setup)


def flat(steps: Iterable[Steps]) -> Iterator[Step]:
    """The steps of lists of them however deep."""
    for step in steps:
        if isinstance(step, Iterable):
            yield from flat(step)
        else:
            yield step
