"""What surrounds the group protocol, with both brokers (A05)."""

from __future__ import annotations

import socket
import struct

import pytest

from tests.conversations.raw import NoAnswerError
from tests.conversations.talk import Talk


def test_a05_find_coordinator_in_batch(talk: Talk) -> None:
    connection = talk.connect("A")
    keys = [talk.group, "another", ""]
    answer = connection.ask("find_coordinator", 4, {"key_type": 0, "coordinator_keys": keys})
    assert [found.key for found in answer.coordinators] == keys
    assert {found.error_code.value for found in answer.coordinators} == {0}
    assert {(found.host, found.port) for found in answer.coordinators} == {talk.address}
    one = connection.ask("find_coordinator", 3, {"key_type": 0, "key": talk.group})
    assert (one.error_code.value, (one.host, one.port)) == (0, talk.address)


def frame(api_key: int, api_version: int, body: bytes = b"") -> bytes:
    """A request with a plain header, then `body`."""
    header = struct.pack(">hhih", api_key, api_version, 7, 1) + b"x"
    return struct.pack(">i", len(header + body)) + header + body


def test_a05_an_unsupported_apiversions_version_is_told_what_is(talk: Talk) -> None:
    with socket.create_connection(talk.address, timeout=20) as peer:
        peer.sendall(frame(18, 99, b"\0"))  # the header has tagged fields
        (size,) = struct.unpack(">i", _read(peer, 4))
        answer = _read(peer, size)
    correlation_id, error, entries = struct.unpack_from(">ihi", answer)
    assert (correlation_id, error, entries) == (7, 35, 1)
    key, oldest, newest = struct.unpack_from(">hhh", answer, 10)
    assert (key, oldest) == (18, 0)
    assert newest >= 4
    assert len(answer) == 16


@pytest.mark.parametrize(("api_key", "api_version"), [(11, 99), (12, 5), (999, 0), (8, 1)])
def test_a05_anything_else_unsupported_closes_the_connection(
    talk: Talk, api_key: int, api_version: int
) -> None:
    with socket.create_connection(talk.address, timeout=20) as peer:
        peer.sendall(frame(api_key, api_version))
        with pytest.raises(NoAnswerError):
            _read(peer, 1)


def _read(peer: socket.socket, size: int) -> bytes:
    parts = b""
    while len(parts) < size:
        try:
            part = peer.recv(size - len(parts))
        except ConnectionResetError:
            part = b""
        if not part:
            raise NoAnswerError("closed")
        parts += part
    return parts
