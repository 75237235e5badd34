"""The starter starts a real broker, tells why it cannot, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from rebalance.testing.apache_kafka import ApacheKafka, ApacheKafkaError
from tests.support.brokers import KafkaBroker, require_apache_kafka

ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-m", "rebalance.testing.apache_kafka"]


@pytest.fixture
def own_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory for temporary files in which nobody else leaves any."""
    directory = tmp_path / "tmp"
    directory.mkdir()
    monkeypatch.setenv("TMPDIR", str(directory))
    monkeypatch.setattr("tempfile.tempdir", None)  # ask the environment again
    return directory


@contextmanager
def command_running() -> Iterator[subprocess.Popen[bytes]]:
    """``python -m rebalance.testing.apache_kafka``, after it said where it listens."""
    command = subprocess.Popen(COMMAND, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with command:
        try:
            assert command.stdout is not None
            assert command.stdout.readline().startswith(b"bootstrap.servers=127.0.0.1:")
            yield command
        finally:
            command.kill()


def broker_pid(own_tmp: Path) -> int:
    (directory,) = own_tmp.iterdir()
    return int((directory / "pid").read_text())


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def wait_until(condition: Callable[[], bool]) -> None:
    """For another process, of which only what it leaves can be seen."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "not within 60 s"
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def apache_kafka_is_possible() -> None:
    require_apache_kafka()


async def make_topic(bootstrap_servers: str, topic: str, partitions: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        answer = await admin.create_topics([NewTopic(topic, partitions, 1)])
        assert [error[:2] for error in answer.topic_errors] == [(topic, 0)]
    finally:
        await admin.close()


async def join_and_leave(bootstrap_servers: str, topic: str, group_id: str) -> int:
    """The number of partitions the only member got."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap_servers, group_id=group_id)
    await consumer.start()
    try:
        return len(consumer.assignment())
    finally:
        await consumer.stop()


async def test_a_topic_a_group_and_its_reasons(
    kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    topic, group_id = unique("topic"), unique("group")
    await make_topic(kafka_broker.bootstrap_servers, topic, partitions=3)
    assert await join_and_leave(kafka_broker.bootstrap_servers, topic, group_id) == 3
    if kafka_broker.apache_kafka is not None:
        joined = kafka_broker.apache_kafka.rebalances(group_id)[0]
        assert joined.old_generation_id == 0
        assert joined.reason.startswith("Adding new member aiokafka-")
        assert joined.client_reason is None


async def test_it_serves_async_tests_and_takes_settings() -> None:
    async with ApacheKafka({"num.partitions": "5", "auto.create.topics.enable": "true"}) as kafka:
        pid = kafka.pid
        os.kill(pid, 0)
        assert await join_and_leave(kafka.bootstrap_servers, "made-by-asking", "g") == 5
    assert is_gone(pid)
    assert [record.group_id for record in kafka.rebalances()][:1] == ["g"]


def test_nothing_is_left_after_stop(own_tmp: Path) -> None:
    kafka = ApacheKafka().start()
    pid = kafka.pid
    assert len(list(own_tmp.iterdir())) == 1
    kafka.stop()
    kafka.stop()
    assert is_gone(pid)
    assert list(own_tmp.iterdir()) == []


def test_a_broker_that_cannot_start_says_why(own_tmp: Path) -> None:
    with pytest.raises(ApacheKafkaError) as raised:
        ApacheKafka({"log.retention.hours": "many"}).start()
    message = str(raised.value)
    assert "ended with exit code 1 before it answered. The end of its log:" in message
    assert "Invalid value many for configuration log.retention.hours" in message
    assert list(own_tmp.iterdir()) == []


def test_a_broker_that_is_too_slow_is_stopped(own_tmp: Path) -> None:
    with pytest.raises(ApacheKafkaError, match=r"did not answer on 127\.0\.0\.1:\d+ within 0 s"):
        ApacheKafka(start_timeout_s=0).start()
    assert list(own_tmp.iterdir()) == []


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_command_ends_cleanly(own_tmp: Path, ending: signal.Signals) -> None:
    with command_running() as command:
        pid = broker_pid(own_tmp)
        command.send_signal(ending)
        assert command.wait(60) == 0
    assert is_gone(pid)
    assert list(own_tmp.iterdir()) == []


def test_the_command_says_that_the_broker_died(own_tmp: Path) -> None:
    with command_running() as command:
        os.kill(broker_pid(own_tmp), signal.SIGKILL)
        assert command.stderr is not None
        assert b"ended by itself with exit code 137" in command.stderr.read()
        assert command.wait(60) == 1
    assert list(own_tmp.iterdir()) == []


def test_a_killed_owner_leaves_no_broker(own_tmp: Path) -> None:
    with command_running() as command:
        pid = broker_pid(own_tmp)
        command.kill()
        assert command.wait(60) == -signal.SIGKILL
    wait_until(lambda: list(own_tmp.iterdir()) == [])  # the keeper is not our child
    assert is_gone(pid)
