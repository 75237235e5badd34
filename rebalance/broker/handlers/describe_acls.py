"""DescribeAcls: key 29, versions 1 to 3. Kafka's answer where no authorizer is configured."""

from __future__ import annotations

from rebalance.broker.call import Call
from rebalance.broker.state import BrokerState
from rebalance.broker.wire.codec import Message
from rebalance.protocol.errors import ErrorCode

KEY, OLDEST, NEWEST = 29, 1, 3


async def handle(state: BrokerState, call: Call) -> Message:
    """There are no ACLs, and there is nobody to hold them."""
    return {
        "error_code": ErrorCode.SECURITY_DISABLED,
        "error_message": "No Authorizer is configured on the broker",
        "resources": [],
    }
