"""`range`: each topic cut into contiguous blocks, one per subscriber. Kafka's default for years.

The rule kept here: the answer equals that of Kafka's RangeAssignor, racks included, so that leaders
in any language hand out the same plan. Topics with equally many partitions and the
same subscribers are co-partitioned by construction: a member gets the same ids of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from assignors.columns import Subscriptions
from assignors.interface import Promise
from assignors.model import ClusterMetadata, GroupAssignment, Subscription
from assignors.ordering import dealing_order, places_by_topic
from assignors.owners import assignment
from assignors.range_racks import owners_by_rack


@dataclass(frozen=True, slots=True)
class RangeAssignor:
    """Per topic: partitions in order, members in Kafka's order, the first ones get one more."""

    name: ClassVar[str] = "range"
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
        subscribers = {topic: [order[place] for place in places[topic]] for topic in index.topics}
        near = owners_by_rack(cluster, members, index, subscribers)
        if near is not None:
            place_of = {member: place for place, member in enumerate(order)}
            owner = [place_of[member] for topic in index.topics for member in near[topic]]
            return assignment(index, order, np.array(owner, dtype=np.int32))
        blocks = [np.empty(0, dtype=np.int32)]
        dealt: tuple[int, list[int]] = (0, [])
        for topic, count in index.counts.items():
            if dealt != (count, places[topic]):  # mostly as the topic before
                dealt = (count, places[topic])
                share, extra = divmod(count, len(places[topic]))
                lengths = [share + 1] * extra + [share] * (len(places[topic]) - extra)
                block = np.array(places[topic], dtype=np.int32).repeat(lengths)
            blocks.append(block)
        return assignment(index, order, np.concatenate(blocks))
