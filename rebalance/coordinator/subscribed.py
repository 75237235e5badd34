"""Which topics a group of type "consumer" reads, as far as the coordinator can tell (O05, A04).

Rule kept: what counts is what the members said when the last join phase completed. One member
whose metadata cannot be read makes all topics count as subscribed. Only the fields of version 0 are
looked at, and whatever the version says, as Kafka does.
Source: ClassicGroup.computeSubscribedTopics, isSubscribedToTopic.
"""

from assignors.codec import CodecError, decode_subscription
from rebalance.coordinator.classic_group import ClassicGroup

CONSUMER = "consumer"
_VERSION_0 = b"\0\0"


def is_consumer(group: ClassicGroup) -> bool:
    """Its members speak the consumer protocol (the classic one)."""
    return group.protocol_type == CONSUMER


def subscribed_topics(group: ClassicGroup) -> frozenset[str] | None:
    """The topics of all members; None when nobody can tell."""
    if not is_consumer(group) or group.subscriptions is None:
        return None
    topics: set[str] = set()
    try:
        for subscription in set(group.subscriptions):
            version, fields = subscription[:2], subscription[2:]
            topics.update(decode_subscription(_VERSION_0[: len(version)] + fields).topics)
    except CodecError:
        return None
    return frozenset(topics)


def is_subscribed(group: ClassicGroup, topics: frozenset[str] | None, topic: str) -> bool:
    """Whether `topic` counts as read, `topics` being what `subscribed_topics` said."""
    return is_consumer(group) if topics is None else topic in topics
