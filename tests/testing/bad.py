"""Assignors that break a promise each; in a module, so that other processes can import them."""

from __future__ import annotations

import itertools
import json
import logging
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from assignors import ClusterMetadata, Promise, RangeAssignor, StickyAssignor, Subscription
from assignors.interface import RebalanceProtocol
from assignors.model import GroupAssignment, PartitionSet

Members = Mapping[str, Subscription]
Plan = dict[str, list[tuple[str, int]]]


def good(cluster: ClusterMetadata, members: Members) -> Plan:
    """`range`'s plan, to be spoiled."""
    return {m: list(each) for m, each in RangeAssignor().assign(cluster, members).items()}


class Forgets:
    """The last partition of a topic with three."""

    name = "forgets"

    def assign(self, cluster: ClusterMetadata, members: Members) -> Plan:
        return {m: [p for p in each if p[1] != 2] for m, each in good(cluster, members).items()}


class Doubles:
    """The first partition goes to everybody who subscribes."""

    name = "doubles"

    def assign(self, cluster: ClusterMetadata, members: Members) -> Plan:
        plan = good(cluster, members)
        for member, each in members.items():
            for topic in each.topics:
                if cluster.partitions.get(topic) and (topic, 0) not in plan[member]:
                    plan[member].append((topic, 0))
        return plan


class Invents:
    """A partition beyond the last of a topic."""

    name = "invents"

    def assign(self, cluster: ClusterMetadata, members: Members) -> Plan:
        plan = good(cluster, members)
        for member, each in plan.items():
            plan[member] = [*each, *((t, cluster.partitions[t]) for t, p in each if p == 1)]
        return plan


class IgnoresSubscriptions:
    """Deals to members that did not ask."""

    name = "ignores-subscriptions"

    def assign(self, cluster: ClusterMetadata, members: Members) -> Plan:
        plan: Plan = {member: [] for member in members}
        turn = itertools.cycle(sorted(members))
        for topic, count in cluster.partitions.items():
            if any(topic in each.topics for each in members.values()):
                for partition in range(count):
                    plan[next(turn)].append((topic, partition))
        return plan


class Raises:
    """Two members without a topic in common."""

    name = "raises"

    def assign(self, cluster: ClusterMetadata, members: Members) -> Plan:
        common = set.intersection(*(set(each.topics) for each in members.values()))
        if len(members) == 2 and not common:
            raise KeyError("no common topic")
        return good(cluster, members)


class Loops:
    """With two members that want one topic."""

    name = "loops"

    def assign(self, cluster: ClusterMetadata, members: Members) -> Plan:
        wanted = [t for each in members.values() for t in each.topics]
        while len(wanted) > len(set(wanted)):
            pass
        return good(cluster, members)


class LoopsLazily:
    """Returns at once, with partitions without end."""

    name = "loops-lazily"

    def assign(self, cluster: ClusterMetadata, members: Members) -> Mapping[str, Any]:
        plan = good(cluster, members)
        if 2 not in cluster.partitions.values():
            return plan
        return {member: self._partitions(cluster) for member in members}

    def _partitions(self, cluster: ClusterMetadata) -> Iterator[tuple[str, int]]:
        for topic, count in cluster.partitions.items():
            for partition in itertools.count() if count == 2 else range(count):
                yield topic, partition


class Mutates:
    """Takes the last member out of what it was given."""

    name = "mutates"

    def assign(self, cluster: ClusterMetadata, members: Members) -> Plan:
        plan = good(cluster, members)
        if len(members) > 1:
            members.popitem()  # type: ignore[attr-defined]
        return plan


class Remembers:
    """What it answered the first time is what it answers next time, if that is valid."""

    name = "remembers"

    def __init__(self) -> None:
        self._turn = 0

    def assign(self, cluster: ClusterMetadata, members: Members) -> Plan:
        if not members:
            return {}
        self._turn += len(members) != 2
        order = sorted(members)
        if self._turn % 2:
            order.reverse()
        plan: Plan = {member: [] for member in members}
        for topic, count in cluster.partitions.items():
            subscribers = [member for member in order if topic in members[member].topics]
            for partition in range(count if subscribers else 0):
                plan[subscribers[partition % len(subscribers)]].append((topic, partition))
        return plan


