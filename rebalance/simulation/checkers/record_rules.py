"""I06: records are processed without gap; twice only between the last commit and the loss.

Rule kept: a gap is judged at the end, because whoever handed over may still be finishing; it is
told with the moment at which somebody began to read behind it. What a zombie reads again is counted
and is no violation: no broker can prevent it.
"""

from collections.abc import Mapping
from typing import ClassVar

from rebalance.simulation.checkers.checker import Look, Report
from rebalance.simulation.checkers.record_book import RecordBook
from rebalance.simulation.checkers.record_facts import Processed, ReadingBegan, RecordsEnded
from rebalance.simulation.checkers.violation import Skipped
from rebalance.simulation.checkers.zombies import is_zombie
from rebalance.simulation.values import partition_name, span_text
from rebalance.simulation.views import Views

__all__ = ["NothingBeforeTheCommit", "NothingSkipped", "OnlyOwnersProcess"]


class NothingSkipped:
    """Whoever begins to read leaves nothing behind that nobody processes."""

    RULE: ClassVar[str] = "I06"

    def __init__(self, book: RecordBook, report: Report) -> None:
        self._book = book
        self._report = report

    def looks(self) -> Mapping[type, Look]:
        """The end of all processing."""
        return {RecordsEnded: self._ended}

    def _ended(self, fact: RecordsEnded) -> None:
        for group_id, partition, book in self._book:
            for began, start, end in book.gaps():
                self._report(
                    self,
                    began.t,
                    f"nobody processed {span_text(start, end)} of {partition_name(partition)} of "
                    f"{group_id}: {began.member} began to read at {began.offset}",
                    about=Skipped(group_id, partition, began.member, began.offset),
                )
            book.skipped.clear()


class NothingBeforeTheCommit:
    """Nobody begins to read before what is committed."""

    RULE: ClassVar[str] = "I06"

    def __init__(self, book: RecordBook, views: Views, report: Report) -> None:
        self._book = book
        self._views = views
        self._report = report

    def looks(self) -> Mapping[type, Look]:
        """Consumers as they begin to read."""
        return {ReadingBegan: self._began}

    def _began(self, fact: ReadingBegan) -> None:
        committed = self._book.of(fact.group_id, fact.partition).committed
        again = committed - fact.offset
        if again > 0 and not is_zombie(self._views, self._views.lanes[fact.member]):
            self._report(
                self,
                fact.t,
                f"{fact.member} reads {partition_name(fact.partition)} of {fact.group_id} from "
                f"{fact.offset}, and {committed} is committed: {again} again",
            )


class OnlyOwnersProcess:
    """Nobody processes what it does not own, in its own eyes; each consumer is told of once."""

    RULE: ClassVar[str] = "I06"

    def __init__(self, views: Views, report: Report) -> None:
        self._views = views
        self._report = report
        self._told: set[tuple[str, tuple[str, int]]] = set()

    def looks(self) -> Mapping[type, Look]:
        """Records as they are processed."""
        return {Processed: self._processed}

    def _processed(self, fact: Processed) -> None:
        owned = self._views.lanes[fact.member].owned
        for partition, start, end in fact.spans:
            key = (fact.member, partition)
            if partition in owned or key in self._told:
                continue
            self._told.add(key)
            self._report(
                self,
                fact.t,
                f"{fact.member} processed {span_text(start, end)} of "
                f"{partition_name(partition)} of {fact.group_id} without owning it",
            )
