"""A seed as a hostile scenario: the text of a file that `rebalance simulate` plays.

Why text: what a campaign finds is a file that anybody can replay, read, cut down and keep. A story
has two to eight consumers at a time (some static, eager, cooperative or on the way from one to the
other, some with another client's habits), several topics, at least three kinds of fault and
consumers that come and go all the time.
"""

from collections import Counter
from random import Random

from rebalance.simulation.fuzz.fault import Fault
from rebalance.simulation.fuzz.faults import FAULTS
from rebalance.simulation.fuzz.stage import declare
from rebalance.simulation.fuzz.story import Story

__all__ = ["scenario_text", "written_faults"]

_LENGTHS = (26, 37)
"""So many things happen, at least and at most."""


def scenario_text(seed: int) -> str:
    """The scenario of this seed. The same seed, the same text, on every machine."""
    story, kinds = _written(seed)
    people = f"{story.most} consumers at most, {len(story.topics)} topics"
    prose = [f"# Fuzz seed {seed}: {people};", f"# {', '.join(kind.name for kind in kinds)}."]
    return "\n".join([*prose, *story.lines, ""])


def written_faults(seed: int) -> Counter[str]:
    """Name of a fault -> how often the scenario of this seed has it."""
    return _written(seed)[0].faults


def _written(seed: int) -> tuple[Story, list[Fault]]:
    story = Story(dice=Random(seed))
    kinds = _kinds(story.dice)
    declare(story, seed)
    story.lines.append("")
    for name in list(story.idle)[: story.dice.randint(2, story.most)]:
        story.start(name)
    for _ in range(story.dice.randint(*_LENGTHS)):
        # Now and then two things happen at once.
        if story.dice.random() < 0.85:
            story.let_pass()
        _one_more(story, kinds)
    story.let_pass()
    story.say(*story.mending.values())
    return story, kinds


def _kinds(dice: Random) -> list[Fault]:
    """Three to six kinds of fault, no two the same."""
    left, chosen = list(FAULTS), []
    for _ in range(dice.randint(3, 6)):
        kind = dice.choices(left, [each.weight for each in left])[0]
        left.remove(kind)
        chosen.append(kind)
    return chosen


def _one_more(story: Story, kinds: list[Fault]) -> None:
    """A fault, or somebody comes or goes."""
    dice = story.dice
    if dice.random() < 0.6:
        kind = dice.choices(kinds, [each.weight for each in kinds])[0]
        if kind.write(story):
            story.faults[kind.name] += 1
            return
    comes = len(story.running) < 2 or dice.random() < 0.6
    if comes and story.idle and len(story.running) < story.most:
        story.start(dice.choice(story.idle))
        return
    name = story.some_running()
    if name is not None:
        story.close(name)
