"""DescribeGroups, ListGroups, DeleteGroups and OffsetDelete (A01-A04, A09)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.conformance.conversation import TOPIC, Case, Hear, Name, Reads, Say, Step, case
from tests.conformance.side import subscription
from tests.conformance.steps import (
    commit,
    delete_groups,
    delete_offsets,
    describe,
    entered,
    fetch,
    join,
    joined,
    leave,
    preparing,
    stable,
    sync,
)

OTHER = Name("other")
READS = (("range", subscription("a-topic")),)


def in_each_state(**fields: Any) -> Iterator[tuple[str, list[Step]]]:
    """Steps that bring a group into each state."""
    yield "unknown", []
    yield "simple", [commit("X")]
    yield "pending", [join("A")]
    yield "empty", [*stable("A", **fields), leave("A")]
    yield "preparing", preparing("A", "B", **fields)
    yield "completing", joined("A", "B", **fields)
    yield "synced_in_part", [*joined("A", "B", **fields), sync("B", 2, waits=True)]
    yield "stable", stable("A", "B", **fields)


def list_groups(version: int, states: tuple[str, ...], types: tuple[str, ...]) -> Say:
    """ListGroups; the answer is of the whole broker, so the groups here must be told apart."""
    fields = {"states_filter": list(states), "types_filter": list(types)}
    return Say(who="admin", api="list_groups", version=version, fields=fields)


def _describing() -> Iterator[Case]:
    for state, steps in in_each_state(protocols=READS):
        for version in range(7):
            yield case(f"a01_{state}_v{version}", steps, describe(version=version))
    yield case("a01_static", stable("A", group_instance_id="i"), describe())
    yield case("a01_several", stable("A"), describe("admin", 6, Name("group"), OTHER))
    yield case(
        "a01_the_same_twice", stable("A"), describe("admin", 5, Name("group"), Name("group"))
    )
    yield case(
        "a01_none", Say(who="admin", api="describe_groups", version=6, fields={"groups": []})
    )
    yield case(
        "a01_rejoined_after_stable_with_other_metadata",
        stable("A", "B", protocols=READS),
        join("A", protocols=(("range", b"other"),), waits=True),
        describe(),
        join("B", protocols=READS, waits=True),
        Hear(who=("A", "B")),
        describe(),
    )
    for state, steps in in_each_state():
        for version in range(3, 7):
            name = f"a09_operations_{state}_v{version}"
            yield case(name, steps, describe("admin", version, operations=True))


def _listing() -> Iterator[Case]:
    for state, steps in in_each_state():
        for version in range(6):
            yield case(f"a02_{state}_v{version}", steps, list_groups(version, (), ()))
    filters: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
        (("Stable",), ()),
        (("stable",), ()),
        (("STABLE", "Empty"), ()),
        ((" Stable ",), ()),
        (("",), ()),
        (("nonsense",), ()),
        (("Dead",), ()),
        (("PreparingRebalance", "completingrebalance"), ()),
        ((), ("classic",)),
        ((), ("Classic",)),
        ((), ("CLASSIC", "consumer")),
        ((), ("consumer",)),
        ((), ("share", "streams")),
        ((), (" classic",)),
        ((), ("",)),
        ((), ("nonsense",)),
        ((), ("nonsense", "classic")),
        (("stable",), ("classic",)),
        (("empty",), ("classic",)),
    ]
    for number, (states, types) in enumerate(filters):
        steps = stable("A")
        yield case(f"a02_filter_{number}", steps, list_groups(5, states, types))
        if not types:
            yield case(f"a02_filter_{number}_v4", steps, list_groups(4, states, types))


def _deleting() -> Iterator[Case]:
    for state, steps in in_each_state():
        for version in range(4):
            after = [describe(), fetch("admin")]
            name = f"a03_{state}_v{version}"
            yield case(name, steps, delete_groups(version=version), after)
    yield case("a03_twice", commit("A"), delete_groups(), delete_groups())
    yield case(
        "a03_several",
        commit("A"),
        delete_groups(Name("group"), OTHER, Name("group")),
        describe(),
    )
    yield case(
        "a03_a_pending_id_comes_back",
        join("A"),
        delete_groups(),
        join("A"),
        entered("B"),
        describe(),
    )
    yield case(
        "a03_offsets_go_too",
        commit("A"),
        delete_groups(),
        commit("A", topic=OTHER),
        fetch("A", topics=None),
        topics={"topic": 1, "other": 1},
    )


def _unreadable() -> Iterator[Case]:
    for name, data in {
        "no_bytes": b"",
        "one_byte": b"\0",
        "negative_version": b"\xff\xff" + subscription()[2:],
        "newer_version": b"\0\7" + subscription()[2:],
        "cut_after_topics": subscription()[:-4],
        "null_topics": b"\0\0\xff\xff\xff\xff\xff\xff\xff\xff",
        "bad_owned_partitions": b"\0\1" + subscription()[2:] + b"\1",
    }.items():
        group = stable("A", protocols=(("range", data),))
        yield case(f"a04_unreadable_{name}", group, commit("A", 1), delete_offsets(0), fetch("A"))


def _deleting_offsets() -> Iterator[Case]:
    for state, steps in in_each_state():
        yield case(f"a04_{state}", steps, delete_offsets(0), fetch("admin", topics=None))
    for kind in ("consumer", "connect"):
        group = stable("A", protocol_type=kind, protocols=READS)
        offsets = commit("A", 1, version=8)
        yield case(f"a04_{kind}_stable", group, offsets, delete_offsets(0, 1), fetch("A"))
        yield case(
            f"a04_{kind}_empty", group, offsets, leave("A"), delete_offsets(0, 1), fetch("A")
        )
    reading = (("range", Reads((TOPIC,))),)
    group = stable("A", protocols=reading)
    yield case("a04_subscribed", group, delete_offsets(0))
    yield case(
        "a04_subscribed_while_preparing",
        stable("A", "B", protocols=reading),
        join("A", waits=True),
        delete_offsets(0),
        join("B", waits=True),
        Hear(who=("A", "B")),
        delete_offsets(0),
    )
    yield case(
        "a04_absent", commit("A"), delete_offsets(7), delete_offsets(0, topic=OTHER), fetch("A")
    )
    yield case("a04_absent_of_unknown", delete_offsets(7), delete_offsets(0, topic=OTHER))
    yield case("a04_never_committed", commit("A"), delete_offsets(1, 0, 7), fetch("A"))
    yield case("a04_twice_the_same", commit("A"), delete_offsets(0, 0), fetch("A"))
    yield case("a04_nothing", commit("A"), delete_offsets(), fetch("A"))
    yield case(
        "a04_no_topics",
        commit("A"),
        Say(
            who="admin",
            api="offset_delete",
            version=0,
            fields={"group_id": Name("group"), "topics": []},
        ),
    )
    yield case("a04_group_stays", commit("A"), delete_offsets(0), describe())
    for group_id in ("", OTHER):
        yield case(f"a04_group_{group_id and 'other'}", delete_offsets(0, group=group_id))


CASES = (*_describing(), *_listing(), *_deleting(), *_unreadable(), *_deleting_offsets())
