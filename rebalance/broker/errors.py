"""What can go wrong with the broker, told apart by whose mistake it was.

`BrokerError` is the caller's: a setting that does not exist, a port that is taken. `WireError` is
a peer's: bytes that are not a Kafka request. It never leaves the connection that it came on.
"""

from __future__ import annotations

__all__ = ["BrokerError", "SettingsError", "StorageError", "WireError"]


class BrokerError(Exception):
    """The broker cannot do what its caller asked; the message says why and what to do."""


class StorageError(BrokerError):
    """A data directory cannot be used: it is another's, or its files cannot be read or written."""


class SettingsError(BrokerError, ValueError):
    """A setting is unknown, or its value is not what Kafka allows."""


class WireError(Exception):
    """A peer sent bytes that cannot be read as the request they claim to be."""
