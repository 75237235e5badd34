"""What stands around requests: unknown keys and versions, FindCoordinator, ApiVersions, odd names.

Shows A05, A07, A08 and A10; and that a group may be called almost anything, in every group API.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from rebalance.broker.apis import APIS
from tests.conformance.conversation import (
    GROUP,
    Case,
    Connect,
    Frame,
    Name,
    Own,
    Say,
    Step,
    case,
)
from tests.conformance.steps import (
    beat,
    commit,
    delete_groups,
    delete_offsets,
    describe,
    fetch,
    join,
    leave,
    stable,
    sync,
)

NONE: dict[str, int] = {}
UNKNOWN_KEYS = (-(2**15), -1, 4, 5, 6, 7, 52, 53, 54, 58, 59, 62, 63, 95, 1_000, 2**15 - 1)
"""Nobody's, or of APIs between brokers."""
SOFTWARE = {"client_software_name": "name", "client_software_version": "1.0"}
API_VERSIONS, HEARTBEAT = 18, 12


def frame(key: int, version: int, body: bytes = b"", *, flexible: bool = False) -> Frame:
    """A request with a header of version 1, or 2."""
    client = struct.pack(">h", 2) + b"me"
    tags = b"\0" if flexible else b""
    return Frame(data=struct.pack(">hhi", key, version, 7) + client + tags + body)


def _unserved() -> Iterator[Case]:
    for key in UNKNOWN_KEYS:
        yield case(f"a05_key_{key}", frame(key, 0), topics=NONE)
    for api in APIS.values():
        if api.key == API_VERSIONS:
            continue
        wrong = {-1, api.oldest - 1, api.newest + 1, 2**15 - 1}
        for version in sorted(wrong | set(range(api.oldest))):
            frames = [frame(api.key, version), frame(api.key, version, flexible=True)]
            yield case(f"a05_{api.name}_v{version}", frames, topics=NONE)
    for version in (-(2**15), -1, 6, 7, 2**15 - 1):
        bodies: dict[str, bytes] = {
            "empty": b"",
            "full": b"\5name\0041.0\0",
            "rubbish": b"\xff" * 9,
        }
        for name, body in bodies.items():
            frames = [frame(API_VERSIONS, version, body, flexible=it) for it in (False, True)]
            yield case(f"a05_api_versions_v{version}_{name}", frames, topics=NONE)
    odd = {
        "nothing": b"",
        "half_a_header": b"\0\x0c\0\3\0",
        "a_client_id_cut_short": struct.pack(">hhih", HEARTBEAT, 3, 7, 100) + b"me",
        "a_client_id_of_negative_length": struct.pack(">hhih", HEARTBEAT, 3, 7, -2),
    }
    for name, data in odd.items():
        yield case(f"a05_a_frame_of_{name}", Frame(data=data), topics=NONE)


def _text(text: str | None) -> bytes:
    """A string of a version that is not flexible."""
    if text is None:
        return b"\xff\xff"
    return struct.pack(">h", len(text.encode())) + text.encode()


def _malformed() -> Iterator[Case]:
    """Bodies that no client library writes: a group that is null, too few bytes, too many."""
    nobody = _text("nobody")
    for version in range(4):
        rest = struct.pack(">i", 0) + nobody + (_text(None) if version >= 3 else b"")
        good = _text("no-such-group") + rest
        for name, body in {
            "null_group": _text(None) + rest,
            "cut_short": good[:-3],
            "with_more_behind": good + b"more",
            "good": good,
        }.items():
            yield case(f"a05_heartbeat_v{version}_{name}", frame(HEARTBEAT, version, body))
    members = {"leave_group": (13, 2), "sync_group": (14, 2), "offset_commit": (8, 5)}
    members |= {"join_group": (11, 3), "offset_fetch": (9, 3), "find_coordinator": (10, 0)}
    for name, (key, version) in members.items():
        body = _text(None) + b"\0" * 40
        yield case(f"a05_{name}_v{version}_null_group", frame(key, version, body), topics=NONE)
        yield case(f"a05_{name}_v{version}_no_body", frame(key, version), topics=NONE)


def find(version: int, *keys: Any, key_type: int = 0) -> Say:
    """FindCoordinator, of one key below version 4."""
    said = {"key": keys[0] if keys else "", "key_type": key_type, "coordinator_keys": list(keys)}
    return Say(who="A", api="find_coordinator", version=version, fields=said)


def _finding() -> Iterator[Case]:
    keys = {"own": GROUP, "empty": "", "non_ascii": Name("gruppe-é-😀"), "long": "x" * 5_000}
    for version in range(7):
        for name, key in keys.items():
            for kind in (0, 1, 2, 3, -1, 127) if version >= 1 else (0,):
                full = f"a07_{name}_of_type_{kind}_v{version}"
                yield case(full, find(version, key, key_type=kind), topics=NONE)
        if version >= 4:
            for kind in (0, 1, 2):
                many = find(version, GROUP, Name("other"), "", GROUP, key_type=kind)
                yield case(f"a05_and_a07_many_of_type_{kind}_v{version}", many, topics=NONE)
            yield case(f"a05_no_keys_v{version}", find(version), topics=NONE)


def ask_versions(version: int, **fields: Any) -> Say:
    """ApiVersions."""
    return Say(who="A", api="api_versions", version=version, fields=SOFTWARE | fields)


