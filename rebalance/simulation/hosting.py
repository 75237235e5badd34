"""The application of a simulated process: what it is given, what it must do.

Why: usually it is a thread that reads at a rate (threaded.py). A real listener, or a whole consumer
of a user, can take its place; member, connections and coordinator stay as they are. Who runs such
code (`rebalance.testing.simulate`) implements `Hosted`; the simulation knows nothing of it.

Rule kept: a hosted application asks the gate for everything it does later, so that it stands still
and dies with its process.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from rebalance.member import events
from rebalance.member.classic import ClassicMember
from rebalance.member.config import MemberConfig
from rebalance.simulation.checkers import Fact
from rebalance.simulation.gate import Gate
from rebalance.simulation.lines import Lines
from rebalance.simulation.records import Logs

__all__ = ["Host", "Hosted", "Surroundings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a hosted application has around it, in one life of one process."""

    name: str
    """Its lane in the trace."""
    topics: tuple[str, ...]
    member: ClassicMember
    """Its machine, to look at."""
    config: MemberConfig
    commit_ms: int
    """Between two commits of its positions (auto.commit.interval.ms), with enable.auto.commit."""
    gate: Gate
    lines: Lines
    logs: Logs
    tell: Callable[[events.MemberEvent], None]
    """Tell its member something."""
    told: Callable[[Fact], None]
    """Tell the checkers what becomes of records."""
    subscribe: Callable[[tuple[str, ...]], None]
    """Want other topics from now on; none: unsubscribe."""
    notice: Callable[[events.MemberEffect], None]
    """Write what the member did into the trace: a revocation once its listener returned."""
    events_so_far: Callable[[], int]
    """How many events the trace has: it puts what user's code does in its place between them."""
    crash: Callable[[], None]
    """End the process on the spot; also one that has gone on without its consumer."""


class Hosted(Protocol):
    """One life of an application. What it is asked for is answered as the member's events say."""

    @property
    def busy_until(self) -> int:
        """When its code can run again (ms); in the past when it can now."""

    def start(self) -> None:
        """Begin; the member has just been subscribed."""

    def occupy(self, duration_ms: int) -> None:
        """None of its code runs for so long."""

    def commit(self) -> None:
        """Somebody wants its positions committed."""

    def close(self) -> None:
        """Come to an end in good order, as on SIGTERM."""

    def closed(self) -> bool:
        """Its consumer is closed; True: the process goes on without it, until `crash`."""

    def ended(self) -> None:
        """The process is gone."""

    def take_positions(self, effect: events.TakePositions) -> None:
        """Stop reading; answered by `PositionsTaken`."""

    def revoke(self, effect: events.Revoke) -> None:
        """`on_partitions_revoked`; answered by `CallbackDone`."""

    def assign(self, effect: events.Assign) -> None:
        """`on_partitions_assigned`, then reading; answered by `CallbackDone`."""

    def lose(self, effect: events.Lose) -> None:
        """`on_partitions_lost`; answered by `CallbackDone`."""

    def commit_finished(self, effect: events.CommitFinished) -> None:
        """A commit that it asked for ended."""


Host = Callable[[Surroundings], Hosted]
"""Brings an application to life in a process."""
