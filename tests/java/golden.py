"""What the corpus of golden bytes holds: values, and bytes that are odd, for Kafka's classes.

Rule: the table says what is asked, Kafka's classes say the answer, and both are kept together as a
line of tests/assignors/testdata/kafka_4_4_0_bytes.jsonl (`python -m tests.java.record`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Value = dict[str, Any]

_VERSIONS = (0, 1, 2, 3)
_LARGEST = 2**31 - 1
_LONG = "t" * 249  # the longest name that a broker takes

_SUBSCRIPTIONS: dict[str, Value] = {
    "nothing": {},
    "no user data": {"topics": ["orders"], "user_data": None},
    "all there is": {
        "topics": ["a.b", "orders", "pay-ments"],
        "owned": {"orders": [0, 2], "pay-ments": [7], "a.b": [300]},
        "generation_id": 42,
        "rack_id": "rack-1",
        "user_data": "0102",
    },
    "topics in another order": {"topics": ["b", "a_", "a.", "a-", "a", "B", "_", "10", "9"]},
    "a topic twice": {"topics": ["b", "a", "b"]},
    "a topic that nobody can make": {"topics": ["été", "주문", "\uff5e", "\U0001f600"]},
    "owned partitions in another order": {
        "topics": ["a"],
        "owned": {"b": [3, 1, 2], "a": [0], "B": [10, 9], "a-b": [0], "a_b": [0]},
        "generation_id": 0,
    },
    "an owned partition twice": {"topics": ["a"], "owned": {"a": [1, 1, 0]}},
    "owned, but not subscribed to": {"topics": ["a"], "owned": {"b": [0]}, "generation_id": 1},
    "the largest numbers": {
        "topics": [_LONG],
        "owned": {_LONG: [_LARGEST - 1, _LARGEST]},
        "generation_id": _LARGEST,
        "rack_id": "r" * 300,
        "user_data": "00" * 300,
    },
    "many owned partitions": {"topics": ["a"], "owned": {"a": list(range(200))}},
    "a rack of several scripts": {"topics": ["a"], "rack_id": "zône-\U0001f600"},
    "an empty rack": {"topics": ["a"], "rack_id": ""},
}

_ASSIGNMENTS: dict[str, Value] = {
    "nothing": {"user_data": None},
    "user data alone": {"user_data": "0102"},
    "several topics": {"partitions": {"a.b": [300], "orders": [0, 2]}, "user_data": None},
    "another order": {"partitions": {"b": [3, 1, 2], "a": [0], "B": [1]}, "user_data": None},
    "a partition twice": {"partitions": {"a": [1, 1]}, "user_data": None},
    "the largest numbers": {"partitions": {_LONG: [_LARGEST]}, "user_data": "ff" * 300},
    "other scripts": {
        "partitions": {"주문": [0], "\uff5e": [2], "\U0001f600": [1]},
        "user_data": None,
    },
}

_USER_DATA: dict[str, Value] = {
    "before the first assignment": {"partitions": None},
    "nothing assigned": {"partitions": {}, "generation_id": 43},
    "one topic": {"partitions": {"orders": [0, 2]}, "generation_id": 42},
    "another order": {"partitions": {"b": [3, 1, 2], "a": [0]}, "generation_id": 1},
    "many topics": {
        "partitions": {f"topic-{number}": [number, number + 1] for number in range(12)},
        "generation_id": 7,
    },
    "the largest numbers": {"partitions": {_LONG: [_LARGEST]}, "generation_id": _LARGEST},
    "other scripts": {"partitions": {"주문": [0], "\U0001f600": [1]}, "generation_id": 0},
}

_A = "000161"  # the topic "a"
_NONE = "00000000"
_SUBSCRIPTION_BYTES = {
    "a version to come, with a field that we do not know": (
        f"0009 00000001 {_A} {_NONE} {_NONE} 00000005 ffff 0001020304"
    ),
    "version 0 with bytes after its end": f"0000 00000001 {_A} {_NONE} 00000001",
    "owned topics twice": (
        f"0001 {_NONE} {_NONE} 00000003 {_A} 00000002 00000003 00000001"
        f" 000162 00000000 {_A} 00000001 00000000"
    ),
    "an empty rack": f"0003 {_NONE} {_NONE} {_NONE} ffffffff 0000",
    "no bytes": "",
    "a version alone": "0003",
    "a negative version": f"ffff {_NONE} {_NONE}",
    "cut within the owned partitions": f"0001 {_NONE} {_NONE} 00000001 {_A} 00000002 00000003",
    "more topics than bytes": "0000 7fffffff",
    "a negative number of topics": f"0000 fffffffe {_NONE}",
    "a topic longer than the bytes": "0000 00000001 7fff 61",
}
_ASSIGNMENT_BYTES = {
    "a version to come, with a field that we do not know": (
        f"0009 00000001 {_A} 00000001 00000002 {_NONE} 0001020304"
    ),
    "no bytes": "",
    "a version alone": "0000",
    "cut within a partition": f"0000 00000001 {_A} 00000001 0000",
}
_STICKY_BYTES = {
    "version 0, without a generation": f"00000001 {_A} 00000002 00000000 00000001",
    "version 0, nothing assigned": _NONE,
    "fewer bytes than a generation takes": f"00000001 {_A} 00000001 00000000 000001",
    "bytes after its end": f"00000001 {_A} 00000001 00000000 00000005 0102",
    "a topic twice": f"00000002 {_A} 00000001 00000002 {_A} 00000001 00000000 00000005",
    "another assignor's": "0000002a",
    "random": "deadbeefdeadbeef",
    "cut": f"00000001 {_A} 00000002 00000000",
}
_GENERATION_BYTES = {
    "bytes after its end": "0000002a 01",
    "fewer bytes than it takes": "00002a",
    "none": "",
}


def questions() -> Iterator[Value]:
    """Each with `kind` and `name`; a written one with its value, a read one with its `bytes`."""
    for version in _VERSIONS:
        for name, value in _SUBSCRIPTIONS.items():
            yield _subscription(name, value) | {"version": version}
        for name, value in _ASSIGNMENTS.items():
            assignment: Value = {"kind": "assignment", "name": name, "partitions": {}}
            yield assignment | value | {"version": version}
    for assignor in ("sticky", "cooperative-sticky"):
        for name, value in _USER_DATA.items():
            user_data: Value = {"kind": "user data", "name": name, "assignor": assignor}
            yield user_data | {"generation_id": -1} | value
    for name, data in _SUBSCRIPTION_BYTES.items():
        yield {"kind": "read subscription", "name": name, "bytes": _packed(data)}
    for name, data in _ASSIGNMENT_BYTES.items():
        yield {"kind": "read assignment", "name": name, "bytes": _packed(data)}
    for assignor, table in (
        ("sticky", _STICKY_BYTES),
        ("cooperative-sticky", _GENERATION_BYTES),
    ):
        for name, data in table.items():
            yield {
                "kind": "read user data",
                "name": name,
                "assignor": assignor,
                "bytes": _packed(data),
            }


def _subscription(name: str, value: Value) -> Value:
    default = {"topics": [], "owned": {}, "generation_id": -1, "rack_id": None, "user_data": ""}
    return {"kind": "subscription", "name": name} | default | value


def _packed(data: str) -> str:
    return data.replace(" ", "")
