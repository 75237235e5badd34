"""DescribeLogDirs: key 35, versions 1 to 5.

What each partition takes. There is one directory: the broker's, with its file system's room, or one
whose name says that it is memory; how much fits into that is `log.memory.bytes`.
"""

from __future__ import annotations

import shutil

from rebalance.broker.call import Call
from rebalance.broker.state import BrokerState
from rebalance.broker.topics.topics import Topic
from rebalance.broker.wire.codec import Message
from rebalance.protocol.errors import ErrorCode

KEY, OLDEST, NEWEST = 35, 1, 5

_MEMORY = "memory"


async def handle(state: BrokerState, call: Call) -> Message:
    """Describe the partitions asked about that exist; null asks about all."""
    directory = state.topics.path
    if directory is None:
        name, total = _MEMORY, state.config.log_memory_bytes
        usable = max(total - state.topics.memory_bytes, 0)
    else:
        disk = shutil.disk_usage(directory)
        name, total, usable = str(directory), disk.total, disk.free
    return {
        "error_code": ErrorCode.NONE,
        "results": [
            {
                "error_code": ErrorCode.NONE,
                "log_dir": name,
                "topics": _topics(state, call.body["topics"]),
                "total_bytes": total,
                "usable_bytes": usable,
                "is_cordoned": False,
            }
        ],
    }


def _topics(state: BrokerState, asked: list[Message] | None) -> list[Message]:
    wanted: list[tuple[Topic | None, list[int]]]
    if asked is None:
        wanted = [(topic, list(range(topic.num_partitions))) for topic in state.topics]
    else:
        wanted = [(state.topics.get(entry["topic"]), entry["partitions"]) for entry in asked]
    found = [(topic, _partitions(topic, indexes)) for topic, indexes in wanted if topic is not None]
    return [
        {"name": topic.name, "partitions": partitions} for topic, partitions in found if partitions
    ]


def _partitions(topic: Topic, indexes: list[int]) -> list[Message]:
    logs = ((index, topic.log(index)) for index in dict.fromkeys(indexes))
    return [
        {
            "partition_index": index,
            "partition_size": log.size_bytes,
            "offset_lag": 0,
            "is_future_key": False,
        }
        for index, log in logs
        if log is not None
    ]
