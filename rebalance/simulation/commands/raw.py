"""`stranger`: a request that no consumer of the scenario would send."""

from collections.abc import Callable, Iterable, Mapping

from rebalance.protocol.requests import (
    GroupProtocol,
    HeartbeatRequest,
    JoinGroupRequest,
    LeaveGroupRequest,
    LeavingMember,
    Request,
    SyncGroupRequest,
)
from rebalance.simulation.commands.command import Command, only_options, value
from rebalance.simulation.scenario import Call
from rebalance.simulation.stage import Action, Declared, Stage, known_or_error
from rebalance.simulation.values import duration, names, whole_number

__all__ = ["COMMANDS"]

_OPTIONS = ("group", "member", "instance", "generation", "protocols", "session")


def _stranger(call: Call, declared: Declared) -> Action:
    only_options(call, _OPTIONS)
    if len(call.words) != 2 or call.words[0] != "sends":
        raise call.error(f"expected `stranger sends API`, one of {', '.join(_REQUESTS)}")
    make = _REQUESTS[known_or_error(call, call.words[1], _REQUESTS, "an API")]
    value(call, duration, call.options.get("session", "6s"), "session")
    value(call, whole_number, call.options.get("generation", "0"), "generation")

    def play(stage: Stage) -> Iterable[str]:
        stage.simulation.step(f"a stranger sends {call.words[1]}")
        stage.simulation.stranger.send(make(_Said(call, stage)))
        return ()

    return play


class _Said:
    """What the line says, as of when it is played."""

    def __init__(self, call: Call, stage: Stage) -> None:
        options, views = call.options, stage.simulation.views
        self.group_id = options.get("group", "g")
        self.instance = options.get("instance")
        self.protocols = names(options.get("protocols", "range"))
        self.session_ms = duration(options.get("session", "6s"))
        group = views.groups.get(self.group_id)
        current = -1 if group is None else group.generation_id
        self.generation_id = int(options.get("generation", current))
        self.member_id = self._member_id(options.get("member", ""), stage)

    @staticmethod
    def _member_id(name: str, stage: Stage) -> str:
        if name == "given":
            return stage.simulation.stranger.given_id
        process = stage.simulation.processes.get(name)
        return name if process is None else stage.simulation.views.lanes[process.name].member_id


def _join(said: _Said) -> Request:
    return JoinGroupRequest(
        group_id=said.group_id,
        session_timeout_ms=said.session_ms,
        rebalance_timeout_ms=said.session_ms,
        member_id=said.member_id,
        group_instance_id=said.instance,
        protocol_type="consumer",
        protocols=tuple(GroupProtocol(name=name, metadata=b"") for name in said.protocols),
        client_id="stranger",
    )


def _sync(said: _Said) -> Request:
    return SyncGroupRequest(
        group_id=said.group_id,
        generation_id=said.generation_id,
        member_id=said.member_id,
        group_instance_id=said.instance,
        protocol_type="consumer",
        protocol_name=next(iter(said.protocols), None),
    )


def _heartbeat(said: _Said) -> Request:
    return HeartbeatRequest(
        group_id=said.group_id,
        generation_id=said.generation_id,
        member_id=said.member_id,
        group_instance_id=said.instance,
    )


def _leave(said: _Said) -> Request:
    leaving = LeavingMember(member_id=said.member_id, group_instance_id=said.instance)
    return LeaveGroupRequest(group_id=said.group_id, members=(leaving,))


_REQUESTS: Mapping[str, Callable[[_Said], Request]] = {
    "JoinGroup": _join,
    "SyncGroup": _sync,
    "Heartbeat": _heartbeat,
    "LeaveGroup": _leave,
}

COMMANDS = (
    Command(
        name="stranger",
        usage="stranger sends Heartbeat [group=g member=A generation=3 instance=i1 ...]",
        help=(
            "A raw client sends one JoinGroup, SyncGroup, Heartbeat or LeaveGroup, whatever it "
            "says: `member=` an id, a consumer's name for the id it has now, or `given` for the id "
            "that a stranger was given last; `generation=` (the group's), `instance=`, "
            "`protocols=` (range), `session=` (6s)."
        ),
        prepare=_stranger,
    ),
)
