"""The cooperative protocol, made out of any assignor (KIP-429).

The rule kept here: a partition that another live member still claims is given to nobody in this
rebalance. Its holder sees that it lost it, revokes it and joins again, and the next plan hands it
over. Eager or cooperative is therefore no concern of an algorithm.
That holds for every claim of a live member, also a stale one, and also against the settled owner:
it gets its partition withheld, and revokes it, while another member still claims it from an older
generation. Such a member may be processing the partition, and nothing in its claim says that it is
not; one more rebalance is the price of never having two owners.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from assignors.claims import contested
from assignors.codec import (
    CodecError,
    decode_generation_user_data,
    encode_generation_user_data,
)
from assignors.flat import FlatIndex
from assignors.interface import (
    Assignor,
    Promise,
    RebalanceProtocol,
    assignor_promises,
    assignor_user_data,
    run_assignor,
)
from assignors.model import ClusterMetadata, GroupAssignment, PartitionSet, Subscription
from assignors.sticky import Spread, StickyAssignor


class Cooperative:
    """`inner`, under the cooperative protocol (and still under the eager one).

    Its promises are those of `inner`, and cooperative-safe; balance and fewest moves hold once
    nothing is withheld, which takes at most two rebalances if nothing else happens.
    """

    protocols: tuple[RebalanceProtocol, ...] = (
        RebalanceProtocol.COOPERATIVE,
        RebalanceProtocol.EAGER,
    )

    def __init__(self, inner: Assignor, *, name: str | None = None) -> None:
        self.inner = inner
        self.name = name or f"cooperative-{inner.name}"
        self.promises = assignor_promises(inner) | {Promise.COOPERATIVE_SAFE}

    def __repr__(self) -> str:
        return f"Cooperative({self.inner!r}, name={self.name!r})"

    def assign(
        self, cluster: ClusterMetadata, members: Mapping[str, Subscription]
    ) -> GroupAssignment:
        """The plan of `inner` without what is still claimed by somebody else.

        Who planned to get it makes no difference: not even its settled owner keeps a partition that
        another member claims, however stale that claim is.
        Raises AssignorError if `inner` raises or its plan is invalid.
        """
        target = self.target(cluster, members)
        index = FlatIndex.of_group(cluster, members)
        claimant = contested(index, members)
        partitions: dict[str, PartitionSet] = {}
        for number, (member, planned) in enumerate(target.items()):
            numbers = index.numbers(planned)
            holder = claimant[numbers]
            free = (holder == -1) | (holder == number)
            partitions[member] = planned if bool(free.all()) else index.partitions(numbers[free])
        return GroupAssignment(partitions, target.user_data)

    def target(
        self, cluster: ClusterMetadata, members: Mapping[str, Subscription]
    ) -> GroupAssignment:
        """Where the group is heading: the plan of `inner` with nothing withheld."""
        return run_assignor(self.inner, cluster, members)

    def user_data(self, topics: Sequence[str], owned: PartitionSet, generation_id: int) -> bytes:
        """What `inner` sends."""
        return assignor_user_data(self.inner, topics, owned, generation_id)


class CooperativeStickyAssignor(Cooperative):
    """Kafka's `cooperative-sticky`: `Cooperative(StickyAssignor())` under that name.

    The user data is the member's generation, as Kafka's CooperativeStickyAssignor writes it, and is
    read from members whose subscription (v0, v1) has no field for it (KIP-792).
    """

    def __init__(self, spread: Spread = "contiguous") -> None:
        super().__init__(StickyAssignor(spread=spread), name="cooperative-sticky")

    def target(
        self, cluster: ClusterMetadata, members: Mapping[str, Subscription]
    ) -> GroupAssignment:
        """Where the group is heading; claims are owned partitions, never user data."""
        plain = {
            member: replace(each, generation_id=_generation(each), user_data=b"")
            for member, each in members.items()
        }
        return super().target(cluster, plain)

    def user_data(self, topics: Sequence[str], owned: PartitionSet, generation_id: int) -> bytes:
        """The generation, int32; -1 before the first."""
        return encode_generation_user_data(generation_id)


def _generation(subscription: Subscription) -> int:
    if subscription.generation_id >= 0 or not subscription.user_data:
        return subscription.generation_id
    try:
        return decode_generation_user_data(subscription.user_data)
    except CodecError:
        return -1
