"""What Kafka's protocol lets a static member commit that others were given meanwhile.

Why: a generation that is made without a static member counts on what that one said before (J11),
which is one assignment old: what it was given since may be given to another. Neither hears of it.
If it joins the next generation before it is told that its own is over, both give up what two read,
and the one that read less commits last, in a generation that is the right one. Java's consumer
with enable.auto.commit learns it from the commit before its join; librdkafka's commits only what
it gives up, and a listener that commits does the same with either.

Rule kept: as narrow as the events allow. Excused are commits of partitions that were given to
another while the one left behind owned them, in a later generation than that, until one is Stable
and they have one owner at most: commits of before are in the log by then.
"""

from collections.abc import Mapping
from typing import ClassVar

from assignors.model import TopicPartition
from rebalance.simulation.checkers.checker import Look
from rebalance.simulation.checkers.violation import Committed, WentBack
from rebalance.simulation.views import Partition, Views, flattened
from rebalance.timeline import trace

__all__ = ["READ_BY_TWO", "ReadByTwo"]

READ_BY_TWO = "a generation was made without a static member, which read on what others were given"
"""KIP-345 beside KIP-429: the leader knows what it had said when it joined last."""


class ReadByTwo:
    """Follows what was given away behind its owner's back; asked for the limit of a commit."""

    RULE: ClassVar[str] = "J11"

    def __init__(self, views: Views) -> None:
        self._views = views
        self._given: dict[str, dict[Partition, int]] = {}
        """Group id -> what was given to another while one left behind owned it -> generation."""
        self._generations: dict[str, int] = {}
        """Group id -> the generation that its members have now."""
        self._excused: set[tuple[int, str, TopicPartition, int]] = set()
        """When (ms), by which group, of what, which offset."""

    def of(self, t: int, back: WentBack) -> str:
        """The limit to which it is due that an offset went back at that time (ms)."""
        commit = (t, back.group_id, back.partition, back.offset)
        return READ_BY_TWO if commit in self._excused else ""

    def looks(self) -> Mapping[type, Look]:
        """Assignments, the generations that end it, and commits."""
        return {
            trace.AssignmentSent: self._sent,
            trace.JoinCompleted: self._completed,
            trace.GroupStateChanged: self._state,
            Committed: self._committed,
        }

    def _sent(self, event: trace.AssignmentSent) -> None:
        for partition in flattened(event.partitions):
            owners = self._views.holders(event.group_id, partition)
            if any(each.left_behind and each.member_id != event.member_id for each in owners):
                self._given.setdefault(event.group_id, {})[partition] = event.generation_id

    def _completed(self, event: trace.JoinCompleted) -> None:
        self._generations[event.group_id] = event.generation_id

    def _state(self, event: trace.GroupStateChanged) -> None:
        if event.state == "Dead":
            self._given.pop(event.group_id, None)
        if event.state != "Stable":
            return
        given = self._given.get(event.group_id, {})
        for partition, generation_id in list(given.items()):
            shared = len(self._views.holders(event.group_id, partition)) > 1
            if generation_id < event.generation_id and not shared:
                del given[partition]

    def _committed(self, fact: Committed) -> None:
        given = self._given.get(fact.group_id, {})
        generation_id = self._generations.get(fact.group_id, 0)
        for partition, offset in fact.offsets:
            if given.get(partition, generation_id) < generation_id:
                self._excused.add((fact.t, fact.group_id, partition, offset))
