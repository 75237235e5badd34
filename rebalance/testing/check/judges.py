"""What each promise means, as a question that one group can answer with no.

The rule kept here: the judges know plans and `assignors.quality`, and nothing of how an assignor
works. A judge returns None if the promise holds for this group, a `Broken` if not, and raises
`Unjudged` where there is nothing to judge: a group in which no valid plan could break the promise
is no witness for it, and a plan that is invalid is the business of `valid` and `conflict-proof`
alone.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from assignors.claims import settle
from assignors.errors import AssignorError
from assignors.interface import Promise
from assignors.model import GroupAssignment, PartitionSet
from assignors.quality import imbalance, movements
from rebalance.testing.check.hand_overs import balanced_further, moved_less
from rebalance.testing.check.subject import NotAskedError, Subject
from rebalance.testing.groups import Group, named


class Unjudged(Exception):  # noqa: N818 -- not an error
    """This group says nothing about this promise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """What is wrong with the answer to a group: a sentence, and lines of evidence."""

    why: str
    evidence: tuple[str, ...] = ()


Judge: TypeAlias = Callable[[Subject, Group], Broken | None]


def valid(subject: Subject, group: Group) -> Broken | None:
    """It answers with a plan that the group can follow."""
    try:
        subject.at_rest(group)
    except NotAskedError as error:
        raise Unjudged from error
    except AssignorError as error:
        return Broken(why=str(error), evidence=tuple(where(subject, error)))
    return None


def conflict_proof(subject: Subject, group: Group) -> Broken | None:
    """So it does with these claims, if it does without any.

    What fails without claims as well is the business of `valid`.
    """
    if not any(each.owned or each.user_data for each in group.members.values()):
        raise Unjudged
    broken = valid(subject, group)
    if broken is not None and valid(subject, group.without_claims()) is not None:
        raise Unjudged
    return broken


def balanced(subject: Subject, group: Group) -> Broken | None:
    """No plan has a smaller sum of squared loads."""
    _needs_choice(group)
    group, plan = _at_rest(subject, group)
    better = balanced_further(group.members, plan)
    if imbalance(better) == imbalance(plan):
        return None
    return Broken(
        why=f"the sum of squared loads is {imbalance(plan)}, where {imbalance(better)} is possible",
        evidence=(f"its plan: {_shown(plan)}", f"as good as possible: {_shown(better)}"),
    )


def minimal_moves(subject: Subject, group: Group) -> Broken | None:
    """No plan that is balanced leaves more with its settled owner.

    A plan that is not balanced is not judged here.
    """
    _needs_choice(group, owned=True)
    resting, plan = _at_rest(subject, group)
    if imbalance(balanced_further(resting.members, plan)) != imbalance(plan):
        raise Unjudged
    # Where two live members claim one partition, nobody may keep it before both have let go.
    for judged in (resting,) if _claimed_twice(group) else (resting, group):
        members = _plain(judged).members
        settled = settle(judged.cluster, members)
        owners = {
            (p.topic, p.partition): m for m in settled.member_ids for p in settled.owned_by(m)
        }
        better = moved_less(members, plan, owners)
        found = movements(judged.cluster, members, plan)
        least = movements(judged.cluster, members, better)
        if found > least:
            return Broken(
                why=f"{found} partition{'s leave' if found > 1 else ' leaves'} a live owner, "
                f"where {least} would do",
                evidence=(
                    f"its plan: {_shown(plan)}",
                    f"as balanced, with fewer moves: {_shown(better)}",
                ),
            )
    return None


def idempotent(subject: Subject, group: Group) -> Broken | None:
    """Once everybody owns what the plan says, the next plan is the same."""
    _needs_choice(group)
    group, plan = _at_rest(subject, group)
    try:
        again = subject.answer(subject.after(group, plan))
    except AssignorError as error:
        raise Unjudged from error
    if dict(again) == dict(plan):
        return None
    return Broken(
        why="the next plan, with nothing changed, is another one",
        evidence=(f"its plan: {_shown(plan)}", f"the next one: {_shown(again)}"),
    )


def deterministic(subject: Subject, group: Group) -> Broken | None:
    """Asked again, in another order of members, and after another group, it says the same.

    An answer that is no plan is to be the same, too, but says nothing if it is; neither does the
    plan of a member that is alone. Hash seeds are asked in processes of their own (hash_seeds.py).
    """
    first = outcome(subject, group)
    if (again := outcome(subject, group)) != first:
        return differing("asked twice the same, it gives two answers", first, again)
    for order in _orders(group):
        reordered = group.with_members({member: group.members[member] for member in order})
        if (other := outcome(subject, reordered)) != first:
            why = f"with the members in another order ({', '.join(order)}) the answer is another"
            return differing(why, first, other)
    outcome(subject, _another(group))
    if (later := outcome(subject, group)) != first:
        why = "after another group it answers differently: it keeps state"
        return differing(why, first, later)
    need_two(group, first)
    return None


