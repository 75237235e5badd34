"""G04, J10, J11, S04: how long a group may wait, and for whom.

Why: a rebalance that ends too early leaves somebody out, one that ends too late stops everybody;
neither breaks an owner. Rule kept: what the coordinator knows is taken from its snapshot, how long
it took from its own clock.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from rebalance.coordinator.snapshot import GroupSnapshot
from rebalance.protocol.causes import Cause
from rebalance.protocol.requests import JoinGroupRequest
from rebalance.simulation.checkers.checker import Look, Report, Snapshot
from rebalance.simulation.checkers.coordinator_clock import (
    ClockOf,
    Reading,
    elapsed_ms,
    late_ms,
)
from rebalance.simulation.checkers.wire_facts import Answer, Arrival
from rebalance.timeline import trace

__all__ = ["InitialDelayHolds", "JoinPhaseEnds", "NobodyLeftOut", "SyncPhaseEnds"]

_WITHOUT_MEMBERS = (None, "Empty", "Dead")
"""What a group was last heard to be where it begins from nothing. Of one that died nothing is heard
when it is loaded without members (P03)."""


def _timeout_ms(group: GroupSnapshot | None) -> int:
    """Rule G05."""
    members = () if group is None else group.members
    return max((member.rebalance_timeout_ms for member in members), default=0)


@dataclass(slots=True, kw_only=True)
class _Phase:
    """A join phase under way; times in ms of the coordinator's clock."""

    began: Reading
    initial: bool
    """Out of Empty: it ends by its delay."""
    timeout_ms: int
    """Of those that are left once all that began it has happened."""
    most_ms: int
    """Of those that were there as its timer was armed, perhaps."""
    has_static: bool
    """A static member was there as it began: without anybody it waits anew (G06)."""
    shortened: bool
    """Somebody was given up on meanwhile, or may be without a word: an id that is pending."""


class _JoinPhases:
    """What all of these follow: when a group's join phase began."""

    RULE: ClassVar[str]

    def __init__(self, snapshot: Snapshot, clock_of: ClockOf, report: Report) -> None:
        self._snapshot = snapshot
        self._clock_of = clock_of
        self._report = report
        self._phases: dict[str, _Phase] = {}
        self._states: dict[str, str] = {}
        self._last_ms: dict[str, int] = {}
        """Group -> the rebalance timeout of its last generation"""

    def looks(self) -> Mapping[object, Look]:
        """Everything between the news of a rebalance and its generation."""
        return {
            trace.RebalanceStarted: self._began,
            trace.GroupStateChanged: self._moved,
            trace.MemberRemoved: self._removed,
            trace.JoinCompleted: self._completed,
        }

    def _began(self, event: trace.RebalanceStarted) -> None:
        group = self._snapshot(event.group_id)
        self._phases[event.group_id] = _Phase(
            began=self._clock_of(event.group_id),
            initial=self._states.get(event.group_id) in _WITHOUT_MEMBERS,
            timeout_ms=_timeout_ms(group),
            most_ms=_timeout_ms(group),
            has_static=group is not None and any(m.group_instance_id for m in group.members),
            shortened=bool(group and group.pending_member_ids),
        )

    def _moved(self, event: trace.GroupStateChanged) -> None:
        self._states[event.group_id] = event.state
        if event.state in ("Empty", "Dead"):
            self._phases.pop(event.group_id, None)

    def _removed(self, event: trace.MemberRemoved) -> None:
        phase = self._phases.get(event.group_id)
        if phase is not None:
            phase.shortened = True
            took_ms = elapsed_ms(phase.began, self._clock_of(event.group_id))
            if not took_ms:  # as it began, and it may have been the one with the longest timeout
                phase.most_ms = max(phase.most_ms, self._last_ms.get(event.group_id, 0))
            self._given_up(event, phase, took_ms)

    def _completed(self, event: trace.JoinCompleted) -> None:
        self._last_ms[event.group_id] = _timeout_ms(self._snapshot(event.group_id))
        phase = self._phases.pop(event.group_id, None)
        if phase is not None:
            self._ended(event, phase, self._clock_of(event.group_id))

    def _given_up(self, event: trace.MemberRemoved, phase: _Phase, took_ms: int) -> None:
        """A member is out while the phase is on."""

    def _ended(self, event: trace.JoinCompleted, phase: _Phase, now: Reading) -> None:
        """The phase is over."""


