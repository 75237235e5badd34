"""Offsets of transactions that were neither committed nor aborted yet (O07).

Rule kept: they stand beside the committed ones and change nothing there. Of two commits of one
partition the one that was made later wins, whenever its transaction ends: what was overtaken has
nothing to bring any more. The partition stays unstable until the end all the same.
Source: OffsetMetadataManager (pendingTransactionalOffsets, openTransactions).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from assignors.model import TopicPartition
from rebalance.protocol.records import OffsetCommitValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """An offset that waits for the end of its transaction; None: a later commit overtook it."""

    number: int
    """Commits in transactions are counted: which of two was made later."""
    value: OffsetCommitValue | None


class OpenTransactions:
    """What was kept aside, by group, partition and producer id."""

    __slots__ = ("_by_group", "_groups_of", "written")

    def __init__(self) -> None:
        self._by_group: dict[str, dict[TopicPartition, dict[int, Aside]]] = {}
        self._groups_of: dict[int, dict[str, None]] = {}
        self.written = 0
        """How many commits were made so far."""

    @property
    def group_ids(self) -> Collection[str]:
        """Groups with an open transaction."""
        return self._by_group.keys()

    def partitions(self, group_id: str) -> Collection[TopicPartition]:
        """Partitions of a group whose offsets some open transaction may change."""
        return self._by_group.get(group_id, {}).keys()

    def add(
        self, producer_id: int, group_id: str, values: Mapping[TopicPartition, OffsetCommitValue]
    ) -> None:
        """A producer's word on a group's offsets; a later one replaces an earlier one."""
        if not values:
            return
        self.written += 1
        pending = self._by_group.setdefault(group_id, {})
        for partition, value in values.items():
            aside = Aside(number=self.written, value=value)
            pending.setdefault(partition, {})[producer_id] = aside
        self._groups_of.setdefault(producer_id, {})[group_id] = None

    def absorb(self, others: "OpenTransactions") -> None:
        """What the log of a partition holds, of groups that are not here yet."""
        self._by_group.update(others._by_group)
        for producer_id, groups in others._groups_of.items():
            self._groups_of.setdefault(producer_id, {}).update(groups)
        self.written = max(self.written, others.written)

    def settle(
        self, producer_id: int, group_id: str, *, committed: bool
    ) -> dict[TopicPartition, OffsetCommitValue]:
        """The producer's transaction is over in this group; the offsets that count from now on."""
        counting: dict[TopicPartition, OffsetCommitValue] = {}
        for partition, aside in self.of_producer(producer_id).get(group_id, {}).items():
            if committed and aside.value is not None:
                counting[partition] = aside.value
                self.overtake(group_id, partition, aside.number)
        self._end(producer_id, group_id)
        return counting

    def drop(self, group_id: str) -> None:
        """The group is another's from now on."""
        for producers in self._by_group.pop(group_id, {}).values():
            for producer_id in producers:
                self._leave(producer_id, group_id)

    def overtake(self, group_id: str, partition: TopicPartition, number: int) -> None:
        """A commit counts now that was made after the first `number` ones of transactions."""
        producers = self._by_group.get(group_id, {}).get(partition, {})
        for producer_id, aside in producers.items():
            if aside.number <= number:
                producers[producer_id] = Aside(number=aside.number, value=None)

    def forget(self, group_id: str, partitions: Iterable[TopicPartition]) -> None:
        """The offsets were deleted, those that wait included."""
        pending = self._by_group.get(group_id)
        if pending is None:
            return
        producers = [p for partition in partitions for p in pending.pop(partition, ())]
        for producer_id in dict.fromkeys(producers):
            if not any(producer_id in others for others in pending.values()):
                self._leave(producer_id, group_id)
        if not pending:
            del self._by_group[group_id]

    def groups_of(self, producer_id: int) -> tuple[str, ...]:
        """Groups with offsets in a producer's transaction."""
        return tuple(self._groups_of.get(producer_id, ()))

    def of_producer(self, producer_id: int) -> dict[str, dict[TopicPartition, Aside]]:
        """What a producer's transaction holds, by group."""
        return {
            group_id: {
                partition: producers[producer_id]
                for partition, producers in self._by_group.get(group_id, {}).items()
                if producer_id in producers
            }
            for group_id in self._groups_of.get(producer_id, ())
        }

    def _end(self, producer_id: int, group_id: str) -> None:
        pending = self._by_group.get(group_id, {})
        for partition in [p for p, producers in pending.items() if producer_id in producers]:
            del pending[partition][producer_id]
            if not pending[partition]:
                del pending[partition]
        if not pending:
            self._by_group.pop(group_id, None)
        self._leave(producer_id, group_id)

    def _leave(self, producer_id: int, group_id: str) -> None:
        """The group has nothing of this producer any more."""
        groups = self._groups_of.get(producer_id, {})
        groups.pop(group_id, None)
        if not groups:
            self._groups_of.pop(producer_id, None)