def need_two(group: Group, answer: Outcome) -> None:
    """Raises Unjudged unless the answer is a plan for two members or more."""
    if not answer.valid or len(group.members) < 2:
        raise Unjudged


def cooperative_safe(subject: Subject, group: Group) -> Broken | None:
    """Nothing that a live member claims goes to another.

    Only a group in which something is to change hands says so: that it does in the end is seen in
    the plan at rest.
    """
    _needs_choice(group, owned=True)
    try:
        plan = subject.answer(group)
    except AssignorError as error:
        raise Unjudged from error
    for member, other, taken in _taken(group, plan):
        return Broken(
            why=f"{member} gets {named(taken)} while {other} still claims it",
            evidence=(f"its plan: {_shown(plan)}",),
        )
    _, resting = _at_rest(subject, group, plan)
    if not any(_taken(group, resting)):
        raise Unjudged
    return None


JUDGES: Mapping[Promise, Judge] = {
    Promise.VALID: valid,
    Promise.BALANCED: balanced,
    Promise.MINIMAL_MOVES: minimal_moves,
    Promise.IDEMPOTENT: idempotent,
    Promise.DETERMINISTIC: deterministic,
    Promise.CONFLICT_PROOF: conflict_proof,
    Promise.COOPERATIVE_SAFE: cooperative_safe,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """An answer as text, and whether it is a plan."""

    text: str
    valid: bool


def outcome(subject: Subject, group: Group) -> Outcome:
    """The answer, so that two processes can compare theirs; errors are answers too."""
    try:
        plan = subject.answer(group)
    except AssignorError as error:
        kind = type(error.__cause__ or error).__name__
        return Outcome(text=f"no valid plan: {kind}", valid=False)
    data = "".join(f" · {m} user data {each.hex()}" for m, each in plan.user_data.items())
    return Outcome(text=_shown(plan) + data, valid=True)


def _needs_choice(group: Group, *, owned: bool = False) -> None:
    """Raises Unjudged unless some partition (`owned`: claimed by somebody) may go to two."""
    claimed = {each.topic for member in group.members.values() for each in member.owned}
    for topic, count in group.cluster.partitions.items():
        subscribers = sum(topic in each.topics for each in group.members.values())
        if count and subscribers > 1 and (topic in claimed or not owned):
            return
    raise Unjudged


def _at_rest(
    subject: Subject, group: Group, plan: GroupAssignment | None = None
) -> tuple[Group, Mapping[str, PartitionSet]]:
    try:
        return subject.at_rest(group, plan)
    except AssignorError as error:
        raise Unjudged from error


def _plain(group: Group) -> Group:
    """What the members hold, said once: judges read `owned`, whatever the user data says."""
    return group.with_members(
        {m: replace(each, user_data=b"") for m, each in group.members.items()}
    )


def _taken(
    group: Group, plan: Mapping[str, PartitionSet]
) -> Iterator[tuple[str, str, PartitionSet]]:
    """A member, another, and what the one is given that the other claims."""
    claiming = {other: each.owned for other, each in group.members.items() if each.owned}
    for member, partitions in plan.items():
        for other, owned in claiming.items():
            taken = partitions & owned if partitions and other != member else None
            if taken:
                yield member, other, PartitionSet(taken)


def _claimed_twice(group: Group) -> bool:
    seen: set[tuple[str, int]] = set()
    for each in group.members.values():
        if not seen.isdisjoint(each.owned):
            return True
        seen.update(each.owned)
    return False


def _orders(group: Group) -> Iterator[tuple[str, ...]]:
    """Sorted, reversed, and the first one last; each once, though of two they are the same."""
    members = tuple(group.members)
    orders = (members, tuple(sorted(members)), members[::-1], members[1:] + members[:1])
    yield from list(dict.fromkeys(orders))[1:]


def _another(group: Group) -> Group:
    """A group in which everybody has other claims, and one member less is there."""
    members = list(group.members.items())[1:]
    every = PartitionSet(
        {t: range(count) for t, count in group.cluster.partitions.items() if count}
    )
    return group.with_members(
        {member: replace(each, owned=every, generation_id=9) for member, each in members}
    )


def differing(why: str, first: Outcome, second: Outcome) -> Broken:
    """Two answers that should be one."""
    return Broken(why=why, evidence=(f"first: {first.text}", f"then: {second.text}"))


def _shown(plan: Mapping[str, PartitionSet]) -> str:
    return " · ".join(f"{member} {named(plan[member])}" for member in sorted(plan)) or "nobody"


def where(subject: Subject, error: AssignorError) -> Iterator[str]:
    """The line of the assignor that raised, and the one that it called, if that is not its own."""
    cause = error.__cause__
    frames = traceback.extract_tb(cause.__traceback__) if cause is not None else []
    if not frames:
        return
    own = [each for each in frames if each.filename in subject.files]
    if own and own[-1] is not frames[-1]:
        yield f"raised in a call from {_at(own[-1])}"
    yield f"raised at {_at(frames[-1])}"


def _at(frame: traceback.FrameSummary) -> str:
    return f"{frame.filename}:{frame.lineno}, in {frame.name}"
