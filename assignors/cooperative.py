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

import numpy as np
from numpy.typing import NDArray

from assignors.codec import (
    CodecError,
    decode_generation_user_data,
    encode_generation_user_data,
)
from assignors.columns import NOBODY, Subscriptions
from assignors.interface import (
    Assignor,
    Promise,
    RebalanceProtocol,
    assignor_promises,
    assignor_user_data,
    run_assignor,
)
from assignors.model import ClusterMetadata, GroupAssignment, PartitionSet, Subscription
from assignors.owners import OwnerColumn, assignment
from assignors.sticky import Soft, Solver, Spread, StickyAssignor


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
        group = Subscriptions.of(members)
        index = group.topics(cluster).index
        claimant = group.claimants(index)  # before the target, which may need them, too
        target = self.target(cluster, group)
        column = OwnerColumn.of(target, index)
        withheld = (claimant != NOBODY) & (claimant != column.owner)
        if not bool((withheld & (column.owner != NOBODY)).any()):
            return target
        owner = np.where(withheld, NOBODY, column.owner)
        return assignment(index, group.member_ids, owner, target.user_data)

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

    def __init__(
        self, spread: Spread = "auto", *, soft: Soft | None = None, solver: Solver = "auto"
    ) -> None:
        inner = StickyAssignor(spread=spread, soft=soft, solver=solver)
        super().__init__(inner, name="cooperative-sticky")

    def target(
        self, cluster: ClusterMetadata, members: Mapping[str, Subscription]
    ) -> GroupAssignment:
        """Where the group is heading; claims are owned partitions, never user data."""
        group = Subscriptions.of(members)
        plain = group.replaced(generations=_generations(group), user_data=[b""] * len(group))
        return super().target(cluster, plain)

    def user_data(self, topics: Sequence[str], owned: PartitionSet, generation_id: int) -> bytes:
        """The generation, int32; -1 before the first."""
        return encode_generation_user_data(generation_id)


def _generations(group: Subscriptions) -> NDArray[np.int64]:
    """The generation of each subscription, or, if it says none, that in the user data."""
    generations = group.generations.copy()
    for number in np.flatnonzero(generations < 0).tolist():
        user_data = group.user_data[number]
        if user_data:
            generations[number] = _generation(user_data)
    return generations


def _generation(user_data: bytes) -> int:
    try:
        return decode_generation_user_data(user_data)
    except CodecError:
        return -1
