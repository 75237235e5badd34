"""What one of the people believes: its id, its generation, what a good client would do next.

It hears what the coordinator in memory answers; the brokers must answer the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.responses import (
    CoordinatorResponse,
    HeartbeatResponse,
    JoinGroupResponse,
    SyncGroupResponse,
)

_FORGET = frozenset({ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.FENCED_INSTANCE_ID})


@dataclass(slots=True, kw_only=True)
class Person:
    """One of the people; ids are those of the coordinator in memory."""

    name: str
    instance: str | None
    taken: set[str]
    """Ids that are somebody's, the same set for all: who joins with another's id stays itself."""
    ids: list[str] = field(default_factory=list)
    """All that it was ever given, in order; the brokers give theirs in the same order."""
    is_known: bool = False
    """It goes on with the last of its ids; else it begins anew."""
    generation: int = -1
    protocol: str = "range"
    stage: str = "out"

    @property
    def member_id(self) -> str:
        """What it calls itself."""
        return self.ids[-1] if self.is_known and self.ids else ""

    def next(self, *, waits: bool) -> str:
        """What a good client would do."""
        if waits:
            return "beat"
        return {"out": "join", "joined": "sync", "in": "beat"}[self.stage]

    def hears(self, answer: CoordinatorResponse) -> None:
        """An answer to one of its own requests."""
        if isinstance(answer, JoinGroupResponse):
            self._hears_joined(answer)
        elif isinstance(answer, SyncGroupResponse | HeartbeatResponse):
            self._hears_error(answer.error)
            if isinstance(answer, SyncGroupResponse) and answer.error is ErrorCode.NONE:
                self.stage = "in"

    def _hears_joined(self, answer: JoinGroupResponse) -> None:
        if answer.member_id not in self.taken:
            self.taken.add(answer.member_id)
            self.ids.append(answer.member_id)
        if answer.error is ErrorCode.MEMBER_ID_REQUIRED:
            self.is_known = True
        elif answer.error is ErrorCode.NONE:
            self.is_known = True
            self.generation, self.stage = answer.generation_id, "joined"
            self.protocol = answer.protocol_name or "range"
        else:
            self._hears_error(answer.error)

    def _hears_error(self, error: ErrorCode) -> None:
        if error is ErrorCode.NONE:
            return
        self.stage = "out"
        if error in _FORGET:
            self.is_known = False
