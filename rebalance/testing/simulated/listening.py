"""Calling a user's rebalance listener, sync or async, in whichever form a client library has it.

Rules kept: a listener that has no `on_partitions_lost` is told of a loss by
`on_partitions_revoked`, as with Java's default and with aiokafka, which knows no loss; what it
raises is reported and stops nothing, as in every client. A method that nobody would ever call is
no listener's: it is refused, before anything happens.
"""

import inspect
from typing import Any, Literal

from rebalance.testing.simulated.partitions import Partitions

__all__ = ["Callback", "called", "checked", "knows_losses"]

Callback = Literal["revoked", "assigned", "lost"]

_NEEDED = ("on_partitions_revoked", "on_partitions_assigned")
_KNOWN = (*_NEEDED, "on_partitions_lost")


def checked(listener: Any) -> Any:
    """Itself, if it has the methods of a listener; it need not be derived from anything.

    Raises:
        TypeError: it has not, or one that looks like it and that nobody calls.
    """
    kind = type(listener).__name__
    strange = [n for n in dir(listener) if n.startswith("on_partition") and n not in _KNOWN]
    has = f"has {', '.join(strange)}, which nobody calls"
    for name in _NEEDED:
        if not callable(getattr(listener, name, None)):
            hint = f"; it {has}" if strange else ""
            raise TypeError(f"listener: {kind} has no method {name}{hint}")
    if strange:
        raise TypeError(
            f"listener: {kind} {has}; expected {', '.join(_NEEDED)} and, if losses are to be told "
            f"apart, {_KNOWN[-1]}"
        )
    return listener


def knows_losses(listener: Any) -> bool:
    """It can tell a loss from a revocation."""
    return callable(getattr(listener, "on_partitions_lost", None))


async def called(listener: Any, callback: Callback, partitions: Partitions) -> Exception | None:
    """Call it and wait for its end; what it raised."""
    if callback == "lost" and not knows_losses(listener):
        callback = "revoked"
    try:
        result = getattr(listener, f"on_partitions_{callback}")(partitions)
        if inspect.isawaitable(result):
            await result
    except Exception as error:
        return error
    return None
