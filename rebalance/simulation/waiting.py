"""What a process asked for and was not told yet, in words.

Why: a member that does not come to rest waits for something outside of it: an answer, a listener,
its assignor. Which, and since when, is what somebody who looks for the fault must know first.
"""

from collections.abc import Iterable

from rebalance.member import events
from rebalance.simulation.network import api_name
from rebalance.simulation.values import seconds

__all__ = ["CALLS", "Call", "Waiting"]

Call = events.TakePositions | events.Revoke | events.Assign | events.Lose | events.RunAssignor

CALLS: dict[type, str] = {
    events.TakePositions: "its thread to be free",
    events.Revoke: "its revoke listener",
    events.Assign: "its assign listener",
    events.Lose: "its lose listener",
    events.RunAssignor: "its assignor",
}


class Waiting:
    """Of one member: token -> what, and when it was asked for (ms)."""

    __slots__ = ("_asked",)

    def __init__(self) -> None:
        self._asked: dict[int, tuple[events.Send | Call, int]] = {}

    def asked(self, effect: events.Send | Call, now: int) -> None:
        """A request went out, or the user's code is called."""
        self._asked[effect.token] = (effect, now)

    def answered(self, token: int) -> None:
        """It was told."""
        self._asked.pop(token, None)

    def words(self, tokens: Iterable[int]) -> list[str]:
        """What these tokens stand for; forgets all others, which nobody waits for any more."""
        self._asked = {token: self._asked[token] for token in tokens if token in self._asked}
        return [f"{_words(asked)} since {seconds(since)}" for asked, since in self._asked.values()]


def _words(effect: events.Send | Call) -> str:
    if isinstance(effect, events.Send):
        return f"the answer to {api_name(effect.request)}"
    return CALLS[type(effect)]
