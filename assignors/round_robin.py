"""`roundrobin`: all partitions in order, dealt to the members in turn.

The rule kept here: the answer equals that of Kafka's RoundRobinAssignor. The turn passes over a
member that is not subscribed to the topic and goes on from there with the next topic.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from assignors.columns import Subscriptions
from assignors.interface import Promise
from assignors.model import ClusterMetadata, GroupAssignment, Subscription
from assignors.ordering import dealing_order, places_by_topic
from assignors.owners import assignment


@dataclass(frozen=True, slots=True)
class RoundRobinAssignor:
    """Partitions by topic and id, members in Kafka's order, one each in turn."""

    name: ClassVar[str] = "roundrobin"
    promises: ClassVar[frozenset[Promise]] = frozenset(
        {Promise.VALID, Promise.IDEMPOTENT, Promise.DETERMINISTIC, Promise.CONFLICT_PROOF}
    )

    def assign(
        self, cluster: ClusterMetadata, members: Mapping[str, Subscription]
    ) -> GroupAssignment:
        """See the class. Topics unknown to the cluster are skipped; claims are not looked at."""
        order = dealing_order(members)
        places = places_by_topic(members, order)
        index = Subscriptions.of(members).topics(cluster).index
        owner = np.empty(index.size, dtype=np.int32)
        turn = 0
        for topic in index.topics:
            subscribers = np.array(places[topic], dtype=np.int32)
            count, base = index.counts[topic], index.bases[topic]
            first = bisect_left(places[topic], turn)  # past the end: the circle closes
            dealt = subscribers[np.arange(first, first + count) % subscribers.size]
            owner[base : base + count] = dealt
            turn = int(dealt[-1]) + 1
        return assignment(index, order, owner)
