"""`rebalance serve`: a real process that real clients connect to, and that ends when told."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from aiokafka import AIOKafkaProducer

from tests.cli.commands import COMMAND, ROOT


@contextmanager
def _served(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            first = process.stdout.readline().strip()
            key, _, servers = first.partition("=")
            assert key == "bootstrap.servers"
            yield process, servers
        finally:
            process.kill()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
async def test_it_serves_clients_and_ends_cleanly(how: signal.Signals) -> None:
    with _served("--set", "num.partitions=7") as (process, servers):
        assert servers.startswith("127.0.0.1:")
        async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
            await producer.send_and_wait("made-by-asking", b"record")
            assert await producer.partitions_for("made-by-asking") == set(range(7))
        process.send_signal(how)
        out, err = process.communicate(timeout=20)
        assert (process.returncode, out, err) == (0, "", "")
