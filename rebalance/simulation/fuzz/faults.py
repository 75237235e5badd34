"""What can go wrong, as a table: each entry writes lines of a scenario.

Why a table: a new fault of the simulation becomes part of every campaign by one entry. An entry
says whether it could do something now; the generator takes another one if not. Durations are chosen
around the timeouts of the consumers (see `generator`), for that is where things break.
"""

from collections.abc import Callable
from dataclasses import dataclass

from rebalance.simulation.fuzz.story import Story, pause_text

__all__ = ["FAULTS", "Fault"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A kind of fault. `write` adds its lines to the story, or says False."""

    name: str
    weight: int
    """How often it is chosen, in proportion to the others."""
    write: Callable[[Story], bool]


def _of_one(write: Callable[[Story, str], None]) -> Callable[[Story], bool]:
    """A fault of one consumer that runs."""

    def act(story: Story) -> bool:
        name = story.some_running()
        if name is None:
            return False
        write(story, name)
        return True

    return act


def _crash(story: Story, name: str) -> None:
    story.crash(name)


def _crash_and_return(story: Story, name: str) -> None:
    story.crash(name)
    story.let_pass()
    story.start(name)


def _dies_on_answer(story: Story, name: str) -> None:
    """It may die at any time from now on, or never: it is not spoken of any more."""
    error = story.dice.choice(
        ("MEMBER_ID_REQUIRED", "NONE", "REBALANCE_IN_PROGRESS", "UNKNOWN_MEMBER_ID")
    )
    story.running.remove(name)
    story.say(f"crash {name} on {error}")


def _dies_as_it_comes(story: Story) -> bool:
    """It gets a member id and never joins with it: the group waits for it (G04)."""
    if not story.idle or len(story.running) >= story.most:
        return False
    name = story.dice.choice(story.idle)
    story.start(name)
    story.running.remove(name)
    story.say(f"crash {name} on MEMBER_ID_REQUIRED")
    return True


def _pause(story: Story, name: str) -> None:
    story.say(f"pause {name} for {pause_text(story.dice, 300, 3000, 7000, 12000)}")


def _busy(story: Story, name: str) -> None:
    story.say(f"busy {name} for {pause_text(story.dice, 500, 4000, 9000, 16000)}")


def _slow_listener(story: Story, name: str) -> None:
    callback = story.dice.choice(("revoke", "assign", "lose"))
    story.say(f"listener {name} {callback}={pause_text(story.dice, 50, 800, 4000, 9000)}")
    story.mending[f"{name} {callback}"] = f"listener {name} {callback}=0ms"


def _slow_assignor(story: Story, name: str) -> None:
    story.say(f"assignor {name} takes={pause_text(story.dice, 100, 2000, 8000, 20000)}")
    story.mending[f"{name} assignor"] = f"assignor {name} takes=0ms"


def _raises(story: Story, name: str) -> None:
    what = story.dice.choice(("revoke", "assign", "lose", "assignor"))
    story.say(f"raise {name} {what}")


_APIS = ("JoinGroup", "SyncGroup", "Heartbeat", "LeaveGroup", "OffsetCommit", "OffsetFetch")


def _lost_requests(story: Story, name: str) -> None:
    api = story.dice.choice(_APIS)
    story.say(f"lose {name} {api} after={story.dice.randint(0, 2)}")
    if story.dice.random() < 0.7:
        story.let_pass()
        story.say(f"deliver {name} {api}")


def _disconnect(story: Story, name: str) -> None:
    for_time = story.dice.random() < 0.6
    time = f" for {pause_text(story.dice, 500, 4000, 9000)}" if for_time else ""
    story.say(f"disconnect {name}{time}")


def _failed_appends(story: Story) -> bool:
    story.say(f"log fail={story.dice.randint(1, 3)}")
    return True


def _slow_log(story: Story) -> bool:
    story.say(f"log append={pause_text(story.dice, 5, 100, 1500)}")
    story.mending["log"] = "log append=0ms"
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


def _subscription_changes(story: Story) -> bool:
    """Of a dynamic member: a static one's successor would come back with the old one (J15)."""
    dynamic = [name for name in story.running if story.consumers[name].instance is None]
    if not dynamic:
        return False
    name = story.dice.choice(dynamic)
    if story.dice.random() < 0.3:
        story.say(f"subscribe {name} topics=")
        story.let_pass()
    topics = list(story.topics)
    wanted = sorted(story.dice.sample(topics, story.dice.randint(1, len(topics))))
    story.say(f"subscribe {name} topics={','.join(wanted)}")
    return True


def _asks_for_rebalance(story: Story, name: str) -> None:
    story.say(f'rejoin {name} reason="a user\'s wish"')


def _commits(story: Story, name: str) -> None:
    story.say(f"commit {name}")


def _slow_network(story: Story) -> bool:
    most = story.dice.choice((5, 40, 400, 1500))
    story.say(f"network delay=1..{most}ms")
    story.mending["network"] = "network delay=1..3ms"
    return True


def _lost_answers(story: Story, name: str) -> None:
    """What was asked for was done, and nobody hears of it."""
    api = story.dice.choice(_APIS)
    story.say(f"lose {name} {api} answers after={story.dice.randint(0, 2)}")
    story.let_pass()
    story.say(f"deliver {name} {api}")


def _isolated(story: Story, name: str) -> None:
    only = story.dice.choice(("", "", " only=requests", " only=answers"))
    story.say(f"isolate {name} for {pause_text(story.dice, 500, 4000, 9000)}{only}")


def _coordinator_moves(story: Story) -> bool:
    if story.brokers < 2 or story.broken:
        return False
    group_ids = sorted({consumer.group_id for consumer in story.consumers.values()})
    story.say(f"log loading={pause_text(story.dice, 5, 300, 2000)}")
    story.say(f"move {story.dice.choice(group_ids)} to {story.dice.randint(1, story.brokers)}")
    story.mending["loading"] = "log loading=0ms"
    return True


def _broker_crashes(story: Story) -> bool:
    if story.brokers < 2 or story.broken:
        return False
    broker, story.broken = story.dice.randint(1, story.brokers), True
    story.say(f"broker {broker} crashes failover={pause_text(story.dice, 50, 2000)}")
    story.let_pass()
    story.say(f"broker {broker} starts")
    story.broken = False
    return True


def _suspended_machine(story: Story, name: str) -> None:
    story.say(f"clock {name} jumps {pause_text(story.dice, 500, 4000, 9000)}")


_NONSENSE = (
    "JoinGroup group=",
    "JoinGroup session=10ms",
    "JoinGroup member=nobody",
    "JoinGroup protocols=nonsense",
    "SyncGroup group=",
    "SyncGroup member={name} protocols=nonsense",
    "SyncGroup member={name} generation=999",
    "SyncGroup member=nobody",
    "Heartbeat group=",
    "Heartbeat member={name} generation=0",
    "Heartbeat member=nobody",
    "Heartbeat member=nobody instance=i1",
    "LeaveGroup group=",
    "LeaveGroup member=nobody",
    "LeaveGroup member=nobody instance=i1",
    "LeaveGroup",
)
"""Requests that are wrong and change nothing: what is refused must not do harm."""


def _stranger(story: Story, name: str) -> None:
    """One wrong request, or an id that is asked for and comes back as another's (J20)."""
    group = story.consumers[name].group_id
    for said in story.dice.sample(_NONSENSE, 3):
        its_own = "" if "group=" in said else f" group={group}"
        story.say(f"stranger sends {said.format(name=name)}{its_own}")
    if story.dice.random() < 0.2:
        assignors = story.consumers[name].assignors
        story.say(f"stranger sends JoinGroup group={group} protocols={assignors}", "run for 10ms")
        join = f"stranger sends JoinGroup group={group} instance=i1"
        story.say(f"{join} protocols={assignors}")


FAULTS = (
    Fault(name="crash", weight=3, write=_of_one(_crash)),
    Fault(name="crash and return", weight=4, write=_of_one(_crash_and_return)),
    Fault(name="crash on an answer", weight=1, write=_of_one(_dies_on_answer)),
    Fault(name="pending id that never joins", weight=2, write=_dies_as_it_comes),
    Fault(name="pause", weight=5, write=_of_one(_pause)),
    Fault(name="busy", weight=4, write=_of_one(_busy)),
    Fault(name="slow listener", weight=4, write=_of_one(_slow_listener)),
    Fault(name="slow assignor", weight=2, write=_of_one(_slow_assignor)),
    Fault(name="raising callback", weight=1, write=_of_one(_raises)),
    Fault(name="lost requests", weight=5, write=_of_one(_lost_requests)),
    Fault(name="lost answers", weight=4, write=_of_one(_lost_answers)),
    Fault(name="split network", weight=4, write=_of_one(_isolated)),
    Fault(name="coordinator move", weight=4, write=_coordinator_moves),
    Fault(name="broker crash", weight=3, write=_broker_crashes),
    Fault(name="suspended machine", weight=2, write=_of_one(_suspended_machine)),
    Fault(name="lost connections", weight=4, write=_of_one(_disconnect)),
    Fault(name="failed appends", weight=3, write=_failed_appends),
    Fault(name="slow log", weight=2, write=_slow_log),
    Fault(name="more partitions", weight=2, write=_more_partitions),
    Fault(name="topic deleted", weight=1, write=_topic_deleted),
    Fault(name="subscription change", weight=5, write=_subscription_changes),
    Fault(name="rebalance on request", weight=2, write=_of_one(_asks_for_rebalance)),
    Fault(name="commit", weight=1, write=_of_one(_commits)),
    Fault(name="stranger", weight=2, write=_of_one(_stranger)),
    Fault(name="slow network", weight=2, write=_slow_network),
)
