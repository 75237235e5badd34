"""One consumer's lane of a trace: what it owns, and what is written when that changes.

Why: clients differ in what they tell a listener, a trace does not. The rule kept here: nothing is
written twice (what is not owned cannot be revoked), nothing after the end, and `t` never goes back,
although consumers of several threads may write into one trace.
"""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Literal

from assignors.model import PartitionSet
from rebalance.clients.guard import Replacement
from rebalance.timeline.trace import (
    Assigned,
    AssignorReplaced,
    Event,
    Joined,
    Joining,
    Lost,
    MemberFailed,
    MemberStarted,
    MemberStopped,
    Partitions,
    Revoked,
    Subscribed,
    Trace,
)

_writing = threading.Lock()  # one for all traces: it is held for an append


class Lane:
    """Writes for `member` of `group_id`, a name that is unique in `trace`.

    `clock` gives milliseconds since the trace began; default: `time.monotonic`, counted from the
    header's `started_at_ms`, or from now if the trace is still empty. Raises ValueError without a
    group id, or without a way to know when the trace began.
    """

    def __init__(
        self,
        trace: Trace,
        *,
        member: str,
        group_id: str | None,
        clock: Callable[[], int] | None = None,
    ) -> None:
        if not group_id:
            raise ValueError("no group to write of: give consumer= (of a group) or group_id=")
        self._trace = trace
        self._member = member
        self._group_id = group_id
        self._clock = clock or _since_start(trace)
        self._topics: tuple[str, ...] = ()
        self._state: Literal["new", "started", "stopped"] = "new"
        self.owned = PartitionSet()

    def start(self, topics: Iterable[str] = ()) -> None:
        """The consumer lives; only the first call writes."""
        if self._state == "new":
            self._state = "started"
            self._topics = tuple(sorted(topics))
            self._write(MemberStarted, topics=self._topics)

    def wants(self, topics: Iterable[str]) -> None:
        """Its subscription; written where it is another than before."""
        wanted = tuple(sorted(topics))
        if wanted != self._topics:
            self._topics = wanted
            self._write(Subscribed, topics=wanted)

    def joining(self, member_id: str) -> None:
        """It sends a JoinGroup."""
        self._write(Joining, member_id=member_id)

    def joined(self, member_id: str, generation_id: int, *, leader: bool) -> None:
        """It is in a generation."""
        self._write(Joined, member_id=member_id, generation_id=generation_id, leader=leader)

    def assigned(self, partitions: Iterable[tuple[str, int]], generation_id: int) -> None:
        """It owns these too, from now on."""
        new = PartitionSet(partitions)
        self.owned = self.owned | new
        self._write(Assigned, partitions=_columns(new), generation_id=generation_id)

    def gives_up(
        self, how: type[Revoked] | type[Lost], partitions: Iterable[tuple[str, int]] | None = None
    ) -> None:
        """It owns these no longer; None: all. What it did not own is left out."""
        gone = self.owned if partitions is None else self.owned & PartitionSet(partitions)
        self.owned = self.owned - gone
        if gone:
            self._write(how, partitions=_columns(gone))

    def replaced(self, replacement: Replacement, generation_id: int) -> None:
        """It led, and not its own assignor answered."""
        self._write(
            AssignorReplaced,
            assignor=replacement.assignor,
            replaced_by=replacement.replaced_by,
            reason=replacement.reason,
            generation_id=generation_id,
        )

    def failed(self, error: BaseException) -> None:
        """A fatal error ended its membership."""
        self.start()
        self.gives_up(Lost)
        self._write(MemberFailed, error=f"{type(error).__name__}: {error}")

    def stopped(self, how: Literal["closed", "crashed"] = "closed") -> None:
        """It is gone; nothing is written after this, nor if it never began."""
        if self._state == "started":
            self._write(MemberStopped, how=how)
            self._state, self.owned = "stopped", PartitionSet()

    def _write(self, kind: Callable[..., Event], **values: Any) -> None:
        if self._state == "stopped":
            return
        with _writing:
            # Clocks of several writers may differ by a millisecond; a trace never goes back.
            t = max(self._clock(), self._trace.last_t or 0)
            self._trace.add(kind(t=t, group_id=self._group_id, member=self._member, **values))


def _columns(partitions: PartitionSet) -> Partitions:
    return {topic: tuple(ids.tolist()) for topic, ids in partitions.by_topic.items()}


def _since_start(trace: Trace) -> Callable[[], int]:
    started_at_ms = trace.header.started_at_ms
    if started_at_ms is not None:
        passed_ms = time.time() * 1000 - started_at_ms
    elif trace.last_t is None:
        passed_ms = 0.0
    else:
        raise ValueError(
            "the trace has events and no started_at_ms: when did it begin? "
            "Give clock=, or Header(started_at_ms=...)"
        )
    origin = time.monotonic() * 1000 - passed_ms
    return lambda: max(0, int(time.monotonic() * 1000 - origin))
