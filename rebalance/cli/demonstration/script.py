"""What happens in the demo, as data: who starts, leaves or crashes, one step after another.

Rule kept: the script says what it does on purpose and which cause that must have; on a cluster
that tells no causes this is the only word there is, and it is marked as the script's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from string import ascii_uppercase

MEMBER_JOINED = "member joined"
MEMBER_LEFT = "member left"
SESSION_EXPIRED = "session expired"


class Action(Enum):
    """What a step does to its members."""

    START = "starts"
    CLOSE = "leaves"
    CRASH = "crashes"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptStep:
    """One step: the same action for one or several members at once."""

    action: Action
    members: tuple[str, ...]
    cause: str
    again: bool = False
    """The member was here before."""

    @property
    def text(self) -> str:
        """In words, for the progress display and the trace."""
        names = ", ".join(self.members) if len(self.members) < 5 else f"{len(self.members)} members"
        verb = self.action.value if len(self.members) == 1 else self.action.value.rstrip("s")
        return f"{names} {verb}{' again' if self.again else ''}"


def lane_names(count: int) -> tuple[str, ...]:
    """A, B, ... Z, then M27, M28, ..."""
    return tuple(
        ascii_uppercase[index] if index < len(ascii_uppercase) else f"M{index + 1}"
        for index in range(count)
    )


def demo_script(members: int) -> Iterator[ScriptStep]:
    """Join, join, leave, crash, rejoin: `members` (at least 2) is how many there are at most."""
    names = lane_names(members)
    yield ScriptStep(action=Action.START, members=names[:1], cause=MEMBER_JOINED)
    yield ScriptStep(action=Action.START, members=names[1:2], cause=MEMBER_JOINED)
    if names[2:]:
        yield ScriptStep(action=Action.START, members=names[2:], cause=MEMBER_JOINED)
        yield ScriptStep(action=Action.CLOSE, members=names[:1], cause=MEMBER_LEFT)
    yield ScriptStep(action=Action.CRASH, members=names[1:2], cause=SESSION_EXPIRED)
    yield ScriptStep(action=Action.START, members=names[1:2], cause=MEMBER_JOINED, again=True)
    if not names[2:]:
        yield ScriptStep(action=Action.CLOSE, members=names[:1], cause=MEMBER_LEFT)
