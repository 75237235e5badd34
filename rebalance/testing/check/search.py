"""Looks for a group that breaks a promise, and makes it small.

The rule kept here: the same seed draws the same groups. Hypothesis draws; what it finds is made
small by `reducing`, since the code under test may loop, crash or answer at random.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

from rebalance.testing.needs import need

need("hypothesis", for_what="checking an assignor")

from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from assignors.errors import AssignorError  # noqa: E402
from assignors.interface import Promise  # noqa: E402
from rebalance.testing.check.judges import JUDGES, Broken, Judge, Unjudged  # noqa: E402
from rebalance.testing.check.reducing import reduced  # noqa: E402
from rebalance.testing.check.subject import Subject  # noqa: E402
from rebalance.testing.churn import Churn  # noqa: E402
from rebalance.testing.groups import Group  # noqa: E402
from rebalance.testing.strategies import churns, groups  # noqa: E402

Case: TypeAlias = Group | Churn
Tick: TypeAlias = Callable[[], None]

# A leader is a member: no assignor is asked about a group without one.
_LIKELY = groups(claims="valid", racks=True, min_members=1)
_FRESH = groups(claims="none", max_members=6, min_members=2, static=False, missing=False)
_STATIC = groups(claims="none", min_members=3, missing=False)
_HANDED = groups(
    claims="valid", max_topics=2, max_partitions=2, min_members=2, static=False, missing=False
)
_ANY = groups(claims="any", racks=True, min_members=1)
_CLAIMING = groups(claims="any", min_members=2, static=False, missing=False)
_HOSTILE = groups(claims="any", racks=True, user_data=True, min_members=1)

_CASES: Mapping[Promise, st.SearchStrategy[Case]] = {
    Promise.VALID: _LIKELY | _LIKELY | churns(),
    Promise.BALANCED: _FRESH | _ANY | _LIKELY | churns(),
    Promise.MINIMAL_MOVES: _HANDED | _LIKELY | _ANY | churns(),
    Promise.IDEMPOTENT: _ANY | _LIKELY | churns(),
    Promise.DETERMINISTIC: _STATIC | _ANY | _HOSTILE,
    Promise.CONFLICT_PROOF: _CLAIMING | _ANY | _HOSTILE,
    Promise.COOPERATIVE_SAFE: _CLAIMING | _HOSTILE | churns(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """How many groups were judged, and the smallest that was found to break the promise."""

    judged: int
    group: Group | None = None
    broken: Broken | None = None
    left_out: str = ""


_MOST_OVERDUE = 40


class _Stop(BaseException):
    """Ends Hypothesis' run: the first counter-example is enough, we make it small ourselves."""


def search(
    subject: Subject,
    promise: Promise,
    *,
    examples: int,
    seed_: int,
    judge: Judge | None = None,
    tick: Tick = lambda: None,
) -> Found:
    """Judge so many examples of a promise; `judge` instead of the promise's own one.

    An example is a group, or a churn, of which every group is judged. `tick` is called before each.
    """
    asked = _Asked(subject, promise, judge or JUDGES[promise], tick)
    wire = st.booleans() if subject.has_user_data else st.just(False)

    @seed(seed_)
    @settings(
        max_examples=examples,
        phases=(Phase.generate,),
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(_CASES[promise], wire)
    def look(case: Case, wire: bool) -> None:
        for group in _groups_of(subject, case):
            if asked.fails(group, wire=wire) or asked.impatient:
                raise _Stop

    with suppress(_Stop):
        look()
    return asked.smallest()


class _Asked:
    """Asks the judge, and remembers the last group that failed."""

    def __init__(self, subject: Subject, promise: Promise, judge: Judge, tick: Tick) -> None:
        self._subject = subject
        self._promise = promise
        self._judge = judge
        self._tick = tick
        self._found: tuple[Group, Broken] | None = None
        self._wire = False
        self._overdue_before = subject.limit.overdue
        self.judged = 0

    def fails(self, group: Group, *, wire: bool = False) -> bool:
        """Whether this group breaks the promise; `wire`: with the user data of its members."""
        self._tick()
        if (
            self.impatient
            or not group.members
            or (self._promise is Promise.VALID and not orderly(group))
        ):
            return False
        try:
            if wire:
                group = self._subject.sending(group)
                wire = False  # the group has it now
            broken = self._judge(self._subject, group)
        except Unjudged:
            return False
        except AssignorError as error:  # of `user_data`
            broken = Broken(why=str(error)) if self._promise is Promise.VALID else None
        self.judged += 1
        if broken is None:
            return False
        self._found, self._wire = (group, broken), wire
        return True

    @property
    def impatient(self) -> bool:
        """Whether too many answers were overdue by now; each costs time."""
        return self._subject.limit.overdue - self._overdue_before > _MOST_OVERDUE

    def smallest(self) -> Found:
        """What failed, if anything did, with nothing left to take away."""
        if self._found is None:
            return Found(judged=self.judged)
        first, judged = self._found, self.judged
        wire = self._wire
        reduced(first[0], lambda group: self.fails(group, wire=wire))
        group, broken = self._found
        if self._subject.limit.overdue > self._overdue_before:
            group, broken = self._not_in_haste(first)
        return Found(judged=judged, group=group, broken=broken)

    def _not_in_haste(self, first: tuple[Group, Broken]) -> tuple[Group, Broken]:
        """The smallest one, if it still fails when it has all the time; else the first."""
        assert self._found is not None
        limit = self._subject.limit
        limit.hasty = False
        self._overdue_before = limit.overdue
        confirmed = self.fails(self._found[0], wire=self._wire)
        limit.hasty = True
        return self._found if confirmed else first


def orderly(group: Group) -> bool:
    """Whether the claims can all be true at once.

    Of one generation, on partitions that exist, of topics that the claimant subscribes to, and no
    partition twice.
    """
    claimed: set[tuple[str, int]] = set()
    generations: set[int] = set()
    for each in group.members.values():
        if each.owned:
            generations.add(each.generation_id)
        for topic, partition in each.owned:
            exists = partition < group.cluster.partitions.get(topic, 0)
            if not exists or topic not in each.topics or (topic, partition) in claimed:
                return False
            claimed.add((topic, partition))
    return len(generations) <= 1


def _groups_of(subject: Subject, case: Case) -> Iterator[Group]:
    if isinstance(case, Group):
        yield case
        return
    answered = case.play(subject.answer)
    while True:
        try:
            group, _ = next(answered)
        except (StopIteration, AssignorError):
            return
        yield group
