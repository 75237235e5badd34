"""The answer to a request about a group's offsets, of which the broker itself refused a part.

Why: OffsetCommit, TxnOffsetCommit and OffsetDelete are answered by two. The rule kept is Kafka's
order: first what does not exist, then what a coordinator said; a topic of which something is
missing is answered in one place, however often it is named. One that exists and of which nothing
is asked is left out, one that does not exist is not.
Source: the `Builder` of OffsetCommitResponse, TxnOffsetCommitResponse and OffsetDeleteResponse.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rebalance.broker.topics.topic import Topic
from rebalance.broker.wire.codec import Message
from rebalance.protocol.errors import ErrorCode

__all__ = ["TopicAnswer", "merged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicAnswer:
    """A topic as a request names it, with the answers of its partitions."""

    called: Message
    """Its name or id, or both: what its entry is called by."""
    exists: bool
    missing: Sequence[Message]
    """Of partitions that do not exist."""
    told: Sequence[Message]
    """Of those that do."""

    @classmethod
    def of(
        cls, called: Message, topic: Topic | None, answers: Iterable[tuple[int, ErrorCode]]
    ) -> TopicAnswer:
        """From each partition's number and error; `topic` is None where there is none."""
        missing: list[Message] = []
        told: list[Message] = []
        for index, error in answers:
            exists = topic is not None and topic.has(index)
            answer = {"partition_index": index, "error_code": error}
            (told if exists else missing).append(answer)
        return cls(called=called, exists=topic is not None, missing=missing, told=told)


def merged(topics: Sequence[TopicAnswer]) -> list[Message]:
    """The entries of the response."""
    entries: dict[tuple[object, ...], list[Message]] = {}
    for topic in topics:
        if topic.missing or not topic.exists:
            entries.setdefault(tuple(topic.called.values()), []).extend(topic.missing)
    answered = [topic for topic in topics if topic.told]
    if not entries:
        return [{**topic.called, "partitions": list(topic.told)} for topic in answered]
    called = {tuple(topic.called.values()): topic.called for topic in topics}
    for topic in answered:
        entries.setdefault(tuple(topic.called.values()), []).extend(topic.told)
    return [{**called[key], "partitions": partitions} for key, partitions in entries.items()]
