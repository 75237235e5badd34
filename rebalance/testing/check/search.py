"""Looks for a group that breaks a promise, and makes it small.

The rule kept here: the same seed draws the same groups. Hypothesis draws; what it finds is made
small by `reducing`, since the code under test may loop, crash or answer at random.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeAlias

from rebalance.testing.needs import need

need("hypothesis", for_what="checking an assignor")

from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from assignors.errors import AssignorError  # noqa: E402
from assignors.interface import Promise  # noqa: E402
from assignors.model import GroupAssignment  # noqa: E402
from rebalance.testing.check.cases import CASES, Case  # noqa: E402
from rebalance.testing.check.judges import JUDGES, Broken, Judge, Unjudged, where  # noqa: E402
from rebalance.testing.check.patience import Patience  # noqa: E402
from rebalance.testing.check.reducing import reduced  # noqa: E402
from rebalance.testing.check.subject import NotAskedError, Subject  # noqa: E402
from rebalance.testing.groups import Group  # noqa: E402

Tick: TypeAlias = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """How many groups were judged, and the smallest that was found to break the promise.

    `seen`: that group with what its members send.
    """

    judged: int
    group: Group | None = None
    seen: Group | None = None
    broken: Broken | None = None
    left_out: str = ""


_MOST_DRAWN = 5
"""Groups are drawn, for each that is to be judged: not every one has something to say."""
_IN_VAIN = 200
"""Groups and churns after which, if none had, none will."""
_MOST_OVERDUE = 3
_MOST_SHRINKING_S = 15.0
_SENT = "what they own was sent as the assignor's own user data"


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
    """Judge so many groups by a promise; `judge` instead of the promise's own one.

    A group that says nothing about the promise does not count, but no more than five times as many
    are drawn, and hardly any if none ever says something; of a churn every group is judged. `tick`
    is called before each group.
    """
    asked = _Asked(subject, promise, examples, judge or JUDGES[promise], tick)
    for turn in range(_MOST_DRAWN):
        with suppress(_Stop):
            _draw(asked, subject, CASES[promise], examples, seed_ * _MOST_DRAWN + turn)
        in_vain = not asked.judged and (turn + 1) * examples >= _IN_VAIN
        if asked.over or in_vain:
            break
    return asked.smallest()


def _draw(
    asked: _Asked, subject: Subject, cases: st.SearchStrategy[Case], examples: int, seed_: int
) -> None:
    wire = st.booleans() if subject.has_user_data else st.just(False)

    @seed(seed_)
    @settings(
        max_examples=examples,
        phases=(Phase.generate,),
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases, wire)
    def look(case: Case, wire: bool) -> None:
        for group in _groups_of(subject, case):
            asked.fails(group, wire=wire)
            if asked.over:
                raise _Stop

    look()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failed:
    """A group that breaks the promise; `sent`: with what its members send, if that is asked of it.

    `wire`: whether it is.
    """

    group: Group
    wire: bool
    sent: Group
    broken: Broken


class _Asked:
    """Asks the judge, and remembers the last group that failed."""

    def __init__(
        self, subject: Subject, promise: Promise, examples: int, judge: Judge, tick: Tick
    ) -> None:
        self._subject = subject
        self._promise = promise
        self._examples = examples
        self._judge = judge
        self._tick = tick
        self._found: _Failed | None = None
        self._overdue_before = subject.limit.overdue
        self._patience = Patience(subject.limit, calls=_MOST_OVERDUE)
        self.judged = 0

    @property
    def over(self) -> bool:
        """Whether there is nothing more to look for, or no more patience to do so."""
        return self._found is not None or self._patience.over or self.judged >= self._examples

    def fails(self, group: Group, *, wire: bool = False) -> bool:
        """Whether this group breaks the promise; `wire`: with the user data of its members."""
        if self._patience.over:
            return False
        self._tick()
        if not group.members or (self._promise is Promise.VALID and not orderly(group)):
            return False
        try:
            # Each time anew: what a smaller group sends is not what the larger one sent.
            sent = self._subject.sending(group) if wire else group
            broken = self._judge(self._subject, sent)
        except Unjudged:
            return False
        except AssignorError as error:  # of `user_data`
            if self._promise is not Promise.VALID or isinstance(error, NotAskedError):
                return False
            sent = group
            broken = Broken(why=str(error), evidence=tuple(where(self._subject, error)))
        self.judged += 1
        if broken is None:
            return False
        if sent is not group:
            broken = replace(broken, evidence=(*broken.evidence, _SENT))
        self._found = _Failed(group=group, wire=wire, sent=sent, broken=broken)
        return True

    def smallest(self) -> Found:
        """What failed, if anything did, with nothing left to take away."""
        first, judged = self._found, self.judged
        if first is None:
            return Found(judged=judged, left_out=self._left_out())
        self._patience = Patience(self._subject.limit, seconds=_MOST_SHRINKING_S)
        reduced(first.group, lambda group: self.fails(group, wire=first.wire))
        found: _Failed | None = self._found
        if self._subject.limit.overdue > self._overdue_before:
            found = self._not_in_haste(found or first) or self._not_in_haste(first)
        if found is None:
            return Found(judged=judged - 1, left_out="a group for which it is slow at times")
        return Found(judged=judged, group=found.group, seen=found.sent, broken=found.broken)

    def _not_in_haste(self, failed: _Failed) -> _Failed | None:
        """The same, if it still fails when it has all the time."""
        limit = self._subject.limit
        limit.hasty = False
        self._patience = Patience(limit)
        confirmed = self.fails(failed.group, wire=failed.wire)
        limit.hasty = True
        return self._found if confirmed else None

    def _left_out(self) -> str:
        if not self._patience.over:
            return ""
        which = f"all but {self.judged} of" if self.judged else "all"
        return f"{which} {self._examples} groups, since the assignor does not always return"


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
    """The group, or every one that a churn leads to, also the last, to which there is no answer."""
    if isinstance(case, Group):
        yield case
        return
    asked: Group | None = None

    def answer(group: Group) -> GroupAssignment:
        nonlocal asked
        asked = group
        return subject.answer(group)

    try:
        for group, _ in case.play(answer):
            yield group
    except AssignorError:
        assert asked is not None
        yield asked
