"""`rebalance serve --config FILE`: Kafka's `server.properties`, as far as it concerns this broker.

Kept: a file that starts a Kafka starts this broker too. What concerns it is taken, what does not is
named in one warning, and a value that is not allowed is an error with its file and line. Listeners
of other protocols than PLAINTEXT are Kafka's own affair, as a controller's is.
"""

from dataclasses import dataclass
from pathlib import Path

from rebalance.broker.config import SettingsError, known_properties, read_settings
from rebalance.cli.errors import UsageError
from rebalance.cli.java_properties import Property
from rebalance.cli.properties import load_properties

__all__ = ["ServerProperties", "read_server_properties"]

_LOOPBACK = "127.0.0.1"
_SAME_AS = {"broker.id": "node.id"}
_LISTENER = "PLAINTEXT://"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerProperties:
    """What a file says: settings, the listener if it names one, and what is left out."""

    settings: dict[str, str]
    host: str | None
    port: int | None
    ignored: tuple[str, ...]


def read_server_properties(path: Path) -> ServerProperties:
    """Read a file.

    Raises:
        UsageError: it cannot be read, or a value is not allowed.
    """
    properties = load_properties(path)
    settings: dict[str, str] = {}
    ignored = []
    host, port = _listener(path, properties.pop("listeners", None))
    for given, each in properties.items():
        name = _SAME_AS.get(given, given)
        value = _plaintext(each.value) if name == "advertised.listeners" else each.value
        if name not in known_properties() or value is None:
            ignored.append(given)
        elif name == "default.replication.factor" and _is_more_than_one(value):
            # Right for a cluster, and no reason to refuse its file: there is one broker here.
            ignored.append(given)
        else:
            _check(name, value, f"{path}:{each.line}")
            settings[name] = value
    return ServerProperties(settings=settings, host=host, port=port, ignored=tuple(ignored))


def _check(name: str, value: str, where: str) -> None:
    try:
        read_settings({name: value})
    except SettingsError as error:
        raise UsageError(f"{where}: {error}") from None


def _is_more_than_one(value: str) -> bool:
    return value.isascii() and value.isdigit() and int(value) > 1


def _plaintext(listeners: str) -> str | None:
    """The first listener of that name."""
    each = (listener.strip() for listener in listeners.split(","))
    return next((listener for listener in each if listener.startswith(_LISTENER)), None)


def _listener(path: Path, listeners: Property | None) -> tuple[str | None, int | None]:
    """Host and port of `listeners`; without a host Kafka listens everywhere, we on loopback."""
    listener = None if listeners is None else _plaintext(listeners.value)
    if listeners is None or listener is None:
        return None, None
    host, colon, port = listener.removeprefix(_LISTENER).rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise UsageError(
            f"{path}:{listeners.line}: listeners={listener!r}: expected {_LISTENER}host:port"
        )
    return host.strip("[]") or _LOOPBACK, int(port)
