"""A deploy in a few numbers, and the scenario file that these numbers stand for.

Why: "what would my next deploy do?" is asked with six numbers in mind and no file at hand. The
answer is a scenario of a dozen lines, so that who wants to ask further can go on from its text.
Nobody's deploy keeps step with heartbeats, so its pauses, and the while before it, are drawn by the
seed: what is asked of several seeds says how much that matters.
"""

from dataclasses import dataclass
from enum import StrEnum

from rebalance.simulation.values import short_duration

__all__ = ["Deploy", "Kind"]


class Kind(StrEnum):
    """What is done to the consumers."""

    ROLLING = "rolling"
    ALL_AT_ONCE = "all-at-once"
    SCALE_OUT = "scale-out"
    SCALE_IN = "scale-in"
    CRASH = "crash"


_BEFORE_MS = 30_000
"""How long the group is at rest before the deploy: ten heartbeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deploy:
    """A group on one topic, and what happens to it. Times in milliseconds.

    Raises:
        ValueError: a number makes no sense; the message says which, in the words of the options.
    """

    members: int
    partitions: int
    kind: Kind = Kind.ROLLING
    every_ms: int = 10_000
    """From one consumer, or wave of them, to the next: a fifth less or more, by the seed."""
    restart_ms: int = 20_000
    """How long one is away."""
    by: int = 1
    """How many at a time: a wave."""
    count: int = 1
    """How many consumers are added, taken away, or crash."""
    static: bool = False

    def __post_init__(self) -> None:
        least = {
            "--members": (self.members, 1),
            "--partitions": (self.partitions, 1),
            "--by": (self.by, 1),
            "--count": (self.count, 1),
            "--restart": (self.restart_ms, 1),
        }
        for name, (number, smallest) in least.items():
            if number < smallest:
                raise ValueError(f"{name} {number}: expected {smallest} or more")
        if self.by > 1 and not self.every_ms:
            raise ValueError(f"--by {self.by}: without a pause there are no waves; leave it out")
        if self.kind is Kind.SCALE_IN and self.count >= self.members:
            raise ValueError(
                f"--count {self.count}: expected less than the {self.members} members there are"
            )
        if self.kind is Kind.CRASH and self.count > self.members:
            raise ValueError(f"--count {self.count}: there are only {self.members} members")

    def text(self) -> str:
        """The scenario file."""
        static = " static=yes" if self.static else ""
        known = self.members + (self.count if self.kind is Kind.SCALE_OUT else 0)
        return "\n".join(
            [
                f"# {self._question()}",
                "# `rebalance simulate FILE --rewrite` writes down what this prints.",
                f"topic orders partitions={self.partitions}",
                f"members {self._pods(1, known)} topics=orders{static}",
                "",
                f"start {self._pods(1, self.members)}",
                "run until stable",
                f"run for {_about(_BEFORE_MS)}",
                "measure from here",
                self._act(),
                "run until stable",
                "",
            ]
        )

    def _question(self) -> str:
        what = {
            Kind.ROLLING: f"a rolling deploy of {self.members} consumers",
            Kind.ALL_AT_ONCE: f"a deploy of {self.members} consumers, all at once,",
            Kind.SCALE_OUT: f"scaling {self.members} consumers out by {self.count}",
            Kind.SCALE_IN: f"scaling {self.members} consumers in by {self.count}",
            Kind.CRASH: f"a crash of {self.count} of {self.members} consumers",
        }
        return f"What does {what[self.kind]} cost?"

    def _act(self) -> str:
        away = f"away {short_duration(self.restart_ms)}"
        match self.kind:
            case Kind.ROLLING:
                return f"restart {self._pods(1, self.members)}{self._pace()} {away}"
            case Kind.ALL_AT_ONCE:
                return f"restart {self._pods(1, self.members)} {away}"
            case Kind.SCALE_OUT:
                first = self.members + 1
                return f"start {self._pods(first, self.members + self.count)}{self._pace()}"
            case Kind.SCALE_IN:
                first = self.members - self.count + 1
                return f"close {self._pods(first, self.members)}{self._pace()}"
            case Kind.CRASH:
                return f"restart {self._pods(1, self.count)}{self._pace()} {away} killed"

    def _pace(self) -> str:
        if not self.every_ms:
            return ""
        waves = f" by {self.by}" if self.by > 1 else ""
        return f" every {_about(self.every_ms)}{waves}"

    @staticmethod
    def _pods(first: int, last: int) -> str:
        return f"pod-{first}" if first == last else f"pod-{first}..{last}"


def _about(ms: int) -> str:
    """A fifth less to a fifth more."""
    least, most = short_duration(ms - ms // 5), short_duration(ms + ms // 5)
    return least if least == most else f"{least}..{most}"
