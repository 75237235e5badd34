"""DeleteTopics: key 20, versions 1 to 6.

Version 6 names topics or gives their ids; a topic given twice is refused once.
"""

from __future__ import annotations

import uuid
from collections import Counter

from rebalance.broker.call import Call
from rebalance.broker.state import BrokerState
from rebalance.broker.topics.topics import TopicError
from rebalance.broker.wire.codec import Message
from rebalance.protocol.errors import ErrorCode

KEY, OLDEST, NEWEST = 20, 1, 6


async def handle(state: BrokerState, call: Call) -> Message:
    """Delete each topic that exists."""
    if call.version >= 6:
        wanted = [(entry["name"], entry["topic_id"]) for entry in call.body["topics"]]
    else:
        wanted = [(name, None) for name in call.body["topic_names"]]
    answers = []
    for (name, topic_id), times in Counter(wanted).items():
        if times > 1:
            answers.append(_refused(name, topic_id, "Duplicate topic name."))
        elif name is not None and topic_id is not None:
            message = "You may not specify both topic name and topic id."
            answers.append(_refused(name, topic_id, message))
        elif name is None and topic_id is None:
            answers.append(_refused(name, topic_id, "Neither topic name nor id were specified."))
        else:
            answers.append(_delete(state, name, topic_id))
    return {"responses": answers}


def _refused(name: str | None, topic_id: uuid.UUID | None, message: str) -> Message:
    return _answer(name, topic_id, ErrorCode.INVALID_REQUEST, message)


def _delete(state: BrokerState, name: str | None, topic_id: uuid.UUID | None) -> Message:
    if name is None:
        topic = state.topics.by_id(topic_id)
        missing, kind = ErrorCode.UNKNOWN_TOPIC_ID, " ID"
    else:
        topic = state.topics.get(name)
        missing, kind = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "-partition"
    if topic is None:
        return _answer(name, topic_id, missing, f"This server does not host this topic{kind}.")
    try:
        state.topics.delete(topic)
    except TopicError as error:
        return _answer(name, topic_id, error.code, str(error))
    return _answer(topic.name, topic.topic_id, ErrorCode.NONE, None)


def _answer(
    name: str | None, topic_id: uuid.UUID | None, code: ErrorCode, message: str | None
) -> Message:
    return {"name": name, "topic_id": topic_id, "error_code": code, "error_message": message}
