"""What a consumer of a user reads: positions, records in hand, and what the auditor is told of it.

Why: a record counts as processed when the user is done with it, which a consumer cannot see. Two
ways to know: the application says so for each record (its *sink*), or it does not, and then what
was handed out counts as done when the application comes back for more, commits it or gives it up.

Rule kept: records are spans of offsets until somebody takes them in hand.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from assignors.model import TopicPartition
from rebalance.simulation.checkers import Processed, ReadingBegan
from rebalance.simulation.hosting import Surroundings

__all__ = ["Reading", "Readings"]


@dataclass(slots=True, kw_only=True)
class Reading:
    """One assigned partition."""

    position: int | None = None
    """The next offset to hand out; None: not known yet."""
    fetch: int = 0
    """The number of the fetch that will bring the position; 0: none is under way."""
    readable: bool = False
    """False until the listener has taken it over, and from the time it is to be given up."""
    paused: bool = False
    """By the user."""
    began: bool = False
    """The auditor knows where reading began."""
    sought: int | None = None
    """The lowest offset that the user sought: what is committed from there on is so on purpose."""
    in_hand: int | None = None
    """First record that was handed out and is not done with; None: all are done with."""


class Readings:
    """All assigned partitions of one consumer, in order."""

    def __init__(self, around: Surroundings, *, has_sink: bool) -> None:
        self._around = around
        self._has_sink = has_sink
        self._last: TopicPartition | None = None
        self.of: dict[TopicPartition, Reading] = {}

    # --- assignment ------------------------------------------------------------------------------

    def add(self, partitions: Iterable[TopicPartition]) -> None:
        """These are assigned; not readable yet."""
        for partition in partitions:
            self.of[partition] = Reading()
        self.of = dict(sorted(self.of.items()))

    def stop(self, partitions: Iterable[TopicPartition]) -> None:
        """Hand out no more records of these; what is in hand counts as done."""
        for partition in partitions:
            reading = self.of.get(partition)
            if reading is not None:
                reading.readable = False
                self._done(partition, reading)

    def remove(self, partitions: Iterable[TopicPartition]) -> None:
        """These are not assigned any more."""
        for partition in partitions:
            self.of.pop(partition, None)

    # --- positions -------------------------------------------------------------------------------

    def positions(self) -> dict[TopicPartition, int]:
        """Where each partition stands that has a position."""
        return {p: r.position for p, r in self.of.items() if r.position is not None}

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Hand out `offset` next."""
        reading = self.of[partition]
        self.done_before(partition, offset)
        reading.in_hand = None  # whoever goes back is not done with what it was given
        reading.position, reading.fetch, reading.began = offset, 0, False
        reading.sought = min(offset, offset if reading.sought is None else reading.sought)

    def sought(self, partition: TopicPartition, offset: int) -> bool:
        """The user has gone back to this offset, or to one before it."""
        reading = self.of.get(partition)
        return reading is not None and reading.sought is not None and reading.sought <= offset

    # --- records ---------------------------------------------------------------------------------

    def available(self, partition: TopicPartition) -> int:
        """So many records can be handed out now."""
        reading = self.of.get(partition)
        if reading is None or not reading.readable or reading.paused or reading.position is None:
            return 0
        # A log without an end is a backlog for simulated threads; here only what exists is read.
        end = self._around.logs.end(partition, self._around.gate.now) or 0
        return max(0, end - reading.position)

    def next_of(self, partitions: Iterable[TopicPartition]) -> TopicPartition | None:
        """Whose turn it is, among those that have records; one after another."""
        wanted = tuple(partitions) or tuple(self.of)
        ready = [partition for partition in wanted if self.available(partition)]
        if not ready:
            return None
        last = self._last
        later = ready if last is None else [p for p in ready if p > last]
        self._last = (later or ready)[0]
        return self._last

    def take(self, partition: TopicPartition, count: int) -> range:
        """Hand out the offsets of so many records, which are available."""
        reading = self.of[partition]
        assert reading.position is not None
        start = reading.position
        if not reading.began:
            reading.began = True
            self._tell_began(partition, start)
        if reading.in_hand is None and not self._has_sink:
            reading.in_hand = start
        reading.position = start + count
        return range(start, start + count)

    def next_arrival(self, partitions: Iterable[TopicPartition]) -> int | None:
        """When the next record comes that could be handed out then (ms); None: nobody knows."""
        logs, now = self._around.logs, self._around.gate.now
        arrivals = [
            logs.arrival(partition, reading.position)
            for partition in (tuple(partitions) or tuple(self.of))
            if (reading := self.of.get(partition)) is not None
            and reading.readable
            and not reading.paused
            and reading.position is not None
            and logs.end(partition, now) is not None
        ]
        return min((each for each in arrivals if each is not None), default=None)

    # --- what the auditor is told ----------------------------------------------------------------

    def done_with_all(self) -> None:
        """The application comes back for more."""
        for partition, reading in self.of.items():
            self._done(partition, reading)

    def done_before(self, partition: TopicPartition, offset: int) -> None:
        """The application commits `offset`: it is done with what is before it."""
        reading = self.of.get(partition)
        if reading is not None and reading.in_hand is not None and offset > reading.in_hand:
            assert reading.position is not None
            end = min(offset, reading.position)
            self._tell_processed(partition, reading.in_hand, end)
            reading.in_hand = end if end < reading.position else None

    def sunk(self, partition: TopicPartition, offset: int) -> None:
        """The application says that it is done with this record."""
        self._tell_processed(partition, offset, offset + 1)

    def _done(self, partition: TopicPartition, reading: Reading) -> None:
        if reading.in_hand is not None and reading.position is not None:
            self._tell_processed(partition, reading.in_hand, reading.position)
        reading.in_hand = None

    def _tell_began(self, partition: TopicPartition, offset: int) -> None:
        around = self._around
        around.told(
            ReadingBegan(
                t=around.gate.now,
                group_id=around.config.group_id,
                member=around.name,
                partition=partition,
                offset=offset,
            )
        )

    def _tell_processed(self, partition: TopicPartition, start: int, end: int) -> None:
        around = self._around
        around.told(
            Processed(
                t=around.gate.now,
                group_id=around.config.group_id,
                member=around.name,
                spans=((partition, start, end),),
            )
        )
