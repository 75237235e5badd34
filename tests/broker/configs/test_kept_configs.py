"""What was set while a broker ran holds in the next one on its directory, killed or not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from rebalance.broker import EmbeddedBroker
from rebalance.broker.errors import StorageError
from rebalance.broker.storage import files
from rebalance.protocol.errors import ErrorCode
from tests.broker.configs.test_broker_configs import BROKER, GROUP, _change
from tests.broker.raw import RawConnection, connected, run
from tests.cli.serving import served

SESSION = "consumer.session.timeout.ms"
DYNAMIC_BROKER, DYNAMIC_DEFAULT_BROKER, STATIC, DEFAULT, OF_GROUP = 2, 3, 4, 5, 8


async def _shown(client: RawConnection, kind: int, name: str, key: str) -> tuple[str, int]:
    """A value and its source."""
    asked = {"resource_type": kind, "resource_name": name, "configuration_keys": [key]}
    answer = await client.ask("describe_configs", 4, {"resources": [asked]})
    (config,) = answer.results[0].configs
    return config.value, config.config_source


async def _set_all(client: RawConnection) -> None:
    for kind, name, key, value in (
        (BROKER, "1", "message.max.bytes", "2000"),
        (BROKER, "", "message.max.bytes", "3000"),
        (BROKER, "", "log.retention.bytes", "4000"),
        (GROUP, "shop", SESSION, "50000"),
        (GROUP, "gone", SESSION, "50000"),
        (GROUP, "gone", SESSION, None),
    ):
        assert await _change(client, kind, name, key, value) == (0, None)


async def _check_all(client: RawConnection) -> None:
    shown = [
        await _shown(client, BROKER, "1", "message.max.bytes"),
        await _shown(client, BROKER, "1", "log.retention.bytes"),
        await _shown(client, GROUP, "shop", SESSION),
        await _shown(client, GROUP, "gone", SESSION),
    ]
    assert shown == [
        ("2000", DYNAMIC_BROKER),
        ("4000", DYNAMIC_DEFAULT_BROKER),
        ("50000", OF_GROUP),
        ("45000", DEFAULT),
    ]
    listed = await client.ask("list_config_resources", 1, {"resource_types": [GROUP]})
    assert [resource.resource_name for resource in listed.config_resources] == ["shop"]


def test_after_a_stop(tmp_path: Path) -> None:
    async def main() -> None:
        async with EmbeddedBroker(data=tmp_path) as broker, connected(broker) as client:
            await _set_all(client)
        async with EmbeddedBroker(data=tmp_path) as broker, connected(broker) as client:
            await _check_all(client)
            assert broker._running().config.message_max_bytes == 2000
            assert await _change(client, BROKER, "1", "message.max.bytes", None) == (0, None)
        async with EmbeddedBroker(data=tmp_path) as broker, connected(broker) as client:
            shown = await _shown(client, BROKER, "1", "message.max.bytes")
            assert shown == ("3000", DYNAMIC_DEFAULT_BROKER)

    run(main())


def test_after_a_kill(tmp_path: Path) -> None:
    def play(act: Callable[[RawConnection], Awaitable[None]]) -> None:
        async def main(servers: str) -> None:
            async with connected(SimpleNamespace(bootstrap_servers=servers)) as client:
                await act(client)

        with served("--data", str(tmp_path)) as (process, servers):
            asyncio.run(main(servers))
            process.kill()

    play(_set_all)
    play(_check_all)


def test_in_memory_nothing_outlives_the_broker() -> None:
    async def main() -> None:
        broker = EmbeddedBroker()
        async with broker, connected(broker) as client:
            await _set_all(client)
            await _check_all(client)
        async with broker, connected(broker) as client:
            shown = await _shown(client, BROKER, "1", "message.max.bytes")
            assert shown == ("1048588", DEFAULT)
            assert await _shown(client, GROUP, "shop", SESSION) == ("45000", DEFAULT)

    run(main())


def test_what_cannot_be_stored_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    async def main() -> None:
        async with EmbeddedBroker(data=tmp_path) as broker, connected(broker) as client:
            broker.create_topic("orders", 1)
            with monkeypatch.context() as patched:
                patched.setattr(files.os, "replace", full)
                for kind, name, key in (
                    (BROKER, "1", "message.max.bytes"),
                    (GROUP, "shop", SESSION),
                    (2, "orders", "max.message.bytes"),
                ):
                    code, words = await _change(client, kind, name, key, "50000")
                    assert code == ErrorCode.KAFKA_STORAGE_ERROR
                    assert "No space left on device" in (words or "")
            shown = await _shown(client, BROKER, "1", "message.max.bytes")
            assert shown == ("1048588", DEFAULT)
            assert await _change(client, GROUP, "shop", SESSION, "50000") == (0, None)

    with caplog.at_level(logging.ERROR, "rebalance.broker"):
        run(main())
    assert [record.levelname for record in caplog.records] == ["ERROR"] * 3


@pytest.mark.parametrize("text", ["{}", "[]", '{"format": 2}', '{"format": 1, "brokers": 5}', "x"])
def test_a_file_that_cannot_be_read_is_said_before_anything_starts(
    tmp_path: Path, text: str
) -> None:
    run(_once(tmp_path))
    (tmp_path / "configs.json").write_text(text)
    with pytest.raises(StorageError, match="configs"):
        run(_once(tmp_path))


async def _once(path: Path) -> None:
    async with EmbeddedBroker(data=path):
        pass


def test_a_property_that_this_broker_does_not_know_is_left_out(tmp_path: Path) -> None:
    run(_once(tmp_path))
    kept = '{"format": 1, "brokers": {"1": {"of.a.later.version": "5"}}, "groups": {}}'
    (tmp_path / "configs.json").write_text(kept)

    async def main() -> None:
        async with EmbeddedBroker(data=tmp_path) as broker, connected(broker) as client:
            assert await _shown(client, BROKER, "1", "num.partitions") == ("1", DEFAULT)

    run(main())


def test_log_dirs_are_the_directory_and_its_file_system(tmp_path: Path) -> None:
    async def main() -> None:
        async with EmbeddedBroker(data=tmp_path) as broker, connected(broker) as client:
            (found,) = (await client.ask("describe_log_dirs", 4, {"topics": None})).results
            assert found.log_dir == str(tmp_path)
            assert 0 < found.usable_bytes <= found.total_bytes

    run(main())
