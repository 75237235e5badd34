"""Commands that set the stage: seed, settings, network, log, topics, members."""

from collections.abc import Iterable
from dataclasses import fields

from assignors.errors import AssignorError
from rebalance.member.config import MemberConfig
from rebalance.protocol.config import ConfigError, CoordinatorConfig
from rebalance.simulation.application import Behaviour
from rebalance.simulation.choosing import chosen
from rebalance.simulation.commands.command import Command, no_options, only_options, value
from rebalance.simulation.scenario import Call
from rebalance.simulation.simulation import MemberSpec
from rebalance.simulation.stage import Action, Declared, Stage, known_or_error
from rebalance.simulation.values import duration, names, whole_number

__all__ = ["COMMANDS"]

_PROPERTIES = {
    each.metadata["property"]
    for each in fields(MemberConfig)
    if each.metadata["property"] not in ("group.id", "client.id")
}
_BEHAVIOUR = {"poll": "poll_ms", "commit": "commit_ms", "rate": "rate_per_s"}
_MEMBER = {"group": "group.id", "instance": "group.instance.id", "rack": "client.rack"}


def _seed(call: Call, declared: Declared) -> Action:
    no_options(call)
    if len(call.words) != 1:
        raise call.error("expected one whole number")
    declared.seed = value(call, whole_number, call.words[0])
    return _nothing


def _set(call: Call, declared: Declared) -> Action:
    if declared.started:
        raise call.error("settings are the broker's from its start: expected above any `start`")
    if call.words or not call.options:
        raise call.error("expected property=value, with Kafka's names")
    declared.properties |= call.options
    try:
        CoordinatorConfig.from_properties(declared.properties)
    except ConfigError as error:
        raise call.error(str(error)) from None
    return _nothing


def _topic(call: Call, declared: Declared) -> Action:
    only_options(call, ("partitions",))
    if len(call.words) != 1 or "partitions" not in call.options:
        raise call.error("expected a name and partitions=NUMBER")
    name = call.words[0]
    count = _count(call, call.options["partitions"])
    declared.topics.append(name)

    def play(stage: Stage) -> Iterable[str]:
        stage.simulation.topic(name, count)
        return ()

    return play


def _partitions(call: Call, declared: Declared) -> Action:
    no_options(call)
    if len(call.words) != 2:
        raise call.error("expected a topic and a number of partitions (0: it is deleted)")
    name = known_or_error(call, call.words[0], declared.topics, "a topic")
    count = _count(call, call.words[1])

    def play(stage: Stage) -> Iterable[str]:
        if 0 < count < stage.simulation.node.topics.get(name, 0):
            raise call.error("a topic only grows: expected more partitions, or 0 to delete it")
        what = f"has {count} partitions" if count else "is deleted"
        stage.simulation.step(f"{name} {what}", cause="metadata changed")
        stage.simulation.topic(name, count)
        return ()

    return play


def _count(call: Call, text: str) -> int:
    count = value(call, whole_number, text, "partitions")
    if count < 0:
        raise call.error(f"{text!r}: expected a number of partitions, 0 or more")
    return count


def _members(call: Call, declared: Declared) -> Action:
    if not call.words:
        raise call.error("expected at least one name")
    only_options(call, sorted({"topics", "assignors", *_BEHAVIOUR, *_MEMBER, *_PROPERTIES}))
    if "topics" not in call.options:
        raise call.error("expected topics=NAME,... (what it subscribes to)")
    topics = names(call.options["topics"])
    if "instance" in call.options and len(call.words) > 1:
        raise call.error("an instance id is one member's: expected one name")
    specs = [_spec(call, declared, name, topics) for name in call.words]

    def play(stage: Stage) -> Iterable[str]:
        for spec in specs:
            stage.simulation.define(spec)
        return ()

    return play


def _spec(call: Call, declared: Declared, name: str, topics: tuple[str, ...]) -> MemberSpec:
    if name in declared.members:
        raise call.error(f"{name!r} stands there already: expected another name")
    properties = {"group.id": "g", "client.id": name}
    changes: dict[str, object] = {}
    for key, text in call.options.items():
        if key in _BEHAVIOUR:
            changes[_BEHAVIOUR[key]] = _behaviour(call, key, text)
        elif key not in ("topics", "assignors"):
            properties[_MEMBER.get(key, key)] = text
    offered = names(call.options.get("assignors", "range"))
    try:
        config = MemberConfig.from_properties(properties)
        assignors = tuple(chosen(offered, declared.overrides))
    except (ConfigError, AssignorError) as error:
        raise call.error(str(error)) from None
    declared.members[name] = config.group_id
    return MemberSpec(
        name=name,
        topics=topics,
        assignors=assignors,
        config=config,
        behaviour=Behaviour().with_changes(changes),
    )


def _behaviour(call: Call, key: str, text: str) -> int:
    if key == "rate":
        return value(call, whole_number, text, key)
    if text == "never" and key == "commit":
        return 0
    found = value(call, duration, text, key)
    if not found and key == "poll":
        raise call.error("poll=0ms: expected more than nothing")
    return found


def _nothing(stage: Stage) -> Iterable[str]:
    return ()


COMMANDS = (
    Command(
        name="seed",
        usage="seed 7",
        help="The seed of everything random in this file (network delays); 0 by default.",
        prepare=_seed,
    ),
    Command(
        name="set",
        usage="set group.initial.rebalance.delay.ms=0 ...",
        help="Settings of the coordinator, by Kafka's property names; above any `start`.",
        prepare=_set,
    ),
    Command(
        name="topic",
        usage="topic orders partitions=6",
        help="Create a topic.",
        prepare=_topic,
    ),
    Command(
        name="partitions",
        usage="partitions orders 8",
        help="Give a topic more partitions; 0 deletes it.",
        prepare=_partitions,
    ),
    Command(
        name="members",
        usage="members A B topics=orders assignors=range group=g ...",
        help=(
            "Consumers that can be started: topics, assignors (range), group (g), instance, rack, "
            "any client property of Kafka (session.timeout.ms=10000), poll=500ms, commit=5s or "
            "never, rate=100 (records a second and partition)."
        ),
        prepare=_members,
    ),
)
