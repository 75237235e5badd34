"""A leader's assignor under a time limit, so that a slow one stalls nobody.

Why: while its assignor runs a leader sends no heartbeat, neither under aiokafka nor under
kafka-python, and everybody waits for its plan; one that takes longer than the session timeout is
thrown out, and the next leader begins anew. The rule kept here: the assignor runs in a thread of
its own, at most one for each consumer. What is not there when the limit has passed comes from
sticky, or cooperative-sticky, for the same subscriptions, and that is said aloud. The thread is a
daemon: an assignor in an endless loop holds up neither the consumer nor the end of the process.
No clock is here: each adapter waits as its client can, no longer than `limit_ms`.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Literal

from assignors.errors import AssignorError, AssignorFailedError
from assignors.interface import (
    Assignor,
    RebalanceProtocol,
    assignor_protocols,
    resolve,
    run_assignor,
)
from assignors.model import ClusterMetadata, GroupAssignment, Subscription

__all__ = ["Guard", "Replacement", "Run", "Worker"]

_log = logging.getLogger("rebalance.clients")

Members = Mapping[str, Subscription]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """How the assignor of a consumer is run when the consumer leads.

    `limit_ms`: how long it may take; None: a third of the smaller of the consumer's session and
    rebalance timeout. `fallback`: who answers in its place; None: "cooperative-sticky" for an
    assignor that cooperates, else "sticky". `on_failure`: what becomes of a member whose assignor
    raises or returns an invalid plan: it leaves the group and fails ("leave", rule M08), or the
    fallback answers ("fall back").
    """

    limit_ms: float | None = None
    fallback: Assignor | None = None
    on_failure: Literal["leave", "fall back"] = "leave"

    def __post_init__(self) -> None:
        if self.limit_ms is not None and not self.limit_ms > 0:
            raise ValueError(f"limit_ms={self.limit_ms!r}: give milliseconds above 0, or None")
        if self.on_failure not in ("leave", "fall back"):
            raise ValueError(f"on_failure={self.on_failure!r}: give 'leave' or 'fall back'")

    def limit_of(self, session_timeout_ms: float, rebalance_timeout_ms: float) -> float:
        """Milliseconds that an assignor has under these timeouts."""
        if self.limit_ms is not None:
            return self.limit_ms
        return min(session_timeout_ms, rebalance_timeout_ms) / 3

    def fallback_of(self, assignor: Assignor) -> Assignor:
        """Who answers in the place of `assignor`."""
        if self.fallback is not None:
            return self.fallback
        cooperates = RebalanceProtocol.COOPERATIVE in assignor_protocols(assignor)
        return resolve("cooperative-sticky" if cooperates else "sticky")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """The fallback answered in the place of the assignor; names as on the wire."""

    assignor: str
    replaced_by: str
    reason: str


class Run:
    """One call of an assignor. `answer()` is what its leader sends."""

    def __init__(
        self,
        guard: Guard,
        assignor: Assignor,
        cluster: ClusterMetadata,
        members: Members,
        *,
        limit_ms: float,
        tell: Callable[[Replacement], None],
        begun: bool,
    ) -> None:
        self.assignor = assignor
        self.cluster = cluster
        self.members = members
        self.limit_ms = limit_ms
        self._guard = guard
        self._tell = tell
        self._begun = begun
        self._outcome: Future[GroupAssignment] = Future()

    @property
    def over(self) -> bool:
        """There is nothing to wait for (any more)."""
        return not self._begun or self._outcome.done()

    def when_over(self, call: Callable[[], object]) -> None:
        """Call this once the assignor is done: in its thread, or at once."""
        if self._begun:
            self._outcome.add_done_callback(lambda _: call())
        else:
            call()

    def answer(self) -> GroupAssignment:
        """The assignor's plan, valid, if it is there by now; else the fallback's.

        Raises AssignorError if the assignor failed and that ends the membership, or if the fallback
        fails.
        """
        if not self._begun:
            return self._replaced("it is still at work on an earlier generation")
        if not self._outcome.done():
            return self._replaced(f"it gave no answer within {self.limit_ms:,.0f} ms")
        try:
            return self._outcome.result()
        except AssignorError as error:
            if self._guard.on_failure == "leave":
                raise
            return self._replaced(f"it failed: {error}")

    def work(self) -> None:
        """Run the assignor; whatever comes of it is the outcome."""
        try:
            plan = run_assignor(
                self.assignor, self.cluster, self.members, protocol=_strictest(self.assignor)
            )
        except AssignorError as error:
            self._outcome.set_exception(error)
        except BaseException as error:  # SystemExit: it ends this thread, not what it stands for
            failed = AssignorFailedError(f"assignor {self.assignor.name!r} raised {error!r}")
            failed.__cause__ = error
            self._outcome.set_exception(failed)
        else:
            self._outcome.set_result(plan)

    def _replaced(self, reason: str) -> GroupAssignment:
        fallback = self._guard.fallback_of(self.assignor)
        from assignors.optimized.member_data import holding  # late: few leaders ever get here

        members = {name: holding(each) for name, each in self.members.items()}
        plan = run_assignor(fallback, self.cluster, members, protocol=_strictest(self.assignor))
        _log.warning(
            "assignor %r: %s; %r answered in its place for %d members",
            self.assignor.name,
            reason,
            fallback.name,
            len(self.members),
        )
        self._tell(
            Replacement(assignor=self.assignor.name, replaced_by=fallback.name, reason=reason)
        )
        return plan


class Worker:
    """Runs the assignors of one consumer, one at a time."""

    def __init__(self, tell: Callable[[Replacement], None]) -> None:
        self._tell = tell
        self._last: Run | None = None

    def begin(
        self,
        guard: Guard,
        assignor: Assignor,
        cluster: ClusterMetadata,
        members: Members,
        *,
        limit_ms: float,
    ) -> Run:
        """Start the assignor in a thread, unless an earlier call of it never came back.

        An assignor that hangs thus costs one thread and not one for each rebalance.
        """
        free = self._last is None or self._last.over
        run = Run(guard, assignor, cluster, members, limit_ms=limit_ms, tell=self._tell, begun=free)
        if free:
            self._last = run
            name = f"assignor-{assignor.name}"
            threading.Thread(target=run.work, name=name, daemon=True).start()
        return run


def _strictest(assignor: Assignor) -> RebalanceProtocol:
    """A group may hold members that really cooperate; they consume while we assign (M06)."""
    return max(assignor_protocols(assignor))
