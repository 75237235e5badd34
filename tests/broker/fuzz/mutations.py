"""What is done to a request on its way to the socket."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

Mutation = Callable[[random.Random, bytes], bytes]


def _as_it_is(chance: random.Random, body: bytes) -> bytes:
    return body


def _flipped(chance: random.Random, body: bytes) -> bytes:
    changed = bytearray(body)
    for _ in range(chance.randint(1, 6)):
        changed[chance.randrange(len(changed))] = chance.getrandbits(8)
    return bytes(changed)


def _cut(chance: random.Random, body: bytes) -> bytes:
    return body[: chance.randrange(len(body))]


def _longer(chance: random.Random, body: bytes) -> bytes:
    return body + chance.randbytes(chance.randint(1, 200))


def _overlong(chance: random.Random, body: bytes) -> bytes:
    """A length somewhere becomes one that nobody has the memory for."""
    at = chance.randrange(8, len(body) + 1)
    length = chance.choice(
        (
            struct.pack(">i", 2**31 - 1),
            struct.pack(">i", -2),
            struct.pack(">h", 2**15 - 1),
            b"\xff\xff\xff\xff\x07",
            b"\xff\xff\xff\xff\x0f",
            b"\xff" * 10,
        )
    )
    return body[:at] + length + body[at + len(length) :]


def _another_version(chance: random.Random, body: bytes) -> bytes:
    return body[:2] + struct.pack(">h", chance.choice((-1, 0, 1, 6, 14, 99, 2**15 - 1))) + body[4:]


def _another_key(chance: random.Random, body: bytes) -> bytes:
    return struct.pack(">h", chance.choice((*range(-1, 96), 2**15 - 1))) + body[2:]


def _with_tags(chance: random.Random, body: bytes) -> bytes:
    """The body's last byte is the number of its tagged fields, where there are any."""
    size = chance.randint(0, 40)
    tag = bytes((1, chance.randrange(128), size)) + chance.randbytes(size)
    return body[:-1] + chance.choice((tag, tag[:-1] + b"\xff", b"\xff\xff\xff\xff\x0f"))


def _noise(chance: random.Random, body: bytes) -> bytes:
    return chance.randbytes(chance.randint(0, 300))


_ALL: tuple[Mutation, ...] = (
    _as_it_is,
    _as_it_is,
    _flipped,
    _cut,
    _longer,
    _overlong,
    _another_version,
    _another_key,
    _with_tags,
    _noise,
)
_SIZES = (-1, 0, 7, 2**31 - 1, -(2**31), 200_000_000)


def frame(chance: random.Random, body: bytes) -> bytes:
    """A frame with a mutated body; now and then its size is a lie."""
    changed = chance.choice(_ALL)(chance, body)
    size = chance.choice(_SIZES) if chance.random() < 0.02 else len(changed)
    return struct.pack(">i", size) + changed
