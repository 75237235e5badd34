"""Clients of several makers in one group, each of them its leader once.

Who joins first leads. All want both topics but the last one, a static member, who wants the left
one alone. Then the leader leaves, and another maker's client must read what all of them say.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.judges.company import Company
from tests.judges.makers import Maker
from tests.judges.steps import Steps


class Mixed(Steps):
    """Join, static restart, and another leader."""

    def __init__(
        self,
        company: Company,
        makers: Sequence[Maker],
        left: str,
        right: str,
        *,
        is_cooperative: bool,
    ) -> None:
        super().__init__(company, is_cooperative=is_cooperative)
        self.makers, self.left, self.right = makers, left, right

    def play(self) -> None:
        """All of it."""
        first, *others = self.makers
        last = others[-1]
        self.start(first)
        self.company.settled()
        for maker in others:
            self.start(maker)
        self.company.settled()
        assert self.company.leader() == first.name
        self.company.produce(10)
        self.company.commit()
        self.static_restart(last.name, lambda: self.start(last))
        before, marks = self.now()
        self.company.close(first.name)
        self.handed_over(before, marks)
        assert self.company.leader() in {each.name for each in others}
        self.nothing_is_read_again(marks)
        self.company.close(*self.company.members)
        self.company.check_ownership()

    def start(self, maker: Maker) -> None:
        """One more, with its maker's name."""
        is_last = maker is self.makers[-1]
        topics = [self.left] if is_last else [self.left, self.right]
        instance_id = maker.name if is_last else None
        self.company.start(maker.name, maker, topics, instance_id=instance_id)
