"""Whether a broker answers: one Metadata round trip in raw bytes.

Raw, because the clients under test must not decide whether the broker they are tested on is up.
"""

from __future__ import annotations

import socket
import struct

_METADATA = 3
_VERSION = 1
_CORRELATION_ID = 1
_TIMEOUT_S = 5.0


def answers(host: str, port: int) -> bool:
    """Whether the broker lists at least one live broker, itself.

    An open port alone is not enough: a broker accepts connections before the controller has
    unfenced it, and until then its metadata is empty and topics cannot be made.
    """
    header = struct.pack(">hhih", _METADATA, _VERSION, _CORRELATION_ID, -1)  # no client id
    no_topics = struct.pack(">i", 0)
    request = header + no_topics
    try:
        with socket.create_connection((host, port), timeout=_TIMEOUT_S) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            size, correlation_id, brokers = struct.unpack(">iii", _read(connection, 12))
    except OSError:
        return False
    return bool(size >= 8 and correlation_id == _CORRELATION_ID and brokers > 0)


def _read(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            raise ConnectionError("closed before it answered")
        data += chunk
    return data
