"""Java's string hash: what Kafka chooses partitions and hash buckets by (rules P01, G07).

Rule kept: over UTF-16 units, so that a letter beyond the first plane counts as Java counts it.
Source: String.hashCode, Utils.abs, GroupCoordinatorService.partitionFor.
"""

from functools import lru_cache

_REMEMBERED = 4096
_LONGEST_REMEMBERED = 256
"""Characters; longer ids are hashed each time, so that what is remembered stays below 1 MB."""


def java_hash(text: str) -> int:
    """String.hashCode of Java: over UTF-16 units, as a signed 32-bit number."""
    code = 0
    if text.isascii():
        for unit in text.encode():
            code = (31 * code + unit) & 0xFFFFFFFF
    else:
        units = text.encode("utf-16-be", "surrogatepass")
        for high, low in zip(units[::2], units[1::2], strict=True):
            code = (31 * code + (high << 8 | low)) & 0xFFFFFFFF
    return code - (1 << 32) if code >= 1 << 31 else code


def partition_of(group_id: str, partitions: int) -> int:
    """Rule P01: the partition of `__consumer_offsets` that keeps the group, of `partitions`."""
    if len(group_id) <= _LONGEST_REMEMBERED:
        return _remembered(group_id, partitions)
    return _partition_of(group_id, partitions)


def _partition_of(group_id: str, partitions: int) -> int:
    code = java_hash(group_id)
    return (0 if code == -(2**31) else abs(code)) % partitions


_remembered = lru_cache(_REMEMBERED)(_partition_of)
