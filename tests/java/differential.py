"""Ours against Kafka's: many groups drawn, all answered by both, and the smallest that differs.

Rule: the same seed draws the same groups. They are asked in batches, which is fast; a group that is
answered otherwise is then made smaller, piece by piece, as long as it is answered otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from hypothesis import HealthCheck, Phase, given, seed, settings

from assignors.interface import Assignor, AssignorError, run_assignor
from tests.java.groups import DrawnGroup, DrawnMember, drawn_groups
from tests.java.oracle import Oracle, Plan, columns, plan_answer


@dataclass(eq=False)
class DisagreementError(AssertionError):
    """A group for which Kafka's class of the same wire name answers otherwise."""

    group: DrawnGroup
    assignor: str
    kafka: Plan
    ours: Plan | AssignorError

    def __str__(self) -> str:
        return (
            f"Kafka's {self.assignor} answers otherwise:\n  {self.group}\n"
            f"  Kafka: {_plain(self.kafka)}\n  ours:  {_plain(self.ours)}\n"
            f"to keep it: python -m tests.java.record --keep '{json.dumps(self.group.to_data())}'"
        )


def _plain(plan: Plan | AssignorError) -> object:
    if isinstance(plan, AssignorError):
        return plan
    return {member: columns(partitions) for member, partitions in plan.items()}


def draw(count: int, seed_number: int) -> list[DrawnGroup]:
    """So many groups, no two of them equal."""
    drawn: dict[str, DrawnGroup] = {}

    @seed(seed_number)
    @settings(
        max_examples=count + count // 5 + 10,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=[*HealthCheck],
    )
    @given(drawn_groups())
    def collect(group: DrawnGroup) -> None:
        drawn.setdefault(repr(group), group)

    collect()
    assert len(drawn) >= count, f"seed {seed_number} drew only {len(drawn)} different groups"
    return list(drawn.values())[:count]


def disagreements(
    oracle: Oracle, assignor: Assignor, groups: Sequence[DrawnGroup]
) -> list[DisagreementError]:
    """Those of the groups that are answered otherwise."""
    answers = oracle.ask(group.question(assignor.name) for group in groups)
    found: list[DisagreementError] = []
    for group, answer in zip(groups, answers, strict=True):
        kafka = plan_answer(answer)
        ours: Plan | AssignorError
        try:
            ours = dict(run_assignor(assignor, group.cluster, group.subscriptions))
        except AssignorError as error:
            ours = error
        if ours != kafka:
            found.append(
                DisagreementError(group=group, assignor=assignor.name, kafka=kafka, ours=ours)
            )
    return found


def compare(oracle: Oracle, assignor: Assignor, groups: Sequence[DrawnGroup]) -> None:
    """Pass if all answers are equal, else raise one `DisagreementError`, made small."""
    found = disagreements(oracle, assignor, groups)
    if found:
        print(f"{assignor.name}: {len(found)} of {len(groups)} groups are answered otherwise")
        raise _shrunk(oracle, assignor, min(found, key=lambda each: len(repr(each.group))))


def _shrunk(oracle: Oracle, assignor: Assignor, found: DisagreementError) -> DisagreementError:
    while smaller := disagreements(oracle, assignor, list(_smaller(found.group))):
        found = smaller[0]
    return found


def _smaller(group: DrawnGroup) -> Iterator[DrawnGroup]:
    """The group with one thing less, the largest things first."""
    for at in range(len(group.members)):
        yield replace(group, members=group.members[:at] + group.members[at + 1 :])
    for topic in group.topics:
        yield replace(group, topics={t: p for t, p in group.topics.items() if t != topic})
    for topic, partitions in group.topics.items():
        for at in range(len(partitions)):
            yield replace(
                group, topics=group.topics | {topic: partitions[:at] + partitions[at + 1 :]}
            )
    for at, member in enumerate(group.members):
        for less in _with_less(member):
            yield replace(group, members=(*group.members[:at], less, *group.members[at + 1 :]))
    for topic, partitions in group.topics.items():
        for at, racks in enumerate(partitions):
            for place in range(len(racks)):
                fewer = (racks[:place] + racks[place + 1 :],)
                yield replace(
                    group,
                    topics=group.topics | {topic: partitions[:at] + fewer + partitions[at + 1 :]},
                )


def _with_less(member: DrawnMember) -> Iterator[DrawnMember]:
    if member.instance is not None:
        yield replace(member, instance=None)
    if member.rack is not None:
        yield replace(member, rack=None)
    for at in range(len(member.topics)):
        yield replace(member, topics=member.topics[:at] + member.topics[at + 1 :])
