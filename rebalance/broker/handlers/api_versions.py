"""ApiVersions: key 18, versions 0 to 5.

An unsupported version of this very API is answered (A05) where the connection is, because there
is no request to read. A client's software name and version are checked as Kafka checks them, and
from version 5 on whether it means this broker at all (A08).
"""

from __future__ import annotations

import re

from rebalance.broker.apis import APIS, advertised
from rebalance.broker.call import Call
from rebalance.broker.state import BrokerState
from rebalance.broker.wire.codec import Message
from rebalance.protocol.errors import ErrorCode

KEY, OLDEST, NEWEST = 18, 0, 5

_NO_NODE = -1
_SOFTWARE = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?\Z")


async def handle(state: BrokerState, call: Call) -> Message:
    """List what is served."""
    code = _check(state, call)
    if code is not ErrorCode.NONE:
        return {"error_code": code, "api_keys": []}
    return {"error_code": ErrorCode.NONE, "api_keys": [advertised(api) for api in APIS.values()]}


def _check(state: BrokerState, call: Call) -> ErrorCode:
    body = call.body
    if call.version >= 3 and not (
        _SOFTWARE.match(body["client_software_name"])
        and _SOFTWARE.match(body["client_software_version"])
    ):
        return ErrorCode.INVALID_REQUEST
    meant = body.get("cluster_id"), body.get("node_id", _NO_NODE)
    if meant in ((None, _NO_NODE), (state.cluster_id, state.node_id)):
        return ErrorCode.NONE
    if None in meant or _NO_NODE in meant:
        return ErrorCode.INVALID_REQUEST  # one without the other
    return ErrorCode.REBOOTSTRAP_REQUIRED
