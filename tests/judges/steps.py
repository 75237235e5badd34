"""What plays have in common: steps that every group must take well, whoever is in it.

Rule kept: each step is judged by the clients' own words (what their listeners were told, which
records they read) and by what the broker keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from tests.interop.ledger import Partition
from tests.judges.company import Company, Record

Owned = Mapping[str, frozenset[Partition]]
Marks = Mapping[str, int]


class Steps:
    """Steps of one company. `is_cooperative`: its members speak that protocol, all of them."""

    def __init__(self, company: Company, *, is_cooperative: bool) -> None:
        self.company = company
        self.is_cooperative = is_cooperative

    def now(self) -> tuple[Owned, Marks]:
        """What the settled group owns, and where its members' events stand."""
        return self.company.settled(), self.company.marks()

    def handed_over(self, before: Owned, marks: Marks) -> Owned:
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

    def static_restart(self, name: str, start: Callable[[], None]) -> None:
        """It is back within its session, as it was: no rebalance, nobody else notices (J15)."""
        before, _ = self.now()
        generation_id = self.company.generation_id()
        self.company.close(name)
        marks = self.company.marks()
        start()
        assert self.company.settled() == before
        for other in marks:
            told = self.company.members[other].since(marks[other], "assigned", "revoked", "lost")
            assert told == [], f"{other} notices that {name} restarts\n{self.company.told()}"
        after = self.company.generation_id()
        history = self.company.view.leaders()
        assert after == generation_id, f"{generation_id} {after} {history}\n{self.company.told()}"
        self.nothing_is_read_again(marks)

    def nothing_is_read_again(self, marks: Marks) -> None:
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
