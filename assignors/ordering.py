"""The order in which Kafka's own assignors deal to members.

The rule kept here: static members first, by instance id, then dynamic ones, by member id, so that a
restarted static member gets the same place (KIP-345; Kafka's AbstractPartitionAssignor.MemberInfo).
"""

from __future__ import annotations

from collections.abc import Mapping

from assignors.model import Subscription


def java_order(text: str) -> bytes:
    """A sort key that orders strings as Java does: by UTF-16 units, not by code points."""
    return text.encode("utf-16-be", "surrogatepass")


def dealing_order(members: Mapping[str, Subscription]) -> list[str]:
    """Member ids in Kafka's MemberInfo order.

    Two members with one instance id (which a coordinator prevents) go by member id.
    """

    def key(member: str) -> tuple[bool, bytes, bytes]:
        instance = members[member].group_instance_id
        return instance is None, java_order(instance or ""), java_order(member)

    return sorted(members, key=key)


def places_by_topic(members: Mapping[str, Subscription], order: list[str]) -> dict[str, list[int]]:
    """Topic -> the places in `order` of its subscribers, ascending; a topic listed twice once."""
    places: dict[str, list[int]] = {}
    for place, member in enumerate(order):
        for topic in members[member].topics:
            places.setdefault(topic, []).append(place)
    return places
