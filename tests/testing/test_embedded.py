"""The embedded broker lives in its own thread, and ends with it."""

import asyncio
import threading

import pytest

from rebalance.broker import BrokerError, EmbeddedBroker
from rebalance.testing.apache_kafka.readiness import answers
from rebalance.testing.embedded import EmbeddedBrokerThread


def test_it_answers_while_the_block_lasts() -> None:
    with EmbeddedBrokerThread(EmbeddedBroker()) as embedded:
        host, _, port = embedded.bootstrap_servers.rpartition(":")
        assert answers(host, int(port))
    assert not answers(host, int(port))


def test_reaching_into_its_loop() -> None:
    async def thread() -> threading.Thread:
        return threading.current_thread()

    with EmbeddedBrokerThread(EmbeddedBroker()) as embedded:
        its_thread = embedded.run(thread())
        assert its_thread is not threading.current_thread()
        assert its_thread.is_alive()
    assert not its_thread.is_alive()


def test_a_broker_that_does_not_start_says_why() -> None:
    with EmbeddedBrokerThread(EmbeddedBroker()) as first:
        port = int(first.bootstrap_servers.rpartition(":")[2])
        second = EmbeddedBrokerThread(EmbeddedBroker(port=port))
        with pytest.raises(BrokerError, match=str(port)), second:
            pass


def test_before_it_starts_and_after_its_end_it_says_so() -> None:
    async def nothing() -> None:
        """Is not run."""

    thread = EmbeddedBrokerThread(EmbeddedBroker())
    with pytest.raises(BrokerError, match="use it in a `with` block"):
        _ = thread.bootstrap_servers
    with thread:
        assert thread.run(nothing()) is None
    with pytest.raises(BrokerError, match="use it in a `with` block"):
        thread.run(nothing())


def test_what_does_not_end_is_named_and_cancelled() -> None:
    ended: list[str] = []

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    with EmbeddedBrokerThread(EmbeddedBroker()) as thread:
        with pytest.raises(TimeoutError, match=r"endless did not end in 0\.2 s"):
            thread.run(endless(), timeout_s=0.2)
        assert thread.run(asyncio.sleep(0, "goes on")) == "goes on"
    assert ended == ["cancelled"]


def test_its_own_timeout_keeps_its_words() -> None:
    with (
        EmbeddedBrokerThread(EmbeddedBroker()) as thread,
        pytest.raises(TimeoutError, match="there is no such group"),
    ):
        thread.run(thread.broker.wait_for_group("g", timeout_s=0.2))


def test_topics_are_made_from_the_tests_thread() -> None:
    with EmbeddedBrokerThread(EmbeddedBroker()) as thread:
        thread.broker.create_topic("orders", 3)
        assert thread.broker.usage().partitions == 3
