"""What befalls the network between consumers and brokers, and who else is on it."""

from rebalance.simulation.fuzz.fault import Fault, of_one, there_are_brokers
from rebalance.simulation.fuzz.story import Story, pause_text

__all__ = ["FAULTS"]

_APIS = ("JoinGroup", "SyncGroup", "Heartbeat", "LeaveGroup", "OffsetCommit", "OffsetFetch")
_LOOKUPS = ("FindCoordinator", "Metadata")


def _lost_requests(story: Story, name: str) -> None:
    api = story.dice.choice(_APIS)
    story.say(f"lose {name} {api} after={story.dice.randint(0, 2)}")
    if story.dice.random() < 0.7:
        story.let_pass()
        story.say(f"deliver {name} {api}")


def _lost_answers(story: Story, name: str) -> None:
    """What was asked for was done, and nobody hears of it."""
    api = story.dice.choice(_APIS)
    story.say(f"lose {name} {api} answers after={story.dice.randint(0, 2)}")
    story.let_pass()
    story.say(f"deliver {name} {api}")


def _lost_lookups(story: Story, name: str) -> None:
    """Where its coordinator is, and which partitions there are: it has to know both to begin."""
    api, answers = story.dice.choice(_LOOKUPS), story.dice.choice(("", " answers"))
    story.say(f"lose {name} {api}{answers}")
    if story.dice.random() < 0.5:
        story.say(f"disconnect {name}")
    story.let_pass()
    story.say(f"deliver {name} {api}")


def _disconnect(story: Story, name: str) -> None:
    for_time = story.dice.random() < 0.6
    time = f" for {pause_text(story.dice, 500, 4000, 9000)}" if for_time else ""
    story.say(f"disconnect {name}{time}")


def _isolated(story: Story, name: str) -> None:
    only = story.dice.choice(("", "", " only=requests", " only=answers"))
    story.say(f"isolate {name} for {pause_text(story.dice, 500, 4000, 9000)}{only}")


def _isolated_from_one(story: Story) -> bool:
    """It sees all other brokers, and what they say of this one."""
    name = story.some_running()
    if name is None:
        return False
    broker = story.dice.randint(1, story.brokers)
    story.say(f"isolate {name} for {pause_text(story.dice, 500, 4000, 9000)} broker={broker}")
    return True


def _slow_network(story: Story) -> bool:
    most = story.dice.choice((5, 40, 400, 1500))
    story.say(f"network delay=1..{most}ms")
    story.mending["network"] = "network delay=1..3ms"
    return True


def _far_away(story: Story, name: str) -> None:
    most = story.dice.choice((40, 400, 1500))
    story.say(f"network {name} delay={most // 2}..{most}ms")
    story.mending[f"network {name}"] = f"network {name} delay=1..3ms"


_NONSENSE = (
    "JoinGroup group=",
    "JoinGroup session=10ms",
    "JoinGroup member=nobody session=3s",
    "JoinGroup protocols=nonsense session=3s",
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

_COMMITS = (
    "OffsetCommit group= generation=1",
    "OffsetCommit member=nobody generation=1 offset=5",
    "OffsetCommit member={name} generation=999 offset=5",
    "OffsetCommit member={name} generation=0 offset=5",
    "OffsetCommit member=nobody instance=i1 generation=1 offset=5",
)
"""The same, of offsets. None is outside of every generation: that is an administrator's, whom an
empty group believes."""


def _stranger(story: Story, name: str) -> None:
    """One wrong request, or an id that is asked for and comes back as another's (J20)."""
    group = story.consumers[name].group_id
    for said in story.dice.sample(_NONSENSE, 3):
        _sends(story, said.format(name=name), group)
    if story.dice.random() < 0.2:
        assignors = story.consumers[name].assignors
        join = f"JoinGroup session=3s protocols={assignors}"
        _sends(story, join, group)
        story.say("run for 10ms")
        _sends(story, f"{join} instance=i1", group)


def _stranger_commits(story: Story, name: str) -> None:
    for said in story.dice.sample(_COMMITS, 2):
        _sends(story, said.format(name=name), story.consumers[name].group_id)


def _sends(story: Story, said: str, group: str) -> None:
    its_own = "" if "group=" in said else f" group={group}"
    story.say(f"stranger sends {said}{its_own}")


FAULTS = (
    Fault(name="lost requests", weight=5, write=of_one(_lost_requests)),
    Fault(name="lost answers", weight=4, write=of_one(_lost_answers)),
    Fault(name="lost lookups", weight=2, write=of_one(_lost_lookups)),
    Fault(name="split network", weight=4, write=of_one(_isolated)),
    Fault(
        name="split from one broker", weight=2, write=_isolated_from_one, needs=there_are_brokers
    ),
    Fault(name="lost connections", weight=4, write=of_one(_disconnect)),
    Fault(name="slow network", weight=2, write=_slow_network),
    Fault(name="far away", weight=2, write=of_one(_far_away)),
    Fault(name="stranger", weight=2, write=of_one(_stranger)),
    Fault(name="stranger that commits", weight=1, write=of_one(_stranger_commits)),
)
