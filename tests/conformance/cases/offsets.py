"""OffsetCommit and OffsetFetch in all their versions (O01-O04, O08, O09)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from tests.conformance.conversation import GROUP, TOPIC, Case, Id, Name, Step, TopicId, case
from tests.conformance.steps import (
    NO_ID,
    NOBODY,
    beat,
    commit,
    describe,
    entered,
    fetch,
    join,
    joined,
    leave,
    offset,
    preparing,
    stable,
)

COMMITS = range(2, 11)
FETCHES = range(1, 11)
OTHER = Name("other")
ABSENT = Name("absent")
EVERYTHING = fetch("reader", topics=None)

STATES: dict[str, list[Step]] = {
    "empty": [*stable("A"), leave("A")],
    "preparing": preparing("A", "S", group_instance_id=None),
    "completing": joined("A", "B"),
    "stable": stable("A", "B"),
}


def topics(*entries: tuple[Any, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Topics of an OffsetCommit, by name and by id."""
    return [
        {"name": name, "topic_id": TopicId(name.what), "partitions": parts}
        for name, parts in entries
    ]


def _unknown_groups() -> Iterator[Case]:
    for version in COMMITS:
        for generation in (-2, -1, 0, 5):
            steps = [commit("A", generation, version=version), EVERYTHING, describe()]
            yield case(f"o01_generation_{generation}_v{version}", steps)
        named = {"member_id": "x"}
        yield case(f"o01_named_v{version}", commit("A", version=version, **named), EVERYTHING)
        static = {"member_id": "", "group_instance_id": "i"}
        yield case(f"o01_static_v{version}", commit("A", version=version, **static), EVERYTHING)


WHO: dict[str, dict[str, Any]] = {
    "itself": {},
    "nobody": NOBODY,
    "no_id": {"member_id": ""},
    "stranger": {"member_id": "x"},
    "stranger_outside": {"member_id": "x", "generation_id_or_member_epoch": -1},
    "outside": {"generation_id_or_member_epoch": -1},
    "past": {"generation_id_or_member_epoch": 0},
    "future": {"generation_id_or_member_epoch": 99},
    "instance": {"group_instance_id": "i"},
    "instance_alone": {"group_instance_id": "i", "member_id": ""},
}


def _who_may() -> Iterator[Case]:
    for state, steps in STATES.items():
        for who, fields in WHO.items():
            for version in (2, 7, 8, 9, 10):
                name = f"o02_{state}_{who}_v{version}"
                yield case(name, steps, commit("A", 2, version=version, **fields), EVERYTHING)
    pending = [join("A")]
    for who, fields in WHO.items():
        yield case(f"o02_pending_{who}", pending, commit("A", 0, **fields), EVERYTHING)
    static = stable("A", group_instance_id="i")
    for who in ("itself", "instance", "instance_alone", "stranger"):
        said = {"group_instance_id": "i"} | WHO[who]
        yield case(f"o02_static_{who}", static, commit("A", 1, **said), EVERYTHING)


def _partition_by_partition() -> Iterator[Case]:
    for version in COMMITS:
        several = topics(
            (TOPIC, [offset(1, 5), offset(0, 6), offset(2, 7), offset(-1, 8), offset(0, 9)]),
            (OTHER, [offset(0, 1, committed_metadata="x" * 4097), offset(1, 1)]),
        )
        yield case(
            f"o03_several_v{version}",
            commit("A", version=version, topics=several),
            EVERYTHING,
            topics={"topic": 2, "other": 2},
        )
        for name, text in {"long": "x" * 4097, "wide": "😀" * 2049, "just": "ä" * 4096}.items():
            said = offset(0, 3, committed_metadata=text)
            yield case(f"o03_{name}_v{version}", commit("A", -1, said, version=version), EVERYTHING)
        null = offset(0, 3, committed_metadata=None)
        yield case(f"o08_null_v{version}", commit("A", -1, null, version=version), EVERYTHING)
        for number in (-1, -2, -(2**63), 2**63 - 1):
            steps = [commit("A", -1, offset(0, number), version=version), fetch("A"), EVERYTHING]
            yield case(f"o08_offset_{number}_v{version}", steps)
        for epoch in (-2, -1, 0, 7, 2**31 - 1):
            said = offset(0, 1, committed_leader_epoch=epoch)
            yield case(
                f"o08_epoch_{epoch}_v{version}", commit("A", -1, said, version=version), fetch("A")
            )
        none = commit("A", version=version, topics=[])
        yield case(f"o09_no_topics_v{version}", none, EVERYTHING, describe())
        nothing = topics((TOPIC, []))
        yield case(
            f"o09_no_partitions_v{version}",
            commit("A", version=version, topics=nothing),
            EVERYTHING,
            describe(),
        )
    twice = topics((TOPIC, [offset(0, 1)]), (TOPIC, [offset(0, 2)]))
    yield case("o03_a_topic_twice", commit("A", topics=twice), EVERYTHING)
    again = [commit("A", -1, offset(0, 5)), commit("A", -1, offset(0, 2)), EVERYTHING]
    yield case("o03_back_again", again)
    zeros = uuid.UUID(int=0)
    for name, topic_id in {"unknown": NO_ID, "zero": zeros}.items():
        bad = [
            {"topic_id": topic_id, "partitions": [offset(0), offset(1)]},
            *topics((TOPIC, [offset()])),
        ]
        yield case(f"o03_{name}_id", commit("A", version=10, topics=bad), EVERYTHING)
        alone = bad[:1]
        yield case(f"o09_{name}_id", commit("A", version=10, topics=alone), describe())


