"""`rebalance serve`: a real process that real clients connect to, and that ends when told."""

import asyncio
import signal

import pytest
from aiokafka import AIOKafkaProducer

from tests.broker.raw import RawConnection
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


async def test_several_nodes_are_all_named_and_found() -> None:
    with served("--nodes", "3") as (_process, servers):
        addresses = servers.split(",")
        assert len(set(addresses)) == 3
        host, _, port = addresses[2].rpartition(":")
        client = RawConnection(*await asyncio.open_connection(host, int(port)))
        brokers = (await client.ask("metadata", 1, {"topics": None})).brokers
        assert [f"{broker.host}:{broker.port}" for broker in brokers] == addresses
        await client.close()


async def test_a06_a_fresh_broker_answers_as_kafka_does() -> None:
    with served() as (_process, servers):
        host, _, port = servers.rpartition(":")
        client = RawConnection(*await asyncio.open_connection(host, int(port)))
        asked = {"key": "g", "key_type": 0}
        told = [(await client.ask("find_coordinator", 3, asked)).error_code.value for _ in range(2)]
        assert told == [15, 0]
        await client.close()
