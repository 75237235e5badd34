"""`show`: what can be seen, in few words. It changes nothing."""

from collections.abc import Callable, Iterable, Mapping

from rebalance.simulation.commands.command import Command, only_options, value
from rebalance.simulation.process import Process
from rebalance.simulation.scenario import Call
from rebalance.simulation.stage import Action, Declared, Stage, known_or_error, written_out
from rebalance.simulation.values import duration, partitions_text, ranges, seconds
from rebalance.simulation.views import Lane
from rebalance.simulation.words import event_lines, who_and_what

__all__ = ["COMMANDS"]

Names = tuple[str, ...]


def _show(call: Call, declared: Declared) -> Action:
    if not call.words:
        raise call.error(f"expected what to show: {', '.join(_SHOWN)}")
    show = _SHOWN[known_or_error(call, call.words[0], _SHOWN, "something to show")]
    only_options(call, ("from",) if call.words[0] == "events" else ())
    if "from" in call.options:
        value(call, duration, call.options["from"], "from")
    known = {*declared.members, *declared.members.values(), *declared.strangers}
    names = written_out(call, call.words[1:])
    for name in names:
        known_or_error(call, name, known, "a member or a group")
    return lambda stage: show(call, stage, names)


def _groups(call: Call, stage: Stage, names: Names) -> Iterable[str]:
    for group in stage.simulation.views.groups.values():
        if names and group.group_id not in names:
            continue
        line = f"{group.group_id}: {group.state}, generation {group.generation_id}"
        if group.members:
            leader = f"{group.leader} leads" if group.leader else "nobody leads"
            by = f"{group.protocol_name}, {leader}" if group.protocol_name else leader
            line += f", {by}; members {', '.join(group.members)}"
        yield line


def _processes(stage: Stage, names: Names) -> list[tuple[str, Process]]:
    return [
        (name, process)
        for name, process in stage.simulation.processes.items()
        if not names or name in names or process.config.group_id in names
    ]


def _members(call: Call, stage: Stage, names: Names) -> Iterable[str]:
    for name, process in _processes(stage, names):
        lane = stage.simulation.views.lanes[process.name]
        if not process.alive:
            yield f"{name}: {lane.ended}"
            continue
        still = " (stands still)" if process.paused else ""
        line = f"{name}: {process.state.value}{still}"
        if stage.simulation.views.is_member(lane):
            leads = ", leads" if lane.leads else ""
            line += f", {lane.member_id}, generation {lane.generation_id}{leads}"
        yield f"{line}, owns {partitions_text(lane.owned)}"


def _ownership(call: Call, stage: Stage, names: Names) -> Iterable[str]:
    views = stage.simulation.views
    group_ids = dict.fromkeys(lane.group_id for lane in views.lanes.values())
    for group_id in group_ids:
        if names and group_id not in names:
            continue
        topics = sorted({t for lane in views.lanes_of(group_id) for t in lane.topics})
        for topic in topics:
            prefix = f"{group_id}, " if len(group_ids) > 1 and not names else ""
            yield f"{prefix}{topic}: {_owners(stage, group_id, topic)}"


def _owners(stage: Stage, group_id: str, topic: str) -> str:
    views = stage.simulation.views
    owners = [
        f"{lane.name}{_belief(stage, lane)} {ranges(ids)}"
        for lane in views.lanes_of(group_id)
        if (ids := sorted(partition for name, partition in lane.owned if name == topic))
    ]
    count = views.topics.get(topic, 0)
    free = [p for p in range(count) if not views.holders(group_id, (topic, p))]
    if free:
        owners.append(f"nobody {ranges(free)}")
    return ", ".join(owners) or "no partitions"


def _belief(stage: Stage, lane: Lane) -> str:
    return "" if stage.simulation.views.is_member(lane) else " (a zombie)"


def _rebalances(call: Call, stage: Stage, names: Names) -> Iterable[str]:
    """Those since they were last shown."""
    every = stage.simulation.views.rebalances
    shown = every[stage.rebalances_shown :]
    stage.rebalances_shown = len(every)
    for rebalance in shown:
        if names and rebalance.group_id not in names:
            continue
        by = f" by {rebalance.member_id}" if rebalance.member_id else ""
        line = f"{seconds(rebalance.started)}: {rebalance.cause}{by}"
        if rebalance.ended is None:
            yield f"{line}; {'overtaken' if rebalance.overtaken else 'not ended'}"
            continue
        took = seconds(rebalance.ended - rebalance.started)
        members = "1 member" if rebalance.members == 1 else f"{rebalance.members} members"
        yield f"{line}; {took} to generation {rebalance.generation_id} with {members}"


