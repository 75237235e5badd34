"""Embedded broker: from start to the first accepted connection, in a running process.

Run: python -m benchmarks.broker_start
"""

import asyncio
import time

from benchmarks.measure import Figure, show
from rebalance.broker import EmbeddedBroker

RUNS = 21


async def start_once() -> tuple[float, float]:
    """Milliseconds until a connection is accepted, and until ApiVersions is answered."""
    began = time.perf_counter()
    broker = EmbeddedBroker()
    await broker.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", broker.port)
    accepted = time.perf_counter()
    # ApiVersions v0, correlation id 1, client id "b": the first thing every client sends.
    frame = b"\x00\x12\x00\x00\x00\x00\x00\x01\x00\x01b"
    writer.write(len(frame).to_bytes(4) + frame)
    size = int.from_bytes(await reader.readexactly(4))
    await reader.readexactly(size)
    answered = time.perf_counter()
    writer.close()
    await writer.wait_closed()
    await broker.stop()
    return (accepted - began) * 1000, (answered - began) * 1000


async def measure() -> list[tuple[float, float]]:
    """All runs in one process; the first one pays for imports."""
    return [await start_once() for _ in range(RUNS)]


def main() -> None:
    """Measure and print; the first run is shown apart."""
    first, *rest = asyncio.run(measure())
    figures = [
        Figure(name="first in the process: accepted", unit="ms", runs=(first[0],)),
        Figure(name="first in the process: ApiVersions answered", unit="ms", runs=(first[1],)),
        Figure(name="accepted", unit="ms", runs=tuple(run[0] for run in rest)),
        Figure(name="ApiVersions answered", unit="ms", runs=tuple(run[1] for run in rest)),
    ]
    show("Embedded broker, from start", figures)


if __name__ == "__main__":
    main()
