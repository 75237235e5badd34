"""The deploy that both worlds play: who is started, closed and killed when, and what is compared.

Rule kept: everything after the group's first rest happens by the clock, whether the group is at
rest or not, as a deploy does; so a run is decided by this file and by the clients alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

__all__ = ["SETUPS", "TOPIC", "Act", "Deploy", "Setup"]

TOPIC = "orders"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One step, `at_ms` after the deploy began. A process that comes back has a new name."""

    at_ms: int
    what: Literal["start", "close", "kill"]
    pod: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deploy:
    """Every process restarts once, one more comes, one goes, one is killed."""

    members: int = 6
    partitions: int = 24
    calm_ms: int = 3_000
    """From the first rest to the beginning, and a part of a heartbeat more."""
    every_ms: int = 3_000
    away_ms: int = 1_000
    """From the word to close until the next process joins."""
    rest_ms: int = 6_000
    """From the last step before the kill until the kill: all have noticed, whoever they are."""
    session_timeout_ms: int = 10_000
    after_ms: int = 4_000
    """From the end of the killed process' session to the end."""

    @property
    def kill_ms(self) -> int:
        """When the graceful part is over."""
        return (self.members + 1) * self.every_ms + self.rest_ms

    @property
    def end_ms(self) -> int:
        """When all is over."""
        return self.kill_ms + self.session_timeout_ms + self.after_ms

    @property
    def first(self) -> tuple[str, ...]:
        """Who is there before the deploy."""
        return tuple(f"pod-{number}" for number in range(1, self.members + 1))

    def acts(self) -> Iterator[Act]:
        """In order of time."""
        for number, pod in enumerate(self.first):
            at_ms = number * self.every_ms
            yield Act(at_ms=at_ms, what="close", pod=pod)
            yield Act(at_ms=at_ms + self.away_ms, what="start", pod=f"{pod}-new")
        more_ms = self.members * self.every_ms
        yield Act(at_ms=more_ms, what="start", pod="pod-more")
        yield Act(at_ms=more_ms + self.every_ms, what="close", pod="pod-1-new")
        yield Act(at_ms=self.kill_ms, what="kill", pod="pod-2-new")

    def lead_ms(self, setup: "Setup", part: float) -> int:
        """From the first rest to the beginning: `part` (0 to 1) of a heartbeat more than `calm_ms`.

        Heartbeats begin with that rest, so that the deploy would otherwise meet them at one moment
        of their interval in every run.
        """
        return self.calm_ms + round(part * setup.heartbeat_interval_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A kind of consumers."""

    title: str
    client: Literal["aiokafka", "librdkafka"]
    """The name of its profile."""
    assignor: str
    heartbeat_interval_ms: int


SETUPS: Mapping[str, Setup] = MappingProxyType(
    {
        "aiokafka-500": Setup(
            title="aiokafka, range, heartbeat 500 ms",
            client="aiokafka",
            assignor="range",
            heartbeat_interval_ms=500,
        ),
        "aiokafka-3000": Setup(
            title="aiokafka, range, heartbeat 3 s",
            client="aiokafka",
            assignor="range",
            heartbeat_interval_ms=3_000,
        ),
        "librdkafka-500": Setup(
            title="confluent-kafka, cooperative-sticky, heartbeat 500 ms",
            client="librdkafka",
            assignor="cooperative-sticky",
            heartbeat_interval_ms=500,
        ),
    }
)
