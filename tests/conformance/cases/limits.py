"""Rules that show with other settings: group.max.size, the initial delay, retention (J, O)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.conformance.conversation import (
    TOPIC,
    Case,
    Name,
    Pass,
    Reads,
    Reconnect,
    Written,
    case,
)
from tests.conformance.steps import (
    SOON_MS,
    beat,
    commit,
    delete_groups,
    describe,
    fetch,
    join,
    joined,
    leave,
    passes,
    preparing,
    settle,
    stable,
    sync,
    together,
)

NONE: Mapping[str, int] = {}
READING = (("range", Reads((TOPIC,))),)
UNREADABLE = (("range", b"?"),)
CHECKED_MS = 2_500
"""By then whatever may be forgotten is, where the brokers look for it several times a second."""
OTHER = Name("other")


def _sizes() -> Iterator[Case]:
    def narrow(name: str, *steps: Any) -> Case:
        return case(f"j03_{name}", *steps, topics=NONE, setup="narrow")

    full = {"stable": stable("A", "B"), "completing": joined("A", "B")}
    newcomers: dict[str, dict[str, Any]] = {
        "new": {},
        "static": {"group_instance_id": "c"},
        "stranger": {"member_id": "x"},
        "other_type": {"protocol_type": "connect"},
        "no_protocols": {"protocols": ()},
    }
    after = [beat("A", 2), beat("B", 2), describe()]
    for state, steps in full.items():
        for who, fields in newcomers.items():
            for version in range(10):
                if "group_instance_id" in fields and version < 5:
                    continue
                one = join("C", version, **fields)
                yield narrow(f"{who}_in_{state}_v{version}", steps, one, after)
        again = [join("B/3", waits=True), join("A/3", waits=True), settle("A/3", "B/3")]
        yield narrow(f"members_come_again_in_{state}", steps, again, after)
    for version in range(10):
        parked = [stable("A"), join("B", 3, waits=True)]
        late = [join("C", version, waits=version < 4)]
        late += [join("C", version, waits=True)] if version >= 4 else []
        crowd = [late, settle("C"), join("A", waits=True), settle("A", "B", "C"), describe()]
        yield narrow(f"and_j14_newcomers_turn_a_member_away_v{version}", parked, crowd)
    pending = [stable("A"), join("P"), join("Q"), join("R"), describe()]
    parks = [join("P", waits=True), join("A", waits=True), settle("A", "P")]
    more = [join("Q"), join("R"), leave("Q"), settle("A", "P"), describe()]
    yield narrow("pending_ids_do_not_count", pending, parks, more)
    many = [join(who) for who in "ABCD"]
    yield narrow("an_empty_group_hands_out_any_number_of_ids", many, join("A"), describe())
    static = together(A={}, S={"group_instance_id": "s"})
    returns = join("S", member_id="", group_instance_id="s")
    yield narrow("a_static_member_cannot_come_back_to_a_full_group", static, returns, after)
    asks = [preparing("A", "B"), join("C", 3, waits=True), Reconnect(who="A")]
    again = [join("A", waits=True), settle("A", "C"), join("B", waits=True), settle("A", "B", "C")]
    yield narrow("a_parked_member_may_ask_again", asks, again, describe())


def _session_timeouts() -> Iterator[Case]:
    for version in range(10):
        for timeout in (-1, 0, 5_999, 6_000, 1_800_000, 1_800_001, 2**31 - 1):
            said = [join("A", version, session_timeout=timeout), describe()]
            name = f"j01_session_of_{timeout}_v{version}"
            yield case(name, said, topics=NONE, setup="defaults")
        again = join("A/3", version, session_timeout=1)
        members = [stable("A"), again, beat("A", 1)]
        yield case(f"j01_a_member_v{version}", members, topics=NONE, setup="defaults")


def _initial_delay() -> Iterator[Case]:
    def delaying(name: str, *steps: Any) -> Case:
        return case(f"j10_{name}", *steps, topics=NONE, setup="delaying")

    waits = {"waits": True}
    one = [join("A"), join("A", **waits), settle("A"), describe()]
    for version in range(10):
        first = [join("A", version, waits=version < 4)]
        first += [] if version < 4 else [join("A", version, **waits)]
        after = [settle("A"), describe(), passes(9_000), settle("A"), describe()]
        yield delaying(f"and_g01_one_member_v{version}", first, after)
    another = [join("B"), join("B", **waits), settle("A", "B")]
    ends = [passes(9_000), settle("A", "B"), passes(6_000), settle("A", "B"), describe()]
    yield delaying("another_prolongs_it", one, another, ends)
    limited = {"rebalance_timeout": 9_000, "waits": True}
    short = [join("A"), join("A", **limited), join("B"), join("B", **limited)]
    bounded = [passes(3_000), settle("A", "B"), passes(9_000), settle("A", "B"), describe()]
    yield delaying("but_not_beyond_the_rebalance_timeout", short, bounded)
    none = {"rebalance_timeout": 1_000, "waits": True}
    yield delaying(
        "a_rebalance_timeout_below_it",
        [join("A"), join("A", **none), join("B"), join("B", **none)],
        [passes(2_500), settle("A", "B"), passes(6_500), settle("A", "B"), describe()],
    )
    gone = [leave("B"), settle("A", "B"), describe(), passes(14_000), settle("A"), describe()]
    yield delaying("does_not_end_when_a_member_leaves", one, another, gone)
    pending = [join("P"), leave("P"), settle("A"), describe(), passes(9_000), settle("A")]
    yield delaying("does_not_end_when_a_pending_id_leaves", one, pending)
    expires = [join("P", session_timeout=SOON_MS), passes(2_500), settle("A"), describe()]
    yield delaying("and_h06_ends_when_a_pending_id_expires", one, expires)
    alone = [leave("A"), settle("A"), describe(), passes(9_000), describe(), settle("A")]
    yield delaying("the_only_member_leaves", one, alone)
    again = [Reconnect(who="A"), passes(2_500), join("A", **waits), settle("A")]
    yield delaying("a_rejoin_does_not_prolong_it", one, again, passes(6_000), settle("A"))
    static = {"group_instance_id": "s", "waits": True}
    returns = [passes(2_500), Reconnect(who="S"), join("S", member_id="", **static)]
    yield delaying(
        "and_j15_a_static_member_returns_meanwhile",
        [join("S", **static), settle("S"), returns, settle("S"), passes(14_000), settle("S")],
        describe(),
    )
    emptied = [one, passes(9_000), settle("A"), sync("A", 1, {"A": b"a"}), leave("A"), describe()]
    comes = [join("B"), join("B", **waits), settle("B"), describe(), passes(9_000), settle("B")]
    yield delaying("and_g01_a_group_that_was_emptied_waits_again", emptied, comes)
    beats = [beat("A", 0), sync("A/3", 0), commit("A", 0), commit("B", -1)]
    yield delaying("and_j17_what_a_parked_new_member_is_told", one, beats, describe())


def _forgetting() -> Iterator[Case]:
    checked = passes(CHECKED_MS)
    gone = [describe(), fetch("X", topics=None), commit("X", 5, member_id="x")]

    def forgetful(name: str, *steps: Any, **topics: int) -> Case:
        return case(name, *steps, topics=topics or {"topic": 1}, setup="forgetful")

    for version in (2, 3, 4):
        for kept in (-2, 0, 1, 600_000):
            one = commit("X", version=version, retention_time=kept)
            name = f"o10_and_o05_a_simple_group_v{version}_keeps_{kept}"
            yield forgetful(name, one, checked, gone)
        brief, lasting = (
            commit("X", version=version, retention_time=1),
            commit("X", version=version),
        )
        yield forgetful(f"o10_a_later_commit_with_v{version}", lasting, brief, checked, gone)
        yield forgetful(f"o10_a_later_commit_without_v{version}", brief, lasting, checked, gone)
    for kind, protocols in {
        "consumer": READING,
        "connect": READING,
        "unreadable": UNREADABLE,
        "not_subscribed": (("range", Reads((OTHER,))),),
    }.items():
        fields = {
            "protocol_type": "connect" if kind == "connect" else "consumer",
            "protocols": protocols,
        }
        lives = [join("A", 3, **fields), sync("A", 1, {"A": b"a"}, 3)]
        said = commit("A", 1, version=2, retention_time=1)
        other = commit("A", 1, version=2, retention_time=1, topic=OTHER)
        both = {"topic": 1, "other": 1}
        look = [beat("A", 1), fetch("X", topics=None)]
        yield forgetful(f"o05_live_{kind}", lives, said, other, checked, look, **both)
        leaves = [leave("A"), passes(CHECKED_MS), gone]
        yield forgetful(f"o10_and_o05_emptied_{kind}", lives, said, leaves)
        # Not over while the group is Stable yet: a look in those milliseconds would forget it.
        soon = {"version": 2, "retention_time": 5_000}
        said, other = commit("A", 1, **soon), commit("A", 1, topic=OTHER, **soon)
        rejoins = [join("A", 3, **fields), passes(5_000 + CHECKED_MS), look]
        yield forgetful(f"o05_completing_{kind}", lives, said, other, rejoins, **both)
    live = [join("A", 3), sync("A", 1, {"A": b"a"}, 3)]
    yield forgetful("o10_an_empty_group_without_offsets", live, leave("A"), checked, gone)
    yield forgetful("o10_with_an_offset_it_stays", live, commit("A", 1), leave("A"), checked, gone)
    yield forgetful("o10_even_with_a_pending_id", join("P"), checked, join("P"), gone)
    yield forgetful("o10_a_live_group_stays", live, checked, beat("A", 1), describe())
    offsets = [commit("X"), join("P"), checked, join("P"), describe()]
    yield forgetful("o10_a_pending_id_beside_an_offset", offsets)
    again = [commit("X", version=2, retention_time=1), checked, commit("X"), gone]
    yield forgetful("o10_a_group_that_was_forgotten_begins_anew", again)
    yield forgetful(
        "o10_and_a03_a_group_that_was_forgotten_is_not_there",
        join("P"),
        checked,
        delete_groups(version=3),
    )


def _retention() -> Iterator[Case]:
    """offsets.retention.minutes, at its least: a minute; who speaks after it does so anew."""
    minute: list[Pass] = [passes(13_000)] * 5 + [passes(5_000)]
    look = [describe(), fetch("late", topics=None)]

    def forgets(name: str, *steps: Any) -> Case:
        topics = {"topic": 1, "other": 1}
        return case(f"o05_{name}", *steps, minute, look, topics=topics, setup="forgets_in_a_minute")

    live = [join("A", 3, protocols=READING), sync("A", 1, {"A": b"a"}, 3)]
    beats = [beat("A", 1)]
    long = {"session_timeout": 600_000}
    lives = [join("A", 3, protocols=READING, **long), sync("A", 1, {"A": b"a"}, 3)]
    both = [commit("A", 1), commit("A", 1, topic=OTHER)]
    yield forgets("a_simple_group_after_the_commit", commit("X"))
    yield forgets("an_emptied_group_after_it_became_empty", live, both, leave("A"))
    yield forgets("a_live_group_what_it_does_not_subscribe_to", lives, both, beats)
    kind = {"protocol_type": "connect"}
    connects = [join("A", 3, **long, **kind), sync("A", 1, {"A": b"a"}, 3)]
    yield forgets("a_live_group_of_another_type_nothing", connects, both)
    some = [commit("X"), [passes(13_000)] * 2, commit("Y", topic=OTHER)]
    yield forgets("each_offset_of_a_simple_group_by_itself", some)
    joins = [commit("X"), join("A", 3, **long, **kind), sync("A", 1, {"A": b"a"}, 3)]
    yield forgets("a_simple_group_that_has_members", joins)
    late = [lives, both, [passes(13_000)] * 3, Reconnect(who="A/2"), leave("A")]
    yield forgets("an_emptied_group_not_before_a_minute_empty", late)


def _partitions() -> Iterator[Case]:
    """Where a group's records are, of 50 partitions; the last hashes to -2^31 in Java."""
    groups = (
        "a",
        "g",
        "group",
        "groups-42",
        "é",
        "😀",
        "\ufffd",
        "x" * 300,
        "",
        "polygenelubricants",
    )
    for number, group in enumerate(groups):
        said = [commit("X", group_id=group), join("A", group_id=group)]
        written = [Written(also=(group,)), said, Written(also=(group,))]
        yield case(f"p01_group_{number}", written, topics={"topic": 1}, setup="defaults")


CASES = (
    *_partitions(),
    *_sizes(),
    *_session_timeouts(),
    *_initial_delay(),
    *_forgetting(),
    *_retention(),
)
