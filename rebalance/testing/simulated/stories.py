"""A seed as a hostile story for a user's code: the text of a scenario.

Why text: what is found is shrunk, printed and kept as lines that anybody can read and play again.
The faults are the fuzzer's, those that a consumer's code has to live with.
"""

from collections.abc import Collection, Mapping
from random import Random
from string import ascii_uppercase

from rebalance.simulation.fuzz.fault import Fault
from rebalance.simulation.fuzz.faults import FAULTS
from rebalance.simulation.fuzz.story import Consumer, Story

__all__ = ["KINDS", "TAIL", "declared", "hostile", "names", "without"]

KINDS = (
    *("crash and return", "pause", "busy", "lost requests", "lost connections", "slow log"),
    *("failed appends", "slow network", "more partitions", "rebalance on request", "crash"),
)
"""What may happen beside deploys; names of the fuzzer's faults."""

SETTINGS = {
    "session.timeout.ms": "6000",
    "heartbeat.interval.ms": "1500",
    "max.poll.interval.ms": "10000",
    "request.timeout.ms": "5000",
    "metadata.max.age.ms": "5000",
    "enable.auto.commit": "false",
}
"""Short, so that a story is; and who tests a listener commits by hand."""

TAIL = ("run for 15s",)
"""What comes after the last fault: time in which one sees what came of it."""

_SPARES = 3
_FAULTS = {fault.name: fault for fault in FAULTS}


def names(members: int) -> tuple[str, ...]:
    """So many consumers, and a few that take the place of those that were closed: A, B, ..."""
    return tuple(ascii_uppercase[: members + _SPARES])


def declared(
    *,
    seed: int,
    members: int,
    topics: Mapping[str, int],
    rate_per_s: int,
    assignor: str,
    settings: Mapping[str, str],
) -> list[str]:
    """The lines that set the stage. Settings by Kafka's client property names."""
    client = " ".join(f"{key}={value}" for key, value in {**SETTINGS, **settings}.items())
    who = " ".join(names(members))
    return [
        f"seed {seed}",
        "set group.initial.rebalance.delay.ms=0",
        *(f"topic {name} partitions={count}" for name, count in topics.items()),
        *(f"produce {name} rate={rate_per_s}" for name in topics),
        f"members {who} topics={','.join(topics)} assignors={assignor} {client}",
    ]


def without(stage: list[str], unused: Collection[str]) -> list[str]:
    """The stage without consumers that nobody speaks of."""
    return [
        " ".join(word for word in line.split() if word not in unused)
        if line.startswith("members ")
        else line
        for line in stage
    ]


def hostile(
    stage: list[str], *, seed: int, members: int, topics: Mapping[str, int], length: int
) -> list[str]:
    """The stage, and `length` things that happen on it."""
    dice = Random(seed)
    story = Story(dice=dice, lines=list(stage), topics=dict(topics), most=members)
    for name in names(members):
        story.consumers[name] = Consumer(
            name=name, group_id="g", topics=tuple(topics), assignors=""
        )
        story.idle.append(name)
    for name in names(members)[:members]:
        story.start(name)
    story.say("run until stable within 30s")
    kinds = [_FAULTS[name] for name in dice.sample(KINDS, 4)]
    for _ in range(length):
        story.let_pass()
        _happens(story, kinds)
    if not story.running and story.idle:
        story.start(story.idle[0])
    story.let_pass()
    story.say(*story.mending.values(), "run until stable within 60s")
    return story.lines


def _happens(story: Story, kinds: list[Fault]) -> None:
    """A deploy (one goes, another comes), or a fault."""
    if story.dice.random() < 0.4:
        name = story.some_running()
        if name is not None and len(story.running) + len(story.idle) > 1:
            story.close(name)
        if story.idle and len(story.running) < story.most:
            story.start(story.dice.choice(story.idle))
        return
    story.dice.choice(kinds).write(story)
