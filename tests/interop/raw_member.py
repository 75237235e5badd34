"""Our ClassicMember on raw sockets: what a client library does around it, and no more.

A thread owns the machine; two connections carry its requests, as every client has them: one to the
coordinator, where a JoinGroup may be parked, one for the rest. The bytes are kio's.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from assignors.interface import Assignor, AssignorError, common_protocol, run_assignor
from assignors.model import ClusterMetadata
from rebalance.member import events
from rebalance.member.classic import ClassicMember
from rebalance.member.config import MemberConfig
from rebalance.protocol import requests, responses
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.states import MemberState
from tests.conversations.raw import Connection
from tests.interop.ledger import Ledger

_POLL_MS = 500
ENDS = (MemberState.STOPPED, MemberState.FAILED)


class RawMember:
    """One member of one group on `address`, from `__init__` to `close()`."""

    def __init__(
        self,
        address: tuple[str, int],
        config: MemberConfig,
        assignors: Sequence[Assignor],
        topics: Sequence[str],
        *,
        name: str,
        ledger: Ledger,
    ) -> None:
        self.name = name
        self.leads = False
        self.error = ""
        self._ledger = ledger
        self._protocol = common_protocol(assignors)
        self._member = ClassicMember(config, assignors)
        self._inbox: queue.Queue[events.MemberEvent] = queue.Queue()
        self._lines = {
            where: _Line(address, config.client_id, self._inbox) for where in events.Destination
        }
        self._inbox.put(events.Subscribe(topics=tuple(topics)))
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Leave the group in good order."""
        self._inbox.put(events.Close())
        self._thread.join(60)
        assert not self._thread.is_alive(), f"{self.name} does not close"

    def _run(self) -> None:
        polled = 0
        while self._member.state not in ENDS:
            now = _now()
            if now - polled >= _POLL_MS:
                polled = now
                self._carry_out(self._member.handle(events.Polled(), now))
            self._carry_out(self._member.advance(_now()))
            try:
                event = self._inbox.get(timeout=self._patience_s())
            except queue.Empty:
                continue
            self._carry_out(self._member.handle(event, _now()))
        for line in self._lines.values():
            line.close()

    def _patience_s(self) -> float:
        deadline = self._member.next_deadline()
        until = _POLL_MS if deadline is None else min(_POLL_MS, deadline - _now())
        return max(until, 1) / 1000

    def _carry_out(self, effects: tuple[events.MemberEffect, ...]) -> None:
        for effect in effects:
            match effect:
                case events.Send():
                    self._lines[effect.to].send(effect.token, effect.request)
                case events.Revoke() | events.Lose():
                    self._ledger.gave(self.name, effect.partitions)
                    self._inbox.put(events.CallbackDone(token=effect.token))
                case events.Assign():
                    self._ledger.got(self.name, effect.partitions)
                    self._inbox.put(events.CallbackDone(token=effect.token))
                case events.RunAssignor():
                    self._inbox.put(self._assign(effect))
                case events.GenerationJoined():
                    self.leads = effect.leader
                case events.Failed():
                    self.error = effect.error
                case _:
                    pass

    def _assign(self, effect: events.RunAssignor) -> events.MemberEvent:
        try:
            plan = run_assignor(
                effect.assignor, effect.cluster, effect.members, protocol=self._protocol
            )
        except AssignorError as error:
            return events.AssignorFailed(token=effect.token, error=error)
        return events.AssignorDone(token=effect.token, assignment=plan)


