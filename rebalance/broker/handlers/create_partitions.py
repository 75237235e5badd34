"""CreatePartitions: key 37, versions 0 to 3.

Makes a topic larger, never smaller. Members learn of it with their next metadata, and the group
rebalances. The checks, their order and their codes are the controller's.
Source: `ReplicationControlManager.createPartitions`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from rebalance.broker.call import Call
from rebalance.broker.state import BrokerState
from rebalance.broker.topics.topics import MAX_PARTITIONS_PER_REQUEST, Topic, TopicError
from rebalance.broker.wire.codec import Message
from rebalance.protocol.errors import ErrorCode

KEY, OLDEST, NEWEST = 37, 0, 3


async def handle(state: BrokerState, call: Call) -> Message:
    """Grow each topic that can be grown."""
    times = Counter(entry["name"] for entry in call.body["topics"])
    answers: list[Message] = []
    for entry in call.body["topics"]:
        name = entry["name"]
        answer: Message = {"name": name, "error_code": ErrorCode.NONE, "error_message": None}
        if times.pop(name, 0) != 1:
            answer["error_code"] = ErrorCode.INVALID_REQUEST
            answer["error_message"] = "Duplicate topic name."
            if any(other["name"] == name for other in answers):
                continue
        else:
            try:
                _grow(state, entry, validate_only=call.body["validate_only"])
            except TopicError as error:
                answer |= {"error_code": error.code, "error_message": str(error) or None}
        answers.append(answer)
    return {"results": answers}


def _grow(state: BrokerState, entry: Message, *, validate_only: bool) -> None:
    topic = state.topics.get(entry["name"])
    if topic is None:
        raise TopicError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "")
    more = _additional(topic, entry["count"])
    if entry["assignments"] is not None:
        _check_assignments(state, entry["assignments"], more)
    state.topics.grow(topic, entry["count"], validate_only=validate_only)


def _additional(topic: Topic, count: int) -> int:
    if count == topic.num_partitions:
        message = f"Topic already has {count} partition(s)."
        raise TopicError(ErrorCode.INVALID_PARTITIONS, message)
    if count < topic.num_partitions:
        raise TopicError(
            ErrorCode.INVALID_PARTITIONS,
            f"The topic {topic.name} currently has {topic.num_partitions} partition(s); "
            f"{count} would not be an increase.",
        )
    more = count - topic.num_partitions
    if more > MAX_PARTITIONS_PER_REQUEST:
        message = "Excessively large number of additional partitions per request."
        raise TopicError(ErrorCode.POLICY_VIOLATION, message)
    return more


def _check_assignments(state: BrokerState, assignments: list[Message], more: int) -> None:
    problem = None
    if len(assignments) != more:
        problem = (
            f"Attempted to add {more} additional partition(s), but only {len(assignments)} "
            "assignment(s) were specified."
        )
    for assignment in assignments:
        problem = problem or assignment_problem(assignment["broker_ids"], state.leadership.node_ids)
    if problem is not None:
        raise TopicError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, problem)


def assignment_problem(nodes: list[int], known: Collection[int]) -> str | None:
    """What is wrong with the nodes that a partition is to have, in the controller's words."""
    if not nodes:
        return "The manual partition assignment includes an empty replica list."
    if len(set(nodes)) < len(nodes):
        twice = next(node for node in nodes if nodes.count(node) > 1)
        return f"The manual partition assignment includes the broker {twice} more than once."
    stranger = next((node for node in nodes if node not in known), None)
    if stranger is None:
        return None
    return (
        f"The manual partition assignment includes broker {stranger}, but no such broker is "
        "registered."
    )
