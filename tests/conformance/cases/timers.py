"""What time does to a group: rebalance, session and sync timers (G, J08-J11, J18, S04-S05, H).

Order and content are compared, never when: what must come before a timer's end has seconds for it,
and so has what must come after.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.conformance.conversation import Case, Step, case
from tests.conformance.steps import (
    MARGIN_MS,
    OVER_MS,
    SOON_MS,
    beat,
    commit,
    delete_groups,
    describe,
    entered,
    gathered,
    join,
    leave,
    passes,
    settle,
    stable,
    sync,
    together,
)

OTHER = (("range", b"other"),)
SHORT = {"rebalance_timeout": MARGIN_MS}
SESSION = {"session_timeout": MARGIN_MS}
STATIC = {"group_instance_id": "s"}
LATE = {"rebalance_timeout": 7_000}
LATER_MS = 9_500
"""The join phase is over by then, and the time to sync is not."""
QUARTER_MS = 2_500
"""Over the middle of `MARGIN_MS`, and far from its end when it is waited for twice."""


def _pending() -> Iterator[Case]:
    for version in range(4, 10):
        blocked = [stable("A"), join("P", version), join("A", waits=True), settle("A"), describe()]
        joins = [join("P", version, waits=True), settle("A", "P"), describe()]
        yield case(f"g04_and_g03_a_pending_id_blocks_until_it_joins_v{version}", blocked, joins)
        ends = [stable("A"), join("P", version, **SESSION), join("A", waits=True), settle("A")]
        after = [passes(OVER_MS), settle("A"), describe(), join("P", version)]
        yield case(f"g04_and_h06_a_pending_id_blocks_until_its_session_v{version}", ends, after)
    yield case(
        "g04_and_h06_one_of_two_pending_ids",
        stable("A"),
        [join("Q"), join("A", waits=True), join("P", session_timeout=SOON_MS)],
        [passes(QUARTER_MS), settle("A"), leave("Q"), settle("A"), join("P"), describe()],
    )
    yield case(
        "h06_a_pending_id_expires_without_a_rebalance",
        stable("A"),
        [join("P", session_timeout=SOON_MS), passes(QUARTER_MS), beat("A", 1), describe()],
        [join("P"), join("A"), describe()],
    )
    yield case(
        "h06_a_pending_id_of_an_empty_group_expires",
        [join("P", session_timeout=SOON_MS), passes(QUARTER_MS), join("P"), describe()],
        [entered("A"), describe()],
    )
    yield case(
        "g04_a_pending_id_does_not_hold_up_the_first_generation",
        [join("P"), join("A"), join("A", waits=True), settle("A"), describe()],
        [join("P", waits=True), join("A", waits=True), settle("A", "P")],
    )


def _rebalance_timeout() -> Iterator[Case]:
    soon = {"rebalance_timeout": SOON_MS}
    yield case(
        "g05_and_j11_the_largest_rebalance_timeout_counts",
        together(A={}, B=SHORT),
        [join("A", waits=True, **soon), passes(1_000), settle("A"), describe()],
        [passes(OVER_MS), settle("A"), beat("B", 2), describe()],
    )
    for version in (0, 1, 4, 9):
        people: dict[str, dict[str, Any]] = {"A": LATE, "B": LATE, "S": {**LATE, **STATIC}}
        changed = join("A", version, protocols=OTHER, waits=True, **LATE)
        yield case(
            f"j11_and_g05_who_does_not_rejoin_v{version}",
            together(**people),
            [changed, settle("A"), describe(), passes(LATER_MS), settle("A"), describe()],
            [beat("B", 2), beat("B", 3), beat("S", 2), beat("S", 3), beat("S", 3, **STATIC)],
        )
    yield case(
        "g05_version_0_has_its_session_timeout",
        [join("A", 0, **SESSION), sync("A", 1, {"A": b"a"}, 0)],
        entered("B", waits=True, rebalance_timeout=SOON_MS),
        [passes(2_000), settle("B"), beat("A", 1), passes(QUARTER_MS * 2), settle("B")],
        [beat("A", 1), describe()],
    )
    yield case(
        "j11_the_join_phase_ends_as_soon_as_all_joined",
        together(A={}, B={}),
        [join("B", protocols=OTHER, waits=True), settle("B"), join("A", waits=True)],
        [settle("A", "B"), describe()],
    )
    yield case(
        "g02_and_j11_nobody_rejoins",
        together(A=SHORT, B=SHORT),
        [leave("A"), describe(), passes(OVER_MS), describe(), beat("B", 2), beat("B", 3)],
        [entered("C"), describe()],
    )


def _leaders() -> Iterator[Case]:
    for version in (5, 7, 9):
        leads, late = {**SHORT, **STATIC}, {**LATE, **STATIC}
        yield case(
            f"g06_an_absent_static_leader_gives_way_v{version}",
            together(S=late, A=LATE),
            [join("A", version, protocols=OTHER, waits=True, **LATE), passes(LATER_MS)],
            [settle("A"), describe(), sync("A", 3, {"A": b"a", "S": b"s"})],
            [sync("S", 3, **STATIC), beat("S", 3, **STATIC), describe()],
        )
        yield case(
            f"g06_nobody_joined_but_a_static_member_remains_v{version}",
            together(S=leads, A=SHORT),
            [leave("A"), describe(), passes(OVER_MS), describe(), beat("S", 2, **STATIC)],
            [join("S", version, waits=True, **leads), settle("S"), describe()],
        )
        yield case(
            f"g06_and_h06_a_static_leader_expires_v{version}",
            together(S={**STATIC, **SESSION}, A={}),
            [passes(OVER_MS), beat("S", 2), beat("A", 2), describe()],
            [join("A", version, waits=True), settle("A"), describe()],
        )
    yield case(
        "g06_and_h06_a_leader_expires",
        together(A=SESSION, B={}),
        [passes(OVER_MS), beat("A", 2), beat("B", 2), describe()],
        [join("B", waits=True), settle("B"), describe()],
    )


def _parked() -> Iterator[Case]:
    short: dict[str, Any] = {"session_timeout": SOON_MS}
    for version in (0, 1, 2, 3, 5, 9):
        fields = short if version < 4 else {**short, **STATIC}
        yield case(
            f"j08_and_j09_a_new_member_does_not_expire_while_it_is_parked_v{version}",
            stable("A"),
            [join("B", version, waits=True, **fields), passes(QUARTER_MS), settle("B")],
            [join("A", waits=True), settle("A", "B")],
        )
    again = join("A", protocols=OTHER, waits=True, **SESSION)
    yield case(
        "j09_a_leader_does_not_expire_while_it_is_parked",
        together(A=SESSION, B={}),
        [again, beat("A", 2), passes(OVER_MS), settle("A")],
        [join("B", waits=True), settle("A", "B"), describe()],
    )
    yield case(
        "j09_a_follower_does_not_expire_while_it_is_parked",
        together(A={}, B=SESSION),
        [join("B", protocols=OTHER, waits=True, **SESSION), passes(OVER_MS), settle("B")],
        [join("A", waits=True), settle("A", "B"), describe()],
    )
    for version in (0, 3, 5):
        yield case(
            f"j09_and_s05_nor_in_sync_group_and_its_session_begins_anew_v{version}",
            gathered(A={}, B=SESSION),
            [sync("B", 2, version=version, waits=True), passes(OVER_MS), settle("B")],
            [sync("A", 2, {"A": b"a", "B": b"b"}), settle("B")],
            [passes(1_500), beat("B", 2), passes(OVER_MS), beat("B", 2), describe()],
        )


def _syncing() -> Iterator[Case]:
    everybody = {"A": b"a", "B": b"b"}
    for version in range(6):
        some = [sync("A", 2, everybody, version), passes(OVER_MS)]
        yield case(
            f"s04_a_follower_does_not_sync_v{version}",
            gathered(A=SHORT, B=SHORT),
            [some, beat("A", 2), beat("B", 2), sync("B", 2, version=version), describe()],
            [join("A", waits=True), settle("A"), describe()],
        )
        waiting = sync("B", 2, version=version, waits=True)
        yield case(
            f"s04_and_j12_the_leader_does_not_sync_v{version}",
            gathered(A=SHORT, B=SHORT),
            [waiting, passes(OVER_MS), settle("B"), beat("A", 2), beat("B", 2), describe()],
            [join("B", waits=True), settle("B"), describe()],
        )
    yield case(
        "s04_nobody_syncs",
        gathered(A=SHORT, B=SHORT),
        [passes(OVER_MS), describe(), beat("A", 2), beat("B", 2), entered("C"), describe()],
    )
    yield case(
        "s04_a_static_member_does_not_sync",
        gathered(A=SHORT, S={**SHORT, **STATIC}),
        [sync("A", 2, {"A": b"a"}), passes(OVER_MS), beat("S", 2, **STATIC), beat("A", 2)],
        [describe(), join("S", waits=True, **STATIC), join("A", waits=True), settle("A", "S")],
    )
    yield case(
        "s04_a_later_generation_is_not_that_timers",
        gathered(A=SHORT, B={}),
        [join("A", protocols=OTHER, waits=True), join("B", waits=True), settle("A", "B")],
        [passes(OVER_MS), describe(), beat("A", 3), beat("B", 3)],
    )
    yield case(
        "s04_who_rejoins_in_completing_must_sync_all_the_same",
        gathered(A=SHORT, B=SHORT),
        [join("B/3", **SHORT), sync("A", 2, everybody), passes(OVER_MS), beat("B", 2), describe()],
    )
    for version in (0, 4):
        yield case(
            f"g05_and_s04_version_{version}_of_join_has_that_long_to_sync",
            [join("A", version, rebalance_timeout=MARGIN_MS, session_timeout=MARGIN_MS)],
            [] if version < 4 else [join("A", version, rebalance_timeout=MARGIN_MS)],
            [passes(2_000), beat("A", 1), passes(QUARTER_MS * 2), beat("A", 1), describe()],
        )


def _sessions() -> Iterator[Case]:
    eight = {"session_timeout": 8_000}
    signs: dict[str, Step] = {f"heartbeat_v{v}": beat("B", 2, v) for v in range(5)}
    signs |= {f"commit_v{v}": commit("B", 2, version=v) for v in range(2, 11)}
    nothing: dict[str, Step] = {
        "j18_sync_in_stable": sync("B/3", 2),
        "j18_join_answered_at_once": join("B/3", **eight),
        "h01_heartbeat_refused": beat("B", 1),
        "h03_commit_refused": commit("B", 1),
        "o09_commit_of_nothing": commit("B", 2, topics=[]),
    }
    for name, sign in signs.items():
        rule = "h01" if name.startswith("heartbeat") else "h03"
        for state, brings in {"stable": [], "preparing": [join("A", waits=True)]}.items():
            yield case(
                f"{rule}_{name}_in_{state}_is_a_sign_of_life",
                [together(A={}, B=eight), brings],
                [passes(4_000), sign, passes(6_000), commit("B", 5), beat("B", 2), describe()],
            )
    for name, sign in nothing.items():
        yield case(
            f"{name}_is_no_sign_of_life",
            together(A={}, B=eight),
            [passes(4_000), sign, passes(6_500), beat("B", 2), beat("A", 2), describe()],
        )
    completing = [gathered(A={}, B=eight), passes(4_000), beat("B", 2), passes(6_000)]
    yield case("h01_heartbeat_in_completing_is_a_sign_of_life", completing, beat("B", 2))
    refused = [gathered(A={}, B=eight), passes(4_000), commit("B", 2), passes(6_500)]
    yield case("h03_commit_in_completing_is_none", refused, beat("B", 2), beat("A", 2))


def _expiry() -> Iterator[Case]:
    for who, fields in {"dynamic": SESSION, "static": {**SESSION, **STATIC}}.items():
        yield case(
            f"h06_and_s05_a_{who}_member_expires_in_stable",
            together(A={}, B=fields),
            [passes(OVER_MS), beat("B", 2), sync("B", 2), commit("B", 2), beat("A", 2)],
            [describe(), join("A", waits=True), settle("A"), describe()],
        )
        yield case(
            f"h06_and_j13_a_{who}_member_expires_in_completing",
            gathered(A={}, B=fields),
            [passes(OVER_MS), beat("B", 2), sync("B", 2), beat("A", 2), describe()],
            [join("A", waits=True), settle("A"), describe()],
        )
        yield case(
            f"h06_a_{who}_member_expires_in_preparing",
            together(A={}, B=fields),
            [join("A", protocols=OTHER, waits=True), settle("A"), passes(OVER_MS)],
            [settle("A"), beat("B", 2), describe()],
        )
        yield case(
            f"h06_and_g02_a_{who}_member_that_was_alone_expires",
            together(A=fields),
            [passes(OVER_MS), describe(), beat("A", 1), commit("A"), delete_groups()],
        )
    yield case(
        "h06_and_j15_an_expired_static_member_begins_anew",
        together(A={}, S={**SESSION, **STATIC}),
        [passes(OVER_MS), join("S", waits=True, **STATIC), join("A", waits=True)],
        [settle("A", "S"), describe()],
    )
    yield case(
        "j15_and_h06_the_replaced_ids_expiry_does_nothing",
        together(A={}, S={**SESSION, **STATIC}),
        [join("S", member_id="", **STATIC), beat("S", 2, **STATIC), passes(OVER_MS)],
        [beat("S", 2, **STATIC), beat("A", 2), describe()],
    )


CASES = (
    *_pending(),
    *_rebalance_timeout(),
    *_leaders(),
    *_parked(),
    *_syncing(),
    *_sessions(),
    *_expiry(),
)
