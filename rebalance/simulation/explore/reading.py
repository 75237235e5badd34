"""A scenario file as a group to explore: who there is, and how many faults of each kind.

    topic orders partitions=2
    members A B topics=orders assignors=cooperative-sticky
    start A B
    explore crash=1

Why: the same language, but the order of things is what an exploration chooses. So a file says what
there is; a command that would say what happens when is refused.
"""

from collections.abc import Callable, Collection, Iterable, Mapping

from rebalance.member.profile import ClientProfile, HeartbeatPhase
from rebalance.protocol.config import CoordinatorConfig
from rebalance.simulation.choosing import Overrides
from rebalance.simulation.commands import COMMANDS
from rebalance.simulation.commands.command import no_options, only_options, value
from rebalance.simulation.explore.group import FAULTS, ExploredGroup, ExploredMember, Faults
from rebalance.simulation.scenario import Call, Scenario, ScenarioError
from rebalance.simulation.spec import MemberSpec
from rebalance.simulation.stage import Declared, Numbers, Stage
from rebalance.simulation.values import whole_number

__all__ = ["explored_group"]

_DECLARING = ("set", "topic", "members")
"""Commands of `rebalance simulate` that only say what there is."""


def explored_group(scenario: Scenario, overrides: Overrides | None = None) -> ExploredGroup:
    """The group that a scenario declares.

    Raises:
        ScenarioError: a line does not make sense, or says when something is to happen.
    """
    reading = _Reading(overrides or Overrides())
    calls = [call for block in scenario.blocks for call in block.calls]
    for call in calls:
        reading.read(call)
    last = calls[-1].line if calls else 1
    return reading.group(scenario.name, last)


class _Reading:
    def __init__(self, overrides: Overrides) -> None:
        self._declared = Declared(overrides=overrides)
        self._stage = Stage.of(self._declared, None, _no_replay)
        self._started: dict[str, None] = {}
        self._faults = Faults()
        self._own: Mapping[str, Callable[[Call], None]] = {
            "start": self._start,
            "explore": self._explore,
        }

    def read(self, call: Call) -> None:
        """Take in one line."""
        if call.name in self._own:
            self._own[call.name](call)
        elif call.name in _DECLARING:
            for _ in COMMANDS[call.name].prepare(call, self._declared)(self._stage):
                raise AssertionError(f"{call.name} prints")
        else:
            allowed = ", ".join(sorted((*_DECLARING, *self._own)))
            raise call.error(f"{call.name!r} is not for exploring: expected one of {allowed}")

    def group(self, name: str, line: int) -> ExploredGroup:
        """All lines were read."""
        specs = [self._stage.spec(started) for started in self._started]
        if not specs:
            raise ScenarioError(name, line, "nobody is started: expected `start NAME ...`")
        group_ids = sorted({spec.config.group_id for spec in specs})
        if len(group_ids) > 1:
            groups = ", ".join(group_ids)
            raise ScenarioError(name, line, f"groups {groups}: expected members of one group")
        topics = dict(self._stage.simulation.node.topics)
        why = _twins(specs) or next((why for spec in specs if (why := _unfit(spec, topics))), "")
        if why:
            raise ScenarioError(name, line, why)
        members = tuple(
            ExploredMember(
                name=spec.name, topics=spec.topics, assignors=spec.assignors, config=spec.config
            )
            for spec in specs
        )
        return ExploredGroup(
            topics=topics,
            members=members,
            config=CoordinatorConfig.from_properties(self._declared.properties),
            faults=self._faults,
        )

    def _start(self, call: Call) -> None:
        no_options(call)
        for name in self._declared.names(call, call.words):
            if name in self._started:
                raise call.error(f"{name} is started already: a consumer is started once")
            self._started[name] = None

    def _explore(self, call: Call) -> None:
        only_options(call, FAULTS)
        if call.words or not call.options:
            raise call.error(f"expected KIND=NUMBER, of {', '.join(FAULTS)}")
        counts = {key: value(call, whole_number, text, key) for key, text in call.options.items()}
        if min(counts.values()) < 0:
            raise call.error("expected numbers of faults, 0 or more")
        self._faults = Faults(**{name: getattr(self._faults, name) for name in FAULTS} | counts)


def _unfit(spec: MemberSpec, topics: Collection[str]) -> str:
    """Why a consumer cannot be explored; empty if it can."""
    if _measures_time(spec.config.profile):
        return (
            f"client={spec.config.profile.name} of {spec.name} counts from its last beat "
            "or join, and time stands still here: expected java or aiokafka"
        )
    for topic in spec.topics:
        if topic not in topics:
            return f"{spec.name} wants {topic}, which no `topic` line declares and nothing makes"
    return ""


def _twins(specs: Iterable[MemberSpec]) -> str:
    """Why no two may claim one instance: here whoever fails does so for nothing."""
    names: dict[str, str] = {}
    for spec in specs:
        instance = spec.config.group_instance_id
        if instance is not None and names.setdefault(instance, spec.name) != spec.name:
            return (
                f"{names[instance]} and {spec.name} have one instance={instance}, so that one of "
                "them is fenced and fails (J06): expected an instance for each"
            )
    return ""


def _measures_time(profile: ClientProfile) -> bool:
    return bool(profile.join_interval_ms) or profile.heartbeat_phase is HeartbeatPhase.LAST


def _no_replay(how: Overrides) -> Numbers:
    raise AssertionError("nothing is played")
