"""The consumer that a user's code gets: aiokafka's methods, aiokafka's types, aiokafka's errors.

Why: an application that was written for `AIOKafkaConsumer` must run as it is. What is not here is
what has no meaning in a simulation (bootstrap, SSL, patterns); a method that is missing is an
AttributeError, never a silent nothing.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import ConsumerStoppedError, IllegalStateError
from aiokafka.structs import ConsumerRecord, OffsetAndMetadata, TopicPartition

from assignors.model import TopicPartition as OurPartition
from rebalance.testing.simulated.client import Client
from rebalance.testing.simulated.partitions import Names, Partitions

__all__ = ["SimulatedConsumer", "Values"]

Values = Callable[[TopicPartition, int], tuple[bytes | None, bytes | None]]
"""Key and value of the record at an offset of a partition."""

_MOST_RECORDS = 500


class SimulatedConsumer:
    """`aiokafka.AIOKafkaConsumer`, in a simulated process. Times in milliseconds, as there."""

    def __init__(self, client: Client, values: Values) -> None:
        self._client = client
        self._values = values

    @property
    def name(self) -> str:
        """Of this process in the scenario: `A`, after a restart `A.2`."""
        return self._client.around.name

    # --- life ------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Nothing to do: the process has joined its group as it started."""

    async def stop(self) -> None:
        """Leave the group in order; returns when that is done. What runs on is no consumer."""
        await self._client.stop()

    async def __aenter__(self) -> "SimulatedConsumer":
        await self.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.stop()

    # --- subscription ----------------------------------------------------------------------------

    def subscribe(
        self,
        topics: Collection[str] = (),
        pattern: str | None = None,
        listener: ConsumerRebalanceListener | None = None,
    ) -> None:
        """Want these topics, and have `listener` called from now on.

        Raises:
            TypeError: of what aiokafka refuses: neither topics nor a pattern, or both, or topics
                that are no list, tuple or set; a listener that is not derived from
                `aiokafka.ConsumerRebalanceListener`.
            NotImplementedError: a pattern.
        """
        _check_subscription(topics, pattern, listener)
        self._client.listener = listener
        self._client.want(tuple(sorted(set(topics))))

    def unsubscribe(self) -> None:
        """Want nothing, and leave the group; no listener is called, as in aiokafka."""
        self._client.unsubscribe()

    def subscription(self) -> Names:
        """The topics it wants."""
        return Names(self._client.topics)

    def assignment(self) -> Partitions:
        """What is assigned; also what is being revoked, until the listener has returned."""
        return Partitions(self._client.readings.of if self._client.topics else ())

    async def topics(self) -> Names:
        """All topics that exist."""
        return Names(self._client.around.logs.topics())

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        """The numbers of a topic's partitions, as many as there are now; None: no such topic."""
        return {each.partition for each in self._client.around.logs.partitions(topic)} or None

    # --- positions -------------------------------------------------------------------------------

    async def position(self, partition: tuple[str, int]) -> int:
        """The next offset it will hand out.

        Raises:
            IllegalStateError: the partition is not assigned.
        """
        position = await self._client.position(self._assigned(partition))
        if position is None:
            raise IllegalStateError(f"Partition {partition} is not assigned")
        return position

    async def committed(self, partition: tuple[str, int]) -> int | None:
        """The group's committed offset, whoever committed it; None: there is none."""
        return await self._client.offsets.committed(OurPartition(*partition))

    def seek(self, partition: tuple[str, int], offset: int) -> None:
        """Hand out `offset` next.

        Raises:
            IllegalStateError: the partition is not assigned.
            ValueError: the offset is negative.
        """
        if offset < 0:
            raise ValueError("Offset must be a positive integer")
        self._client.readings.seek(self._assigned(partition), offset)

    async def seek_to_committed(self, *partitions: tuple[str, int]) -> dict[TopicPartition, int]:
        """Go back to the committed offsets, of all assigned ones if none is named."""
        found: dict[TopicPartition, int] = {}
        for partition in Partitions(partitions) or self.assignment():
            found[partition] = await self.committed(partition) or 0
            self.seek(partition, found[partition])
        return found

    async def seek_to_beginning(self, *partitions: tuple[str, int]) -> bool:
        """Hand out the first record next, of all assigned partitions if none is named.

        Raises:
            AssertionError: none is named, and none is assigned.
            IllegalStateError: a partition is not assigned.
        """
        for partition in self._to_seek(partitions):
            self.seek(partition, 0)
        return True

    async def seek_to_end(self, *partitions: tuple[str, int]) -> bool:
        """Hand out the next record that comes, of all assigned partitions if none is named.

        Raises:
            AssertionError: none is named, and none is assigned.
            IllegalStateError: a partition is not assigned.
        """
        for partition, end in (await self.end_offsets(self._to_seek(partitions))).items():
            self.seek(partition, end)
        return True

    def _to_seek(self, partitions: tuple[tuple[str, int], ...]) -> Partitions:
        wanted = Partitions(partitions) or self.assignment()
        assert wanted, "No partitions are currently assigned"  # aiokafka asserts it, too
        if missing := wanted - self.assignment():
            raise IllegalStateError(f"Partitions {missing} are not assigned")
        return wanted

    async def beginning_offsets(
        self, partitions: Iterable[tuple[str, int]]
    ) -> dict[TopicPartition, int]:
        """The first offset of each: 0."""
        return dict.fromkeys(Partitions(partitions), 0)

    async def end_offsets(self, partitions: Iterable[tuple[str, int]]) -> dict[TopicPartition, int]:
        """The offset that the next record of each will get."""
        around = self._client.around
        ends = {
            p: around.logs.end(OurPartition(*p), around.gate.now) for p in Partitions(partitions)
        }
        return {partition: end or 0 for partition, end in ends.items()}

    def highwater(self, partition: tuple[str, int]) -> int | None:
        """As `end_offsets`, of an assigned partition."""
        around = self._client.around
        return around.logs.end(self._assigned(partition), around.gate.now)

    def pause(self, *partitions: tuple[str, int]) -> None:
        """Hand out no records of these until `resume`; raises IllegalStateError as aiokafka."""
        for partition in partitions:
            self._client.readings.of[self._assigned(partition)].paused = True

    def paused(self) -> Partitions:
        """What is paused by `pause`."""
        return Partitions(p for p, reading in self._client.readings.of.items() if reading.paused)

    def resume(self, *partitions: tuple[str, int]) -> None:
        """Hand out their records again; raises IllegalStateError as aiokafka."""
        for partition in partitions:
            self._client.readings.of[self._assigned(partition)].paused = False

    # --- commits ---------------------------------------------------------------------------------

    async def commit(self, offsets: Mapping[tuple[str, int], Any] | None = None) -> None:
        """Commit offsets (numbers, `OffsetAndMetadata`, or pairs), or the positions.

        Raises:
            CommitFailedError: the group has gone on without this consumer.
            IllegalStateError: a partition is not assigned, or no topic is wanted.
            ValueError: an offset is none.
        """
        client = self._client
        if not client.topics:
            raise IllegalStateError("Not subscribed to any topics")
        if offsets is None:
            wanted = client.readings.positions()
        else:
            wanted = {OurPartition(*p): _offset(at) for p, at in offsets.items()}
        late = [partition for partition in wanted if partition not in client.owned]
        told = [partition for partition in late if partition in client.told_lost]
        if told:
            client.commits_late(told)
        for partition in late:
            if partition not in client.readings.of:
                client.note(
                    f"commit of {partition.topic}-{partition.partition} fails: not assigned"
                )
                raise IllegalStateError(f"Partition {partition} is not assigned")
        if wanted:
            await client.commit(wanted)

    # --- records ---------------------------------------------------------------------------------

    async def getone(self, *partitions: tuple[str, int]) -> ConsumerRecord[Any, Any]:
        """The next record of these partitions, of all assigned ones if none is named.

        Raises:
            ConsumerStoppedError: `stop` was called.
        """
        client, wanted = self._client, _ours(partitions)
        client.polled()
        await client.serve()
        while (partition := client.readings.next_of(wanted)) is None:
            await client.wait(wanted, None)
            client.polled()
        (offset,) = client.readings.take(partition, 1)
        return self._record(partition, offset)

    async def getmany(
        self, *partitions: tuple[str, int], timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[TopicPartition, list[ConsumerRecord[Any, Any]]]:
        """Records that are there, waiting up to `timeout_ms` for the first one.

        Raises:
            ConsumerStoppedError: `stop` was called.
            ValueError: `max_records` is not positive.
        """
        if max_records is not None and max_records < 1:
            raise ValueError("`max_records` must be a positive Integer")
        client, wanted = self._client, _ours(partitions)
        until = client.clock.now + max(1, timeout_ms)
        client.polled()
        await client.serve()
        while client.readings.next_of(wanted) is None and client.clock.now < until:
            await client.wait(wanted, until)
            client.polled()
        return self._batch(wanted, max_records or _MOST_RECORDS)

    def _batch(
        self, wanted: tuple[OurPartition, ...], most: int
    ) -> dict[TopicPartition, list[ConsumerRecord[Any, Any]]]:
        readings = self._client.readings
        batch: dict[TopicPartition, list[ConsumerRecord[Any, Any]]] = {}
        while most and (partition := readings.next_of(wanted)) is not None:
            offsets = readings.take(partition, min(most, readings.available(partition)))
            most -= len(offsets)
            batch[TopicPartition(*partition)] = [self._record(partition, at) for at in offsets]
        return batch

    def __aiter__(self) -> "SimulatedConsumer":
        return self

    async def __anext__(self) -> ConsumerRecord[Any, Any]:
        try:
            return await self.getone()
        except ConsumerStoppedError:
            raise StopAsyncIteration from None

    # --- helpers ---------------------------------------------------------------------------------

    def _assigned(self, partition: tuple[str, int]) -> OurPartition:
        ours = OurPartition(*partition)
        if partition not in self.assignment():
            raise IllegalStateError(f"No current assignment for partition {partition}")
        return ours

    def _record(self, partition: OurPartition, offset: int) -> ConsumerRecord[Any, Any]:
        key, value = self._values(TopicPartition(*partition), offset)
        arrival = self._client.around.logs.arrival(partition, offset)
        return ConsumerRecord(
            topic=partition.topic,
            partition=partition.partition,
            offset=offset,
            timestamp=arrival or 0,
            timestamp_type=0,
            key=key,
            value=value,
            checksum=None,
            serialized_key_size=-1 if key is None else len(key),
            serialized_value_size=-1 if value is None else len(value),
            headers=(),
        )


def _check_subscription(topics: Any, pattern: Any, listener: Any) -> None:
    """In the words of `AIOKafkaConsumer.subscribe`, and in its order."""
    if not (topics or pattern):
        raise TypeError("You should provide either `topics` or `pattern`")
    if topics and pattern:
        raise TypeError("You can't provide both `topics` and `pattern`")
    if listener is not None and not isinstance(listener, ConsumerRebalanceListener):
        raise TypeError("listener should be an instance of ConsumerRebalanceListener")
    if pattern is not None:
        raise NotImplementedError(f"pattern={pattern!r}: a simulated consumer wants topics by name")
    if not isinstance(topics, tuple | set | list):
        raise TypeError("Topics should be list of strings")


def _ours(partitions: Iterable[tuple[str, int]]) -> tuple[OurPartition, ...]:
    return tuple(OurPartition(*each) for each in partitions)


def _offset(said: Any) -> int:
    found = said.offset if isinstance(said, OffsetAndMetadata) else said
    if isinstance(found, tuple) and len(found) == 2:
        found = found[0]
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise ValueError(f"{said!r}: expected an offset, (offset, metadata) or OffsetAndMetadata")
    return found
