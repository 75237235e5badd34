"""`range`: each topic cut into contiguous blocks, one per subscriber. Kafka's default for years.

The rule kept here: the answer equals that of Kafka's RangeAssignor for a group without racks, so
that leaders in any language hand out the same plan. Topics with equally many partitions and the
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
        for topic in index.topics:
            subscribers = places[topic]
            count, base = index.counts[topic], index.bases[topic]
            share, extra = divmod(count, len(subscribers))
            lengths = np.full(len(subscribers), share)
            lengths[:extra] += 1
            owner[base : base + count] = np.repeat(subscribers, lengths)
        return GroupAssignment(index.plan(owner, order))
