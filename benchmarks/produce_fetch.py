"""How many records go in and out a second, beside Apache Kafka and franz-go's kfake: information.

One raw connection, one partition, uncompressed batches that are made once, five requests under way
as producers have them; then everything is fetched again, a megabyte at a time. All brokers keep
what they have for a log in memory or in the system's cache; ours and kfake checksum every batch, as
Kafka does. No goal hangs on it: this broker is for tests.

Run: python -m benchmarks.produce_fetch [--turns 3] [--megabytes 32] [--no-apache] [--no-kfake]
"""

from __future__ import annotations

import argparse
import asyncio
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from benchmarks.assignors.programs import UnavailableError, kfake
from benchmarks.load.brokers import Loaded, both
from benchmarks.load.connecting import address
from benchmarks.load.frames import SIZE, request, response
from benchmarks.measure import Figure, show
from rebalance.broker.logs.record_batch import build_batch

CASES = ((100, 16_384), (100, 1_000_000), (1000, 16_384), (1000, 1_000_000))
"""Bytes of a record's value, and of a batch at most."""
IN_FLIGHT = 5
FETCH_BYTES = 1_048_576
KFAKE = "kfake"


class Client:
    """One connection; answers come in the order of the requests."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def send(self, frame: bytes) -> None:
        """A whole frame."""
        self._writer.write(frame)

    async def receive(self, name: str, version: int) -> dict[str, Any]:
        """The next answer."""
        (size,) = SIZE.unpack(await self._reader.readexactly(SIZE.size))
        return response(name, version, await self._reader.readexactly(size))

    async def ask(self, name: str, version: int, body: dict[str, Any]) -> dict[str, Any]:
        """Send one request and wait for its answer."""
        self.send(request(name, version, body))
        return await self.receive(name, version)

    async def close(self) -> None:
        """End the connection."""
        self._writer.close()
        await self._writer.wait_closed()


async def make_topic(client: Client, topic: str) -> None:
    """One partition, and somebody leads it."""
    wanted = {
        "name": topic,
        "num_partitions": 1,
        "replication_factor": 1,
        "assignments": [],
        "configs": [],
    }
    asked = {"topics": [wanted], "timeout": 10_000, "validate_only": False}
    await client.ask("create_topics", 5, asked)
    parts = [{"partition_index": 0, "current_leader_epoch": -1, "timestamp": -1}]
    listed = {
        "replica_id": -1,
        "isolation_level": 0,
        "topics": [{"name": topic, "partitions": parts}],
    }
    while True:
        (found,) = (await client.ask("list_offsets", 5, listed))["topics"]
        if not found["partitions"][0]["error_code"]:
            return


async def produce(client: Client, topic: str, batch: bytes, count: int) -> float:
    """Seconds until `count` requests with one batch each are acknowledged."""
    data = [{"name": topic, "partition_data": [{"index": 0, "records": batch}]}]
    body = {"transactional_id": None, "acks": -1, "timeout": 10_000, "topic_data": data}
    frame = request("produce", 8, body)
    began = time.perf_counter()
    for _ in range(min(IN_FLIGHT, count)):
        client.send(frame)
    for answered in range(count):
        (found,) = (await client.receive("produce", 8))["responses"]
        assert found["partition_responses"][0]["error_code"] == 0, found
        if answered + IN_FLIGHT < count:
            client.send(frame)
    return time.perf_counter() - began


async def fetch(client: Client, topic: str, batch: bytes, records: int) -> float:
    """Seconds until so many records were read from the beginning."""
    (in_batch,) = struct.unpack_from(">i", batch, 57)
    offset = 0
    began = time.perf_counter()
    while offset < records:
        part = {
            "partition": 0,
            "current_leader_epoch": -1,
            "fetch_offset": offset,
            "log_start_offset": -1,
            "partition_max_bytes": FETCH_BYTES,
        }
        answer = await client.ask(
            "fetch",
            11,
            {
                "replica_id": -1,
                "max_wait": 500,
                "min_bytes": 1,
                "max_bytes": FETCH_BYTES,
                "isolation_level": 0,
                "session_id": 0,
                "session_epoch": -1,
                "topics": [{"topic": topic, "partitions": [part]}],
                "forgotten_topics_data": [],
                "rack_id": "",
            },
        )
        (found,) = answer["responses"][0]["partitions"]
        assert found["error_code"] == 0, found
        offset += len(found["records"]) // len(batch) * in_batch
    return time.perf_counter() - began


async def turn(broker: Loaded, topic: str, batch: bytes, total_bytes: int) -> tuple[float, float]:
    """Megabytes a second in, and out."""
    client = Client(*await asyncio.open_connection(*address(broker.servers)))
    await make_topic(client, topic)
    count = total_bytes // len(batch)
    (in_batch,) = struct.unpack_from(">i", batch, 57)
    megabytes = count * len(batch) / 1e6
    into = await produce(client, topic, batch, count)
    out = await fetch(client, topic, batch, count * in_batch)
    await client.ask("delete_topics", 3, {"topic_names": [topic], "timeout": 10_000})
    await client.close()
    return megabytes / into, megabytes / out


@contextmanager
def fake() -> Iterator[Loaded]:
    """kfake in a process of its own.

    Raises:
        UnavailableError: it cannot be built here.
    """
    command = kfake()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Loaded(name=KFAKE, servers=process.stdout.readline().strip(), pid=process.pid)
        finally:
            process.terminate()


def main() -> None:
    """Measure and print. The first turn warms all up and is not counted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--megabytes", type=int, default=32)
    parser.add_argument("--no-apache", action="store_true")
    parser.add_argument("--no-kfake", action="store_true")
    options = parser.parse_args()
    total_bytes = options.megabytes * 1_000_000
    with ExitStack() as stack:
        brokers = stack.enter_context(both({}, apache=not options.no_apache))
        if not options.no_kfake:
            try:
                brokers.append(stack.enter_context(fake()))
            except UnavailableError as error:
                print(f"without kfake: {error}")
        for value_bytes, batch_bytes in CASES:
            _case(brokers, value_bytes, batch_bytes, options.turns, total_bytes)


def _case(
    brokers: list[Loaded], value_bytes: int, batch_bytes: int, turns: int, total_bytes: int
) -> None:
    value = bytes(value_bytes)
    room = batch_bytes - 61  # the header of a batch
    records = [(b"key", value)] * (room // (value_bytes + 16))
    batch, _ = build_batch(records, int(time.time() * 1000))
    runs: dict[str, list[tuple[float, float]]] = {}
    for number in range(turns + 1):
        for broker in brokers:
            topic = f"t-{value_bytes}-{batch_bytes}-{number}"
            found = asyncio.run(turn(broker, topic, batch, total_bytes))
            if number:
                runs.setdefault(broker.name, []).append(found)
    for index, way in enumerate(("produced", "fetched")):
        title = f"{way}: values of {value_bytes} bytes, batches of {len(batch):,}"
        figures = [
            Figure(name=name, unit="MB/s", runs=tuple(run[index] for run in found))
            for name, found in runs.items()
        ]
        show(title, figures, against=figures[0])


if __name__ == "__main__":
    main()
