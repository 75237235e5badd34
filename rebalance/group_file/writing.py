"""`GroupFile` -> YAML, a line for each topic and member as far as they fit.

The rule kept here: `load(dump(group))` is `group`, and equal groups give equal text on every
machine. What YAML 1.1 could read as anything but text is quoted; partition ids are ranges.

The text is put together here, not by PyYAML: its emitter takes half a minute for what is read back
in seconds, and its C twin breaks lines elsewhere.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from assignors.model import ClusterMetadata, Ids, Subscription
from rebalance.group_file.model import GroupFile
from rebalance.group_file.nodes import UNPRINTABLE

WIDTH = 100
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*|[0-9]+-[0-9]+")
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
_LONGEST_KEY = 1000
"""Beyond 1,024 characters YAML wants a key announced by a question mark."""


def dump(group: GroupFile) -> str:
    """The group as YAML text, which `load` reads back as an equal group.

    Members keep their order, topics are sorted.
    """
    sections: dict[str, Mapping[str, Any]] = {
        "topics": _topics(group.cluster),
        "members": {m: dict(_member(group, m, each)) for m, each in group.members.items()},
        "weights": {t: _listed(weight) for t, weight in sorted(group.weights.items())},
        "objective": group.objective,
        "constraints": group.constraints,
    }
    lines: list[str] = []
    for title, entries in sections.items():
        if entries:
            lines.append(f"{title}:")
            for key, value in entries.items():
                lines += _entry(key, value)
        elif title in ("topics", "members"):
            lines.append(f"{title}: {{}}")
    if group.assignors:
        named = list(group.assignors)
        lines += _filled("assignor: ", _flow(named[0] if len(named) == 1 else named))
    return "\n".join([*lines, ""])


# --- what is written -----------------------------------------------------------------------------


def _topics(cluster: ClusterMetadata) -> dict[str, Any]:
    topics: dict[str, Any] = {}
    for topic, count in cluster.partitions.items():
        racks = cluster.racks.get(topic)
        if racks is None:
            topics[topic] = count
        else:
            topics[topic] = {"partitions": count, "racks": [sorted(each) for each in racks]}
    return topics


def _member(group: GroupFile, member: str, subscription: Subscription) -> Iterator[tuple[str, Any]]:
    yield "topics", list(subscription.topics)
    if subscription.owned:
        yield "owned", {t: _ids(ids) for t, ids in subscription.owned.by_topic.items()}
    if subscription.generation_id != -1:
        yield "generation", subscription.generation_id
    if subscription.group_instance_id is not None:
        yield "instance", subscription.group_instance_id
    if subscription.rack_id is not None:
        yield "rack", subscription.rack_id
    if member in group.capacity:
        capacity = group.capacity[member]
        yield "capacity", _whole(capacity) if isinstance(capacity, float) else capacity
    if group.labels.get(member):
        yield "labels", dict(sorted(group.labels[member].items()))
    if subscription.user_data is None:
        yield "user_data", "none"
    elif subscription.user_data:
        yield "user_data", "base64:" + base64.b64encode(subscription.user_data).decode()


def _ids(ids: Ids) -> Any:
    starts = np.flatnonzero(np.diff(ids, prepend=ids[0] - 2) != 1)
    ends = np.append(starts[1:], ids.size) - 1
    runs: list[Any] = [
        first if first == last else f"{first}-{last}"
        for first, last in zip(ids[starts].tolist(), ids[ends].tolist(), strict=True)
    ]
    return runs[0] if len(runs) == 1 else runs


def _listed(weight: float | tuple[float, ...]) -> Any:
    return [_whole(each) for each in weight] if isinstance(weight, tuple) else _whole(weight)


def _whole(number: float) -> float | int:
    return int(number) if float(number).is_integer() and abs(number) < 2**53 else float(number)


# --- how it is written ---------------------------------------------------------------------------


def _entry(key: str, value: Any) -> list[str]:
    written = _text(key)
    if len(written) > _LONGEST_KEY:
        return [f"  ? {written}", *_filled("  : ", _flow(value))]
    return _filled(f"  {written}: ", _flow(value))


def _filled(head: str, pieces: list[str]) -> list[str]:
    """The pieces on lines of `WIDTH`, as far as no piece alone is longer."""
    lines = [head + pieces[0]]
    for piece in pieces[1:]:
        if len(lines[-1]) + 1 + len(piece) <= WIDTH:
            lines[-1] += f" {piece}"
        else:
            lines.append(f"    {piece}")
    return lines


def _flow(value: Any) -> list[str]:
    """A value in brackets and braces, in pieces between which a line may end."""
    if isinstance(value, Mapping):
        return _bracketed("{", [_keyed(_text(str(k)), _flow(v)) for k, v in value.items()], "}")
    if isinstance(value, list | tuple):
        return _bracketed("[", [_flow(each) for each in value], "]")
    return [_scalar(value)]


def _keyed(key: str, pieces: list[str]) -> list[str]:
    if len(key) > _LONGEST_KEY:
        return [f"? {key}", f": {pieces[0]}", *pieces[1:]]
    return [f"{key}: {pieces[0]}", *pieces[1:]]


def _bracketed(opening: str, items: list[list[str]], closing: str) -> list[str]:
    if not items:
        return [opening + closing]
    for item in items[:-1]:
        item[-1] += ","
    pieces = [piece for item in items for piece in item]
    pieces[0] = opening + pieces[0]
    pieces[-1] += closing
    return pieces


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        # For YAML 1.1 a number with an exponent has a point as well.
        text = repr(value)
        return text if "." in text else text.replace("e", ".0e")
    return _text(str(value))


def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    escaped = json.dumps(text, ensure_ascii=False)
    return UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", escaped)
