"""ApiVersions: key 18, versions 0 to 4.

An unsupported version of this very API is answered (A05) where the connection is, because there
is no request to read. A client's software name and version are checked as Kafka checks them (A08).
"""

from __future__ import annotations

import re

from rebalance.broker.codec import Message
from rebalance.broker.handlers import API_VERSIONS_KEY, APIS, Api
from rebalance.broker.state import BrokerState, Call
from rebalance.protocol.errors import ErrorCode

KEY, OLDEST, NEWEST = 18, 0, 4

_SOFTWARE = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?\Z")


async def handle(state: BrokerState, call: Call) -> Message:
    """List what is served."""
    if call.version >= 3 and not (
        _SOFTWARE.match(call.body["client_software_name"])
        and _SOFTWARE.match(call.body["client_software_version"])
    ):
        return {"error_code": ErrorCode.INVALID_REQUEST, "api_keys": []}
    return {"error_code": ErrorCode.NONE, "api_keys": [_entry(api) for api in APIS.values()]}


def unsupported() -> Message:
    """The answer to a version of ApiVersions that is not served; goes out in the v0 layout."""
    return {
        "error_code": ErrorCode.UNSUPPORTED_VERSION,
        "api_keys": [_entry(APIS[API_VERSIONS_KEY])],
    }


def _entry(api: Api) -> Message:
    least, most = api.advertised
    return {"api_key": api.key, "min_version": least, "max_version": most}
