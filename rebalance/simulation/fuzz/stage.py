"""The stage of a generated scenario: brokers, settings, topics, and who can be started.

Rule kept: timeouts are short and differ between consumers, so that they run out in the middle of
things; a few differences that Kafka's protocol itself cannot bear are left out (docs/fuzz.md).
"""

from random import Random
from string import ascii_uppercase

from rebalance.member.profile import AIOKAFKA, JAVA, LIBRDKAFKA
from rebalance.simulation.fuzz.story import Consumer, Story

__all__ = ["declare"]

_EAGER = ("range", "roundrobin", "sticky")
_TOPICS = ("orders", "payments", "clicks", "audits")


def declare(story: Story, seed: int) -> None:
    """Write the lines that stand above the first `start`."""
    dice = story.dice
    story.say(f"seed {seed}")
    delay = dice.choice((0, 0, 500, 3000))
    settings = ["group.min.session.timeout.ms=1000", f"group.initial.rebalance.delay.ms={delay}"]
    if dice.random() < 0.08:
        settings.append(f"group.max.size={dice.randint(2, 4)}")
    story.say(f"set {' '.join(settings)}")
    story.brokers = dice.choice((1, 1, 2, 3))
    if story.brokers > 1:
        story.say(f"brokers {story.brokers}")
    if dice.random() < 0.3:
        story.say(f"log append={dice.randint(1, 40)}ms")
    for topic in _TOPICS[: dice.randint(2, 4)]:
        story.topics[topic] = dice.randint(1, dice.choice((6, 16)))
        story.say(f"topic {topic} partitions={story.topics[topic]}")
    story.most = dice.choice((2, 3, 3, 4, 4, 5, 6, 8))
    groups = ("g", "g", "g", "g", "h") if story.most > 4 and dice.random() < 0.3 else ("g",)
    offered = {group_id: _Offer(dice) for group_id in groups}
    statics = dice.random() < 0.4
    # Where all want the same, an assignor owes more: balance, and that who stays keeps its own.
    # Chance makes half of the stories out of these.
    alike = dice.random() < 0.4
    for name in ascii_uppercase[: story.most + dice.randint(2, 6)]:
        _declare_one(story, name, dice.choice(groups), offered, statics=statics, alike=alike)


def _declare_one(
    story: Story,
    name: str,
    group_id: str,
    offered: "dict[str, _Offer]",
    *,
    statics: bool,
    alike: bool,
) -> None:
    dice = story.dice
    # Few instance ids: a successor takes over, and now and then two claim to be one.
    instance = f"i{dice.randint(1, 4)}" if statics and dice.random() < 0.6 else None
    topics = tuple(story.topics)
    # A static member that comes back with other topics keeps what its old self had, in Kafka too:
    # nobody rebalances (J15). So all that are static want the same.
    if instance is None and not alike and dice.random() < 0.3:
        topics = tuple(sorted(dice.sample(topics, dice.randint(1, len(topics)))))
    assignors = offered[group_id].of_one(dice)
    client = offered[group_id].client(dice)
    story.consumers[name] = Consumer(
        name=name,
        group_id=group_id,
        topics=topics,
        assignors=assignors,
        instance=instance,
        client=client,
    )
    story.idle.append(name)
    # Now and then one that the broker refuses (J01).
    session = dice.choice((3000, 6000, 6000, 9000)) if dice.random() < 0.98 else 500
    # A heartbeat brings the news of a rebalance: it must come sooner than the rebalance times out.
    heartbeat = min(session // dice.randint(2, 4), 2500)
    max_poll = dice.choice((4000, 8000, 12000))
    words = [
        f"members {name} group={group_id} topics={','.join(topics)}",
        f"assignors={assignors}",
        f"session.timeout.ms={session} heartbeat.interval.ms={heartbeat}",
        f"max.poll.interval.ms={max_poll}",
        f"request.timeout.ms={dice.choice((2000, 4000, 8000))}",
        f"metadata.max.age.ms={dice.choice((4000, 10000))}",
        f"poll={'2s' if max_poll < 8000 else '3s'} commit={dice.choice(('3s', '6s', 'never'))}",
        *_rare(dice, instance, client),
    ]
    story.say(" ".join(words))


def _rare(dice: Random, instance: str | None, client: str) -> list[str]:
    words = []
    if client != JAVA.name:
        words.append(f"client={client}")
    if instance is not None:
        words.append(f"instance={instance}")
    if dice.random() < 0.1:
        words.append("enable.auto.commit=false")
    return words


class _Offer:
    """Which assignors the consumers of one group offer, and whose clients they are.

    Always one assignor in common, or nearly always.
    """

    def __init__(self, dice: Random) -> None:
        self.style = dice.choice(("eager", "cooperative", "migrating"))
        self.common = dice.choice(_EAGER) if self.style == "eager" else "cooperative-sticky"
        self.strangers = dice.random() < 0.05
        # aiokafka does not cooperate.
        able = (JAVA, LIBRDKAFKA, AIOKAFKA) if self.style == "eager" else (JAVA, LIBRDKAFKA)
        names = tuple(client.name for client in able)
        self.clients = dice.choice(
            ((JAVA.name,), (JAVA.name,), *((name,) for name in names), names)
        )

    def of_one(self, dice: Random) -> str:
        """A list, most wanted first."""
        if self.strangers and dice.random() < 0.2:
            return dice.choice([name for name in _EAGER if name != self.common])
        if self.style == "cooperative" or (self.style == "migrating" and dice.random() < 0.5):
            return self.common
        others = dice.sample([name for name in _EAGER if name != self.common], dice.randint(0, 2))
        wanted = [self.common, *others]
        dice.shuffle(wanted)
        return ",".join(wanted)

    def client(self, dice: Random) -> str:
        """Whose habits one consumer has."""
        return dice.choice(self.clients)
