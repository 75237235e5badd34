"""Which transitions, errors and faults a campaign reached, and which it did not.

Why: "no failure in 10,000 seeds" says nothing if they never came near. What there is to reach is
read off the transition tables (G01, M01, M02), which are data, off the rules J, S and H, and off
the table of faults.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from rebalance.member.profile import PROFILES
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.states import GROUP_TRANSITIONS, MEMBER_TRANSITIONS
from rebalance.simulation.fuzz.faults import FAULTS
from rebalance.simulation.fuzz.generator import written
from rebalance.simulation.simulation import Simulation

__all__ = ["ERRORS", "Reached", "everything", "reached", "told", "words"]

Reached: TypeAlias = tuple[str, str, str]
"""("group" or "member", from, to), ("answer", API, error), ("fault", its name, "happens"), or
("client", its name, "is there")."""

_EVERYWHERE = (
    ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
    ErrorCode.INVALID_GROUP_ID,
    ErrorCode.NOT_COORDINATOR,
    ErrorCode.UNKNOWN_MEMBER_ID,
    ErrorCode.FENCED_INSTANCE_ID,
)
ERRORS: Mapping[str, tuple[ErrorCode, ...]] = {
    "JoinGroup": (
        *_EVERYWHERE,
        ErrorCode.INVALID_SESSION_TIMEOUT,
        ErrorCode.GROUP_MAX_SIZE_REACHED,
        ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
        ErrorCode.MEMBER_ID_REQUIRED,
        ErrorCode.UNKNOWN_SERVER_ERROR,
        ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ),
    "SyncGroup": (
        *_EVERYWHERE,
        ErrorCode.ILLEGAL_GENERATION,
        ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
        ErrorCode.REBALANCE_IN_PROGRESS,
        ErrorCode.COORDINATOR_NOT_AVAILABLE,
        ErrorCode.UNKNOWN_SERVER_ERROR,
    ),
    "Heartbeat": (
        ErrorCode.INVALID_GROUP_ID,
        ErrorCode.NOT_COORDINATOR,
        ErrorCode.UNKNOWN_MEMBER_ID,
        ErrorCode.FENCED_INSTANCE_ID,
        ErrorCode.ILLEGAL_GENERATION,
        ErrorCode.REBALANCE_IN_PROGRESS,
    ),
    "LeaveGroup": _EVERYWHERE,
}
"""API -> the errors that rules J, S and H know for it, but those that only a Dead group answers."""


def everything() -> Iterator[Reached]:
    """All there is to reach, in the order of the tables."""
    for group_state, group_states in GROUP_TRANSITIONS.items():
        for each in sorted(state.value for state in group_states):
            yield "group", group_state.value, each
    for member_state, member_states in MEMBER_TRANSITIONS.items():
        for each in sorted(state.value for state in member_states):
            yield "member", member_state.value, each
    for api, errors in ERRORS.items():
        for error in errors:
            yield "answer", api, error.name
    for client in PROFILES:
        yield "client", client, "is there"
    for fault in FAULTS:
        yield "fault", fault.name, "happens"


def reached(simulation: Simulation) -> Counter[Reached]:
    """What this simulation went through, its coming to rest included."""
    return Counter(simulation.world.seen)


def told(seed: int) -> Counter[Reached]:
    """Which faults the story of a seed tells of, and of whose consumers."""
    story = written(seed)
    faults = {("fault", name, "happens"): times for name, times in story.faults.items()}
    clients = (("client", each.client, "is there") for each in story.consumers.values())
    return Counter(faults) + Counter(clients)


def words(item: Reached) -> str:
    """As it is told: `group Stable -> Dead`, `JoinGroup answers FENCED_INSTANCE_ID`,
    `fault: broker crash`."""
    kind, what, then = item
    if kind == "answer":
        return f"{what} answers {then}"
    return f"{kind}: {what}" if kind in ("fault", "client") else f"{kind} {what} -> {then}"
