"""Three members of one maker, two topics, unequal subscriptions: a life of a group, told by them.

Rule kept: each step is judged by the clients' own words (what their listeners were told, which
records they read) and by what the broker keeps; the same on the embedded broker and Apache Kafka.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import pytest

from tests.interop.ledger import Partition
from tests.judges.company import Company, Record
from tests.judges.makers import COOPERATIVE, MAKERS, Maker
from tests.support.brokers import KafkaBroker

Unique = Callable[[str], str]
Owned = Mapping[str, frozenset[Partition]]

SHORT_SESSION_MS = 5_000
"""For a member that is to crash: the others wait for its end, and until then it must live."""

STORIES = [(maker, assignor) for maker in MAKERS for assignor in maker.assignors]


@pytest.mark.parametrize(
    ("maker", "assignor"),
    STORIES,
    ids=lambda each: each.name if isinstance(each, Maker) else each,
)
def test_a_life_of_a_group(
    kafka_broker: KafkaBroker, unique: Unique, maker: Maker, assignor: str
) -> None:
    maker.require()
    left, right = unique("left"), unique("right")
    servers, group_id = kafka_broker.bootstrap_servers, unique("group")
    with Company(servers, group_id, {left: 6, right: 4}, assignor) as company:
        Story(company, maker, left, right, is_cooperative=assignor == COOPERATIVE).play()


class Story:
    """`a` and `b` want both topics, `c`, a static member, the left one alone."""

    def __init__(
        self, company: Company, maker: Maker, left: str, right: str, *, is_cooperative: bool
    ) -> None:
        self.company, self.maker = company, maker
        self.left, self.right = left, right
        self.is_cooperative = is_cooperative

    def play(self) -> None:
        self.join()
        self.restart_the_static_one()
        self.scale_out_and_in()
        self.crash()
        self.resume()
        self.company.close(*self.company.members)
        self.company.check_ownership()

    def start(self, name: str, session_timeout_ms: int | None = None) -> None:
        timeout = {} if session_timeout_ms is None else {"session_timeout_ms": session_timeout_ms}
        topics = [self.left] if name == "c" else [self.left, self.right]
        instance_id = "c" if name == "c" else None
        self.company.start(name, self.maker, topics, instance_id=instance_id, **timeout)

    def join(self) -> None:
        """First one, who has everything, then two, then three who share it."""
        self.start("a")
        before, marks = self.company.settled(), self.company.marks()
        self.start("b", SHORT_SESSION_MS)
        before, marks = self.handed_over(before, marks), self.company.marks()
        self.start("c")
        self.handed_over(before, marks)
        self.company.produce(10)
        self.company.commit()

    def restart_the_static_one(self) -> None:
        """It comes back within its session: no rebalance, nobody else notices (J15)."""
        before, generation_id = self.company.owned(), self.company.generation_id()
        self.company.close("c")
        marks = self.company.marks()
        self.start("c")
        assert self.company.settled() == before
        assert self.company.generation_id() == generation_id
        for name in ("a", "b"):
            told = self.company.members[name].since(marks[name], "assigned", "revoked", "lost")
            assert told == []
        self.nothing_is_read_again(marks)

    def scale_out_and_in(self) -> None:
        """A fourth comes and goes; only what it takes and brings back moves, if they cooperate."""
        before, marks = self.company.owned(), self.company.marks()
        self.start("d")
        self.handed_over(before, marks)
        self.nothing_is_read_again(marks)
        before, marks = self.company.owned(), self.company.marks()
        self.company.close("d")
        self.handed_over(before, marks)
        self.nothing_is_read_again(marks)

    def crash(self) -> None:
        """What it owned comes back when its session is over, and is read from the last commit."""
        committed = dict(self.company.ends)
        self.company.produce(5)
        self.company.all_read()
        before, marks = self.company.owned(), self.company.marks()
        self.company.kill("b")
        after = self.handed_over(before, marks)
        assert {each for each in self.company.every if each[0] == self.right} <= after["a"]
        self.company.produce(5)  # who has read these has read again what was not committed
        self.company.commit()
        again = first_offsets(self.company.read_since(marks))
        assert {each: again[each] for each in before["b"]} == {
            each: committed[each] for each in before["b"]
        }

    def resume(self) -> None:
        """All close; new ones go on at the commits, and not one record is read again."""
        committed = dict(self.company.ends)
        self.company.close(*self.company.members)
        self.start("c")
        self.start("e")
        self.company.settled()
        self.company.produce(5)
        self.company.commit()
        assert first_offsets(self.company.read_since({})) == committed

    def handed_over(self, before: Owned, marks: Mapping[str, int]) -> Owned:
        """Settled again; who stays has given up what moved (cooperative), or everything (eager)."""
        after = self.company.settled()
        for name in before.keys() & after.keys():
            judge = self.company.members[name]
            assert judge.since(marks[name], "lost") == []
            given = [each.partitions for each in judge.since(marks[name], "revoked")]
            kept = before[name] & after[name]
            if self.is_cooperative:
                assert kept.isdisjoint(frozenset().union(*given)), f"{name} gave up what it kept"
            else:
                assert before[name] <= frozenset().union(*given), f"{name} kept what it had"
        return after

    def nothing_is_read_again(self, marks: Mapping[str, int]) -> None:
        """All was committed: what is read from here on is new, whoever reads it."""
        committed = dict(self.company.ends)
        self.company.produce(5)
        self.company.commit()
        assert first_offsets(self.company.read_since(marks)) == committed


def first_offsets(records: Iterable[Record]) -> dict[Partition, int]:
    """Partition -> the lowest offset that was read."""
    first: dict[Partition, int] = {}
    for topic, partition, offset in records:
        first[topic, partition] = min(offset, first.get((topic, partition), offset))
    return first