class ByArrival(Remembers):
    """Deals in the order in which members joined."""

    name = "by-arrival"

    def assign(self, cluster: ClusterMetadata, members: Members) -> Plan:
        plan: Plan = {member: [] for member in members}
        for topic, count in cluster.partitions.items():
            subscribers = [member for member in members if topic in members[member].topics]
            for partition in range(count if subscribers else 0):
                plan[subscribers[partition % len(subscribers)]].append((topic, partition))
        return plan


class ByHash:
    """Deals in the order of the hashes of names, as a set without collisions does."""

    name = "by-hash"

    def assign(self, cluster: ClusterMetadata, members: Members) -> Plan:
        plan: Plan = {member: [] for member in members}
        for topic, count in cluster.partitions.items():
            subscribers = sorted(
                (m for m, each in members.items() if topic in each.topics), key=hash
            )
            for partition in range(count if subscribers else 0):
                plan[subscribers[partition % len(subscribers)]].append((topic, partition))
        return plan


class Claiming:
    """Each member keeps what it claims, whoever else does; the rest goes to the first."""

    name = "claiming"
    promises = frozenset({Promise.VALID, Promise.CONFLICT_PROOF})

    def assign(self, cluster: ClusterMetadata, members: Members) -> Plan:
        plan = good(
            cluster, {m: replace(each, owned=PartitionSet()) for m, each in members.items()}
        )
        claimed = {p for each in members.values() for p in each.owned}
        for member, each in members.items():
            kept = [p for p in plan[member] if p not in claimed]
            plan[member] = kept + list(each.owned)
        return plan


class Unbalanced:
    """Says that it balances, and does what `range` does."""

    name = "unbalanced"
    promises = frozenset({Promise.BALANCED})

    def assign(self, cluster: ClusterMetadata, members: Members) -> Plan:
        return good(cluster, members)


class Forgetful:
    """Balances, and forgets who had what."""

    name = "forgetful"
    promises = frozenset({Promise.BALANCED, Promise.MINIMAL_MOVES})

    def assign(self, cluster: ClusterMetadata, members: Members) -> GroupAssignment:
        new = {m: replace(each, owned=PartitionSet()) for m, each in members.items()}
        return StickyAssignor().assign(cluster, new)


class AllToFirst:
    """Everything to the subscriber whose id comes first."""

    name = "all-to-first"

    def assign(self, cluster: ClusterMetadata, members: Members) -> Plan:
        plan: Plan = {member: [] for member in members}
        for topic, count in cluster.partitions.items():
            subscribers = sorted(m for m, each in members.items() if topic in each.topics)
            for member in subscribers[:1]:
                plan[member] += [(topic, partition) for partition in range(count)]
        return plan


class Rotates:
    """Each partition to the subscriber after the one that has it."""

    name = "rotates"
    promises = frozenset({Promise.IDEMPOTENT})

    def assign(self, cluster: ClusterMetadata, members: Members) -> Plan:
        plan: Plan = {member: [] for member in members}
        for topic, count in cluster.partitions.items():
            subscribers = sorted(m for m, each in members.items() if topic in each.topics)
            for partition in range(count if subscribers else 0):
                had = [
                    n for n, m in enumerate(subscribers) if (topic, partition) in members[m].owned
                ]
                turn = had[0] + 1 if had else 0
                plan[subscribers[turn % len(subscribers)]].append((topic, partition))
        return plan


class HandsOver(Forgetful):
    """Says that it cooperates, and hands over at once."""

    name = "hands-over"
    protocols = (RebalanceProtocol.COOPERATIVE,)
    promises = frozenset({Promise.COOPERATIVE_SAFE})


class WithholdsForEver:
    """Cooperates, and never hands over what another once had: it takes the claims for all."""

    name = "withholds-for-ever"
    protocols = (RebalanceProtocol.COOPERATIVE,)
    promises = frozenset({Promise.VALID, Promise.COOPERATIVE_SAFE})

    def assign(self, cluster: ClusterMetadata, members: Members) -> Plan:
        claimed = {p for each in members.values() for p in each.owned}
        plan = good(cluster, members)
        if not claimed:
            return plan
        return {m: [p for p in plan[m] if p in members[m].owned] for m in members}


class TakesTurns:
    """Cooperates, and withholds all that anybody has: what comes free, another lacks."""

    name = "takes-turns"
    protocols = (RebalanceProtocol.COOPERATIVE,)
    promises = frozenset({Promise.COOPERATIVE_SAFE})

    def assign(self, cluster: ClusterMetadata, members: Members) -> Plan:
        claimed = {p for each in members.values() for p in each.owned}
        return {
            m: [p for p in each if p not in claimed] for m, each in good(cluster, members).items()
        }


