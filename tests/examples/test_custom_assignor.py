"""examples/custom_assignor.py, with a broker of its own and with one that is given."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from tests.clients.aiokafka.group import create_topics
from tests.support.brokers import KafkaBroker

EXAMPLE = Path(__file__).parents[2] / "examples" / "custom_assignor.py"


async def output(*arguments: str) -> list[str]:
    """What it prints; a warning or anything left open makes it fail."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "error",
        str(EXAMPLE),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, err.decode()
    assert b"Traceback" not in err, err.decode()
    return sorted(out.decode().splitlines())


async def test_with_a_broker_of_its_own() -> None:
    assert await output() == [
        "A has orders",
        "A reads orders: hello from orders",
        "B has payments",
        "B reads payments: hello from payments",
    ]


async def test_with_a_given_broker(kafka_broker: KafkaBroker, unique: Callable[[str], str]) -> None:
    first, second = unique("a"), unique("b")
    await create_topics(kafka_broker.bootstrap_servers, {first: 2, second: 2})
    assert await output(kafka_broker.bootstrap_servers, first, second) == [
        f"A has {first}",
        f"A reads {first}: hello from {first}",
        f"B has {second}",
        f"B reads {second}: hello from {second}",
    ]
