"""What the rules of one coordinator share: its groups, timers and the effects of the current call.

Why: a rule is a function of (context, group, request). It reads `now` from here, never a clock,
and says what must happen by effects collected here in order.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from assignors.model import TopicPartition
from rebalance.coordinator.classic_group import ClassicGroup
from rebalance.coordinator.open_transactions import OpenTransactions
from rebalance.coordinator.ownership import Ownership
from rebalance.coordinator.replay import Replay
from rebalance.protocol.config import CoordinatorConfig
from rebalance.protocol.effects import Append, AppendMarker, Effect, Reply, Token
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.notices import Notice
from rebalance.protocol.quickly_made import quickly_made
from rebalance.protocol.records import OffsetCommitValue, Producer, Record
from rebalance.protocol.responses import CoordinatorResponse
from rebalance.protocol.timers import TimerKey, TimerKind, TimerQueue


class Continuation(Protocol):
    """What goes on once records are durable, or could not be written."""

    def __call__(self, context: "Context", error: ErrorCode) -> None: ...


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class _InFlight:
    """What was asked to be written and was not answered yet."""

    partition: int
    group_id: str | None
    """None: the end of a transaction, which is no group's."""
    records: tuple[Record, ...]
    then: Continuation | None


class Context:
    """State of one coordinator and the current call's effects. `now` is in milliseconds."""

    __slots__ = (
        "_appends",
        "_effects",
        "_new_suffix",
        "_next_append",
        "config",
        "groups",
        "now",
        "offsets",
        "ownership",
        "replays",
        "retention_runs",
        "timers",
        "transactions",
    )

    def __init__(self, config: CoordinatorConfig, new_member_id_suffix: Callable[[], str]) -> None:
        self.config = config
        self.groups: dict[str, ClassicGroup] = {}
        self.offsets: dict[str, dict[TopicPartition, OffsetCommitValue]] = {}
        self.ownership = Ownership(config.offsets_topic_num_partitions)
        self.replays: dict[int, Replay] = {}
        """By partition, while it is loaded."""
        self.transactions = OpenTransactions()
        self.timers = TimerQueue()
        self.retention_runs = False
        self.now = 0
        self._new_suffix = new_member_id_suffix
        self._effects: list[Effect] = []
        self._appends: dict[int, _InFlight] = {}
        self._next_append = 0

    def take_effects(self) -> tuple[Effect, ...]:
        """The effects since the last call of this, in order."""
        effects, self._effects = tuple(self._effects), []
        return effects

    def reply(self, token: Token, response: CoordinatorResponse) -> None:
        """Answer a request."""
        self._effects.append(Reply(token=token, response=response))

    def tell(self, notice: Notice) -> None:
        """Tell whoever watches."""
        self._effects.append(notice)

    def append(
        self,
        group_id: str,
        records: tuple[Record, ...],
        then: Continuation | None = None,
        producer: Producer | None = None,
    ) -> None:
        """Have records written, in a producer's transaction or not; `then` runs at `Appended`."""
        partition = self.ownership.partition_of(group_id)
        token = self._in_flight(partition, group_id, records, then)
        self._effects.append(
            Append(token=token, group_id=group_id, records=records, producer=producer)
        )

    def append_marker(
        self, partition: int, producer: Producer, committed: bool, then: Continuation
    ) -> None:
        """Have the end of a producer's transaction written; `then` runs at its `Appended`."""
        token = self._in_flight(partition, None, (), then)
        self._effects.append(
            AppendMarker(token=token, partition=partition, producer=producer, committed=committed)
        )

    def _in_flight(
        self,
        partition: int,
        group_id: str | None,
        records: tuple[Record, ...],
        then: Continuation | None,
    ) -> int:
        self._next_append += 1
        self._appends[self._next_append] = _InFlight(
            partition=partition, group_id=group_id, records=records, then=then
        )
        return self._next_append

    def appended(self, token: int, error: ErrorCode) -> None:
        """Records are durable or failed; an unknown token is a driver's mistake.

        Raises:
            KeyError: the token was never given out, or was answered before.
        """
        then = self._appends.pop(token).then
        if then is not None:
            then(self, error)

    def abandon_appends(self, partition: int, error: ErrorCode) -> None:
        """Whoever waits for what is written to `partition` goes on with `error` now.

        The driver's `Appended` still comes for each, and then means nothing any more.
        """
        for token, append in list(self._appends.items()):
            if append.partition == partition:
                self._appends[token] = replace(append, records=(), then=None)
                if append.then is not None:
                    append.then(self, error)

    def in_flight(self, group_id: str) -> Iterator[Record]:
        """What is being written for this group, in order."""
        for append in self._appends.values():
            if append.group_id == group_id:
                yield from append.records

    def groups_with_offsets(self) -> tuple[str, ...]:
        """Groups that have offsets, or of which something is being written or kept aside."""
        writing = (a.group_id for a in self._appends.values() if a.group_id is not None)
        return tuple(dict.fromkeys((*self.offsets, *writing, *self.transactions.group_ids)))

    def new_member_id(self, prefix: str) -> str:
        """Rule J05: client id or instance id, a dash, and what the driver's function gives."""
        return f"{prefix}-{self._new_suffix()}"

    def arm(self, kind: TimerKind, group_id: str, delay_ms: int, member_id: str = "") -> None:
        """Arm or re-arm a timer `delay_ms` from now."""
        key = TimerKey(kind, group_id, member_id)
        self.timers.arm(key, self.now + delay_ms)

    def cancel(self, kind: TimerKind, group_id: str, member_id: str = "") -> None:
        """Cancel a timer if it is armed."""
        self.timers.cancel(TimerKey(kind, group_id, member_id))
