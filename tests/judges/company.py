"""Judges in one group, the topics they read, and what must be true of them at any time.

Rule: who owned what when is taken from the listeners' own words with their own times (see
tests/interop/ledger.py for why clocks of one machine may judge it); offsets from the broker.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import confluent_kafka

from tests.clients.kafka_python.group import create_topics
from tests.interop.ledger import Ledger, Partition
from tests.interop.peers import until
from tests.judges.broker_view import BrokerView
from tests.judges.judge import Judge, wait_until
from tests.judges.makers import Maker

SESSION_MS = 45_000
"""The clients' own default: nobody who lives or restarts expires, however busy the machine."""

Record = tuple[str, int, int]


class Company:
    """A group and its topics; `with` ends whoever is left."""

    def __init__(
        self, servers: str, group_id: str, topics: Mapping[str, int], assignor: str
    ) -> None:
        self._servers, self._group_id, self._assignor = servers, group_id, assignor
        self.every = {(topic, each) for topic, count in topics.items() for each in range(count)}
        self.ends = dict.fromkeys(self.every, 0)
        self.members: dict[str, Judge] = {}
        self._all: list[Judge] = []
        create_topics(servers, topics)
        self.view = BrokerView(servers, group_id)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for member in self.members.values():
            member.kill()
        self.view.close()

    def start(
        self,
        name: str,
        maker: Maker,
        topics: Sequence[str],
        *,
        instance_id: str | None = None,
        session_timeout_ms: int = SESSION_MS,
    ) -> Judge:
        """A new process of that name joins."""
        wanted = {
            "servers": self._servers,
            "group_id": self._group_id,
            "member": name,
            "topics": list(topics),
            "assignor": self._assignor,
            "instance_id": instance_id,
            "session_timeout_ms": session_timeout_ms,
        }
        judge = Judge(f"{name} #{len(self._all)}", maker, wanted)
        self.members[name] = judge
        self._all.append(judge)
        return judge

    def close(self, *names: str) -> None:
        """They leave in good order, at the same time."""
        for wait in [self.members[name].close() for name in names]:
            wait()
        for name in names:
            del self.members[name]

    def kill(self, name: str) -> None:
        """It is gone without a word."""
        self.members.pop(name).kill()

    def owned(self) -> dict[str, frozenset[Partition]]:
        """What everybody owns by its own word."""
        return {name: judge.owned for name, judge in self.members.items()}

    def settled(self) -> dict[str, frozenset[Partition]]:
        """What everybody owns, once the group is at rest and everything is owned once.

        By the broker's word, and by their own: all that they had told before is heard first.
        """

        def whole() -> dict[str, frozenset[Partition]] | None:
            self._check()
            given = self.view.assignment()
            together = frozenset().union(*given.values())
            if together != self.every or sum(map(len, given.values())) != len(together):
                return None
            self.hear()
            return given if self.owned() == given else None

        owned: dict[str, frozenset[Partition]] = until(whole, self.told)
        for name, judge in self.members.items():
            assert {topic for topic, _ in owned[name]} <= set(judge.topics)
        return owned

    def hear(self) -> None:
        """What everybody said until now is here afterwards."""
        self._tell_all("ping")

    def generation_id(self) -> int:
        """The generation in which the group is at rest."""
        found: int = until(self.view.generation_id, self.told)
        return found

    def leader(self) -> str:
        """The name of who led when the last assignment was made."""
        return self.view.leaders()[-1][1]

    def marks(self) -> dict[str, int]:
        """Where in its events each of them stands now."""
        return {name: len(judge.events) for name, judge in self.members.items()}

    def produce(self, count: int) -> None:
        """So many more records into every partition."""
        producer = confluent_kafka.Producer({"bootstrap.servers": self._servers})
        for topic, partition in sorted(self.every):
            for _ in range(count):
                producer.produce(topic, b"x", partition=partition)
            self.ends[topic, partition] += count
        assert producer.flush(30) == 0

    def read(self) -> list[Record]:
        """What anybody ever read."""
        return [
            record
            for judge in self._all
            for each in judge.since(0, "read")
            for record in each.records
        ]

    def read_since(self, marks: Mapping[str, int]) -> list[Record]:
        """What those who are here now read since then, newcomers everything."""
        return [
            record
            for name, judge in self.members.items()
            for each in judge.since(marks.get(name, 0), "read")
            for record in each.records
        ]

    def all_read(self) -> None:
        """Wait until every record was read by somebody."""
        wanted = {
            (*partition, offset) for partition, end in self.ends.items() for offset in range(end)
        }

        def is_so() -> bool:
            self._check()
            return wanted.issubset(self.read())

        wait_until(is_so, lambda: f"{len(wanted - set(self.read()))} unread; {self.told()}")

    def commit(self) -> None:
        """All is read, everybody commits, and the broker keeps just that."""
        self.all_read()
        self._tell_all("commit")
        kept = self.view.committed()
        differ = {each: (kept.get(each), end) for each, end in self.ends.items()}
        differ = {each: pair for each, pair in differ.items() if pair[0] != pair[1]}
        assert not differ, f"(kept, read): {differ}\n{self.told()}"

    def check_ownership(self) -> None:
        """No partition ever had two owners."""
        ledger = Ledger()
        for judge in self._all:
            for event in judge.events:
                if event.kind == "assigned":
                    ledger.got(judge.name, event.partitions, event.t_ms)
                elif event.kind in ("revoked", "lost"):
                    ledger.gave(judge.name, event.partitions, event.t_ms)
        assert ledger.overlaps() == []

    def _tell_all(self, command: str) -> None:
        for wait in [judge.tell(command) for judge in self.members.values()]:
            wait()

    def _check(self) -> None:
        for judge in self.members.values():
            judge.check()

    def told(self) -> str:
        """What everybody said last, for people."""
        return "\n".join(judge.told() for judge in self.members.values())