class NobodyLeftOut(_JoinPhases):
    """A join phase that ends before its timeout ends with everybody who has an id (G04)."""

    RULE: ClassVar[str] = "G04"

    def _given_up(self, event: trace.MemberRemoved, phase: _Phase, took_ms: int) -> None:
        if event.cause == Cause.REJOIN_EXPIRED.value and took_ms < phase.timeout_ms:
            self._report(
                self,
                event.t,
                f"{event.member_id} of {event.group_id} was given up on after {took_ms} ms of the "
                f"{phase.timeout_ms} ms it has to join again",
                code="given up on",
            )

    def _ended(self, event: trace.JoinCompleted, phase: _Phase, now: Reading) -> None:
        took_ms = elapsed_ms(phase.began, now)
        group = self._snapshot(event.group_id)
        pending = group.pending_member_ids if group is not None else ()
        if pending and not phase.initial and took_ms < phase.timeout_ms:
            self._report(
                self,
                event.t,
                f"generation {event.generation_id} of {event.group_id} began without "
                f"{', '.join(pending)}, which was given an id and {phase.timeout_ms} ms to join",
                code="begun without",
            )


class JoinPhaseEnds(_JoinPhases):
    """Nobody waits longer than the rebalance timeout for who does not join again (J11).

    With static members it may: while none of those that are here joined, it waits anew (G06).
    """

    RULE: ClassVar[str] = "J11"

    def __init__(self, snapshot: Snapshot, clock_of: ClockOf, report: Report) -> None:
        super().__init__(snapshot, clock_of, report)
        self._parked: dict[str, dict[Hashable, int]] = {}
        """Group -> requests to join that are not answered, and when they came (its clock's ms)."""

    def looks(self) -> Mapping[object, Look]:
        """Also who joined, and when."""
        return {
            **super().looks(),
            (Arrival, JoinGroupRequest): self._asks,
            (Answer, JoinGroupRequest): self._answered,
        }

    def _asks(self, fact: Arrival) -> None:
        assert isinstance(fact.request, JoinGroupRequest)
        group_id = fact.request.group_id
        self._parked.setdefault(group_id, {})[fact.token] = self._clock_of(group_id).shown_ms

    def _answered(self, fact: Answer) -> None:
        assert isinstance(fact.request, JoinGroupRequest)
        self._parked.get(fact.request.group_id, {}).pop(fact.token, None)

    def _moved(self, event: trace.GroupStateChanged) -> None:
        super()._moved(event)
        if event.state == "Dead":
            self._parked.pop(event.group_id, None)

    def _ended(self, event: trace.JoinCompleted, phase: _Phase, now: Reading) -> None:
        parked = self._parked.pop(event.group_id, {})
        first_ms = max(min(parked.values(), default=now.shown_ms) - phase.began.shown_ms, 0)
        waits = first_ms // phase.most_ms if phase.has_static and phase.most_ms else 0
        if not phase.initial and late_ms(phase.began, now, phase.most_ms * (1 + waits)) > 0:
            self._report(
                self,
                event.t,
                f"{event.group_id} waited {elapsed_ms(phase.began, now)} ms for members to join, "
                f"and the first had joined after {first_ms} ms; {phase.most_ms} ms is its "
                "rebalance timeout",
            )


class InitialDelayHolds(_JoinPhases):
    """The first members of a group wait for others, however many have joined (J10)."""

    RULE: ClassVar[str] = "J10"

    def __init__(
        self, delay_ms: int, snapshot: Snapshot, clock_of: ClockOf, report: Report
    ) -> None:
        super().__init__(snapshot, clock_of, report)
        self._delay_ms = delay_ms

    def _ended(self, event: trace.JoinCompleted, phase: _Phase, now: Reading) -> None:
        took_ms = elapsed_ms(phase.began, now)
        if phase.initial and not phase.shortened and took_ms < self._delay_ms:
            self._report(
                self,
                event.t,
                f"the first generation of {event.group_id} began after {took_ms} ms, not after "
                f"the initial delay of {self._delay_ms} ms",
            )


class SyncPhaseEnds:
    """Who joined and does not sync is not waited for longer than the rebalance timeout (S04).

    Nor is the log, but for a write that began before it was over.
    """

    RULE: ClassVar[str] = "S04"

    def __init__(self, snapshot: Snapshot, clock_of: ClockOf, report: Report) -> None:
        self._snapshot = snapshot
        self._clock_of = clock_of
        self._report = report
        self._began: dict[str, tuple[Reading, int]] = {}
        """Group -> when it began to complete, and its rebalance timeout (ms)."""

    def looks(self) -> Mapping[type, Look]:
        """From a generation to whatever ends its Completing."""
        return {trace.JoinCompleted: self._joined, trace.GroupStateChanged: self._moved}

    def _joined(self, event: trace.JoinCompleted) -> None:
        timeout_ms = _timeout_ms(self._snapshot(event.group_id))
        self._began[event.group_id] = self._clock_of(event.group_id), timeout_ms

    def _moved(self, event: trace.GroupStateChanged) -> None:
        if event.previous != "CompletingRebalance":
            return
        began, timeout_ms = self._began.pop(event.group_id)
        if event.state == "Dead":
            return  # its coordinator went
        now = self._clock_of(event.group_id)
        if late_ms(began, now, timeout_ms) > 0:
            self._report(
                self,
                event.t,
                f"{event.group_id} was completing for {elapsed_ms(began, now)} ms; {timeout_ms} ms "
                "is its rebalance timeout",
            )
