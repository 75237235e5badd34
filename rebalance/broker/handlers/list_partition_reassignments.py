"""ListPartitionReassignments: key 46, version 0.

Tools that describe a topic ask whether it is on the move. With one broker nothing ever is.
"""

from __future__ import annotations

from rebalance.broker.call import Call
from rebalance.broker.state import BrokerState
from rebalance.broker.wire.codec import Message
from rebalance.protocol.errors import ErrorCode

KEY, OLDEST, NEWEST = 46, 0, 0


async def handle(state: BrokerState, call: Call) -> Message:
    """None."""
    return {"error_code": ErrorCode.NONE, "error_message": None, "topics": []}
