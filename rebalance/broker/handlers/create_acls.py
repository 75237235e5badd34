"""CreateAcls: key 30, versions 1 to 3. Kafka's answer where no authorizer is configured."""

from __future__ import annotations

from rebalance.broker.call import Call
from rebalance.broker.state import BrokerState
from rebalance.broker.wire.codec import Message
from rebalance.protocol.errors import ErrorCode

KEY, OLDEST, NEWEST = 30, 1, 3


async def handle(state: BrokerState, call: Call) -> Message:
    """Refuse each of them: a client that believes in its ACL must not be told that it holds."""
    return {
        "results": [
            {
                "error_code": ErrorCode.SECURITY_DISABLED,
                "error_message": "No Authorizer is configured.",
            }
            for _ in call.body["creations"]
        ]
    }
