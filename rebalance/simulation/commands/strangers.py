"""`stranger`: requests that no honest member sends, and what they are answered."""

from collections.abc import Callable, Iterable, Mapping

from assignors.codec import encode_subscription
from assignors.model import Subscription, TopicPartition
from rebalance.protocol.requests import (
    GroupProtocol,
    HeartbeatRequest,
    JoinGroupRequest,
    LeaveGroupRequest,
    LeavingMember,
    OffsetCommitRequest,
    OffsetToCommit,
    SyncGroupRequest,
)
from rebalance.simulation.commands.command import Command, only_options, value
from rebalance.simulation.scenario import Call
from rebalance.simulation.stage import Action, Declared, Stage, known_or_error
from rebalance.simulation.stranger import GroupRequest
from rebalance.simulation.values import duration, names, whole_number

__all__ = ["COMMANDS"]

_JOIN = ("topics", "protocols", "type", "session", "version")
_WHO = ("group", "member", "instance")
_SENT = {
    "JoinGroup": (*_WHO, *_JOIN, "reason"),
    "SyncGroup": (*_WHO, "generation", "type", "protocols", "version"),
    "Heartbeat": (*_WHO, "generation"),
    "LeaveGroup": (*_WHO, "version"),
    "OffsetCommit": (*_WHO, "generation", "topic", "partition", "offset"),
}
_NUMBERS = {
    "generation": -1,
    "version": 9,
    "partition": 0,
    "offset": 0,
}


def _stranger(call: Call, declared: Declared) -> Action:
    name, api = _who_sends_what(call)
    only_options(call, _SENT[api])
    if name in declared.members:
        raise call.error(f"{name!r} is a member: expected a name of its own")
    declared.strangers.add(name)
    numbers = {
        key: value(call, whole_number, call.options.get(key, str(default)), key)
        for key, default in _NUMBERS.items()
    }

    numbers["session"] = value(call, duration, call.options.get("session", "10s"), "session")

    def play(stage: Stage) -> Iterable[str]:
        stranger = stage.stranger(name)
        said = _Said(name, call.options, numbers, stage)
        simulation = stage.simulation
        simulation.step(f"{name} sends {api}", name, group_id=said.group_id)
        simulation.asked_session_ms = max(simulation.asked_session_ms, numbers["session"])
        stranger.send(_REQUESTS[api](said))
        return ()

    return play


def _who_sends_what(call: Call) -> tuple[str, str]:
    match call.words:
        case ("sends", api):
            name = "stranger"
        case (name, "sends", api):
            pass
        case _:
            raise call.error(f"expected `stranger NAME sends {'|'.join(_SENT)} KEY=VALUE ...`")
    return name, known_or_error(call, api, _SENT, "a request")


class _Said:
    """What a line says; where it says nothing, what the stranger was told last, or what the
    consumer has that it passes itself off as."""

    def __init__(
        self, name: str, options: Mapping[str, str], numbers: Mapping[str, int], stage: Stage
    ) -> None:
        self._options = options
        self.client_id = name
        self.numbers = numbers
        self.group_id = options.get("group", "g")
        self.group_instance_id = options.get("instance")
        stranger = stage.stranger(name)
        self.member_id, self.generation_id = stranger.member_id, stranger.generation_id
        if "member" in options:
            self.member_id = options["member"]
        process = stage.simulation.processes.get(self.member_id)
        if process is not None:
            lane = stage.simulation.views.lanes[process.name]
            self.member_id, self.generation_id = lane.member_id, lane.generation_id
        if "generation" in options:
            self.generation_id = numbers["generation"]

    def text(self, key: str) -> str | None:
        """As it stands there; None: it does not."""
        return self._options.get(key)

    def names(self, key: str, default: str) -> tuple[str, ...]:
        """A list, empty if it stands there empty."""
        return names(self._options.get(key, default))


def _join(said: _Said) -> GroupRequest:
    metadata = encode_subscription(Subscription(topics=said.names("topics", "orders")))
    offered = said.names("protocols", "range")
    kind = said.text("type")
    return JoinGroupRequest(
        group_id=said.group_id,
        session_timeout_ms=said.numbers["session"],
        rebalance_timeout_ms=said.numbers["session"],
        member_id=said.member_id,
        group_instance_id=said.group_instance_id,
        protocol_type="consumer" if kind is None else kind,
        protocols=tuple(GroupProtocol(name=name, metadata=metadata) for name in offered),
        reason=said.text("reason"),
        version=said.numbers["version"],
        client_id=said.client_id,
    )


def _sync(said: _Said) -> GroupRequest:
    kind, offered = said.text("type"), said.names("protocols", "range")
    return SyncGroupRequest(
        group_id=said.group_id,
        generation_id=said.generation_id,
        member_id=said.member_id,
        group_instance_id=said.group_instance_id,
        protocol_type="consumer" if kind is None else kind or None,
        protocol_name=next(iter(offered), None),
        version=min(said.numbers["version"], 5),
    )


def _heartbeat(said: _Said) -> GroupRequest:
    return HeartbeatRequest(
        group_id=said.group_id,
        generation_id=said.generation_id,
        member_id=said.member_id,
        group_instance_id=said.group_instance_id,
    )


def _leave(said: _Said) -> GroupRequest:
    ids = said.member_id.split(",")
    leaving = (LeavingMember(member_id=i, group_instance_id=said.group_instance_id) for i in ids)
    version = min(said.numbers["version"], 5)
    return LeaveGroupRequest(group_id=said.group_id, members=tuple(leaving), version=version)


def _commit(said: _Said) -> GroupRequest:
    partition = TopicPartition(said.text("topic") or "orders", said.numbers["partition"])
    return OffsetCommitRequest(
        group_id=said.group_id,
        generation_id=said.generation_id,
        member_id=said.member_id,
        group_instance_id=said.group_instance_id,
        offsets=(OffsetToCommit(partition=partition, offset=said.numbers["offset"]),),
    )


_REQUESTS: Mapping[str, Callable[[_Said], GroupRequest]] = {
    "JoinGroup": _join,
    "SyncGroup": _sync,
    "Heartbeat": _heartbeat,
    "LeaveGroup": _leave,
    "OffsetCommit": _commit,
}

COMMANDS = (
    Command(
        name="stranger",
        usage=f"stranger [X] sends {'|'.join(_SENT)} member=A generation=7 ...",
        help=(
            "Somebody who is no member sends one request, whatever it says: group (g), member (an "
            "id, or a consumer's name for the id and generation it has now), generation, instance; "
            "where member is left out, what it was told last. JoinGroup: topics, protocols "
            "(range), type, session=10s, version, reason; SyncGroup: protocols, type, version; "
            "OffsetCommit: topic, partition, offset."
        ),
        prepare=_stranger,
    ),
)
