"""A group's whole life: states, generations, leaders, who is told what (G01-G03, G06, J12-J14).

Of the last ones also every record is compared that the group leaves behind (P01, P05, P06), batch
by batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.conformance.conversation import (
    GROUP,
    TOPIC,
    Case,
    Id,
    Name,
    Step,
    Steps,
    TopicId,
    Written,
    case,
)
from tests.conformance.steps import (
    MARGIN_MS,
    OVER_MS,
    beat,
    commit,
    delete_groups,
    delete_offsets,
    delete_topic,
    describe,
    entered,
    gathered,
    join,
    joined,
    leave,
    offset,
    passes,
    preparing,
    settle,
    stable,
    sync,
    together,
    watched,
)

NONE: Mapping[str, int] = {}
OTHER = (("range", b"other"),)
TWO = (("range", b"r"), ("sticky", b"s"))
STATIC = {"group_instance_id": "s"}


def _states() -> Iterator[Case]:
    """Every transition, with a look at the group before and after."""
    look = describe()
    whole = [
        [entered("A"), look, sync("A", 1, {"A": b"a"}), look],
        [join("B"), look, join("B", waits=True), look, join("A", waits=True), settle("A", "B")],
        [look, sync("B", 2, waits=True), look, sync("A", 2, {"A": b"a"}), settle("B"), look],
        [leave("B"), look, join("A", waits=True), settle("A"), look, leave("A"), look],
        [delete_groups(), look, beat("A", 3), entered("C"), look],
    ]
    yield case("g01_and_g02_and_g03_a_life", whole, topics=NONE)
    empties = [stable("A"), join("P"), leave("A"), look, leave("P"), look]
    yield case("g01_preparing_to_empty", empties, entered("B"), look, topics=NONE)
    waits = [stable("A"), join("P"), leave("A"), look, join("P", waits=True), settle("P"), look]
    yield case("g01_and_g04_preparing_with_a_pending_id_alone", waits, topics=NONE)
    for version in range(10):
        lives = [
            [join("A", version), *([join("A", version)] if version >= 4 else [])],
            [sync("A", 1, {"A": b"a"}), join("A", version), sync("A", 2, {"A": b"a"})],
            [leave("A"), look],
            [join("B", version, protocol_type="connect", protocols=(("mine", b""),))],
            [join("B", version, protocol_type="connect", protocols=(("mine", b""),))],
            [look, beat("B", 4), beat("B", 5)],
        ]
        yield case(f"g02_and_g08_generations_and_types_v{version}", lives, topics=NONE)
    for state, steps in {
        "preparing": preparing("A", "B"),
        "completing": joined("A", "B"),
        "stable": stable("A", "B"),
    }.items():
        gone = [leave("B", "A"), look, settle("A"), beat("A", 2), entered("C"), look]
        yield case(f"g01_and_g02_all_leave_in_{state}", steps, gone, topics=NONE)
        leads = [leave("A"), look, settle("A"), beat("B", 2), join("B", waits=True)]
        after = [settle("B"), sync("B", 3, {"B": b"b"}), look]
        yield case(f"g06_and_j14_the_leader_leaves_in_{state}", steps, leads, after, topics=NONE)


def _answers() -> Iterator[Case]:
    """What a completed join phase tells everybody, and what an interrupted one does."""
    for version in range(10):
        offered = {"protocols": TWO}
        one = [join("B", 9), join("B", 9, waits=True)]
        static = {"S": {**STATIC, "protocols": (("sticky", b"x"), ("range", b"y"))}}
        people = together(A=offered, **static)
        again = [join("A", version, waits=True, **offered), settle("A"), describe()]
        then = [join("S", max(version, 5), waits=True, **static["S"]), settle("A", "S")]
        yield case(f"j13_and_g07_what_all_are_told_v{version}", people, again, then, topics=NONE)
        parked = [stable("A", "B"), join("A", version, waits=True), leave("A"), settle("A")]
        yield case(f"j14_a_parked_member_leaves_v{version}", parked, describe(), topics=NONE)
        names = [together(S=STATIC, A={}), join("S", max(version, 5), waits=True, **STATIC)]
        admin = leave("A", version=5, member_id="", **STATIC)
        full = f"j14_and_h04_an_admin_removes_a_parked_member_v{version}"
        yield case(full, names, admin, settle("S"), describe(), topics=NONE)
        meets = [stable("A"), one, join("A", version, waits=True), settle("A", "B")]
        yield case(f"j13_a_new_member_v{version}", meets, topics=NONE)
    causes: dict[str, list[Step]] = {
        "a_new_member": entered("D", waits=True),
        "other_metadata": [join("C", protocols=OTHER, waits=True)],
        "a_leave": [leave("C")],
        "the_leader_leaves": [leave("A")],
        "a_pending_id_that_leaves": [join("P"), leave("P")],
        "a_static_member_that_returns": [join("S", waits=True, member_id="", **STATIC)],
    }
    people = gathered(A={}, B={}, C={}, S=STATIC)
    for name, cause in causes.items():
        for version in range(6):
            waits = sync("B", 2, version=version, waits=True)
            if name == "the_leader_leaves":  # with two left: who leads then is not promised
                two = [gathered(A={}, B={}), waits, cause, settle("B")]
                yield case(f"j12_{name}_v{version}", two, describe(), topics=NONE)
                continue
            steps = [people, waits, cause, settle("B", "C"), describe(), beat("B", 2)]
            yield case(f"j12_{name}_v{version}", steps, topics=NONE)
        unsaid = [people, join("B/3"), cause, settle("B/3"), sync("B/4", 2), describe()]
        yield case(f"g03_and_j07_{name}_after_a_rejoin_in_completing", unsaid, topics=NONE)
    yield case(
        "g03_and_j15_ids_of_an_instance",
        together(S=STATIC, A={}),
        [join("S", member_id="", **STATIC), beat("S", 2, **STATIC)],
        beat("A", 2, member_id=Id("S", 1), **STATIC),
        [join("S", member_id="", **STATIC), describe(), leave("S", member_id="", **STATIC)],
        [join("S", waits=True, member_id="", **STATIC), join("A", waits=True), settle("A", "S")],
    )


def _in_all_versions() -> Iterator[tuple[str, Steps]]:
    """Lives in which each request is said in each version."""
    for version in range(10):
        first = [join("A", version), *([join("A", version)] if version >= 4 else [])]
        then = [sync("A", 1, {"A": b"a"}, min(version, 5)), beat("A", 1, min(version, 4))]
        yield f"a_life_v{version}", [first, then, leave("A", version=min(version, 5))]
        if version >= 5:
            static = {"S": {**STATIC, "version": version}, "A": {"version": version}}
            back = [join("S", version, member_id="", **STATIC), sync("S", 2, **STATIC)]
            other = [join("S", version, member_id="", protocols=OTHER, **STATIC)]
            yield f"and_p02_a_static_leader_returns_v{version}", [together(**static), back, other]
            follows = {"A": static["A"], "S": static["S"]}
            yield (
                f"and_p02_a_static_follower_returns_v{version}",
                [together(**follows), back, other],
            )
    for version in range(2, 11):
        places = [offset(0, 5, committed_metadata="é"), offset(1, 6, committed_leader_epoch=3)]
        outside = [commit("X", -1, *places, version=version), commit("X", version=version)]
        yield f"and_p05_commits_of_nobody_v{version}", outside
        inside = [commit("A", 1, *places, version=version), commit("A", 0, version=version)]
        yield f"and_p05_commits_of_a_member_v{version}", [stable("A"), inside, leave("A")]
        null = commit("X", -1, offset(0, -7, committed_metadata=None), version=version)
        yield f"and_p05_null_and_negative_v{version}", null
        long = commit(
            "X", -1, offset(0, 1, committed_metadata="x" * 4097), offset(1, 2), version=version
        )
        yield f"and_o03_metadata_too_long_v{version}", long
        topics = [
            {"name": Name(what), "topic_id": TopicId(what), "partitions": [offset(1), offset(0, 9)]}
            for what in ("topic", "other")
        ]
        yield f"and_p05_several_topics_v{version}", commit("X", version=version, topics=topics)
        twice = [{**topics[0], "partitions": [offset(0, 1), offset(0, 2)]}]
        yield f"and_p05_a_partition_twice_v{version}", commit("X", version=version, topics=twice)
    for version in (2, 3, 4):
        for kept in (-2, -1, 0, 1, 60_000, 2**40):
            said = commit("X", version=version, retention_time=kept)
            yield f"and_p05_and_o10_retention_of_{kept}_v{version}", said
        live = commit("A", 1, version=version, retention_time=60_000)
        yield f"and_p05_retention_of_a_member_v{version}", [stable("A"), live, leave("A")]


def _ends() -> Iterator[tuple[str, Steps]]:
    """How groups and offsets go."""
    both = [commit("X", -1, offset(0), offset(1)), delete_offsets(1), delete_offsets(0, 1)]
    yield "and_a04_offsets_are_deleted", [both, delete_groups()]
    many = [commit("X", -1, offset(1), offset(0), topic=TOPIC), commit("X", topic=Name("other"))]
    for version in range(4):
        yield (
            f"and_a03_a_simple_group_is_deleted_v{version}",
            [many, delete_groups(version=version)],
        )
        gone = [stable("A"), commit("A", 1), leave("A"), delete_groups(version=version)]
        yield f"and_a03_an_emptied_group_is_deleted_v{version}", gone
        yield f"and_a03_refused_v{version}", [stable("A"), delete_groups(version=version)]
        pending = [join("P"), delete_groups(version=version), join("P")]
        yield f"and_a03_with_a_pending_id_v{version}", pending
    yield "and_a03_twice", [commit("X"), delete_groups(GROUP, GROUP)]
    kind = {"protocol_type": "connect", "protocols": (("mine", b"m"),)}
    yield "and_g08_of_another_type", [stable("A", **kind), leave("A")]
    again = [stable("A"), leave("A"), entered("B"), sync("B", 3, {"B": b"b"}), leave("B")]
    yield "and_g02_an_emptied_group_begins_anew", again
    simple = [commit("X"), entered("A"), sync("A", 1, {"A": b"a"}), leave("A"), delete_groups()]
    yield "a_simple_group_gets_members", simple


def _members_go() -> Iterator[tuple[str, Steps]]:
    """How members leave, expire, and are given nothing."""
    short = {"session_timeout": MARGIN_MS}
    yield "and_h06_the_last_member_expires", [together(A=short), passes(OVER_MS), describe()]
    some = [together(A={}, B=short), passes(OVER_MS), describe(), join("A", waits=True)]
    yield "and_h06_one_of_two_expires", [some, settle("A"), sync("A", 3, {"A": b"a"})]
    late = {"rebalance_timeout": MARGIN_MS}
    sync_timer = [gathered(A=late, B=late), sync("A", 2, {"A": b"a"}), passes(OVER_MS)]
    yield "and_s04_a_follower_does_not_sync", [sync_timer, describe()]
    nobody = [gathered(A=late), passes(OVER_MS), describe()]
    yield "and_s04_nobody_syncs", nobody
    yield "and_h04_all_leave_at_once", [stable("A", "B"), leave("A", "B")]
    yield "and_h04_leave_in_completing", [joined("A", "B"), leave("A", "B")]
    yield "and_h04_a_pending_id_leaves", [join("P"), leave("P"), stable("A"), leave("A")]
    expires = [join("P", session_timeout=300), passes(2_500), entered("A"), sync("A", 1)]
    yield "and_h06_a_pending_id_expires", expires
    refused = [join("A", protocols=()), join("A", 3, protocols=()), join("A", member_id="x")]
    yield "and_j02_a_refused_join", refused
    odd = [joined("A", "B"), sync("A", 2, {"X": b"x", "B": b"b"}), sync("A", 2, {"A": b"2"})]
    yield "and_s02_some_are_given_nothing", odd
    follower = [joined("A", "B"), sync("B", 2, {"A": b"x", "B": b"y"}, waits=True)]
    yield "and_s02_followers_write_nothing", [follower, sync("A", 2, {"A": b"a"}), settle("B")]
    unchanged = [stable("A", "B", protocols=TWO), join("B/3", protocols=TWO), sync("B/3", 2)]
    yield "and_j07_an_unchanged_follower_writes_nothing", unchanged


def _returns() -> Iterator[tuple[str, Steps]]:
    """How static members come back."""
    moves = [together(A={}, S=STATIC), join("S", member_id="", protocols=TWO, **STATIC)]
    yield "and_j15_other_protocols", [moves, describe()]
    foreign = [together(A={}, S=STATIC), join("S", member_id="", protocols=(("x", b""),), **STATIC)]
    yield "and_j21_a_refused_return", foreign
    preparing_s = [together(A={}, S=STATIC), join("A", waits=True)]
    returns = [join("S", member_id="", waits=True, **STATIC), settle("A", "S")]
    yield "and_j15_a_return_in_preparing", [preparing_s, returns]
    completes = [gathered(A={}, S=STATIC), join("S", member_id="", waits=True, **STATIC)]
    yield "and_j15_a_return_in_completing", [completes, settle("A", "S")]
    times = {"session_timeout": 30_000, "rebalance_timeout": 45_000}
    yield "other_timeouts", [together(A=times, S={**STATIC, **times})]
    moved = join("S", member_id="", **STATIC)
    yield "and_j15_other_timeouts", [together(A=times, S={**STATIC, **times}), moved]


def _records() -> Iterator[Case]:
    both = {"topic": 2, "other": 2}
    for lives in (_in_all_versions(), _ends(), _members_go(), _returns()):
        for name, steps in lives:
            yield case(f"p06_and_p01_{name}", watched(steps), topics=both)
    offsets = commit("X", -1, offset(1), offset(0))
    goes = [delete_topic(), passes(6_000), Written(), describe()]
    yield case("p06_and_o08_a_topic_is_deleted", watched(offsets), goes)


CASES = (*_states(), *_answers(), *_records())
