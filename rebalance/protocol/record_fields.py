"""The fields of Kafka's own records as bytes: what the records of `__consumer_offsets` are made of.

Rule kept: no byte beyond the end is read, no length is believed; whatever is wrong is one
`RecordError` that says which field of what. Flexible versions have lengths as varints and tags.
Source: ByteBufferAccessor, the generated readers and writers of message schemas (Kafka 4.4).
"""

import struct
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T", int, str, bytes)

_SHORT, _INT, _LONG = struct.Struct(">h"), struct.Struct(">i"), struct.Struct(">q")
_MOST_SHORT = 2**15 - 1


class RecordError(ValueError):
    """Bytes are no record, or a record has no bytes; the message says which field and why."""


class FieldReader:
    """Reads the fields of one key or value, one after the other.

    Args:
        data: the bytes.
        what: names them in an error: "the value of a group".
        at: where to begin.
    """

    __slots__ = ("_at", "_data", "_what", "flexible")

    def __init__(self, data: bytes, what: str, at: int = 0) -> None:
        self._data, self._what, self._at = data, what, at
        self.flexible = False
        """Lengths are varints and tags follow, from here on."""

    def int16(self, name: str) -> int:
        """An int16."""
        return self._fixed(_SHORT, name)

    def int32(self, name: str) -> int:
        """An int32."""
        return self._fixed(_INT, name)

    def int64(self, name: str) -> int:
        """An int64."""
        return self._fixed(_LONG, name)

    def text(self, name: str) -> str:
        """A string that must be there."""
        return self._there(self.nullable_text(name), name)

    def nullable_text(self, name: str) -> str | None:
        """A string or null."""
        raw = self._sized(name, self.int16)
        try:
            return None if raw is None else raw.decode()
        except UnicodeDecodeError:
            raise self.error(name, "is no UTF-8") from None

    def octets(self, name: str) -> bytes:
        """Bytes that must be there."""
        return self._there(self._sized(name, self.int32), name)

    def count(self, name: str, least_bytes: int) -> int:
        """The number of entries of an array, each of which takes at least `least_bytes`."""
        count = self._length(name, self.int32)
        if count is None or count * least_bytes > len(self._data) - self._at:
            raise self.error(name, f"has {count} entries in {len(self._data) - self._at} bytes")
        return count

    def tags(self, name: str) -> dict[int, bytes]:
        """The tagged fields at the end of a struct; none where the version has none."""
        found: dict[int, bytes] = {}
        if self.flexible:
            for _ in range(self._uvarint(name)):
                tag = self._uvarint(name)
                found[tag] = self._take(self._uvarint(name), name)
        return found

    def error(self, name: str, problem: str) -> RecordError:
        """The error to raise about a field."""
        return RecordError(f"{self._what}: {name} {problem}")

    def _there(self, value: _T | None, name: str) -> _T:
        if value is None:
            raise self.error(name, "is null")
        return value

    def _fixed(self, layout: struct.Struct, name: str) -> int:
        value: int = layout.unpack(self._take(layout.size, name))[0]
        return value

    def _sized(self, name: str, read_length: Callable[[str], int]) -> bytes | None:
        length = self._length(name, read_length)
        return None if length is None else self._take(length, name)

    def _length(self, name: str, read_length: Callable[[str], int]) -> int | None:
        length = self._uvarint(name) - 1 if self.flexible else read_length(name)
        if length < -1:
            raise self.error(name, f"has the length {length}")
        return None if length == -1 else length

    def _uvarint(self, name: str) -> int:
        value = 0
        for shift in range(0, 35, 7):
            (byte,) = self._take(1, name)
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise self.error(name, "has a varint of more than 5 bytes")

    def _take(self, size: int, name: str) -> bytes:
        end = self._at + size
        if end > len(self._data):
            raise self.error(name, f"needs {size} bytes, {len(self._data) - self._at} are left")
        taken, self._at = self._data[self._at : end], end
        return taken


def write_text(text: str, name: str) -> bytes:
    """A string of a version that is not flexible.

    Raises:
        RecordError: it has more bytes than its length can say, or is not Unicode.
    """
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        raise RecordError(f"{name} is not Unicode") from None
    if len(raw) > _MOST_SHORT:
        raise RecordError(f"{name} has {len(raw)} bytes, at most {_MOST_SHORT} can be written")
    return _SHORT.pack(len(raw)) + raw


def write_nullable_text(text: str | None, name: str) -> bytes:
    """A string or null.

    Raises:
        RecordError: see `write_text`.
    """
    return b"\xff\xff" if text is None else write_text(text, name)


def write_octets(octets: bytes) -> bytes:
    """Bytes of a version that is not flexible."""
    return _INT.pack(len(octets)) + octets


def write_compact_text(text: str, name: str) -> bytes:
    """A string of a flexible version.

    Raises:
        RecordError: it is not Unicode.
    """
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        raise RecordError(f"{name} is not Unicode") from None
    return write_uvarint(len(raw) + 1) + raw


def write_uvarint(value: int) -> bytes:
    """An unsigned varint."""
    out = bytearray()
    while value > 0x7F:
        out.append(0x80 | (value & 0x7F))
        value >>= 7
    out.append(value)
    return bytes(out)
