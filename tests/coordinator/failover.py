"""Coordinators that die and are replaced: the log in the tester's hand, and what it promises.

`moved` has another coordinator load a log. `FailingRig` is the fuzzer's rig whose coordinator may
resign, or be gone, at any moment; its log takes appends in their order, as a log does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TypeAlias

from assignors.model import TopicPartition
from rebalance.coordinator import GroupCoordinator, GroupSnapshot
from rebalance.protocol.config import CoordinatorConfig
from rebalance.protocol.effects import (
    Append,
    Appended,
    AppendMarker,
    CoordinatorEvent,
    Effect,
    Elected,
    Loaded,
    MarkerReplayed,
    Received,
    Replayed,
    Reply,
    Resigned,
)
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.java_hash import partition_of
from rebalance.protocol.records import (
    GroupMetadata,
    GroupMetadataValue,
    OffsetCommit,
    OffsetCommitValue,
    Record,
)
from rebalance.protocol.requests import OffsetFetchRequest
from rebalance.protocol.responses import FetchedOffset, OffsetFetchResponse
from rebalance.protocol.states import GroupState
from rebalance.protocol.timers import TimerKey, TimerKind
from tests.coordinator.fuzzing import Rig
from tests.coordinator.support import Bench

PARTITIONS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """A record of a producer's transaction, in the log."""

    record: OffsetCommit
    producer_id: int


Entry: TypeAlias = Record | Aside | AppendMarker
"""What stands in a log: a record, one of a transaction, or the end of one."""


def entries(effect: Append | AppendMarker) -> list[Entry]:
    """What an effect has written."""
    if isinstance(effect, AppendMarker):
        return [effect]
    if effect.producer is None:
        return list(effect.records)
    producer_id = effect.producer.producer_id
    offsets = [record for record in effect.records if isinstance(record, OffsetCommit)]
    assert len(offsets) == len(effect.records)
    return [Aside(record=record, producer_id=producer_id) for record in offsets]


def _partition(entry: Entry) -> int:
    if isinstance(entry, AppendMarker):
        return entry.partition
    record = entry.record if isinstance(entry, Aside) else entry
    return partition_of(record.group_id, PARTITIONS)


def _events(partition: int, log: Sequence[Entry], batch: int) -> Iterator[CoordinatorEvent]:
    """The log of a partition, a few records at a time."""
    plain: list[Record] = []
    for entry in (*log, None):
        if plain and (entry is None or isinstance(entry, Aside | AppendMarker)):
            for at in range(0, len(plain), batch):
                yield Replayed(partition=partition, records=tuple(plain[at : at + batch]))
            plain.clear()
        if isinstance(entry, Aside):
            yield Replayed(
                partition=partition, records=(entry.record,), producer_id=entry.producer_id
            )
        elif isinstance(entry, AppendMarker):
            yield MarkerReplayed(
                partition=partition,
                producer_id=entry.producer.producer_id,
                committed=entry.committed,
            )
        elif entry is not None:
            plain.append(entry)


def load(
    coordinator: GroupCoordinator, log: Sequence[Entry], now: int, *, batch: int = 2
) -> tuple[Effect, ...]:
    """Elect it for every partition and replay the log, a few records at a time."""
    effects: tuple[Effect, ...] = ()
    for partition in range(PARTITIONS):
        effects += coordinator.handle(Elected(partition=partition), now)
    for partition in range(PARTITIONS):
        mine = [entry for entry in log if _partition(entry) == partition]
        for event in _events(partition, mine, batch):
            effects += coordinator.handle(event, now)
        effects += coordinator.handle(Loaded(partition=partition), now)
    return effects


