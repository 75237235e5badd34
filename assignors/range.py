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

from assignors.flat import FlatIndex
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
        index = FlatIndex.of_group(cluster, members)
        owner = np.empty(index.size, dtype=np.int32)
        subscribers = {topic: [order[place] for place in places[topic]] for topic in index.topics}
        near = owners_by_rack(cluster, members, index, subscribers)
        place_of = {member: place for place, member in enumerate(order)}
        for topic in index.topics:
            span = slice(index.bases[topic], index.bases[topic] + index.counts[topic])
            if near is not None:
                owner[span] = [place_of[member] for member in near[topic]]
                continue
            share, extra = divmod(index.counts[topic], len(places[topic]))
            lengths = np.full(len(places[topic]), share)
            lengths[:extra] += 1
            owner[span] = np.repeat(places[topic], lengths)
        return assignment(index, order, owner)