def _versions() -> Iterator[Case]:
    for version in range(6):
        yield case(f"a05_and_a08_good_v{version}", ask_versions(version), topics=NONE)
        for text in (
            "",
            " ",
            "a b",
            "-a",
            "a-",
            ".a",
            "a.",
            "a",
            "0",
            "a--b",
            "a..b",
            "é",
            "a_b",
            "a/b",
            "a\n",
            "x" * 300,
            "librdkafka",
            "apache-kafka-java",
            "2.3.0-SNAPSHOT",
        ):
            for what in SOFTWARE:
                said = ask_versions(version, **{what: text})
                name = f"a08_{what}_{text!a}_v{version}"
                yield case(name, said, topics=NONE)
    own = {"cluster_id": Own("cluster_id"), "node_id": Own("controller_id")}
    other = {"cluster_id": "another", "node_id": 77}
    none = {"cluster_id": None, "node_id": -1}
    for cluster, first in {"own": own, "other": other, "no": none}.items():
        for node, second in {"own": own, "other": other, "no": none}.items():
            said = ask_versions(5, cluster_id=first["cluster_id"], node_id=second["node_id"])
            yield case(f"a08_{cluster}_cluster_{node}_node", said, topics=NONE)
    for node_id in (-2, 0, 2**31 - 1):
        said = ask_versions(5, **(own | {"node_id": node_id}))
        yield case(f"a08_own_cluster_node_{node_id}", said, topics=NONE)
    empty = ask_versions(5, cluster_id="", node_id=1)
    yield case("a08_empty_cluster", empty, topics=NONE)
    bad = ask_versions(5, cluster_id="another", node_id=1, client_software_name="")
    yield case("a08_bad_name_and_another_cluster", bad, topics=NONE)


def _names() -> Iterator[Case]:
    """Groups of odd names, through a whole life."""
    groups = {
        "non_ascii": "gruppe-é-😀",
        "long": "x" * 20_000,
        "blank": " \t",
        "dots": "..",
        "colon": "a:b/c*",
    }
    for name, text in groups.items():
        group = {"group_id": Name(text)}
        life: list[Step] = [
            *(join("A", **group), join("A", **group)),
            sync("A", 1, {"A": b"a"}, **group),
            beat("A", 1, **group),
            commit("A", 1, **group),
            fetch("A", groups=(Name(text),)),
            describe("A", 6, Name(text)),
            delete_offsets(0, group=Name(text)),
            delete_groups(Name(text)),
            leave("A", **group),
            find(6, Name(text)),
            delete_groups(Name(text), version=3),
            describe("A", 6, Name(text)),
        ]
        yield case(f"a10_and_p01_a_group_called_{name}", life)
    unheard = "no-such-group-é"
    for version in range(7):
        asks = describe("A", version, unheard, "")
        yield case(f"a10_and_a01_unheard_of_v{version}", asks, topics=NONE)
    for version in range(4):
        asks = delete_groups(unheard, GROUP, Name("empty"), version=version)
        yield case(f"a10_and_a03_errors_v{version}", stable("A"), join("P"), asks, topics=NONE)
    yield case(
        "a10_and_a03_no_groups",
        Say(who="admin", api="delete_groups", version=3, fields={"groups_names": []}),
        topics=NONE,
    )


def _clients() -> Iterator[Case]:
    """Whom a member's id is named after (J05)."""
    clients = {"null": None, "empty": "", "non_ascii": "é😀", "long": "c" * 10_000}
    for name, client in clients.items():
        for version in (3, 4, 5, 9):
            people = [Connect(who="A", client_id=client), Connect(who="S", client_id=client)]
            first = [join("A", version), *([join("A", version)] if version >= 4 else [])]
            static = [join("S", version, waits=True, group_instance_id="i" * 100)]
            rest = [sync("A", 1, {"A": b"a"}), describe(), static if version >= 5 else []]
            yield case(f"j05_a_client_called_{name}_v{version}", people, first, rest, describe())
    static = [join("S", group_instance_id=text) for text in ("é😀", "a b")]
    yield case("j05_instances_called_oddly", static[0], describe())
    yield case("j05_an_instance_with_a_blank", static[1], describe())
    for version in range(5, 10):
        empty = join("S", version, group_instance_id="")
        yield case(f"j05_an_empty_instance_v{version}", empty, describe())


def tagged(say: Say) -> Say:
    """The same with tagged fields that nobody knows."""
    return Say(who=say.who, api=say.api, version=say.version, fields=say.fields, tagged=True)


def _tags() -> Iterator[Case]:
    life = [
        *(join("A", 6), join("A", 9), sync("A", 1, {"A": b"a"}, 4), sync("A", 1, version=5)),
        *(beat("A", 1, 4), commit("A", 1, version=8), commit("A", 1, version=10)),
        *(fetch("A", version) for version in range(6, 11)),
        *(describe("A", version) for version in (5, 6)),
        *(find(version, GROUP) for version in range(3, 7)),
        *(ask_versions(version) for version in (3, 4)),
        *(leave("A", version=version) for version in (4, 5)),
        *(delete_groups(version=version) for version in (2, 3)),
    ]
    yield case("a05_unknown_tags", [tagged(say) for say in life])


CASES = (
    *_unserved(),
    *_malformed(),
    *_finding(),
    *_versions(),
    *_names(),
    *_clients(),
    *_tags(),
)