class LoggedBench(Bench):
    """A bench that keeps what was appended."""

    log: list[Entry]

    def _take(self, effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
        taken = super()._take(effects)
        if not hasattr(self, "log"):
            self.log = []
        for effect in taken:
            if isinstance(effect, Append | AppendMarker):
                self.log += entries(effect)
        return taken

    def moved(self, **config: int) -> LoggedBench:
        """Another coordinator that has loaded this one's log, at the same time of day."""
        heir = LoggedBench(**config)
        heir.now = self.now
        heir.ids, heir.instances = dict(self.ids), dict(self.instances)
        heir.log = list(self.log)
        heir._take(load(heir.coordinator, self.log, self.now))
        return heir


def committed(coordinator: GroupCoordinator, group_id: str, now: int) -> tuple[FetchedOffset, ...]:
    """All offsets of a group."""
    request = OffsetFetchRequest(group_id=group_id, partitions=None)
    (reply,) = coordinator.handle(Received(token="offsets", request=request), now)
    assert isinstance(reply, Reply)
    assert isinstance(reply.response, OffsetFetchResponse)
    return reply.response.offsets


@dataclass
class FailingRig(Rig):
    """A coordinator under fire that also dies."""

    written: list[Entry] = field(default_factory=list)
    """The log."""
    asked: dict[int, Append | AppendMarker] = field(default_factory=dict)
    """Appends by token, until they are answered."""
    failed: set[str] = field(default_factory=set)
    """Groups one of whose records could not be written."""

    def __post_init__(self) -> None:
        self._suffixes = count(1)
        self.tokens = count(1)
        self._another()
        load(self.coordinator, (), self.now)

    def _another(self) -> None:
        config = CoordinatorConfig(group_initial_rebalance_delay_ms=self.delay)
        self.coordinator = GroupCoordinator(config, lambda: str(next(self._suffixes)))

    def take(self, effects: Iterable[Effect]) -> None:
        effects = tuple(effects)
        for effect in effects:
            if isinstance(effect, Append | AppendMarker):
                self.asked[effect.token] = effect
        super().take(effects)

    def append(self, token: int, error: ErrorCode) -> None:
        """The oldest append is over, whichever was picked: a log keeps its order."""
        token = self.appends[0]
        effect = self.asked.pop(token)
        if error is ErrorCode.NONE:
            self.written += entries(effect)
        elif isinstance(effect, Append):
            self.failed.add(effect.group_id)
        super().append(token, error)

    def die(self, *, in_good_order: bool) -> None:
        """The coordinator resigns or is gone; one that knows the log alone goes on."""
        if in_good_order:
            self._resign()
        before = {name: self.coordinator.group(name) for name in self.coordinator.group_ids}
        offsets = {
            name: committed(self.coordinator, name, self.now)
            for name in before
            if not self.appends and name not in self.failed
        }
        if not in_good_order:
            self._another()  # whoever waited finds the connection closed
            self.open.clear()
            self.parked.clear()
            self.superseded.clear()
            self.appends.clear()
            self.asked.clear()
        self.states.clear()
        self.generations.clear()
        self.take(load(self.coordinator, self.written, self.now))
        self.failed.clear()
        self._check_loaded(before, offsets)

    def _resign(self) -> None:
        for partition in range(PARTITIONS):
            self.take(self.coordinator.handle(Resigned(partition=partition), self.now))
        assert not self.open.keys() - self.superseded, "somebody waits for a coordinator that left"
        assert self.coordinator.group_ids == ()
        assert not any(timer.group_id for timer in self.coordinator.timers)
        for token in self.appends:  # half of them reach the log before the next one reads it
            effect = self.asked[token]
            if self.chance.random() < 0.5:
                self.written += entries(effect)
            elif isinstance(effect, Append):
                self.failed.add(effect.group_id)
            assert self.coordinator.handle(Appended(token=token), self.now) == ()
        self.appends.clear()
        self.asked.clear()

    def _check_loaded(
        self,
        before: dict[str, GroupSnapshot | None],
        offsets: dict[str, tuple[FetchedOffset, ...]],
    ) -> None:
        """Rules P02 and P03, from the log and from what the coordinator before it knew."""
        groups, expected = last_words(self.written)
        assert set(self.coordinator.group_ids) == set(groups)
        timers: dict[TimerKey, int] = {}
        for group_id, value in groups.items():
            group = self.coordinator.group(group_id)
            assert group is not None
            _check_group(group, value)
            for member in group.members:
                key = TimerKey(
                    kind=TimerKind.SESSION, group_id=group_id, member_id=member.member_id
                )
                timers[key] = self.now + member.session_timeout_ms
            found = committed(self.coordinator, group_id, self.now)
            assert {f.partition: (f.offset, f.metadata) for f in found} == {
                p: (v.offset, v.metadata) for p, v in expected.get(group_id, {}).items()
            }
        # The check for retention is of no group.
        assert {t: at for t, at in self.coordinator.timers.items() if t.group_id} == timers
        for group_id, known in offsets.items():
            assert committed(self.coordinator, group_id, self.now) == known
            self._check_against(before[group_id])

    def _check_against(self, before: GroupSnapshot | None) -> None:
        """All that was answered is in the log: what stood still must look as it did."""
        assert before is not None
        group = self.coordinator.group(before.group_id)
        if before.state is GroupState.STABLE:
            assert group is not None
            assert (group.generation_id, group.protocol_name) == (
                before.generation_id,
                before.protocol_name,
            )
            assert group.leader == before.leader
            # A record that says -1 has no rebalance timeout (G05), whoever wrote it.
            assert group.members == tuple(
                replace(each, rebalance_timeout_ms=each.session_timeout_ms)
                if each.rebalance_timeout_ms == -1
                else each
                for each in before.members
            )
        elif group is not None:
            assert group.generation_id <= before.generation_id


def last_words(
    log: Iterable[Entry],
) -> tuple[
    dict[str, GroupMetadataValue | None], dict[str, dict[TopicPartition, OffsetCommitValue]]
]:
    """Groups (None: a simple one) and offsets that a log leaves behind, the plain way."""
    groups: dict[str, GroupMetadataValue | None] = {}
    offsets: dict[str, dict[TopicPartition, OffsetCommitValue]] = {}
    last: dict[tuple[str, TopicPartition], int] = {}
    open_: dict[tuple[int, str, TopicPartition], tuple[int, OffsetCommitValue]] = {}

    def keep(at: int, group_id: str, partition: TopicPartition, value: OffsetCommitValue) -> None:
        if at > last.get((group_id, partition), -1):
            groups.setdefault(group_id, None)
            offsets.setdefault(group_id, {})[partition] = value
            last[group_id, partition] = at

    for at, entry in enumerate(log):
        if isinstance(entry, Aside):
            record = entry.record
            assert record.value is not None
            groups.setdefault(record.group_id, None)
            open_[entry.producer_id, record.group_id, record.partition] = (at, record.value)
        elif isinstance(entry, AppendMarker):
            for key in [k for k in open_ if k[0] == entry.producer.producer_id]:
                _, group_id, partition = key
                if partition_of(group_id, PARTITIONS) == entry.partition:
                    since, value = open_.pop(key)
                    if entry.committed:
                        keep(since, group_id, partition, value)
        elif isinstance(entry, GroupMetadata) and entry.value is not None:
            groups[entry.group_id] = entry.value
        elif isinstance(entry, GroupMetadata):
            groups.pop(entry.group_id, None)
        elif entry.value is not None:
            keep(at, entry.group_id, entry.partition, entry.value)
        else:
            offsets.get(entry.group_id, {}).pop(entry.partition, None)
            last[entry.group_id, entry.partition] = at
            for key in [k for k in open_ if k[1:] == (entry.group_id, entry.partition)]:
                del open_[key]
    return groups, offsets


def _check_group(group: GroupSnapshot, value: GroupMetadataValue | None) -> None:
    if value is None:
        assert (group.state, group.generation_id, group.members) == (GroupState.EMPTY, 0, ())
        return
    assert group.state is (GroupState.STABLE if value.members else GroupState.EMPTY)
    assert group.generation_id == value.generation_id
    assert (group.protocol_type or "") == value.protocol_type
    assert (group.protocol_name, group.leader) == (value.protocol_name, value.leader)
    assert [(m.member_id, m.metadata, m.assignment) for m in group.members] == [
        (m.member_id, m.subscription, m.assignment) for m in value.members
    ]
