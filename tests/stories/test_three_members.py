"""Three members, two topics, unequal subscriptions: join, leave, crash, resume from commits.

Rule kept: every record is read, nothing that was committed is read again, and whoever takes a
partition over begins exactly where the last commit stands.
"""

from collections.abc import Callable

import pytest

from tests.stories.actors import SHORT_SESSION_MS, Actors, Delivery, create_topics, produce
from tests.support.brokers import KafkaBroker


def _first_offsets(deliveries: list[Delivery]) -> dict[tuple[str, int], int]:
    first: dict[tuple[str, int], int] = {}
    for delivery in deliveries:
        first.setdefault((delivery.topic, delivery.partition), delivery.offset)
    return first


def _read(deliveries: list[Delivery]) -> set[tuple[str, int, int]]:
    return {(each.topic, each.partition, each.offset) for each in deliveries}


@pytest.mark.deadline(150)
@pytest.mark.parametrize("assignor", ["range", "roundrobin", "sticky", "cooperative-sticky"])
@pytest.mark.filterwarnings("ignore::rebalance.clients.aiokafka.EagerOnlyWarning")
async def test_join_leave_crash_resume(
    kafka_broker: KafkaBroker, unique: Callable[[str], str], assignor: str
) -> None:
    servers = kafka_broker.bootstrap_servers
    left, right = unique("left"), unique("right")
    topics = {left: 4, right: 3}
    partitions = {(topic, number) for topic, count in topics.items() for number in range(count)}
    await create_topics(servers, topics)
    actors = Actors(servers, unique("group"), assignor)

    def everything(upto: int) -> set[tuple[str, int, int]]:
        return {(*partition, offset) for partition in partitions for offset in range(upto)}

    try:
        # Join: each owns what it subscribes to, together they own everything.
        actors.start("A", [left])
        actors.start("B", [left, right], session_timeout_ms=SHORT_SESSION_MS)
        actors.start("C", [right])
        await actors.until(lambda: actors.owners.settled({"A", "B", "C"}, 7))
        owned = {member: actors.owned(member) for member in ("A", "B", "C")}
        assert {topic for topic, _ in owned["A"]} <= {left}
        assert {topic for topic, _ in owned["C"]} <= {right}
        assert sum(map(len, owned.values())) == len(set().union(*owned.values())) == 7
        await produce(servers, topics, 20)
        await actors.until(lambda: _read(actors.deliveries) == everything(20))
        assert set((await actors.commit()).values()) == {20}

        # Leave: nobody has committed the next ten; the others begin at the commits.
        await produce(servers, topics, 10)
        await actors.until(lambda: _read(actors.deliveries) == everything(30))
        mark = len(actors.deliveries)
        await actors.close("C")
        await actors.until(lambda: actors.owners.settled({"A", "B"}, 7))
        assert {topic for topic, _ in actors.owned("A")} <= {left}
        again = everything(30) - everything(20)
        await actors.until(lambda: _read(actors.read_since(mark)) >= again)
        assert _first_offsets(actors.read_since(mark)) == dict.fromkeys(partitions, 20)
        assert set((await actors.commit()).values()) == {30}

        # Crash: A alone may have the left topic, nobody the right one, until C is back.
        mark = len(actors.deliveries)
        await actors.crash("B")
        await actors.until(lambda: actors.owners.settled({"A"}, 4))
        assert actors.owned("A") == {(left, number) for number in range(4)}
        actors.start("C", [right])
        await actors.until(lambda: actors.owners.settled({"A", "C"}, 7))
        await produce(servers, topics, 5)
        await actors.until(lambda: _read(actors.deliveries) == everything(35))
        assert _first_offsets(actors.read_since(mark)) == dict.fromkeys(partitions, 30)
        assert {delivery.member for delivery in actors.read_since(mark)} == {"A", "C"}
    finally:
        await actors.end()
