"""Where each API is answered: a module of its own name.

A handler's module and kio's schemas are imported when the first request of that API and version
comes in, so that a broker listens within a few milliseconds.
"""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from rebalance.broker.apis import APIS

if TYPE_CHECKING:
    from rebalance.broker.call import Call
    from rebalance.broker.state import BrokerState
    from rebalance.broker.wire.codec import Message

__all__ = ["Handler", "load_handler"]

Handler: TypeAlias = "Callable[[BrokerState, Call], Awaitable[Message | None]]"


@cache
def load_handler(key: int) -> Handler:
    """The `handle` of the API's module."""
    module = importlib.import_module(f"{__name__}.{APIS[key].name}")
    handler: Handler = module.handle
    return handler
