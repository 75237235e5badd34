"""Calling a user's rebalance listener, sync or async, in whichever form a client library has it.

Rules kept: a listener that has no `on_partitions_lost` is told of a loss by
`on_partitions_revoked`, as with Java's default and with aiokafka, which knows no loss; what it
raises is reported and stops nothing, as in every client.
"""

import inspect
from typing import Any, Literal

from rebalance.testing.simulated.partitions import Partitions

__all__ = ["Callback", "called", "knows_losses"]

Callback = Literal["revoked", "assigned", "lost"]


def knows_losses(listener: Any) -> bool:
    """It can tell a loss from a revocation."""
    return callable(getattr(listener, "on_partitions_lost", None))


async def called(listener: Any, callback: Callback, partitions: Partitions) -> Exception | None:
    """Call it and wait for its end; what it raised."""
    if callback == "lost" and not knows_losses(listener):
        callback = "revoked"
    method = getattr(listener, f"on_partitions_{callback}", None)
    if method is None:
        return None
    try:
        result = method(partitions)
        if inspect.isawaitable(result):
            await result
    except Exception as error:
        return error
    return None
