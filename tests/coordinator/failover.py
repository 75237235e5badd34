"""Coordinators that die and are replaced: the log in the tester's hand, and what it promises.

`moved` has another coordinator load a log. `FailingRig` is the fuzzer's rig whose coordinator may
resign, or be gone, at any moment; its log takes appends in their order, as a log does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from assignors.model import TopicPartition
from rebalance.coordinator import GroupCoordinator, GroupSnapshot
from rebalance.protocol.config import CoordinatorConfig
from rebalance.protocol.effects import (
    Append,
    Appended,
    Effect,
    Elected,
    Loaded,
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


def load(
    coordinator: GroupCoordinator, log: Sequence[Record], now: int, *, batch: int = 2
) -> tuple[Effect, ...]:
    """Elect it for every partition and replay the log, a few records at a time."""
    effects: tuple[Effect, ...] = ()
    for partition in range(PARTITIONS):
        effects += coordinator.handle(Elected(partition=partition), now)
    for partition in range(PARTITIONS):
        mine = [r for r in log if partition_of(r.group_id, PARTITIONS) == partition]
        for at in range(0, len(mine), batch):
            records = tuple(mine[at : at + batch])
            effects += coordinator.handle(Replayed(partition=partition, records=records), now)
        effects += coordinator.handle(Loaded(partition=partition), now)
    return effects


class LoggedBench(Bench):
    """A bench that keeps what was appended."""

    log: list[Record]

    def _take(self, effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
        taken = super()._take(effects)
        if not hasattr(self, "log"):
            self.log = []
        self.log += [r for effect in taken if isinstance(effect, Append) for r in effect.records]
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

    written: list[Record] = field(default_factory=list)
    """The log."""
    asked: dict[int, tuple[Record, ...]] = field(default_factory=dict)
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
            if isinstance(effect, Append):
                self.asked[effect.token] = effect.records
        super().take(effects)

    def append(self, token: int, error: ErrorCode) -> None:
        """The oldest append is over, whichever was picked: a log keeps its order."""
        token = self.appends[0]
        records = self.asked.pop(token)
        if error is ErrorCode.NONE:
            self.written += records
        else:
            self.failed.update(record.group_id for record in records)
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
            if self.chance.random() < 0.5:
                self.written += self.asked[token]
            else:
                self.failed.update(record.group_id for record in self.asked[token])
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
    log: Iterable[Record],
) -> tuple[
    dict[str, GroupMetadataValue | None], dict[str, dict[TopicPartition, OffsetCommitValue]]
]:
    """Groups (None: a simple one) and offsets that a log leaves behind, the plain way."""
    groups: dict[str, GroupMetadataValue | None] = {}
    offsets: dict[str, dict[TopicPartition, OffsetCommitValue]] = {}
    for record in log:
        if isinstance(record, GroupMetadata) and record.value is not None:
            groups[record.group_id] = record.value
        elif isinstance(record, GroupMetadata):
            groups.pop(record.group_id, None)
        elif isinstance(record, OffsetCommit) and record.value is not None:
            groups.setdefault(record.group_id, None)
            offsets.setdefault(record.group_id, {})[record.partition] = record.value
        else:
            offsets.get(record.group_id, {}).pop(record.partition, None)
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