def _absent() -> Iterator[Case]:
    for version in range(2, 10):
        missing = [{"name": ABSENT, "partitions": [offset(0), offset(3)]}]
        for name, said in {"topic": missing, "partition": topics((TOPIC, [offset(2)]))}.items():
            one = commit("A", version=version, topics=said)
            yield case(f"o09_{name}_v{version}", one, describe())
            bad = commit("A", 99, version=version, topics=said, member_id="x")
            yield case(f"o09_{name}_bad_generation_v{version}", stable("A"), bad)
        mixed = [*missing, *topics((TOPIC, [offset(1), offset(2)]))]
        yield case(f"o03_mixed_v{version}", commit("A", version=version, topics=mixed), EVERYTHING)
        wrong = commit("A", 99, version=version, topics=mixed, member_id="x")
        yield case(f"o03_mixed_and_refused_v{version}", stable("A"), wrong)


def _fetching() -> Iterator[Case]:
    some = commit("A", -1, offset(0, 5, committed_metadata="m", committed_leader_epoch=3))
    for version in FETCHES:
        named = [(TOPIC, (1, 0, 7))] + ([(ABSENT, (0,)), (OTHER, ())] if version < 10 else [])
        for state, steps in {"unknown": [], "known": [some]}.items():
            yield case(f"o04_{state}_v{version}", steps, fetch("A", version, topics=named))
            if version >= 2:
                yield case(f"o04_{state}_all_v{version}", steps, fetch("A", version, topics=None))
            yield case(f"o04_{state}_none_v{version}", steps, fetch("A", version, topics=()))
            yield case(
                f"o04_{state}_twice_v{version}",
                steps,
                fetch("A", version, topics=[(TOPIC, (0, 0)), (TOPIC, (0,))]),
            )
            stable_only = fetch("A", version, require_stable=True)
            yield case(f"o04_{state}_require_stable_v{version}", steps, stable_only)
        for state, steps in STATES.items():
            yield case(f"o04_{state}_v{version}", steps, fetch("reader", version))
    for version in range(8, 11):
        groups = [GROUP, OTHER, GROUP]
        yield case(f"o04_groups_v{version}", some, fetch("A", version, groups=groups))
        all_of = fetch("A", version, topics=None, groups=groups)
        yield case(f"o04_groups_all_v{version}", some, all_of)
        none: list[Any] = []
        yield case(f"o04_no_groups_v{version}", fetch("A", version, groups=none))
    for version in (9, 10):
        for who, fields in {
            "stranger": {"member_id": "x", "member_epoch": 5},
            "itself": {"member_id": Id("A"), "member_epoch": 2},
            "old": {"member_id": Id("A"), "member_epoch": 0},
            "epoch_alone": {"member_id": None, "member_epoch": 3},
        }.items():
            for state, steps in STATES.items():
                name = f"o04_{state}_{who}_v{version}"
                yield case(name, steps, fetch("reader", version, **fields))
    bad = [(NO_ID, (0, 1)), (TOPIC, (0,))]
    yield case("o04_unknown_id", some, fetch("A", 10, topics=bad))
    yield case("o04_unknown_id_of_an_unknown_group", fetch("A", 10, topics=bad))


def _not_noticed() -> Iterator[Case]:
    """What never reaches the coordinator makes no group (O09)."""
    said = [{"name": ABSENT, "partitions": [offset(0)]}]
    yield case("o09_makes_no_group", commit("A", topics=said), beat("A", 0), entered("A"))


CASES = (
    *_unknown_groups(),
    *_who_may(),
    *_partition_by_partition(),
    *_absent(),
    *_fetching(),
    *_not_noticed(),
)
