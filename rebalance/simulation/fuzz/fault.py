"""What an entry of the table of faults is.

An entry writes lines of a scenario and says whether it could do something now; the generator takes
another one if not. Durations are chosen around the timeouts of the consumers (see `stage`), for
that is where things break.
"""

from collections.abc import Callable
from dataclasses import dataclass

from rebalance.simulation.fuzz.story import Story

__all__ = ["Fault", "of_one"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A kind of fault. `write` adds its lines to the story, or says False."""

    name: str
    weight: int
    """How often it is chosen, in proportion to the others."""
    write: Callable[[Story], bool]


def of_one(write: Callable[[Story, str], None]) -> Callable[[Story], bool]:
    """A fault of one consumer that runs."""

    def act(story: Story) -> bool:
        name = story.some_running()
        if name is None:
            return False
        write(story, name)
        return True

    return act
