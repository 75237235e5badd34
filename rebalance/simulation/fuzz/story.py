"""A scenario while it is being written: who runs, which topics there are, what was said so far.

Why: a line may only do what makes sense when it is played (a consumer that is not running cannot
crash), or every second scenario would be a mistake of the fuzzer. Rule kept: all chance comes from
one seeded generator, so a seed is a scenario, on every machine.
"""

from collections import Counter
from dataclasses import dataclass, field
from random import Random

from rebalance.member.profile import JAVA

__all__ = ["Consumer", "Story", "pause_text"]


@dataclass(slots=True, kw_only=True)
class Consumer:
    """One declared consumer."""

    name: str
    group_id: str
    topics: tuple[str, ...]
    assignors: str
    instance: str | None = None
    client: str = JAVA.name
    """Whose habits it has."""


@dataclass(slots=True, kw_only=True)
class Story:
    """What the lines so far amount to. Names in the order in which they were declared."""

    dice: Random
    lines: list[str] = field(default_factory=list)
    topics: dict[str, int] = field(default_factory=dict)
    """topic -> partitions; 0 for one that was deleted"""
    consumers: dict[str, Consumer] = field(default_factory=dict)
    idle: list[str] = field(default_factory=list)
    """Can be started."""
    running: list[str] = field(default_factory=list)
    """Were started and certainly live."""
    gone: list[str] = field(default_factory=list)
    """Were told to go and may be there still."""
    most: int = 8
    """So many run at once."""
    brokers: int = 1
    broken: bool = False
    """A broker is down: the next one waits for it."""
    faults: Counter[str] = field(default_factory=Counter)
    """What was written of each kind of fault."""
    mending: dict[str, str] = field(default_factory=dict)
    """What was slowed down -> the line that makes it quick again: faults end with the story."""

    def say(self, *lines: str) -> None:
        """Write these lines."""
        self.lines += lines

    def some_running(self) -> str | None:
        """One that runs; None if nobody does."""
        return self.dice.choice(self.running) if self.running else None

    def start(self, name: str) -> None:
        """Bring a consumer to life that is idle; or one that was told to go, which is passed over
        if it is still there."""
        (self.idle if name in self.idle else self.gone).remove(name)
        self.running.append(name)
        self.say(f"start {name}")

    def crash(self, name: str) -> None:
        """It is gone at once, and may be started again."""
        self.running.remove(name)
        self.idle.append(name)
        self.say(f"crash {name}")

    def close(self, name: str) -> None:
        """It will be gone, nobody knows when."""
        self.will_go(name)
        self.say(f"close {name}")

    def will_go(self, name: str) -> None:
        """It is not spoken of any more, until it is started again."""
        self.running.remove(name)
        self.gone.append(name)

    def let_pass(self) -> None:
        """Some time goes by: nearly none, a little, a lot, or until something is so."""
        dice, name = self.dice, self.some_running()
        kind = dice.random()
        if kind < 0.2:
            self.say(f"run for {dice.randint(1, 60)}ms")
        elif kind < 0.5:
            self.say(f"run for {dice.randint(100, 3000)}ms")
        elif kind < 0.6:
            self.say(f"run for {dice.randint(3, 12)}s")
        elif kind < 0.75 or name is None:
            self.say("run until stable within 20s")
        elif kind < 0.95:
            self.say(f"run until {name} is {dice.choice(_MOMENTS)} within 4s")
        else:
            group_id = self.consumers[name].group_id
            self.say(f"run until {group_id} is {dice.choice(_PHASES)} within 4s")


_MOMENTS = ("PreparingJoin", "Joining", "Assigning", "Syncing", "Reconciling", "Stable")
_PHASES = ("PreparingRebalance", "CompletingRebalance")


def pause_text(dice: Random, *choices_ms: int) -> str:
    """One of these durations, give or take a fifth, as a scenario says it."""
    about = dice.choice(choices_ms)
    return f"{max(1, about + dice.randint(-about // 5, about // 5))}ms"
