"""A seed as a hostile scenario: the text of a file that `rebalance simulate` plays.

Why text: what a campaign finds is a file that anybody can replay, read, cut down and keep. A story
has two to eight consumers at a time (some static, eager, cooperative or on the way from one to the
other, some with another client's habits), several topics, three to six kinds of fault and consumers
that come and go all the time.

Rule kept: its first lines name the kinds of fault that it tells of, and no others. So kinds are
chosen once the stage is set, and a story goes on until three were written.
"""

from functools import cache
from hashlib import sha256
from random import Random

from rebalance.simulation.fuzz.fault import Fault
from rebalance.simulation.fuzz.faults import FAULTS
from rebalance.simulation.fuzz.stage import declare
from rebalance.simulation.fuzz.story import Story

__all__ = ["fingerprint", "scenario_text", "written"]

_LENGTHS = (22, 32)
"""So many things happen; more where there were fewer kinds of fault among them than the fewest."""
_KINDS = (3, 6)
"""So many kinds of fault, at least and at most."""
_LOOKED_AT = 400
"""Seeds whose texts make the fingerprint: every fault is in them, and in most of its ways."""


def scenario_text(seed: int) -> str:
    """The scenario of this seed. The same seed, the same text, on every machine."""
    return "\n".join([*written(seed).lines, ""])


@cache
def fingerprint() -> str:
    """The same as long as seeds are the same stories: of the table of faults and of many texts."""
    table = "".join(f"{each.name} {each.weight}\n" for each in FAULTS)
    texts = "".join(scenario_text(seed) for seed in range(_LOOKED_AT))
    return sha256((table + texts).encode()).hexdigest()[:12]


def written(seed: int) -> Story:
    """The story of this seed, told to its end."""
    story = Story(dice=Random(seed))
    declare(story, seed)
    kinds = _kinds(story)
    story.lines.append("")
    for name in list(story.idle)[: story.dice.randint(2, story.most)]:
        story.start(name)
    left = story.dice.randint(*_LENGTHS)
    while left > 0 or len(story.faults) < _KINDS[0]:
        # Now and then two things happen at once.
        if story.dice.random() < 0.85:
            story.let_pass()
        _one_more(story, kinds)
        left -= 1
    story.let_pass()
    story.say(*story.mending.values())
    people = f"{story.most} consumers at most, {len(story.topics)} topics"
    story.lines[:0] = (f"# Fuzz seed {seed}: {people};", f"# {', '.join(story.faults)}.")
    return story


def _kinds(story: Story) -> list[Fault]:
    """Some that can happen on this stage, no two the same."""
    left, chosen = [each for each in FAULTS if each.needs(story)], []
    for _ in range(story.dice.randint(*_KINDS)):
        kind = story.dice.choices(left, [each.weight for each in left])[0]
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
    able = story.idle or story.gone
    if comes and able and len(story.running) < story.most:
        story.start(dice.choice(able))
        return
    name = story.some_running()
    if name is not None:
        story.close(name)
