"""The assignor under test, asked as a leader asks it.

The rule kept here: each question is a fresh one. The assignor gets a limited time, and what its
members would have sent on the wire where it has a say in that; what it answers is normalised and
validated as everywhere else (`run_assignor`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from assignors.claims import member_user_data
from assignors.errors import AssignorError, AssignorFailedError, InvalidPlanError
from assignors.interface import (
    Assignor,
    Promise,
    RebalanceProtocol,
    assignor_promises,
    assignor_protocols,
    run_assignor,
)
from assignors.model import GroupAssignment, PartitionSet, Subscription
from assignors.quality import violations
from rebalance.testing.check.limits import EscapedError, TimeLimit, TookTooLongError
from rebalance.testing.groups import Group

T = TypeVar("T")

MOST_ROUNDS = 2
"""Rebalances until a cooperative assignor withholds nothing, if nothing else happens."""


class NoAnswerError(AssignorError):
    """The assignor does not return in time."""


class NotAskedError(AssignorError):
    """The assignor was spared the question."""


class StillWithheldError(AssignorError):
    """A cooperative assignor still withholds what it was to hand over by now."""


class Subject:
    """An assignor, and how to ask it.

    `promises`: what it declares, and what it is to be held to besides. `files`: where its code is.
    """

    def __init__(
        self,
        assignor: Assignor,
        limit: TimeLimit,
        also: frozenset[Promise] = frozenset(),
    ) -> None:
        self.assignor = assignor
        self.limit = limit
        self.name = assignor.name
        self.protocols = assignor_protocols(assignor)
        self.promises = assignor_promises(assignor) | also
        self.files = frozenset(_files(assignor))
        self.has_user_data = callable(getattr(assignor, "user_data", None))
        self.cooperates = (
            RebalanceProtocol.COOPERATIVE in self.protocols
            and Promise.COOPERATIVE_SAFE in self.promises
        )

    def answer(self, group: Group) -> GroupAssignment:
        """Its plan for this group.

        Raises AssignorError if it raises (anything; also because it tries to change what it was
        given, which nobody can), takes too long, or its plan breaks a rule.
        """
        seen = self.seen(group)
        self.before(seen)
        return self._call(run_assignor, self.assignor, seen.cluster, seen.members)

    def before(self, group: Group) -> None:
        """Called before the assignor is asked about a group; may raise NotAskedError."""

    def seen(self, group: Group) -> Group:
        """The group as the leader's assignor sees it.

        A member that only knows the eager protocol has given up everything before it joins; if the
        assignor has user data of its own, the claim is there and nowhere else.
        """
        if not self.has_user_data or RebalanceProtocol.COOPERATIVE in self.protocols:
            return group
        return group.with_members(
            {
                member: replace(each, owned=PartitionSet()) if each.user_data else each
                for member, each in group.members.items()
            }
        )

    def sending(self, group: Group) -> Group:
        """The same members, each with the user data that this assignor sends for it.

        Raises AssignorError if the assignor's `user_data` raises.
        """
        if not self.has_user_data:
            return group
        self.before(group)
        return group.with_members(self._call(self._with_user_data, group))

    def _with_user_data(self, group: Group) -> dict[str, Subscription]:
        sent: dict[str, Subscription] = {}
        for member, each in group.members.items():
            data = each.user_data or member_user_data(
                self.assignor, each.topics, each.owned, each.generation_id
            )
            sent[member] = replace(each, user_data=data)
        return sent

    def _call(self, function: Callable[..., T], *arguments: Any) -> T:
        try:
            return self.limit.call(function, *arguments)
        except TookTooLongError as error:
            raise NoAnswerError(
                f"assignor {self.name!r} does not return ({error}): it loops, or is far too slow"
            ) from None
        except EscapedError as error:
            raise AssignorFailedError(
                f"assignor {self.name!r} raised {error}: fix it, or choose another"
            ) from error.__cause__

    def after(self, group: Group, plan: Mapping[str, PartitionSet]) -> Group:
        """The group as it joins next, once everybody owns what the plan says."""
        owning = group.owning(plan)
        sends = any(each.user_data for each in group.members.values())
        return self.sending(owning) if sends else owning

    def at_rest(
        self, group: Group, plan: GroupAssignment | None = None
    ) -> tuple[Group, GroupAssignment]:
        """The first group and plan in which nothing is withheld: of this rebalance or the next.

        `plan`: the first plan, if it is known. Raises AssignorError as `answer` does,
        StillWithheldError if the second withholds too.
        """
        plan = self.answer(group) if plan is None else plan
        if not self.cooperates:
            return group, plan
        for _ in range(MOST_ROUNDS - 1):
            if not _missing(group, plan):
                return group, plan
            group = self.after(group, plan)
            plan = self.answer(group)
        missing = _missing(group, plan)
        if missing:
            raise StillWithheldError(
                f"assignor {self.name!r} still withholds after {MOST_ROUNDS} rebalances: "
                f"partition {missing.partition} of {missing.topic!r} has no owner"
            )
        return group, plan


def _missing(group: Group, plan: Mapping[str, PartitionSet]) -> InvalidPlanError | None:
    return next(iter(violations(group.cluster, group.members, plan)), None)


def _files(assignor: object) -> Iterator[str]:
    """Of its class and those above; of a wrapper, what it wraps, which is the author's own."""
    inner = getattr(assignor, "foreign", getattr(assignor, "inner", None))
    if inner is not None:
        yield from _files(inner)
        return
    for kind in type(assignor).__mro__:
        file = getattr(sys.modules.get(kind.__module__), "__file__", None)
        if file is not None:
            yield file