class _Line:
    """One connection: requests in, their answers into the inbox, in order."""

    def __init__(
        self, address: tuple[str, int], client_id: str, inbox: queue.Queue[events.MemberEvent]
    ) -> None:
        self._address, self._client_id, self._inbox = address, client_id, inbox
        self._requests: queue.Queue[tuple[int, requests.Request] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def send(self, token: int, request: requests.Request) -> None:
        self._requests.put((token, request))

    def close(self) -> None:
        self._requests.put(None)
        self._thread.join(60)

    def _run(self) -> None:
        connection: Connection | None = None
        while (asked := self._requests.get()) is not None:
            token, request = asked
            try:
                connection = connection or Connection(self._address, self._client_id)
                response = _ask(connection, request)
            except (OSError, AssertionError):
                if connection is not None:
                    connection.close()
                connection = None
                self._inbox.put(events.Unanswered(token=token))
            else:
                self._inbox.put(events.Answered(token=token, response=response))
        if connection is not None:
            connection.close()


def _now() -> int:
    return int(time.monotonic() * 1000)


def _error(answer: Any) -> ErrorCode:
    return ErrorCode(answer.error_code.value)


def _ask(connection: Connection, request: requests.Request) -> responses.Response:
    return _ASK[type(request)](connection, request)


def _find(connection: Connection, request: Any) -> responses.Response:
    answer = connection.ask("find_coordinator", 3, {"key": request.group_id, "key_type": 0})
    return responses.FindCoordinatorResponse(error=_error(answer), node_id=int(answer.node_id))


def _metadata(connection: Connection, request: Any) -> responses.Response:
    names = [{"name": name} for name in request.topics]
    answer = connection.ask("metadata", 9, {"topics": names})
    counts = {
        str(topic.name): len(topic.partitions)
        for topic in answer.topics
        if topic.error_code.value == 0
    }
    return responses.MetadataResponse(cluster=ClusterMetadata(counts))


def _join(connection: Connection, request: Any) -> responses.Response:
    fields = {
        "group_id": request.group_id,
        "session_timeout": request.session_timeout_ms,
        "rebalance_timeout": request.rebalance_timeout_ms,
        "member_id": request.member_id,
        "group_instance_id": request.group_instance_id,
        "protocol_type": request.protocol_type,
        "protocols": [{"name": p.name, "metadata": p.metadata} for p in request.protocols],
        "reason": request.reason,
    }
    answer = connection.ask("join_group", 9, fields)
    return responses.JoinGroupResponse(
        error=_error(answer),
        generation_id=int(answer.generation_id),
        protocol_type=answer.protocol_type,
        protocol_name=answer.protocol_name,
        leader=answer.leader,
        skip_assignment=answer.skip_assignment,
        member_id=answer.member_id,
        members=tuple(
            responses.JoinedMember(
                member_id=each.member_id,
                group_instance_id=each.group_instance_id,
                metadata=each.metadata,
            )
            for each in answer.members
        ),
    )


def _sync(connection: Connection, request: Any) -> responses.Response:
    fields = {
        "group_id": request.group_id,
        "generation_id": request.generation_id,
        "member_id": request.member_id,
        "group_instance_id": request.group_instance_id,
        "protocol_type": request.protocol_type,
        "protocol_name": request.protocol_name,
        "assignments": [
            {"member_id": each.member_id, "assignment": each.assignment}
            for each in request.assignments
        ],
    }
    answer = connection.ask("sync_group", 5, fields)
    return responses.SyncGroupResponse(
        error=_error(answer),
        protocol_type=answer.protocol_type,
        protocol_name=answer.protocol_name,
        assignment=answer.assignment,
    )


def _heartbeat(connection: Connection, request: Any) -> responses.Response:
    fields = {
        "group_id": request.group_id,
        "generation_id": request.generation_id,
        "member_id": request.member_id,
        "group_instance_id": request.group_instance_id,
    }
    return responses.HeartbeatResponse(error=_error(connection.ask("heartbeat", 4, fields)))


def _leave(connection: Connection, request: Any) -> responses.Response:
    members = [
        {
            "member_id": each.member_id,
            "group_instance_id": each.group_instance_id,
            "reason": each.reason,
        }
        for each in request.members
    ]
    answer = connection.ask("leave_group", 5, {"group_id": request.group_id, "members": members})
    return responses.LeaveGroupResponse(
        error=_error(answer),
        members=tuple(
            responses.LeftMember(
                member_id=each.member_id,
                group_instance_id=each.group_instance_id,
                error=_error(each),
            )
            for each in answer.members
        ),
    )


_ASK: dict[type, Callable[[Connection, Any], responses.Response]] = {
    requests.FindCoordinatorRequest: _find,
    requests.MetadataRequest: _metadata,
    requests.JoinGroupRequest: _join,
    requests.SyncGroupRequest: _sync,
    requests.HeartbeatRequest: _heartbeat,
    requests.LeaveGroupRequest: _leave,
}
