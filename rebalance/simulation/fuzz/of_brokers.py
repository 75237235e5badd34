"""What befalls brokers, their logs and the topics on them."""

from rebalance.simulation.disk import APPEND_ERRORS
from rebalance.simulation.fuzz.fault import Fault, there_are_brokers
from rebalance.simulation.fuzz.story import Story, pause_text

__all__ = ["FAULTS"]

_ERRORS = tuple(error.name for error in APPEND_ERRORS)


def _coordinator_moves(story: Story) -> bool:
    if story.broken:
        return False
    story.say(f"log loading={pause_text(story.dice, 5, 300, 2000)}")
    story.say(f"move {_some_group(story)} to {story.dice.randint(1, story.brokers)}")
    story.mending["loading"] = "log loading=0ms"
    return True


def _coordinator_returns(story: Story) -> bool:
    """Within a moment: requests meet a coordinator that they know, and that has to load again."""
    if story.broken:
        return False
    group_id, one = _some_group(story), story.dice.randint(1, story.brokers)
    other = one % story.brokers + 1
    story.say(f"log loading={pause_text(story.dice, 300, 2000)}")
    if story.dice.random() < 0.7:
        story.say(f"run until {group_id} is CompletingRebalance within 6s")
    # It may be there already; then the first line is passed over.
    story.say(*(f"move {group_id} to {broker}" for broker in (one, other, one)))
    story.mending["loading"] = "log loading=0ms"
    return True


def _some_group(story: Story) -> str:
    return story.dice.choice(sorted({each.group_id for each in story.consumers.values()}))


def _broker_crashes(story: Story) -> bool:
    if story.broken:
        return False
    broker, story.broken = story.dice.randint(1, story.brokers), True
    story.say(f"broker {broker} crashes failover={pause_text(story.dice, 50, 2000)}")
    story.let_pass()
    story.say(f"broker {broker} starts")
    story.broken = False
    return True


def _broker_clock(story: Story) -> bool:
    broker = story.dice.randint(1, story.brokers)
    jump = f"jumps {pause_text(story.dice, 500, 4000)}"
    drift = f"counts {story.dice.choice((900, 1100))}ms"
    story.say(f"clock broker {broker} {story.dice.choice((jump, drift))}")
    story.mending[f"clock of {broker}"] = f"clock broker {broker} counts 1000ms"
    return True


def _failed_appends(story: Story) -> bool:
    story.say(f"log fail={story.dice.randint(1, 3)}")
    return True


def _appends_that_fail_otherwise(story: Story) -> bool:
    """So many with one error, or all for a while."""
    error = story.dice.choice(_ERRORS)
    if story.dice.random() < 0.5:
        story.say(f"log fail={story.dice.randint(1, 3)} error={error}")
    else:
        story.say(f"log fail=all error={error} for {pause_text(story.dice, 100, 1500, 5000)}")
    return True


def _slow_log(story: Story) -> bool:
    story.say(f"log append={pause_text(story.dice, 5, 100, 1500)}")
    story.mending["log"] = "log append=0ms"
    return True


def _log_that_is_slow_for_a_while(story: Story) -> bool:
    append, for_time = pause_text(story.dice, 20, 500, 3000), pause_text(story.dice, 500, 4000)
    story.say(f"log append={append} for {for_time}")
    return True


def _more_partitions(story: Story) -> bool:
    topic = story.dice.choice(list(story.topics))
    story.topics[topic] += story.dice.randint(1, 3)
    story.say(f"partitions {topic} {story.topics[topic]}")
    return True


def _topic_deleted(story: Story) -> bool:
    there = [topic for topic, partitions in story.topics.items() if partitions]
    if len(there) < 2:
        return False
    topic = story.dice.choice(there)
    story.topics[topic] = 0
    story.say(f"partitions {topic} 0")
    return True


def _records_come(story: Story) -> bool:
    """A backlog without end becomes one that somebody can read to its end."""
    there = [topic for topic, partitions in story.topics.items() if partitions]
    if not there:
        return False
    topic, rate = story.dice.choice(there), story.dice.choice((0, 1, 20, 200))
    for_time = f" for {pause_text(story.dice, 500, 5000)}" if story.dice.random() < 0.5 else ""
    story.say(f"produce {topic} rate={rate}{for_time}")
    return True


FAULTS = (
    Fault(name="coordinator move", weight=4, write=_coordinator_moves, needs=there_are_brokers),
    Fault(
        name="coordinator that returns",
        weight=2,
        write=_coordinator_returns,
        needs=there_are_brokers,
    ),
    Fault(name="broker crash", weight=3, write=_broker_crashes, needs=there_are_brokers),
    Fault(name="failed appends", weight=3, write=_failed_appends),
    Fault(name="log error", weight=2, write=_appends_that_fail_otherwise),
    Fault(name="clock of a broker", weight=2, write=_broker_clock),
    Fault(name="slow log", weight=2, write=_slow_log),
    Fault(name="slow spell of the log", weight=2, write=_log_that_is_slow_for_a_while),
    Fault(name="more partitions", weight=2, write=_more_partitions),
    Fault(name="topic deleted", weight=1, write=_topic_deleted),
    Fault(name="records come", weight=2, write=_records_come),
)
