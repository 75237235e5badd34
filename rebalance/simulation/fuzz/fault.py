"""What an entry of the table of faults is.

An entry says whether it can happen in a story at all, once its stage is set; it writes lines of a
scenario, and says whether it could do something now: if not, the generator goes on with something
else. Durations are chosen around the timeouts of the consumers (see `stage`), for that is where
things break.
"""

from collections.abc import Callable
from dataclasses import dataclass

from rebalance.simulation.fuzz.story import Story

__all__ = ["Fault", "of_one", "some_are_dynamic", "there_are_brokers"]


def _always(_: Story) -> bool:
    return True


def there_are_brokers(story: Story) -> bool:
    """Something can move from one broker to another."""
    return story.brokers > 1


def some_are_dynamic(story: Story) -> bool:
    """Somebody can be started that has no group.instance.id."""
    return any(each.instance is None for each in story.consumers.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A kind of fault. `write` adds its lines to the story, or says False."""

    name: str
    weight: int
    """How often it is chosen, in proportion to the others."""
    write: Callable[[Story], bool]
    needs: Callable[[Story], bool] = _always
    """What must be so of the stage, or it is not chosen: what is written then can be written."""


def of_one(write: Callable[[Story, str], None]) -> Callable[[Story], bool]:
    """A fault of one consumer that runs."""

    def act(story: Story) -> bool:
        name = story.some_running()
        if name is None:
            return False
        write(story, name)
        return True

    return act
