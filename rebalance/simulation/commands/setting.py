"""Commands that set the stage: seed, settings, network, log, topics, members."""

from collections.abc import Iterable
from dataclasses import replace

from assignors.errors import AssignorError
from rebalance.member.config import MemberConfig
from rebalance.member.profile import JAVA, PROFILES
from rebalance.protocol.config import ConfigError, CoordinatorConfig
from rebalance.simulation.application import Behaviour
from rebalance.simulation.choosing import chosen
from rebalance.simulation.commands.command import Command, no_options, only_options, value
from rebalance.simulation.scenario import Call
from rebalance.simulation.spec import MemberSpec
from rebalance.simulation.stage import Action, Declared, Stage, known_or_error, written_out
from rebalance.simulation.values import duration, names, whole_number

__all__ = ["COMMANDS"]

_PROPERTIES = {name for name in MemberConfig.properties() if name not in ("group.id", "client.id")}
_OWN = ("topics", "assignors", "client", "static")
_BEHAVIOUR = {"poll": "poll_ms", "commit": "commit_ms", "rate": "rate_per_s"}
_STATIC = {"yes": True, "no": False}
_MEMBER = {"group": "group.id", "instance": "group.instance.id", "rack": "client.rack"}


def _seed(call: Call, declared: Declared) -> Action:
    no_options(call)
    if len(call.words) != 1:
        raise call.error("expected one whole number")
    declared.seed = value(call, whole_number, call.words[0])
    return _nothing


def _trace(call: Call, declared: Declared) -> Action:
    no_options(call)
    if declared.started or list(call.words) != ["requests"]:
        raise call.error("expected `trace requests`, above any `start`")

    def play(stage: Stage) -> Iterable[str]:
        stage.simulation.tells_requests = True
        return ()

    return play


def _set(call: Call, declared: Declared) -> Action:
    if declared.started:
        raise call.error("settings are the broker's from its start: expected above any `start`")
    if call.words or not call.options:
        raise call.error("expected property=value, with Kafka's names")
    declared.properties |= call.options
    try:
        CoordinatorConfig.from_properties(declared.settings)
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
    only_options(call, sorted({*_OWN, *_BEHAVIOUR, *_MEMBER, *_PROPERTIES}))
    if "topics" not in call.options:
        raise call.error("expected topics=NAME,... (what it subscribes to)")
    topics = names(call.options["topics"])
    called = written_out(call, call.words)
    if "instance" in call.options and len(called) > 1:
        raise call.error("an instance id is one member's: expected one name, or static=yes")
    specs = [_spec(call, declared, name, topics) for name in called]

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
        elif key not in _OWN:
            properties[_MEMBER.get(key, key)] = text
    properties |= dict(declared.overrides.member)
    _make_static(call, declared, name, properties)
    offered = names(call.options.get("assignors", "range"))
    client = known_or_error(call, call.options.get("client", JAVA.name), PROFILES, "a client")
    try:
        config = replace(MemberConfig.from_properties(properties), profile=PROFILES[client])
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


def _make_static(call: Call, declared: Declared, name: str, properties: dict[str, str]) -> None:
    """`static=yes`: its instance id is its name; what is to be played otherwise counts more."""
    text = call.options.get("static")
    static = None if text is None else _STATIC[known_or_error(call, text, _STATIC, "an answer")]
    if declared.overrides.static is not None:
        static = declared.overrides.static
    if static is True:
        properties.setdefault("group.instance.id", name)
    elif static is False:
        properties.pop("group.instance.id", None)


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
        name="trace",
        usage="trace requests",
        help="The trace tells of every request and its answer; above any `start`.",
        prepare=_trace,
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
            "Consumers that can be started (`pod-1..12` names twelve): topics, assignors (range), "
            "group (g), instance or static=yes (its name is its instance), rack, client (java, "
            "aiokafka or librdkafka: whose habits they have), any client property of Kafka "
            "(session.timeout.ms=10000), poll=500ms, commit=5s or never, rate=100 (records a "
            "second and partition)."
        ),
        prepare=_members,
    ),
)