def _events(call: Call, stage: Stage, names: Names) -> Iterable[str]:
    """Those since they were last shown, or from a time on."""
    every = stage.simulation.trace.events
    shown = every[stage.events_shown :]
    stage.events_shown = len(every)
    if "from" in call.options:
        since = duration(call.options["from"])
        shown = [event for event in every if event.t >= since]
    if names:
        shown = [e for e in shown if who_and_what(e)[0].split(".")[0] in names]
    return event_lines(shown)


def _offsets(call: Call, stage: Stage, names: Names) -> Iterable[str]:
    lines: dict[str, list[str]] = {}
    several = len({group_id for group_id, _ in stage.simulation.offsets}) > 1
    for (group_id, partition), offset in sorted(stage.simulation.offsets.items()):
        if not names or group_id in names:
            label = f"{group_id}, {partition.topic}" if several else partition.topic
            lines.setdefault(label, []).append(f"{partition.partition} at {offset}")
    return [f"{label}: {', '.join(each)}" for label, each in lines.items()]


def _commits(call: Call, stage: Stage, names: Names) -> Iterable[str]:
    for name, process in _processes(stage, names):
        refused = ", ".join(
            f"{n} refused ({error})" for error, n in process.positions.refused.items()
        )
        yield f"{name}: {process.positions.committed} accepted, {refused or 'none refused'}"


def _records(call: Call, stage: Stage, names: Names) -> Iterable[str]:
    """What became of the records of each topic that a group reads."""
    simulation = stage.simulation
    simulation.tell_progress()
    group_ids = dict.fromkeys(lane.group_id for lane in simulation.views.lanes.values())
    for group_id in group_ids:
        if names and group_id not in names:
            continue
        prefix = f"{group_id}, " if len(group_ids) > 1 else ""
        topics = {t for lane in simulation.views.lanes_of(group_id) for t in lane.topics}
        for topic in sorted(topics):
            counts = simulation.checkers.records.counts(group_id, topic)
            line = f"{prefix}{topic}: {counts.processed:,} processed"
            line += f", {counts.duplicates:,} times again" if counts.duplicates else ", none again"
            line += f", {counts.gaps:,} never" if counts.gaps else ", no gap"
            lag = simulation.lag(group_id, topic)
            yield line if lag is None else f"{line}, {lag:,} not committed"


def _metrics(call: Call, stage: Stage, names: Names) -> Iterable[str]:
    groups = stage.numbers(call)
    for group_id, figures in groups.items():
        if not names or group_id in names:
            prefix = f"{group_id}, " if len(groups) > 1 else ""
            for name, figure in figures.items():
                yield f"{prefix}{name}: {figure:,}"


def _answers(call: Call, stage: Stage, names: Names) -> Iterable[str]:
    """Those to requests since they were last shown; what is open is shown again."""
    for name, stranger in stage.strangers.items():
        if names and name not in names:
            continue
        first = stage.answers_shown.get(name, 0)
        for exchange in stranger.exchanges[first:]:
            yield f"{name}, {exchange.words()}"
        open_ = [i for i, e in enumerate(stranger.exchanges) if e.answered is None and i >= first]
        stage.answers_shown[name] = min(open_, default=len(stranger.exchanges))


_SHOWN: Mapping[str, Callable[[Call, Stage, Names], Iterable[str]]] = {
    "groups": _groups,
    "members": _members,
    "ownership": _ownership,
    "rebalances": _rebalances,
    "events": _events,
    "offsets": _offsets,
    "commits": _commits,
    "records": _records,
    "metrics": _metrics,
    "answers": _answers,
}

COMMANDS = (
    Command(
        name="show",
        usage=f"show {'|'.join(_SHOWN)} [NAME...] [from=20s]",
        help=(
            "Print the coordinator's groups, the consumers, who owns what in the consumers' eyes, "
            "rebalances or events since they were last shown, committed offsets, commits accepted "
            "and refused, records processed, processed again and never, metrics, what strangers "
            "were answered; of some groups or members only. `from=`: events from then on."
        ),
        prepare=_show,
        plays=False,
    ),
)
