"""Plays of one broker, several at a time: each of them mostly waits, above all for sessions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest

from tests.judges.plays import Play
from tests.support.brokers import KafkaBroker

_AT_A_TIME = 3


@pytest.fixture(scope="session")
def outcome(
    request: pytest.FixtureRequest, kafka_broker: KafkaBroker, rebalance_broker_kind: str
) -> Iterator[Callable[[Play], None]]:
    """`outcome(play)` waits for the end of a play of this run, and raises what it raised."""
    plays: list[Play] = [
        cast(Play, item.callspec.params["play"])
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and "outcome" in item.fixturenames
        and item.callspec.params["rebalance_broker_kind"] == rebalance_broker_kind
    ]
    servers = kafka_broker.bootstrap_servers
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        ends = {play: pool.submit(play.play, servers) for play in plays}
        try:
            yield lambda play: ends[play].result()
        finally:
            pool.shutdown(cancel_futures=True)
