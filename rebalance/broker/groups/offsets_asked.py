"""The partitions that a commit names, what of them exists, and the answer for each.

Why: OffsetCommit and TxnOffsetCommit ask in the same shape, by name and later by topic id. The rule
kept: what does not exist is refused here and never reaches a coordinator (O03, O09).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assignors.model import TopicPartition
from rebalance.broker.groups.partition_answers import TopicAnswer, merged
from rebalance.broker.state import BrokerState
from rebalance.broker.topics.topics import Topic
from rebalance.broker.wire.codec import Message
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import OffsetToCommit
from rebalance.protocol.responses import CommittedPartition

__all__ = ["OffsetsAsked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetsAsked:
    """What a request names, with the topic where there is one. `by_id`: how it names topics."""

    found: tuple[tuple[Message, Topic | None], ...]
    by_id: bool

    @classmethod
    def of(cls, state: BrokerState, topics: Sequence[Message], *, by_id: bool) -> OffsetsAsked:
        """Look every topic up."""
        store = state.topics
        found = (
            (each, store.by_id(each["topic_id"]) if by_id else store.get(each["name"]))
            for each in topics
        )
        return cls(found=tuple(found), by_id=by_id)

    @property
    def offsets(self) -> tuple[OffsetToCommit, ...]:
        """Of the partitions that exist."""
        return tuple(
            OffsetToCommit(
                partition=TopicPartition(topic.name, part["partition_index"]),
                offset=part["committed_offset"],
                leader_epoch=part.get("committed_leader_epoch", -1),
                metadata=part["committed_metadata"],
                topic_id=topic.topic_id.bytes,
            )
            for entry, topic in self.found
            if topic is not None
            for part in entry["partitions"]
            if topic.has(part["partition_index"])
        )

    def answer(self, answers: Sequence[CommittedPartition]) -> Message:
        """The response: what a coordinator said, and what is missing."""
        errors = {each.partition: each.error for each in answers}
        return {"topics": merged([self._answered(*each, errors) for each in self.found])}

    def _answered(
        self, entry: Message, topic: Topic | None, errors: Mapping[TopicPartition, ErrorCode]
    ) -> TopicAnswer:
        called = {"name": entry.get("name"), "topic_id": entry.get("topic_id")}
        answers = [
            (part["partition_index"], self._error(topic, part, errors))
            for part in entry["partitions"]
        ]
        return TopicAnswer.of(called, topic, answers)

    def _error(
        self, topic: Topic | None, part: Message, errors: Mapping[TopicPartition, ErrorCode]
    ) -> ErrorCode:
        if topic is None and self.by_id:
            return ErrorCode.UNKNOWN_TOPIC_ID
        name = "" if topic is None else topic.name
        partition = TopicPartition(name, part["partition_index"])
        return errors.get(partition, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
