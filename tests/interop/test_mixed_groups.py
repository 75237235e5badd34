"""Groups of several makers' clients: they converge, and no partition ever has two owners."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import pytest

from tests.clients.kafka_python.group import create_topics
from tests.interop.ledger import Ledger
from tests.interop.peers import (
    Aiokafka,
    Classic,
    Java,
    KafkaPython,
    Librdkafka,
    Peer,
    settled,
)
from tests.java import require_java
from tests.support.brokers import KafkaBroker

Unique = Callable[[str], str]
COOPERATIVE = (KafkaPython, Classic, Java, Librdkafka)
EAGER = {
    "sticky": (Aiokafka, KafkaPython, Classic, Java),  # librdkafka has no eager sticky
    "range": (Aiokafka, KafkaPython, Java, Librdkafka),
    "roundrobin": (Aiokafka, KafkaPython, Java, Librdkafka),
}


def rotated(kinds: Sequence[Any], first: Any) -> list[Any]:
    at = kinds.index(first)
    return [*kinds[at:], *kinds[:at]]


def play(kafka_broker: KafkaBroker, unique: Unique, kinds: Sequence[Any], assignor: str) -> None:
    """They join one after the other, so the first leads; then the first leaves, and one more."""
    require_java()
    topic, group_id, servers = unique("topic"), unique("group"), kafka_broker.bootstrap_servers
    create_topics(servers, {topic: 12})
    every = frozenset((topic, each) for each in range(12))
    ledger = Ledger()
    peers: list[Peer] = []
    with ExitStack() as closing:
        for kind in kinds:
            peer = kind(servers, group_id, [topic], assignor, ledger)
            closing.callback(lambda peer=peer: peer.close() if peer in peers else None)
            peers.append(peer)
            settled(peers, every)
            # Who came first leads, by its own word and by everybody else's.
            assert peers[0].leads in (True, None)
            assert not any(each.leads for each in peers[1:])
        for _ in range(2):
            peers.pop(0).close()
            settled(peers, every)
        for peer in list(peers):
            peers.remove(peer)
            peer.close()
    assert ledger.overlaps() == []


@pytest.mark.parametrize("first", COOPERATIVE, ids=lambda each: each.name.replace(" ", "-"))
def test_cooperative_sticky(kafka_broker: KafkaBroker, unique: Unique, first: Any) -> None:
    play(kafka_broker, unique, rotated(COOPERATIVE, first), "cooperative-sticky")


@pytest.mark.parametrize(
    ("assignor", "first"),
    [(assignor, first) for assignor, kinds in EAGER.items() for first in kinds],
    ids=lambda each: each if isinstance(each, str) else each.name.replace(" ", "-"),
)
def test_eager(kafka_broker: KafkaBroker, unique: Unique, assignor: str, first: Any) -> None:
    play(kafka_broker, unique, rotated(EAGER[assignor], first), assignor)
