"""The embedded broker lives in its own thread, and ends with it."""

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
