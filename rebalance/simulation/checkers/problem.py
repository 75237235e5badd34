"""Why a group is not at rest, as data: of what kind it is, and whom it is about.

Why: who excuses a limit of Kafka's protocol, and who makes a failing story smaller, must know the
same problem again. Rule kept: nobody reads `text` but people; it may change at any time.
"""

from dataclasses import dataclass
from enum import Enum

__all__ = ["Problem", "ProblemKind"]


class ProblemKind(Enum):
    """What is not as it must be. The value is stable, and names nobody."""

    STILL_TO_COME = "still to come"
    """A step of the story."""
    MEMBER = "member"
    """One is not at rest."""
    BETWEEN_GENERATIONS = "between generations"
    """A group waits for members, for its log or its timer, or for a coordinator."""
    GROUP_STATE = "group state"
    """It does not fit its members, who are at rest."""
    COUNTS_ON_OTHERS = "counts on others"
    """The group has members that are gone."""
    LACKS_MEMBERS = "lacks members"
    UNOWNED = "unowned"
    """Somebody wants a partition, and nobody owns it."""
    IN_VAIN = "in vain"
    """A partition is owned that its owner does not want."""
    REBALANCES = "rebalances"
    """A group at rest does so."""
    MOVES = "moves"
    """A rebalance that nobody needs moves something."""
    STUCK = "stuck"
    """No way leads to rest, in whatever order all goes on."""
    LOSES = "loses"
    """A member that stays, because another one left."""
    WAITS_TOO_LONG = "waits too long"
    """A group, for an id that was given out and is not used."""
    TAKEN = "taken"
    """What somebody says of the generation before."""
    GOES_ON = "goes on"
    """A member, in the generation before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is not as it must be."""

    kind: ProblemKind
    text: str
    """The same for people: who, what, since when."""
    group_id: str = ""
    """Of the group that it is about, if it is about one."""
    detail: str = ""
    """Kafka's own word for what it is: a state, a cause."""
    after: str = ""
    """What was done before, in an experiment; it was sound until then."""

    @property
    def code(self) -> str:
        """Stable, and names nobody: what a smaller picture of the problem has, too."""
        return " ".join(each for each in (self.kind.value, self.detail, self.after) if each)

    def __str__(self) -> str:
        return f"{self.text} (after {self.after})" if self.after else self.text
