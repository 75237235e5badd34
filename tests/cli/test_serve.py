"""`rebalance serve`: a real process that real clients connect to, and that ends when told."""

import signal

import pytest
from aiokafka import AIOKafkaProducer

from tests.cli.serving import served


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
async def test_it_serves_clients_and_ends_cleanly(how: signal.Signals) -> None:
    with served("--set", "num.partitions=7") as (process, servers):
        assert servers.startswith("127.0.0.1:")
        async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
            await producer.send_and_wait("made-by-asking", b"record")
            assert await producer.partitions_for("made-by-asking") == set(range(7))
        process.send_signal(how)
        out, err = process.communicate(timeout=20)
        assert (process.returncode, out, err) == (0, "", "")
