"""How far a consumer has read: fetched after an assignment, committed from time to time.

Rule kept: a consumer reads on from the committed offset, as a real one does, so that what a commit
says is what the next owner starts from. What is given up is not read any more, also if the answer
to its fetch comes later, or it was assigned anew meanwhile. Of a log that does not exist nothing
is read; if there is one again, its beginning is (auto.offset.reset=earliest).
"""

from collections.abc import Callable, Mapping

from assignors.model import PartitionSet, TopicPartition
from rebalance.member import events
from rebalance.member.classic import ClassicMember
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import OffsetFetchRequest
from rebalance.protocol.responses import OffsetFetchResponse, Response
from rebalance.simulation.application import Thread
from rebalance.simulation.checkers import Fact, Processed, ReadingBegan
from rebalance.simulation.gate import Gate
from rebalance.simulation.lines import Lines

__all__ = ["Positions"]

_RETRY_MS = 100


class Positions:
    """The positions of one process; `tell` reaches its member, `told` the checkers."""

    def __init__(
        self,
        name: str,
        member: ClassicMember,
        gate: Gate,
        thread: Thread,
        lines: Lines,
        tell: Callable[[events.MemberEvent], None],
        told: Callable[[Fact], None],
    ) -> None:
        self.committed = 0
        """Commits that were accepted."""
        self.refused: dict[str, int] = {}
        """Commits that were refused: Kafka's error name -> how many."""
        self._name = name
        self._member = member
        self._gate = gate
        self._thread = thread
        self._lines = lines
        self._tell = tell
        self._told = told
        self._processed: dict[TopicPartition, int] = {}
        """Partitions that are read -> the offset up to which checkers know of it."""
        self._fetches = 0
        self._fetching: dict[TopicPartition, int] = {}
        """Assigned partitions without a position yet -> the fetch that will bring it."""
        self._without_log: set[TopicPartition] = set()
        """Assigned partitions that do not exist."""
        self._commits = 0
        self._committed_at = gate.now
        self._last_committed: dict[TopicPartition, int] = {}

    # --- commits ---------------------------------------------------------------------------------

    def commit_if_due(self, every_ms: int) -> None:
        """A commit every so often; 0: never by itself."""
        if every_ms and self._gate.now - self._committed_at >= every_ms:
            self._committed_at = self._gate.now
            self.commit()

    def commit(self) -> None:
        """Commit the positions as they are, where they moved."""
        before, positions = self._last_committed, self._thread.positions()
        self._tell_processed(positions)
        moved = {p: at for p, at in positions.items() if before.get(p) != at}
        if moved:
            self._last_committed = before | moved
            self._commits += 1
            self._tell(events.CommitOffsets(commit_id=self._commits, offsets=moved))

    def commit_finished(self, effect: events.CommitFinished) -> None:
        """Count it."""
        errors = sorted({code.name for code in effect.refused.values()})
        for error in errors:
            self.refused[error] = self.refused.get(error, 0) + 1
        self.committed += not errors

    def taken(self, effect: events.TakePositions) -> None:
        """The member commits these before they are revoked: they are not read any more."""
        at = self._thread.positions()
        offsets = {p: at[p] for p in effect.partitions if p in at}
        self.leave_off(effect.partitions)
        self._last_committed |= offsets
        self._tell(events.PositionsTaken(token=effect.token, offsets=offsets))

    # --- where to read ---------------------------------------------------------------------------

    def fetch(self, partitions: PartitionSet) -> None:
        """Where to read on: the committed offsets, as a consumer does after an assignment."""
        if not partitions:
            return
        self._fetches += 1
        number = self._fetches
        self._fetching |= dict.fromkeys(partitions, number)
        group_id, node_id = self._member.config.group_id, self._member.coordinator
        request = OffsetFetchRequest(group_id=group_id, partitions=tuple(partitions))

        def fetched(response: Response | None) -> None:
            self._gate.do(self._fetched, number, response)

        to = events.Destination.COORDINATOR
        if node_id is None or not self._lines.send(to, node_id, request, fetched):
            self._gate.after(_RETRY_MS, self._fetched, number, None)

    def leave_off(self, partitions: PartitionSet) -> None:
        """Read these no more."""
        self.tell_progress()
        self._thread.leave_off(partitions)
        for partition in partitions:
            self._processed.pop(partition, None)
            self._fetching.pop(partition, None)
            self._without_log.discard(partition)

    def logs_are_gone(self, topic: str) -> None:
        """A topic was deleted: its partitions are not read, whoever they are assigned to."""
        gone = [p for p in (*self._processed, *self._fetching) if p.topic == topic]
        self._thread.leave_off(PartitionSet(gone))
        self._without_log.update(gone)
        for partition in gone:
            self._processed.pop(partition, None)
            self._fetching.pop(partition, None)
            self._last_committed.pop(partition, None)

    def logs_are_there(self, topic: str) -> None:
        """A topic has these logs, some for the first time."""
        for partition in sorted(self._without_log):
            if partition.topic == topic and self._thread.exists(partition):
                self._without_log.discard(partition)
                self._read(partition, 0)

    def now(self) -> dict[TopicPartition, int]:
        """The next offset to read of every partition that is being read."""
        return self._thread.positions()

    def tell_progress(self) -> None:
        """Tell the checkers what was processed until now."""
        self._tell_processed(self._thread.positions())

    def _tell_processed(self, positions: Mapping[TopicPartition, int]) -> None:
        known = self._processed
        spans = [(p, known[p], at) for p, at in positions.items() if at > known[p]]
        if spans:
            known |= positions  # nothing that is read goes back
            group_id = self._member.config.group_id
            self._told(
                Processed(t=self._gate.now, group_id=group_id, member=self._name, spans=spans)
            )

    def _fetched(self, number: int, response: Response | None) -> None:
        """What was given up meanwhile is not read, also if it was assigned anew."""
        waiting = [p for p, fetch in self._fetching.items() if fetch == number]
        if not isinstance(response, OffsetFetchResponse) or response.error is not ErrorCode.NONE:
            self._gate.after(_RETRY_MS, self._fetch_again, number)
            return
        at = {each.partition: max(each.offset, 0) for each in response.offsets}
        for partition in waiting:
            del self._fetching[partition]
            if partition in at:
                self._read(partition, at[partition])

    def _read(self, partition: TopicPartition, offset: int) -> None:
        if not self._thread.exists(partition):
            self._without_log.add(partition)
            return
        self._thread.read(((partition, offset),))
        self._processed[partition] = offset
        self._told(
            ReadingBegan(
                t=self._gate.now,
                group_id=self._member.config.group_id,
                member=self._name,
                partition=partition,
                offset=offset,
            )
        )

    def _fetch_again(self, number: int) -> None:
        self.fetch(PartitionSet(p for p, fetch in self._fetching.items() if fetch == number))
