"""One call of one client, as handlers and fault controls see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rebalance.broker.wire.codec import Message

__all__ = ["Call"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: who sent it, in which version, and its body as a message."""

    version: int
    body: Message
    client_id: str
    client_host: str
    """As Java prints it: "/127.0.0.1"."""
    host: str
    port: int
    """The address at which this client is told to find the broker."""
