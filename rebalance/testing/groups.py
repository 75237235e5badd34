"""One group as an assignor sees it: what strategies draw and what a counter-example is.

The rule kept here: it prints as what one would write. `repr` can be pasted into a test, `str` is
for people, and neither shows what is as usual.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from assignors.model import ClusterMetadata, Ids, PartitionSet, Subscription


class Group(NamedTuple):
    """The topics, and what each member subscribes to and claims; unpacks into the two.

    `members`: member id -> subscription, in the order in which they joined.
    """

    cluster: ClusterMetadata
    members: Mapping[str, Subscription]

    def with_members(self, members: Mapping[str, Subscription]) -> Group:
        """The same topics, other members."""
        return Group(self.cluster, dict(members))

    def owning(self, plan: Mapping[str, PartitionSet], generation_id: int | None = None) -> Group:
        """The members as they join next, owning what the plan gave them and nothing else."""
        known = max((each.generation_id for each in self.members.values()), default=-1)
        generation = known + 1 if generation_id is None else generation_id
        return self.with_members(
            {
                member: replace(each, owned=plan[member], generation_id=generation, user_data=b"")
                for member, each in self.members.items()
            }
        )

    def without_claims(self) -> Group:
        """As if every member had just been started."""
        return self.with_members(
            {
                member: replace(each, owned=PartitionSet(), generation_id=-1, user_data=b"")
                for member, each in self.members.items()
            }
        )

    @property
    def size(self) -> tuple[int, ...]:
        """How much there is to read; the smaller of two counter-examples is the better one."""
        claims = sum(len(each.owned) for each in self.members.values())
        return (
            len(self.members) + len(self.cluster.partitions),
            sum(self.cluster.partitions.values()),
            sum(len(each.topics) for each in self.members.values()),
            claims,
            sum(len(each.user_data or b"") for each in self.members.values()),
            sum(each.generation_id != -1 for each in self.members.values()),
            sum(each.rack_id is not None for each in self.members.values()),
            sum(each.group_instance_id is not None for each in self.members.values()),
        )

    def __repr__(self) -> str:
        members = ", ".join(f"{m!r}: {_call(each)}" for m, each in self.members.items())
        return f"Group({self.cluster!r}, {{{members}}})"

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> Iterator[str]:
        """A line for the topics, then one for each member in the order of joining."""
        counts = ", ".join(f"{topic}: {_topic(self, topic)}" for topic in self.cluster.partitions)
        yield f"topics {counts or 'none'}"
        for member, each in self.members.items():
            yield f"{member} {', '.join(_member(each))}"
        if not self.members:
            yield "no members"


def named(partitions: PartitionSet) -> str:
    """Partitions as people write them: `a0-3 b1`, `nothing`."""
    return " ".join(f"{t}{_runs(ids)}" for t, ids in partitions.by_topic.items()) or "nothing"


def _runs(ids: Ids) -> str:
    runs = []
    for _, numbered in groupby(enumerate(ids.tolist()), key=lambda pair: pair[1] - pair[0]):
        run = [number for _, number in numbered]
        runs.append(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}")
    return ",".join(runs)


def _topic(group: Group, topic: str) -> str:
    racks = group.cluster.racks.get(topic)
    count = str(group.cluster.partitions[topic])
    if racks is None:
        return count
    return f"{count} (racks {' | '.join(','.join(sorted(each)) or '-' for each in racks)})"


def _member(each: Subscription) -> Iterator[str]:
    yield f"subscribes to {' '.join(each.topics) or 'nothing'}"
    if each.owned:
        yield f"owns {named(each.owned)}"
    if each.generation_id != -1:
        yield f"generation {each.generation_id}"
    if each.group_instance_id is not None:
        yield f"instance {each.group_instance_id}"
    if each.rack_id is not None:
        yield f"rack {each.rack_id}"
    if each.user_data:
        yield f"user data {each.user_data.hex()}"
    if each.user_data is None:
        yield "user data null"


def _call(each: Subscription) -> str:
    written = [f"topics={list(each.topics)!r}"]
    if each.owned:
        owned = {topic: ids.tolist() for topic, ids in each.owned.by_topic.items()}
        written.append(f"owned=PartitionSet({owned!r})")
    if each.generation_id != -1:
        written.append(f"generation_id={each.generation_id}")
    if each.group_instance_id is not None:
        written.append(f"group_instance_id={each.group_instance_id!r}")
    if each.rack_id is not None:
        written.append(f"rack_id={each.rack_id!r}")
    if each.user_data != b"":
        written.append(f"user_data={each.user_data!r}")
    return f"Subscription({', '.join(written)})"
