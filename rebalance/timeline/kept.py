"""What is kept of a group's events while a trace is read: what its story needs, and no more.

Why: a trace of a day has a few events of each member in every rebalance, and a rebalance is told
by a handful of them. The first `WHOLE` are kept as they are (a page tells them on hover); of later
ones, once a coordinator tells its rebalances, those of members are folded into the few that say how
a rebalance went: who revoked last, who joined last, whose partitions came last. What the
coordinator says is always kept, of the steps of scripts a bounded number. Without a coordinator
members' events are all there is, and stay. What is not kept is counted.
"""

from dataclasses import replace

from rebalance.timeline.events import (
    Assigned,
    AssignmentSent,
    CommitRefused,
    Event,
    GroupWaits,
    JoinCompleted,
    Joining,
    Lost,
    Partitions,
    RebalanceStarted,
    RequestAnswered,
    RequestSent,
    Revoked,
    Step,
    Subscribed,
)

WHOLE = 40_000
"""So many events are kept as they are."""
STEPS = 20_000
"""So many later steps of scripts are kept too."""
_NO_STORY = (AssignmentSent, Subscribed, RequestSent, RequestAnswered)
_SOME: Partitions = {"": (0,)}
_NONE: Partitions = {}


class KeptEvents:
    """The events of one group and the world, in order, of partitions only whether there are any."""

    def __init__(self, whole: int = WHOLE, steps: int = STEPS) -> None:
        self._whole, self._steps = whole, steps
        self._dropped = {"events": 0, "steps": 0}
        self._kept: list[Event] = []
        self._last: dict[str, list[Event]] = {}
        """Of the rebalance in progress: the last of a kind, of two different members at most."""
        self._told = False
        self._generation_id: int | None = None
        """Of the rebalance in progress, once its join phase is over."""

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def left_out(self) -> dict[str, int]:
        """How many events of members, and how many steps, are not kept."""
        held = sum(len(events) for name, events in self._last.items() if name != GroupWaits.NAME)
        return self._dropped | {"events": self._dropped["events"] - held}

    def see(self, event: Event) -> None:
        """Take one event."""
        if isinstance(event, _NO_STORY):
            return
        if isinstance(event, RebalanceStarted):
            self._flush()
            self._told, self._generation_id = True, None
        elif isinstance(event, JoinCompleted):
            self._generation_id = event.generation_id
        if len(self._kept) < self._whole:
            self._kept.append(_slim(event))
        elif isinstance(event, Step):
            self._step(event)
        elif self._told:
            self._fold(event)
        else:
            self._kept.append(_slim(event))

    def all(self) -> tuple[Event, ...]:
        """What was kept so far."""
        folded = [event for events in self._last.values() for event in events]
        return tuple(sorted([*self._kept, *folded], key=lambda event: event.t))

    def _flush(self) -> None:
        for name, events in self._last.items():
            self._kept += events
            self._dropped["events"] -= 0 if name == GroupWaits.NAME else len(events)
        self._last = {}

    def _step(self, event: Step) -> None:
        if self._steps:
            self._kept.append(event)
            self._steps -= 1
        else:
            self._dropped["steps"] += 1

    def _fold(self, event: Event) -> None:
        """Keep what the coordinator says; of members' events the last."""
        if event.VIEW == "member" or isinstance(event, CommitRefused):
            self._dropped["events"] += 1  # until it turns out that it is one of the last
        joins = self._generation_id is None
        match event:
            case GroupWaits():
                if joins:
                    self._last[event.NAME] = [_slim(event)]
            case CommitRefused():
                pass
            case Revoked() | Joining() if joins:
                self._replace(event)
            case Assigned() if event.generation_id in (-1, self._generation_id):
                self._replace(event)
            case _ if event.VIEW != "member":
                self._kept.append(_slim(event))
            case _:
                pass

    def _replace(self, event: Revoked | Joining | Assigned) -> None:
        """`event` is the last of its kind now; the one before it stays where it is of another."""
        before = [e for e in self._last.get(event.NAME, ()) if e.member != event.member]  # type: ignore[attr-defined]
        self._last[event.NAME] = [*before[-1:], _slim(event)]


def _slim(event: Event) -> Event:
    """Without what only the ledgers need."""
    if isinstance(event, Assigned | Revoked | Lost):
        return replace(event, partitions=_SOME if any(event.partitions.values()) else _NONE)
    if isinstance(event, GroupWaits):
        return replace(event, members=event.members if len(event.members) == 1 else ())
    return replace(event, members=()) if isinstance(event, JoinCompleted) else event
