"""Fetch: key 1, versions 4 to 18.

Waits until `min_bytes` are there or `max_wait` is over, woken by appends and by a change of leader,
never by polling.
Fetch sessions (KIP-227) are declined the way a broker may: session id 0 says that there is none,
and the client goes on sending full requests.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial

from rebalance.broker.call import Call
from rebalance.broker.logs.log import PartitionLog
from rebalance.broker.nodes.leader_checks import NO_EPOCH, CurrentLeaders, leader_error
from rebalance.broker.state import BrokerState
from rebalance.broker.topics.topics import Topic
from rebalance.broker.wire.codec import Message
from rebalance.protocol.errors import ErrorCode

KEY, OLDEST, NEWEST = 1, 4, 18

_FIRST_WITH_TOPIC_IDS = 13
_NO_SESSION = 0
_INITIAL_EPOCH, _FINAL_EPOCH = 0, -1
_MISSING = (ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.UNKNOWN_TOPIC_ID)
_READ_COMMITTED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """One partition of the request, and where it is."""

    state: BrokerState
    topic: Topic | None
    log: PartitionLog | None
    partition: int
    offset: int
    leader_epoch: int
    last_fetched_epoch: int
    max_bytes: int
    missing: ErrorCode


async def handle(state: BrokerState, call: Call) -> Message:
    """Answer with what there is, after waiting for it if need be."""
    body = call.body
    if body.get("session_epoch", _FINAL_EPOCH) not in (_INITIAL_EPOCH, _FINAL_EPOCH):
        return {"error_code": ErrorCode.FETCH_SESSION_ID_NOT_FOUND, "responses": []}
    wanted = [
        (entry, [_wanted(state, call, entry, part) for part in entry["partitions"]])
        for entry in body["topics"]
    ]
    parts = [part for _, group in wanted for part in group]
    max_bytes = min(max(body["max_bytes"], 0), state.config.fetch_max_bytes)
    await _wait(parts, min(body["min_bytes"], max_bytes), body["max_wait"])
    budget = _Budget(max_bytes)
    leaders = CurrentLeaders(state, call)
    committed_only = body["isolation_level"] == _READ_COMMITTED
    responses = [
        {
            "topic": entry.get("topic"),
            "topic_id": entry.get("topic_id"),
            "partitions": [
                _answer(part, budget, leaders, committed_only=committed_only) for part in group
            ],
        }
        for entry, group in wanted
    ]
    return {
        "error_code": ErrorCode.NONE,
        "session_id": _NO_SESSION,
        "responses": responses,
        "node_endpoints": leaders.endpoints,
    }


def _wanted(state: BrokerState, call: Call, entry: Message, part: Message) -> _Wanted:
    if call.version >= _FIRST_WITH_TOPIC_IDS:
        topic = state.topics.by_id(entry["topic_id"])
        missing = ErrorCode.UNKNOWN_TOPIC_ID
    else:
        topic = state.topics.get(entry["topic"])
        missing = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    return _Wanted(
        state=state,
        topic=topic,
        log=None if topic is None else topic.log(part["partition"]),
        partition=part["partition"],
        offset=part["fetch_offset"],
        leader_epoch=max(part.get("current_leader_epoch", NO_EPOCH), NO_EPOCH),
        last_fetched_epoch=part.get("last_fetched_epoch", NO_EPOCH),
        max_bytes=max(part["partition_max_bytes"], 0),
        missing=missing if topic is None else ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    )


def _error(part: _Wanted) -> ErrorCode:
    """What keeps this partition from being read, in Kafka's order."""
    if part.topic is None or part.log is None or part.topic.is_deleted:
        return part.missing
    code = leader_error(part.state, part.topic, part.partition, part.leader_epoch)
    if code is not ErrorCode.NONE:
        return code
    if (
        part.last_fetched_epoch > part.log.epochs.current
        or not part.log.start_offset <= part.offset <= part.log.end_offset
    ):
        return ErrorCode.OFFSET_OUT_OF_RANGE
    return ErrorCode.NONE


async def _wait(parts: list[_Wanted], min_bytes: int, max_wait_ms: int) -> None:
    """Until enough is there, a partition has an error, or the time is over."""
    if max_wait_ms <= 0 or min_bytes <= 0 or not parts or _is_ready(parts, min_bytes):
        return
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def end() -> None:
        if not done.done():
            done.set_result(None)

    def look(part: _Wanted) -> None:
        # What was just appended is mostly enough by itself; only then is all of it counted.
        if not done.done() and (_is_ready([part], min_bytes) or _is_ready(parts, min_bytes)):
            end()

    timer = loop.call_later(max_wait_ms / 1000, end)
    listeners = [(part.log, partial(look, part)) for part in parts if part.log is not None]
    for log, listener in listeners:
        log.listen(listener)
    try:
        await done
    finally:
        timer.cancel()
        for log, listener in listeners:
            log.ignore(listener)


def _is_ready(parts: list[_Wanted], min_bytes: int) -> bool:
    found = 0
    for part in parts:
        if _error(part) is not ErrorCode.NONE or part.log is None:
            return True
        found += part.log.available(part.offset, min(part.max_bytes, min_bytes))
        if found >= min_bytes:
            return True
    return False


class _Budget:
    """Bytes left for the whole response; the first batch of all goes out whatever its size."""

    __slots__ = ("is_empty", "left")

    def __init__(self, left: int) -> None:
        self.left = left
        self.is_empty = True

    def read(self, part: _Wanted, log: PartitionLog) -> bytes:
        data = log.read(
            part.offset, min(part.max_bytes, max(self.left, 0)), at_least_one=self.is_empty
        )
        self.left -= len(data)
        self.is_empty = self.is_empty and not data
        return data


def _answer(
    part: _Wanted, budget: _Budget, leaders: CurrentLeaders, *, committed_only: bool
) -> Message:
    code = _error(part)
    log = part.log
    if code is not ErrorCode.NONE or log is None:
        # Kafka tells no offsets beside an error, OFFSET_OUT_OF_RANGE included.
        return {
            "partition_index": part.partition,
            "error_code": code,
            "high_watermark": -1,
            "aborted_transactions": [] if code in _MISSING else None,
            "records": b"",
            **leaders.of(code, part.topic, part.partition),
        }
    return {
        "partition_index": part.partition,
        "error_code": ErrorCode.NONE,
        "high_watermark": log.end_offset,
        "last_stable_offset": log.end_offset,
        "log_start_offset": log.start_offset,
        "aborted_transactions": [] if committed_only else None,
        "records": budget.read(part, log),
    }
