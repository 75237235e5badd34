"""DeleteTopics: key 20, versions 1 to 6.

Version 6 names topics or gives their ids.
"""

from __future__ import annotations

from rebalance.broker.codec import Message
from rebalance.broker.state import BrokerState, Call
from rebalance.broker.topics import TopicError
from rebalance.protocol.errors import ErrorCode

KEY, OLDEST, NEWEST = 20, 1, 6


async def handle(state: BrokerState, call: Call) -> Message:
    """Delete each topic that exists."""
    if call.version >= 6:
        wanted = [(entry["name"], entry["topic_id"]) for entry in call.body["topics"]]
    else:
        wanted = [(name, None) for name in call.body["topic_names"]]
    return {"responses": [_delete(state, name, topic_id) for name, topic_id in wanted]}


def _delete(state: BrokerState, name: str | None, topic_id: object) -> Message:
    if name is not None and topic_id is not None:
        return _answer(
            name, topic_id, ErrorCode.INVALID_REQUEST, "You may not specify both name and id."
        )
    if name is None:
        topic = next((t for t in state.topics if t.topic_id == topic_id), None)
        missing = ErrorCode.UNKNOWN_TOPIC_ID
    else:
        topic = state.topics.get(name)
        missing = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    if topic is None:
        return _answer(name, topic_id, missing, "This server does not host this topic.")
    try:
        state.topics.delete(topic)
    except TopicError as error:
        return _answer(name, topic_id, error.code, str(error))
    return _answer(topic.name, topic.topic_id, ErrorCode.NONE, None)


def _answer(name: str | None, topic_id: object, code: ErrorCode, message: str | None) -> Message:
    return {"name": name, "topic_id": topic_id, "error_code": code, "error_message": message}