class RaisesInUserData:
    """Its members cannot join a second time."""

    name = "raises-in-user-data"

    def assign(self, cluster: ClusterMetadata, members: Members) -> Plan:
        return good(cluster, members)

    def user_data(self, topics: Any, owned: PartitionSet, generation_id: int) -> bytes:
        return bytes([len(owned) * 200])


class EndsItsProcess:
    """As a native library that crashes."""

    name = "ends-its-process"

    def assign(self, cluster: ClusterMetadata, members: Members) -> Plan:
        if len(members) == 3:
            os._exit(7)
        return good(cluster, members)


class EndsItsProcessForUserData:
    """Before it is asked for a plan."""

    name = "ends-its-process-for-user-data"

    def assign(self, cluster: ClusterMetadata, members: Members) -> Plan:
        return good(cluster, members)

    def user_data(self, topics: Any, owned: PartitionSet, generation_id: int) -> bytes:
        os._exit(9)


class HoldsTheInterpreter:
    """As a native library that does not return and does not let others run."""

    name = "holds-the-interpreter"

    def assign(self, cluster: ClusterMetadata, members: Members) -> Plan:
        if len(members) == 3:
            "a" in itertools.repeat("b")  # noqa: B015 -- a loop in C
        return good(cluster, members)


class Sleeps:
    """Never returns, and holds nothing."""

    name = "sleeps"

    def assign(self, cluster: ClusterMetadata, members: Members) -> Plan:
        while len(members) == 2:
            time.sleep(0.01)
        return good(cluster, members)


class AlwaysRaises:
    """Says that it balances, and never answers."""

    name = "always-raises"
    promises = frozenset({Promise.BALANCED})

    def assign(self, cluster: ClusterMetadata, members: Members) -> Plan:
        raise ZeroDivisionError


class ReturnsNone(AlwaysRaises):
    """As one does that forgot to return."""

    name = "returns-none"

    def assign(self, cluster: ClusterMetadata, members: Members) -> Any:
        return None


class OwnError(BaseException):
    """What no `except Exception` catches."""


class Escapes:
    """Raises what ends threads and processes."""

    name = "escapes"

    def __init__(self, error: type[BaseException] = KeyboardInterrupt) -> None:
        self.error = error

    def assign(self, cluster: ClusterMetadata, members: Members) -> Plan:
        if len(members) >= 2:
            raise self.error("on purpose")
        return good(cluster, members)


class LoopsForTwo(Loops):
    """And says that it balances as well."""

    name = "loops-for-two"
    promises = frozenset({Promise.VALID, Promise.BALANCED})


class NoRoomForTen:
    """Members beyond the ninth."""

    name = "no-room-for-ten"

    def assign(self, cluster: ClusterMetadata, members: Members) -> Plan:
        if len(members) >= 10:
            raise IndexError("nine is enough")
        return good(cluster, members)


class FirstDigit:
    """Partitions by the first digit of their number."""

    name = "first-digit"

    def assign(self, cluster: ClusterMetadata, members: Members) -> Plan:
        plan = good(cluster, members)
        return {m: [(t, int(str(p)[0])) for t, p in each] for m, each in plan.items()}


class FailsLater:
    """Not in the first generation."""

    name = "fails-later"

    def assign(self, cluster: ClusterMetadata, members: Members) -> Plan:
        if any(1 <= each.generation_id < 5 for each in members.values()):
            raise LookupError
        return good(cluster, members)


class CallsALibrary:
    """That raises, somewhere deep in it."""

    name = "calls-a-library"

    def assign(self, cluster: ClusterMetadata, members: Members) -> Plan:
        json.loads("no JSON")
        return good(cluster, members)


class NeverMade:
    """Its constructor says more than a line."""

    name = "never-made"

    def __init__(self) -> None:
        raise RuntimeError("two\nlines")

    def assign(self, cluster: ClusterMetadata, members: Members) -> Plan:
        return good(cluster, members)


class Warns:
    """Of everything."""

    name = "warns"

    def assign(self, cluster: ClusterMetadata, members: Members) -> Plan:
        logging.getLogger("warns").critical("%d members", len(members))
        return {m: [p for p in each if p[1] != 2] for m, each in good(cluster, members).items()}
