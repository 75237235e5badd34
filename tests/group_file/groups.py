"""Any group that a file can hold, for Hypothesis: also names and claims that nobody would write."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from assignors.model import ClusterMetadata, PartitionSet, Subscription
from rebalance.group_file import GroupFile

ODD = [
    "on",
    "null",
    "1.0",
    "2024-01-01",
    "<<",
    "~",
    "=",
    "true",
    "08",
    "1e3",
    "0x1F",
    "- a",
    "a: b",
]
names = st.sampled_from(["orders", "payments", "a", *ODD]) | st.text(min_size=1, max_size=8)
weights = st.integers(0, 9).map(float) | st.floats(0, 1e9)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18) + 1, 10**18 - 1) | FINITE | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)

shares = st.floats(1e-6, 1e6)
limits = {"max_partitions": st.none() | st.integers(0, 99), "max_weight": weights}
capacities = shares | st.fixed_dictionaries({}, optional={"share": shares, **limits})
whats = names | st.fixed_dictionaries(
    {"topic": names}, optional={"partitions": st.lists(st.integers(0, 99), min_size=1, max_size=3)}
)
whos = (
    names
    | st.fixed_dictionaries({"label": st.dictionaries(names, names, min_size=1, max_size=1)})
    | st.fixed_dictionaries({"rack": names})
)
bans = st.fixed_dictionaries({"what": whats, "who": whos})
objectives = st.fixed_dictionaries(
    {}, optional={"balance": weights, "movement": weights, "rack": weights}
)
constraints = st.fixed_dictionaries(
    {},
    optional={
        "max_moves": st.none() | st.integers(0, 99),
        "bans": st.lists(bans, max_size=2),
        "capacity": st.lists(st.fixed_dictionaries({"who": whos}, optional=limits), max_size=2),
        "apart": st.lists(st.lists(names, min_size=2, max_size=3, unique=True), max_size=2),
    },
)


@st.composite
def group_files(draw: st.DrawFn) -> GroupFile:
    """Claims may be stale, conflicting, or on partitions that do not exist."""
    partitions = draw(st.dictionaries(names, st.integers(0, 5), max_size=3))
    rack_sets = st.frozensets(names, max_size=2)
    racked = [topic for topic in partitions if draw(st.booleans())]
    racks = {
        topic: draw(st.lists(rack_sets, min_size=partitions[topic], max_size=partitions[topic]))
        for topic in racked
    }
    known = st.sampled_from(sorted(partitions)) | names if partitions else names
    members = {
        member: Subscription(
            topics=draw(st.lists(known, max_size=3)),
            owned=PartitionSet(draw(st.lists(st.tuples(known, st.integers(0, 9)), max_size=6))),
            generation_id=draw(st.integers(-(2**31), 2**31 - 1) | st.integers(-1, 3)),
            group_instance_id=draw(st.none() | names),
            rack_id=draw(st.none() | names),
            user_data=draw(st.none() | st.binary(max_size=8)),
        )
        for member in draw(st.lists(names, max_size=3, unique=True))
    }
    return GroupFile(
        cluster=ClusterMetadata(partitions, racks),
        members=members,
        assignors=tuple(draw(st.lists(names, max_size=2))),
        weights={topic: draw(_weights(count)) for topic, count in partitions.items()},
        objective=draw(objectives),
        constraints=draw(constraints),
        capacity={member: draw(capacities) for member in members if draw(st.booleans())},
        labels={
            member: draw(st.dictionaries(names, names, min_size=1, max_size=2))
            for member in members
            if draw(st.booleans())
        },
    )


def _weights(count: int) -> st.SearchStrategy[Any]:
    return weights | st.lists(weights, min_size=count, max_size=count).map(tuple)
