"""Three members of one maker, two topics, unequal subscriptions: the life of a group.

`a` and `b` want both topics, `c`, a static member, the left one alone.
"""

from __future__ import annotations

from tests.judges.company import Company
from tests.judges.makers import Maker
from tests.judges.steps import Steps, first_offsets

SHORT_SESSION_MS = 6_000
"""For a member that is to crash: Kafka's default minimum, for the others wait for its end."""


class Life(Steps):
    """Join, static restart, scale out and in, crash, commit and resume."""

    def __init__(
        self, company: Company, maker: Maker, left: str, right: str, *, is_cooperative: bool
    ) -> None:
        super().__init__(company, is_cooperative=is_cooperative)
        self.maker, self.left, self.right = maker, left, right

    def play(self) -> None:
        """All of it."""
        self.join()
        self.static_restart("c", lambda: self.start("c"))
        self.scale_out_and_in()
        self.crash()
        self.resume()
        self.company.close(*self.company.members)
        self.company.check_ownership()

    def start(self, name: str, session_timeout_ms: int | None = None) -> None:
        """One more; what it wants follows from its name."""
        timeout = {} if session_timeout_ms is None else {"session_timeout_ms": session_timeout_ms}
        topics = [self.left] if name == "c" else [self.left, self.right]
        instance_id = "c" if name == "c" else None
        self.company.start(name, self.maker, topics, instance_id=instance_id, **timeout)

    def join(self) -> None:
        """First one, who has everything, then two, then three who share it."""
        self.start("a")
        before, marks = self.now()
        self.start("b", SHORT_SESSION_MS)
        self.handed_over(before, marks)
        before, marks = self.now()
        self.start("c")
        self.handed_over(before, marks)
        self.company.produce(10)
        self.company.commit()

    def scale_out_and_in(self) -> None:
        """A fourth comes and goes; only what it takes and brings back moves, if they cooperate."""
        before, marks = self.now()
        self.start("d")
        self.handed_over(before, marks)
        self.nothing_is_read_again(marks)
        before, marks = self.now()
        self.company.close("d")
        self.handed_over(before, marks)
        self.nothing_is_read_again(marks)

    def crash(self) -> None:
        """What it owned comes back when its session is over, and is read from the last commit."""
        committed = dict(self.company.ends)
        self.company.produce(5)
        self.company.all_read()
        before, marks = self.now()
        self.company.kill("b")
        after = self.handed_over(before, marks)
        assert {each for each in self.company.every if each[0] == self.right} <= after["a"]
        self.company.produce(5)  # who has read these has read again what was not committed
        self.company.commit()
        again = first_offsets(self.company.read_since(marks))
        for partition in before["b"]:
            assert again[partition] == committed[partition]

    def resume(self) -> None:
        """All close; new ones go on at the commits, and not one record is read again."""
        self.company.close(*self.company.members)
        self.start("c")
        self.start("e")
        self.company.settled()
        self.nothing_is_read_again({})
