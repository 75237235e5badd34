"""DescribeCluster: key 60, versions 0 to 2.

The nodes that run, the first of which is the controller. A controller's endpoint is none of ours
(KIP-919).
"""

from __future__ import annotations

from rebalance.broker.call import Call
from rebalance.broker.handlers.metadata import CLUSTER_OPERATIONS, OMITTED
from rebalance.broker.state import BrokerState
from rebalance.broker.wire.codec import Message
from rebalance.protocol.errors import ErrorCode

KEY, OLDEST, NEWEST = 60, 0, 2

_BROKERS, _CONTROLLERS = 1, 2


async def handle(state: BrokerState, call: Call) -> Message:
    """Describe the cluster."""
    endpoint = call.body.get("endpoint_type", _BROKERS)
    if endpoint == _CONTROLLERS:
        return _refused(
            ErrorCode.MISMATCHED_ENDPOINT_TYPE,
            "The request was sent to an endpoint of type BROKER, but we wanted an endpoint of "
            "type CONTROLLER",
        )
    if endpoint != _BROKERS:
        return _refused(
            ErrorCode.UNSUPPORTED_ENDPOINT_TYPE, f"Unsupported endpoint type {endpoint}"
        )
    with_operations = call.body["include_cluster_authorized_operations"]
    return {
        "error_code": ErrorCode.NONE,
        "error_message": None,
        "endpoint_type": _BROKERS,
        "cluster_id": state.cluster_id,
        "controller_id": state.leadership.controller_id,
        "brokers": [
            {"broker_id": found.node_id, "host": found.host, "port": found.port}
            for found in state.endpoints(call)
        ],
        "cluster_authorized_operations": CLUSTER_OPERATIONS if with_operations else OMITTED,
    }


def _refused(code: ErrorCode, message: str) -> Message:
    return {
        "error_code": code,
        "error_message": message,
        "endpoint_type": _BROKERS,
        "cluster_id": "",
        "controller_id": -1,
        "brokers": [],
        "cluster_authorized_operations": OMITTED,
    }
